/** Checks of this machine: the home's files, the disk, the store's integrity, the keyring. */
import { accessSync, constants, existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { openDatabase } from '../../sqlite.ts';
import { type Configuration, type Home, hasStore, lockHolder } from '../home.ts';
import { type Keyring, openKeyring } from '../keyring.ts';
import { Problem } from '../problem.ts';
import { expiry, type Finding, findings } from './finding.ts';

const MEGABYTE = 1024 * 1024;
const LOW_BYTES = 500 * MEGABYTE;
const FULL_BYTES = 50 * MEGABYTE;

/** Modes and the root key's absence. */
export function checkHome(home: Home): Finding[] {
  const { ok, warning, error } = findings('home');
  const found: Finding[] = [];
  const { directory } = home;
  try {
    accessSync(directory, constants.W_OK | constants.X_OK);
  } catch {
    found.push(error('home_read_only', `${directory} cannot be written`, 'check its owner and permissions'));
  }
  if (process.platform !== 'win32') {
    const open = ['', ...readdirSync(directory)].filter((name) => isOpen(join(directory, name)));
    if (open.includes(''))
      found.push(warning('home_open', `${directory} is open to other users`, `chmod 700 ${directory}`));
    const files = open.filter((name) => name !== '');
    if (files.length > 0) {
      const hint = `chmod 600 ${files.map((name) => join(directory, name)).join(' ')}`;
      found.push(
        warning('files_open', `files of the home are open to other users: ${files.join(', ')}`, hint),
      );
    }
  }
  if (existsSync(home.rootKeyFile)) {
    found.push(
      warning(
        'root_key_here',
        'the root key is still in the home',
        `move ${home.rootKeyFile} to offline media; it is needed only for \`commonground renew\``,
      ),
    );
  }
  return found.length > 0 ? found : [ok('home_ok', directory)];
}

/** Gone while it was looked at is not open. */
function isOpen(path: string): boolean {
  return ((statSync(path, { throwIfNoEntry: false })?.mode ?? 0) & 0o077) !== 0;
}

/** A sync needs about as much again as the store holds. */
export function checkDisk(home: Home, freeBytes: (directory: string) => number): Finding {
  const { ok, warning, error } = findings('disk');
  const free = freeBytes(home.directory);
  const store = statSync(home.storeFile, { throwIfNoEntry: false })?.size ?? 0;
  const text = `${Math.floor(free / MEGABYTE)} MB free`;
  const hint = 'free some space; nothing is lost, but a sync cannot go on without it';
  if (free < FULL_BYTES) return error('disk_full', text, hint);
  if (free < Math.max(LOW_BYTES, store)) return warning('disk_low', text, hint);
  return ok('disk_ok', text);
}

/** SQLite's own check of the file; what is sealed in it stays closed. */
export function checkStore(home: Home): Finding {
  const { ok, error } = findings('store');
  if (!hasStore(home)) {
    return error('store_missing', 'the local store is gone', 'restore the home from a backup');
  }
  const restore = `move ${home.storeFile} away and restore the home from a backup`;
  try {
    const database = openDatabase(home.storeFile);
    try {
      const [first] = database.all<{ quick_check: string }>('pragma quick_check(1)');
      if (first?.quick_check === 'ok') return ok('store_ok', 'the local store is whole');
    } finally {
      database.close();
    }
  } catch (problem) {
    const code = (problem as NodeJS.ErrnoException).code ?? '';
    if (!/CORRUPT|NOTADB/.test(code)) {
      const hint = 'check the permissions and the disk';
      return error('store_unreadable', `the local store cannot be read (${code || 'unknown'})`, hint);
    }
  }
  return error('store_damaged', 'the local store is damaged', restore);
}

/** Opens the keyring where it can be opened without asking, and looks at the agent key's end. */
export async function checkKeyring(
  home: Home,
  configuration: Configuration,
  nowMs: number,
): Promise<{ readonly found: Finding; readonly keyring: Keyring | null }> {
  const { ok, warning, failure } = findings('keyring');
  try {
    const keyring = await openKeyring(home, configuration, nowMs);
    const until = keyring.certificate.validUntil * 1000;
    const soon = expiry(until, nowMs);
    const text = `the agent key is valid until ${new Date(until).toISOString()}`;
    if (!soon) return { found: ok('keyring_ok', text), keyring };
    const found = warning(
      'certificate_expiring',
      `${text}, ${soon.days} days from now`,
      'run `commonground renew --root-key FILE` with the root key that you took offline',
    );
    return { found, keyring };
  } catch (error) {
    const locked = error instanceof Problem && error.code === 'locked';
    const hint = 'run `commonground unlock`; what needs the keys was not checked';
    return {
      found: locked ? warning('locked', 'the keyring is locked', hint) : failure(error),
      keyring: null,
    };
  }
}

/** Whether an agent works for this home now. */
export function checkAgent(home: Home): Finding {
  const { note, ok } = findings('agent');
  const holder = lockHolder(home);
  return holder === null
    ? note('agent_not_running', 'no sync is running', '`commonground sync --watch` runs unattended')
    : ok('agent_running', `a sync of this home is running (process ${holder})`);
}

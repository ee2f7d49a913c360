/** The party's folder: configuration, keyring, local store. Everything in it is readable by its owner alone. */
import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import * as z from 'zod';
import { Problem } from './problem.ts';

/** config.json. */
export const configuration = z.strictObject({
  /** Address of the service, without a trailing slash. */
  service: z.url().nullable(),
  /** A file with the identity that opens the keyring, for unattended use. */
  keyFile: z.string().nullable(),
});
export type Configuration = Readonly<z.infer<typeof configuration>>;

export interface Home {
  readonly directory: string;
  readonly configurationFile: string;
  readonly keyringFile: string;
  readonly identityFile: string;
  readonly rootKeyFile: string;
  readonly storeFile: string;
  /** Of a member's home alone: who the member is, the member's own keys, and the session. */
  readonly memberFile: string;
  readonly memberKeysFile: string;
  readonly sessionFile: string;
  /** Of a member's home: keys and papers that were seen, and stay what they are. */
  readonly pinsFile: string;
  /** What new partners are usually granted; a draft. */
  readonly scopeDefaultsFile: string;
}

/** Where the files of a home stand. Without a path: COMMONGROUND_HOME, else ~/.commonground. */
export function homeAt(path: string | undefined): Home {
  const directory = resolve(path ?? process.env.COMMONGROUND_HOME ?? join(homedir(), '.commonground'));
  return {
    directory,
    configurationFile: join(directory, 'config.json'),
    keyringFile: join(directory, 'keyring.age'),
    identityFile: join(directory, 'identity.age'),
    rootKeyFile: join(directory, 'root-key.age'),
    storeFile: join(directory, 'store.db'),
    memberFile: join(directory, 'member.json'),
    memberKeysFile: join(directory, 'member-keys.age'),
    sessionFile: join(directory, 'session.json'),
    pinsFile: join(directory, 'pins.json'),
    scopeDefaultsFile: join(directory, 'scope-defaults.json'),
  };
}

export function isInitialised(home: Home): boolean {
  return existsSync(home.keyringFile);
}

/** True where a person joined an organisation: there is no keyring, and questions are asked in the person's name. */
export function isMemberHome(home: Home): boolean {
  return existsSync(home.memberFile);
}

/** What to say where a command needs the organisation's keyring and it is not here. */
export function withoutKeyring(home: Home): Problem {
  return isMemberHome(home)
    ? new Problem(
        'member_home',
        `${home.directory} is a member’s home: it has no keyring, so lists, keys and syncs are not its business`,
        'run this where `commonground init` was run; the --help of each command tells for whom it is',
      )
    : new Problem(
        'not_initialised',
        `there is no commonground home in ${home.directory}`,
        'run `commonground init` first, or `commonground member join` with an invitation of your organisation',
      );
}

export function hasStore(home: Home): boolean {
  return (statSync(home.storeFile, { throwIfNoEntry: false })?.size ?? 0) > 0;
}

export function createHome(home: Home): void {
  mkdirSync(home.directory, { recursive: true, mode: 0o700 });
}

export function readConfiguration(home: Home): Configuration {
  if (!existsSync(home.configurationFile)) {
    throw new Problem(
      'not_initialised',
      `there is no commonground home in ${home.directory}`,
      'run `commonground init` first',
    );
  }
  let json: unknown;
  try {
    json = JSON.parse(readFileSync(home.configurationFile, 'utf8'));
  } catch {
    throw new Problem(
      'bad_input',
      `${home.configurationFile} is not JSON`,
      'restore it from a backup; it holds the service’s address and the key file’s path, nothing else',
    );
  }
  const parsed = configuration.safeParse(json);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw new Problem(
      'bad_input',
      `${home.configurationFile}: ${issue?.path.join('.') || 'content'}: ${issue?.message ?? 'invalid'}`,
    );
  }
  return Object.freeze(parsed.data);
}

export function writeConfiguration(home: Home, value: Configuration): void {
  replaceFile(home.configurationFile, `${JSON.stringify(value, null, 2)}\n`);
}

/** Creates a file that must not exist yet, readable by its owner alone. */
export function createSecretFile(path: string, content: Uint8Array | string): void {
  try {
    writeFileSync(path, content, { flag: 'wx', mode: 0o600 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') throw existing(path);
    throw error;
  }
}

/** A problem where no new file can be made there: known before a person signs, or anything is done for it. */
export function refuseExisting(path: string): void {
  if (existsSync(path)) throw existing(path);
  const folder = dirname(resolve(path));
  try {
    accessSync(folder, constants.W_OK);
  } catch {
    throw new Problem('bad_argument', `no file can be made in ${folder}`, 'choose a folder that is there');
  }
}

function existing(path: string): Problem {
  return new Problem(
    'exists',
    `${resolve(path)} exists already`,
    'move it away or choose another name; nothing was overwritten',
  );
}

/** Keeps a second process of this home out until the returned function is called; a dead holder's lock is taken over. */
export function lockHome(home: Home): () => void {
  const path = lockFile(home);
  for (let attempt = 0; ; attempt++) {
    try {
      writeFileSync(path, String(process.pid), { flag: 'wx', mode: 0o600 });
      ownLocks.add(path);
      return () => {
        ownLocks.delete(path);
        rmSync(path, { force: true });
      };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    const holder = lockHolder(home);
    if (attempt > 0 || holder !== null) {
      throw new Problem(
        'busy',
        `another sync of this home is running (process ${holder ?? 'unknown'})`,
        'wait for it, or stop it',
      );
    }
    rmSync(path, { force: true });
  }
}

/** The process that syncs this home now, or null. */
export function lockHolder(home: Home): number | null {
  const path = lockFile(home);
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch {
    return null;
  }
  const pid = Number(text);
  // In a container the dead holder often had the very number that this process has now.
  if (pid === process.pid) return ownLocks.has(path) ? pid : null;
  return isRunning(pid) ? pid : null;
}

/** Locks that this process holds itself. */
const ownLocks = new Set<string>();

function lockFile(home: Home): string {
  return join(home.directory, 'sync.lock');
}

function isRunning(pid: number): boolean {
  if (!Number.isInteger(pid) || pid < 1) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Replaces a file in one step, so that a kill leaves the old or the new one. */
export function replaceFile(path: string, content: Uint8Array | string): void {
  const next = `${path}.${process.pid}.new`;
  writeFileSync(next, content, { mode: 0o600 });
  renameSync(next, path);
}

/** Reads a secret file and refuses one that others may read. */
export function readSecretFile(path: string): Uint8Array {
  let mode: number;
  try {
    mode = statSync(path).mode;
  } catch {
    throw new Problem('bad_input', `cannot read ${resolve(path)}`, 'check the path and its permissions');
  }
  if (process.platform !== 'win32' && (mode & 0o077) !== 0) {
    throw new Problem('bad_input', `${path} can be read by other users`, `chmod 600 ${path}`);
  }
  return readFileSync(path);
}

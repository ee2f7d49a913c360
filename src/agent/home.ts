/** The party's folder: configuration, keyring, local store. Everything in it is readable by its owner alone. */
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import * as z from 'zod';
import { Problem } from './problem.ts';

const configuration = z.strictObject({
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
  };
}

export function isInitialised(home: Home): boolean {
  return existsSync(home.keyringFile);
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
    throw new Problem('bad_input', `${home.configurationFile} is not JSON`);
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
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') {
      throw new Problem(
        'exists',
        `${path} exists already`,
        'move it away or choose another name; nothing was overwritten',
      );
    }
    throw error;
  }
}

/** Keeps a second process of this home out until the returned function is called; a dead holder's lock is taken over. */
export function lockHome(home: Home): () => void {
  const path = join(home.directory, 'sync.lock');
  for (let attempt = 0; ; attempt++) {
    try {
      writeFileSync(path, String(process.pid), { flag: 'wx', mode: 0o600 });
      return () => rmSync(path, { force: true });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    const holder = Number(readFileSync(path, 'utf8'));
    if (attempt > 0 || isRunning(holder)) {
      throw new Problem(
        'busy',
        `another sync of this home is running (process ${holder})`,
        'wait for it, or stop it',
      );
    }
    rmSync(path, { force: true });
  }
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
    throw new Problem('bad_input', `cannot read ${path}`, 'check the path and its permissions');
  }
  if (process.platform !== 'win32' && (mode & 0o077) !== 0) {
    throw new Problem('bad_input', `${path} can be read by other users`, `chmod 600 ${path}`);
  }
  return readFileSync(path);
}

/**
 * Backups: one file with all that a home needs to go on elsewhere, but for the root key, which is kept offline anyway.
 * Two lines of text (how it is locked; the passphrase-sealed identity file where the home has one, without which nobody
 * could open it) and then one age file: a line of JSON, and the local store. Everything streams, so there is no limit
 * of size but the disk's.
 */
import {
  createReadStream,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
} from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { resolve } from 'node:path';
import { Readable } from 'node:stream';
import * as z from 'zod';
import { type AgeKey, openStream, openWithPassphrase, recipientOf, sealStream } from '../../protocol/age.ts';
import { concat, fromBase64url, toBase64url, utf8 } from '../../protocol/bytes.ts';
import { openDatabase } from '../sqlite.ts';
import { timestamp } from './agent.ts';
import {
  configuration,
  createSecretFile,
  type Home,
  homeAt,
  isInitialised,
  readConfiguration,
  withoutKeyring,
  writeConfiguration,
} from './home.ts';
import { identityOf, readContent, readIdentity } from './keyring.ts';
import { Problem } from './problem.ts';
import { listPartnerships, updatePartnership } from './store/partnerships.ts';
import { openStore } from './store/store.ts';

const MAGIC = 'commonground-backup:1';
/** The text before the age file, and the line of JSON in it, are far shorter. */
const MAX_LINE_BYTES = 64 * 1024;
const CHUNK_BYTES = 1 << 20;

const content = z.strictObject({
  version: z.literal(1),
  createdAt: z.string(),
  configuration,
  /** The age identity that opens the keyring. */
  identity: z.string(),
  /** keyring.age as it is, base64url. */
  keyring: z.string(),
});
type Content = z.infer<typeof content>;

export interface BackupSummary {
  readonly createdAt: string;
  readonly bytes: number;
  /** What will be asked for to restore it. */
  readonly opensWith: 'backup passphrase' | 'home passphrase' | 'key file';
  readonly keyFile: string | null;
}

/** Writes a new file, 0600. Without a passphrase it is locked as the home itself is. */
export async function backup(
  home: Home,
  file: string,
  passphrase: string | null,
  nowMs: number,
): Promise<BackupSummary> {
  if (!isInitialised(home)) throw withoutKeyring(home);
  const config = readConfiguration(home);
  const identity = identityOf(home, config, nowMs);
  await readContent(home, identity);
  const identityFile = existsSync(home.identityFile) ? readFileSync(home.identityFile) : new Uint8Array();
  const about: Content = {
    version: 1,
    createdAt: timestamp(nowMs),
    configuration: config,
    identity,
    keyring: toBase64url(readFileSync(home.keyringFile)),
  };
  const lock = passphrase === null ? { recipient: await recipientOf(identity) } : { passphrase };
  const header = `${MAGIC} ${passphrase === null ? 'identity' : 'passphrase'}\n${toBase64url(identityFile)}\n`;
  // Exclusively and first: a name that is taken costs no copy.
  createSecretFile(file, header);
  const copy = `${home.storeFile}.${process.pid}.backup`;
  try {
    copyStore(home, copy);
    const plaintext = Readable.from(plaintextOf(about, copy), { objectMode: false });
    const bytes = await append(file, await sealStream(lock, webStream(plaintext)));
    const opensWith =
      passphrase !== null ? 'backup passphrase' : config.keyFile ? 'key file' : 'home passphrase';
    return { createdAt: about.createdAt, bytes: header.length + bytes, opensWith, keyFile: config.keyFile };
  } catch (error) {
    rmSync(file, { force: true });
    throw error;
  } finally {
    rmSync(copy, { force: true });
  }
}

export interface RestoreOptions {
  /** Opens the backup or, with a backup passphrase, is where the home's key file is written or found. */
  readonly keyFile: string | null;
  readonly passphrase: () => Promise<string>;
}

/** Makes a home of a backup: whole, or not at all. Gives when the backup was made, and the key file that opens the home. */
export async function restore(
  file: string,
  home: Home,
  options: RestoreOptions,
): Promise<{ readonly createdAt: string; readonly keyFile: string | null }> {
  if (existsSync(home.directory) && readdirSync(home.directory).length > 0) {
    throw new Problem(
      'exists',
      `${home.directory} is not empty`,
      'restore into a new folder with --home; nothing was changed',
    );
  }
  const header = await readHeader(file);
  const key = await keyOf(header, options);
  const opened = await openStream(key, webStream(createReadStream(file, { start: header.bytes })));
  if (!opened) {
    throw new Problem(
      'wrong_passphrase',
      `${file} does not open with this ${'identity' in key ? 'key' : 'passphrase'}`,
      'nothing was changed',
    );
  }
  // Beside its place, so that one rename puts it there.
  const staged = homeAt(`${home.directory}.${process.pid}.new`);
  mkdirSync(staged.directory, { recursive: true, mode: 0o700 });
  let madeKeyFile: string | null = null;
  try {
    const about = await unpack(file, opened, staged);
    const keyFile = about.configuration.keyFile && resolve(options.keyFile ?? about.configuration.keyFile);
    if (keyFile && !existsSync(keyFile)) {
      createSecretFile(keyFile, `${about.identity}\n`);
      madeKeyFile = keyFile;
    }
    if (keyFile && readIdentity(keyFile) !== about.identity)
      throw new Problem('bad_input', `${keyFile} is the key of another home`, 'name another --key-file');
    if (header.identityFile.length > 0) createSecretFile(staged.identityFile, header.identityFile);
    writeConfiguration(staged, { ...about.configuration, keyFile });
    await settle(staged, about);
    // Fails where something was put there in the meantime.
    if (existsSync(home.directory)) rmdirSync(home.directory);
    renameSync(staged.directory, home.directory);
    return { createdAt: about.createdAt, keyFile };
  } catch (error) {
    if (madeKeyFile) rmSync(madeKeyFile, { force: true });
    throw error;
  } finally {
    rmSync(staged.directory, { recursive: true, force: true });
  }
}

function copyStore(home: Home, copy: string): void {
  const database = openDatabase(home.storeFile);
  try {
    database.copyTo(copy);
  } finally {
    database.close();
  }
}

async function* plaintextOf(about: Content, store: string): AsyncGenerator<Uint8Array> {
  yield utf8(`${JSON.stringify(about)}\n`);
  for await (const chunk of createReadStream(store, { highWaterMark: CHUNK_BYTES }))
    yield new Uint8Array(chunk as Buffer);
}

function webStream(readable: Readable): ReadableStream<Uint8Array> {
  return Readable.toWeb(readable) as ReadableStream<Uint8Array>;
}

async function append(file: string, bytes: AsyncIterable<Uint8Array>): Promise<number> {
  const handle = await open(file, 'a');
  try {
    const written = await writeAll(handle, bytes);
    await handle.sync();
    return written;
  } finally {
    await handle.close();
  }
}

async function writeAll(handle: FileHandle, chunks: AsyncIterable<Uint8Array>): Promise<number> {
  let written = 0;
  for await (const chunk of chunks) {
    await handle.writeFile(chunk);
    written += chunk.length;
  }
  return written;
}

interface Header {
  readonly lock: string;
  readonly identityFile: Uint8Array;
  /** Where the age file begins. */
  readonly bytes: number;
}

async function readHeader(file: string): Promise<Header> {
  const bad = new Problem(
    'bad_input',
    `${file} is no commonground backup`,
    'it was changed, or is another file',
  );
  let start: Uint8Array;
  try {
    const handle = await open(file, 'r');
    try {
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(MAX_LINE_BYTES), 0, MAX_LINE_BYTES, 0);
      start = buffer.subarray(0, bytesRead);
    } finally {
      await handle.close();
    }
  } catch {
    throw new Problem('bad_input', `cannot read ${resolve(file)}`, 'check the path and its permissions');
  }
  const first = start.indexOf(10);
  const second = start.indexOf(10, first + 1);
  if (first < 0 || second < 0) throw bad;
  const [magic, lock = ''] = new TextDecoder().decode(start.subarray(0, first)).split(' ');
  const identityFile = fromBase64url(new TextDecoder().decode(start.subarray(first + 1, second)));
  if (magic !== MAGIC || !/^(identity|passphrase)$/.test(lock) || !identityFile) throw bad;
  return { lock, identityFile, bytes: second + 1 };
}

async function keyOf({ lock, identityFile }: Header, options: RestoreOptions): Promise<AgeKey> {
  if (lock === 'passphrase') return { passphrase: await options.passphrase() };
  if (options.keyFile) return { identity: readIdentity(options.keyFile) };
  if (identityFile.length === 0) {
    throw new Problem(
      'bad_argument',
      'this backup is opened by the key file of its home',
      'name it with --key-file FILE',
    );
  }
  const identity = await openWithPassphrase(await options.passphrase(), identityFile);
  if (identity) return { identity: new TextDecoder().decode(identity).trim() };
  throw new Problem(
    'wrong_passphrase',
    'the passphrase is wrong',
    'it is the one of the home that was saved',
  );
}

/** Writes store and keyring of the stream, which fails at its end where the file was cut or changed anywhere. */
async function unpack(file: string, opened: AsyncIterable<Uint8Array>, staged: Home): Promise<Content> {
  let about: Content | null = null;
  let start: Uint8Array = new Uint8Array();
  const handle = await open(staged.storeFile, 'wx', 0o600);
  try {
    for await (const chunk of opened) {
      if (about) {
        await handle.writeFile(chunk);
        continue;
      }
      start = concat(start, chunk);
      const end = start.indexOf(10);
      if (end < 0 && start.length < MAX_LINE_BYTES) continue;
      about = content.parse(JSON.parse(new TextDecoder().decode(start.subarray(0, end))));
      await handle.writeFile(start.subarray(end + 1));
    }
    await handle.sync();
  } catch (error) {
    // The disk's errors have codes, and are what they are.
    if ((error as NodeJS.ErrnoException).code) throw error;
    throw new Problem('bad_input', `${file} was cut or changed`, 'nothing was restored; use another backup');
  } finally {
    await handle.close();
  }
  if (!about) throw new Problem('bad_input', `${file} holds no home`, 'nothing was restored');
  createSecretFile(staged.keyringFile, fromBase64url(about.keyring) ?? new Uint8Array());
  return about;
}

/**
 * Opens the store with the keyring, which checks both, and drops prepared lists: their numbers may stand for others by
 * now. What else has moved on in the meantime is followed by the next sync.
 */
async function settle(staged: Home, about: Content): Promise<void> {
  const store = openStore(staged, await readContent(staged, about.identity));
  try {
    for (const { id } of listPartnerships(store)) {
      updatePartnership(store, id, (current) => ({ ...current, pendingSubmission: null }));
    }
    store.database.exec('delete from outbox');
  } finally {
    store.close();
  }
}

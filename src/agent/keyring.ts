/**
 * The keyring: the organisation's working keys in one age file. An age identity opens it: kept under a passphrase in
 * identity.age for people, or in a key file for unattended machines. The root key stands in a file of its own, to be
 * taken offline.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as z from 'zod';
import {
  newIdentity,
  openWith,
  openWithPassphrase,
  recipientOf,
  sealTo,
  sealWithPassphrase,
} from '../../protocol/age.ts';
import { equal, fromBase64url, toBase64url, utf8 } from '../../protocol/bytes.ts';
import {
  CERTIFICATE_SECONDS,
  type Certificate,
  issueCertificate,
  openCertificate,
  readCertificate,
} from '../../protocol/certificate.ts';
import { type Random, signingPublicKey } from '../../protocol/hash.ts';
import {
  type Configuration,
  createHome,
  createSecretFile,
  type Home,
  isInitialised,
  isMemberHome,
  readSecretFile,
  replaceFile,
  withoutKeyring,
  writeConfiguration,
} from './home.ts';
import { Problem } from './problem.ts';
import { openStore } from './store/store.ts';

export interface Keyring {
  readonly certificate: Certificate;
  /** The exact signed bytes. */
  readonly signedCertificate: Uint8Array;
  readonly agentSeed: Uint8Array;
  /** age identity of the organisation: opens names that partners seal to it. */
  readonly ageIdentity: string;
  /** Seals the local store's values. */
  readonly dataKey: Uint8Array;
  /** Keys the local store's lookups. */
  readonly lookupKey: Uint8Array;
}

const bytes = z.string().transform((text, context) => {
  const decoded = fromBase64url(text);
  if (decoded) return decoded;
  context.addIssue({ code: 'custom', message: 'not base64url' });
  return z.NEVER;
});
const keyringFile = z.strictObject({
  version: z.literal(1),
  signedCertificate: bytes,
  agentSeed: bytes,
  ageIdentity: z.string(),
  dataKey: bytes,
  lookupKey: bytes,
});

const rootFile = z.strictObject({ version: z.literal(1), rootSeed: bytes });

/** How a keyring is opened: by a person's passphrase or by an identity in a file. */
export type Lock = { readonly passphrase: string } | { readonly keyFile: string };

/** How long `unlock` holds. */
export const SESSION_HOURS = 8;

/** Throws where the folder is a home already, before anybody is asked anything for a new one. */
export function refuseInitialised(home: Home): void {
  if (!isInitialised(home) && !isMemberHome(home)) return;
  throw new Problem(
    'already_initialised',
    `${home.directory} holds ${isMemberHome(home) ? 'a member’s keys' : 'a keyring'} already`,
    'use another --home, or go on with this one',
  );
}

/** Makes root, agent and age keys and writes the home. Nothing that exists is overwritten. */
export async function createKeyring(
  home: Home,
  options: { readonly name: string; readonly lock: Lock; readonly service: string | null },
  tools: { readonly random: Random; readonly nowMs: number },
): Promise<Keyring> {
  refuseInitialised(home);
  createHome(home);
  const rootSeed = tools.random(32);
  const agentSeed = tools.random(32);
  const ageIdentity = await newIdentity();
  const now = Math.floor(tools.nowMs / 1000);
  const signedCertificate = issueCertificate(
    {
      name: options.name,
      agentKey: signingPublicKey(agentSeed),
      serial: 1,
      validFrom: now,
      validUntil: now + CERTIFICATE_SECONDS,
      recipient: await recipientOf(ageIdentity),
    },
    { seed: rootSeed, publicKey: signingPublicKey(rootSeed) },
  );
  const identity = await newIdentity();
  const recipient = await recipientOf(identity);
  const rootText = utf8(`${JSON.stringify({ version: 1, rootSeed: toBase64url(rootSeed) })}\n`);
  if ('keyFile' in options.lock) {
    createSecretFile(options.lock.keyFile, `${identity}\n`);
    createSecretFile(home.rootKeyFile, await sealOwn(recipient, rootText));
  } else {
    createSecretFile(
      home.identityFile,
      await sealWithPassphrase(options.lock.passphrase, utf8(`${identity}\n`)),
    );
    createSecretFile(home.rootKeyFile, await sealWithPassphrase(options.lock.passphrase, rootText));
  }
  writeConfiguration(home, {
    service: options.service,
    keyFile: 'keyFile' in options.lock ? options.lock.keyFile : null,
  });
  const content = encodeContent({
    signedCertificate,
    agentSeed,
    ageIdentity,
    dataKey: tools.random(32),
    lookupKey: tools.random(32),
  });
  // Last, because its presence is what makes the home complete.
  createSecretFile(home.keyringFile, await sealOwn(recipient, content));
  const keyring = await readKeyring(home, identity, tools.nowMs);
  // From here on a home without a store has lost it.
  openStore(home, keyring).close();
  return keyring;
}

/** Opens the keyring with the configured key file, or with what `unlock` left for this session. */
export async function openKeyring(home: Home, config: Configuration, nowMs: number): Promise<Keyring> {
  if (!isInitialised(home)) throw withoutKeyring(home);
  return readKeyring(home, identityOf(home, config, nowMs), nowMs);
}

/** Checks the passphrase and keeps the identity in the user's runtime folder for SESSION_HOURS. */
export async function unlock(
  home: Home,
  passphrase: string,
  nowMs: number,
): Promise<{ readonly until: string }> {
  if (!existsSync(home.identityFile)) {
    throw new Problem(
      'bad_argument',
      'this home is opened by a key file, not by a passphrase',
      'nothing to unlock',
    );
  }
  const identity = await openWithPassphrase(passphrase, readFileSync(home.identityFile));
  if (!identity) throw new Problem('wrong_passphrase', 'the passphrase is wrong', 'try again');
  const untilMs = nowMs + SESSION_HOURS * 3_600_000;
  const until = new Date(untilMs).toISOString();
  replaceFile(
    sessionFile(home),
    JSON.stringify({ identity: new TextDecoder().decode(identity).trim(), untilMs }),
  );
  return { until };
}

/** Ends the session that `unlock` began. */
export function lock(home: Home): void {
  rmSync(sessionFile(home), { force: true });
}

/** Where the root key is, and the passphrase of `init`; null where the home's key file opens it. */
export interface RootKeyFile {
  readonly file: string;
  readonly passphrase: string | null;
}

/**
 * Extends the agent key's certificate by the root key, which is opened by the same passphrase or key file as at `init`.
 * The agent key itself stays, so that running epochs go on. The new number is above the last one and above `above`.
 */
export async function renewKeyring(
  home: Home,
  config: Configuration,
  root: RootKeyFile,
  options: { readonly above: number; readonly nowMs: number },
): Promise<Keyring> {
  const { nowMs } = options;
  const identity = identityOf(home, config, nowMs);
  const content = await readContent(home, identity);
  const before = readCertificate(content.signedCertificate);
  if (!before.ok) throw new Problem('keyring_damaged', 'the certificate in the keyring does not check');
  const { seed, publicKey } = await openRootKey(identity, root, before.value.rootKey);
  const now = Math.floor(nowMs / 1000);
  const signed = issueCertificate(
    {
      ...before.value,
      serial: Math.max(before.value.serial, options.above) + 1,
      validFrom: now,
      validUntil: now + CERTIFICATE_SECONDS,
    },
    { seed, publicKey },
  );
  const renewed = encodeContent({ ...content, signedCertificate: signed });
  replaceFile(home.keyringFile, await sealOwn(await recipientOf(identity), renewed));
  return readKeyring(home, identity, nowMs);
}

/** The root key in the file, where it is that of this organisation. */
export async function openRootKey(
  identity: string,
  root: RootKeyFile,
  expected: Uint8Array,
): Promise<{ readonly seed: Uint8Array; readonly publicKey: Uint8Array }> {
  const file = readSecretFile(root.file);
  const plain =
    root.passphrase === null
      ? await openWith(identity, file)
      : await openWithPassphrase(root.passphrase, file);
  if (!plain)
    throw new Problem(
      'wrong_passphrase',
      `${root.file} does not open`,
      'it needs the passphrase or key file of `init`',
    );
  const parsed = rootFile.safeParse(JSON.parse(new TextDecoder().decode(plain)));
  if (!parsed.success) throw new Problem('bad_input', `${root.file} holds no root key`);
  const publicKey = signingPublicKey(parsed.data.rootSeed);
  if (!equal(publicKey, expected)) {
    throw new Problem('bad_input', `${root.file} is the root key of another organisation`);
  }
  return { seed: parsed.data.rootSeed, publicKey };
}

async function readKeyring(home: Home, identity: string, nowMs: number): Promise<Keyring> {
  const content = await readContent(home, identity);
  const certificate = openCertificate(content.signedCertificate, nowMs);
  if (certificate.ok) return { certificate: certificate.value, ...content };
  throw new Problem(
    'certificate_expired',
    certificate.reason === 'expired'
      ? 'the agent key has expired'
      : `the certificate is refused: ${certificate.reason}`,
    certificate.reason === 'not_yet_valid'
      ? 'check the clock of this machine'
      : 'check the clock of this machine; if it is right, run `commonground renew --root-key FILE` with the root key that you took offline',
  );
}

/** The keyring's content, whatever the time: its certificate is not checked. */
export async function readContent(home: Home, identity: string): Promise<Omit<Keyring, 'certificate'>> {
  const plain = await openWith(identity, readFileSync(home.keyringFile));
  if (!plain) {
    throw new Problem(
      'keyring_damaged',
      `${home.keyringFile} does not open`,
      'restore it from a backup; it belongs to another key or was changed',
    );
  }
  const parsed = keyringFile.safeParse(JSON.parse(new TextDecoder().decode(plain)));
  if (!parsed.success) throw new Problem('keyring_damaged', `${home.keyringFile} has an unknown content`);
  const { signedCertificate, agentSeed, ageIdentity, dataKey, lookupKey } = parsed.data;
  return { signedCertificate, agentSeed, ageIdentity, dataKey, lookupKey };
}

async function sealOwn(recipient: string, plaintext: Uint8Array): Promise<Uint8Array> {
  const sealed = await sealTo(recipient, plaintext);
  if (!sealed) throw new Error('an own recipient is not valid');
  return sealed;
}

function encodeContent(content: Omit<Keyring, 'certificate'>): Uint8Array {
  return utf8(
    JSON.stringify({
      version: 1,
      signedCertificate: toBase64url(content.signedCertificate),
      agentSeed: toBase64url(content.agentSeed),
      ageIdentity: content.ageIdentity,
      dataKey: toBase64url(content.dataKey),
      lookupKey: toBase64url(content.lookupKey),
    }),
  );
}

/** The age identity that opens the home: of the configured key file, or of the session that `unlock` began. */
export function identityOf(home: Home, config: Configuration, nowMs: number): string {
  return config.keyFile ? readIdentity(config.keyFile) : readSession(home, nowMs);
}

/** The age identity in a key file. */
export function readIdentity(path: string): string {
  const text = new TextDecoder().decode(readSecretFile(path)).trim();
  if (!/^AGE-SECRET-KEY-1[0-9A-Z]+$/.test(text))
    throw new Problem('bad_input', `${path} holds no age identity`);
  return text;
}

const session = z.strictObject({ identity: z.string(), untilMs: z.number() });

function readSession(home: Home, nowMs: number): string {
  const path = sessionFile(home);
  const what = isMemberHome(home) ? 'this home' : 'the keyring';
  const locked = new Problem('locked', `${what} is locked`, 'run `commonground unlock`');
  if (!existsSync(path)) throw locked;
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder().decode(readSecretFile(path)));
  } catch {
    throw locked;
  }
  const parsed = session.safeParse(json);
  if (!parsed.success || nowMs >= parsed.data.untilMs) throw locked;
  return parsed.data.identity;
}

/** In XDG_RUNTIME_DIR, which is memory and ends with the log-in; else in a folder of the user's own under the system's. */
function sessionFile(home: Home): string {
  const user = process.getuid?.() ?? 0;
  const directory = join(process.env.XDG_RUNTIME_DIR ?? tmpdir(), `commonground-${user}`);
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const status = statSync(directory);
  if (process.getuid && (status.uid !== user || (status.mode & 0o077) !== 0)) {
    throw new Problem(
      'locked',
      `${directory} belongs to someone else or is open to others`,
      `remove it or chmod 700 ${directory}`,
    );
  }
  return join(directory, createHash('sha256').update(home.directory).digest('hex').slice(0, 32));
}

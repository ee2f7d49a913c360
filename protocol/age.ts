/** age encryption (age-encryption.org/v1). The only importer of the library: names' keys, keyrings and backups use it. */
import { Decrypter, Encrypter, generateX25519Identity, identityToRecipient } from 'age-encryption';

/** A new X25519 identity `AGE-SECRET-KEY-1…`. Its randomness is the library's own. */
export function newIdentity(): Promise<string> {
  return generateX25519Identity();
}

/** The recipient `age1…` of an identity. */
export function recipientOf(identity: string): Promise<string> {
  return identityToRecipient(identity);
}

/** The age file for this recipient, or null where the text is no recipient: a partner's own choice of text. */
export async function sealTo(recipient: string, plaintext: Uint8Array): Promise<Uint8Array | null> {
  const encrypter = new Encrypter();
  try {
    encrypter.addRecipient(recipient);
  } catch {
    return null;
  }
  return encrypter.encrypt(plaintext);
}

/** The plaintext, or null where the identity does not fit or the file was changed. */
export async function openWith(identity: string, file: Uint8Array): Promise<Uint8Array | null> {
  const decrypter = new Decrypter();
  decrypter.addIdentity(identity);
  return decrypt(decrypter, file);
}

/** Under a passphrase by scrypt; about a second of work. */
export async function sealWithPassphrase(passphrase: string, plaintext: Uint8Array): Promise<Uint8Array> {
  const encrypter = new Encrypter();
  encrypter.setPassphrase(passphrase);
  return encrypter.encrypt(plaintext);
}

export async function openWithPassphrase(passphrase: string, file: Uint8Array): Promise<Uint8Array | null> {
  const decrypter = new Decrypter();
  decrypter.addPassphrase(passphrase);
  return decrypt(decrypter, file);
}

/** What opens an age file: an identity, or a passphrase. */
export type AgeKey = { readonly identity: string } | { readonly passphrase: string };

/** The age file of a stream, made as it flows: for what is larger than memory should hold. */
export async function sealStream(
  lock: { readonly recipient: string } | { readonly passphrase: string },
  plaintext: ReadableStream<Uint8Array>,
): Promise<ReadableStream<Uint8Array>> {
  const encrypter = new Encrypter();
  if ('recipient' in lock) encrypter.addRecipient(lock.recipient);
  else encrypter.setPassphrase(lock.passphrase);
  return encrypter.encrypt(plaintext);
}

/** The plaintext as it flows, or null where the key does not fit. The stream fails where the file was cut or changed. */
export async function openStream(
  key: AgeKey,
  file: ReadableStream<Uint8Array>,
): Promise<ReadableStream<Uint8Array> | null> {
  const decrypter = new Decrypter();
  if ('identity' in key) decrypter.addIdentity(key.identity);
  else decrypter.addPassphrase(key.passphrase);
  try {
    return await decrypter.decrypt(file);
  } catch {
    return null;
  }
}

async function decrypt(decrypter: Decrypter, file: Uint8Array): Promise<Uint8Array | null> {
  try {
    return await decrypter.decrypt(file);
  } catch {
    return null;
  }
}

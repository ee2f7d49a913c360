/** Hashing, key derivation and signatures. The only importer of @noble/hashes and @noble/curves in the product. */
import { ed25519 } from '@noble/curves/ed25519.js';
import { expand as hkdfExpand, extract as hkdfExtract } from '@noble/hashes/hkdf.js';
import { hmac as nobleHmac } from '@noble/hashes/hmac.js';
import { scrypt } from '@noble/hashes/scrypt.js';
import { sha256 as nobleSha256, sha512 as nobleSha512 } from '@noble/hashes/sha2.js';
import { concat, fromHex, toHex, uint } from './bytes.ts';

export const HASH_BYTES = 32;
export const SIGNATURE_BYTES = 64;
export const PUBLIC_KEY_BYTES = 32;

/** Gives this many random bytes; a cryptographic source everywhere but in vectors and tests. */
export type Random = (length: number) => Uint8Array;

/** The platform's cryptographic source, for entry files to pass down. */
export function systemRandom(length: number): Uint8Array {
  return crypto.getRandomValues(new Uint8Array(length));
}

/** SHA-256 (FIPS 180-4): 32 bytes. */
export function sha256(message: Uint8Array): Uint8Array {
  return nobleSha256(message);
}

/** HMAC-SHA-256 (RFC 2104): 32 bytes. */
export function hmac(key: Uint8Array, message: Uint8Array): Uint8Array {
  return nobleHmac(nobleSha256, key, message);
}

/** HKDF-Extract with SHA-256 and no salt (RFC 5869 section 2.2): a 32-byte pseudorandom key. */
export function extract(material: Uint8Array): Uint8Array {
  return hkdfExtract(nobleSha256, material);
}

/** HKDF-Expand with SHA-256 (RFC 5869 section 2.3). */
export function expand(key: Uint8Array, info: Uint8Array, length = HASH_BYTES): Uint8Array {
  return hkdfExpand(nobleSha256, key, info, length);
}

/**
 * scrypt (RFC 7914) with N = 2^15, r = 8, p = 1: 32 bytes, for 32 MiB of memory and some tenths of a second. For what
 * people compare: few bits are many where each guess costs that much.
 */
export function stretch(secret: Uint8Array, salt: Uint8Array): Uint8Array {
  return scrypt(secret, salt, { N: 2 ** 15, r: 8, p: 1, dkLen: HASH_BYTES });
}

const SHA512_BYTES = 64;
/** Z_pad: as many zeros as SHA-512 takes at once. */
const SHA512_BLOCK = new Uint8Array(128);

/**
 * expand_message_xmd with SHA-512 (RFC 9380 section 5.3.1), for domains of 1 to 255 bytes. `hash` is another
 * implementation of SHA-512 where a faster one is at hand; it is asked twice for 64 bytes, which is all that it costs.
 */
export function expandMessage(
  message: Uint8Array,
  domain: Uint8Array,
  length: number,
  hash: (message: Uint8Array) => Uint8Array = nobleSha512,
): Uint8Array {
  if (domain.length < 1 || domain.length > 255) throw new RangeError('a domain is 1 to 255 bytes');
  const blocks = Math.ceil(length / SHA512_BYTES);
  if (blocks > 255) throw new RangeError('at most 255 hashes are expanded to');
  const ending = concat(domain, uint(domain.length, 1));
  const first = hash(concat(SHA512_BLOCK, message, uint(length, 2), uint(0, 1), ending));
  const output = new Uint8Array(blocks * SHA512_BYTES);
  // strxor(b_0, b_(i - 1)), i and the domain: one buffer for all.
  const block = concat(first, uint(0, 1), ending);
  for (let i = 1; i <= blocks; i++) {
    block[SHA512_BYTES] = i;
    const last = hash(block);
    output.set(last, (i - 1) * SHA512_BYTES);
    for (let at = 0; at < SHA512_BYTES; at++) block[at] = (first[at] ?? 0) ^ (last[at] ?? 0);
  }
  return output.subarray(0, length);
}

/** The Ed25519 public key of a 32-byte seed. */
export function signingPublicKey(seed: Uint8Array): Uint8Array {
  return ed25519.getPublicKey(seed);
}

/** An Ed25519 signature (RFC 8032 section 5.1.6). */
export function signBytes(seed: Uint8Array, message: Uint8Array): Uint8Array {
  return ed25519.sign(message, seed);
}

/** Hashes of key, signature and message of what was verified: an agent sees the same few documents at every look. */
const VERIFIED = new Set<string>();
const MOST_VERIFIED = 256;
/** Longer messages are seen once. */
const MAX_REMEMBERED_BYTES = 4096;

/**
 * True for a valid Ed25519 signature by the strict rules of RFC 8032 section 5.1.7. Keys of small
 * order and non-canonical encodings are refused: under such a key one signature holds for every message.
 */
export function verifyBytes(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  if (signature.length !== SIGNATURE_BYTES || publicKey.length !== PUBLIC_KEY_BYTES) return false;
  const isRemembered = message.length <= MAX_REMEMBERED_BYTES;
  const seen = isRemembered ? toHex(sha256(concat(publicKey, signature, message))) : '';
  if (isRemembered && VERIFIED.has(seen)) return true;
  if (!isSigningKey(publicKey)) return false;
  const isValid = ed25519.verify(signature, message, publicKey, { zip215: false });
  if (isValid && isRemembered) {
    const [oldest] = VERIFIED;
    if (VERIFIED.size >= MOST_VERIFIED && oldest !== undefined) VERIFIED.delete(oldest);
    VERIFIED.add(seen);
  }
  return isValid;
}

/** True for the canonical encoding of an Ed25519 key that is not of small order (RFC 8032 section 5.1.3). */
export function isSigningKey(publicKey: Uint8Array): boolean {
  if (publicKey.length !== PUBLIC_KEY_BYTES) return false;
  try {
    return !ed25519.Point.fromBytes(publicKey, false).isSmallOrder();
  } catch {
    return false;
  }
}

/** SHA-256 given as hexadecimal in a constant. Throws on anything but 64 hexadecimal digits. */
export function pinnedHash(hex: string): Uint8Array {
  const bytes = fromHex(hex);
  if (bytes?.length !== HASH_BYTES) throw new Error('a pinned hash is 64 hexadecimal digits');
  return bytes;
}

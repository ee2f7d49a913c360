/**
 * The ristretto255 group (RFC 9496) and authenticated encryption. The only importer of libsodium. Elements and scalars
 * are 32-byte strings; callers above `suite.ts` never see them.
 */
import sodium from 'libsodium-wrappers-sumo';
import { AEAD_TAG_BYTES, ELEMENT_BYTES, SCALAR_BYTES } from './sizes.ts';

await sodium.ready;

/** The order of the group, little-endian (RFC 9496 section 4). */
const ORDER = Uint8Array.from([
  0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, 0, 0, 0, 0,
  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
]);

function isZero(bytes: Uint8Array): boolean {
  let any = 0;
  for (const byte of bytes) any |= byte;
  return any === 0;
}

/** True for a canonical scalar in [1, order - 1]; zero is refused too, unlike RFC 9497 section 2.1. */
export function isScalar(scalar: Uint8Array): boolean {
  if (scalar.length !== SCALAR_BYTES || isZero(scalar)) return false;
  let borrow = 0;
  for (let i = 0; i < SCALAR_BYTES; i++)
    borrow = ((scalar[i] ?? 0) - (ORDER[i] ?? 0) - borrow) >> 31 === 0 ? 0 : 1;
  return borrow === 1;
}

/** True for the canonical encoding of an element other than the identity; libsodium's own check lets the identity pass. */
export function isElement(element: Uint8Array): boolean {
  return (
    element.length === ELEMENT_BYTES &&
    !isZero(element) &&
    sodium.crypto_core_ristretto255_is_valid_point(element)
  );
}

/** The element that 64 uniform bytes map to (RFC 9496 section 4.3.4). */
export function elementFromUniform(bytes: Uint8Array): Uint8Array {
  return sodium.crypto_core_ristretto255_from_hash(bytes);
}

/** 64 little-endian bytes reduced modulo the order. */
export function reduceScalar(bytes: Uint8Array): Uint8Array {
  return sodium.crypto_core_ristretto255_scalar_reduce(bytes);
}

export function multiplyScalars(a: Uint8Array, b: Uint8Array): Uint8Array {
  return sodium.crypto_core_ristretto255_scalar_mul(a, b);
}

export function subtractScalars(a: Uint8Array, b: Uint8Array): Uint8Array {
  return sodium.crypto_core_ristretto255_scalar_sub(a, b);
}

export function invertScalar(scalar: Uint8Array): Uint8Array {
  return sodium.crypto_core_ristretto255_scalar_invert(scalar);
}

export function addElements(a: Uint8Array, b: Uint8Array): Uint8Array {
  return sodium.crypto_core_ristretto255_add(a, b);
}

/** The scalar multiple, or null where the element is non-canonical or the identity, or the result is the identity. */
export function multiplyElement(scalar: Uint8Array, element: Uint8Array): Uint8Array | null {
  if (isZero(element)) return null;
  try {
    return sodium.crypto_scalarmult_ristretto255(scalar, element);
  } catch {
    return null;
  }
}

/** The scalar multiple of the generator, or null for the zero scalar. */
export function multiplyGenerator(scalar: Uint8Array): Uint8Array | null {
  try {
    return sodium.crypto_scalarmult_ristretto255_base(scalar);
  } catch {
    return null;
  }
}

/** XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha-03): ciphertext and 16-byte tag. */
export function aeadSeal(
  key: Uint8Array,
  nonce: Uint8Array,
  plaintext: Uint8Array,
  additional: Uint8Array,
): Uint8Array {
  return sodium.crypto_aead_xchacha20poly1305_ietf_encrypt(plaintext, additional, null, nonce, key);
}

/** The plaintext, or null where key, nonce, ciphertext and additional data do not belong together. */
export function aeadOpen(
  key: Uint8Array,
  nonce: Uint8Array,
  ciphertext: Uint8Array,
  additional: Uint8Array,
): Uint8Array | null {
  if (ciphertext.length < AEAD_TAG_BYTES) return null;
  try {
    return sodium.crypto_aead_xchacha20poly1305_ietf_decrypt(null, ciphertext, additional, nonce, key);
  } catch {
    return null;
  }
}

/** SHA-512 (FIPS 180-4): 64 bytes; in WebAssembly several times as fast as in JavaScript. */
export function sha512(message: Uint8Array): Uint8Array {
  return sodium.crypto_hash_sha512(message);
}

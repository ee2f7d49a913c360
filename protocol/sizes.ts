/** Sizes that messages and the suite share; apart, so that the service can read messages without the cryptography. */

/** A ristretto255 element (RFC 9496) and a scalar. */
export const ELEMENT_BYTES = 32;
export const SCALAR_BYTES = 32;
/** A VOPRF output: SHA-512. */
export const OUTPUT_BYTES = 64;
/** A batch DLEQ proof: two scalars. */
export const PROOF_BYTES = 64;
/** Elements of one batch, so of one chunk, at most; RFC 9497 counts them in two bytes. */
export const MAX_BATCH = 4096;
export const KEY_BYTES = 32;
export const BOX_BYTES = 16;
export const AEAD_KEY_BYTES = 32;
export const AEAD_NONCE_BYTES = 24;
export const AEAD_TAG_BYTES = 16;
export const ROW_KEY_BYTES = 32;
/** A wrapped row key: nonce, ciphertext and tag. */
export const WRAPPED_BYTES = AEAD_NONCE_BYTES + ROW_KEY_BYTES + AEAD_TAG_BYTES;
/** Padded plaintext sizes of sealed texts, the two-byte length included. */
export const BUCKETS: readonly number[] = [32, 128, 512];

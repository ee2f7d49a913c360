/**
 * Sealed fields and sealed names. A row key a row encrypts its fields one by one; the row key is wrapped for everyone
 * who has the same strong identifier. White-space names are encrypted under one key a submission, which is sealed to
 * the partner's age recipient. Plaintexts are padded to buckets so that their length does not tell the value.
 */
import { concat, Reader, tuple, uint, utf8 } from './bytes.ts';
import type { Context } from './evaluation.ts';
import { expand, type Random } from './hash.ts';
import { label, partnershipBytes, sideNumber } from './ids.ts';
import { AEAD_NONCE_BYTES, BUCKETS, WRAPPED_BYTES } from './sizes.ts';
import { aeadOpen, aeadSeal } from './sodium.ts';

/** The longest text that can be sealed, in UTF-8 bytes. */
export const MAX_SEALED_TEXT_BYTES = 510;

const SINGLE_USE_NONCE = new Uint8Array(AEAD_NONCE_BYTES);
const NOTHING = new Uint8Array();

/** Which row a ciphertext belongs to; bound into its key. */
export interface RowContext {
  readonly context: Context;
  readonly handle: Uint8Array;
  /** Number of the submission that wrote the row. */
  readonly submission: number;
  /** Hash of the writer's signed scope that granted it. */
  readonly scopeHash: Uint8Array;
}

/** One field under a key of its own. An empty text is sealed too, so that absence is hidden. */
export function sealField(rowKey: Uint8Array, row: RowContext, field: string, text: string): Uint8Array {
  return sealOnce(expand(rowKey, placeOf('field', row, utf8(field))), text);
}

/** The field's text, or null where row key, row or field do not fit. */
export function openField(
  rowKey: Uint8Array,
  row: RowContext,
  field: string,
  sealed: Uint8Array,
): string | null {
  return openOnce(expand(rowKey, placeOf('field', row, utf8(field))), sealed);
}

/** The row key for holders of one strong identifier: nonce, ciphertext and tag, 72 bytes. `wrap` is keys.ts' wrapKey. */
export function wrapRowKey(
  wrap: Uint8Array,
  row: RowContext,
  tag: Uint8Array,
  rowKey: Uint8Array,
  random: Random,
): Uint8Array {
  const nonce = random(AEAD_NONCE_BYTES);
  return concat(nonce, aeadSeal(scopeKey(wrap, row), nonce, rowKey, placeOf('row key', row, tag)));
}

/** The row key, or null where identifier, scope or row do not fit. */
export function unwrapRowKey(
  wrap: Uint8Array,
  row: RowContext,
  tag: Uint8Array,
  wrapped: Uint8Array,
): Uint8Array | null {
  if (wrapped.length !== WRAPPED_BYTES) return null;
  const nonce = wrapped.subarray(0, AEAD_NONCE_BYTES);
  return aeadOpen(
    scopeKey(wrap, row),
    nonce,
    wrapped.subarray(AEAD_NONCE_BYTES),
    placeOf('row key', row, tag),
  );
}

/** A white-space name, bound to the population it is granted for. `namesKey` is random for every submission. */
export function sealName(
  namesKey: Uint8Array,
  row: RowContext,
  population: number,
  name: string,
): Uint8Array {
  return sealOnce(expand(namesKey, placeOf('name', row, uint(population, 1))), name);
}

/** The name, or null where names key, row or population do not fit. */
export function openName(
  namesKey: Uint8Array,
  row: RowContext,
  population: number,
  sealed: Uint8Array,
): string | null {
  return openOnce(expand(namesKey, placeOf('name', row, uint(population, 1))), sealed);
}

/**
 * The key is derived from everything that says where the text belongs: row, submission, scope and field. It encrypts
 * this one text in its life, so the nonce may be constant and there is nothing left to authenticate beside it.
 */
function sealOnce(key: Uint8Array, text: string): Uint8Array {
  return aeadSeal(key, SINGLE_USE_NONCE, pad(text), NOTHING);
}

function openOnce(key: Uint8Array, sealed: Uint8Array): string | null {
  const padded = aeadOpen(key, SINGLE_USE_NONCE, sealed, NOTHING);
  return padded && unpad(padded);
}

function scopeKey(wrap: Uint8Array, row: RowContext): Uint8Array {
  return expand(wrap, tuple(label('wrap scope'), row.scopeHash));
}

/** An injective description of the place that a ciphertext belongs to. */
function placeOf(name: string, row: RowContext, detail: Uint8Array): Uint8Array {
  return tuple(
    label(name),
    partnershipBytes(row.context.partnership),
    uint(row.context.epoch, 4),
    uint(sideNumber(row.context.side), 1),
    row.context.epochHash,
    row.handle,
    uint(row.submission, 4),
    row.scopeHash,
    detail,
  );
}

/** Length, text and zeros up to the next bucket. A longer text is cut at a character. */
function pad(text: string): Uint8Array {
  let bytes = utf8(text);
  if (bytes.length > MAX_SEALED_TEXT_BYTES) bytes = cut(bytes, MAX_SEALED_TEXT_BYTES);
  const size = BUCKETS.find((bucket) => bytes.length + 2 <= bucket) ?? bytes.length + 2;
  const padded = new Uint8Array(size);
  padded.set(uint(bytes.length, 2));
  padded.set(bytes, 2);
  return padded;
}

/** At most `length` bytes that end with a whole character. */
function cut(bytes: Uint8Array, length: number): Uint8Array {
  let end = length;
  while (end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end--;
  return bytes.subarray(0, end);
}

function unpad(padded: Uint8Array): string | null {
  if (!BUCKETS.includes(padded.length)) return null;
  const reader = new Reader(padded);
  const text = reader.text();
  if (reader.failed) return null;
  return reader.take(reader.remaining()).every((byte) => byte === 0) ? text : null;
}

/**
 * A submission: what a side uploads of its list, in packed chunks of one record type each. Records stand in strictly
 * ascending order of their random keys: their order says nothing, and a record that stands twice is refused.
 */
import { compare, concat, equal, prefixed, Reader, uint } from './bytes.ts';
import { type Context, frame, readFrame } from './evaluation.ts';
import { HASH_BYTES, sha256 } from './hash.ts';
import { HANDLE_BYTES, TAG_BYTES } from './ids.ts';
import { ok, type Result, refuse } from './result.ts';
import { openSigned, sign } from './signed.ts';
import { AEAD_TAG_BYTES, BOX_BYTES, BUCKETS, WRAPPED_BYTES } from './sizes.ts';

/** In the order of their numbers on the wire, from 1. */
export const RECORD_TYPES = ['accounts', 'tags', 'boxes', 'wraps', 'fields', 'names'] as const;
export type RecordType = (typeof RECORD_TYPES)[number];

/** Bytes of a record's key, by which records are ordered; it stands first in the record. */
export const RECORD_KEY_BYTES: Readonly<Record<RecordType, number>> = {
  accounts: HANDLE_BYTES,
  tags: TAG_BYTES + HANDLE_BYTES,
  boxes: TAG_BYTES + HANDLE_BYTES + 1,
  wraps: TAG_BYTES + HANDLE_BYTES,
  fields: HANDLE_BYTES + 1,
  names: HANDLE_BYTES + 1,
};

/**
 * Bytes of what follows the key: accounts a mask of populations and one of distinguishing kinds, tags the kind's number, boxes the box, wraps the
 * wrapped row key. For fields and names it is the size of the ciphertext, which is one of the buckets', so a chunk of
 * those says its own record size.
 */
const VALUE_BYTES: Readonly<Record<RecordType, readonly number[]>> = {
  accounts: [2],
  tags: [1],
  boxes: [BOX_BYTES],
  wraps: [WRAPPED_BYTES],
  fields: BUCKETS.map((bucket) => bucket + AEAD_TAG_BYTES),
  names: BUCKETS.map((bucket) => bucket + AEAD_TAG_BYTES),
};

export const MAX_SUBMISSION_CHUNK_BYTES = 1 << 19;
export const MAX_SUBMISSION_CHUNKS = 20_000;
const MAX_SEALED_KEY_BYTES = 4096;

export interface SubmissionChunk {
  readonly type: RecordType;
  readonly records: number;
  /** SHA-256 of the chunk's bytes. */
  readonly hash: Uint8Array;
}

/**
 * The signed head of a submission. The partner reads it; the list of chunks, whose counts are nobody's business but
 * the service's, is bound to it by a hash.
 */
export interface SubmissionHead {
  /** Counts from 1 in every epoch and side; a reader never accepts a lower one than it saw. */
  readonly number: number;
  /** Hash of the signed scope of this side under which rows were chosen and sealed. */
  readonly scopeHash: Uint8Array;
  /** SHA-256 of the encoded list of chunks. */
  readonly listHash: Uint8Array;
  /** The key of white-space names, sealed to the partner's age recipient; empty where no names are granted. */
  readonly sealedNamesKey: Uint8Array;
}

export type SubmissionRefusal = 'malformed' | 'bad_signature' | 'other_context' | 'other_chunk';

export function encodeChunkList(chunks: readonly SubmissionChunk[]): Uint8Array {
  return concat(
    uint(chunks.length, 2),
    ...chunks.map((chunk) =>
      concat(uint(RECORD_TYPES.indexOf(chunk.type) + 1, 1), uint(chunk.records, 4), chunk.hash),
    ),
  );
}

/** The list that a head is bound to. */
export function openChunkList(
  bytes: Uint8Array,
  head: SubmissionHead,
): Result<readonly SubmissionChunk[], SubmissionRefusal> {
  if (!equal(sha256(bytes), head.listHash)) return refuse('other_chunk');
  const reader = new Reader(bytes);
  const count = reader.uint(2);
  if (count > MAX_SUBMISSION_CHUNKS) return refuse('malformed');
  const chunks: SubmissionChunk[] = [];
  for (let i = 0; i < count && !reader.failed; i++) {
    const type = RECORD_TYPES[reader.uint(1) - 1];
    const records = reader.uint(4);
    const hash = reader.take(HASH_BYTES);
    if (!type || records < 1) return refuse('malformed');
    chunks.push({ type, records, hash });
  }
  return reader.done() ? ok(chunks) : refuse('malformed');
}

export function signSubmission(context: Context, head: SubmissionHead, agentSeed: Uint8Array): Uint8Array {
  const message = concat(
    frame(context, head.number),
    head.scopeHash,
    head.listHash,
    prefixed(head.sealedNamesKey),
  );
  return sign('submission', message, agentSeed);
}

export function openSubmission(
  signed: Uint8Array,
  context: Context,
  agentKey: Uint8Array,
): Result<SubmissionHead, SubmissionRefusal> {
  const opened = openSigned('submission', signed, agentKey);
  if (!opened.ok) return opened;
  const reader = new Reader(opened.value);
  const inContext = readFrame(reader, context);
  const number = reader.uint(4);
  const scopeHash = reader.take(HASH_BYTES);
  const listHash = reader.take(HASH_BYTES);
  const sealedNamesKey = reader.prefixed();
  if (!reader.done() || number < 1 || sealedNamesKey.length > MAX_SEALED_KEY_BYTES)
    return refuse('malformed');
  return inContext ? ok({ number, scopeHash, listHash, sealedNamesKey }) : refuse('other_context');
}

/** Packed records of one type and size, strictly ascending by key. */
export interface PackedRecords {
  readonly type: RecordType;
  /** Bytes of one record: key and value. */
  readonly recordBytes: number;
  readonly records: Uint8Array;
}

export function encodeSubmissionChunk(
  context: Context,
  submission: number,
  index: number,
  packed: PackedRecords,
): Uint8Array {
  return concat(
    frame(context, submission),
    uint(index, 2),
    uint(RECORD_TYPES.indexOf(packed.type) + 1, 1),
    uint(packed.recordBytes, 2),
    packed.records,
  );
}

/** The records of the chunk that stands at this index of a submission's list, their sizes and order checked. */
export function openSubmissionChunk(
  bytes: Uint8Array,
  context: Context,
  submission: number,
  listed: SubmissionChunk,
  index: number,
): Result<PackedRecords, SubmissionRefusal> {
  if (bytes.length > MAX_SUBMISSION_CHUNK_BYTES || !equal(sha256(bytes), listed.hash))
    return refuse('other_chunk');
  const reader = new Reader(bytes);
  const inContext = readFrame(reader, context, submission);
  const at = reader.uint(2);
  const type = RECORD_TYPES[reader.uint(1) - 1];
  const recordBytes = reader.uint(2);
  if (reader.failed || !type) return refuse('malformed');
  if (!inContext) return refuse('other_context');
  const keyBytes = RECORD_KEY_BYTES[type];
  const records = reader.take(listed.records * recordBytes);
  if (!VALUE_BYTES[type].includes(recordBytes - keyBytes) || !reader.done()) return refuse('malformed');
  if (at !== index || type !== listed.type) return refuse('other_chunk');
  for (let i = 1; i < listed.records; i++) {
    const previous = records.subarray((i - 1) * recordBytes, (i - 1) * recordBytes + keyBytes);
    const current = records.subarray(i * recordBytes, i * recordBytes + keyBytes);
    if (compare(previous, current) >= 0) return refuse('malformed', 'records are not in ascending order');
  }
  return ok({ type, recordBytes, records });
}

/**
 * Asking the partner to evaluate: a signed request that lists its chunks by hash, the chunks of blinded elements, and
 * the signed evaluations. A chunk holds one kind, so that a budget for one kind buys nothing of another.
 */
import { concat, equal, Reader, tuple, uint, utf8 } from './bytes.ts';
import { HASH_BYTES, sha256 } from './hash.ts';
import { type EvaluatedKind, evaluatedKindOf, kindNumber } from './identifiers/kind.ts';
import { label, messageStart, type PartnershipId, partnershipBytes, type Side } from './ids.ts';
import { ok, type Result, refuse } from './result.ts';
import { openSigned, sign } from './signed.ts';
import { ELEMENT_BYTES, MAX_BATCH, PROOF_BYTES } from './sizes.ts';
import type { Evaluation } from './suite.ts';

/** Elements a chunk: a fraction of a second of work, so that all cores have some. */
export const REQUEST_CHUNK_ELEMENTS = 1024;
export const MAX_REQUEST_CHUNKS = 4096;

/** Where a message belongs: nothing signed for one context is taken in another. */
export interface Context {
  readonly partnership: PartnershipId;
  readonly epoch: number;
  /** The side that the submission, and so the identifiers, belong to. */
  readonly side: Side;
  /** Hash of the epoch record. */
  readonly epochHash: Uint8Array;
}

export interface RequestChunk {
  readonly kind: EvaluatedKind;
  readonly count: number;
  /** SHA-256 of the chunk's bytes. */
  readonly hash: Uint8Array;
}

export interface EvaluationRequest {
  /** Counts from 1 in every epoch and side. */
  readonly number: number;
  readonly chunks: readonly RequestChunk[];
}

/** Elements evaluated for one side so far, by kind: the privacy budget's meter. */
export type EvaluationCounts = ReadonlyMap<EvaluatedKind, number>;

export interface SignedEvaluation {
  readonly request: number;
  readonly index: number;
  readonly kind: EvaluatedKind;
  readonly chunkHash: Uint8Array;
  /** Cumulative over the partnership, this chunk included. */
  readonly counts: EvaluationCounts;
  readonly evaluation: Evaluation;
}

export type EvaluationRefusal = 'malformed' | 'bad_signature' | 'other_context' | 'other_chunk';

/** The bytes every OPRF input starts from (protocol.md, section "Inputs"). */
export function oprfInput(
  context: Omit<Context, 'side' | 'epochHash'>,
  kind: EvaluatedKind,
  value: string,
): Uint8Array {
  return tuple(
    label('input'),
    partnershipBytes(context.partnership),
    uint(context.epoch, 4),
    uint(kindNumber(kind), 1),
    utf8(value),
  );
}

/** One chunk of blinded elements: a frame and 1 to 4,096 elements. */
export function encodeRequestChunk(
  context: Context,
  request: number,
  index: number,
  kind: EvaluatedKind,
  blinded: Uint8Array,
): Uint8Array {
  const count = blinded.length / ELEMENT_BYTES;
  return concat(frame(context, request), uint(index, 2), uint(kindNumber(kind), 1), uint(count, 2), blinded);
}

/** The blinded elements of a chunk that a request lists at this index. */
export function openRequestChunk(
  bytes: Uint8Array,
  context: Context,
  request: EvaluationRequest,
  index: number,
): Result<Uint8Array, EvaluationRefusal> {
  const listed = request.chunks[index];
  if (!listed || !equal(sha256(bytes), listed.hash)) return refuse('other_chunk');
  const reader = new Reader(bytes);
  const inContext = readFrame(reader, context, request.number);
  const at = reader.uint(2);
  const kind = evaluatedKindOf(reader.uint(1));
  const count = reader.uint(2);
  const blinded = reader.take(count * ELEMENT_BYTES);
  if (!reader.done() || !isBatch(count)) return refuse('malformed');
  if (!inContext) return refuse('other_context');
  if (at !== index || kind !== listed.kind || count !== listed.count) return refuse('other_chunk');
  return ok(blinded);
}

export function signRequest(context: Context, request: EvaluationRequest, agentSeed: Uint8Array): Uint8Array {
  const message = concat(
    frame(context, request.number),
    uint(request.chunks.length, 2),
    ...request.chunks.map((chunk) =>
      concat(uint(kindNumber(chunk.kind), 1), uint(chunk.count, 2), chunk.hash),
    ),
  );
  return sign('evaluation request', message, agentSeed);
}

export function openRequest(
  signed: Uint8Array,
  context: Context,
  agentKey: Uint8Array,
): Result<EvaluationRequest, EvaluationRefusal> {
  const opened = openSigned('evaluation request', signed, agentKey);
  if (!opened.ok) return opened;
  const reader = new Reader(opened.value);
  const inContext = readFrame(reader, context);
  const number = reader.uint(4);
  const chunks: RequestChunk[] = [];
  const count = reader.uint(2);
  if (count > MAX_REQUEST_CHUNKS) return refuse('malformed');
  for (let i = 0; i < count && !reader.failed; i++) {
    const kind = evaluatedKindOf(reader.uint(1));
    const elements = reader.uint(2);
    const hash = reader.take(HASH_BYTES);
    if (!kind || !isBatch(elements)) return refuse('malformed');
    chunks.push({ kind, count: elements, hash });
  }
  if (!reader.done() || chunks.length === 0 || number < 1) return refuse('malformed');
  return inContext ? ok({ number, chunks }) : refuse('other_context');
}

/** The evaluator's signed answer to one chunk. The context is the requester's: its side, not the evaluator's. */
export function signEvaluation(
  context: Context,
  answer: SignedEvaluation,
  agentSeed: Uint8Array,
): Uint8Array {
  const message = concat(
    frame(context, answer.request),
    uint(answer.index, 2),
    uint(kindNumber(answer.kind), 1),
    answer.chunkHash,
    encodeCounts(answer.counts),
    uint(answer.evaluation.evaluated.length, 4),
    answer.evaluation.evaluated,
    answer.evaluation.proof,
  );
  return sign('evaluation', message, agentSeed);
}

export function openEvaluation(
  signed: Uint8Array,
  context: Context,
  evaluatorKey: Uint8Array,
): Result<SignedEvaluation, EvaluationRefusal> {
  const opened = openSigned('evaluation', signed, evaluatorKey);
  if (!opened.ok) return opened;
  const reader = new Reader(opened.value);
  const inContext = readFrame(reader, context);
  const request = reader.uint(4);
  const index = reader.uint(2);
  const kind = evaluatedKindOf(reader.uint(1));
  const chunkHash = reader.take(HASH_BYTES);
  const counts = readCounts(reader);
  const evaluated = reader.take(reader.uint(4));
  const proof = reader.take(PROOF_BYTES);
  if (!reader.done() || !kind || !counts || evaluated.length % ELEMENT_BYTES !== 0)
    return refuse('malformed');
  if (!isBatch(evaluated.length / ELEMENT_BYTES)) return refuse('malformed');
  if (!inContext) return refuse('other_context');
  return ok({ request, index, kind, chunkHash, counts, evaluation: { evaluated, proof } });
}

/** The evaluator declines a request, so that the requester does not wait for nothing. */
export type RefusalReason = 'budget_spent' | 'no_scope' | 'invalid_request';
const REFUSAL_REASONS: readonly RefusalReason[] = ['budget_spent', 'no_scope', 'invalid_request'];

export function signRefusal(
  context: Context,
  refusal: { readonly request: number; readonly reason: RefusalReason; readonly counts: EvaluationCounts },
  agentSeed: Uint8Array,
): Uint8Array {
  const message = concat(
    frame(context, refusal.request),
    uint(REFUSAL_REASONS.indexOf(refusal.reason) + 1, 1),
    encodeCounts(refusal.counts),
  );
  return sign('evaluation refusal', message, agentSeed);
}

export function openRefusal(
  signed: Uint8Array,
  context: Context,
  evaluatorKey: Uint8Array,
): Result<
  { readonly request: number; readonly reason: RefusalReason; readonly counts: EvaluationCounts },
  EvaluationRefusal
> {
  const opened = openSigned('evaluation refusal', signed, evaluatorKey);
  if (!opened.ok) return opened;
  const reader = new Reader(opened.value);
  const inContext = readFrame(reader, context);
  const request = reader.uint(4);
  const reason = REFUSAL_REASONS[reader.uint(1) - 1];
  const counts = readCounts(reader);
  if (!reader.done() || !reason || !counts) return refuse('malformed');
  return inContext ? ok({ request, reason, counts }) : refuse('other_context');
}

/** Version, partnership, epoch, side, epoch hash and, where given, a number: the start of every message of an epoch. */
export function frame(context: Context, number?: number): Uint8Array {
  return concat(
    messageStart(context.partnership, context.epoch, context.side),
    context.epochHash,
    number === undefined ? new Uint8Array() : uint(number, 4),
  );
}

/** True when the next bytes are this frame. */
export function readFrame(reader: Reader, context: Context, number?: number): boolean {
  const expected = frame(context, number);
  return equal(reader.take(expected.length), expected);
}

function encodeCounts(counts: EvaluationCounts): Uint8Array {
  const sorted = [...counts].sort(([a], [b]) => kindNumber(a) - kindNumber(b));
  return concat(
    uint(sorted.length, 1),
    ...sorted.map(([kind, count]) => concat(uint(kindNumber(kind), 1), uint(count, 8))),
  );
}

function readCounts(reader: Reader): EvaluationCounts | null {
  const counts = new Map<EvaluatedKind, number>();
  const length = reader.uint(1);
  let last = 0;
  for (let i = 0; i < length && !reader.failed; i++) {
    const number = reader.uint(1);
    const kind = evaluatedKindOf(number);
    if (!kind || number <= last) return null;
    counts.set(kind, reader.uint(8));
    last = number;
  }
  return reader.failed ? null : counts;
}

function isBatch(count: number): boolean {
  return count >= 1 && count <= MAX_BATCH;
}

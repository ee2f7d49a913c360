/** Evaluation requests: the mailbox in which blinded elements wait for the other side's evaluation. */
import { equal } from '../../../protocol/bytes.ts';
import {
  openEvaluation,
  openRefusal,
  openRequest,
  openRequestChunk,
  type RequestChunk,
} from '../../../protocol/evaluation.ts';
import { evaluatedKindOf, kindNumber } from '../../../protocol/identifiers/kind.ts';
import { type Side, sideNumber } from '../../../protocol/ids.ts';
import { ok, type Result, refuse } from '../../../protocol/result.ts';
import { ELEMENT_BYTES } from '../../../protocol/sizes.ts';
import type { ProblemCode } from '../problems.ts';
import { first } from '../storage/partnership.ts';
import { messageContext, type OperationContext, problemOf, sideRow } from './context.ts';

/** Which request: whose, and its number. */
export interface RequestKey {
  readonly side: Side;
  readonly number: number;
}

export interface ChunkKey extends RequestKey {
  readonly index: number;
}

interface RequestRow {
  readonly signed: Uint8Array;
  readonly refusal: Uint8Array | null;
}

interface BodyRow {
  readonly blinded: Uint8Array | null;
  readonly evaluation: Uint8Array | null;
}

/** Opens the caller's next request. */
export function putRequest(
  context: OperationContext,
  input: RequestKey & { readonly request: Uint8Array },
): Result<null, ProblemCode> {
  const { store, caller, parties, limits } = context;
  if (input.side !== caller) return refuse('wrong_side');
  const side = sideNumber(caller);
  const { last_request } = sideRow(store, caller);
  if (input.number <= last_request) {
    const row = requestRow(context, input);
    return row && equal(row.signed, input.request) ? ok(null) : refuse('conflict');
  }
  const inContext = messageContext(context, caller);
  if (!inContext) return refuse('epoch_incomplete');
  const opened = openRequest(input.request, inContext, parties[caller].agentKey);
  if (!opened.ok) return refuse(problemOf(opened.reason));
  if (opened.value.number !== input.number) return refuse('other_context');
  if (first(store, 'select 1 from requests where side = ?', side)) return refuse('unfinished_request');
  const elements = opened.value.chunks.reduce((sum, chunk) => sum + chunk.count, 0);
  if (elements > limits.elements) return refuse('list_too_long', `at most ${limits.elements} elements`);
  store.run(
    'insert into requests (side, number, signed) values (?, ?, ?)',
    side,
    input.number,
    input.request,
  );
  for (const [index, chunk] of opened.value.chunks.entries()) {
    store.run(
      'insert into request_chunks (side, number, idx, kind, elements, hash) values (?, ?, ?, ?, ?, ?)',
      side,
      input.number,
      index,
      kindNumber(chunk.kind),
      chunk.count,
      chunk.hash,
    );
  }
  store.run('update sides set last_request = ? where side = ?', input.number, side);
  return ok(null);
}

/** Takes one chunk of the caller's own request. */
export function putRequestChunk(
  context: OperationContext,
  input: ChunkKey & { readonly bytes: Uint8Array },
): Result<null, ProblemCode> {
  if (input.side !== context.caller) return refuse('wrong_side');
  const inContext = messageContext(context, input.side);
  const listed = listedChunk(context, input);
  const kind = listed && evaluatedKindOf(listed.kind);
  if (!inContext || !kind) return refuse('not_found');
  const chunks: RequestChunk[] = [];
  chunks[input.index] = { kind, count: listed.elements, hash: listed.hash };
  // A chunk is bound to its address by the hash in the signed list, so another body is never a second version.
  const opened = openRequestChunk(input.bytes, inContext, { number: input.number, chunks }, input.index);
  if (!opened.ok) return refuse(problemOf(opened.reason));
  keep(context, input, 'blinded', input.bytes);
  return ok(null);
}

/** Gives a chunk to the evaluator. */
export function getRequestChunk(context: OperationContext, input: ChunkKey): Result<Uint8Array, ProblemCode> {
  if (input.side === context.caller) return refuse('wrong_side');
  const bytes = bodyRow(context, input)?.blinded;
  return bytes ? ok(bytes) : refuse('not_found');
}

/** Takes the evaluator's signed answer to one chunk, and keeps it as its receipt where it counts the most. */
export function putEvaluation(
  context: OperationContext,
  input: ChunkKey & { readonly evaluation: Uint8Array },
): Result<null, ProblemCode> {
  if (input.side === context.caller) return refuse('wrong_side');
  const inContext = messageContext(context, input.side);
  const listed = listedChunk(context, input);
  if (!inContext || !listed) return refuse('not_found');
  const before = bodyRow(context, input)?.evaluation;
  if (before) return equal(before, input.evaluation) ? ok(null) : refuse('conflict');
  const { agentKey } = context.parties[context.caller];
  const opened = openEvaluation(input.evaluation, inContext, agentKey);
  if (!opened.ok) return refuse(problemOf(opened.reason));
  const answer = opened.value;
  if (answer.request !== input.number) return refuse('other_context');
  const isOfChunk =
    answer.index === input.index &&
    kindNumber(answer.kind) === listed.kind &&
    answer.evaluation.evaluated.length === listed.elements * ELEMENT_BYTES &&
    equal(answer.chunkHash, listed.hash);
  if (!isOfChunk) return refuse('other_chunk');
  keep(context, input, 'evaluation', input.evaluation);
  const count = [...answer.counts.values()].reduce((sum, one) => sum + one, 0);
  context.store.run(
    'update sides set receipt = ?, receipt_count = ? where side = ? and receipt_count <= ?',
    input.evaluation,
    count,
    sideNumber(context.caller),
    count,
  );
  return ok(null);
}

/** Gives an evaluation to the requester. */
export function getEvaluation(context: OperationContext, input: ChunkKey): Result<Uint8Array, ProblemCode> {
  if (input.side !== context.caller) return refuse('wrong_side');
  const bytes = bodyRow(context, input)?.evaluation;
  return bytes ? ok(bytes) : refuse('not_found');
}

/** Takes the evaluator's signed refusal of a whole request. */
export function putRefusal(
  context: OperationContext,
  input: RequestKey & { readonly refusal: Uint8Array },
): Result<null, ProblemCode> {
  if (input.side === context.caller) return refuse('wrong_side');
  const inContext = messageContext(context, input.side);
  const row = requestRow(context, input);
  if (!inContext || !row) return refuse('not_found');
  if (row.refusal) return equal(row.refusal, input.refusal) ? ok(null) : refuse('conflict');
  const { agentKey } = context.parties[context.caller];
  const opened = openRefusal(input.refusal, inContext, agentKey);
  if (!opened.ok) return refuse(problemOf(opened.reason));
  if (opened.value.request !== input.number) return refuse('other_context');
  context.store.run(
    'update requests set refusal = ? where side = ? and number = ?',
    input.refusal,
    ...keyOf(input),
  );
  return ok(null);
}

/** The requester is done: the request goes with all its elements. Again changes nothing. */
export function deleteRequest(context: OperationContext, input: RequestKey): Result<null, ProblemCode> {
  if (input.side !== context.caller) return refuse('wrong_side');
  if (input.number > sideRow(context.store, input.side).last_request) return refuse('not_found');
  for (const table of ['request_bodies', 'request_chunks', 'requests']) {
    context.store.run(`delete from ${table} where side = ? and number = ?`, ...keyOf(input));
  }
  return ok(null);
}

/** The caller's own evaluation with the highest counts, so that a restored agent learns where its meter stood. */
export function getReceipt(
  context: OperationContext,
  _input: Record<never, never>,
): Result<{ readonly evaluation: Uint8Array | null }, ProblemCode> {
  const sql = 'select receipt from sides where side = ?';
  const row = first<{ receipt: Uint8Array | null }>(context.store, sql, sideNumber(context.caller));
  return ok({ evaluation: row?.receipt ?? null });
}

interface ListedChunk {
  readonly kind: number;
  readonly elements: number;
  readonly hash: Uint8Array;
}

function requestRow({ store }: OperationContext, key: RequestKey): RequestRow | undefined {
  return first(store, 'select signed, refusal from requests where side = ? and number = ?', ...keyOf(key));
}

function listedChunk({ store }: OperationContext, key: ChunkKey): ListedChunk | undefined {
  const sql = 'select kind, elements, hash from request_chunks where side = ? and number = ? and idx = ?';
  return first(store, sql, ...keyOf(key), key.index);
}

function bodyRow({ store }: OperationContext, key: ChunkKey): BodyRow | undefined {
  const sql = 'select blinded, evaluation from request_bodies where side = ? and number = ? and idx = ?';
  return first(store, sql, ...keyOf(key), key.index);
}

function keep(
  context: OperationContext,
  key: ChunkKey,
  column: 'blinded' | 'evaluation',
  bytes: Uint8Array,
): void {
  context.store.run(
    `insert into request_bodies (side, number, idx, ${column}) values (?, ?, ?, ?)
     on conflict (side, number, idx) do update set ${column} = excluded.${column}`,
    ...keyOf(key),
    key.index,
    bytes,
  );
}

function keyOf(key: RequestKey): [number, number] {
  return [sideNumber(key.side), key.number];
}

/** Submissions: uploaded in chunks under the next number, active in one atomic step once complete and consistent. */
import { equal } from '../../../protocol/bytes.ts';
import { DISTINGUISHING_KINDS, KINDS } from '../../../protocol/identifiers/kind.ts';
import { otherSide, type Side, sideNumber } from '../../../protocol/ids.ts';
import { ok, type Result, refuse } from '../../../protocol/result.ts';
import { FIELDS, grantsAnything } from '../../../protocol/scope.ts';
import {
  openChunkList,
  openSubmission,
  openSubmissionChunk,
  type PackedRecords,
  RECORD_KEY_BYTES,
  RECORD_TYPES,
  type RecordType,
} from '../../../protocol/submission.ts';
import type { ProblemCode } from '../problems.ts';
import { insertPacked } from '../storage/packed.ts';
import { first, type PartnershipStore } from '../storage/partnership.ts';
import { settle } from './clearing.ts';
import { messageContext, type OperationContext, problemOf, sideRow, timeText } from './context.ts';
import { monthAt } from './month.ts';
import { dropPending } from './rows.ts';
import { abandon } from './run.ts';
import { type StoredScope, scopeByHash, scopeInForce } from './versions.ts';

/** What an activation answers: the submission, and the snapshot that it made, if the other side is active too. */
export interface Activation {
  readonly submission: number;
  readonly snapshot: { readonly number: number; readonly atMs: number } | null;
  /** While it is not yet what answers are given from. */
  readonly matching?: true;
}

interface SubmissionRow {
  readonly head: Uint8Array;
  readonly scope_hash: Uint8Array;
  readonly activated: number;
  readonly snapshot: number | null;
}

interface ChunkRow {
  readonly type: number;
  readonly records: number;
  readonly hash: Uint8Array;
  readonly stored: number;
}

/** Opens the caller's next submission; a pending one gives way. */
export function putSubmission(
  context: OperationContext,
  input: { readonly number: number; readonly head: Uint8Array; readonly list: Uint8Array },
): Result<null, ProblemCode> {
  const { store, caller, parties, limits, nowMs } = context;
  const side = sideNumber(caller);
  const { last_submission } = sideRow(store, caller);
  if (input.number <= last_submission) {
    // The head is bound to its list by a hash, so an equal head is an equal submission.
    const row = submissionRow(store, caller, input.number);
    return row && equal(row.head, input.head) ? ok(null) : refuse('conflict');
  }
  const inContext = messageContext(context, caller);
  if (!inContext) return refuse('epoch_incomplete');
  const head = openSubmission(input.head, inContext, parties[caller].agentKey);
  if (!head.ok) return refuse(problemOf(head.reason));
  const list = openChunkList(input.list, head.value);
  if (!list.ok) return refuse(problemOf(list.reason));
  if (head.value.number !== input.number) return refuse('other_context');
  const scope = scopeInForce(store, caller, nowMs);
  if (!scope || !equal(scope.hash, head.value.scopeHash)) return refuse('scope_changed');
  // Of a side that grants nothing no list stays.
  if (!grantsAnything(scope.scope)) return refuse('scope_changed', 'the scope grants nothing');
  const records = list.value.reduce((sum, chunk) => sum + chunk.records, 0);
  if (records > limits.records) return refuse('list_too_long', `at most ${limits.records} records`);
  settle(context);
  dropPending(store, caller, sideRow(store, caller).pending_submission);
  store.run(
    'insert into submissions (side, number, head, scope_hash, activated, put_ms) values (?, ?, ?, ?, 0, ?)',
    side,
    input.number,
    input.head,
    scope.hash,
    nowMs,
  );
  for (const [index, chunk] of list.value.entries()) {
    store.run(
      `insert into submission_chunks (side, number, idx, type, records, hash, stored)
       values (?, ?, ?, ?, ?, ?, 0)`,
      side,
      input.number,
      index,
      RECORD_TYPES.indexOf(chunk.type),
      chunk.records,
      chunk.hash,
    );
  }
  const pointers = 'update sides set pending_submission = ?, last_submission = ? where side = ?';
  store.run(pointers, input.number, input.number, side);
  return ok(null);
}

/** Takes one chunk of the pending submission apart into rows. The same chunk again changes nothing. */
export function putSubmissionChunk(
  context: OperationContext,
  input: { readonly number: number; readonly index: number; readonly bytes: Uint8Array },
): Result<null, ProblemCode> {
  const { store, caller, nowMs } = context;
  const side = sideNumber(caller);
  const inContext = messageContext(context, caller);
  const submission = submissionRow(store, caller, input.number);
  const row = first<ChunkRow>(
    store,
    'select type, records, hash, stored from submission_chunks where side = ? and number = ? and idx = ?',
    side,
    input.number,
    input.index,
  );
  const type = row && RECORD_TYPES[row.type];
  if (!inContext || !submission || !type) return refuse('not_found');
  const listed = { type, records: row.records, hash: row.hash };
  const opened = openSubmissionChunk(input.bytes, inContext, input.number, listed, input.index);
  if (!opened.ok) return refuse(problemOf(opened.reason));
  if (row.stored) return ok(null);
  const scope = scopeInForce(store, caller, nowMs);
  if (!scope || !equal(scope.hash, submission.scope_hash)) return refuse('scope_changed');
  if (!numbersFit(opened.value, scope.scope.populations.length)) return refuse('malformed', 'unknown number');
  const generation = { side, number: input.number };
  const { recordBytes, records } = opened.value;
  if (insertPacked(store, type, generation, recordBytes, records) !== row.records) {
    dropPending(store, caller, input.number);
    return refuse('inconsistent_submission', 'a record stands twice');
  }
  const sql = 'update submission_chunks set stored = 1 where side = ? and number = ? and idx = ?';
  store.run(sql, side, input.number, input.index);
  return ok(null);
}

/**
 * Hands a complete submission to the matching, after which it is the active one. Asked again it answers how that stands;
 * a submission that contradicts itself is refused then.
 */
export function activateSubmission(
  context: OperationContext,
  input: { readonly number: number },
): Result<Activation, ProblemCode> {
  const { store, caller, nowMs } = context;
  const side = sideNumber(caller);
  const { active_submission, pending_submission, matching_submission, ...row } = sideRow(store, caller);
  if (input.number === active_submission) return ok(activationOf(store, caller, input.number));
  if (input.number === matching_submission) {
    return ok({ submission: input.number, snapshot: null, matching: true });
  }
  if (input.number === row.refused_submission) {
    return refuse('inconsistent_submission', row.refusal ?? undefined);
  }
  const submission = submissionRow(store, caller, input.number);
  if (input.number !== pending_submission || !submission) return refuse('not_found');
  const scope = scopeInForce(store, caller, nowMs);
  if (!scope || !equal(scope.hash, submission.scope_hash)) return refuse('scope_changed');
  const missing = missingChunks(store, caller, input.number);
  if (missing.length > 0) return refuse('incomplete', `missing chunks: ${missing.slice(0, 20).join(', ')}`);
  settle(context);
  const again = nextSnapshotMs(context);
  if (again !== null) return refuse('snapshots_spent', timeText(again));
  // A newer list takes the place of one that is still being matched.
  if (matching_submission !== null) abandon(store, caller, matching_submission);
  const pointers = 'update sides set matching_submission = ?, pending_submission = null where side = ?';
  store.run(pointers, input.number, side);
  return ok({ submission: input.number, snapshot: null, matching: true });
}

/**
 * From when on an activation may make a snapshot, where it would make one and the month, in UTC, has had as many as the
 * lower number of the two scopes in force; else null. Counts that are asked again after every small change tell who came.
 */
function nextSnapshotMs({ store, caller, nowMs }: OperationContext): number | null {
  const theirs = otherSide(caller);
  const their = sideRow(store, theirs);
  if (their.active_submission === null && their.matching_submission === null) return null;
  const most = [caller, theirs].map(
    (side) => scopeInForce(store, side, nowMs)?.scope.snapshotsPerMonth ?? Number.POSITIVE_INFINITY,
  );
  const month = monthAt(nowMs);
  const sql = 'select count(*) as made from snapshots where at_ms >= ?';
  // The partner's list that is being matched makes one too, where it meets one of the caller's.
  const coming =
    their.matching_submission !== null && sideRow(store, caller).active_submission !== null ? 1 : 0;
  const made = (first<{ made: number }>(store, sql, month.startMs)?.made ?? 0) + coming;
  return made < Math.min(...most) ? null : month.endMs;
}

/** Indexes of the listed chunks that are not in. */
export function missingChunks(store: PartnershipStore, side: Side, number: number): number[] {
  const sql = 'select idx from submission_chunks where side = ? and number = ? and stored = 0 order by idx';
  return store.all<{ idx: number }>(sql, sideNumber(side), number).map((row) => row.idx);
}

function submissionRow(store: PartnershipStore, side: Side, number: number): SubmissionRow | undefined {
  const sql = 'select head, scope_hash, activated, snapshot from submissions where side = ? and number = ?';
  return first(store, sql, sideNumber(side), number);
}

/**
 * The active submission of a side: its signed head, and the scope that it was made under, which may have ended or be the
 * one in force.
 */
export function activeSubmission(store: PartnershipStore, side: Side, inForce: StoredScope | null) {
  const number = sideRow(store, side).active_submission;
  const row = number === null ? undefined : submissionRow(store, side, number);
  const isInForce = row && inForce && equal(row.scope_hash, inForce.hash);
  const scope = isInForce ? inForce : row && scopeByHash(store, side, row.scope_hash);
  return number !== null && row && scope ? { number, head: row.head, scope } : null;
}

function activationOf(store: PartnershipStore, side: Side, number: number): Activation {
  const row = submissionRow(store, side, number);
  const sql = 'select number, at_ms as atMs from snapshots where number = ?';
  const snapshot = row?.snapshot
    ? first<{ number: number; atMs: number }>(store, sql, row.snapshot)
    : undefined;
  return { submission: number, snapshot: snapshot ?? null };
}

/** True when every population, kind and field that the records name exists. */
function numbersFit(packed: PackedRecords, populations: number): boolean {
  const { type, recordBytes, records } = packed;
  const behind = RECORD_KEY_BYTES[type];
  // Kinds and masks stand behind the key, populations and fields are the key's last byte.
  const bounds: Readonly<
    Record<RecordType, readonly (readonly [at: number, lowest: number, highest: number])[]>
  > = {
    accounts: [
      [behind, 0, 2 ** populations - 1],
      [behind + 1, 0, 2 ** DISTINGUISHING_KINDS.length - 1],
    ],
    tags: [[behind, 1, KINDS.length]],
    boxes: [[behind - 1, 0, populations - 1]],
    wraps: [],
    fields: [[behind - 1, 1, FIELDS.length]],
    names: [[behind - 1, 0, populations - 1]],
  };
  for (const [at, lowest, highest] of bounds[type]) {
    for (let i = at; i < records.length; i += recordBytes) {
      const number = records[i] ?? 0;
      if (number < lowest || number > highest) return false;
    }
  }
  return true;
}

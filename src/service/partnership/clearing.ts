/**
 * What no scope in force stands for goes: at once what a revocation takes, at the next write or in steps what time takes.
 * Sealed rows last as long as the scope that they were sealed under; after its end the list itself stays, unasked, until
 * the end of its retention, so that a renewed scope finds it.
 */
import { equal } from '../../../protocol/bytes.ts';
import { type Side, sideNumber } from '../../../protocol/ids.ts';
import { ok, type Result } from '../../../protocol/result.ts';
import { grantsAnything, isValidAt } from '../../../protocol/scope.ts';
import { RECORD_TYPES, type RecordType } from '../../../protocol/submission.ts';
import type { ProblemCode } from '../problems.ts';
import { first, type PartnershipStore } from '../storage/partnership.ts';
import { begunScope, type OperationContext, type StoredScope, sideRow, versionsOf } from './context.ts';
import { dropGeneration, dropRows } from './rows.ts';
import { forgetShownNames } from './shownnames.ts';
import { dropVault } from './vault.ts';

const BOTH: readonly Side[] = ['founder', 'joiner'];
const SEALED: readonly RecordType[] = ['wraps', 'fields', 'names'];
/** Rows that one step deletes at most. */
const STEP_ROWS = 50_000;
const DAY_MS = 24 * 3600_000;

type Now = Pick<OperationContext, 'store' | 'nowMs'>;

/** Deletes all of it, in the section of the write that calls it. */
export function settle({ store, nowMs }: Now): void {
  forgetShownNames(store, nowMs);
  for (const side of BOTH) {
    const begun = begunScope(store, side, nowMs);
    if (isOver(begun, nowMs)) {
      const { active_submission, pending_submission } = withdraw(store, side);
      for (const number of [active_submission, pending_submission]) {
        if (number !== null) dropGeneration(store, side, number);
      }
      dropVault(store, side, Number.MAX_SAFE_INTEGER);
    } else {
      for (const number of staleGenerations(store, side, begun, nowMs)) {
        dropRows(store, SEALED, side, number, Number.MAX_SAFE_INTEGER);
      }
    }
  }
}

/** One step of the same; says from when on there is more to clear: a time that has passed, one to come, or null. */
export function clear(
  { store, nowMs }: OperationContext,
  _input: Record<never, never>,
): Result<{ readonly dueMs: number | null }, ProblemCode> {
  forgetShownNames(store, nowMs);
  let left = STEP_ROWS;
  const due: number[] = [];
  for (const side of BOTH) {
    const begun = begunScope(store, side, nowMs);
    if (isOver(begun, nowMs)) {
      withdraw(store, side);
      if (left > 0) left -= dropVault(store, side, left);
    }
    for (const number of leavingGenerations(store, side)) {
      if (left > 0) left -= dropRows(store, RECORD_TYPES, side, number, left);
      if (left > 0) dropGeneration(store, side, number);
    }
    for (const number of staleGenerations(store, side, begun, nowMs)) {
      if (left > 0) left -= dropRows(store, SEALED, side, number, left);
    }
    due.push(...timesOf(store, side, begun).filter((ms) => ms > nowMs));
  }
  if (left <= 0) return ok({ dueMs: nowMs });
  return ok({ dueMs: due.length > 0 ? Math.min(...due) : null });
}

/** True where nothing of a side may stay: no scope, one revoked or that grants nothing, or its retention is at its end. */
function isOver(begun: StoredScope | null, nowMs: number): boolean {
  if (!begun || begun.revoked_ms !== null || !grantsAnything(begun.scope)) return true;
  const ends = retentionEndMs(begun);
  return ends !== null && nowMs >= ends;
}

function retentionEndMs({ scope }: StoredScope): number | null {
  return scope.validUntil === null ? null : Date.parse(scope.validUntil) + scope.retentionDays * DAY_MS;
}

/** Takes a side's list out of use, with all pairs, and gives what stood there. */
function withdraw(store: PartnershipStore, side: Side): ReturnType<typeof sideRow> {
  const row = sideRow(store, side);
  if (row.active_submission === null && row.pending_submission === null) return row;
  for (const table of ['matches', 'pairs', 'tallies']) store.run(`delete from ${table}`);
  const pointers = 'update sides set active_submission = null, pending_submission = null where side = ?';
  store.run(pointers, sideNumber(side));
  return row;
}

/** Submissions that are neither active nor pending: a step began to delete them. */
function leavingGenerations(store: PartnershipStore, side: Side): number[] {
  const { active_submission, pending_submission } = sideRow(store, side);
  const sql = 'select number from submissions where side = ? and number is not ? and number is not ?';
  return store
    .all<{ number: number }>(sql, sideNumber(side), active_submission, pending_submission)
    .map(({ number }) => number);
}

/** Submissions in use whose sealed rows were not sealed under the scope in force. */
function staleGenerations(
  store: PartnershipStore,
  side: Side,
  begun: StoredScope | null,
  nowMs: number,
): number[] {
  const { active_submission, pending_submission } = sideRow(store, side);
  return [active_submission, pending_submission].filter((number) => {
    if (number === null) return false;
    const sql = 'select scope_hash from submissions where side = ? and number = ?';
    const row = first<{ scope_hash: Uint8Array }>(store, sql, sideNumber(side), number);
    return !row || !begun || !isValidAt(begun.scope, nowMs) || !equal(row.scope_hash, begun.hash);
  }) as number[];
}

/** When something of a side ends or begins by itself. */
function timesOf(store: PartnershipStore, side: Side, begun: StoredScope | null): number[] {
  const ends = begun?.scope.validUntil ?? null;
  const retained = begun && retentionEndMs(begun);
  const waiting = versionsOf(store, side, (begun?.number ?? 0) + 1)
    .filter((version) => version.accepted_ms !== null)
    .map(({ scope }) => Date.parse(scope.validFrom));
  return [...waiting, ...(ends === null ? [] : [Date.parse(ends)]), ...(retained === null ? [] : [retained])];
}

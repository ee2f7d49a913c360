/**
 * What no scope in force stands for goes: at once what a revocation takes, at the next write or in steps what time takes.
 * Sealed rows last as long as the scope that they were sealed under; after its end the list itself stays, unasked, until
 * the end of its retention, so that a renewed scope finds it.
 */
import { equal } from '../../../protocol/bytes.ts';
import { type Side, sideNumber } from '../../../protocol/ids.ts';
import { grantsAnything, isValidAt } from '../../../protocol/scope.ts';
import type { RecordType } from '../../../protocol/submission.ts';
import { first, type PartnershipStore } from '../storage/partnership.ts';
import { isEnded, type OperationContext, sideRow } from './context.ts';
import { discardRows } from './garbage.ts';
import { dropGeneration, dropPending } from './rows.ts';
import { abandon, nextSnapshot, runOf } from './run.ts';
import { forgetShownNames } from './shownnames.ts';
import { discardShown } from './shownpairs.ts';
import { dropVault, hasVault } from './vault.ts';
import { begunScope, type StoredScope, versionsOf } from './versions.ts';

const BOTH: readonly Side[] = ['founder', 'joiner'];
const SEALED: readonly RecordType[] = ['wraps', 'fields', 'names'];
const DAY_MS = 24 * 3600_000;
/** An upload that nobody went on with for so long is given up. */
const PENDING_MS = 30 * DAY_MS;

type Now = Pick<OperationContext, 'store' | 'nowMs'>;

/** Takes it out of use, in the section of the write that calls it. Its rows are deleted in steps (garbage.ts). */
export function settle({ store, nowMs }: Now): void {
  forgetShownNames(store, nowMs);
  for (const side of BOTH) {
    const begun = begunScope(store, side, nowMs);
    if (isOver(begun, nowMs)) withdraw(store, side);
    for (const number of staleGenerations(store, side, begun, nowMs)) {
      if (hasSealed(store, side, number)) discardSealed(store, side, number);
    }
    const until = pendingUntilMs(store, side);
    if (until !== null && until <= nowMs) dropPending(store, side, sideRow(store, side).pending_submission);
  }
}

/** Gives up what a side sealed in a submission, and what was packed of it, also by a run under way. */
function discardSealed(store: PartnershipStore, side: Side, number: number): void {
  discardRows(store, side, { from: number, to: number }, SEALED);
  const next = nextSnapshot(store);
  if (sideRow(store, side).active_submission === number)
    discardRows(store, side, { from: 0, to: next - 1 }, ['openings']);
  if (runOf(store)?.[side] === number) discardRows(store, side, { from: next, to: next }, ['openings']);
}

/** When there will be something to settle, where nothing else happens: a time that has passed, one to come, or null. */
export function dueMs(store: PartnershipStore, nowMs: number): number | null {
  if (isEnded(store)) return null;
  const due: number[] = [];
  for (const side of BOTH) {
    const begun = begunScope(store, side, nowMs);
    const isLeft = isOver(begun, nowMs) && hasWithdrawable(store, side);
    const stale = staleGenerations(store, side, begun, nowMs);
    if (isLeft || stale.some((number) => hasSealed(store, side, number))) return nowMs;
    const until = pendingUntilMs(store, side);
    due.push(...(until === null ? [] : [until]));
    due.push(...timesOf(store, side, begun).filter((ms) => ms > nowMs));
  }
  return due.length > 0 ? Math.min(...due) : null;
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

/** Takes a side's list and vault out of use, with all pairs: with them goes everything that could be asked of it. */
export function withdraw(store: PartnershipStore, side: Side): void {
  if (!hasWithdrawable(store, side)) return;
  const { active_submission, pending_submission, matching_submission } = sideRow(store, side);
  dropVault(store, side);
  if (active_submission === null && pending_submission === null && matching_submission === null) return;
  for (const number of [active_submission, matching_submission]) {
    if (number !== null) abandon(store, side, number);
  }
  for (const number of [active_submission, pending_submission]) {
    if (number !== null) dropGeneration(store, side, number);
  }
  discardShown(store, { from: 0, to: nextSnapshot(store) - 1 });
  store.run('delete from tallies');
  const pointers = 'update sides set active_submission = null, pending_submission = null where side = ?';
  store.run(pointers, sideNumber(side));
}

/** Submissions of a side that rows are kept of. */
function keptGenerations(store: PartnershipStore, side: Side): number[] {
  const { active_submission, pending_submission, matching_submission } = sideRow(store, side);
  return [active_submission, pending_submission, matching_submission].filter((number) => number !== null);
}

/** True where a side has a list or a vault. */
function hasWithdrawable(store: PartnershipStore, side: Side): boolean {
  return keptGenerations(store, side).length > 0 || hasVault(store, side);
}

function hasSealed(store: PartnershipStore, side: Side, number: number): boolean {
  return SEALED.some((table) =>
    first(
      store,
      `select 1 from ${table} where side = ? and generation = ? limit 1`,
      sideNumber(side),
      number,
    ),
  );
}

/** When the upload of a side is given up, because nobody went on with it. */
function pendingUntilMs(store: PartnershipStore, side: Side): number | null {
  const sql = `select s.put_ms from submissions s join sides d on d.side = s.side and d.pending_submission = s.number
    where s.side = ? and s.put_ms > 0`;
  const row = first<{ put_ms: number }>(store, sql, sideNumber(side));
  return row ? row.put_ms + PENDING_MS : null;
}

/** Submissions in use whose sealed rows were not sealed under the scope in force. */
function staleGenerations(
  store: PartnershipStore,
  side: Side,
  begun: StoredScope | null,
  nowMs: number,
): number[] {
  return keptGenerations(store, side).filter((number) => {
    const sql = 'select scope_hash from submissions where side = ? and number = ?';
    const row = first<{ scope_hash: Uint8Array }>(store, sql, sideNumber(side), number);
    return !row || !begun || !isValidAt(begun.scope, nowMs) || !equal(row.scope_hash, begun.hash);
  });
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

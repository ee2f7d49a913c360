/** The ending: everything that stood between the two goes. What was revealed, and under which scopes, stays readable. */
import { ok, type Result } from '../../../protocol/result.ts';
import type { ProblemCode } from '../problems.ts';
import { isEnded, type OperationContext, sideRow } from './context.ts';
import { discardRows } from './garbage.ts';
import { cancel, nextSnapshot } from './run.ts';
import { discardShown } from './shownpairs.ts';
import { dropVault } from './vault.ts';

/**
 * What goes at once, beside the records and pairs. All that is blinded or derived from it goes; the ledger, its
 * snapshots' times and the scopes it refers to do not.
 */
const DELETED = [
  'submission_chunks',
  'submissions',
  'tiers',
  'tallies',
  'request_bodies',
  'request_chunks',
  'requests',
  'epochs',
  'terms',
  'limits',
  'scope_requests',
  'health',
  'shown_names',
];

/** Deletes the work of both sides for good. Whose ending it is stands in the directory. Again changes nothing. */
export function end(context: OperationContext, _input: Record<never, never>): Result<null, ProblemCode> {
  const { store, nowMs } = context;
  if (isEnded(store)) return ok(null);
  for (const table of DELETED) store.run(`delete from ${table}`);
  cancel(store);
  for (const side of ['founder', 'joiner'] as const) {
    discardRows(store, side, { from: 0, to: sideRow(store, side).last_submission });
    dropVault(store, side);
  }
  discardShown(store, { from: 0, to: nextSnapshot(store) });
  store.run(
    `update sides set active_submission = null, pending_submission = null, matching_submission = null,
       refused_submission = null, refusal = null, receipt = null`,
  );
  store.run('insert into ended (at_ms) values (?)', nowMs);
  return ok(null);
}

/** The ending: everything that stood between the two goes. What was revealed, and under which scopes, stays readable. */
import { ok, type Result } from '../../../protocol/result.ts';
import { RECORD_TYPES } from '../../../protocol/submission.ts';
import type { ProblemCode } from '../problems.ts';
import { first, type PartnershipStore } from '../storage/partnership.ts';
import type { OperationContext } from './context.ts';

/** All that is blinded or derived from it. The ledger, its snapshots' times and the scopes it refers to are not. */
const DELETED = [
  ...RECORD_TYPES,
  'submission_chunks',
  'submissions',
  'matches',
  'pairs',
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
  'vault_rows',
  'vault_names',
  'vault_heads',
];

/** Deletes the work of both sides for good. Whose ending it is stands in the directory. Again changes nothing. */
export function end(context: OperationContext, _input: Record<never, never>): Result<null, ProblemCode> {
  const { store, nowMs } = context;
  if (isEnded(store)) return ok(null);
  for (const table of DELETED) store.run(`delete from ${table}`);
  store.run('update sides set active_submission = null, pending_submission = null, receipt = null');
  store.run('insert into ended (at_ms) values (?)', nowMs);
  return ok(null);
}

export function isEnded(store: PartnershipStore): boolean {
  return first(store, 'select 1 from ended') !== undefined;
}

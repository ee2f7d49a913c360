/** Sharing scopes: numbered, hash-linked versions. A new one takes at once what was sealed under the old. */
import { equal, toHex } from '../../../protocol/bytes.ts';
import { sideNumber } from '../../../protocol/ids.ts';
import { ok, type Result, refuse } from '../../../protocol/result.ts';
import { openScope, populationGrant, type Scope, scopeHash } from '../../../protocol/scope.ts';
import type { ProblemCode } from '../problems.ts';
import { first } from '../storage/partnership.ts';
import { newestScope, type OperationContext, problemOf, sideRow, sides } from './context.ts';
import { dropGeneration } from './rows.ts';

/** Stores the caller's next scope. Deletes its sealed rows; all its rows where nothing is granted any more. */
export function putScope(
  context: OperationContext,
  input: { readonly number: number; readonly scope: Uint8Array },
): Result<null, ProblemCode> {
  const { store, caller, parties, partnership } = context;
  const side = sideNumber(caller);
  const sql = 'select signed from scopes where side = ? and number = ?';
  const same = first<{ signed: Uint8Array }>(store, sql, side, input.number);
  if (same) return equal(same.signed, input.scope) ? ok(null) : refuse('conflict');
  const opened = openScope(input.scope, parties[caller].agentKey);
  if (!opened.ok) return refuse(problemOf(opened.reason));
  const scope = opened.value;
  const last = newestScope(store, caller);
  if (scope.number !== input.number || scope.partnership !== partnership) return refuse('other_context');
  const { mine, theirs } = sides(context);
  if (scope.grantor !== parties[mine].organisation || scope.grantee !== parties[theirs].organisation) {
    return refuse('other_context');
  }
  const behind = last?.number ?? 0;
  if (scope.number <= behind) return refuse('wrong_number');
  // A gap: this service was restored from a backup, and the versions between are lost to it.
  const follows = scope.previous === (last && toHex(last.hash)) || scope.number > behind + 1;
  if (!follows) return refuse('other_context', 'previous scope');
  store.run(
    'insert into scopes (side, number, hash, signed) values (?, ?, ?, ?)',
    side,
    scope.number,
    scopeHash(input.scope),
    input.scope,
  );
  for (const table of ['wraps', 'fields', 'names']) store.run(`delete from ${table} where side = ?`, side);
  if (grantsNothing(scope)) revoke(context);
  return ok(null);
}

function grantsNothing(scope: Scope): boolean {
  return scope.populations.every((population) => {
    const grant = populationGrant(scope, population);
    return grant.level === 'none' && grant.whiteSpace === 'none';
  });
}

/** Revocation: the side's rows and pairs go, and with them everything that could be asked of it. */
function revoke({ store, caller }: OperationContext): void {
  const { active_submission, pending_submission } = sideRow(store, caller);
  for (const number of [active_submission, pending_submission]) {
    if (number !== null) dropGeneration(store, caller, number);
  }
  for (const table of ['matches', 'pairs', 'tallies']) store.run(`delete from ${table}`);
  const pointers = 'update sides set active_submission = null, pending_submission = null where side = ?';
  store.run(pointers, sideNumber(caller));
}

/** Statements about a version of a scope: what they change takes effect in the section in which they are stored. */
import { toHex } from '../../../protocol/bytes.ts';
import { otherSide, type Side, sideNumber } from '../../../protocol/ids.ts';
import { idBytes } from '../../../protocol/member.ts';
import { ok, type Result, refuse } from '../../../protocol/result.ts';
import { openAbout, openPapers } from '../../../protocol/standing.ts';
import { ACTS, type Act, type Statement } from '../../../protocol/statement.ts';
import type { ProblemCode } from '../problems.ts';
import { first } from '../storage/partnership.ts';
import { settle } from './clearing.ts';
import { type OperationContext, problemOf } from './context.ts';
import { standing } from './restored.ts';
import { isCurrent, isShown, previousOf } from './scope.ts';
import { begunScope, type StoredScope, scopeOfNumber } from './versions.ts';

export interface StatementInput {
  /** Whose scope it is about, and which version. */
  readonly side: Side;
  readonly number: number;
  readonly act: Act;
  readonly statement: Uint8Array;
}

/** Who says what: the granting side approves and revokes, the other accepts and, in the end, gives receipts. */
const BY_GRANTOR: Readonly<Record<Act, boolean>> = {
  approve: true,
  revoke: true,
  accept: false,
  seen: false,
  deleted: false,
};

/** What stands of the scopes of that side now, as `standing` has it. */
export interface Stated {
  readonly standing: number;
}

/** Takes a statement. What the same signer has said before changes nothing. */
export function putStatement(context: OperationContext, input: StatementInput): Result<Stated, ProblemCode> {
  const { store, caller, parties, nowMs } = context;
  const { side, number, act } = input;
  const version = scopeOfNumber(store, side, number);
  if (!version || !isShown(context, side, version)) return refuse('not_found');
  if ((side === caller) !== BY_GRANTOR[act]) return refuse('wrong_side');
  const grantee = parties[otherSide(side)];
  const opened = openAbout(input.statement, version.scope, version.hash, parties[side], grantee);
  if (!opened.ok) return refuse(problemOf(opened.reason));
  const statement = opened.value;
  if (statement.act !== act) return refuse('other_context');
  if (isKnown(context, input, statement)) return ok({ standing: standing(store, side) });
  const refusal = refusalOf(context, side, version, statement);
  if (refusal) return refuse(refusal);
  const enough = approves(context, input, version);
  if (!enough.ok) return enough;
  store.run(
    'insert into scope_statements (side, number, act, signer, signed, at_ms) values (?, ?, ?, ?, ?, ?)',
    ...keyOf(input, statement),
    input.statement,
    nowMs,
  );
  const note = (column: 'approved_ms' | 'accepted_ms' | 'revoked_ms') =>
    store.run(
      `update scopes set ${column} = ? where side = ? and number = ? and ${column} is null`,
      nowMs,
      sideNumber(side),
      number,
    );
  if (act === 'accept') note('accepted_ms');
  if (act === 'revoke') note('revoked_ms');
  if (enough.value) note('approved_ms');
  settle(context);
  return ok({ standing: standing(store, side) });
}

/** Whether with this statement the approvals of a version are enough. */
function approves(
  { store, parties, partnership }: OperationContext,
  { side, number, act, statement }: StatementInput,
  { signed }: StoredScope,
): Result<boolean, ProblemCode> {
  if (act !== 'approve') return ok(false);
  const sql = 'select signed from scope_statements where side = ? and number = ? and act = ?';
  const approvals = store.all<{ signed: Uint8Array }>(sql, sideNumber(side), number, actNumber(act));
  const papers = { signed, statements: [...approvals.map((row) => row.signed), statement] };
  const opened = openPapers(papers, partnership, parties[side], parties[otherSide(side)]);
  return opened.ok ? ok(opened.value.approved) : refuse(problemOf(opened.reason));
}

/** Why a statement that is signed as it has to be comes too late, too early, or by somebody who left. */
function refusalOf(
  context: OperationContext,
  side: Side,
  version: StoredScope,
  { act, roster, signer }: Statement,
): ProblemCode | null {
  const { store, parties, caller, nowMs } = context;
  // Whoever holds the agent's key may end it, whether people sign or not: that only ever reveals less.
  if (act === 'revoke')
    return signer === null || isCurrent(parties[caller], roster, signer) ? null : 'old_roster';
  const { scope } = version;
  const hasExpired = scope.validUntil !== null && nowMs >= Date.parse(scope.validUntil);
  const hasEnded = version.revoked_ms !== null || hasExpired;
  if (act === 'seen' || act === 'deleted') {
    const begun = begunScope(store, side, nowMs)?.number ?? 0;
    return hasEnded || begun > version.number ? null : 'scope_stands';
  }
  if (!isCurrent(parties[caller], roster, signer)) return 'old_roster';
  if (hasEnded) return 'scope_ended';
  // Of two versions that were proposed after the same one, the first to be approved takes its place.
  const newest = previousOf(store, side);
  if (version.approved_ms !== null) return newest === toHex(version.hash) ? null : 'scope_changed';
  return newest === scope.previous ? null : 'scope_changed';
}

/** As on the wire. */
function actNumber(act: Act): number {
  return ACTS.indexOf(act) + 1;
}

function isKnown({ store }: OperationContext, input: StatementInput, statement: Statement): boolean {
  const sql = 'select 1 from scope_statements where side = ? and number = ? and act = ? and signer = ?';
  return first(store, sql, ...keyOf(input, statement)) !== undefined;
}

function keyOf(
  { side, number, act }: StatementInput,
  { signer }: Statement,
): [number, number, number, Uint8Array] {
  return [sideNumber(side), number, actNumber(act), signer ? idBytes(signer) : new Uint8Array(16)];
}

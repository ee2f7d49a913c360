/** Versions of sharing scopes: numbered, hash-linked, and shown to the other side once they are approved. */
import { equal, toHex } from '../../../protocol/bytes.ts';
import { type Side, sideNumber } from '../../../protocol/ids.ts';
import { ok, type Result, refuse } from '../../../protocol/result.ts';
import { openPapers, type Papers, rosterNumber } from '../../../protocol/standing.ts';
import type { ProblemCode } from '../problems.ts';
import type { PartnershipStore } from '../storage/partnership.ts';
import { settle } from './clearing.ts';
import {
  type Asker,
  begunScope,
  type OperationContext,
  type Party,
  problemOf,
  type StoredScope,
  scopeOfNumber,
  sides,
  versionsOf,
} from './context.ts';

/** A version with what was said of it. */
export interface VersionView extends Papers {
  readonly number: number;
}

/** Stores the caller's next version: a proposal, which a company of one has approved by signing it. */
export function putScope(
  context: OperationContext,
  input: { readonly number: number; readonly scope: Uint8Array },
): Result<null, ProblemCode> {
  const { store, caller, parties, partnership, nowMs } = context;
  const same = scopeOfNumber(store, caller, input.number);
  if (same) return equal(same.signed, input.scope) ? ok(null) : refuse('conflict');
  const { mine, theirs } = sides(context);
  const papers = { signed: input.scope, statements: [] };
  const opened = openPapers(papers, partnership, parties[mine], parties[theirs]);
  if (!opened.ok) return refuse(problemOf(opened.reason));
  const { scope, hash, approved } = opened.value;
  if (scope.number !== input.number) return refuse('other_context');
  if (!isCurrent(parties[mine], scope.roster)) return refuse('old_roster');
  const [newest] = versionsOf(store, caller);
  if (newest && scope.number <= newest.number) return refuse('wrong_number');
  if (scope.previous !== previousOf(store, caller)) return refuse('other_context', 'previous scope');
  store.run(
    'insert into scopes (side, number, hash, signed, approved_ms) values (?, ?, ?, ?, ?)',
    sideNumber(caller),
    scope.number,
    hash,
    input.scope,
    approved ? nowMs : null,
  );
  settle(context);
  return ok(null);
}

/** True where what is met for the first time may be signed by this roster, or without any by a company of one. */
export function isCurrent(party: Party, roster: number): boolean {
  return roster === rosterNumber(party) && (roster > 0 || party.isSolo);
}

/** What the next version of a side has to name as the one before it: the hash of the newest approved one. */
export function previousOf(store: PartnershipStore, side: Side): string | null {
  const newest = versionsOf(store, side).find(({ approved_ms }) => approved_ms !== null);
  return newest ? toHex(newest.hash) : null;
}

/** All versions with their papers, oldest first: the caller's in every state, the partner's from their approval on. */
export function scopes(
  context: OperationContext,
  _input: Record<never, never>,
): Result<Readonly<Record<Side, readonly VersionView[]>>, ProblemCode> {
  return ok({ founder: shown(context, 'founder'), joiner: shown(context, 'joiner') });
}

/** What stands of a side's scopes: the newest that has begun, and everything after it. */
export function currentScopes(context: OperationContext, side: Side): VersionView[] {
  const begun = begunScope(context.store, side, context.nowMs)?.number ?? 0;
  return shown(context, side).filter(({ number }) => number >= begun);
}

/** Who reads proposals of the own side. Who asks questions, or invites members, has no part in them. */
const READERS: readonly Asker['role'][] = ['agent', 'legal', 'auditor'];

/** True where whoever asks may know that there is this version. */
export function isShown({ caller, asker }: OperationContext, side: Side, version: StoredScope): boolean {
  return version.approved_ms !== null || (side === caller && READERS.includes(asker.role));
}

function shown(context: OperationContext, side: Side): VersionView[] {
  const { store } = context;
  return versionsOf(store, side)
    .filter((version) => isShown(context, side, version))
    .map(({ number, signed }) => ({ number, signed, statements: statementsOf(store, side, number) }))
    .reverse();
}

/** The signed statements about a version. */
function statementsOf(store: PartnershipStore, side: Side, number: number): Uint8Array[] {
  const sql = 'select signed from scope_statements where side = ? and number = ? order by act, signer';
  return store.all<{ signed: Uint8Array }>(sql, sideNumber(side), number).map(({ signed }) => signed);
}

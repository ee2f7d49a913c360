/** Versions of sharing scopes: numbered, hash-linked, and shown to the other side once they are approved. */
import { equal, toHex } from '../../../protocol/bytes.ts';
import { type Side, sideNumber } from '../../../protocol/ids.ts';
import type { MemberId } from '../../../protocol/member.ts';
import { ok, type Result, refuse } from '../../../protocol/result.ts';
import { openPapers, type Papers, rosterNumber } from '../../../protocol/standing.ts';
import type { ProblemCode } from '../problems.ts';
import { first, type PartnershipStore } from '../storage/partnership.ts';
import { settle } from './clearing.ts';
import { type Asker, type OperationContext, type Party, problemOf, sides } from './context.ts';
import { begunScope, type StoredScope, scopeOfNumber, versionsOf } from './versions.ts';

/**
 * Versions of a side above the one that has begun, and their bytes: each is shown with every view, looked at by every
 * question, and stands in the heads of both sides' vaults, which are not read beyond a size.
 */
const MAX_WAITING = 20;
const MAX_WAITING_BYTES = 128 * 1024;
/** How far a number may be above the last: one who drafts alone could else use all of them up. */
const MAX_STEP = 100;

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
  if (!isCurrent(parties[mine], scope.roster, scope.drafter)) return refuse('old_roster');
  const side = sideNumber(caller);
  const newest = first<{ number: number | null }>(
    store,
    'select max(number) as number from scopes where side = ?',
    side,
  );
  const last = newest?.number ?? 0;
  if (scope.number <= last) return refuse('wrong_number');
  if (scope.number > last + MAX_STEP) return refuse('wrong_number', `at most ${last + MAX_STEP}`);
  if (scope.previous !== previousOf(store, caller)) return refuse('other_context', 'previous scope');
  if (!makeRoom(context, input.scope.length)) return refuse('too_many_scopes');
  store.run(
    'insert into scopes (side, number, hash, signed, approved_ms) values (?, ?, ?, ?, ?)',
    side,
    scope.number,
    hash,
    input.scope,
    approved ? nowMs : null,
  );
  settle(context);
  return ok(null);
}

/** Lets the caller's oldest proposals give way where no more versions may wait; false where too many are approved. */
function makeRoom({ store, caller, nowMs }: OperationContext, bytes: number): boolean {
  const side = sideNumber(caller);
  const begun = begunScope(store, caller, nowMs)?.number ?? 0;
  for (;;) {
    const waiting = first<{ n: number; bytes: number | null; oldest: number | null }>(
      store,
      `select count(*) as n, sum(length(signed)) as bytes,
         min(case when approved_ms is null then number end) as oldest
       from scopes where side = ? and number > ?`,
      side,
      begun,
    );
    if (!waiting || waiting.n === 0) return true;
    if (waiting.n < MAX_WAITING && (waiting.bytes ?? 0) + bytes <= MAX_WAITING_BYTES) return true;
    if (waiting.oldest === null) return false;
    for (const table of ['scope_statements', 'scopes'])
      store.run(`delete from ${table} where side = ? and number = ?`, side, waiting.oldest);
  }
}

/**
 * True where what is met for the first time may be signed by this roster, or without any by a company of one. Somebody who
 * was removed is none of its people any more, before the next roster says so too.
 */
export function isCurrent(party: Party, roster: number, signer: MemberId | null): boolean {
  if (signer !== null && party.removed.includes(signer)) return false;
  return roster === rosterNumber(party) && (roster > 0 || party.isSolo);
}

/** What the next version of a side has to name as the one before it: the hash of the newest approved one. */
export function previousOf(store: PartnershipStore, side: Side): string | null {
  const sql =
    'select hash from scopes where side = ? and approved_ms is not null order by number desc limit 1';
  const newest = first<{ hash: Uint8Array }>(store, sql, sideNumber(side));
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
  return shown(context, side, begun);
}

/** Who reads proposals of the own side. Who asks questions, or invites members, has no part in them. */
const READERS: readonly Asker['role'][] = ['agent', 'legal', 'auditor'];

/** True where whoever asks may know that there is this version. */
export function isShown({ caller, asker }: OperationContext, side: Side, version: StoredScope): boolean {
  return version.approved_ms !== null || (side === caller && READERS.includes(asker.role));
}

function shown(context: OperationContext, side: Side, from = 0): VersionView[] {
  const { store } = context;
  return versionsOf(store, side, from)
    .filter((version) => isShown(context, side, version))
    .map(({ number, signed }) => ({ number, signed, statements: statementsOf(store, side, number) }))
    .reverse();
}

/** The signed statements about a version. */
function statementsOf(store: PartnershipStore, side: Side, number: number): Uint8Array[] {
  const sql = 'select signed from scope_statements where side = ? and number = ? order by act, signer';
  return store.all<{ signed: Uint8Array }>(sql, sideNumber(side), number).map(({ signed }) => signed);
}

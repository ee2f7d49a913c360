/** Requests for a scope: people ask the other side's legal for more, with a reason, and get an answer in words. */
import { fromHex, toHex } from '../../../protocol/bytes.ts';
import { otherSide, type Side, sideNumber } from '../../../protocol/ids.ts';
import type { MemberId } from '../../../protocol/member.ts';
import { ok, type Result, refuse } from '../../../protocol/result.ts';
import type { ScopeRule } from '../../../protocol/scope.ts';
import type { ProblemCode } from '../problems.ts';
import { first } from '../storage/partnership.ts';
import type { Asker, OperationContext } from './context.ts';

/** Of one side; the oldest answered one gives way to a new one. */
const MAX_REQUESTS = 200;
/** Of the wished rules as they are stored, in characters: all requests are read at once. */
const MAX_RULES_LENGTH = 16_384;

export interface ScopeRequestInput {
  /** 16 random bytes as hexadecimal. */
  readonly id: string;
  readonly text: string;
  /** What is wished for, as rules of the other side's scope. */
  readonly rules?: readonly ScopeRule[] | undefined;
}

export interface ScopeRequestAnswer {
  readonly id: string;
  readonly answer: 'granted' | 'declined';
  readonly text: string;
}

export interface ScopeRequest {
  readonly id: string;
  readonly from: 'mine' | 'theirs';
  readonly role: Asker['role'];
  /** Who of the own people asked; of the partner's people the role alone is shown. */
  readonly member: MemberId | null;
  readonly atMs: number;
  readonly text: string;
  readonly rules: readonly ScopeRule[] | null;
  readonly answer: (Omit<ScopeRequestAnswer, 'id'> & { readonly atMs: number }) | null;
}

interface RequestRow {
  readonly side: number;
  readonly id: Uint8Array;
  readonly role: Asker['role'];
  readonly member: MemberId | null;
  readonly at_ms: number;
  readonly body: string;
  readonly rules: string | null;
  readonly answer: 'granted' | 'declined' | null;
  readonly answer_body: string | null;
  readonly answered_ms: number | null;
}

/** Keeps a request of the caller's side. The same again changes nothing. */
export function putScopeRequest(
  context: OperationContext,
  { id, text, rules }: ScopeRequestInput,
): Result<null, ProblemCode> {
  const { store, caller, asker, nowMs } = context;
  const side = sideNumber(caller);
  const wished = rules ? JSON.stringify(rules) : null;
  const same = requestOf(context, caller, id);
  if (same) {
    const isSame = same.body === text && same.rules === wished && same.member === asker.member;
    return isSame ? ok(null) : refuse('conflict');
  }
  if (wished && wished.length > MAX_RULES_LENGTH) return refuse('too_large');
  const kept = first<{ n: number }>(store, 'select count(*) as n from scope_requests where side = ?', side);
  if ((kept?.n ?? 0) >= MAX_REQUESTS) {
    const dropped = store.run(
      `delete from scope_requests where side = ? and id =
         (select id from scope_requests where side = ? and answer is not null order by at_ms limit 1)`,
      side,
      side,
    );
    if (dropped === 0) return refuse('too_many_scope_requests');
  }
  store.run(
    'insert into scope_requests (side, id, role, member, at_ms, body, rules) values (?, ?, ?, ?, ?, ?, ?)',
    side,
    idBytes(id),
    asker.role,
    asker.member,
    nowMs,
    text,
    wished,
  );
  return ok(null);
}

/** Keeps the answer to a request of the other side. It is given once; the same again changes nothing. */
export function answerScopeRequest(
  context: OperationContext,
  { id, answer, text }: ScopeRequestAnswer,
): Result<null, ProblemCode> {
  const { store, caller, nowMs } = context;
  const asking = otherSide(caller);
  const row = requestOf(context, asking, id);
  if (!row) return refuse('not_found');
  if (row.answer !== null) {
    return row.answer === answer && row.answer_body === text ? ok(null) : refuse('conflict');
  }
  store.run(
    'update scope_requests set answer = ?, answer_body = ?, answered_ms = ? where side = ? and id = ?',
    answer,
    text,
    nowMs,
    sideNumber(asking),
    idBytes(id),
  );
  return ok(null);
}

/** The requests of both sides, oldest first; to those who only ask, their own. */
export function scopeRequests(
  { store, caller, asker }: OperationContext,
  _input: Record<never, never>,
): Result<readonly ScopeRequest[], ProblemCode> {
  const readsAll = asker.role === 'legal' || asker.role === 'auditor' || asker.role === 'agent';
  const own = sideNumber(caller);
  return ok(
    store
      .all<RequestRow>('select * from scope_requests order by at_ms, side, id')
      .filter((row) => readsAll || (row.side === own && row.member === asker.member))
      .map((row) => ({
        id: toHex(row.id),
        from: row.side === own ? 'mine' : 'theirs',
        role: row.role,
        member: row.side === own ? row.member : null,
        atMs: row.at_ms,
        text: row.body,
        rules: row.rules === null ? null : (JSON.parse(row.rules) as ScopeRule[]),
        answer: answerOf(row),
      })),
  );
}

function answerOf({ answer, answer_body, answered_ms }: RequestRow): ScopeRequest['answer'] {
  if (answer === null || answered_ms === null) return null;
  return { answer, text: answer_body ?? '', atMs: answered_ms };
}

function requestOf({ store }: OperationContext, side: Side, id: string): RequestRow | undefined {
  const sql = 'select * from scope_requests where side = ? and id = ?';
  return first(store, sql, sideNumber(side), idBytes(id));
}

function idBytes(id: string): Uint8Array {
  return fromHex(id) ?? new Uint8Array();
}

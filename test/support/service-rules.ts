/** Rules of scopes, and a row of the overlap, as tests of questions name them. */
import type { Field, Level, Scope, WhiteSpaceLevel } from '../../protocol/scope.ts';
import { ruleOf } from './scopes.ts';

/** A row of the overlap. */
export interface OverlapAnswer {
  readonly mine: string;
  readonly theirs: string;
  readonly tier: string;
  readonly reasons: readonly string[];
  readonly firstSeen: number;
  readonly matches: readonly {
    kind: string;
    tag: string;
    boxes: readonly { population: number }[];
    wrapped: string | null;
  }[];
  readonly fields: Record<string, string>;
}

/** One rule, the same for every viewer role; the partner may be `*`. */
export function rule(
  population: string,
  partner: string,
  level: Level,
  whiteSpace: WhiteSpaceLevel = 'none',
  fields: Field[] = [],
  review = false,
): Scope['rules'][number] {
  return ruleOf(population, partner, { level, whiteSpace, fields, review });
}

export const NOTHING: Scope['rules'] = [rule('customers', '*', 'none')];
export const COUNTS = [rule('customers', '*', 'counts', 'counts')];
export const ACCOUNTS = [rule('customers', '*', 'accounts')];
export const FIELDS = [rule('customers', '*', 'fields', 'none', ['account_name'])];
export const NAMES = [rule('customers', '*', 'accounts', 'names')];

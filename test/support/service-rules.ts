/** Rules of scopes, and a row of the overlap, as tests of questions name them. */
import type { Scope } from '../../protocol/scope.ts';

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

/** One rule; the partner may be `*`. */
export function rule(
  population: string,
  partner: string,
  level: string,
  whiteSpace = 'none',
  fields: string[] = [],
  review = false,
) {
  return {
    population,
    partnerPopulation: partner,
    level,
    whiteSpace,
    fields,
    review,
  } as Scope['rules'][number];
}

export const NOTHING: Scope['rules'] = [rule('customers', '*', 'none')];
export const COUNTS = [rule('customers', '*', 'counts', 'counts')];
export const ACCOUNTS = [rule('customers', '*', 'accounts')];
export const FIELDS = [rule('customers', '*', 'fields', 'none', ['account_name'])];
export const NAMES = [rule('customers', '*', 'accounts', 'names')];

/**
 * The tiers: what it takes for two accounts to be one company, as a public table of rules over the kinds of identifiers
 * that both have. The service applies it to all pairs, the reader to the pairs that it is shown.
 */
import { DISTINGUISHING_KINDS, ID_KINDS, KINDS, type Kind } from './identifiers/kind.ts';

/**
 * `confirmed` pairs are one company and may open fields; `review` pairs may be namesakes, belong together in another
 * way or contradict themselves: a person decides.
 */
export const TIERS = ['confirmed', 'review'] as const;
export type Tier = (typeof TIERS)[number];

/** A domain that more accounts of one side carry says little alone: a group's, a reseller's, a landlord's. */
export const CROWDED = 1;

/** What is known of a pair. */
export interface Evidence {
  /** Kinds of which both accounts have an equal identifier. */
  readonly kinds: readonly Kind[];
  /**
   * Distinguishing kinds that both accounts have and no identifier of which is equal. `domain` is among them only where
   * each of the two accounts has a domain that no other account of its list carries.
   */
  readonly differs: readonly Kind[];
  /** Every domain that is equal is carried by more than `CROWDED` accounts of one side. */
  readonly crowded: boolean;
  /** One of the two accounts stands in another pair that these rules would confirm. */
  readonly oneToMany: boolean;
}

/** Names of the rules: those that confirm, strongest first, then those that lower a pair to review. */
export const TIER_RULES = [
  'id',
  'domain',
  'domain_and_name',
  'name_and_site',
  'name_and_city',
  'name_and_country',
  'ids_differ',
  'countries_differ',
  'domains_differ',
  'one_to_many',
  'domain_of_several',
  'name_alone',
] as const;
export type TierRule = (typeof TIER_RULES)[number];

/** What a pair is, and the rules that made it so. */
export interface Verdict {
  readonly tier: Tier;
  /** Of a confirmed pair every rule that confirms it, strongest first; of one to review first what lowers it. */
  readonly reasons: readonly TierRule[];
}

/** The rules that confirm, each with what it needs; name evidence counts only as far as `named` says. */
const CONFIRMING: readonly (readonly [TierRule, (pair: Evidence) => boolean])[] = [
  ['id', (pair) => ID_KINDS.some((kind) => pair.kinds.includes(kind))],
  ['domain', (pair) => has(pair, 'domain') && !pair.crowded],
  ['domain_and_name', (pair) => has(pair, 'domain') && pair.crowded && named(pair)],
  ['name_and_site', (pair) => named(pair) && has(pair, 'name_site') && !differs(pair, 'name_country')],
  ['name_and_city', (pair) => named(pair) && has(pair, 'name_city') && !differs(pair, 'name_country')],
  ['name_and_country', (pair) => named(pair) && has(pair, 'name_country') && !differs(pair, 'domain')],
];

/** Rules that rest on a name with a place: a list that has the name twice may have it of two companies. */
const PLACES: readonly TierRule[] = ['name_and_city', 'name_and_country'];

/** What a pair with this evidence is; null where it is no pair. */
export function tierOf(pair: Evidence): Verdict | null {
  const confirming = CONFIRMING.flatMap(([rule, holds]) => (holds(pair) ? [rule] : []));
  const lowered = lowering(pair, confirming);
  if (lowered) return { tier: 'review', reasons: [lowered, ...confirming] };
  return confirming.length > 0 ? { tier: 'confirmed', reasons: confirming } : null;
}

/** The rule that makes the pair one to review, if any does. */
function lowering(pair: Evidence, confirming: readonly TierRule[]): TierRule | null {
  if (confirming.length > 0) {
    if (ID_KINDS.some((kind) => differs(pair, kind))) return 'ids_differ';
    return pair.oneToMany && confirming.every((rule) => PLACES.includes(rule)) ? 'one_to_many' : null;
  }
  if (has(pair, 'domain')) return 'domain_of_several';
  if (!named(pair)) return null;
  if (has(pair, 'name_country')) return 'domains_differ';
  return has(pair, 'name_city') || has(pair, 'name_site') ? 'countries_differ' : 'name_alone';
}

/** An equal name counts unless it is the short form of two full names that differ. */
function named(pair: Evidence): boolean {
  return has(pair, 'name') && !differs(pair, 'name_full');
}

/**
 * Whether a reader who verified these kinds can believe the verdict. What differs, what is crowded and other pairs are
 * not for the reader to see; they only ever lower a pair, so none is higher than the kinds alone make it, and none
 * rests on a rule that the kinds do not meet.
 */
export function isPlausible(verdict: Verdict, kinds: readonly Kind[]): boolean {
  const best = [false, true].map((crowded) => tierOf({ kinds, differs: [], crowded, oneToMany: false }));
  const met = new Set(best.flatMap((one) => one?.reasons ?? []));
  const confirming = verdict.reasons.filter((rule) => CONFIRMING.some(([name]) => name === rule));
  if (!confirming.every((rule) => met.has(rule))) return false;
  return verdict.tier === 'confirmed' ? confirming.length > 0 : verdict.reasons.length > 0 && met.size > 0;
}

/**
 * Evidence as one number below 2^19, but for `oneToMany`: bits 0 to 10 the kinds by their numbers on the wire, bits 11
 * to 17 what differs in the order of `DISTINGUISHING_KINDS`, bit 18 a crowded domain.
 */
export function evidenceOf(number: number): Omit<Evidence, 'oneToMany'> {
  const bits = (items: readonly Kind[], from: number) =>
    items.filter((_, index) => number & (1 << (from + index)));
  return {
    kinds: bits(KINDS, 0),
    differs: bits(DISTINGUISHING_KINDS, KINDS.length),
    crowded: (number & (1 << (KINDS.length + DISTINGUISHING_KINDS.length))) !== 0,
  };
}

function has(pair: Evidence, kind: Kind): boolean {
  return pair.kinds.includes(kind);
}

function differs(pair: Evidence, kind: Kind): boolean {
  return pair.differs.includes(kind);
}

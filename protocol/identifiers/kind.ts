/**
 * Kinds that cost one evaluation an identifier and have a VOPRF key in the epoch record, in the order of their numbers
 * on the wire, which start at 1. All forms of a name (current, former, doing business as) are of the kind `name`,
 * because one side's former name is the other side's current one; `registry` is a national register's number behind
 * its country.
 */
export const EVALUATED_KINDS = ['domain', 'name', 'lei', 'vat', 'duns', 'isin', 'registry'] as const;
/** A kind that the partner evaluates. */
export type EvaluatedKind = (typeof EVALUATED_KINDS)[number];

/**
 * Kinds that refine a name both sides have: who holds the name's key derives theirs without asking anyone. Their
 * numbers on the wire follow those of the evaluated kinds. `name_country` holds an ISO 3166 code, `name_city` a folded
 * city, `name_site` the part of the name that the account's own web address confirms, `name_full` the exact name where
 * `name` holds a coarser form.
 */
export const DERIVED_KINDS = ['name_country', 'name_city', 'name_site', 'name_full'] as const;
/** A kind that costs nothing and has no key or budget of its own. */
export type DerivedKind = (typeof DERIVED_KINDS)[number];

/** All kinds in the order of their numbers on the wire, which start at 1. */
export const KINDS = [...EVALUATED_KINDS, ...DERIVED_KINDS] as const;
/** What an identifier is a fact about. */
export type Kind = (typeof KINDS)[number];

/** Kinds that a register gives out: an equal one is the same company. */
export const ID_KINDS = [
  'lei',
  'vat',
  'duns',
  'isin',
  'registry',
] as const satisfies readonly EvaluatedKind[];
/** A kind that a register gives out. */
export type IdKind = (typeof ID_KINDS)[number];

/**
 * Kinds that can confirm a match alone and may open fields: an equal name may be a namesake, and so may an equal name
 * in an equal city.
 */
export const STRONG_KINDS = ['domain', ...ID_KINDS] as const satisfies readonly EvaluatedKind[];

/**
 * Kinds of which an account has one value at a time, or a few that are its own, so that two that differ speak against a
 * match. An ISIN is not among them: a company has one for each of its securities. Their order is that of the bits in an
 * account's record.
 */
export const DISTINGUISHING_KINDS = [
  'domain',
  'lei',
  'vat',
  'duns',
  'registry',
  'name_country',
  'name_full',
] as const satisfies readonly Kind[];

/** A normalised fact about an account that is evaluated; `value` is what enters the protocol, as UTF-8. */
export interface Identifier {
  readonly kind: EvaluatedKind;
  readonly value: string;
}

/** A fact that refines one of the account's names; `value` is what enters the protocol, as UTF-8. */
export interface DerivedIdentifier {
  readonly kind: DerivedKind;
  readonly value: string;
  /** The value of the `name` identifier that it refines. */
  readonly of: string;
}

/** The kind's number on the wire: `domain` 1, `name` 2, and so on in the order of `KINDS`. */
export function kindNumber(kind: Kind): number {
  return KINDS.indexOf(kind) + 1;
}

/** The kind of a number on the wire, or null where the number is not known. */
export function kindOf(number: number): Kind | null {
  return KINDS[number - 1] ?? null;
}

/** The evaluated kind of a number on the wire, or null for a derived or an unknown one. */
export function evaluatedKindOf(number: number): EvaluatedKind | null {
  return EVALUATED_KINDS[number - 1] ?? null;
}

/** True for a kind that can confirm a match alone. */
export function isStrong(kind: Kind): boolean {
  return STRONG_KINDS.some((strong) => strong === kind);
}

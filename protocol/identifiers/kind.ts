/** What an identifier is a fact about. */
export type Kind = 'domain' | 'name';

/** All kinds in the order of their numbers on the wire, which start at 1. */
export const KINDS: readonly Kind[] = ['domain', 'name'];

/** Kinds that confirm a match alone: an equal name may be a namesake, an equal domain is the same company. */
export const STRONG_KINDS: readonly Kind[] = ['domain'];

/** A normalised fact about an account; `value` is what enters the protocol, as UTF-8. */
export interface Identifier {
  readonly kind: Kind;
  readonly value: string;
}

/** The kind's number on the wire: domain 1, name 2. */
export function kindNumber(kind: Kind): number {
  return KINDS.indexOf(kind) + 1;
}

/** The kind of a number on the wire, or null where the number is not known. */
export function kindOf(number: number): Kind | null {
  return KINDS[number - 1] ?? null;
}

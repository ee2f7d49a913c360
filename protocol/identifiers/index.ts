/** Identifiers: what an account's raw fields say, normalised to the same bytes on both sides. */

export {
  type AccountFacts,
  type FieldProblem,
  type Identity,
  identify,
  MAX_DERIVED,
  MAX_IDENTIFIERS,
} from './account.ts';
export type { NumberProblem } from './check-digits.ts';
export { normaliseCountry } from './country.ts';
export { type DomainProblem, normaliseDomain } from './domain.ts';
export { nameForms } from './forms.ts';
export { nameKey } from './key.ts';
export {
  DERIVED_KINDS,
  type DerivedIdentifier,
  type DerivedKind,
  DISTINGUISHING_KINDS,
  EVALUATED_KINDS,
  type EvaluatedKind,
  evaluatedKindOf,
  ID_KINDS,
  type Identifier,
  type IdKind,
  isStrong,
  KINDS,
  type Kind,
  kindNumber,
  kindOf,
  STRONG_KINDS,
} from './kind.ts';
export { type NameProblem, normaliseName } from './name.ts';
export { countryOfRegion, normaliseCity } from './places.ts';
export { NORMALISER_DATA, NORMALISER_VERSION } from './version.ts';

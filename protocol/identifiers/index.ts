/** Identifiers: what an account's raw fields say, normalised to the same bytes on both sides. */

export { type FieldProblem, identify, MAX_IDENTIFIERS } from './account.ts';
export { normaliseCountry } from './country.ts';
export { type DomainProblem, normaliseDomain } from './domain.ts';
export { type Identifier, KINDS, type Kind, kindNumber, kindOf, STRONG_KINDS } from './kind.ts';
export { type NameProblem, normaliseName } from './name.ts';
export { NORMALISER_DATA, NORMALISER_VERSION } from './version.ts';

import { normaliseCountry } from './country.ts';
import { type DomainProblem, normaliseDomain } from './domain.ts';
import type { Identifier } from './kind.ts';
import { type NameProblem, normaliseName } from './name.ts';

/** At most so many identifiers come from one account; what comes later in the order is left out. */
export const MAX_IDENTIFIERS = 8;

/** Stands between a name and its country code; no normalised name contains it. */
const SEPARATOR = '\u001f';

/** Why a field of an account gave no identifier. */
export interface FieldProblem {
  readonly field: 'name' | 'domain' | 'country';
  readonly reason: DomainProblem | NameProblem | 'unknown_country' | 'too_many';
}

/**
 * The identifiers of an account, each once: domains, names, then every name with the country's code where
 * that is known, each in the order given. Texts that give none are told as problems in the order domains,
 * names, country, left out.
 */
export function identify(account: {
  readonly names: readonly string[];
  readonly domains: readonly string[];
  readonly country?: string;
}): { identifiers: Identifier[]; problems: FieldProblem[] } {
  const problems: FieldProblem[] = [];
  const domains = new Set<string>();
  for (const raw of account.domains) {
    const domain = normaliseDomain(raw);
    if (domain.ok) domains.add(domain.value);
    else problems.push({ field: 'domain', reason: domain.reason });
  }
  const names = new Set<string>();
  for (const raw of account.names) {
    const name = normaliseName(raw);
    if (name.ok) names.add(name.value);
    else problems.push({ field: 'name', reason: name.reason });
  }
  const country = account.country === undefined ? null : normaliseCountry(account.country);
  if (country === null && account.country?.trim())
    problems.push({ field: 'country', reason: 'unknown_country' });

  const identifiers: Identifier[] = [...domains].map((value) => ({ kind: 'domain', value }));
  for (const value of names) identifiers.push({ kind: 'name', value });
  if (country !== null) {
    for (const name of names) identifiers.push({ kind: 'name', value: `${name}${SEPARATOR}${country}` });
  }
  for (const { kind } of identifiers.splice(MAX_IDENTIFIERS))
    problems.push({ field: kind, reason: 'too_many' });
  return { identifiers, problems };
}

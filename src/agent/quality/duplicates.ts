/** Which records of one list are the same company, by what they are compared by. */
import type { AccountFacts, Identity } from '../../../protocol/identifiers/account.ts';
import { normaliseDomain } from '../../../protocol/identifiers/domain.ts';
import { identify } from '../../../protocol/identifiers/index.ts';
import { ID_KINDS, type IdKind } from '../../../protocol/identifiers/kind.ts';
import type { Level } from './tuning.ts';

/**
 * Records that have one of these texts in common are one company: an id that a register gave out, or a domain together
 * with a name. At the level `site` the place belongs to both. A record without a name has its domains alone. What a web
 * address says of a name does not count here: "Google Cloud" at google.com is not the record "Google".
 */
export function mergeKeys(facts: AccountFacts, level: Level): string[] {
  const { domains, ids, ...named } = facts;
  const { identifiers, derived } = identify({ ...named, domains: [] });
  const placed = (kind: string) => derived.find((one) => one.kind === kind)?.value ?? '';
  const place = level === 'site' ? [placed('name_city'), placed('name_country')] : [];
  const names = identifiers.length === 0 ? [''] : identifiers.map(({ value }) => value);
  const keys = domains.flatMap((raw) => {
    const domain = normaliseDomain(raw);
    return domain.ok ? names.map((name) => ['domain', domain.value, name, ...place]) : [];
  });
  if (ids !== undefined) {
    const numbers = identify({ ...named, names: [], formerNames: [], domains: [], ids });
    for (const { kind, value } of numbers.identifiers) keys.push([kind, value, ...place]);
  }
  return [...new Set(keys.map((key) => JSON.stringify(key)))];
}

/** True for a key of `mergeKeys` that is an id alone. */
export function isIdKey(key: string): boolean {
  const [kind] = JSON.parse(key) as string[];
  return ID_KINDS.some((known) => known === kind);
}

/** Ids of which a company has one in a country, so that two that differ are two legal entities. */
const SINGLE: readonly IdKind[] = ['lei', 'vat', 'registry'];

/** True where the two have ids of one kind and one country, and none of them in common: two legal entities. */
export function contradict(a: Identity, b: Identity): boolean {
  return SINGLE.some((kind) => {
    const of = ({ identifiers }: Identity) =>
      identifiers.flatMap((one) => (one.kind === kind ? [one.value] : []));
    const theirs = of(b);
    // VAT and registry numbers begin with their country; a company may have one in each.
    const prefix = (value: string) => (kind === 'lei' ? '' : value.slice(0, 2));
    return of(a).some(
      (value) =>
        !theirs.includes(value) &&
        theirs.some((other) => prefix(other) === prefix(value)) &&
        !of(a).some((own) => theirs.includes(own)),
    );
  });
}

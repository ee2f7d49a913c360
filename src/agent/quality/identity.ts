/** From a record of the CRM to the facts that it is compared by. */
import type { AccountFacts } from '../../../protocol/identifiers/account.ts';
import type { AccountRecord } from '../import/accounts.ts';

/** What `identify` is told of a record, whoever asks: sharing, checking, scoring. */
export function identityOf(record: AccountRecord): AccountFacts {
  const { city, state } = record.fields;
  return {
    names: record.names,
    domains: record.domains,
    ...(record.otherNames === undefined ? {} : { formerNames: record.otherNames }),
    ...(record.country === undefined ? {} : { country: record.country }),
    ...(state === undefined ? {} : { region: state }),
    ...(city === undefined ? {} : { city }),
    ...(record.companyIds === undefined ? {} : { ids: record.companyIds }),
  };
}

/**
 * The facts of records that are one company: every name, domain and id of each, in their order; the place is that of the
 * first which has a city or, if none has, a country.
 */
export function mergeFacts(several: readonly AccountFacts[]): AccountFacts {
  const [first] = several;
  if (first === undefined) return { names: [], domains: [] };
  if (several.length === 1) return first;
  const all = (pick: (facts: AccountFacts) => readonly string[] | undefined) => [
    ...new Set(several.flatMap((facts) => pick(facts) ?? [])),
  ];
  const names = all((facts) => facts.names);
  const place = several.find(({ city }) => city) ?? several.find(({ country }) => country) ?? first;
  const { country, region, city } = place;
  const kinds = new Set(several.flatMap(({ ids }) => Object.keys(ids ?? {}) as (keyof typeof ids)[]));
  return {
    names,
    domains: all((facts) => facts.domains),
    formerNames: all((facts) => facts.formerNames).filter((name) => !names.includes(name)),
    ...(country === undefined ? {} : { country }),
    ...(region === undefined ? {} : { region }),
    ...(city === undefined ? {} : { city }),
    ids: Object.fromEntries([...kinds].map((kind) => [kind, all(({ ids }) => ids?.[kind])])),
  };
}

import type { Result } from '../result.ts';
import type { NumberProblem } from './check-digits.ts';
import { normaliseCountry } from './country.ts';
import { type Address, addressOf, type DomainProblem } from './domain.ts';
import { normaliseDuns } from './duns.ts';
import { isAcronym, nameForms } from './forms.ts';
import { normaliseIsin } from './isin.ts';
import { nameKey } from './key.ts';
import {
  type DerivedIdentifier,
  type DerivedKind,
  type EvaluatedKind,
  ID_KINDS,
  type Identifier,
  type IdKind,
} from './kind.ts';
import { normaliseLei } from './lei.ts';
import { type NameProblem, normaliseName, readName } from './name.ts';
import { countryOfRegion, normaliseCity } from './places.ts';
import { normaliseRegistry } from './registry.ts';
import { confirmedRun, SITE_WORDS, siteLabels } from './site.ts';
import { normaliseVat } from './vat.ts';

/** At most so many evaluated identifiers come from one account; what comes later in the order is left out. */
export const MAX_IDENTIFIERS = 8;
/** At most so many derived ones; they cost no evaluation. */
export const MAX_DERIVED = 8;
/** At most so many short names come from web addresses. */
const MAX_SITES = 2;
/** So many domains stand before the names. */
const FIRST_DOMAINS = 3;

const NUMBERS: Readonly<
  Record<IdKind, (raw: string, country: string | null) => Result<string, NumberProblem>>
> = {
  lei: normaliseLei,
  vat: normaliseVat,
  duns: normaliseDuns,
  isin: normaliseIsin,
  registry: normaliseRegistry,
};

/** What is known of an account, as its CRM spells it. */
export interface AccountFacts {
  /** The current name first. */
  readonly names: readonly string[];
  readonly formerNames?: readonly string[];
  /** Domains, web or e-mail addresses. */
  readonly domains: readonly string[];
  /** A name or a code. */
  readonly country?: string;
  /** State or province. */
  readonly region?: string;
  readonly city?: string;
  readonly ids?: Readonly<Partial<Record<IdKind, readonly string[]>>>;
}

/** Why a field of an account gave no identifier. */
export interface FieldProblem {
  readonly field: EvaluatedKind | 'country';
  readonly reason: DomainProblem | NameProblem | NumberProblem | 'unknown_country' | 'too_many';
}

/** What an account is compared by. */
export interface Identity {
  readonly identifiers: Identifier[];
  readonly derived: DerivedIdentifier[];
  readonly problems: FieldProblem[];
}

/** A name as it is compared, and its words as web addresses are made of them. */
interface Form {
  readonly key: string;
  readonly bare: readonly string[];
}

/**
 * The identifiers of an account, each once, and strong ones first: numbers of registers, the first three domains, the
 * current name and the parts of names that an own web address confirms, further domains, other names; derived from the
 * names country and city and that an address confirms them. Texts that give none are told as problems.
 */
export function identify(account: AccountFacts): Identity {
  const problems: FieldProblem[] = [];
  const country = countryOf(account);
  const numbers = numbersOf(account, country, problems);
  const { domains, addresses } = addressesOf(account, problems);
  const forms = formsOf(account, problems);
  const sites = sitesOf(forms, addresses);
  if (country === null && account.country?.trim())
    problems.push({ field: 'country', reason: 'unknown_country' });

  const shorts = new Set(sites.map(({ key }) => key).slice(0, MAX_SITES));
  const [current, ...others] = forms.map(({ key }) => key);
  const named = (kind: EvaluatedKind, values: readonly string[]) => values.map((value) => ({ kind, value }));
  const identifiers = distinct([
    ...numbers,
    ...named('domain', domains.slice(0, FIRST_DOMAINS)),
    ...named('name', current === undefined ? [] : [current, ...shorts]),
    ...named('domain', domains.slice(FIRST_DOMAINS)),
    ...named('name', others),
  ]);
  for (const { kind } of identifiers.splice(MAX_IDENTIFIERS))
    problems.push({ field: kind, reason: 'too_many' });
  return { identifiers, derived: derive(account, country, identifiers, forms, sites), problems };
}

function numbersOf({ ids }: AccountFacts, country: string | null, problems: FieldProblem[]): Identifier[] {
  return ID_KINDS.flatMap((kind) =>
    (ids?.[kind] ?? []).flatMap((raw) => {
      const number = NUMBERS[kind](raw, country);
      if (number.ok) return [{ kind, value: number.value }];
      problems.push({ field: kind, reason: number.reason });
      return [];
    }),
  );
}

function addressesOf(
  account: AccountFacts,
  problems: FieldProblem[],
): { domains: string[]; addresses: Address[] } {
  const addresses: Address[] = [];
  const domains = new Set<string>();
  for (const raw of account.domains) {
    const address = addressOf(raw);
    if (address.ok) addresses.push(address.value);
    if (address.ok && address.value.shared === null) domains.add(address.value.domain);
    else problems.push({ field: 'domain', reason: address.ok ? 'shared_host' : address.reason });
  }
  return { domains: [...domains], addresses };
}

function formsOf({ names, formerNames = [] }: AccountFacts, problems: FieldProblem[]): Form[] {
  const forms: Form[] = [];
  for (const raw of [...names, ...formerNames].flatMap(nameForms)) {
    const name = readName(raw);
    if (name.ok) forms.push({ key: nameKey(name.value.value), bare: name.value.bare });
    else problems.push({ field: 'name', reason: name.reason });
  }
  return forms;
}

function distinct(identifiers: readonly Identifier[]): Identifier[] {
  return [...new Map(identifiers.map((one) => [`${one.kind} ${one.value}`, one])).values()];
}

/** What refines the names among the identifiers. */
function derive(
  { city }: AccountFacts,
  country: string | null,
  identifiers: readonly Identifier[],
  forms: readonly Form[],
  sites: readonly Site[],
): DerivedIdentifier[] {
  const names = new Set(identifiers.flatMap(({ kind, value }) => (kind === 'name' ? [value] : [])));
  const derived = new Map<string, DerivedIdentifier>();
  const refine = (kind: DerivedKind, value: string | null, of: string) => {
    if (value !== null && names.has(of)) derived.set(`${kind} ${of} ${value}`, { kind, value, of });
  };
  // With several names the full one is not known to be the one that the partner has.
  const single = new Set(forms.map(({ key }) => key)).size === 1;
  for (const { key, first, of, telling } of sites) {
    if (telling) refine('name_site', key, key);
    refine('name_site', first, of);
    if (key !== of && single) refine('name_full', of, key);
  }
  const place = city === undefined ? null : normaliseCity(city);
  for (const { key } of forms) {
    refine('name_country', country, key);
    refine('name_city', place, key);
  }
  return [...derived.values()].slice(0, MAX_DERIVED);
}

/** The country as given, else the region's, where it is plain. */
function countryOf({ country, region }: AccountFacts): string | null {
  if (country?.trim()) return normaliseCountry(country);
  return region === undefined ? null : countryOfRegion(region);
}

/** A part of a name that an address confirms. */
interface Site {
  /** The key of the part, a name of its own. */
  readonly key: string;
  /** The key of its first word: what the address and the whole name have in common at least. */
  readonly first: string;
  /** The whole name's key. */
  readonly of: string;
  /** The rest of the name says nothing, so that the part stands for the company: "Acme" of "Acme Group". */
  readonly telling: boolean;
}

/** The parts of the names that the addresses confirm, and initials that are an address. */
function sitesOf(forms: readonly Form[], addresses: readonly Address[]): Site[] {
  const sites: Site[] = [];
  for (const label of addresses.flatMap(siteLabels)) {
    for (const { key: of, bare } of forms) {
      const initials = !label.whole && isAcronym(label.text, bare.join(' '));
      const run = confirmedRun(bare, label) ?? (initials ? [label.text] : null);
      const key = run === null ? null : keyOf(run);
      if (run === null || key === null) continue;
      const telling = initials || label.top || bare.slice(run.length).every((word) => SITE_WORDS.has(word));
      sites.push({ key, first: keyOf(run.slice(0, 1)) ?? key, of, telling });
    }
  }
  return sites;
}

function keyOf(list: readonly string[]): string | null {
  const name = normaliseName(list.join(' '));
  return name.ok ? nameKey(name.value) : null;
}

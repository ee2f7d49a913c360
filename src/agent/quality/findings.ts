/** What can be wrong with an account of the own list, and what is gained by mending it. Pure. */
import type { AccountFacts, Identity } from '../../../protocol/identifiers/account.ts';
import { ID_KINDS, KINDS, type Kind } from '../../../protocol/identifiers/kind.ts';
import { type Tier, type TierRule, tierOf } from '../../../protocol/tier.ts';
import { nameValues } from './tuning.ts';

/** What an account's fields can suffer from, each a bit of `Facts` above those of its kinds. */
export const TROUBLES = [
  'shared_host',
  'free_mail',
  'bad_domain',
  'unknown_country',
  'bad_id',
  'too_many',
] as const;
/** See `TROUBLES`. */
export type Trouble = (typeof TROUBLES)[number];

/** The kinds that an account has, by their numbers on the wire less one, and its troubles, as bits. */
export type Facts = number;

/** What is known of accounts of one sort. */
export interface Sort {
  readonly facts: Facts;
  /** One of its domains stands on at most `CROWDED` own accounts. */
  readonly ownDomain: boolean;
  /** One of its names is no other own account's. */
  readonly ownName: boolean;
}

/** The facts of an identity. */
export function factsOf({ identifiers, derived, problems }: Identity): Facts {
  let facts = 0;
  for (const { kind } of [...identifiers, ...derived]) facts |= 1 << KINDS.indexOf(kind);
  for (const { field, reason } of problems) {
    const trouble = troubleOf(field, reason);
    if (trouble !== null) facts |= 1 << (KINDS.length + TROUBLES.indexOf(trouble));
  }
  return facts;
}

function troubleOf(field: string, reason: string): Trouble | null {
  if (reason === 'too_many') return 'too_many';
  if (field === 'domain') {
    if (reason === 'shared_host' || reason === 'free_mail') return reason;
    return reason === 'empty' ? null : 'bad_domain';
  }
  if (field === 'country') return 'unknown_country';
  return ID_KINDS.some((kind) => kind === field) ? 'bad_id' : null;
}

export function kindsOf(facts: Facts): Kind[] {
  return KINDS.filter((_, bit) => facts & (1 << bit));
}

function suffers(facts: Facts, trouble: Trouble): boolean {
  return (facts & (1 << (KINDS.length + TROUBLES.indexOf(trouble)))) !== 0;
}

/** What a partner that has the same account with the same facts could make of it, at best. */
export function bestOf({ facts, ownDomain, ownName }: Sort): { tier: Tier; by: TierRule } | null {
  const verdict = tierOf({ kinds: kindsOf(facts), differs: [], crowded: !ownDomain, oneToMany: !ownName });
  const [by] = verdict?.reasons ?? [];
  return verdict && by ? { tier: verdict.tier, by } : null;
}

/** What to mend, with the sorts of accounts that it is about and what to tell the person who does it. */
export const FINDINGS: readonly {
  readonly code: string;
  readonly holds: (sort: Sort) => boolean;
  readonly say: string;
}[] = [
  {
    code: 'nothing_usable',
    holds: (sort) => bestOf(sort) === null && !has(sort, 'domain', 'name'),
    say: 'have neither a usable name nor a usable website; nobody can match them: fill in one',
  },
  {
    code: 'website_on_shared_host',
    holds: (sort) => suffers(sort.facts, 'shared_host') && !has(sort, 'domain'),
    say: 'have only a page on a site of many companies (LinkedIn, GitHub, a shop) as website: enter their own',
  },
  {
    code: 'free_mail_as_domain',
    holds: (sort) => suffers(sort.facts, 'free_mail') && !has(sort, 'domain'),
    say: 'have only a free-mail address as domain: enter their website',
  },
  {
    code: 'unreadable_website',
    holds: (sort) => suffers(sort.facts, 'bad_domain') && !has(sort, 'domain'),
    say: 'have a website that is no web address: correct it',
  },
  {
    code: 'crowded_domain',
    holds: (sort) => has(sort, 'domain') && !sort.ownDomain,
    say: 'share their only website with other accounts, so it proves little: enter the one of their own',
  },
  {
    code: 'no_website',
    holds: (sort) =>
      !has(sort, 'domain') &&
      !['shared_host', 'free_mail', 'bad_domain'].some((trouble) =>
        suffers(sort.facts, trouble as Trouble),
      ) &&
      has(sort, 'name'),
    say: 'have a name and no website: enter one, or at least city and country',
  },
  {
    code: 'unknown_country',
    holds: (sort) => suffers(sort.facts, 'unknown_country'),
    say: 'have a country that is not understood: write its name or its two-letter code',
  },
  {
    code: 'wrong_id',
    holds: (sort) => suffers(sort.facts, 'bad_id'),
    say: 'have an id with a typing mistake (its check digit or form is wrong): correct it',
  },
  {
    code: 'too_many_identifiers',
    holds: (sort) => suffers(sort.facts, 'too_many'),
    say: 'have more names and domains than are compared: keep the ones in use',
  },
];

function has({ facts }: Sort, ...kinds: readonly Kind[]): boolean {
  return kindsOf(facts).some((kind) => kinds.includes(kind));
}

/** True where a word of a name, or its initials, stands in the domain, or the domain's label in a name. */
export function fits(domain: string, { names, formerNames = [] }: AccountFacts): boolean {
  const label = (domain.split('.')[0] ?? '').replaceAll('-', '');
  return [...names, ...formerNames].some((name) =>
    [name, ...nameValues(name)].some((form) => {
      const words = form
        .normalize('NFKD')
        .toLowerCase()
        .replace(/[\u0300-\u036f'’.]/g, '')
        .split(/[^\p{L}\p{N}]+/u)
        .filter((word) => word !== '');
      const initials = words.map((word) => word[0]).join('');
      return (
        words.some((word) => word.length >= 3 && label.includes(word)) ||
        (label.length >= 3 && words.join('').includes(label)) ||
        (initials.length >= 2 && (label.startsWith(initials) || initials.startsWith(label)))
      );
    }),
  );
}

/** The domains of the facts that identify the company. */
export function domainsOf({ identifiers }: Identity): string[] {
  return identifiers.flatMap(({ kind, value }) => (kind === 'domain' ? [value] : []));
}

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DISTINGUISHING_KINDS, ID_KINDS, KINDS, type Kind } from '../../protocol/identifiers/kind.ts';
import {
  type Evidence,
  evidenceOf,
  isPlausible,
  TIER_RULES,
  type TierRule,
  tierOf,
  type Verdict,
} from '../../protocol/tier.ts';

type Case = readonly [
  what: string,
  kinds: readonly Kind[],
  more: Partial<Omit<Evidence, 'kinds'>>,
  tier: 'confirmed' | 'review' | null,
  ...reasons: TierRule[],
];

const crowded = { crowded: true };
const oneToMany = { oneToMany: true };

/** Every rule with the case that it is there for, and one that it must not touch. */
const TABLE: readonly Case[] = [
  ['nothing', [], {}, null],
  ...ID_KINDS.map((kind): Case => [`the same ${kind}`, [kind], {}, 'confirmed', 'id']),
  ['the same id, other domains', ['lei'], { differs: ['domain'] }, 'confirmed', 'id'],
  ['the same id in other countries', ['lei'], { differs: ['name_country'] }, 'confirmed', 'id'],
  ['one id the same, another not', ['vat'], { differs: ['lei'] }, 'review', 'ids_differ', 'id'],
  ['the same domain', ['domain'], {}, 'confirmed', 'domain'],
  ['the same domain, other names', ['domain'], { differs: ['name_full'] }, 'confirmed', 'domain'],
  ['the same domain, other countries', ['domain'], { differs: ['name_country'] }, 'confirmed', 'domain'],
  ['the same domain in several pairs', ['domain'], oneToMany, 'confirmed', 'domain'],
  ['the same domain, other LEIs', ['domain'], { differs: ['lei'] }, 'review', 'ids_differ', 'domain'],
  ['a domain of several accounts', ['domain'], crowded, 'review', 'domain_of_several'],
  [
    'a domain of several accounts, with the name',
    ['domain', 'name'],
    crowded,
    'confirmed',
    'domain_and_name',
  ],
  [
    'a domain of several accounts, with the short form of another name',
    ['domain', 'name'],
    { ...crowded, differs: ['name_full'] },
    'review',
    'domain_of_several',
  ],
  [
    'a domain of several accounts, with the name, and other VAT numbers',
    ['domain', 'name'],
    { ...crowded, differs: ['vat'] },
    'review',
    'ids_differ',
    'domain_and_name',
  ],
  ['a domain of several accounts, with an id', ['domain', 'duns'], crowded, 'confirmed', 'id'],
  ['a name alone', ['name'], {}, 'review', 'name_alone'],
  ['a name alone, other domains', ['name'], { differs: ['domain'] }, 'review', 'name_alone'],
  ['the short form of two names', ['name'], { differs: ['name_full'] }, null],
  [
    'the short form of two names in one city',
    ['name', 'name_city', 'name_site', 'name_country'],
    { differs: ['name_full'] },
    null,
  ],
  ['a name in its city', ['name', 'name_city'], {}, 'confirmed', 'name_and_city'],
  [
    'a name in its city, other domains',
    ['name', 'name_city'],
    { differs: ['domain'] },
    'confirmed',
    'name_and_city',
  ],
  ['a city alone', ['name_city'], {}, null],
  [
    'a name in cities of one name in two countries',
    ['name', 'name_city'],
    { differs: ['name_country'] },
    'review',
    'countries_differ',
  ],
  ['a name in one city twice', ['name', 'name_city'], oneToMany, 'review', 'one_to_many', 'name_and_city'],
  ['a name that both sites confirm', ['name', 'name_site'], {}, 'confirmed', 'name_and_site'],
  [
    'a name that both sites confirm, other domains',
    ['name', 'name_site'],
    { differs: ['domain'] },
    'confirmed',
    'name_and_site',
  ],
  ['one company in two rows', ['name', 'name_site'], oneToMany, 'confirmed', 'name_and_site'],
  ['a site alone', ['name_site'], {}, null],
  [
    'a name that both sites confirm, in two countries',
    ['name', 'name_site'],
    { differs: ['name_country'] },
    'review',
    'countries_differ',
  ],
  ['a name in its country', ['name', 'name_country'], {}, 'confirmed', 'name_and_country'],
  ['a country alone', ['name_country'], {}, null],
  [
    'a name in its country, other domains',
    ['name', 'name_country'],
    { differs: ['domain'] },
    'review',
    'domains_differ',
  ],
  [
    'a name in its country twice',
    ['name', 'name_country'],
    oneToMany,
    'review',
    'one_to_many',
    'name_and_country',
  ],
  [
    'a name in its country, other register numbers',
    ['name', 'name_country'],
    { differs: ['registry'] },
    'review',
    'ids_differ',
    'name_and_country',
  ],
  [
    'everything the same, in several pairs',
    [...KINDS],
    oneToMany,
    'confirmed',
    'id',
    'domain',
    'name_and_site',
    'name_and_city',
    'name_and_country',
  ],
];

const verdict = (kinds: readonly Kind[], more: Partial<Evidence>): Verdict | null =>
  tierOf({ kinds, differs: [], crowded: false, oneToMany: false, ...more });

describe('the table of rules', () => {
  const cases = TABLE.map(([what, kinds, more, tier, ...reasons]) => ({ what, kinds, more, tier, reasons }));
  test.each(cases)('$what', ({ kinds, more, tier, reasons }) => {
    expect(verdict(kinds, more)).toEqual(tier && { tier, reasons });
  });

  test('has a case for every rule', () => {
    const seen = new Set(cases.flatMap(({ reasons }) => reasons));
    expect([...seen].sort()).toEqual([...TIER_RULES].sort());
  });
});

const kinds = fc.subarray([...KINDS]);
const evidence: fc.Arbitrary<Evidence> = fc
  .record({
    kinds,
    differs: fc.subarray<Kind>([...DISTINGUISHING_KINDS]),
    crowded: fc.boolean(),
    oneToMany: fc.boolean(),
  })
  .map((one) => ({ ...one, differs: one.differs.filter((kind) => !one.kinds.includes(kind)) }));
const RANK = { confirmed: 2, review: 1, none: 0 };
const rank = (pair: Evidence) => RANK[tierOf(pair)?.tier ?? 'none'];

describe('properties', () => {
  test('what differs, is crowded or stands in other pairs only ever lowers', () => {
    fc.assert(
      fc.property(evidence, (pair) => {
        expect(rank(pair)).toBeLessThanOrEqual(rank({ ...pair, differs: [] }));
        expect(rank(pair)).toBeLessThanOrEqual(rank({ ...pair, oneToMany: false }));
        expect(rank({ ...pair, crowded: true })).toBeLessThanOrEqual(rank({ ...pair, crowded: false }));
      }),
    );
  });

  test('a name without other evidence is never confirmed', () => {
    fc.assert(
      fc.property(evidence, (pair) => {
        expect(tierOf({ ...pair, kinds: ['name'] })?.tier).not.toBe('confirmed');
      }),
    );
  });

  test('names are of no weight against two ids that differ', () => {
    fc.assert(
      fc.property(evidence, fc.constantFrom('lei', 'vat', 'duns', 'registry'), (pair, kind: Kind) => {
        const differing = { ...pair, kinds: pair.kinds.filter((one) => one !== kind), differs: [kind] };
        expect(tierOf(differing)?.tier).not.toBe('confirmed');
      }),
    );
  });

  test('a reader believes every verdict that the rules make, and none that is higher than its kinds', () => {
    fc.assert(
      fc.property(evidence, kinds, (pair, verified) => {
        const made = tierOf(pair);
        if (!made) return;
        expect(isPlausible(made, pair.kinds)).toBe(true);
        if (
          rank({ ...pair, kinds: verified, differs: [], crowded: false, oneToMany: false }) < RANK[made.tier]
        )
          expect(isPlausible(made, verified)).toBe(false);
      }),
      { numRuns: 1000 },
    );
  });

  test('a reader believes no rule that its kinds do not meet', () => {
    expect(isPlausible({ tier: 'confirmed', reasons: ['id'] }, ['domain'])).toBe(false);
    expect(isPlausible({ tier: 'confirmed', reasons: [] }, ['domain'])).toBe(false);
    expect(isPlausible({ tier: 'review', reasons: [] }, ['domain'])).toBe(false);
    expect(isPlausible({ tier: 'review', reasons: ['ids_differ', 'id'] }, ['name'])).toBe(false);
    expect(isPlausible({ tier: 'confirmed', reasons: ['name_alone'] }, ['name'])).toBe(false);
  });
});

test('evidence as a number', () => {
  expect(evidenceOf(0)).toEqual({ kinds: [], differs: [], crowded: false });
  expect(evidenceOf(2 ** 11 - 1)).toEqual({ kinds: [...KINDS], differs: [], crowded: false });
  expect(evidenceOf(2 ** 18 - 2 ** 11)).toEqual({
    kinds: [],
    differs: [...DISTINGUISHING_KINDS],
    crowded: false,
  });
  expect(evidenceOf(2 ** 18 + 2)).toEqual({ kinds: ['name'], differs: [], crowded: true });
});

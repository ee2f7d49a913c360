import { beforeEach, describe, expect, it } from 'vitest';
import { toHex } from '../../protocol/bytes.ts';
import type { Kind } from '../../protocol/identifiers/kind.ts';
import type { Side } from '../../protocol/ids.ts';
import type { Scope } from '../../protocol/scope.ts';
import { seededRandom } from '../support/random.ts';
import { grantScope, submit, type TestPartnership, testPartnership } from '../support/service-app.ts';
import { makeSignedScope } from '../support/service-parties.ts';
import type { TestAccount } from '../support/service-rows.ts';
import { type OverlapAnswer, rule } from '../support/service-rules.ts';

let world: TestPartnership;
beforeEach(async () => {
  world = await testPartnership('signed');
});

const random = seededRandom('tiers');
type Tags = Readonly<Partial<Record<Kind, string>>>;

/** The same tag for the same kind and text. */
const tagOf = (kind: string, text: string) => seededRandom(`${kind} ${text}`)(16);

/** An account with one tag a kind; a text stands for the identifier. */
function account(tags: Tags, change: Partial<TestAccount> = {}): TestAccount {
  const entries = Object.entries(tags) as [Kind, string][];
  return {
    handle: random(16),
    populations: [0],
    tags: entries.map(([kind, text]) => ({ kind, tag: tagOf(kind, text) })),
    ...change,
  };
}

const ACCOUNTS = [rule('customers', '*', 'accounts')];
const REVIEW = [rule('customers', '*', 'fields', 'none', ['owner'], true)];

const numbers = { founder: 0, joiner: 0 };
const scopes: Partial<Record<Side, Uint8Array>> = {};
beforeEach(() => {
  Object.assign(numbers, { founder: 0, joiner: 0 });
  delete scopes.founder;
  delete scopes.joiner;
});

async function grant(side: Side, rules: Scope['rules'], change: Partial<Scope> = {}): Promise<void> {
  const number = scopes[side] ? 2 : 1;
  const signed = makeSignedScope(world.pair, side, { rules, number, ...change }, scopes[side]);
  expect((await grantScope(world, side, number, signed)).status).toBe(200);
  scopes[side] = signed;
}

/** Both lists under these rules of both sides. */
async function lists(
  founder: readonly TestAccount[],
  joiner: readonly TestAccount[],
  rules: { readonly founder: Scope['rules']; readonly joiner: Scope['rules'] } = {
    founder: REVIEW,
    joiner: REVIEW,
  },
): Promise<void> {
  for (const side of ['founder', 'joiner'] as const) await grant(side, rules[side], { minimumCount: 1 });
  await list('founder', founder);
  await list('joiner', joiner);
}

async function list(side: Side, accounts: readonly TestAccount[]): Promise<void> {
  numbers[side]++;
  const signed = scopes[side] ?? new Uint8Array();
  expect((await submit(world, side, numbers[side], signed, accounts)).status).toBe(200);
}

const ask = async (side: Side, question: string, json: object = {}) =>
  (await world.as(side, 'POST', `/${question}`, { json })).json;
const rowsOf = async (side: Side, json: object = {}) =>
  ((await ask(side, 'overlap', json))?.rows ?? []) as OverlapAnswer[];
const verdicts = async (side: Side = 'founder') =>
  (await rowsOf(side)).map(({ tier, reasons }) => [tier, ...reasons].join(' ')).sort();
const cellsOf = async (side: Side) => ((await ask(side, 'matrix'))?.cells ?? []) as Record<string, unknown>[];

describe('the tier of a pair', () => {
  it.each<[string, Tags, Tags, string[]]>([
    ['an equal LEI', { lei: 'a', domain: 'x' }, { lei: 'a', domain: 'y' }, ['confirmed id']],
    ['an equal domain', { domain: 'a' }, { domain: 'a' }, ['confirmed domain']],
    [
      'an equal domain and LEIs that differ',
      { domain: 'a', lei: 'x' },
      { domain: 'a', lei: 'y' },
      ['review ids_differ domain'],
    ],
    ['an ISIN that differs', { domain: 'a', isin: 'x' }, { domain: 'a', isin: 'y' }, ['confirmed domain']],
    ['a name alone', { name: 'a' }, { name: 'a' }, ['review name_alone']],
    [
      'a name and its city',
      { name: 'a', name_city: 'c', domain: 'x' },
      { name: 'a', name_city: 'c', domain: 'y' },
      ['confirmed name_and_city'],
    ],
    [
      'a name and its country, the domains being others',
      { name: 'a', name_country: 'c', domain: 'x' },
      { name: 'a', name_country: 'c', domain: 'y' },
      ['review domains_differ'],
    ],
    [
      'a name and its country, one domain unknown',
      { name: 'a', name_country: 'c' },
      { name: 'a', name_country: 'c', domain: 'y' },
      ['confirmed name_and_country'],
    ],
    ['the short form of two names', { name: 'a', name_full: 'x' }, { name: 'a', name_full: 'y' }, []],
    ['a city without the name', { name_city: 'c' }, { name_city: 'c' }, []],
  ])('%s', async (_, mine, theirs, expected) => {
    await lists([account(mine)], [account(theirs)]);
    expect(await verdicts('founder')).toEqual(expected);
    expect(await verdicts('joiner')).toEqual(expected);
  });

  it('is lower for a domain that several accounts of one side carry, unless the name is equal', async () => {
    const shop = account({ domain: 'group', name: 'shop' });
    await lists(
      [shop, account({ domain: 'group', name: 'bank' })],
      [account({ domain: 'group', name: 'shop' })],
    );
    expect(await verdicts()).toEqual(['confirmed domain_and_name', 'review domain_of_several']);
  });

  it('goes by the best of several domains', async () => {
    const two = (other: string) => [
      { kind: 'domain' as const, tag: tagOf('domain', 'group') },
      { kind: 'domain' as const, tag: tagOf('domain', other) },
    ];
    await lists(
      [account({}, { tags: two('own') }), account({ domain: 'group' })],
      [account({}, { tags: two('own') })],
    );
    expect(await verdicts()).toEqual(['confirmed domain', 'review domain_of_several']);
  });

  it('is to review where one account is confirmed with several by name and place', async () => {
    const place = { name: 'a', name_country: 'c' };
    await lists([account(place)], [account(place), account(place)]);
    expect(await verdicts('founder')).toEqual(Array(2).fill('review one_to_many name_and_country'));
    expect(await verdicts('joiner')).toEqual(Array(2).fill('review one_to_many name_and_country'));
  });

  it('stays where the other pair is only one to review, or rests on more than names', async () => {
    const place = { name: 'a', name_city: 'c' };
    await lists(
      [account(place), account({ name: 'b', name_country: 'd', domain: 'x' })],
      [account(place), account({ name: 'a' }), account({ name: 'b', name_country: 'd', domain: 'x' })],
    );
    expect(await verdicts()).toEqual([
      'confirmed domain name_and_country',
      'confirmed name_and_city',
      'review name_alone',
    ]);
  });

  it('makes a pair new when it changes, and leaves it when it does not', async () => {
    const [mine, theirs] = [account({ name: 'a' }), account({ name: 'a' })];
    await lists([mine], [theirs]);
    await list('founder', [mine]);
    expect((await rowsOf('founder')).map(({ firstSeen }) => firstSeen)).toEqual([1]);
    const tags = [...mine.tags, { kind: 'name_city' as const, tag: tagOf('name_city', 'c') }];
    await list('founder', [{ ...mine, tags }]);
    await list('joiner', [{ ...theirs, tags }]);
    expect((await rowsOf('founder')).map(({ tier, firstSeen }) => [tier, firstSeen])).toEqual([
      ['confirmed', 4],
    ]);
    expect(await rowsOf('founder', { since: 3 })).toHaveLength(1);
    await list('founder', [{ ...mine, tags }]);
    expect((await rowsOf('founder')).map(({ firstSeen }) => firstSeen)).toEqual([4]);
  });
});

describe('pairs to review', () => {
  const withFields = (tags: Tags) => account(tags, { fields: ['owner'] });
  const mine = [account({ domain: 'a' }), account({ domain: 'b', lei: 'x' }), account({ name: 'c' })];
  const theirs = () => [
    withFields({ domain: 'a' }),
    withFields({ domain: 'b', lei: 'y' }),
    withFields({ name: 'c' }),
  ];

  it('never open fields, also where their identifiers would', async () => {
    await lists(mine, theirs());
    const rows = await rowsOf('founder');
    const opened = (row: OverlapAnswer) =>
      [
        row.tier,
        Object.keys(row.fields).length,
        row.matches.filter(({ wrapped }) => wrapped !== null).length,
      ].join(' ');
    expect(rows.map(opened).sort()).toEqual(['confirmed 1 1', 'review 0 0', 'review 0 0']);
  });

  it('are neither shown nor counted without their own grant', async () => {
    await lists(mine, theirs(), { founder: ACCOUNTS, joiner: ACCOUNTS });
    expect(await verdicts()).toEqual(['confirmed domain']);
    const [cell] = await cellsOf('founder');
    expect(cell).toMatchObject({ confirmed: { accounts: 1, pairs: 1, mine: 1, theirs: 1 }, review: null });
  });

  it('take the narrowest rule of a cell', async () => {
    const narrowed = [...REVIEW, rule('customers', 'customers', 'accounts')];
    await lists(mine, theirs(), { founder: REVIEW, joiner: narrowed });
    expect(await verdicts('founder')).toEqual(['confirmed domain']);
    expect(await verdicts('joiner')).toHaveLength(3);
  });

  it('show boxes and populations of the cells that grant them only', async () => {
    const both = { populations: [0, 1] };
    const rules = [rule('customers', '*', 'accounts'), rule('prospects', '*', 'accounts', 'none', [], true)];
    await lists([account({ name: 'c' })], [account({ name: 'c' }, both)], { founder: REVIEW, joiner: rules });
    const rows = await rowsOf('founder');
    expect(rows.map(({ matches }) => matches[0]?.boxes.map((box) => box.population))).toEqual([[1]]);
  });

  it('are counted, rounded down, at the level of counts', async () => {
    const counts = [rule('customers', '*', 'counts', 'none', [], true)];
    const names = ['c', 'd', 'e', 'f', 'g'].map((name) => ({ name }));
    await grant('founder', ACCOUNTS);
    await grant('joiner', counts, { minimumCount: 2 });
    await list(
      'founder',
      names.map((tags) => account(tags)),
    );
    await list(
      'joiner',
      names.map((tags) => account(tags)),
    );
    const [cell] = await cellsOf('founder');
    const none = { pairs: null, mine: null, theirs: null };
    expect(cell).toMatchObject({ confirmed: { accounts: 0, ...none }, review: { accounts: 4, ...none } });
    expect(await rowsOf('founder')).toEqual([]);
  });
});

describe('both sides', () => {
  it('see the same numbers, each named as what it is', async () => {
    const place = { name: 'a', name_site: 's' };
    await lists(
      [
        account(place),
        account({ domain: 'd' }),
        account({ name: 'n' }),
        account({ domain: 'e' }, { populations: [1] }),
      ],
      [
        account(place),
        account(place),
        account({ domain: 'd' }),
        account({ name: 'n' }),
        account({ name: 'n' }),
      ],
    );
    for (const side of ['founder', 'joiner'] as const) {
      const [cell] = await cellsOf(side);
      const isFounder = side === 'founder';
      expect(cell).toMatchObject({
        confirmed: { accounts: 2, pairs: 3, mine: isFounder ? 2 : 3, theirs: isFounder ? 3 : 2 },
        review: { accounts: 1, pairs: 2, mine: isFounder ? 1 : 2, theirs: isFounder ? 2 : 1 },
      });
      const rows = await rowsOf(side);
      const count = (of: (row: OverlapAnswer) => string) =>
        new Set(rows.filter(({ tier }) => tier === 'confirmed').map(of)).size;
      expect([count(({ mine }) => mine), count(({ theirs }) => theirs)]).toEqual(isFounder ? [2, 3] : [3, 2]);
    }
  });

  it('count an account once however many of its pairs are in a cell', async () => {
    const site = { name: 'a', name_site: 's' };
    const in1 = (index: number) => ({ populations: [index] });
    const all = ['customers', 'prospects'].map((name) => rule(name, '*', 'accounts'));
    await lists(
      [account(site, { populations: [0, 1] })],
      [account(site, in1(0)), account(site, in1(1)), account(site, in1(1))],
      { founder: all, joiner: all },
    );
    const cells = await cellsOf('founder');
    const seen = cells.map(({ mine, theirs, confirmed }) => [mine, theirs, confirmed]);
    const counted = (pairs: number) => ({ accounts: 1, pairs, mine: 1, theirs: pairs });
    expect(seen).toEqual([
      ['customers', 'customers', counted(1)],
      ['customers', 'prospects', counted(2)],
      ['prospects', 'customers', counted(1)],
      ['prospects', 'prospects', counted(2)],
    ]);
  });

  it('have white space without what is in a pair of any tier', async () => {
    const names = [rule('customers', '*', 'accounts', 'names')];
    const named = (tags: Tags) => account(tags, { names: [0] });
    const alone = named({ domain: 'alone' });
    await lists(
      [account({ domain: 'a' }), account({ name: 'n' })],
      [named({ domain: 'a' }), named({ name: 'n' }), alone],
      {
        founder: names,
        joiner: names,
      },
    );
    const rows = (await ask('founder', 'whitespace'))?.rows as { handle: string }[];
    expect(rows.map(({ handle }) => handle)).toEqual([toHex(alone.handle)]);
    const [cell] = await cellsOf('founder');
    expect(cell?.whiteSpace).toBe(1);
  });
});

/** Everything that a viewer can ask, in one text: bodies, sizes and codes; the bytes that are random anyway left out. */
async function seenBy(side: Side): Promise<string> {
  const answers = [];
  for (const question of ['matrix', 'overlap', 'whitespace', 'ledger']) {
    for (const json of [{}, { limit: 1 }, { since: 1 }, { mine: ['prospects'] }, { theirs: ['customers'] }]) {
      const { status, code, bytes } = await world.as(side, 'POST', `/${question}`, { json });
      const text = new TextDecoder().decode(bytes);
      answers.push([question, status, code, bytes.length, text.replace(/"[A-Za-z0-9_-]{20,}"/g, '"…"')]);
    }
  }
  return JSON.stringify(answers);
}

describe('two worlds that differ in a hidden pair to review', () => {
  it.each([
    ['accounts', ACCOUNTS],
    ['counts', [rule('customers', '*', 'counts')]],
    ['fields', [rule('customers', '*', 'fields', 'none', ['owner'])]],
  ])('look alike at the level of %s', async (_, rules) => {
    const seen: string[] = [];
    for (const hidden of ['hidden', 'another']) {
      world = await testPartnership('signed');
      Object.assign(numbers, { founder: 0, joiner: 0 });
      delete scopes.founder;
      delete scopes.joiner;
      const mine = ['a', 'b', 'c'].map((domain) => account({ domain }));
      const theirs = ['a', 'b', 'd'].map((domain) => account({ domain }, { fields: ['owner'] }));
      await lists(
        [...mine, account({ name: 'hidden' })],
        [...theirs, account({ name: hidden }, { fields: ['owner'] })],
        { founder: rules, joiner: rules },
      );
      seen.push(await seenBy('founder'), await seenBy('joiner'));
      const pairs = world.service
        .store(world.pair.partnership)
        .all('select 1 from shown_pairs where side = 1');
      expect(pairs).toHaveLength(hidden === 'hidden' ? 3 : 2);
    }
    expect(seen[2]).toBe(seen[0]);
    expect(seen[3]).toBe(seen[1]);
  });
});

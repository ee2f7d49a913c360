import { beforeEach, describe, expect, it } from 'vitest';
import { toBase64url, toHex, utf8 } from '../../protocol/bytes.ts';
import { systemRandom } from '../../protocol/hash.ts';
import type { Side } from '../../protocol/ids.ts';
import type { Scope } from '../../protocol/scope.ts';
import type { PartnershipStore } from '../../src/service/storage/partnership.ts';
import { grantScope, moveTo, submit, type TestPartnership, testPartnership } from '../support/service-app.ts';
import { makeSignedScope } from '../support/service-parties.ts';
import type { TestAccount } from '../support/service-rows.ts';
import {
  ACCOUNTS,
  COUNTS,
  FIELDS,
  NAMES,
  NOTHING,
  type OverlapAnswer,
  rule,
} from '../support/service-rules.ts';

let world: TestPartnership;
beforeEach(async () => {
  world = await testPartnership('signed');
});

const newest: Partial<Record<Side, { signed: Uint8Array; number: number }>> = {};
async function grant(side: Side, rules: Scope['rules'], change: Partial<Scope> = {}): Promise<Uint8Array> {
  const before = change.number === 1 ? undefined : newest[side];
  const number = (before?.number ?? 0) + 1;
  const signed = makeSignedScope(world.pair, side, { rules, ...change, number }, before?.signed);
  expect((await grantScope(world, side, number, signed)).status).toBe(200);
  newest[side] = { signed, number };
  return signed;
}
beforeEach(() => {
  delete newest.founder;
  delete newest.joiner;
});

function account(
  tag: Uint8Array,
  populations: readonly number[],
  change: Partial<TestAccount> = {},
): TestAccount {
  return { handle: systemRandom(16), populations, tags: [{ tag, kind: 'domain' }], ...change };
}

/** Both lists in: `shared` pairs of customers, one of prospects, and `space` customers of the joiner alone. */
async function lists(
  rules: { founder: Scope['rules']; joiner: Scope['rules'] },
  { shared = 3, space = 2, minimumCount = 5, change = {} as Partial<TestAccount> } = {},
) {
  const scopes = {
    founder: await grant('founder', rules.founder, { minimumCount }),
    joiner: await grant('joiner', rules.joiner, { minimumCount }),
  };
  const tags = Array.from({ length: shared }, () => systemRandom(16));
  const prospect = systemRandom(16);
  const founder = [
    ...tags.map((tag) => account(tag, [0])),
    account(prospect, [1]),
    account(systemRandom(16), [0]),
  ];
  const joiner = [
    ...tags.map((tag) => account(tag, [0], { fields: ['account_name', 'owner'], names: [0], ...change })),
    account(prospect, [1]),
    ...Array.from({ length: space }, () => account(systemRandom(16), [0], { names: [0] })),
  ];
  expect((await submit(world, 'founder', 1, scopes.founder, founder)).status).toBe(200);
  // Of a side that grants nothing no list is taken.
  const { code } = await submit(world, 'joiner', 1, scopes.joiner, joiner);
  expect(code).toBe(rules.joiner === NOTHING ? 'scope_changed' : null);
  return { founder, joiner, scopes };
}

const ask = (side: Side, question: string, json: object = {}) =>
  world.as(side, 'POST', `/${question}`, { json });
const rowsOf = async (side: Side, json: object = {}) =>
  (await ask(side, 'overlap', json)).json?.rows as OverlapAnswer[];
const rowsIn = <Entry>(json: Record<string, unknown> | null | undefined) => (json?.rows ?? []) as Entry[];
const ledgerRows = () => world.service.store(world.pair.partnership).all('select * from ledger');
describe('before both lists are in', () => {
  it('there is nothing to answer and nothing to note', async () => {
    const empty = { snapshot: null, head: null, scope: null, cells: [], rows: [], next: null };
    expect((await ask('founder', 'matrix')).json).toEqual({
      snapshot: null,
      populations: { mine: [], theirs: [] },
      cells: [],
    });
    expect((await ask('founder', 'overlap')).json).toEqual({ ...empty, own: null });
    expect((await ask('founder', 'whitespace')).json).toEqual({ ...empty, capped: false, moreFrom: null });
    expect((await ask('founder', 'ledger')).json).toEqual({ entries: [], next: null });
    expect(ledgerRows()).toEqual([]);
  });
});

/** What meets, as level `counts` shows it, and as higher ones do where each account stands in one pair. */
const counts = (accounts: number) => ({ accounts, pairs: null, mine: null, theirs: null });
const pairs = (number: number) => ({ accounts: number, pairs: number, mine: number, theirs: number });

describe('the matrix', () => {
  it('is exact where accounts are granted and rounded down where counts are', async () => {
    await lists({ founder: ACCOUNTS, joiner: COUNTS }, { shared: 13, space: 7 });
    const founder = (await ask('founder', 'matrix')).json;
    expect(founder?.populations).toEqual({ mine: ['customers', 'prospects'], theirs: ['customers'] });
    const counted = {
      theirs: 'customers',
      level: 'counts',
      review: null,
      whiteSpaceLevel: 'counts',
      exact: false,
      whiteSpaceExact: false,
      reasons: [{ code: 'rule', side: 'theirs', scope: 1, rule: 0 }],
    };
    expect(founder?.cells).toEqual([
      { ...counted, mine: 'customers', confirmed: counts(10), whiteSpace: 5 },
      { ...counted, mine: 'prospects', confirmed: counts(0), whiteSpace: 5 },
    ]);
    const joiner = (await ask('joiner', 'matrix')).json;
    const exact = {
      theirs: 'customers',
      level: 'accounts',
      review: null,
      whiteSpaceLevel: 'none',
      exact: true,
      whiteSpaceExact: false,
      reasons: [{ code: 'rule', side: 'theirs', scope: 1, rule: 0 }],
    };
    expect(joiner?.cells).toEqual([
      { ...exact, mine: 'customers', confirmed: pairs(13), whiteSpace: null },
      { ...exact, mine: 'prospects', confirmed: pairs(0), whiteSpace: null },
    ]);
  });

  it('shows 0 below the minimum', async () => {
    await lists({ founder: ACCOUNTS, joiner: COUNTS }, { shared: 4, space: 4 });
    const cells = (await ask('founder', 'matrix')).json?.cells;
    expect(cells).toContainEqual(
      expect.objectContaining({ mine: 'customers', confirmed: counts(0), whiteSpace: 0 }),
    );
  });

  it('names no population of which nothing is granted', async () => {
    await lists({ founder: ACCOUNTS, joiner: NOTHING });
    expect((await ask('founder', 'matrix')).json).toMatchObject({ populations: { theirs: [] }, cells: [] });
    expect(ledgerRows()).toEqual([]);
  });

  it('does not show cells of a population that others of mine are granted', async () => {
    await lists({ founder: ACCOUNTS, joiner: [rule('customers', 'customers', 'accounts')] });
    const cells = (await ask('founder', 'matrix')).json?.cells;
    expect(cells).toEqual([
      expect.objectContaining({ mine: 'customers', confirmed: pairs(3) }),
      expect.objectContaining({
        mine: 'prospects',
        level: 'none',
        confirmed: null,
        review: null,
        whiteSpace: null,
      }),
    ]);
  });
});

describe('the overlap', () => {
  it('has the pairs of granted cells with boxes, in order, with the documents to check them by', async () => {
    const { founder, joiner, scopes } = await lists({ founder: ACCOUNTS, joiner: FIELDS });
    const answer = await ask('founder', 'overlap');
    expect(answer.headers.get('cache-control')).toBe('no-store');
    expect(answer.json).toMatchObject({
      snapshot: { number: 1 },
      scope: toBase64url(scopes.joiner),
      next: null,
    });
    const rows = answer.json?.rows as OverlapAnswer[];
    const expected = [0, 1, 2].map((i) => `${toHex(founder[i]!.handle)} ${toHex(joiner[i]!.handle)}`).sort();
    expect(rows.map((row) => `${row.mine} ${row.theirs}`)).toEqual(expected);
    for (const row of rows) {
      expect(row.firstSeen).toBe(1);
      expect(row.matches).toEqual([
        {
          kind: 'domain',
          tag: expect.any(String),
          boxes: [{ population: 0, box: expect.any(String) }],
          wrapped: expect.any(String),
        },
      ]);
      expect(Object.keys(row.fields)).toEqual(['account_name']);
    }
  });

  it('gives no fields and no keys where accounts are granted', async () => {
    await lists({ founder: ACCOUNTS, joiner: ACCOUNTS });
    for (const row of await rowsOf('founder')) {
      expect([row.fields, row.matches[0]?.wrapped]).toEqual([{}, null]);
    }
  });

  it.each([
    ['counts', COUNTS],
    ['nothing', NOTHING],
    ['another population', [rule('customers', 'prospects', 'fields', 'names', ['owner'])]],
  ])('is empty where %s is granted', async (_, rules) => {
    await lists({ founder: ACCOUNTS, joiner: rules });
    expect(await rowsOf('founder')).toEqual([]);
  });

  it('is empty once the scope has ended', async () => {
    await lists({ founder: ACCOUNTS, joiner: ACCOUNTS });
    await grant('joiner', ACCOUNTS, { validUntil: '2026-01-15T00:00:01Z' });
    expect(await rowsOf('founder')).toHaveLength(3);
    world.service.clock.nowMs += 1000;
    expect(await rowsOf('founder')).toEqual([]);
    expect((await ask('founder', 'matrix')).json?.cells).toEqual([]);
  });

  it('shows boxes only of populations that are granted to the account at hand', async () => {
    await lists({ founder: ACCOUNTS, joiner: ACCOUNTS }, { change: { populations: [0, 1] } });
    for (const row of await rowsOf('founder')) {
      expect(row.matches[0]?.boxes.map((box) => box.population)).toEqual([0]);
    }
  });

  it('can be narrowed to populations; unknown and not granted ones are alike', async () => {
    await lists({ founder: ACCOUNTS, joiner: ACCOUNTS });
    expect(await rowsOf('founder', { mine: ['customers'] })).toHaveLength(3);
    expect(await rowsOf('founder', { mine: ['prospects'] })).toEqual([]);
    const answers = await Promise.all(
      [['prospects'], ['unheard-of'], []].map(
        async (theirs) => (await ask('founder', 'overlap', { theirs })).bytes,
      ),
    );
    expect(answers[1]).toEqual(answers[0]);
    expect(answers[2]).toEqual(answers[0]);
  });

  it('can be asked since a snapshot', async () => {
    const { founder, scopes } = await lists({ founder: ACCOUNTS, joiner: ACCOUNTS });
    const more = account(systemRandom(16), [0]);
    await submit(world, 'founder', 2, scopes.founder, [...founder, more]);
    expect(await rowsOf('founder', { since: 0 })).toHaveLength(3);
    expect(await rowsOf('founder', { since: 1 })).toEqual([]);
    expect((await ask('founder', 'overlap', { snapshot: 2 })).status).toBe(200);
    expect((await ask('founder', 'overlap', { snapshot: 1 })).code).toBe('snapshot_superseded');
  });

  it('comes in pages whose cursors hold for their snapshot, viewer and question', async () => {
    const { founder, scopes } = await lists({ founder: NAMES, joiner: NAMES }, { shared: 7 });
    const seen: OverlapAnswer[] = [];
    let cursor: unknown;
    for (let i = 0; i < 4 && cursor !== null; i++) {
      const { json } = await ask('founder', 'overlap', { limit: 2, ...(cursor ? { cursor } : {}) });
      seen.push(...rowsIn<OverlapAnswer>(json));
      cursor = json?.next;
    }
    expect(seen.map((row) => row.mine)).toEqual((await rowsOf('founder')).map((row) => row.mine));
    expect([seen.length, cursor]).toEqual([7, null]);
    const { json } = await ask('founder', 'overlap', { limit: 2 });
    expect((await ask('joiner', 'overlap', { cursor: json?.next })).code).toBe('invalid_request');
    expect((await ask('founder', 'whitespace', { cursor: json?.next })).code).toBe('invalid_request');
    expect((await ask('founder', 'overlap', { cursor: 'AAAA' })).code).toBe('invalid_request');
    await submit(world, 'founder', 2, scopes.founder, founder);
    expect((await ask('founder', 'overlap', { cursor: json?.next })).code).toBe('snapshot_superseded');
  });

  it('gives a match by a name and its city no fields to guess at', async () => {
    const scopes = { founder: await grant('founder', ACCOUNTS), joiner: await grant('joiner', FIELDS) };
    const tags = (['name', 'name_city'] as const).map((kind) => ({ tag: systemRandom(16), kind }));
    const mine = { handle: systemRandom(16), populations: [0], tags };
    await submit(world, 'founder', 1, scopes.founder, [mine]);
    await submit(world, 'joiner', 1, scopes.joiner, [
      { ...mine, handle: systemRandom(16), fields: ['account_name'] },
    ]);
    const [row] = await rowsOf('founder');
    expect([row?.tier, row?.matches.map(({ kind }) => kind), row?.fields]).toEqual([
      'confirmed',
      ['name', 'name_city'],
      {},
    ]);
  });

  it('goes by the newest scope and by names, whatever their order in it', async () => {
    await lists({ founder: ACCOUNTS, joiner: ACCOUNTS });
    await grant('joiner', [rule('prospects', '*', 'accounts')], { populations: ['prospects', 'customers'] });
    const rows = await rowsOf('founder');
    expect(rows.map((row) => row.matches[0]?.boxes.map((box) => box.population))).toEqual([[1]]);
    await grant('joiner', [rule('renamed', '*', 'fields')], { populations: ['renamed'] });
    expect(await rowsOf('founder')).toEqual([]);
  });
});

describe('white space', () => {
  it('has the unmatched accounts where names are granted with accounts both ways', async () => {
    const { joiner } = await lists({ founder: ACCOUNTS, joiner: NAMES }, { space: 5 });
    const rows = (await ask('founder', 'whitespace', { limit: 3 })).json;
    const rest = (await ask('founder', 'whitespace', { limit: 3, cursor: rows?.next })).json;
    const all = [...rowsIn<{ handle: string }>(rows), ...rowsIn<{ handle: string }>(rest)];
    expect(all.map((row) => row.handle)).toEqual(
      joiner
        .slice(4)
        .map((one) => toHex(one.handle))
        .sort(),
    );
    expect(all[0]).toEqual({
      handle: all[0]?.handle,
      names: [{ population: 0, sealed: expect.any(String) }],
    });
    expect(rest?.next).toBeNull();
    const cells = (await ask('founder', 'matrix')).json?.cells;
    expect(cells).toContainEqual(
      expect.objectContaining({ mine: 'customers', whiteSpace: 5, whiteSpaceExact: true }),
    );
  });

  it.each([
    ['without accounts the other way', COUNTS, NAMES],
    ['where counts are granted', ACCOUNTS, [rule('customers', '*', 'accounts', 'counts')]],
    ['where names stand without accounts', ACCOUNTS, [rule('customers', '*', 'counts', 'names')]],
  ])('has no names %s', async (_, founder, joiner) => {
    await lists({ founder, joiner });
    expect((await ask('founder', 'whitespace')).json).toMatchObject({ rows: [], next: null });
    expect(ledgerRows()).toEqual([]);
  });
});

describe('the ledger', () => {
  it('has an entry for exactly what revealed something', async () => {
    await lists({ founder: ACCOUNTS, joiner: COUNTS });
    await ask('founder', 'overlap');
    await ask('founder', 'whitespace');
    expect(ledgerRows()).toEqual([]);
    await ask('founder', 'matrix');
    await ask('joiner', 'overlap', { theirs: ['prospects'] });
    await ask('joiner', 'overlap', { limit: 2 });
    const cells = [
      { granting: 'customers', viewing: 'customers' },
      { granting: 'customers', viewing: 'prospects' },
    ];
    const asked = { at: expect.any(String), role: 'agent', member: null };
    const entry = { ...asked, cells, scopeNumber: 1, snapshot: 1 };
    expect((await ask('joiner', 'ledger')).json?.entries).toEqual([
      { ...entry, number: 1, viewer: 'theirs', question: 'matrix', rows: null },
      { ...entry, number: 2, viewer: 'mine', question: 'overlap', rows: 2 },
    ]);
    // The joiner grants the founder counts only, so how many rows it got is not for the founder.
    expect((await ask('founder', 'ledger')).json?.entries).toEqual([
      { ...entry, number: 1, viewer: 'mine', question: 'matrix', rows: null },
      { ...entry, number: 2, viewer: 'theirs', question: 'overlap', rows: null },
    ]);
  });

  it('shows how many rows the partner got where the partner grants the accounts', async () => {
    const all = [rule('customers', '*', 'accounts'), rule('prospects', '*', 'accounts')];
    await lists({ founder: all, joiner: all });
    await ask('joiner', 'overlap');
    expect((await ask('founder', 'ledger')).json?.entries).toEqual([
      expect.objectContaining({ viewer: 'theirs', rows: 4 }),
    ]);
  });

  it('has a later question as one of its own, whatever cursor is made up for it', async () => {
    await lists({ founder: ACCOUNTS, joiner: COUNTS }, { shared: 7 });
    await ask('joiner', 'overlap');
    const cursor = toBase64url(utf8(['overlap', 'joiner', 1, 1, '0'.repeat(64)].join(' ')));
    expect((await ask('joiner', 'overlap', { cursor })).json?.rows).toHaveLength(7);
    await moveTo(world, world.service.clock.nowMs + 3600_000);
    expect((await ask('joiner', 'overlap', { cursor })).json?.rows).toHaveLength(7);
    const entries = (await ask('founder', 'ledger')).json?.entries;
    expect(entries).toMatchObject([{ number: 1 }, { number: 2 }]);
  });

  it('does not let the number of pages tell the number of rows', async () => {
    await lists({ founder: ACCOUNTS, joiner: COUNTS }, { shared: 7 });
    const first = await ask('joiner', 'overlap', { limit: 3 });
    const second = await ask('joiner', 'overlap', { limit: 3, cursor: first.json?.next });
    await ask('joiner', 'overlap', { limit: 3, cursor: second.json?.next });
    expect(ledgerRows()).toHaveLength(3);
    const mine = (await ask('joiner', 'ledger')).json?.entries;
    expect(mine).toEqual([expect.objectContaining({ number: 1, rows: 7 })]);
    const theirs = (await ask('founder', 'ledger')).json?.entries;
    expect(theirs).toEqual([expect.objectContaining({ number: 1, rows: null })]);
  });

  it('does not join pages to an entry that is another’s or about other cells', async () => {
    await lists({ founder: ACCOUNTS, joiner: ACCOUNTS }, { shared: 4 });
    const page = await ask('founder', 'overlap', { limit: 2 });
    await ask('founder', 'overlap', { cursor: page.json?.next, mine: ['customers'] });
    expect((await ask('founder', 'ledger')).json?.entries).toHaveLength(2);
  });

  it.each(['matrix', 'overlap', 'whitespace'])(
    'that cannot be written holds back the %s',
    async (question) => {
      await lists({ founder: NAMES, joiner: NAMES });
      const before = await ask('founder', question);
      expect(before.status).toBe(200);
      const failing = (store: PartnershipStore): PartnershipStore => ({
        ...store,
        run(sql, ...parameters) {
          if (sql.includes('into ledger')) throw new Error('the disk is full');
          return store.run(sql, ...parameters);
        },
      });
      world.service.wrap(failing);
      const answer = await ask('founder', question);
      expect([answer.status, answer.code, Object.keys(answer.json ?? {})]).toEqual([
        500,
        'internal',
        ['type', 'title', 'status', 'code'],
      ]);
      expect(ledgerRows()).toHaveLength(1);
    },
  );

  it('comes in pages', async () => {
    await lists({ founder: ACCOUNTS, joiner: ACCOUNTS });
    for (let i = 0; i < 201; i++) await ask('founder', 'matrix');
    const first = (await ask('founder', 'ledger')).json;
    expect(first?.entries).toHaveLength(200);
    const rest = (await ask('founder', 'ledger', { cursor: first?.next })).json;
    expect([rest?.entries, rest?.next]).toEqual([[expect.objectContaining({ number: 201 })], null]);
    expect((await ask('joiner', 'ledger', { cursor: first?.next })).code).toBe('invalid_request');
  });
});

import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { askMatrix, askOverlap, askWhiteSpace, type Capped } from '../../src/agent/answers.ts';
import { grantScope, revokeScope } from '../../src/agent/scopes/granting.ts';
import { syncPartnership } from '../../src/agent/sync/sync.ts';
import { openDatabase } from '../../src/sqlite.ts';
import { collect } from '../support/files.ts';
import {
  EVERYTHING,
  grantBoth,
  importRows,
  type Pair,
  type Row,
  twoOrganisations,
} from '../support/homes.ts';
import { ruleOf } from '../support/scopes.ts';

const A: Row[] = [
  ['a1', 'Siemens AG', 'siemens.com', 'Customer', 'Ann'],
  ['a2', 'Nestlé S.A.', 'nestle.com', 'Prospect', 'Abe'],
  ['a3', 'Only Ours Inc', 'only-ours.com', 'Customer', 'Ann'],
  ['a4', 'Toyota Motor Corporation', '', 'Prospect', 'Abe'],
  ['a5', 'In No Population', 'nowhere-at-all.com', 'Former', 'Ann'],
];
const B: Row[] = [
  ['b1', 'SIEMENS Aktiengesellschaft', 'https://www.siemens.com/de', 'Prospect', 'Bea'],
  ['b2', 'Nestle SA', 'nestle.com', 'Customer', 'Bob'],
  ['b3', 'Only Theirs Ltd', 'only-theirs.com', 'Customer', 'Bea'],
  ['b4', 'TOYOTA MOTOR CORP', 'toyota-global.com', 'Customer', 'Bob'],
  ['b5', 'In No Population', 'nowhere-at-all.com', 'Former', 'Bea'],
];

let pair: Pair | undefined;
afterEach(async () => {
  await pair?.close();
  pair = undefined;
});

async function overlapOf(current: Pair, side: 'a' | 'b') {
  const rows = await collect(askOverlap(current[side], current.partnership(current[side]), {}));
  return rows.sort((x, y) => x.record.localeCompare(y.record));
}

/** What the service holds of a side's list. */
function held({ folder }: Pair, side: number): { accounts: number; names: number } {
  const service = join(folder, 'service');
  const files = readdirSync(service, { recursive: true, encoding: 'utf8' }).filter((path) =>
    path.includes('prt_'),
  );
  const [path] = files.filter((name) => name.endsWith('.db'));
  const database = openDatabase(join(service, path ?? ''));
  const count = (table: string) =>
    database.all<{ n: number }>(`select count(*) as n from ${table} where side = ?`, side)[0]?.n ?? 0;
  const counts = { accounts: count('accounts'), names: count('names') };
  database.close();
  return counts;
}

describe('two organisations on a real service', () => {
  it('find what they have in common, with the granted fields, and nothing else', async () => {
    pair = await twoOrganisations(A, B);
    await grantBoth(pair);
    const [a, b] = await pair.sync();
    expect([a.waiting, b.waiting]).toEqual([null, null]);
    expect([a.submitted, b.submitted]).toEqual([4, 4]);
    const seen = (await overlapOf(pair, 'a')).map((row) => [
      row.record,
      row.theirPopulations,
      row.tier,
      row.matchedBy,
      row.fields,
    ]);
    expect(seen).toEqual([
      [
        'a1',
        ['prospects'],
        'confirmed',
        ['domain', 'name', 'name_site'],
        { account_name: 'SIEMENS Aktiengesellschaft', owner: 'Bea' },
      ],
      [
        'a2',
        ['customers'],
        'confirmed',
        ['domain', 'name', 'name_site'],
        { account_name: 'Nestle SA', owner: 'Bob' },
      ],
      // A name alone is to be reviewed: it shows that two of that name meet, and opens no field.
      ['a4', ['customers'], 'review', ['name'], {}],
    ]);
    expect((await overlapOf(pair, 'b')).map((row) => [row.record, row.fields.owner])).toEqual([
      ['b1', 'Ann'],
      ['b2', 'Abe'],
      ['b4', undefined],
    ]);
    const white = await collect(askWhiteSpace(pair.a, pair.partnership(pair.a), {}));
    expect(white.map((row) => [row.name, row.theirPopulations])).toEqual([
      ['Only Theirs Ltd', ['customers']],
    ]);
    const matrix = await askMatrix(pair.a, pair.partnership(pair.a));
    const cell = (mine: string, theirs: string) =>
      matrix.cells.find((candidate) => candidate.mine === mine && candidate.theirs === theirs);
    expect(cell('customers', 'prospects')?.confirmed?.pairs).toBe(1);
    expect(cell('prospects', 'customers')).toMatchObject({ confirmed: { pairs: 1 }, review: { pairs: 1 } });
    expect(cell('customers', 'customers')).toMatchObject({
      confirmed: { pairs: 0 },
      whiteSpace: 1,
      exact: true,
    });
  });

  it('send nothing when nothing changed, and only new identifiers when something did', async () => {
    pair = await twoOrganisations(A, B);
    await grantBoth(pair);
    await pair.sync();
    const [again] = await pair.sync();
    expect(again).toMatchObject({ requested: 0, evaluated: 0, submitted: null, waiting: null });
    await importRows(pair.a, pair.folder, [
      ...A.slice(1),
      ['a6', 'Only Theirs Limited', 'only-theirs.com', 'Customer'],
    ]);
    const [changed] = await pair.sync();
    expect(changed).toMatchObject({ requested: 2, submitted: 4 });
    expect((await overlapOf(pair, 'a')).map((row) => row.record)).toEqual(['a2', 'a4', 'a6']);
    expect((await overlapOf(pair, 'b')).map((row) => row.record)).toEqual(['b2', 'b3', 'b4']);
  });

  it('keep everything at home that no cell grants', async () => {
    pair = await twoOrganisations(A, B);
    const customersOnly = { ...EVERYTHING, populations: ['customers'], rules: EVERYTHING.rules.slice(0, 1) };
    await grantScope(pair.a, pair.partnership(pair.a), customersOnly);
    await grantScope(pair.b, pair.partnership(pair.b), EVERYTHING);
    const [a] = await pair.sync();
    expect(a.submitted).toBe(2);
    expect((await overlapOf(pair, 'b')).map((row) => row.record)).toEqual(['b1']);
  });

  it('send nothing at all of an account in no shared cell: no element, no handle, no name', async () => {
    pair = await twoOrganisations(A, B);
    // Of these two of A's five are customers; the others are in a population without a cell, or in none.
    const names = ruleOf('customers', '*', { level: 'accounts', whiteSpace: 'names' });
    const customersOnly = { ...EVERYTHING, populations: ['customers'], rules: [names] };
    await grantScope(pair.a, pair.partnership(pair.a), customersOnly);
    await grantScope(pair.b, pair.partnership(pair.b), EVERYTHING);
    const [a] = await pair.sync();
    // A domain and a name of either.
    expect(a).toMatchObject({ requested: 4, submitted: 2 });
    expect(held(pair, 0)).toEqual({ accounts: 2, names: 2 });
    const white = await collect(askWhiteSpace(pair.b, pair.partnership(pair.b), {}));
    expect(white.map(({ name }) => name)).toEqual(['Only Ours Inc']);
  });

  it('seal no name where the scope shows none a month, and are told when it shows no more', async () => {
    pair = await twoOrganisations(A, [...B, ['b6', 'Another of Theirs', 'another-theirs.com', 'Customer']]);
    const names = (namesPerMonth: number) => ({ ...EVERYTHING, namesPerMonth });
    await grantScope(pair.a, pair.partnership(pair.a), names(0));
    await grantScope(pair.b, pair.partnership(pair.b), names(1));
    await pair.sync();
    expect([held(pair, 0), held(pair, 1)]).toEqual([
      { accounts: 4, names: 0 },
      { accounts: 5, names: 5 },
    ]);
    const whiteOf = async (current: Pair, side: 'a' | 'b') => {
      const capped: Capped[] = [];
      const onCapped = (one: Capped) => capped.push(one);
      const rows = await collect(
        askWhiteSpace(current[side], current.partnership(current[side]), { limit: 1 }, { onCapped }),
      );
      return { rows: rows.length, capped };
    };
    const nextMonth = new Date();
    nextMonth.setUTCMonth(nextMonth.getUTCMonth() + 1, 1);
    nextMonth.setUTCHours(0, 0, 0, 0);
    expect(await whiteOf(pair, 'a')).toEqual({ rows: 1, capped: [{ moreFrom: nextMonth.toISOString() }] });
    expect(await whiteOf(pair, 'b')).toEqual({ rows: 0, capped: [{ moreFrom: null }] });
  });

  it('without a scope nothing leaves', async () => {
    pair = await twoOrganisations(A, B);
    await grantScope(pair.b, pair.partnership(pair.b), EVERYTHING);
    const { id } = pair.partnership(pair.a);
    const options = { progress: () => undefined, waitUntilMs: null };
    await syncPartnership(pair.a, id, pair.pool, options);
    await syncPartnership(pair.b, id, pair.pool, options);
    const report = await syncPartnership(pair.a, id, pair.pool, options);
    expect(report).toMatchObject({ waiting: 'you_grant', requested: 0, submitted: null });
    const view = await pair.a.client().partnership(id);
    expect(view.requests.founder).toBeNull();
    expect(view.submissions.mine).toEqual({ active: null, pending: null, matching: null, lastNumber: 0 });
  });

  it('a revocation takes effect at once and deletes the rows', async () => {
    pair = await twoOrganisations(A, B);
    await grantBoth(pair);
    await pair.sync();
    expect(await overlapOf(pair, 'b')).toHaveLength(3);
    await revokeScope(pair.a, pair.partnership(pair.a));
    expect(await overlapOf(pair, 'b')).toEqual([]);
    expect(
      (await askMatrix(pair.b, pair.partnership(pair.b))).cells.filter((cell) => cell.confirmed !== null),
    ).toEqual([]);
    const view = await pair.a.client().partnership(pair.partnership(pair.a).id);
    expect(view.submissions.mine.active).toBeNull();
  });

  it('continue where a sync was broken off, at every kind of work', async () => {
    const rowsA: Row[] = Array.from({ length: 60 }, (_, i) => [`a${i}`, `Company ${i}`, `company-${i}.com`]);
    const rowsB: Row[] = Array.from({ length: 60 }, (_, i) => [
      `b${i}`,
      `Company ${i + 30}`,
      `company-${i + 30}.com`,
    ]);
    pair = await twoOrganisations(rowsA, rowsB);
    await grantBoth(pair);
    const { id } = pair.partnership(pair.a);
    const broken = new Set<string>();
    let finished = 0;
    for (let i = 0; i < 60 && finished < 2; i++) {
      finished = 0;
      for (const agent of [pair.a, pair.b]) {
        const progress = (phase: string) => {
          if (broken.has(phase)) return;
          broken.add(phase);
          throw new Error('broken off');
        };
        const report = await syncPartnership(agent, id, pair.pool, { progress, waitUntilMs: null }).catch(
          (error: Error) => {
            expect(error.message).toBe('broken off');
            return null;
          },
        );
        if (report?.waiting === null) finished++;
      }
    }
    expect([...broken].sort()).toEqual([
      'blinding',
      'checking and unblinding',
      'evaluating for a',
      'evaluating for b',
      'sealing',
      'sending',
      'sending blinded chunks',
    ]);
    expect(await overlapOf(pair, 'a')).toHaveLength(30);
    expect(await overlapOf(pair, 'b')).toHaveLength(30);
    const { spent } = pair.partnership(pair.a);
    expect(spent).toMatchObject({ domain: 60, name: 60, lei: 0 });
  });
});

describe('rounded counts', () => {
  const COUNTS = {
    ...EVERYTHING,
    rules: EVERYTHING.rules.map(({ population }) => ruleOf(population, '*', { level: 'counts' })),
    minimumCount: 5,
  };

  it('cannot be lifted over the minimum by listing one target often', async () => {
    const many: Row[] = Array.from({ length: 12 }, (_, i) => [`a${i}`, `Guess ${i}`, 'siemens.com']);
    pair = await twoOrganisations(many, B);
    await grantBoth(pair, COUNTS);
    await pair.sync();
    const matrix = await askMatrix(pair.a, pair.partnership(pair.a));
    const cell = matrix.cells.find(({ mine, theirs }) => mine === 'customers' && theirs === 'prospects');
    expect(cell).toMatchObject({ level: 'counts', confirmed: { accounts: 0, pairs: null }, exact: false });
  });

  it('are multiples of the minimum', async () => {
    // Thirteen are shared; the rest is each side's own.
    const rows = (side: string): Row[] =>
      Array.from({ length: 20 }, (_, i) => {
        const name = i < 13 ? `Shared ${i}` : `Only ${side} ${i}`;
        return [`${side}${i}`, name, `${name.toLowerCase().replaceAll(' ', '-')}.com`];
      });
    pair = await twoOrganisations(rows('a'), rows('b'));
    await grantBoth(pair, COUNTS);
    await pair.sync();
    const matrix = await askMatrix(pair.a, pair.partnership(pair.a));
    expect(
      matrix.cells.find(({ mine, theirs }) => mine === 'customers' && theirs === 'customers')?.confirmed
        ?.accounts,
    ).toBe(10);
    expect(await overlapOf(pair, 'a')).toEqual([]);
  });
});

describe('what a broken connection leaves', () => {
  afterEach(() => vi.unstubAllGlobals());

  it('a scope that did not reach the service goes before the next one', async () => {
    pair = await twoOrganisations(A, B);
    const { a } = pair;
    const real = fetch;
    vi.stubGlobal('fetch', (url: string, init: RequestInit) =>
      /scopes/.test(url) ? Promise.resolve(new Response('{}', { status: 418 })) : real(url, init),
    );
    await expect(grantScope(a, pair.partnership(a), EVERYTHING)).rejects.toMatchObject({
      code: 'service_refused',
    });
    vi.unstubAllGlobals();
    const scope = await grantScope(a, pair.partnership(a), EVERYTHING);
    expect(scope.number).toBe(2);
    await grantScope(pair.b, pair.partnership(pair.b), EVERYTHING);
    expect((await pair.sync())[0].waiting).toBeNull();
  });
});

describe('the privacy budget', () => {
  it('declines what exceeds it, and the partner is told', async () => {
    pair = await twoOrganisations(A, B);
    await grantScope(pair.a, pair.partnership(pair.a), EVERYTHING);
    await grantScope(pair.b, pair.partnership(pair.b), { ...EVERYTHING, budget: { domain: 4, name: 4 } });
    await pair.sync();
    await importRows(pair.a, pair.folder, [
      ...A,
      ['a7', 'Guess One', 'guess-one.com'],
      ['a8', 'Guess Two', 'guess-two.com'],
    ]);
    await expect(pair.sync()).rejects.toMatchObject({ code: 'budget_spent' });
  });

  it('is not refilled by a restored backup', async () => {
    pair = await twoOrganisations(A, B);
    await grantScope(pair.a, pair.partnership(pair.a), EVERYTHING);
    await grantScope(pair.b, pair.partnership(pair.b), { ...EVERYTHING, budget: { domain: 5, name: 6 } });
    await pair.sync();
    // What an older copy of the store would say.
    pair.b.store.database.exec('delete from evaluation_counts; delete from paid_chunks;');
    await importRows(pair.a, pair.folder, [
      ...A,
      ['a7', 'Guess One', 'guess-one.com'],
      ['a8', 'Guess Two', 'guess-two.com'],
      ['a9', 'Guess Three', 'guess-three.com'],
    ]);
    await expect(pair.sync()).rejects.toMatchObject({ code: 'budget_spent' });
  });

  it('counts the same chunk once', async () => {
    pair = await twoOrganisations(A, B);
    await grantBoth(pair);
    await pair.sync();
    const counts = pair.b.store.database.all<{ n: number }>('select sum(count) as n from evaluation_counts');
    expect(counts).toEqual([{ n: 3 + 4 }]);
  });
});

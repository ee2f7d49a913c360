/** How many names of white space are shown a month: counted for all of the partner's people, whatever they do. */
import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { toHex } from '../../protocol/bytes.ts';
import { systemRandom } from '../../protocol/hash.ts';
import type { Side } from '../../protocol/ids.ts';
import type { Scope } from '../../protocol/scope.ts';
import type { PartnershipStore } from '../../src/service/storage/partnership.ts';
import { grantOf } from '../support/scopes.ts';
import { grantScope, moveTo, submit, type TestPartnership, testPartnership } from '../support/service-app.ts';
import { makeMember } from '../support/service-members.ts';
import { makeSignedScope } from '../support/service-parties.ts';
import { sayAsAgent } from '../support/service-people.ts';
import type { TestAccount } from '../support/service-rows.ts';
import { NAMES, rule } from '../support/service-rules.ts';

const CLEAN_TEAM_TOO: Scope['rules'] = [
  ...NAMES,
  {
    population: 'prospects',
    partnerPopulation: '*',
    roles: { 'clean-team': grantOf({ level: 'accounts', whiteSpace: 'names' }) },
  },
];
const NEXT_MONTH = '2026-02-01T00:00:00.000Z';

interface Answer {
  readonly rows: readonly { readonly handle: string; readonly names: readonly unknown[] }[];
  readonly next: string | null;
  readonly capped: boolean;
  readonly moreFrom: string | null;
}

let world: TestPartnership;
let signed: Partial<Record<Side, { readonly scope: Uint8Array; readonly number: number }>>;
let sent: Record<Side, number>;
beforeEach(async () => {
  world = await testPartnership('signed');
  signed = {};
  sent = { founder: 0, joiner: 0 };
});

async function grant(side: Side, rules: Scope['rules'], change: Partial<Scope> = {}): Promise<void> {
  const before = signed[side];
  const number = (before?.number ?? 0) + 1;
  const scope = makeSignedScope(world.pair, side, { rules, ...change, number }, before?.scope);
  expect((await grantScope(world, side, number, scope)).status).toBe(200);
  signed[side] = { scope, number };
}

async function list(side: Side, accounts: readonly TestAccount[]): Promise<void> {
  sent[side]++;
  const { scope } = signed[side] ?? { scope: new Uint8Array() };
  expect((await submit(world, side, sent[side], scope, accounts)).status).toBe(200);
}

const account = (population = 0, tag = systemRandom(16)): TestAccount => ({
  handle: systemRandom(16),
  populations: [population],
  tags: [{ tag, kind: 'domain' }],
  names: [population],
});

/** So many accounts of the joiner's that the founder lacks, and one that both have. */
async function lists(
  space: number,
  namesPerMonth: number,
  rules: Scope['rules'] = NAMES,
): Promise<TestAccount[]> {
  await grant('founder', [...NAMES, rule('prospects', '*', 'accounts')]);
  await grant('joiner', rules, { namesPerMonth });
  const tag = systemRandom(16);
  await list('founder', [account(0, tag)]);
  const joiner = [account(0, tag), ...Array.from({ length: space }, () => account())];
  await list('joiner', joiner);
  return joiner;
}

async function ask(json: object = {}, token = world.tokens.founder): Promise<Answer> {
  const answer = await world.as('founder', 'POST', '/whitespace', { json, token });
  expect(answer.status).toBe(200);
  return answer.json as unknown as Answer;
}

/** All pages; their sizes too, and what the last of them says. */
async function askAll(limit: number, token?: string) {
  const pages: Answer[] = [];
  let cursor: string | null = null;
  do {
    const page: Answer = await ask({ limit, ...(cursor ? { cursor } : {}) }, token);
    pages.push(page);
    cursor = page.next;
  } while (cursor !== null && pages.length < 50);
  const { capped, moreFrom } = pages.at(-1) as Answer;
  const handles = pages.flatMap(({ rows }) => rows.map(({ handle }) => handle));
  return { handles, sizes: pages.map(({ rows }) => rows.length), capped, moreFrom };
}

const handlesOf = ({ rows }: Answer) => rows.map(({ handle }) => handle);
const store = (): PartnershipStore => world.service.store(world.pair.partnership);
const noted = () =>
  store()
    .all<{ side: number; handle: Uint8Array; month: number }>('select * from shown_names order by handle')
    .map(({ side, handle, month }) => [side, toHex(handle), month]);

describe('names of white space', () => {
  it('are as many a month as the scope says, and an answer says that there are more', async () => {
    await lists(7, 4);
    const answer = await ask();
    expect(answer).toMatchObject({ next: null, capped: true, moreFrom: NEXT_MONTH });
    expect(answer.rows).toHaveLength(4);
    expect(answer.rows.every(({ names }) => names.length === 1)).toBe(true);
    expect(noted()).toEqual(handlesOf(answer).map((handle) => [1, handle, 12 * 2026]));
    const entries = (await world.as('founder', 'POST', '/ledger', { json: {} })).json?.entries;
    expect(entries).toEqual([expect.objectContaining({ question: 'whitespace', rows: 4 })]);
  });

  it('are all there, and nothing is capped, where the scope says as many', async () => {
    await lists(7, 7);
    expect(await askAll(3)).toMatchObject({ sizes: [3, 3, 1], capped: false, moreFrom: null });
    expect((await ask()).rows).toHaveLength(7);
  });

  it('do not become more by pages of any size, and those shown come again', async () => {
    await lists(9, 5);
    const first = await askAll(2);
    expect(first).toMatchObject({ sizes: [2, 2, 1], capped: true, moreFrom: NEXT_MONTH });
    for (const limit of [1, 3, 5, 1000]) expect((await askAll(limit)).handles).toEqual(first.handles);
    expect(noted()).toHaveLength(5);
  });

  it('are counted as their page is given, and what stands before it may take their place', async () => {
    const joiner = await lists(6, 4);
    const [, second] = joiner
      .slice(1)
      .map(({ handle }) => toHex(handle))
      .sort();
    const page = await ask({ limit: 2 });
    // Somebody else asks from the start and takes what is left.
    const all = await ask();
    expect([page.rows.at(-1)?.handle, all.rows.length]).toEqual([second, 4]);
    const rest = await ask({ limit: 2, cursor: page.next });
    expect(handlesOf(rest)).toEqual(handlesOf(all).slice(2));
    expect(rest).toMatchObject({ next: null, capped: true });
  });

  it('are shown to all members together, of whatever role', async () => {
    const joiner = await lists(6, 4, CLEAN_TEAM_TOO);
    const more = [account(1), account(1)];
    await list('joiner', [...joiner, ...more]);
    const invited = { organisation: world.pair.founder.organisation, token: world.tokens.founder };
    const one = await makeMember(world.service, { ...invited, role: 'sales' });
    const other = await makeMember(world.service, { ...invited, role: 'sales' });
    const team = await makeMember(world.service, { ...invited, role: 'clean-team' });
    const seen = handlesOf(await ask({ limit: 3 }, one.token));
    const theirs = handlesOf(await ask({}, other.token));
    expect(theirs.slice(0, 3)).toEqual(seen);
    expect(theirs).toHaveLength(4);
    // Names of the population that only the clean team is granted come out of the same number.
    expect(handlesOf(await ask({}, team.token))).toEqual(theirs);
    expect(handlesOf(await ask({ theirs: ['prospects'] }, team.token))).toEqual([]);
  });

  it('begin anew with the month in UTC, and what was shown before is forgotten', async () => {
    await lists(7, 4);
    await moveTo(world, Date.UTC(2026, 0, 31, 23, 59, 59, 999));
    const before = handlesOf(await ask());
    expect(handlesOf(await ask())).toEqual(before);
    await moveTo(world, Date.UTC(2026, 1, 1));
    const answer = await ask({ limit: 2 });
    expect(answer.capped).toBe(false);
    expect(noted()).toEqual(handlesOf(answer).map((handle) => [1, handle, 12 * 2026 + 1]));
    expect(await askAll(500)).toMatchObject({
      sizes: [4],
      capped: true,
      moreFrom: '2026-03-01T00:00:00.000Z',
    });
  });

  it('are forgotten with the next upload too', async () => {
    const joiner = await lists(3, 2);
    await ask();
    expect(noted()).toHaveLength(2);
    await moveTo(world, Date.UTC(2026, 1, 1));
    await list('joiner', joiner);
    expect(noted()).toEqual([]);
  });

  it('are not refilled by sending the list again, nor by a later version', async () => {
    const joiner = await lists(7, 4);
    const before = handlesOf(await ask());
    await list('joiner', joiner);
    expect(handlesOf(await ask())).toEqual(before);
    await grant('joiner', NAMES, { namesPerMonth: 4 });
    await list('joiner', joiner);
    expect(handlesOf(await ask())).toEqual(before);
    await grant('joiner', NAMES, { namesPerMonth: 5 });
    await list('joiner', joiner);
    const more = handlesOf(await ask());
    expect(more).toHaveLength(5);
    expect(more).toEqual(expect.arrayContaining(before));
  });

  it('end with a revocation, and a new grant in the month does not refill them', async () => {
    const joiner = await lists(7, 4);
    const before = handlesOf(await ask());
    const { scope, number } = signed.joiner as { scope: Uint8Array; number: number };
    expect((await sayAsAgent(world, 'revoke', { side: 'joiner', number, signed: scope })).status).toBe(200);
    expect(await ask()).toMatchObject({ rows: [], capped: false, moreFrom: null });
    await grant('joiner', NAMES, { namesPerMonth: 4 });
    await list('joiner', joiner);
    expect(handlesOf(await ask())).toEqual(before);
  });

  it('are fewer at once where a later version says fewer', async () => {
    const joiner = await lists(7, 5);
    const before = handlesOf(await ask());
    await grant('joiner', NAMES, { namesPerMonth: 2 });
    await list('joiner', joiner);
    expect(await askAll(1)).toEqual({
      handles: before.slice(0, 2),
      sizes: [1, 1],
      capped: true,
      moreFrom: NEXT_MONTH,
    });
  });

  it('are none, in any month, where the scope says none', async () => {
    await lists(3, 0);
    expect(await ask()).toMatchObject({ rows: [], next: null, capped: true, moreFrom: null });
    expect(noted()).toEqual([]);
  });

  it('give way where the account comes to be in a pair of either tier, which takes no name', async () => {
    const joiner = await lists(4, 3);
    const shown = handlesOf(await ask());
    const matched = joiner.slice(1).filter(({ handle }) => shown.includes(toHex(handle)));
    const [confirmed, reviewed] = matched as [TestAccount, TestAccount];
    const nameTag = systemRandom(16);
    const asNamed = { ...reviewed, tags: [{ tag: nameTag, kind: 'name' as const }] };
    await list('founder', [
      account(0, confirmed.tags[0]?.tag),
      { ...account(), tags: [{ tag: nameTag, kind: 'name' }] },
    ]);
    await list(
      'joiner',
      joiner.map((one) => (one === reviewed ? asNamed : one)),
    );
    const left = handlesOf(await ask());
    const inPairs = [confirmed, reviewed].map(({ handle }) => toHex(handle));
    expect(left).toEqual(shown.filter((handle) => !inPairs.includes(handle)));
    expect(left).toHaveLength(1);
  });

  it('do not bound how many accounts are counted', async () => {
    await lists(7, 2);
    const spaceOf = async () => {
      const { json } = await world.as('founder', 'POST', '/matrix', { json: {} });
      const cells = (json?.cells ?? []) as { mine: string; whiteSpace: number }[];
      return cells.find(({ mine }) => mine === 'customers')?.whiteSpace;
    };
    expect(await spaceOf()).toBe(7);
    await ask();
    expect(await spaceOf()).toBe(7);
  });

  it('are noted with the ledger’s entry or not at all', async () => {
    await lists(3, 3);
    world.service.wrap((inner) => ({
      ...inner,
      run(sql, ...parameters) {
        if (sql.includes('into ledger')) throw new Error('the disk is full');
        return inner.run(sql, ...parameters);
      },
    }));
    expect((await world.as('founder', 'POST', '/whitespace', { json: {} })).status).toBe(500);
    expect(noted()).toEqual([]);
  });

  it('that are withheld change nothing of an answer but that something is', async () => {
    // Withheld are three, or one: in the other world the last two are not there.
    const sorted = [account(), account(), account(), account(), account(), account()].sort((a, b) =>
      toHex(a.handle) < toHex(b.handle) ? -1 : 1,
    );
    await lists(0, 3);
    const answers = [];
    for (const accounts of [sorted, sorted.slice(0, 4)]) {
      await list('joiner', accounts);
      const pages = [];
      for (const limit of [1, 2, 3, 4]) pages.push(await askAll(limit));
      answers.push(pages);
    }
    expect(answers[1]).toEqual(answers[0]);
    expect(answers[0]?.[0]).toMatchObject({ sizes: [1, 1, 1], capped: true });
  });
});

describe('a lower number', () => {
  it('never shows what a higher one does not, whatever is asked', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.nat(8),
        fc.nat(8),
        fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 3 }),
        async (one, other, limits) => {
          const [low, high] = one < other ? [one, other] : [other, one];
          const seen: string[][] = [];
          const accounts = Array.from({ length: 6 }, () => account());
          for (const namesPerMonth of [low, high]) {
            world = await testPartnership('signed');
            signed = {};
            sent = { founder: 0, joiner: 0 };
            await lists(0, namesPerMonth);
            await list('joiner', accounts);
            const handles = new Set<string>();
            for (const limit of limits)
              for (const handle of (await askAll(limit)).handles) handles.add(handle);
            expect(handles.size).toBeLessThanOrEqual(namesPerMonth);
            seen.push([...handles]);
          }
          expect(seen[1]).toEqual(expect.arrayContaining(seen[0] ?? []));
        },
      ),
      { seed: 3, numRuns: 8 },
    );
  }, 60_000);
});

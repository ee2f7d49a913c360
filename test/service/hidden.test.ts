import { describe, expect, it } from 'vitest';
import { toHex } from '../../protocol/bytes.ts';
import type { Kind } from '../../protocol/identifiers/kind.ts';
import type { Side } from '../../protocol/ids.ts';
import type { Role } from '../../protocol/member.ts';
import { OPEN_OPPORTUNITIES, type Scope } from '../../protocol/scope.ts';
import { seededRandom } from '../support/random.ts';
import { grantOf, ruleOf } from '../support/scopes.ts';
import { grantScope, submit, type TestPartnership, testPartnership } from '../support/service-app.ts';
import { makeMember } from '../support/service-members.ts';
import { makeSignedScope } from '../support/service-parties.ts';
import type { TestAccount } from '../support/service-rows.ts';

/** An account by a name of its own: equal names have equal handles and tags in every world. */
interface Listed {
  readonly name: string;
  /** Equal texts match. */
  readonly tags: Readonly<Partial<Record<Kind, string>>>;
  readonly populations: readonly number[];
  readonly fields?: TestAccount['fields'];
  readonly names?: readonly number[];
}

interface Lists {
  readonly founder: readonly Listed[];
  readonly joiner: readonly Listed[];
}

const POPULATIONS = ['customers', 'prospects', OPEN_OPPORTUNITIES];
const [CUSTOMERS, PROSPECTS, OPEN] = [0, 1, 2];

const accountOf = (side: Side, { name, tags, populations, fields, names }: Listed): TestAccount => ({
  handle: seededRandom(`${side} ${name}`)(16),
  populations,
  tags: Object.entries(tags).map(([kind, text]) => ({
    kind: kind as Kind,
    tag: seededRandom(`${kind} ${text}`)(16),
  })),
  ...(fields ? { fields } : {}),
  ...(names ? { names } : {}),
});

/** What the joiner grants: to sales some of its customers' data, to the clean team all there is. */
const ALL = grantOf({ level: 'fields', fields: ['owner', 'amount'], whiteSpace: 'names', review: true });
const RULES: Scope['rules'] = [
  {
    population: 'customers',
    partnerPopulation: 'customers',
    roles: { sales: grantOf({ level: 'fields', fields: ['owner'] }), 'clean-team': ALL },
  },
  {
    population: 'customers',
    partnerPopulation: 'prospects',
    roles: { sales: grantOf({ level: 'counts', whiteSpace: 'counts' }), 'clean-team': ALL },
  },
  { population: 'prospects', partnerPopulation: '*', roles: { 'clean-team': ALL } },
  { population: OPEN_OPPORTUNITIES, partnerPopulation: '*', roles: { 'clean-team': ALL } },
];
/** What the founder grants: counts to sales, so that its legal people do not learn from the ledger what the joiner got. */
const BACK = POPULATIONS.map((population) => ruleOf(population, '*', { level: 'fields', fields: ['owner'] }));

interface Built {
  readonly world: TestPartnership;
  readonly tokens: Readonly<Record<string, string>>;
  /** Statements of the request under way. */
  readonly statements: string[];
}

async function build({ founder, joiner }: Lists): Promise<Built> {
  const world = await testPartnership('signed');
  for (const [side, rules, list] of [
    ['founder', BACK, founder],
    ['joiner', RULES, joiner],
  ] as const) {
    const scope = makeSignedScope(world.pair, side, {
      populations: POPULATIONS,
      rules,
      minimumCount: 5,
      competitors: false,
    });
    expect((await grantScope(world, side, 1, scope)).status).toBe(200);
    const accounts = list.map((one) => accountOf(side, one));
    expect((await submit(world, side, 1, scope, accounts)).status).toBe(200);
  }
  const tokens: Record<string, string> = {};
  const { organisation } = world.pair.founder;
  for (const role of ['sales', 'clean-team', 'legal', 'auditor'] as const satisfies readonly Role[]) {
    const invited = { organisation, token: world.tokens.founder, role };
    tokens[role] = (await makeMember(world.service, invited)).token;
  }
  const statements: string[] = [];
  world.service.wrap((store) => ({
    ...store,
    all(sql, ...parameters) {
      statements.push(sql);
      return store.all(sql, ...parameters);
    },
    run(sql, ...parameters) {
      statements.push(sql);
      return store.run(sql, ...parameters);
    },
  }));
  return { world, tokens, statements };
}

const QUESTIONS: readonly (readonly [string, readonly object[]])[] = [
  ['matrix', [{}]],
  [
    'overlap',
    [
      {},
      { limit: 1 },
      { limit: 2 },
      { since: 1 },
      { snapshot: 1 },
      { snapshot: 2 },
      { mine: ['customers'] },
      { mine: ['prospects'] },
      { theirs: ['customers'] },
      { theirs: ['prospects'] },
      { theirs: [OPEN_OPPORTUNITIES] },
      { theirs: ['unheard-of'] },
    ],
  ],
  ['whitespace', [{}, { limit: 1 }, { theirs: ['prospects'] }, { theirs: ['unheard-of'] }]],
];

/** Everything that somebody of the founder can see, to the last page: codes, headers, sizes, bodies, statements run. */
async function seenBy({ world, tokens, statements }: Built, role: string): Promise<string> {
  const seen: unknown[] = [];
  const known = new Map<string, number>();
  // What is random anyway is told apart, and told again when it comes again, but not shown.
  const named = (text: string) =>
    text.replace(/"([A-Za-z0-9_-]{20,})"/g, (_, value: string) => {
      known.set(value, known.get(value) ?? known.size);
      return `"#${known.get(value)} of ${value.length}"`;
    });
  const ask = async (question: string, json: object) => {
    statements.length = 0;
    const token = tokens[role];
    const answer = await world.as('founder', 'POST', `/${question}`, { json, token });
    const headers = [...answer.headers].filter(([name]) => name !== 'x-request-id');
    const body = named(new TextDecoder().decode(answer.bytes));
    seen.push([question, json, answer.status, headers, answer.bytes.length, body, [...statements]]);
    return answer;
  };
  for (const [question, inputs] of role === 'legal' || role === 'auditor' ? [] : QUESTIONS) {
    for (const json of inputs) {
      let cursor: unknown = null;
      for (let page = 0; page < 20; page++) {
        const answer = await ask(question, { ...json, ...(cursor ? { cursor } : {}) });
        cursor = answer.json?.next ?? null;
        if (cursor === null) break;
      }
    }
  }
  if (role === 'legal' || role === 'auditor') await ask('ledger', {});
  return JSON.stringify(seen);
}

const domain = (name: string) => ({ domain: name });
const both = ['owner', 'amount'] as const;
const one = (name: string, populations: readonly number[], change: Partial<Listed> = {}): Listed => ({
  name,
  tags: domain(name),
  populations,
  fields: both,
  names: populations,
  ...change,
});
const many = (prefix: string, count: number, populations: readonly number[]) =>
  Array.from({ length: count }, (_, i) => one(`${prefix} ${i}`, populations));

/** What the two sides always have: pairs that sales sees one by one, and enough of what sales is told the number of. */
const FOUNDER = [
  ...many('seen', 4, [CUSTOMERS]),
  ...many('counted', 30, [PROSPECTS]),
  ...many('own', 20, [CUSTOMERS]),
];
const JOINER = [...many('seen', 4, [CUSTOMERS]), ...many('space', 40, [CUSTOMERS])];

const counted = (matched: number) => [
  ...many('counted', matched, [CUSTOMERS]),
  ...many('uncounted', 20 - matched, [CUSTOMERS]),
];

/** Each a pair of worlds that differ in one thing, which sales is not granted and the clean team is. */
const HIDDEN: readonly (readonly [string, Lists, Lists])[] = [
  [
    'whether an account has a field that is not granted to it',
    { founder: FOUNDER, joiner: [...JOINER, ...counted(7), one('own 0', [CUSTOMERS])] },
    {
      founder: FOUNDER,
      joiner: [...JOINER, ...counted(7), one('own 0', [CUSTOMERS], { fields: ['owner'] })],
    },
  ],
  [
    'whether a pair that is shown is an open opportunity too',
    { founder: FOUNDER, joiner: [...JOINER, ...counted(7), one('own 0', [CUSTOMERS, OPEN])] },
    { founder: FOUNDER, joiner: [...JOINER, ...counted(7), one('own 0', [CUSTOMERS])] },
  ],
  [
    'pairs of a population of which nothing is granted to it',
    { founder: FOUNDER, joiner: [...JOINER, ...counted(7), ...many('own', 6, [PROSPECTS])] },
    { founder: FOUNDER, joiner: [...JOINER, ...counted(7), ...many('other', 6, [PROSPECTS])] },
  ],
  [
    'how many accounts such a population has',
    { founder: FOUNDER, joiner: [...JOINER, ...counted(7), ...many('other', 3, [OPEN])] },
    { founder: FOUNDER, joiner: [...JOINER, ...counted(7), ...many('other', 12, [OPEN])] },
  ],
  [
    'a pair to review',
    {
      founder: [...FOUNDER, one('mine', [CUSTOMERS], { tags: { name: 'hidden' } })],
      joiner: [...JOINER, ...counted(7), one('theirs', [CUSTOMERS], { tags: { name: 'hidden' } })],
    },
    {
      founder: [...FOUNDER, one('mine', [CUSTOMERS], { tags: { name: 'hidden' } })],
      joiner: [...JOINER, ...counted(7), one('theirs', [CUSTOMERS], { tags: { name: 'another' } })],
    },
  ],
  [
    'a number within what it is rounded to, in cell, total and white space',
    { founder: FOUNDER, joiner: [...JOINER, ...counted(6)] },
    { founder: FOUNDER, joiner: [...JOINER, ...counted(9)] },
  ],
  [
    'which of the accounts that are counted meet',
    { founder: FOUNDER, joiner: [...JOINER, ...counted(7)] },
    {
      founder: FOUNDER,
      joiner: [...JOINER, ...many('counted', 8, [CUSTOMERS]).slice(1), ...many('uncounted', 13, [CUSTOMERS])],
    },
  ],
];

describe.each(HIDDEN)('two worlds that differ in %s', (_name, first, second) => {
  it('are alike to sales, legal and auditors, and not to the clean team', async () => {
    const worlds = [await build(first), await build(second)] as const;
    for (const role of ['sales', 'legal', 'auditor', 'clean-team']) {
      const [a, b] = [await seenBy(worlds[0], role), await seenBy(worlds[1], role)];
      if (role === 'clean-team') expect(a).not.toBe(b);
      else expect(a).toBe(b);
    }
  }, 60_000);
});

describe('what the partner asked', () => {
  it('tells my legal people nothing of pairs that its scope hides from my sales', async () => {
    // In one world the joiner's people got three rows more about prospects, of which the joiner grants sales nothing.
    const more = [...JOINER, ...counted(7), ...many('own', 3, [PROSPECTS])];
    const fewer = [...JOINER, ...counted(7), ...many('other', 3, [PROSPECTS])];
    const worlds = [
      await build({ founder: FOUNDER, joiner: more }),
      await build({ founder: FOUNDER, joiner: fewer }),
    ];
    const seen: string[] = [];
    const got: unknown[] = [];
    for (const built of worlds) {
      const { world } = built;
      const answer = await world.as('joiner', 'POST', '/overlap', { json: { mine: ['prospects'] } });
      got.push((answer.json as { rows: unknown[] }).rows.length);
      seen.push(await seenBy(built, 'legal'));
      const ledger = await world.as('founder', 'POST', '/ledger', { json: {}, token: built.tokens.auditor });
      expect(ledger.json?.entries).toEqual([
        expect.objectContaining({ viewer: 'theirs', role: 'agent', member: null, rows: null }),
      ]);
    }
    expect(got).toEqual([3, 0]);
    expect(seen[0]).toBe(seen[1]);
  }, 60_000);

  it('says as what, and who of the own people', async () => {
    const { world, tokens } = await build({ founder: FOUNDER, joiner: [...JOINER, ...counted(7)] });
    for (const role of ['sales', 'clean-team']) {
      await world.as('founder', 'POST', '/matrix', { json: {}, token: tokens[role] });
    }
    const entriesOf = async (side: Side, token?: string) =>
      (await world.as(side, 'POST', '/ledger', { json: {}, token: token ?? world.tokens[side] })).json
        ?.entries;
    const member = expect.stringMatching(/^mbr_[0-9a-f]{32}$/);
    expect(await entriesOf('founder', tokens.legal)).toEqual([
      expect.objectContaining({ viewer: 'mine', role: 'sales', member }),
      expect.objectContaining({ viewer: 'mine', role: 'clean-team', member }),
    ]);
    expect(await entriesOf('joiner')).toEqual([
      expect.objectContaining({ viewer: 'theirs', role: 'sales', member: null }),
      expect.objectContaining({ viewer: 'theirs', role: 'clean-team', member: null }),
    ]);
  }, 60_000);
});

describe('a role', () => {
  it('sees what is granted to it, and nothing of what is granted to another', async () => {
    const { world, tokens } = await build({
      founder: FOUNDER,
      joiner: [...JOINER, ...counted(7), ...many('own', 2, [CUSTOMERS, OPEN])],
    });
    const rowsOf = async (role: string) => {
      const token = tokens[role] ?? '';
      const { json } = await world.as('founder', 'POST', '/overlap', { json: {}, token });
      return json?.rows as { mine: string; fields: object; matches: { boxes: { population: number }[] }[] }[];
    };
    const shapes = (rows: Awaited<ReturnType<typeof rowsOf>>) =>
      new Set(
        rows.map(({ fields, matches }) =>
          [...Object.keys(fields), ...(matches[0]?.boxes ?? []).map(({ population }) => population)].join(
            ' ',
          ),
        ),
      );
    const sales = await rowsOf('sales');
    expect(sales).toHaveLength(6);
    expect(shapes(sales)).toEqual(new Set(['owner 0']));
    const cleanTeam = await rowsOf('clean-team');
    expect(cleanTeam).toHaveLength(6 + 7);
    expect(shapes(cleanTeam)).toEqual(new Set(['owner amount 0', 'owner amount 0 2']));
    const open = toHex(accountOf('founder', one('own 1', [CUSTOMERS])).handle);
    expect(sales.map(({ mine }) => mine)).toContain(open);
  });
});

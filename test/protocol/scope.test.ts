import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { toHex, utf8 } from '../../protocol/bytes.ts';
import { VIEWER_ROLES } from '../../protocol/member.ts';
import {
  ANY_POPULATION,
  type CellGrant,
  cellGrant,
  encodeScope,
  FIELD_CLASSES,
  FIELDS,
  fieldNumber,
  grantsAnything,
  isValidAt,
  LEVELS,
  NOTHING,
  narrower,
  OPEN_OPPORTUNITIES,
  openScope,
  populationGrant,
  type Scope,
  type ScopeRule,
  scopeHash,
  signScope,
  WHITE_SPACE_LEVELS,
} from '../../protocol/scope.ts';
import { sign } from '../../protocol/signed.ts';
import { makeScope, makeWorld } from '../support/parties.ts';
import { seededRandom } from '../support/random.ts';
import { reasonOf, value } from '../support/results.ts';
import { grantOf, ruleOf, type ScopeGrant } from '../support/scopes.ts';

const world = makeWorld(seededRandom('scope'));
const { agent } = world.founder;
const scope = makeScope(world, 'founder');
const keyOf = () => agent.publicKey;
const text = new TextDecoder().decode(encodeScope(scope));

/** What becomes of a text that the agent key truly signed. */
function opened(signedText: string): string | null {
  return reasonOf(openScope(sign('scope', utf8(signedText), agent.seed), keyOf));
}

function changed(change: (json: Record<string, unknown>) => Record<string, unknown>): string | null {
  return opened(JSON.stringify(change(JSON.parse(text) as Record<string, unknown>)));
}

describe('only the canonical bytes', () => {
  test('are a scope', () => {
    expect(opened(text)).toBeNull();
    expect(value(openScope(signScope(scope, agent.seed), keyOf))).toEqual(scope);
  });

  test.each([
    ['white space', text.replace(':', ': ')],
    ['a line feed at the end', `${text}\n`],
    ['indentation', JSON.stringify(JSON.parse(text), null, 2)],
    ['a byte order mark', `\ufeff${text}`],
    ['another order of keys', text.replace('"version":1,', '').replace(/}$/, ',"version":1}')],
    [
      'the bounds of a month in another order',
      text.replace(
        '"snapshotsPerMonth":1000,"namesPerMonth":1000000',
        '"namesPerMonth":1000000,"snapshotsPerMonth":1000',
      ),
    ],
    ['a key twice', text.replace('"version":1,', '"version":1,"version":1,')],
    [
      'a key twice with another value first',
      text.replace('"minimumCount":5', '"minimumCount":1,"minimumCount":5'),
    ],
    ['an escaped letter', text.replace('customers', '\\u0063ustomers')],
    ['a number with a fraction', text.replace('"minimumCount":5', '"minimumCount":5.0')],
    ['a number with an exponent', text.replace('"domain":1000', '"domain":1e3')],
    ['a negative zero', text.replace('"domain":1000', '"domain":-0')],
    ['fields in another order', text.replace('["account_name","owner"]', '["owner","account_name"]')],
    ['a field twice', text.replace('["account_name","owner"]', '["owner","owner"]')],
    [
      'roles in another order',
      text
        .replaceAll('"sales"', '"x"')
        .replaceAll('"clean-team"', '"sales"')
        .replaceAll('"x"', '"clean-team"'),
    ],
    [
      'a role twice',
      text.replace(
        '"roles":{',
        '"roles":{"sales":{"level":"none","fields":[],"whiteSpace":"none","review":false},',
      ),
    ],
    ['strong kinds in another order', text.replace('"domain","lei"', '"lei","domain"')],
    ['a strong kind twice', text.replace('"domain","lei"', '"domain","domain","lei"')],
    ['an escaped space', text.replace('both serve', 'both\\u0020serve')],
  ])('%s', (_, other) => {
    expect(other).not.toBe(text);
    expect(opened(other)).toBe('not_canonical');
  });

  test.each<[string, (json: Record<string, unknown>) => Record<string, unknown>]>([
    ['an unknown key', (json) => ({ ...json, note: '' })],
    ['a missing key', (json) => ({ ...json, rules: undefined })],
    ['another version', (json) => ({ ...json, version: 2 })],
    ['number 0', (json) => ({ ...json, number: 0 })],
    [
      'seven populations',
      (json) => ({ ...json, populations: ['customers', 'prospects', 'c', 'd', 'e', 'f', 'g'] }),
    ],
    ['a population twice', (json) => ({ ...json, populations: ['customers', 'prospects', 'customers'] })],
    ['a rule of a population that is not named', (json) => ({ ...json, populations: ['customers'] })],
    ['a population that is no name', (json) => ({ ...json, populations: ['customers', 'prospects', 'Ä'] })],
    ['a grantor that is the grantee', (json) => ({ ...json, grantee: json.grantor })],
    ['a grantor that is no organisation', (json) => ({ ...json, grantor: 'org_1' })],
    ['a partnership that is none', (json) => ({ ...json, partnership: 'prt_1' })],
    ['a time with an offset', (json) => ({ ...json, issuedAt: '2026-01-01T00:00:00+01:00' })],
    ['an impossible time', (json) => ({ ...json, issuedAt: 'yesterday' })],
    ['an unknown level', (json) => withSales(json, { level: 'all' })],
    ['an unknown field', (json) => withSales(json, { fields: ['password'] })],
    ['an unknown key of a grant', (json) => withSales(json, { export: true })],
    ['a role that asks nothing', (json) => withRoles(json, { admin: firstRule(json).roles.sales })],
    ['a rule without roles', (json) => withRoles(json, undefined)],
    ['a negative budget', (json) => ({ ...json, evaluationBudget: { domain: -1, name: 0 } })],
    [
      'a budget of an unknown kind',
      (json) => ({ ...json, evaluationBudget: { domain: 1, name: 0, phone: 1 } }),
    ],
    ['a minimum of zero', (json) => ({ ...json, minimumCount: 0 })],
    ['a day that does not exist', (json) => ({ ...json, validFrom: '2026-02-30T00:00:00Z' })],
    ['an end before the beginning', (json) => ({ ...json, validUntil: '2025-12-31T23:59:59Z' })],
    ['an end at the beginning', (json) => ({ ...json, validUntil: json.validFrom })],
    ['no purpose', (json) => ({ ...json, purpose: '' })],
    ['a purpose of spaces', (json) => ({ ...json, purpose: '   ' })],
    ['a purpose with a line feed', (json) => ({ ...json, purpose: 'To sell\nnothing' })],
    ['a purpose that turns its direction', (json) => ({ ...json, purpose: 'To sell \u202egnihton' })],
    ['a purpose that is not NFC', (json) => ({ ...json, purpose: 'u\u0308ber' })],
    ['a purpose of half a character', (json) => ({ ...json, purpose: 'To sell \ud800' })],
    ['a purpose too long', (json) => ({ ...json, purpose: 'x'.repeat(501) })],
    ['an agreement without its hash', (json) => ({ ...json, agreement: { reference: 'Annex 1' } })],
    ['an agreement with half a hash', (json) => ({ ...json, agreement: { reference: 'A', sha256: 'ab' } })],
    ['a predecessor that is no hash', (json) => ({ ...json, previous: 'F'.repeat(64) })],
    ['a drafter without a roster', (json) => ({ ...json, drafter: MEMBER })],
    ['a roster without a drafter', (json) => ({ ...json, roster: 1 })],
    ['a drafter who is no member', (json) => ({ ...json, roster: 1, drafter: 'mbr_1' })],
    ['a weak kind as strong', (json) => ({ ...json, strongKinds: ['name'] })],
    ['a derived kind as strong', (json) => ({ ...json, strongKinds: ['name_city'] })],
    ['no snapshot a month', (json) => ({ ...json, snapshotsPerMonth: 0 })],
    ['fewer than no names a month', (json) => ({ ...json, namesPerMonth: -1 })],
    ['more names a month than a list has', (json) => ({ ...json, namesPerMonth: 1_000_001 })],
    ['half a name a month', (json) => ({ ...json, namesPerMonth: 0.5 })],
    ['names a month left open', (json) => ({ ...json, namesPerMonth: undefined })],
    ['names a month without a bound', (json) => ({ ...json, namesPerMonth: null })],
    ['no retention', (json) => ({ ...json, retentionDays: 0 })],
    ['export left open', (json) => ({ ...json, export: null })],
    ['101 rules', (json) => ({ ...json, rules: Array(101).fill(firstRule(json)) })],
  ])('%s', (_, change) => {
    expect(changed(change)).toBe('malformed');
  });

  test.each(['', 'null', '[]', '{}', '"scope"', '{', text.slice(1), '{"__proto__":{}}'])(
    'the text %j',
    (other) => {
      expect(['malformed']).toContain(opened(`${other} `));
    },
  );

  test('ill-formed UTF-8', () => {
    const bytes = encodeScope(scope).slice();
    bytes[20] = 0xff;
    expect(reasonOf(openScope(sign('scope', bytes, agent.seed), keyOf))).toBe('malformed');
  });

  test('signed by the partner or the service', () => {
    const signed = signScope(scope, world.joiner.agent.seed);
    expect(reasonOf(openScope(signed, keyOf))).toBe('bad_signature');
  });

  test('the hash is of the signed document', () => {
    const next = { ...scope, number: 2, previous: toHex(scopeHash(signScope(scope, agent.seed))) };
    expect(value(openScope(signScope(next, agent.seed), keyOf)).previous).toBe(next.previous);
    expect(toHex(scopeHash(signScope(next, agent.seed)))).not.toBe(next.previous);
  });
});

const MEMBER = `mbr_${'0'.repeat(31)}1`;

function firstRule(json: Record<string, unknown>): ScopeRule {
  return (json.rules as ScopeRule[])[0] as ScopeRule;
}

function withRoles(json: Record<string, unknown>, roles: unknown): Record<string, unknown> {
  return { ...json, rules: [{ ...firstRule(json), roles }] };
}

function withSales(json: Record<string, unknown>, change: object): Record<string, unknown> {
  return withRoles(json, { sales: { ...firstRule(json).roles.sales, ...change } });
}

const names = ['customers', 'prospects', OPEN_OPPORTUNITIES] as const;
const grants = fc.record<ScopeGrant>({
  level: fc.constantFrom(...LEVELS),
  fields: fc.subarray([...FIELDS]),
  whiteSpace: fc.constantFrom(...WHITE_SPACE_LEVELS),
  review: fc.boolean(),
});
const oneRule = fc.record<ScopeRule>({
  population: fc.constantFrom(...names),
  partnerPopulation: fc.constantFrom(ANY_POPULATION, ...names),
  roles: fc.record({ sales: grants, 'clean-team': grants }, { requiredKeys: [] }),
});
const rules = fc.array(oneRule, { maxLength: 6 });
const cells = fc.record({
  mine: fc.constantFrom(...names),
  theirs: fc.constantFrom(...names, 'unnamed'),
  role: fc.constantFrom(...VIEWER_ROLES),
});
const withRules = (all: readonly ScopeRule[], competitors = false): Scope =>
  makeScope(world, 'founder', { populations: [...names], rules: [...all], competitors });
const speaks = (one: ScopeRule, { mine, theirs }: { mine: string; theirs: string }) =>
  one.population === mine && [ANY_POPULATION, theirs].includes(one.partnerPopulation);

/** Whether `a` reveals nothing that `b` does not. */
function isWithin(a: CellGrant, b: CellGrant): boolean {
  return (
    LEVELS.indexOf(a.level) <= LEVELS.indexOf(b.level) &&
    WHITE_SPACE_LEVELS.indexOf(a.whiteSpace) <= WHITE_SPACE_LEVELS.indexOf(b.whiteSpace) &&
    a.fields.every((field) => b.fields.includes(field)) &&
    (b.review || !a.review)
  );
}

/** Every way to take something from a scope, none of which may give anything. */
const narrowings = fc.oneof(
  fc.record({ what: fc.constant('competitors' as const) }),
  fc.record({ what: fc.constant('names' as const), to: fc.nat(1_000_000) }),
  fc.record({ what: fc.constant('population' as const), name: fc.constantFrom(...names) }),
  fc.record({ what: fc.constant('role' as const), at: fc.nat(5), role: fc.constantFrom(...VIEWER_ROLES) }),
  fc.record({
    what: fc.constant('grant' as const),
    at: fc.nat(5),
    role: fc.constantFrom(...VIEWER_ROLES),
    by: grants,
  }),
);

type Narrowing = typeof narrowings extends fc.Arbitrary<infer How> ? How : never;

function narrowed(given: Scope, how: Narrowing): Scope {
  if (how.what === 'competitors') return { ...given, competitors: true };
  if (how.what === 'names') return { ...given, namesPerMonth: Math.min(given.namesPerMonth, how.to) };
  if (how.what === 'population') {
    const populations = given.populations.filter((name) => name !== how.name);
    return { ...given, populations, rules: given.rules.filter((one) => one.population !== how.name) };
  }
  const changed = given.rules.map((one, i): ScopeRule => {
    const before = one.roles[how.role];
    if (i !== how.at || !before) return one;
    const { [how.role]: _, ...others } = one.roles;
    if (how.what === 'role') return { ...one, roles: others };
    const after = narrower(before, how.by);
    return { ...one, roles: { ...one.roles, [how.role]: { ...after, fields: [...after.fields] } } };
  });
  return { ...given, rules: changed };
}

describe('what a cell is granted', () => {
  test('nothing where no rule speaks of it, or the rule leaves the role out', () => {
    expect(cellGrant(withRules([]), 'customers', 'customers', 'sales')).toEqual(NOTHING);
    expect(cellGrant(scope, 'prospects', 'prospects', 'sales')).toEqual(NOTHING);
    expect(cellGrant(scope, 'unknown', 'customers', 'sales')).toEqual(NOTHING);
    expect(cellGrant(scope, ANY_POPULATION, 'customers', 'sales')).toEqual(NOTHING);
    const one = { ...ruleOf('customers', '*'), roles: { sales: grantOf({ level: 'accounts' }) } };
    expect(cellGrant(withRules([one]), 'customers', 'prospects', 'sales').level).toBe('accounts');
    expect(cellGrant(withRules([one]), 'customers', 'prospects', 'clean-team')).toEqual(NOTHING);
  });

  test('a role that one of two rules leaves out is denied', () => {
    const wide = ruleOf('customers', '*', { level: 'fields', fields: ['owner'] });
    const other = {
      ...ruleOf('customers', 'prospects'),
      roles: { 'clean-team': grantOf({ level: 'fields' }) },
    };
    expect(cellGrant(withRules([wide, other]), 'customers', 'prospects', 'sales')).toEqual(NOTHING);
    expect(cellGrant(withRules([wide, other]), 'customers', 'customers', 'sales').level).toBe('fields');
  });

  test('a further rule never widens it, and their order changes nothing', () => {
    fc.assert(
      fc.property(rules, rules, cells, fc.boolean(), (some, more, at, competitors) => {
        const cell = (all: ScopeRule[]) =>
          cellGrant(withRules(all, competitors), at.mine, at.theirs, at.role);
        const both = cell([...some, ...more]);
        expect(cell([...more, ...some])).toEqual(both);
        expect(cell([...some, ...more].reverse())).toEqual(both);
        if (some.some((one) => speaks(one, at))) expect(isWithin(both, cell(some))).toBe(true);
      }),
      { seed: 4 },
    );
  });

  test('taking something from any part never gives anything', () => {
    fc.assert(
      fc.property(
        rules,
        fc.array(narrowings, { maxLength: 4 }),
        cells,
        fc.boolean(),
        (all, hows, at, rivals) => {
          const before = withRules(all, rivals);
          const after = hows.reduce(narrowed, before);
          const cell = (one: Scope) => cellGrant(one, at.mine, at.theirs, at.role);
          expect(isWithin(cell(after), cell(before))).toBe(true);
          expect(isWithin(populationGrant(after, at.mine), populationGrant(before, at.mine))).toBe(true);
          if (grantsAnything(after)) expect(grantsAnything(before)).toBe(true);
          expect(after.namesPerMonth).toBeLessThanOrEqual(before.namesPerMonth);
          expect(value(openScope(signScope(after, agent.seed), keyOf))).toEqual(after);
        },
      ),
      { seed: 8, numRuns: 1000 },
    );
  });

  test('the narrower of two is within both, whichever comes first', () => {
    fc.assert(
      fc.property(grants, grants, grants, (a, b, c) => {
        const both = narrower(a, b);
        expect(narrower(b, a)).toEqual(both);
        expect(isWithin(both, a) && isWithin(both, b)).toBe(true);
        expect(narrower(narrower(a, b), c)).toEqual(narrower(a, narrower(b, c)));
      }),
      { seed: 9 },
    );
  });

  test('a population is granted what its widest cell is, also for partner populations yet unnamed', () => {
    fc.assert(
      fc.property(rules, cells, fc.boolean(), (all, at, competitors) => {
        const given = withRules(all, competitors);
        expect(isWithin(cellGrant(given, at.mine, at.theirs, at.role), populationGrant(given, at.mine))).toBe(
          true,
        );
      }),
      { seed: 5 },
    );
  });

  test('pairs to review only where every rule that speaks grants them, and some level', () => {
    fc.assert(
      fc.property(rules, cells, (all, at) => {
        const speaking = all.filter((one) => speaks(one, at));
        const { review, level } = cellGrant(withRules(all), at.mine, at.theirs, at.role);
        expect(review).toBe(level !== 'none' && speaking.every((one) => one.roles[at.role]?.review));
      }),
      { seed: 7 },
    );
  });

  test('fields only at level fields', () => {
    fc.assert(
      fc.property(rules, cells, (all, at) => {
        const { level, fields } = cellGrant(withRules(all), at.mine, at.theirs, at.role);
        if (level !== 'fields') expect(fields).toEqual([]);
      }),
      { seed: 6 },
    );
  });

  test('competitors show open opportunities and what is sensitive to the clean team alone', () => {
    const everything = { level: 'fields', fields: FIELDS, whiteSpace: 'names', review: true } as const;
    const given = withRules(
      [ruleOf('customers', '*', everything), ruleOf(OPEN_OPPORTUNITIES, '*', everything)],
      true,
    );
    expect(cellGrant(given, OPEN_OPPORTUNITIES, 'customers', 'sales')).toEqual(NOTHING);
    const { fields } = cellGrant(given, 'customers', 'customers', 'sales');
    expect(fields).toEqual(FIELDS.filter((field) => FIELD_CLASSES[field] !== 'sensitive'));
    expect(fields).not.toContain('amount_band');
    for (const population of ['customers', OPEN_OPPORTUNITIES])
      expect(cellGrant(given, population, 'customers', 'clean-team').fields).toEqual(FIELDS);
    // The agent seals for the clean team too.
    expect(populationGrant(given, OPEN_OPPORTUNITIES).level).toBe('fields');
  });

  test('competitors never learn more than the same scope lets partners learn', () => {
    fc.assert(
      fc.property(rules, cells, (all, at) => {
        const cell = (competitors: boolean) =>
          cellGrant(withRules(all, competitors), at.mine, at.theirs, at.role);
        expect(isWithin(cell(true), cell(false))).toBe(true);
        if (at.role === 'sales')
          expect(cell(true).fields.filter((field) => FIELD_CLASSES[field] === 'sensitive')).toEqual([]);
      }),
      { seed: 10 },
    );
  });
});

test('a scope is valid from its time, less five minutes, to before the second that it names', () => {
  const from = Date.parse(scope.validFrom);
  expect([isValidAt(scope, from - 300_001), isValidAt(scope, from - 300_000)]).toEqual([false, true]);
  const end = '2026-06-30T00:00:00Z';
  const ms = Date.parse(end);
  const limited = makeScope(world, 'founder', { validUntil: end });
  expect([isValidAt(limited, ms - 1), isValidAt(limited, ms), isValidAt(scope, ms + 1e12)]).toEqual([
    true,
    false,
    true,
  ]);
});

test('fields have their numbers by their place, which never changes', () => {
  expect(FIELDS.map((field) => [field, fieldNumber(field)])).toEqual([
    ['account_name', 1],
    ['owner', 2],
    ['owner_email', 3],
    ['type', 4],
    ['industry', 5],
    ['city', 6],
    ['country', 7],
    ['stage', 8],
    ['amount', 9],
    ['close_date', 10],
    ['amount_band', 11],
    ['note', 12],
  ]);
});

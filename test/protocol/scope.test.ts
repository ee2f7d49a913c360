import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { toHex, utf8 } from '../../protocol/bytes.ts';
import {
  ANY_POPULATION,
  cellGrant,
  encodeScope,
  FIELDS,
  isInForce,
  LEVELS,
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

const world = makeWorld(seededRandom('scope'));
const { agent } = world.founder;
const scope = makeScope(world, 'founder');
const text = new TextDecoder().decode(encodeScope(scope));

/** What becomes of a text that the agent key truly signed. */
function opened(signedText: string): string | null {
  return reasonOf(openScope(sign('scope', utf8(signedText), agent.seed), agent.publicKey));
}

function changed(change: (json: Record<string, unknown>) => Record<string, unknown>): string | null {
  return opened(JSON.stringify(change(JSON.parse(text) as Record<string, unknown>)));
}

describe('only the canonical bytes', () => {
  test('are a scope', () => {
    expect(opened(text)).toBeNull();
    expect(value(openScope(signScope(scope, agent.seed), agent.publicKey))).toEqual(scope);
  });

  test.each([
    ['white space', text.replace(':', ': ')],
    ['a line feed at the end', `${text}\n`],
    ['indentation', JSON.stringify(JSON.parse(text), null, 2)],
    ['a byte order mark', `\ufeff${text}`],
    ['another order of keys', text.replace('"version":1,', '').replace(/}$/, ',"version":1}')],
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
    ['an unknown level', (json) => ({ ...json, rules: [{ ...rule(json), level: 'all' }] })],
    ['an unknown field', (json) => ({ ...json, rules: [{ ...rule(json), fields: ['password'] }] })],
    ['a negative budget', (json) => ({ ...json, evaluationBudget: { domain: -1, name: 0 } })],
    [
      'a budget of an unknown kind',
      (json) => ({ ...json, evaluationBudget: { domain: 1, name: 0, phone: 1 } }),
    ],
    ['a minimum of zero', (json) => ({ ...json, minimumCount: 0 })],
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
    expect(reasonOf(openScope(sign('scope', bytes, agent.seed), agent.publicKey))).toBe('malformed');
  });

  test('signed by the partner or the service', () => {
    const signed = signScope(scope, world.joiner.agent.seed);
    expect(reasonOf(openScope(signed, agent.publicKey))).toBe('bad_signature');
  });

  test('the hash is of the signed document', () => {
    const next = { ...scope, number: 2, previous: toHex(scopeHash(signScope(scope, agent.seed))) };
    expect(value(openScope(signScope(next, agent.seed), agent.publicKey)).previous).toBe(next.previous);
    expect(toHex(scopeHash(signScope(next, agent.seed)))).not.toBe(next.previous);
  });
});

function rule(json: Record<string, unknown>): ScopeRule {
  return (json.rules as ScopeRule[])[0] as ScopeRule;
}

const names = ['customers', 'prospects', 'open'] as const;
const rules = fc.array(
  fc.record<ScopeRule>({
    population: fc.constantFrom(...names),
    partnerPopulation: fc.constantFrom(ANY_POPULATION, ...names),
    level: fc.constantFrom(...LEVELS),
    fields: fc.subarray([...FIELDS]),
    whiteSpace: fc.constantFrom(...WHITE_SPACE_LEVELS),
    review: fc.boolean(),
  }),
  { maxLength: 6 },
);
const withRules = (all: ScopeRule[]): Scope =>
  makeScope(world, 'founder', { populations: [...names], rules: all });

describe('what a cell is granted', () => {
  const nothing = { level: 'none', fields: [], whiteSpace: 'none', review: false };

  test('nothing where no rule speaks of it', () => {
    expect(cellGrant(withRules([]), 'customers', 'customers')).toEqual(nothing);
    expect(cellGrant(scope, 'prospects', 'prospects')).toEqual(nothing);
    expect(cellGrant(scope, 'unknown', 'customers')).toEqual(nothing);
    expect(cellGrant(scope, ANY_POPULATION, 'customers')).toEqual(nothing);
  });

  test('a further rule never widens it, and their order changes nothing', () => {
    fc.assert(
      fc.property(
        rules,
        rules,
        fc.constantFrom(...names),
        fc.constantFrom(...names),
        (some, more, mine, theirs) => {
          const cell = (all: ScopeRule[]) => cellGrant(withRules(all), mine, theirs);
          const both = cell([...some, ...more]);
          expect(cell([...more, ...some])).toEqual(both);
          const speaks = some.some(
            (one) => one.population === mine && [ANY_POPULATION, theirs].includes(one.partnerPopulation),
          );
          if (!speaks) return;
          const before = cell(some);
          expect(LEVELS.indexOf(both.level)).toBeLessThanOrEqual(LEVELS.indexOf(before.level));
          expect(WHITE_SPACE_LEVELS.indexOf(both.whiteSpace)).toBeLessThanOrEqual(
            WHITE_SPACE_LEVELS.indexOf(before.whiteSpace),
          );
          expect(both.fields.every((field) => before.fields.includes(field))).toBe(true);
          expect(both.review && !before.review).toBe(false);
        },
      ),
      { seed: 4 },
    );
  });

  test('a population is granted what its widest cell is, also for partner populations yet unnamed', () => {
    fc.assert(
      fc.property(
        rules,
        fc.constantFrom(...names),
        fc.constantFrom(...names, 'unnamed'),
        (all, mine, theirs) => {
          const granted = populationGrant(withRules(all), mine);
          const cell = cellGrant(withRules(all), mine, theirs);
          expect(LEVELS.indexOf(granted.level)).toBeGreaterThanOrEqual(LEVELS.indexOf(cell.level));
          expect(WHITE_SPACE_LEVELS.indexOf(granted.whiteSpace)).toBeGreaterThanOrEqual(
            WHITE_SPACE_LEVELS.indexOf(cell.whiteSpace),
          );
          expect(cell.fields.every((field) => granted.fields.includes(field))).toBe(true);
          expect(cell.review && !granted.review).toBe(false);
        },
      ),
      { seed: 5 },
    );
  });

  test('pairs to review only where every rule that speaks grants them, and some level', () => {
    fc.assert(
      fc.property(rules, fc.constantFrom(...names), fc.constantFrom(...names), (all, mine, theirs) => {
        const speaking = all.filter(
          (one) => one.population === mine && [ANY_POPULATION, theirs].includes(one.partnerPopulation),
        );
        const { review, level } = cellGrant(withRules(all), mine, theirs);
        expect(review).toBe(level !== 'none' && speaking.every((one) => one.review));
      }),
      { seed: 7 },
    );
  });

  test('fields only at level fields', () => {
    fc.assert(
      fc.property(rules, fc.constantFrom(...names), fc.constantFrom(...names), (all, mine, theirs) => {
        const { level, fields } = cellGrant(withRules(all), mine, theirs);
        if (level !== 'fields') expect(fields).toEqual([]);
      }),
      { seed: 6 },
    );
  });
});

test('a scope is in force from its issue, less five minutes, to before the second that it names', () => {
  const issued = Date.parse(scope.issuedAt);
  expect([isInForce(scope, issued - 300_001), isInForce(scope, issued - 300_000)]).toEqual([false, true]);
  const end = '2026-06-30T00:00:00Z';
  const ms = Date.parse(end);
  const limited = makeScope(world, 'founder', { validUntil: end });
  expect([isInForce(limited, ms - 1), isInForce(limited, ms), isInForce(scope, ms + 1e12)]).toEqual([
    true,
    false,
    true,
  ]);
});

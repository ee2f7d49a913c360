import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Identifier } from '../../protocol/identifiers/kind.ts';
import { makeWorld } from '../support/parties.ts';
import { seededRandom } from '../support/random.ts';
import { type Account, plaintextPairs } from '../support/rows.ts';
import { domains, run } from '../support/run.ts';

const world = makeWorld(seededRandom('intersection'));

describe('sizes', () => {
  const cases: readonly (readonly [string, readonly Account[], readonly Account[], number])[] = [
    ['both empty', [], [], 0],
    ['one side empty', domains('f', 0, 5), [], 0],
    ['one and the same account', domains('f', 0, 1), domains('j', 0, 1), 1],
    ['one account each, different', domains('f', 0, 1), domains('j', 1, 2), 0],
    ['equal lists', domains('f', 0, 100), domains('j', 0, 100), 100],
    ['disjoint lists', domains('f', 0, 100), domains('j', 100, 200), 0],
    ['overlap of 50', domains('f', 0, 100), domains('j', 50, 150), 50],
  ];
  test.each(cases)('%s', (_, founder, joiner, expected) => {
    const { pairs } = run(world, { founder, joiner });
    expect(pairs).toEqual(plaintextPairs(founder, joiner));
    expect(pairs.length).toBe(expected);
  });

  test.each([1, 2, 7, 99, 100, 101])('chunks of %i give the same pairs', (chunk) => {
    const lists = { founder: domains('f', 0, 100), joiner: domains('j', 93, 101) };
    expect(run(world, lists, chunk).pairs).toEqual(plaintextPairs(lists.founder, lists.joiner));
  });
});

const content = fc.oneof(
  fc.string({ unit: 'binary', minLength: 1, maxLength: 12 }),
  fc.string({ unit: 'grapheme', minLength: 1, maxLength: 12 }),
  // Few values, so that lists do overlap.
  fc.constantFrom(
    'acme.example',
    'acmé',
    'acme\u0301',
    '株式会社',
    'straße',
    'strasse',
    '\u{1f600}',
    '\u0000',
    'a\u001fDE',
  ),
);

const account = fc.record({
  populations: fc.uniqueArray(fc.integer({ min: 0, max: 5 }), { minLength: 1, maxLength: 3 }),
  identifiers: fc.array(fc.record<Identifier>({ kind: fc.constantFrom('domain', 'name'), value: content }), {
    minLength: 0,
    maxLength: 4,
  }),
  fields: fc.record({
    owner: fc.string({ unit: 'grapheme', maxLength: 60 }),
    stage: fc.string({ maxLength: 8 }),
  }),
});

const list = (prefix: string) =>
  fc
    .array(account, { maxLength: 8 })
    .map((all) => all.map((entry, i): Account => ({ id: `${prefix}${i}`, ...entry })));

test('any two lists: the pairs are the plaintext intersection and each side reads what the other wrote', () => {
  fc.assert(
    fc.property(list('f'), list('j'), fc.constantFrom(1, 2, 5, 64), (founder, joiner, chunk) => {
      const { pairs, read } = run(world, { founder, joiner }, chunk);
      expect(pairs).toEqual(plaintextPairs(founder, joiner));
      for (const { mine, partner, got } of read) {
        expect(got.populations).toEqual([...partner.populations].sort((a, b) => a - b));
        const strong = partner.identifiers.some(
          ({ kind, value: text }) =>
            kind === 'domain' && mine.identifiers.some((own) => own.kind === kind && own.value === text),
        );
        // A namesake opens nothing; who has the same domain opens all.
        expect(got.fields).toEqual(strong ? partner.fields : {});
      }
    }),
    { numRuns: 60, seed: 1 },
  );
});

test('a pair by an equal domain reads the fields, a pair by an equal name does not', () => {
  const fields = { owner: 'Ana Schäfer', stage: '' };
  const founder: Account[] = [
    { id: 'f0', populations: [0], identifiers: [{ kind: 'domain', value: 'delta.example' }], fields },
    { id: 'f1', populations: [1], identifiers: [{ kind: 'name', value: 'delta\u001fUS' }], fields },
  ];
  const joiner: Account[] = [
    { id: 'j0', populations: [0], identifiers: [{ kind: 'domain', value: 'delta.example' }] },
    { id: 'j1', populations: [0], identifiers: [{ kind: 'name', value: 'delta\u001fUS' }] },
  ];
  const { pairs, read } = run(world, { founder, joiner });
  expect(pairs).toEqual(['f0 j0', 'f1 j1']);
  const joinerReads = read
    .filter((entry) => entry.side === 'joiner')
    .map(({ partner, got }) => [partner.id, got]);
  expect(Object.fromEntries(joinerReads)).toEqual({
    f0: { populations: [0], fields },
    f1: { populations: [1], fields: {} },
  });
});

test('a kind is part of the identifier: an equal text of another kind is no match', () => {
  const founder: Account[] = [
    { id: 'f0', populations: [0], identifiers: [{ kind: 'domain', value: 'delta' }] },
  ];
  const joiner: Account[] = [{ id: 'j0', populations: [0], identifiers: [{ kind: 'name', value: 'delta' }] }];
  expect(run(world, { founder, joiner }).pairs).toEqual([]);
});

test('an account listed twice makes two pairs, an identifier named twice makes one', () => {
  const twice: Identifier = { kind: 'domain', value: 'twice.example' };
  const founder: Account[] = [
    { id: 'f0', populations: [0], identifiers: [twice, twice] },
    { id: 'f1', populations: [0], identifiers: [twice] },
  ];
  const joiner: Account[] = [{ id: 'j0', populations: [0], identifiers: [twice] }];
  expect(run(world, { founder, joiner }).pairs).toEqual(['f0 j0', 'f1 j0']);
});

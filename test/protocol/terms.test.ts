import { describe, expect, test } from 'vitest';
import { concat, uint } from '../../protocol/bytes.ts';
import { messageStart, newPartnershipId } from '../../protocol/ids.ts';
import { sign } from '../../protocol/signed.ts';
import { agreedVersion, openTerms, signTerms } from '../../protocol/terms.ts';
import { signingKey } from '../support/parties.ts';
import { seededRandom } from '../support/random.ts';
import { reasonOf, value } from '../support/results.ts';

const random = seededRandom('terms');
const partnership = newPartnershipId(random);
const key = signingKey(random);
const place = { partnership, epoch: 1, side: 'founder' } as const;
const [first, second, other] = [random(32), random(32), random(32)];

describe('agreedVersion', () => {
  const term = (version: number, data = first) => ({ version, data });

  test('agents of different versions settle on the highest that both have', () => {
    expect(agreedVersion([term(2), term(3)], [term(2)])).toBe(2);
    expect(agreedVersion([term(2)], [term(1), term(2), term(3)])).toBe(2);
    expect(agreedVersion([term(2), term(3)], [term(2), term(3)])).toBe(3);
  });

  test('a version with other data is another version', () => {
    expect(agreedVersion([term(2), term(3, second)], [term(2), term(3, other)])).toBe(2);
    expect(agreedVersion([term(2, second)], [term(2, other)])).toBeNull();
  });

  test('nothing in common', () => {
    expect(agreedVersion([term(3)], [term(2)])).toBeNull();
    expect(agreedVersion([], [term(2)])).toBeNull();
  });
});

describe('openTerms', () => {
  const versions = [
    { version: 2, data: first },
    { version: 3, data: second },
  ];
  const signed = signTerms({ ...place, number: 4, versions }, key.seed);

  test('reads what was signed', () => {
    expect(value(openTerms(signed, place, key.publicKey))).toEqual({ ...place, number: 4, versions });
  });

  test('refuses the terms of another side, epoch or partnership, and of another key', () => {
    const elsewhere = newPartnershipId(random);
    for (const expected of [
      { ...place, side: 'joiner' as const },
      { ...place, epoch: 2 },
      { ...place, partnership: elsewhere },
    ]) {
      expect(reasonOf(openTerms(signed, expected, key.publicKey))).toBe('other_context');
    }
    expect(reasonOf(openTerms(signed, place, signingKey(random).publicKey))).toBe('bad_signature');
  });

  test.each([
    ['no version', 1, []],
    ['number 0', 0, [2]],
    ['descending versions', 1, [3, 2]],
    ['a version twice', 1, [2, 2]],
    ['version 0', 1, [0]],
    ['17 versions', 1, Array.from({ length: 17 }, (_, i) => i + 1)],
  ])('refuses %s, also under a true signature', (_, number, list) => {
    const message = concat(
      messageStart(partnership, 1, 'founder'),
      uint(number, 4),
      uint(list.length, 1),
      ...list.map((version) => concat(uint(version, 2), first)),
    );
    expect(reasonOf(openTerms(sign('normaliser terms', message, key.seed), place, key.publicKey))).toBe(
      'malformed',
    );
  });
});

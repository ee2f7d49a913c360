import { pippenger } from '@noble/curves/abstract/curve.js';
import { ristretto255 } from '@noble/curves/ed25519.js';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { concat } from '../../protocol/bytes.ts';
import { openKernel } from '../../protocol/kernel/kernel.ts';
import { MAX_BATCH } from '../../protocol/sizes.ts';
import {
  elementFromUniform,
  isElement,
  multiplyElement,
  multiplyGenerator,
  reduceScalar,
} from '../../protocol/sodium.ts';
import { sodiumSums } from '../../protocol/sums.ts';
import group from '../../protocol/vectors/rfc9496-ristretto255.json' with { type: 'json' };
import { fromLittleEndian, littleEndian, P } from '../support/field.ts';
import { ORDER as ORDER_HEX } from '../support/oracle.ts';
import { seededRandom } from '../support/random.ts';
import { hex } from '../support/results.ts';

const { Point } = ristretto255;
const ORDER = fromLittleEndian(hex(ORDER_HEX));
const IDENTITY = new Uint8Array(32);
const sums = openKernel();
const random = seededRandom('kernel');

/** Multiples of the generator whose factors are known: the sum of many is one multiple of it. */
const logarithms = Array.from({ length: MAX_BATCH }, () => fromLittleEndian(reduceScalar(random(64))));
const multiples = logarithms.map((logarithm) => multiplyGenerator(littleEndian(logarithm)) ?? IDENTITY);
const weightsOf = (count: number) => Array.from({ length: count }, () => reduceScalar(random(64)));

/** n times the generator for n modulo the order. */
function generatorTimes(n: bigint): Uint8Array {
  return multiplyGenerator(littleEndian(((n % ORDER) + ORDER) % ORDER)) ?? IDENTITY;
}

/** Sums elements number 0, 1, ... and, as the second list, the same from another place on; and what must come. */
function expectSums(weights: readonly bigint[], shift: number): void {
  const at = (i: number) => (i + shift) % MAX_BATCH;
  const first = concat(...weights.map((_, i) => multiples[i] ?? IDENTITY));
  const second = concat(...weights.map((_, i) => multiples[at(i)] ?? IDENTITY));
  const sumOf = (index: (i: number) => number) =>
    generatorTimes(weights.reduce((sum, weight, i) => sum + weight * (logarithms[index(i)] ?? 0n), 0n));
  expect(sums(concat(...weights.map(littleEndian)), first, second)).toEqual({
    first: sumOf((i) => i),
    second: sumOf(at),
  });
}

/** With one of the packed 32-byte strings replaced. */
function withAt(packed: Uint8Array, index: number, bytes: Uint8Array): Uint8Array {
  const copy = packed.slice();
  copy.set(bytes, 32 * index);
  return copy;
}

describe('weighted sums', () => {
  // Every width of the window is some size's best.
  test.each([1, 2, 3, 4, 5, 8, 32, 77, 300, 600, 1000, 3000])('%i elements, as noble sums them', (count) => {
    const weights = weightsOf(count);
    const [first, second] = [0, 1].map(() => weights.map(() => elementFromUniform(random(64))));
    const sumOf = (elements: readonly Uint8Array[] = []) =>
      pippenger(
        Point,
        elements.map((element) => Point.fromBytes(element)),
        weights.map(fromLittleEndian),
      ).toBytes();
    expect(sums(concat(...weights), concat(...(first ?? [])), concat(...(second ?? [])))).toEqual({
      first: sumOf(first),
      second: sumOf(second),
    });
  });

  test('as libsodium sums them', () => {
    const [first, second] = [0, 1].map(() =>
      concat(...weightsOf(50).map(() => elementFromUniform(random(64)))),
    );
    const weights = concat(...weightsOf(50));
    const expected = sodiumSums(weights, first ?? IDENTITY, second ?? IDENTITY);
    expect(expected).not.toBeNull();
    expect(sums(weights, first ?? IDENTITY, second ?? IDENTITY)).toEqual(expected);
  });

  const edges = [0n, 1n, 2n, ORDER - 1n, ORDER - 2n, ORDER / 2n, 2n ** 252n, 2n ** 253n - 1n];
  const weight = fc.oneof(
    fc.constantFrom(...edges),
    fc.nat(252).map((bit) => 2n ** BigInt(bit)),
    fc.nat(252).map((bit) => 2n ** BigInt(bit) - 1n),
    fc.bigInt({ min: 0n, max: ORDER - 1n }),
  );

  test('of any size up to a whole batch, with weights at the ends of their range', () => {
    const any = fc.oneof(
      fc.array(weight, { minLength: 1, maxLength: 20, size: 'max' }),
      fc
        .tuple(weight, weight, fc.integer({ min: 1, max: 1500 }))
        .map(([a, b, count]) => Array.from({ length: count }, (_, i) => (i % 3 === 0 ? a : b))),
    );
    fc.assert(fc.property(any, fc.nat(MAX_BATCH), expectSums), { numRuns: 150, seed: 5 });
    expectSums(weightsOf(MAX_BATCH).map(fromLittleEndian), 1);
  });

  test('every bit of a weight counts, at every width of the window', () => {
    for (const others of [0, 20, 60, 190, 450, 900, 2900]) {
      const rest = weightsOf(others).map(fromLittleEndian);
      const step = others > 300 ? 37 : others > 0 ? 11 : 1;
      for (let bit = 0; bit < 253; bit += step) expectSums([2n ** BigInt(bit), ...rest], 1);
    }
  });

  test('every element counts, whatever its place', () => {
    const weights = concat(...weightsOf(40));
    const elements = concat(...multiples.slice(0, 40));
    const before = sums(weights, elements, elements);
    for (let i = 0; i < 40; i++) {
      const changed = withAt(elements, i, multiples[40] ?? IDENTITY);
      const inFirst = sums(weights, changed, elements);
      expect(inFirst?.first).not.toEqual(before?.first);
      expect(inFirst?.second).toEqual(before?.second);
      expect(sums(weights, elements, changed)).toEqual({ first: before?.first, second: inFirst?.first });
    }
  });

  test.each([1, 2, 50, 1000])('%i equal elements with equal weights', (count) => {
    const [factor = 0n, weighed = 0n] = logarithms;
    const list = concat(...Array.from({ length: count }, () => generatorTimes(factor)));
    const weights = concat(...Array.from({ length: count }, () => littleEndian(weighed)));
    const sum = generatorTimes(BigInt(count) * factor * weighed);
    expect(sums(weights, list, list)).toEqual({ first: sum, second: sum });
  });

  test('a sum that is the identity is zero bytes, in either list', () => {
    const element = generatorTimes(5n);
    const same = concat(element, element);
    const opposite = concat(element, generatorTimes(-5n));
    const [one = IDENTITY] = weightsOf(1);
    const double = generatorTimes(10n * fromLittleEndian(one));
    expect(sums(concat(one, one), opposite, same)).toEqual({ first: IDENTITY, second: double });
    expect(sums(concat(one, one), same, opposite)).toEqual({ first: double, second: IDENTITY });
    expect(sums(concat(IDENTITY, IDENTITY), same, same)).toEqual({ first: IDENTITY, second: IDENTITY });
    const minusOne = littleEndian(ORDER - fromLittleEndian(one));
    expect(sums(concat(one, minusOne), same, same)).toEqual({ first: IDENTITY, second: IDENTITY });
  });

  test('a batch leaves nothing behind for the next one', () => {
    expectSums(weightsOf(900).map(fromLittleEndian), 3);
    expectSums([7n], 2);
    expect(sums(concat(...weightsOf(2)), concat(IDENTITY, IDENTITY), concat(IDENTITY, IDENTITY))).toBeNull();
    expectSums([8n, 9n], 1);
  });
});

describe('decoding is strict', () => {
  const invalid = group.invalid.flatMap(({ encodings }) => encodings.map(hex));
  const one = concat(littleEndian(1n));
  const isValid = (encoding: Uint8Array) => {
    const alone = sums(one, encoding, generatorTimes(3n));
    // One times an element is its only encoding.
    if (alone) expect(alone.first).toEqual(encoding);
    return alone !== null;
  };

  test('RFC 9496 A.1: multiples of the generator', () => {
    for (const encoding of group.multiples.slice(1).map(hex)) expect(isValid(encoding)).toBe(true);
  });

  test('RFC 9496 A.2 and the identity are refused in every place and either list', () => {
    expect(invalid).toHaveLength(29);
    const weights = concat(...weightsOf(5));
    const elements = concat(...multiples.slice(0, 5));
    expect(sums(weights, elements, elements)).not.toBeNull();
    for (const encoding of [...invalid, IDENTITY]) {
      for (let i = 0; i < 5; i++) {
        expect(sums(weights, withAt(elements, i, encoding), elements)).toBeNull();
        expect(sums(weights, elements, withAt(elements, i, encoding))).toBeNull();
      }
    }
  });

  test('other encodings of a valid number are refused: p more, negated, with bit 255', () => {
    for (const encoding of [...group.multiples.slice(1).map(hex), ...multiples.slice(0, 50)]) {
      const number = fromLittleEndian(encoding);
      expect(isValid(littleEndian(P - number))).toBe(false);
      expect(isValid(littleEndian(number + 2n ** 255n))).toBe(false);
      expect(isValid(littleEndian(number + P))).toBe(false);
    }
    for (let small = 0n; small < 19n; small++) expect(isValid(littleEndian(P + small))).toBe(false);
  });

  test('refuses and accepts exactly as libsodium does: random numbers and flipped bits', () => {
    const seen = { valid: 0, invalid: 0 };
    const flipped = fc.tuple(fc.nat(MAX_BATCH - 1), fc.nat(255)).map(([i, bit]) => {
      const encoding = (multiples[i] ?? IDENTITY).slice();
      encoding[bit >> 3] = (encoding[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      return encoding;
    });
    // Even and below 2^255, where every fourth is valid or so.
    const even = fc.bigInt({ min: 0n, max: 2n ** 254n - 1n }).map((half) => littleEndian(2n * half));
    const small = fc.bigInt({ min: 0n, max: 400n }).map(littleEndian);
    const any = fc.uint8Array({ minLength: 32, maxLength: 32 });
    fc.assert(
      fc.property(fc.oneof(flipped, even, small, any), (encoding) => {
        const expected = isElement(encoding);
        seen[expected ? 'valid' : 'invalid']++;
        expect(isValid(encoding)).toBe(expected);
        expect(multiplyElement(one, encoding) !== null).toBe(expected);
      }),
      { numRuns: 2000, seed: 6 },
    );
    expect(seen.valid).toBeGreaterThan(200);
    expect(seen.invalid).toBeGreaterThan(200);
  });
});

test('lists that differ in length, are empty or too long are misuse; a weight of 2^253 gives nothing', () => {
  const list = (count: number) => concat(...multiples.slice(0, count));
  const weights = concat(...weightsOf(2));
  expect(() => sums(weights, list(2), list(1))).toThrow(RangeError);
  expect(() => sums(weights, list(3), list(2))).toThrow(RangeError);
  expect(() => sums(weights.subarray(1), list(2).subarray(1), list(2).subarray(1))).toThrow(RangeError);
  expect(() => sums(new Uint8Array(), new Uint8Array(), new Uint8Array())).toThrow(RangeError);
  const long = new Uint8Array(32 * (MAX_BATCH + 1));
  expect(() => sums(long, long, long)).toThrow(RangeError);
  expect(sums(withAt(weights, 1, littleEndian(2n ** 253n)), list(2), list(2))).toBeNull();
});

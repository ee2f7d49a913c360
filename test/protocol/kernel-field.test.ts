import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  fromLittleEndian,
  type Limbs,
  limbsOf,
  littleEndian,
  numberOf,
  openPart,
  P,
  power,
} from '../support/field.ts';

/** The largest limbs of a promise of field.ts: even ones, odd ones. */
type Bound = readonly [number, number];
const TIGHT: Bound = [2 ** 26 - 1, 2 ** 25 + 2 ** 12 - 1];
const LOOSE: Bound = [3 * 2 ** 26 - 1, 3 * 2 ** 25 + 2 ** 14 - 1];
const WIDE: Bound = [2 ** 28 - 1, 2 ** 27 + 2 ** 13 - 1];

const field = openPart('field.ts');
const [f, g, out] = [field.at(0), field.at(1), field.at(2)];

/** Numbers where a carry or a reduction may go wrong, as tight limbs. */
const EDGES = [0n, 1n, 2n, 18n, 19n, 20n, P - 20n, P - 19n, P - 2n, P - 1n, P, P + 1n, P + 18n].map(limbsOf);

function largest(bound: Bound): Limbs {
  return Array.from({ length: 10 }, (_, i) => bound[i % 2 === 0 ? 0 : 1]);
}

/** Limbs up to a bound, most of them at one of its ends. */
function limbs(bound: Bound): fc.Arbitrary<Limbs> {
  const limb = (most: number) =>
    fc.oneof(
      { weight: 2, arbitrary: fc.constant(most) },
      { weight: 1, arbitrary: fc.constant(0) },
      { weight: 1, arbitrary: fc.integer({ min: most - 4, max: most }) },
      { weight: 3, arbitrary: fc.nat(most) },
    );
  const any = fc.tuple(...largest(bound).map(limb));
  return fc.oneof(any, fc.constant(largest(bound)), fc.constantFrom(...EDGES));
}

function pair(bound: Bound): fc.Arbitrary<[Limbs, Limbs]> {
  return fc.tuple(limbs(bound), limbs(bound));
}

function expectWithin(lanes: readonly Limbs[], bound: Bound): void {
  for (const lane of lanes) {
    for (const [i, limb] of lane.entries()) expect(limb).toBeLessThanOrEqual(bound[i % 2 === 0 ? 0 : 1]);
  }
}

/** A difference from a number of the integers modulo p. */
const mod = (value: bigint) => ((value % P) + P) % P;
const many = { numRuns: 3000, seed: 1 };

describe('the kernel’s field agrees with BigInt', () => {
  test('multiply, a wide by a loose pair, also in place', () => {
    fc.assert(
      fc.property(pair(WIDE), pair(LOOSE), fc.constantFrom(out, f, g), (a, b, to) => {
        field.write(f, a);
        field.write(g, b);
        field.call('multiply', to, f, g);
        const product = field.read(to);
        expectWithin(product, TIGHT);
        expect(product.map((lane) => mod(numberOf(lane)))).toEqual(
          [0, 1].map((lane) => mod(numberOf(a[lane] ?? []) * numberOf(b[lane] ?? []))),
        );
      }),
      { ...many, examples: [[[largest(WIDE), largest(WIDE)], [largest(LOOSE), largest(LOOSE)], out]] },
    );
  });

  test('square, a loose pair, also in place', () => {
    fc.assert(
      fc.property(pair(LOOSE), fc.constantFrom(out, f), (a, to) => {
        field.write(f, a);
        field.call('square', to, f);
        const square = field.read(to);
        expectWithin(square, TIGHT);
        expect(square.map((lane) => mod(numberOf(lane)))).toEqual(a.map((lane) => mod(numberOf(lane) ** 2n)));
      }),
      { ...many, examples: [[[largest(LOOSE), largest(LOOSE)], out]] },
    );
  });

  test('add and subtract, tight pairs: what comes is loose', () => {
    fc.assert(
      fc.property(pair(TIGHT), pair(TIGHT), fc.constantFrom(out, f, g), (a, b, to) => {
        for (const name of ['add', 'subtract']) {
          field.write(f, a);
          field.write(g, b);
          field.call(name, to, f, g);
          const result = field.read(to);
          expectWithin(result, LOOSE);
          const sign = name === 'add' ? 1n : -1n;
          expect(result.map((lane) => mod(numberOf(lane)))).toEqual(
            [0, 1].map((lane) => mod(numberOf(a[lane] ?? []) + sign * numberOf(b[lane] ?? []))),
          );
        }
      }),
      many,
    );
  });

  test('a sum of two tight pairs and a third is loose; minus a third it is wide', () => {
    fc.assert(
      fc.property(pair(TIGHT), pair(TIGHT), pair(TIGHT), (a, b, c) => {
        const expected = (sign: bigint) =>
          [0, 1].map((lane) =>
            mod(numberOf(a[lane] ?? []) + numberOf(b[lane] ?? []) + sign * numberOf(c[lane] ?? [])),
          );
        field.write(f, a);
        field.write(g, b);
        field.call('add', f, f, g);
        field.write(g, c);
        field.call('add', out, f, g);
        expectWithin(field.read(out), LOOSE);
        expect(field.read(out).map((lane) => mod(numberOf(lane)))).toEqual(expected(1n));
        field.call('subtract', out, f, g);
        expectWithin(field.read(out), WIDE);
        expect(field.read(out).map((lane) => mod(numberOf(lane)))).toEqual(expected(-1n));
      }),
      many,
    );
  });
});

describe('one lane', () => {
  const lanes = openPart('lane.ts');
  const [f, out, bytes] = [lanes.at(0), lanes.at(1), lanes.at(2)];

  test('toBytes gives the one canonical encoding of a tight lane', () => {
    fc.assert(
      fc.property(pair(TIGHT), (a) => {
        lanes.write(f, a);
        for (const lane of [0, 1]) {
          lanes.call('toBytes', bytes, f, lane);
          expect(fromLittleEndian(lanes.bytes(bytes, 32))).toBe(mod(numberOf(a[lane] ?? [])));
        }
      }),
      { ...many, examples: [[[largest(TIGHT), largest(TIGHT)]]] },
    );
  });

  test('fromBytes takes 255 bits, and leaves the other lane alone', () => {
    const edge = fc.constantFrom(0n, 1n, P - 1n, P, P + 18n, 2n ** 255n, 2n ** 256n - 1n).map(littleEndian);
    const any = fc.oneof(edge, fc.uint8Array({ minLength: 32, maxLength: 32 }));
    fc.assert(
      fc.property(any, pair(TIGHT), fc.nat(1), (encoding, before, lane) => {
        lanes.write(f, before);
        lanes.bytes(bytes, 32).set(encoding);
        lanes.call('fromBytes', f, lane, bytes);
        const after = lanes.read(f);
        expectWithin(after, TIGHT);
        expect(numberOf(after[lane] ?? [])).toBe(BigInt.asUintN(255, fromLittleEndian(encoding)));
        expect(after[1 - lane]).toEqual(before[1 - lane]);
      }),
      many,
    );
  });

  test('copyLane copies one lane', () => {
    const [a, b] = [limbsOf(P - 5n), limbsOf(7n)];
    lanes.write(f, [a, b]);
    lanes.write(out, [b, b]);
    lanes.call('copyLane', out, f, 0);
    expect(lanes.read(out)).toEqual([a, b]);
    lanes.write(out, [a, a]);
    lanes.call('copyLane', out, f, 1);
    expect(lanes.read(out)).toEqual([a, b]);
  });
});

test('inverse square roots, for both kinds of square and for none, in either lane', () => {
  const root = openPart('root.ts');
  const [from, to] = [root.at(0), root.at(1)];
  const number = fc.oneof(
    fc.constantFrom(0n, 1n, 2n, 4n, P - 1n, P - 4n),
    fc.bigInt({ min: 0n, max: P - 1n }),
  );
  const seen = new Set<string>();
  fc.assert(
    fc.property(number, number, (a, b) => {
      root.write(from, [limbsOf(a), limbsOf(b)]);
      const squares = root.call('inverseRoot', to, from);
      for (const [lane, v] of [a, b].entries()) {
        const isSquare = power(v, (P - 1n) / 2n) === 1n;
        const found = mod(numberOf(root.read(to)[lane] ?? []));
        seen.add(`${lane} ${v === 0n ? 'zero' : isSquare ? power(v, (P - 1n) / 4n) === 1n : 'none'}`);
        expect((squares >> lane) & 1).toBe(isSquare ? 1 : 0);
        if (isSquare) expect(mod(found * found * v)).toBe(1n);
        if (v === 0n) expect(found).toBe(0n);
      }
    }),
    { numRuns: 300, seed: 4 },
  );
  expect(seen.size).toBe(8);
});

test('the constants are what the RFCs define', () => {
  const constants = openPart('constants.ts');
  const valueAt = (name: string) => {
    const lanes = constants.read(constants.constant(name));
    expect(lanes[0]).toEqual(lanes[1]);
    expectWithin(lanes, TIGHT);
    return numberOf(lanes[0]);
  };
  expect(valueAt('ZERO')).toBe(0n);
  expect(valueAt('ONE')).toBe(1n);
  expect(valueAt('MINUS_ONE')).toBe(P - 1n);
  // RFC 7748 section 4.1: d, and RFC 9496 section 4.1: the roots.
  const d = valueAt('D');
  expect(mod(d * 121666n)).toBe(mod(-121665n));
  expect(valueAt('TWICE_D')).toBe(mod(2n * d));
  expect(valueAt('SQRT_M1')).toBe(
    19681161376707505956807079304988542015446066515923890162744021073123829784752n,
  );
  expect(mod(valueAt('SQRT_M1') ** 2n)).toBe(P - 1n);
  expect(valueAt('INVSQRT_A_MINUS_D')).toBe(
    54469307008909316920995813868745141605393597292927456921205312896311721017578n,
  );
  expect(mod(valueAt('INVSQRT_A_MINUS_D') ** 2n * (-1n - d))).toBe(1n);
});

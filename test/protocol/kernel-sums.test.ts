import { afterEach, describe, expect, test, vi } from 'vitest';
import { concat } from '../../protocol/bytes.ts';
import { openKernel, type WeightedSums } from '../../protocol/kernel/kernel.ts';
import { elementFromUniform, multiplyGenerator, reduceScalar } from '../../protocol/sodium.ts';
import { blind, deriveKeyPair, evaluate, type SuiteRefusal, verifyEvaluation } from '../../protocol/suite.ts';
import { sodiumSums, trustedSums, weightedSums } from '../../protocol/sums.ts';
import { littleEndian } from '../support/field.ts';
import { noble } from '../support/oracle.ts';
import { dice, seededRandom } from '../support/random.ts';
import { reasonOf, value } from '../support/results.ts';

const random = seededRandom('sums');
const kernel = openKernel();

/** A copy with one bit flipped. */
function flipped(bytes: Uint8Array, bit: number): Uint8Array {
  return bytes.with(bit >> 3, (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7)));
}

describe('the kernel is used only where it is right', () => {
  afterEach(() => vi.unstubAllGlobals());

  test('here it is used', () => {
    expect(trustedSums(() => kernel)).toBe(kernel);
    expect(trustedSums(openKernel)).not.toBe(sodiumSums);
  });

  const changed =
    (change: (sums: { first: Uint8Array; second: Uint8Array }) => ReturnType<WeightedSums>): WeightedSums =>
    (...lists) => {
      const sums = kernel(...lists);
      return sums && change(sums);
    };
  test.each<[string, () => WeightedSums]>([
    ['gives nothing', () => () => null],
    ['has its first sum wrong', () => changed(({ first, second }) => ({ first: flipped(first, 9), second }))],
    [
      'has its second sum wrong',
      () => changed(({ first, second }) => ({ first, second: flipped(second, 200) })),
    ],
    ['confuses the sums', () => changed(({ first, second }) => ({ first: second, second: first }))],
    [
      'takes what is no element',
      () => (weights, first, second) => kernel(weights, first, second) ?? sodiumSums(weights, first, first),
    ],
    [
      'cannot be opened',
      () => {
        throw new Error('no leave to compile');
      },
    ],
    [
      'traps',
      () => () => {
        throw new WebAssembly.RuntimeError('unreachable');
      },
    ],
  ])('one that %s is not', (_, open) => {
    expect(trustedSums(open)).toBe(sodiumSums);
  });

  test('without WebAssembly, or without its SIMD, libsodium sums', () => {
    class Module {
      constructor() {
        throw new WebAssembly.CompileError('invalid value type');
      }
    }
    vi.stubGlobal('WebAssembly', { ...WebAssembly, Module });
    expect(openKernel).toThrow();
    expect(trustedSums(openKernel)).toBe(sodiumSums);
    vi.stubGlobal('WebAssembly', undefined);
    expect(trustedSums(openKernel)).toBe(sodiumSums);
  });
});

test.each(['first', 'second'] as const)(
  'a prover whose %s sum is wrong stops before a proof leaves',
  async (sum) => {
    vi.resetModules();
    vi.doMock('../../protocol/sums.ts', () => ({
      weightedSums: (...lists: Parameters<WeightedSums>) => {
        const sums = sodiumSums(...lists);
        return sums && { ...sums, [sum]: elementFromUniform(random(64)) };
      },
    }));
    try {
      const faulty = await import('../../protocol/suite.ts');
      const keys = deriveKeyPair(random(32), new Uint8Array());
      const { blinded } = blind([random(16), random(16)], random);
      expect(evaluate(keys, blinded, random).ok).toBe(true);
      expect(() => faulty.evaluate(keys, blinded, random)).toThrow('the sums of a batch proof are wrong');
    } finally {
      vi.doUnmock('../../protocol/sums.ts');
      vi.resetModules();
    }
  },
);

test('a sum that is the identity is refused, in either list', () => {
  const [weight] = [reduceScalar(random(64))];
  const element = elementFromUniform(random(64));
  const five = multiplyGenerator(littleEndian(5n)) ?? new Uint8Array();
  const minusFive =
    multiplyGenerator(littleEndian(2n ** 252n + 27742317777372353535851937790883648493n - 5n)) ??
    new Uint8Array();
  const weights = concat(weight, weight);
  const [opposite, other] = [concat(five, minusFive), concat(element, element)];
  expect(weightedSums(weights, other, other)).not.toBeNull();
  expect(weightedSums(weights, opposite, other)).toBeNull();
  expect(weightedSums(weights, other, opposite)).toBeNull();
});

describe('a batch proof over the kernel’s sums', () => {
  const keys = deriveKeyPair(random(32), new Uint8Array());
  const otherKeys = deriveKeyPair(random(32), new Uint8Array());

  function batch(count: number) {
    const inputs = Array.from({ length: count }, () => random(16));
    const { blinded } = blind(inputs, random);
    return { blinded, evaluation: value(evaluate(keys, blinded, random)) };
  }

  /** With the element at an index that another key evaluated. */
  function withOther(evaluated: Uint8Array, blinded: Uint8Array, index: number): Uint8Array {
    const element = blinded.subarray(32 * index, 32 * index + 32);
    const copy = evaluated.slice();
    copy.set(value(evaluate(otherKeys, element, random)).evaluated, 32 * index);
    return copy;
  }

  test.each([1, 2, 300])('of %i elements is noble’s too', (count) => {
    const { blinded, evaluation } = batch(count);
    const split = (packed: Uint8Array) =>
      Array.from({ length: count }, (_, i) => packed.slice(32 * i, 32 * i + 32));
    const items = split(blinded).map((element, i) => ({
      input: new Uint8Array(),
      blind: littleEndian(1n),
      blinded: element,
      evaluated: split(evaluation.evaluated)[i] ?? new Uint8Array(),
    }));
    expect(noble.finalizeBatch(items, keys.publicKey, evaluation.proof)).toHaveLength(count);
    const theirs = noble.blindEvaluateBatch(keys.secretKey, keys.publicKey, split(blinded));
    const answer = { evaluated: concat(...theirs.evaluated), proof: theirs.proof };
    expect(verifyEvaluation(blinded, answer, keys.publicKey).ok).toBe(true);
  });

  test.each([1, 2, 33, 700])('of %i elements is refused with one of another key, in every place', (count) => {
    const { blinded, evaluation } = batch(count);
    expect(verifyEvaluation(blinded, evaluation, keys.publicKey).ok).toBe(true);
    for (let i = 0; i < count; i += count > 100 ? 41 : 1) {
      const evaluated = withOther(evaluation.evaluated, blinded, i);
      expect(reasonOf(verifyEvaluation(blinded, { ...evaluation, evaluated }, keys.publicKey))).toBe(
        'invalid_proof',
      );
    }
  });

  test('is refused with any bit changed, of the proof and of any element', () => {
    const count = 24;
    const { blinded, evaluation } = batch(count);
    const refused: readonly (SuiteRefusal | null)[] = ['invalid_proof', 'invalid_scalar', 'invalid_element'];
    for (let bit = 0; bit < 512; bit++) {
      const proof = flipped(evaluation.proof, bit);
      const reason = reasonOf(verifyEvaluation(blinded, { ...evaluation, proof }, keys.publicKey));
      expect(['invalid_proof', 'invalid_scalar']).toContain(reason);
    }
    const throwDice = dice('bits');
    for (let i = 0; i < count; i++) {
      for (let n = 0; n < 12; n++) {
        const bit = 256 * i + throwDice(256);
        const evaluated = flipped(evaluation.evaluated, bit);
        expect(refused).toContain(
          reasonOf(verifyEvaluation(blinded, { ...evaluation, evaluated }, keys.publicKey)),
        );
        expect(refused).toContain(
          reasonOf(verifyEvaluation(flipped(blinded, bit), evaluation, keys.publicKey)),
        );
      }
    }
  });

  test('is refused with two answers changed so that their plain sum stays', () => {
    const { blinded, evaluation } = batch(2);
    const [a, b] = [evaluation.evaluated.subarray(0, 32), evaluation.evaluated.subarray(32)];
    const evaluated = concat(b, a);
    expect(reasonOf(verifyEvaluation(blinded, { ...evaluation, evaluated }, keys.publicKey))).toBe(
      'invalid_proof',
    );
  });
});

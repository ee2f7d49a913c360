import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { concat } from '../../protocol/bytes.ts';
import { isElement } from '../../protocol/sodium.ts';
import {
  blind,
  deriveKeyPair,
  evaluate,
  evaluateOwn,
  finalize,
  verifyEvaluation,
} from '../../protocol/suite.ts';
import { noble } from '../support/oracle.ts';
import { seededRandom } from '../support/random.ts';
import { reasonOf, value } from '../support/results.ts';

const bytes = (size: number) => fc.uint8Array({ minLength: size, maxLength: size });
const inputs = fc.uniqueArray(fc.uint8Array({ maxLength: 80 }), {
  minLength: 1,
  maxLength: 4,
  selector: (input) => input.join(),
});
const few = { numRuns: 12, seed: 2 };

function split(packed: Uint8Array, size = 32): Uint8Array[] {
  return Array.from({ length: packed.length / size }, (_, i) => packed.slice(i * size, (i + 1) * size));
}

describe('agrees with noble, operation by operation', () => {
  test('DeriveKeyPair', () => {
    fc.assert(
      fc.property(bytes(32), fc.uint8Array({ maxLength: 100 }), (seed, info) => {
        expect(deriveKeyPair(seed, info)).toEqual(noble.deriveKeyPair(seed, info));
      }),
      few,
    );
  });

  test('ours asks, noble evaluates, ours checks the proof and finishes', () => {
    fc.assert(
      fc.property(bytes(32), inputs, fc.string(), (seed, all, name) => {
        const keys = noble.deriveKeyPair(seed, new Uint8Array());
        const blinding = blind(all, seededRandom(name));
        const { evaluated, proof } = noble.blindEvaluateBatch(
          keys.secretKey,
          keys.publicKey,
          split(blinding.blinded),
        );
        const outputs = value(
          finalize(all, blinding, { evaluated: concat(...evaluated), proof }, keys.publicKey),
        );
        expect(split(outputs, 64)).toEqual(all.map((input) => noble.evaluate(keys.secretKey, input)));
      }),
      few,
    );
  });

  test('noble asks, ours evaluates, noble checks the proof and finishes', () => {
    fc.assert(
      fc.property(bytes(32), inputs, fc.string(), (seed, all, name) => {
        const keys = deriveKeyPair(seed, new Uint8Array());
        const asked = all.map((input) => ({ input, ...noble.blind(input) }));
        const answer = value(evaluate(keys, concat(...asked.map((one) => one.blinded)), seededRandom(name)));
        const evaluated = split(answer.evaluated);
        const items = asked.map((one, i) => ({ ...one, evaluated: evaluated[i] ?? new Uint8Array() }));
        const outputs = noble.finalizeBatch(items, keys.publicKey, answer.proof);
        expect(concat(...outputs)).toEqual(evaluateOwn(keys.secretKey, all));
      }),
      few,
    );
  });

  test('Evaluate without blinding', () => {
    fc.assert(
      fc.property(bytes(32), inputs, (seed, all) => {
        const { secretKey } = deriveKeyPair(seed, new Uint8Array());
        expect(split(evaluateOwn(secretKey, all), 64)).toEqual(
          all.map((input) => noble.evaluate(secretKey, input)),
        );
      }),
      few,
    );
  });

  test('a proof with one bit flipped is refused by both', () => {
    const keys = deriveKeyPair(new Uint8Array(32).fill(7), new Uint8Array());
    const input = new Uint8Array([1, 2, 3]);
    const blinding = blind([input], seededRandom('bit'));
    const answer = value(evaluate(keys, blinding.blinded, seededRandom('nonce')));
    fc.assert(
      fc.property(fc.nat(511), (bit) => {
        const proof = answer.proof.slice();
        proof[bit >> 3] = (proof[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        const refused = reasonOf(verifyEvaluation(blinding.blinded, { ...answer, proof }, keys.publicKey));
        expect(['invalid_proof', 'invalid_scalar']).toContain(refused);
        expect(() =>
          noble.finalize(input, blinding.blinds, answer.evaluated, blinding.blinded, keys.publicKey, proof),
        ).toThrow();
      }),
      { numRuns: 20, seed: 3 },
    );
  });
});

test('every blinded element is valid and no two are equal, also for one input', () => {
  const input = new Uint8Array([42]);
  const blinded = split(blind([input, input, input], seededRandom('fresh')).blinded);
  expect(blinded.every(isElement)).toBe(true);
  expect(new Set(blinded.map((element) => element.join())).size).toBe(3);
});

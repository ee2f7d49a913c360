import { describe, expect, test } from 'vitest';
import { concat, toHex, uint, utf8 } from '../../protocol/bytes.ts';
import { expandMessage } from '../../protocol/hash.ts';
import { elementFromUniform, isElement, multiplyElement, multiplyGenerator } from '../../protocol/sodium.ts';
import {
  blind,
  deriveKeyPair,
  evaluate,
  evaluateOwn,
  finalize,
  verifyEvaluation,
} from '../../protocol/suite.ts';
import expansion from '../../protocol/vectors/rfc9380-expand-message.json' with { type: 'json' };
import group from '../../protocol/vectors/rfc9496-ristretto255.json' with { type: 'json' };
import voprf from '../../protocol/vectors/rfc9497-voprf.json' with { type: 'json' };
import { fixedRandom } from '../support/random.ts';
import { hex, value } from '../support/results.ts';

/** A scalar as the suite draws it: 64 bytes that are reduced, the high half zero. */
function drawn(scalar: string): Uint8Array {
  return concat(hex(scalar), new Uint8Array(32));
}

describe('RFC 9497 appendix A.1.2', () => {
  const keys = deriveKeyPair(hex(voprf.seed), hex(voprf.keyInfo));

  test('DeriveKeyPair', () => {
    expect(toHex(keys.secretKey)).toBe(voprf.secretKey);
    expect(toHex(keys.publicKey)).toBe(voprf.publicKey);
  });

  test.each(voprf.vectors)('$name', (vector) => {
    const inputs = vector.inputs.map(hex);
    const blinding = blind(inputs, fixedRandom(vector.blinds.map(drawn)));
    expect(toHex(blinding.blinds)).toBe(vector.blinds.join(''));
    expect(toHex(blinding.blinded)).toBe(vector.blinded.join(''));
    const answer = value(evaluate(keys, blinding.blinded, fixedRandom([drawn(vector.proofRandomScalar)])));
    expect(toHex(answer.evaluated)).toBe(vector.evaluated.join(''));
    expect(toHex(answer.proof)).toBe(vector.proof);
    expect(verifyEvaluation(blinding.blinded, answer, keys.publicKey)).toEqual({ ok: true, value: true });
    const outputs = value(finalize(inputs, blinding, answer, keys.publicKey));
    expect(toHex(outputs)).toBe(vector.outputs.join(''));
    expect(toHex(evaluateOwn(keys.secretKey, inputs))).toBe(vector.outputs.join(''));
  });
});

test.each(expansion.vectors)('RFC 9380 appendix K.3: $length bytes of "$message"', (vector) => {
  const expanded = expandMessage(utf8(vector.message), utf8(expansion.domain), vector.length);
  expect(toHex(expanded)).toBe(vector.uniformBytes);
});

describe('RFC 9496 appendix A', () => {
  const one = concat(uint(1, 1), new Uint8Array(31));

  test.each(group.multiples.slice(1).map((encoding, i) => [i + 1, encoding] as const))(
    'A.1: %i times the generator',
    (n, encoding) => {
      const scalar = concat(uint(n, 1), new Uint8Array(31));
      expect(toHex(multiplyGenerator(scalar) ?? new Uint8Array())).toBe(encoding);
      expect(isElement(hex(encoding))).toBe(true);
      expect(toHex(multiplyElement(one, hex(encoding)) ?? new Uint8Array())).toBe(encoding);
    },
  );

  test('A.1: the identity is a group element that the protocol refuses', () => {
    const identity = hex(group.multiples[0] ?? '');
    expect(identity).toEqual(new Uint8Array(32));
    expect(isElement(identity)).toBe(false);
    expect(multiplyElement(one, identity)).toBeNull();
    expect(multiplyGenerator(new Uint8Array(32))).toBeNull();
  });

  const invalid = group.invalid.flatMap(({ reason, encodings }) =>
    encodings.map((encoding) => [reason, encoding] as const),
  );

  test.each(invalid)('A.2: %s, %s', (_, encoding) => {
    expect(isElement(hex(encoding))).toBe(false);
    expect(multiplyElement(one, hex(encoding))).toBeNull();
  });

  test('A.2 has all 29 invalid encodings', () => {
    expect(new Set(invalid.map(([, encoding]) => encoding)).size).toBe(29);
  });

  test.each(group.fromUniform)('A.3: $bytes', ({ bytes, element }) => {
    expect(toHex(elementFromUniform(hex(bytes)))).toBe(element);
  });
});

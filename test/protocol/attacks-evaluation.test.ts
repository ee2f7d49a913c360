import { describe, expect, test } from 'vitest';
import { concat, toHex } from '../../protocol/bytes.ts';
import {
  encodeRequestChunk,
  openEvaluation,
  openRequest,
  openRequestChunk,
  type SignedEvaluation,
  signEvaluation,
  signRequest,
} from '../../protocol/evaluation.ts';
import { sha256 } from '../../protocol/hash.ts';
import type { Identifier } from '../../protocol/identifiers/kind.ts';
import {
  blind,
  deriveKeyPair,
  type Evaluation,
  evaluate,
  finalize,
  verifyEvaluation,
} from '../../protocol/suite.ts';
import group from '../../protocol/vectors/rfc9496-ristretto255.json' with { type: 'json' };
import { type Asked, answer, ask, finish, withElement } from '../support/exchange.ts';
import { noble, ORDER, plusOrder } from '../support/oracle.ts';
import { contextOf, makeWorld, signingKey, withEpoch } from '../support/parties.ts';
import { seededRandom } from '../support/random.ts';
import { hex, reasonOf, value } from '../support/results.ts';

const world = makeWorld(seededRandom('evaluation attacks'));
const context = contextOf(world, 'founder');
const founderKey = world.founder.agent.publicKey;
const joinerKeys = world.joiner.voprf.get('domain') ?? deriveKeyPair(new Uint8Array(32), new Uint8Array());
const identifiers = Array.from(
  { length: 6 },
  (_, i): Identifier => ({ kind: 'domain', value: `c${i}.example` }),
);
const plus = (scalar: Uint8Array) => hex(plusOrder(toHex(scalar)));
const IDENTITY = new Uint8Array(32);

/** Two chunks of three elements and their honest answers. */
function honest(number = 1): { asked: Asked; answers: Uint8Array[]; opened: SignedEvaluation[] } {
  const asked = ask(world, 'founder', identifiers, 3, number);
  const answers = [...value(answer(world, 'founder', asked.signed, bytesOf(asked)))];
  const opened = answers.map((one) => value(openEvaluation(one, context, world.joiner.agent.publicKey)));
  return { asked, answers, opened };
}

function bytesOf(asked: Asked): Uint8Array[] {
  return asked.chunks.map((chunk) => chunk.bytes);
}

/** A dishonest partner: the honest answers, the first one changed and signed again by the partner itself. */
function forged(
  change: (first: SignedEvaluation, all: readonly SignedEvaluation[]) => Partial<SignedEvaluation>,
) {
  const { asked, answers, opened } = honest();
  const [first] = opened;
  if (!first) throw new Error('no answer');
  const changed = signEvaluation(context, { ...first, ...change(first, opened) }, world.joiner.agent.seed);
  return reasonOf(finish(world, 'founder', asked, [changed, ...answers.slice(1)]));
}

function swapElements(packed: Uint8Array): Uint8Array {
  return concat(packed.subarray(32, 64), packed.subarray(0, 32), packed.subarray(64));
}

test('the honest exchange is accepted, so that what follows fails for its own reason', () => {
  const { asked, answers } = honest();
  expect(value(finish(world, 'founder', asked, answers)).size).toBe(6);
  expect(forged(() => ({}))).toBeNull();
});

describe('a partner that answers every slot from one blinded element', () => {
  const one = (evaluated: Uint8Array) => concat(...[0, 1, 2].map(() => evaluated.subarray(0, 32)));

  test('with the proof of the honest batch', () => {
    const reason = forged(({ evaluation }) => ({
      evaluation: { ...evaluation, evaluated: one(evaluation.evaluated) },
    }));
    expect(reason).toBe('invalid_proof');
  });

  test('with a true proof that the one element was evaluated three times', () => {
    const { asked, answers, opened } = honest();
    const element = asked.chunks[0]?.blinding.blinded.slice(0, 32) ?? IDENTITY;
    const { evaluated, proof } = noble.blindEvaluateBatch(joinerKeys.secretKey, joinerKeys.publicKey, [
      element,
      element,
      element,
    ]);
    const evaluation: Evaluation = { evaluated: concat(...evaluated), proof };
    expect(verifyEvaluation(concat(element, element, element), evaluation, joinerKeys.publicKey).ok).toBe(
      true,
    );
    const [first] = opened;
    if (!first) throw new Error('no answer');
    const changed = signEvaluation(context, { ...first, evaluation }, world.joiner.agent.seed);
    expect(reasonOf(finish(world, 'founder', asked, [changed, ...answers.slice(1)]))).toBe('invalid_proof');
  });
});

describe('a partner that does not evaluate what was asked with its own key', () => {
  test('another key, with a proof that fits that key', () => {
    const { asked, answers, opened } = honest();
    const other = deriveKeyPair(new Uint8Array(32).fill(9), new Uint8Array());
    const [first] = opened;
    const kept = asked.chunks[0];
    if (!first || !kept) throw new Error('no answer');
    const evaluation = value(evaluate(other, kept.blinding.blinded, world.random));
    const changed = signEvaluation(context, { ...first, evaluation }, world.joiner.agent.seed);
    expect(reasonOf(finish(world, 'founder', asked, [changed, ...answers.slice(1)]))).toBe('invalid_proof');
  });

  test('the key of another kind', () => {
    const { asked, answers, opened } = honest();
    const names = world.joiner.voprf.get('name');
    const [first] = opened;
    const kept = asked.chunks[0];
    if (!names || !first || !kept) throw new Error('no answer');
    const evaluation = value(evaluate(names, kept.blinding.blinded, world.random));
    const changed = signEvaluation(context, { ...first, evaluation }, world.joiner.agent.seed);
    expect(reasonOf(finish(world, 'founder', asked, [changed, ...answers.slice(1)]))).toBe('invalid_proof');
  });

  test('two evaluated elements swapped', () => {
    const reason = forged(({ evaluation }) => ({
      evaluation: { ...evaluation, evaluated: swapElements(evaluation.evaluated) },
    }));
    expect(reason).toBe('invalid_proof');
  });

  test('the proof of another chunk', () => {
    const reason = forged(({ evaluation }, all) => ({
      evaluation: { ...evaluation, proof: all[1]?.evaluation.proof ?? IDENTITY },
    }));
    expect(reason).toBe('invalid_proof');
  });

  test('elements and proof of another chunk', () => {
    expect(forged((_, all) => ({ evaluation: all[1]?.evaluation }) as Partial<SignedEvaluation>)).toBe(
      'invalid_proof',
    );
  });

  test('elements and proof of an earlier request for the same identifiers', () => {
    const { opened: earlier } = honest();
    expect(forged(() => ({ evaluation: earlier[0]?.evaluation }) as Partial<SignedEvaluation>)).toBe(
      'invalid_proof',
    );
  });

  test('one element fewer, one element more', () => {
    const cut = forged(({ evaluation }) => ({
      evaluation: { ...evaluation, evaluated: evaluation.evaluated.slice(32) },
    }));
    const more = forged(({ evaluation }) => ({
      evaluation: {
        ...evaluation,
        evaluated: concat(evaluation.evaluated, evaluation.evaluated.subarray(0, 32)),
      },
    }));
    expect([cut, more]).toEqual(['batch_size', 'batch_size']);
  });
});

describe('answers out of place', () => {
  const { asked, answers } = honest();
  const [first = IDENTITY, second = IDENTITY] = answers;

  test.each([
    ['swapped', [second, first], 'other_chunk'],
    ['the first one twice', [first, first], 'other_chunk'],
    ['the second omitted', [first], 'malformed'],
    ['the first omitted', [second], 'other_chunk'],
  ])('%s', (_, list, reason) => {
    expect(reasonOf(finish(world, 'founder', asked, list))).toBe(reason);
  });

  test('replayed from an earlier request', () => {
    const later = ask(world, 'founder', identifiers, 3, 2);
    expect(reasonOf(finish(world, 'founder', later, answers))).toBe('other_chunk');
  });

  test('the service answers in the name of the partner', () => {
    const service = signingKey(world.random);
    const [opened] = honest().opened;
    if (!opened) throw new Error('no answer');
    const signed = signEvaluation(context, opened, service.seed);
    expect(reasonOf(finish(world, 'founder', asked, [signed, second]))).toBe('bad_signature');
  });
});

describe('requests that the evaluator refuses', () => {
  const asked = ask(world, 'founder', identifiers, 3);
  const chunks = bytesOf(asked);
  const [first = IDENTITY, second = IDENTITY] = chunks;

  test.each([
    ['swapped chunks', [second, first]],
    ['one chunk twice', [first, first]],
    ['an omitted chunk', [first]],
    ['a chunk of another request', [first, bytesOf(ask(world, 'founder', identifiers, 3, 2))[1] ?? first]],
    ['the same identifiers blinded again', bytesOf(ask(world, 'founder', identifiers, 3))],
  ])('%s', (_, list) => {
    expect(reasonOf(answer(world, 'founder', asked.signed, list))).toBe('other_chunk');
  });

  test('signed by the service in the name of a party', () => {
    const signed = signRequest(context, asked.request, signingKey(world.random).seed);
    expect(reasonOf(answer(world, 'founder', signed, chunks))).toBe('bad_signature');
  });

  test('signed by the evaluator itself: its own request reflected', () => {
    const own = ask(world, 'joiner', identifiers, 3);
    expect(reasonOf(answer(world, 'founder', own.signed, bytesOf(own)))).toBe('bad_signature');
    const relabelled = openRequest(own.signed, context, world.joiner.agent.publicKey);
    expect(reasonOf(relabelled)).toBe('other_context');
  });

  test('a listed chunk that carries another index, kind, count or request inside', () => {
    const blinded = asked.chunks[0]?.blinding.blinded ?? IDENTITY;
    const inside = (bytes: Uint8Array, kind: 'domain' | 'name' = 'domain', count = 3) =>
      reasonOf(
        openRequestChunk(bytes, context, { number: 1, chunks: [{ kind, count, hash: sha256(bytes) }] }, 0),
      );
    expect(inside(encodeRequestChunk(context, 1, 0, 'domain', blinded))).toBeNull();
    expect(inside(encodeRequestChunk(context, 1, 1, 'domain', blinded))).toBe('other_chunk');
    expect(inside(encodeRequestChunk(context, 1, 0, 'name', blinded))).toBe('other_chunk');
    expect(inside(encodeRequestChunk(context, 1, 0, 'domain', blinded), 'domain', 2)).toBe('other_chunk');
    expect(inside(encodeRequestChunk(context, 2, 0, 'domain', blinded))).toBe('other_context');
    expect(inside(encodeRequestChunk(context, 1, 0, 'domain', new Uint8Array()), 'domain', 0)).toBe(
      'malformed',
    );
  });

  test('another partnership, epoch, side or epoch record', () => {
    const contexts = [
      { ...context, partnership: makeWorld(seededRandom('other')).partnership },
      contextOf(withEpoch(world, 2), 'founder'),
      { ...context, epoch: 2 },
      { ...context, side: 'joiner' as const },
      { ...context, epochHash: new Uint8Array(32) },
    ];
    for (const other of contexts) {
      const signed = signRequest(other, asked.request, world.founder.agent.seed);
      expect(reasonOf(openRequest(signed, context, founderKey))).toBe('other_context');
      const bytes = encodeRequestChunk(other, 1, 0, 'domain', asked.chunks[0]?.blinding.blinded ?? IDENTITY);
      const listed = { number: 1, chunks: [{ kind: 'domain' as const, count: 3, hash: sha256(bytes) }] };
      expect(reasonOf(openRequestChunk(bytes, context, listed, 0))).toBe('other_context');
      const [opened] = honest().opened;
      if (!opened) throw new Error('no answer');
      const evaluation = signEvaluation(other, opened, world.joiner.agent.seed);
      expect(reasonOf(openEvaluation(evaluation, context, world.joiner.agent.publicKey))).toBe(
        'other_context',
      );
    }
  });
});

describe('elements', () => {
  const invalid = group.invalid.flatMap(({ encodings }) => encodings).map(hex);
  const inputs = [1, 2, 3].map((byte) => new Uint8Array([byte]));
  const blinding = blind(inputs, world.random);
  const evaluation = value(evaluate(joinerKeys, blinding.blinded, world.random));

  test('identity and non-canonical encodings are not evaluated, wherever they stand', () => {
    for (const element of [IDENTITY, ...invalid]) {
      for (const index of [0, 1, 2]) {
        const asked = withElement(blinding.blinded, index, element);
        expect(reasonOf(evaluate(joinerKeys, asked, world.random))).toBe('invalid_element');
      }
    }
  });

  test('identity and non-canonical encodings are not taken as evaluations', () => {
    for (const element of [IDENTITY, ...invalid]) {
      const evaluated = withElement(evaluation.evaluated, 1, element);
      const reason = reasonOf(finalize(inputs, blinding, { ...evaluation, evaluated }, joinerKeys.publicKey));
      expect(reason).toBe('invalid_element');
    }
  });

  test('all evaluations the identity, as a secret key of zero would give', () => {
    const evaluated = new Uint8Array(96);
    const reason = reasonOf(finalize(inputs, blinding, { ...evaluation, evaluated }, joinerKeys.publicKey));
    expect(reason).toBe('invalid_element');
  });

  test('an element that stands twice in a batch', () => {
    const twice = withElement(blinding.blinded, 2, blinding.blinded.slice(0, 32));
    expect(reasonOf(evaluate(joinerKeys, twice, world.random))).toBe('duplicate_element');
  });

  test('no element, half an element, more than a batch', () => {
    for (const size of [0, 31, 33, 4097 * 32]) {
      expect(reasonOf(evaluate(joinerKeys, new Uint8Array(size), world.random))).toBe('batch_size');
    }
  });

  test('a public key that is the identity or non-canonical', () => {
    for (const key of [IDENTITY, ...invalid]) {
      expect(reasonOf(verifyEvaluation(blinding.blinded, evaluation, key))).toBe('invalid_key');
    }
  });
});

describe('scalars', () => {
  const inputs = [new Uint8Array([1])];
  const blinding = blind(inputs, world.random);
  const evaluation = value(evaluate(joinerKeys, blinding.blinded, world.random));
  const [c, s] = [evaluation.proof.slice(0, 32), evaluation.proof.slice(32)];
  const withProof = (proof: Uint8Array) =>
    reasonOf(finalize(inputs, blinding, { ...evaluation, proof }, joinerKeys.publicKey));

  test.each([
    ['zero', new Uint8Array(32)],
    ['the order', hex(ORDER)],
    ['all ones', new Uint8Array(32).fill(255)],
  ])('a proof with %s for c or s', (_, scalar) => {
    expect(withProof(concat(scalar, s))).toBe('invalid_scalar');
    expect(withProof(concat(c, scalar))).toBe('invalid_scalar');
  });

  test('the same scalar plus the order', () => {
    expect(withProof(concat(plus(c), s))).toBe('invalid_scalar');
    expect(withProof(concat(c, plus(s)))).toBe('invalid_scalar');
  });

  test('a proof of another length', () => {
    expect(withProof(evaluation.proof.slice(1))).toBe('invalid_proof');
    expect(withProof(concat(evaluation.proof, new Uint8Array(1)))).toBe('invalid_proof');
  });

  test.each([
    ['zero', new Uint8Array(32)],
    ['the order', hex(ORDER)],
    ['the key plus the order', plus(joinerKeys.secretKey)],
  ])('a secret key of %s evaluates nothing', (_, secretKey) => {
    expect(reasonOf(evaluate({ ...joinerKeys, secretKey }, blinding.blinded, world.random))).toBe(
      'invalid_key',
    );
  });
});

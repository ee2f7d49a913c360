/**
 * The suite: RFC 9497 ristretto255-SHA512 in mode VOPRF, unmodified, over packed batches. This is the narrow interface
 * behind which a faster kernel can stand: everything takes and returns serialised bytes, elements and scalars packed
 * 32 bytes each, outputs 64 bytes each. A batch holds 1 to MAX_BATCH elements.
 */
import { concat, equal, prefixed, uint, utf8 } from './bytes.ts';
import { expandMessage, type Random } from './hash.ts';
import { ok, type Result, refuse } from './result.ts';
import { ELEMENT_BYTES, MAX_BATCH, OUTPUT_BYTES, PROOF_BYTES, SCALAR_BYTES } from './sizes.ts';
import {
  addElements,
  elementFromUniform,
  invertScalar,
  isElement,
  isScalar,
  multiplyElement,
  multiplyGenerator,
  multiplyScalars,
  reduceScalar,
  sha512,
  subtractScalars,
} from './sodium.ts';
import { weightedSums } from './sums.ts';

// RFC 9497 section 3.1: "OPRFV1-" || I2OSP(mode, 1) || "-" || identifier; mode VOPRF is 1.
const CONTEXT = concat(utf8('OPRFV1-'), uint(1, 1), utf8('-ristretto255-SHA512'));
const HASH_TO_GROUP = concat(utf8('HashToGroup-'), CONTEXT);
const HASH_TO_SCALAR = concat(utf8('HashToScalar-'), CONTEXT);
const DERIVE_KEY_PAIR = concat(utf8('DeriveKeyPair'), CONTEXT);
const SEED = concat(utf8('Seed-'), CONTEXT);

export interface KeyPair {
  /** 32 bytes, canonical, not zero. */
  readonly secretKey: Uint8Array;
  /** 32 bytes. */
  readonly publicKey: Uint8Array;
}

export interface Blinding {
  /** One scalar an input; secret. */
  readonly blinds: Uint8Array;
  /** One element an input; what the evaluator gets. */
  readonly blinded: Uint8Array;
}

export interface Evaluation {
  /** One element an input, in the same order. */
  readonly evaluated: Uint8Array;
  /** One batch DLEQ proof: c and s, 64 bytes. */
  readonly proof: Uint8Array;
}

export type SuiteRefusal =
  | 'batch_size'
  | 'invalid_element'
  | 'duplicate_element'
  | 'invalid_scalar'
  | 'invalid_key'
  | 'invalid_proof';

/** DeriveKeyPair (RFC 9497 section 3.2.1). `seed` is 32 bytes. */
export function deriveKeyPair(seed: Uint8Array, info: Uint8Array): KeyPair {
  if (seed.length !== 32) throw new RangeError('a seed is 32 bytes');
  const input = concat(seed, prefixed(info));
  for (let counter = 0; counter < 256; counter++) {
    const secretKey = hashToScalar(concat(input, uint(counter, 1)), DERIVE_KEY_PAIR);
    const publicKey = multiplyGenerator(secretKey);
    if (publicKey) return { secretKey, publicKey };
  }
  throw new Error('no key pair in 256 tries');
}

/** Blind (RFC 9497 section 3.3.1) with a fresh random scalar for every input. */
export function blind(inputs: readonly Uint8Array[], random: Random): Blinding {
  const blinds = new Uint8Array(inputs.length * SCALAR_BYTES);
  const blinded = new Uint8Array(inputs.length * ELEMENT_BYTES);
  inputs.forEach((input, i) => {
    const scalar = randomScalar(random);
    blinds.set(scalar, i * SCALAR_BYTES);
    blinded.set(multiple(scalar, hashToGroup(input)), i * ELEMENT_BYTES);
  });
  return { blinds, blinded };
}

/**
 * BlindEvaluate with one batch proof (RFC 9497 section 3.3.2). Refuses invalid and identity elements and elements that
 * stand twice, so that one batch cannot probe the evaluator.
 */
export function evaluate(
  keys: KeyPair,
  blinded: Uint8Array,
  random: Random,
): Result<Evaluation, SuiteRefusal> {
  const elements = unpack(blinded);
  if (!elements) return refuse('batch_size');
  if (!isScalar(keys.secretKey)) return refuse('invalid_key');
  const seen = new Set<string>();
  const results: Uint8Array[] = [];
  for (const element of elements) {
    // RFC 9497 section 2.1, DeserializeElement: the identity and non-canonical encodings are errors.
    const result = multiplyElement(keys.secretKey, element);
    if (!result) return refuse('invalid_element');
    seen.add(String.fromCharCode(...element));
    results.push(result);
  }
  if (seen.size !== elements.length) return refuse('duplicate_element');
  const evaluated = concat(...results);
  const proof = prove(keys, blinded, evaluated, randomScalar(random));
  if (!proof) return refuse('invalid_element');
  return ok({ evaluated, proof });
}

/**
 * Finalize (RFC 9497 section 3.3.2): checks the proof against the pinned key and the kept blinded elements, and only
 * then unblinds. Gives 64 bytes an input. Throws on a zero blind, which only a damaged store can hold.
 */
export function finalize(
  inputs: readonly Uint8Array[],
  blinding: Blinding,
  evaluation: Evaluation,
  publicKey: Uint8Array,
): Result<Uint8Array, SuiteRefusal> {
  const verified = verifyEvaluation(blinding.blinded, evaluation, publicKey);
  if (!verified.ok) return verified;
  const elements = unpack(evaluation.evaluated);
  const inverses = invertAll(unpack(blinding.blinds) ?? []);
  if (!elements || elements.length !== inputs.length || inverses.length !== inputs.length) {
    return refuse('batch_size');
  }
  const outputs = new Uint8Array(inputs.length * OUTPUT_BYTES);
  for (const [i, input] of inputs.entries()) {
    const unblinded = multiplyElement(inverses[i]!, elements[i]!);
    if (!unblinded) return refuse('invalid_element');
    outputs.set(outputOf(input, unblinded), i * OUTPUT_BYTES);
  }
  return ok(outputs);
}

/** VerifyProof over a batch (RFC 9497 section 2.2.2). */
export function verifyEvaluation(
  blinded: Uint8Array,
  evaluation: Evaluation,
  publicKey: Uint8Array,
): Result<true, SuiteRefusal> {
  const { evaluated, proof } = evaluation;
  if (!countOf(blinded) || evaluated.length !== blinded.length) return refuse('batch_size');
  if (!isElement(publicKey)) return refuse('invalid_key');
  if (proof.length !== PROOF_BYTES) return refuse('invalid_proof');
  const c = proof.subarray(0, SCALAR_BYTES);
  const s = proof.subarray(SCALAR_BYTES);
  // RFC 9497 section 2.1, DeserializeScalar: out of range is an error.
  if (!isScalar(c) || !isScalar(s)) return refuse('invalid_scalar');
  const sums = weightedSums(compositeWeights(publicKey, blinded, evaluated), blinded, evaluated);
  // RFC 9497 section 2.1, DeserializeElement: the sums fail where an element is the identity or non-canonical.
  if (!sums) return refuse('invalid_element');
  const { first: m, second: z } = sums;
  const t2 = add(multiplyGenerator(s), multiplyElement(c, publicKey));
  const t3 = add(multiplyElement(s, m), multiplyElement(c, z));
  if (!t2 || !t3) return refuse('invalid_proof');
  return equal(challenge(publicKey, m, z, t2, t3), c) ? ok(true) : refuse('invalid_proof');
}

/** Evaluate without blinding, by the holder of the key (RFC 9497 section 3.3.2): 64 bytes an input. */
export function evaluateOwn(secretKey: Uint8Array, inputs: readonly Uint8Array[]): Uint8Array {
  const outputs = new Uint8Array(inputs.length * OUTPUT_BYTES);
  inputs.forEach((input, i) => {
    outputs.set(outputOf(input, multiple(secretKey, hashToGroup(input))), i * OUTPUT_BYTES);
  });
  return outputs;
}

/** GenerateProof (RFC 9497 section 2.2.1) with the given nonce. */
function prove(
  keys: KeyPair,
  blinded: Uint8Array,
  evaluated: Uint8Array,
  nonce: Uint8Array,
): Uint8Array | null {
  const sums = weightedSums(compositeWeights(keys.publicKey, blinded, evaluated), blinded, evaluated);
  if (!sums) return null;
  const { first: m, second: z } = sums;
  // The holder of the key knows one sum from the other, and so sees a wrong one before it leaves.
  const product = multiplyElement(keys.secretKey, m);
  if (!product || !equal(product, z)) throw new Error('the sums of a batch proof are wrong');
  const t2 = multiplyGenerator(nonce);
  const t3 = multiplyElement(nonce, m);
  if (!t2 || !t3) return null;
  const c = challenge(keys.publicKey, m, z, t2, t3);
  return concat(c, subtractScalars(nonce, multiplyScalars(c, keys.secretKey)));
}

/** The weights of ComputeComposites (RFC 9497 section 2.2.1), packed. */
function compositeWeights(publicKey: Uint8Array, blinded: Uint8Array, evaluated: Uint8Array): Uint8Array {
  const seed = prefixed(sha512(concat(prefixed(publicKey), prefixed(SEED))));
  const label = utf8('Composite');
  const weights = new Uint8Array(blinded.length);
  for (let at = 0, i = 0; at < blinded.length; at += ELEMENT_BYTES, i++) {
    const request = prefixed(blinded.subarray(at, at + ELEMENT_BYTES));
    const answer = prefixed(evaluated.subarray(at, at + ELEMENT_BYTES));
    weights.set(hashToScalar(concat(seed, uint(i, 2), request, answer, label), HASH_TO_SCALAR), at);
  }
  return weights;
}

function challenge(...elements: readonly Uint8Array[]): Uint8Array {
  return hashToScalar(concat(...elements.map(prefixed), utf8('Challenge')), HASH_TO_SCALAR);
}

/** Finalize's hash of input and element (RFC 9497 section 3.3.1). */
function outputOf(input: Uint8Array, element: Uint8Array): Uint8Array {
  return sha512(concat(prefixed(input), prefixed(element), utf8('Finalize')));
}

function hashToGroup(input: Uint8Array): Uint8Array {
  return elementFromUniform(expandMessage(input, HASH_TO_GROUP, 64, sha512));
}

function hashToScalar(message: Uint8Array, domain: Uint8Array): Uint8Array {
  return reduceScalar(expandMessage(message, domain, 64, sha512));
}

/** RandomScalar: 64 random bytes reduced, which is uniform but for 2^-259 (RFC 9497 section 4.7.2). */
function randomScalar(random: Random): Uint8Array {
  for (;;) {
    const scalar = reduceScalar(random(64));
    if (isScalar(scalar)) return scalar;
  }
}

function multiple(scalar: Uint8Array, element: Uint8Array): Uint8Array {
  const product = multiplyElement(scalar, element);
  // RFC 9497 section 3.3.1: an input that hashes to the identity is an error; nobody can find one.
  if (!product) throw new Error('an input maps to the identity element');
  return product;
}

function add(a: Uint8Array | null, b: Uint8Array | null): Uint8Array | null {
  return a && b && addElements(a, b);
}

/** The inverses of all scalars by Montgomery's trick: one inversion and three multiplications each. */
function invertAll(scalars: readonly Uint8Array[]): Uint8Array[] {
  const products: Uint8Array[] = [];
  for (const scalar of scalars) {
    const last = products.at(-1);
    products.push(last ? multiplyScalars(last, scalar) : scalar);
  }
  const all = products.at(-1);
  if (!all) return [];
  const inverses: Uint8Array[] = [];
  let rest = invertScalar(all);
  for (let i = scalars.length - 1; i > 0; i--) {
    inverses.push(multiplyScalars(rest, products[i - 1]!));
    rest = multiplyScalars(rest, scalars[i]!);
  }
  inverses.push(rest);
  return inverses.reverse();
}

/** The packed 32-byte strings apart, or null where the size is not that of a batch. */
function unpack(packed: Uint8Array): Uint8Array[] | null {
  const count = countOf(packed);
  if (!count) return null;
  return Array.from({ length: count }, (_, i) => packed.subarray(i * ELEMENT_BYTES, (i + 1) * ELEMENT_BYTES));
}

/** How many packed 32-byte strings these are, or 0 where the size is not that of a batch. */
function countOf(packed: Uint8Array): number {
  const count = packed.length / ELEMENT_BYTES;
  return Number.isInteger(count) && count <= MAX_BATCH ? count : 0;
}

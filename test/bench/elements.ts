/** Microseconds an element of every step of the protocol, beside the same step in noble's RFC 9497 module. */
import { availableParallelism } from 'node:os';
import { ristretto255_oprf } from '@noble/curves/ed25519.js';
import { utf8 } from '../../protocol/bytes.ts';
import { systemRandom } from '../../protocol/hash.ts';
import {
  blind,
  deriveKeyPair,
  evaluate,
  evaluateOwn,
  finalize,
  verifyEvaluation,
} from '../../protocol/suite.ts';
import { openPool } from '../../src/agent/crypto/pool.ts';
import { makeRecords } from '../../src/agent/crypto/tasks.ts';

const ELEMENTS = 2048;
const NOBLE_ELEMENTS = 64;
const ROUNDS = 3;

const { voprf } = ristretto255_oprf;
const keys = deriveKeyPair(systemRandom(32), utf8('bench'));
const inputs = Array.from({ length: ELEMENTS }, (_, i) => utf8(`company-${i}.example`));
const blinding = blind(inputs, systemRandom);
const evaluation = unwrap(evaluate(keys, blinding.blinded, systemRandom));
const few = inputs.slice(0, NOBLE_ELEMENTS);
const fewBlinds = few.map((input) => voprf.blind(input));
const fewBlinded = fewBlinds.map((entry) => entry.blinded);
const fewEvaluated = voprf.blindEvaluateBatch(keys.secretKey, keys.publicKey, fewBlinded);
const items = few.map((input, i) => ({
  input,
  blind: fewBlinds[i]!.blind,
  blinded: fewBlinded[i]!,
  evaluated: fewEvaluated.evaluated[i]!,
}));

const context = {
  partnership: 'prt_00000000000000000000000000000000' as never,
  epoch: 1,
  side: 'founder',
  epochHash: new Uint8Array(32),
} as const;
const accounts = Array.from({ length: 512 }, (_, i) => ({
  handle: i.toString(16).padStart(32, '0'),
  populations: [0, 1],
  identifiers: [{ kind: 'domain' as const, tag: systemRandom(16), key: systemRandom(32), opens: true }],
  fields: { owner: 'Ann Owner', stage: 'Negotiation' },
  name: { text: 'Company', populations: [0] },
}));

export interface Step {
  readonly name: string;
  /** Microseconds an element, one thread. */
  readonly micros: number;
  /** The same with noble, where it has the step. */
  readonly noble: number | null;
}

/** Every step on one thread; the best of some rounds. */
export function benchElements(): Step[] {
  return [
    compare(
      'blind',
      () => blind(inputs, systemRandom),
      () => few.map((input) => voprf.blind(input)),
    ),
    compare(
      'evaluate and prove',
      () => unwrap(evaluate(keys, blinding.blinded, systemRandom)),
      () => voprf.blindEvaluateBatch(keys.secretKey, keys.publicKey, fewBlinded),
    ),
    compare(
      'verify the proof',
      () => unwrap(verifyEvaluation(blinding.blinded, evaluation, keys.publicKey)),
      null,
    ),
    compare(
      'verify and finalize',
      () => unwrap(finalize(inputs, blinding, evaluation, keys.publicKey)),
      () => voprf.finalizeBatch(items, keys.publicKey, fewEvaluated.proof),
    ),
    compare('own evaluation', () => evaluateOwn(keys.secretKey, inputs), null),
    time('tag, boxes and seals of an account', accounts.length, () =>
      makeRecords({
        context,
        submission: 1,
        scopeHash: new Uint8Array(32),
        namesKey: new Uint8Array(32),
        accounts,
      }),
    ),
  ];
}

/** How many times as fast the pool of all cores evaluates as a pool of one. */
export async function benchPool(): Promise<{ readonly threads: number; readonly speedup: number }> {
  const one = await poolSeconds(1);
  const threads = availableParallelism();
  return { threads, speedup: one / (await poolSeconds(threads)) };
}

async function poolSeconds(threads: number): Promise<number> {
  const pool = openPool(threads);
  const seed = systemRandom(32);
  const work = () =>
    Promise.all(
      Array.from({ length: 8 }, () =>
        pool.run('evaluateChunk', { seed, kind: 'domain', blinded: blinding.blinded }),
      ),
    );
  await work();
  const begun = performance.now();
  await work();
  const seconds = (performance.now() - begun) / 1000;
  await pool.close();
  return seconds;
}

function compare(name: string, ours: () => unknown, noble: (() => unknown) | null) {
  return { ...time(name, ELEMENTS, ours), noble: noble && time(name, NOBLE_ELEMENTS, noble).micros };
}

/** The best of some rounds after one to warm up. */
function time(name: string, elements: number, work: () => unknown): Step {
  work();
  let best = Number.POSITIVE_INFINITY;
  for (let i = 0; i < ROUNDS; i++) {
    const begun = performance.now();
    work();
    best = Math.min(best, ((performance.now() - begun) * 1000) / elements);
  }
  return { name, micros: best, noble: null };
}

function unwrap<Value>(result: { ok: true; value: Value } | { ok: false; reason: string }): Value {
  if (result.ok) return result.value;
  throw new Error(result.reason);
}

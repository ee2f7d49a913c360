/** Microseconds an element of every step of the protocol on one thread, beside noble's RFC 9497 module, and on all cores. */
import { availableParallelism } from 'node:os';
import { ristretto255_oprf } from '@noble/curves/ed25519.js';
import { utf8 } from '../../protocol/bytes.ts';
import { epochKeyPair } from '../../protocol/epoch.ts';
import { systemRandom } from '../../protocol/hash.ts';
import { confirmationBox, confirmKey, tagOf } from '../../protocol/keys.ts';
import { sealField } from '../../protocol/seal.ts';
import {
  blind,
  deriveKeyPair,
  evaluate,
  evaluateOwn,
  finalize,
  verifyEvaluation,
} from '../../protocol/suite.ts';
import { openPool } from '../../src/agent/crypto/pool.ts';
import { evaluateChunk, makeRecords } from '../../src/agent/crypto/tasks.ts';

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
const row = { context, handle: systemRandom(16), submission: 1, scopeHash: new Uint8Array(32) };
const kept = Array.from({ length: ELEMENTS }, () => systemRandom(32));
const accounts = Array.from({ length: 512 }, (_, i) => ({
  handle: i.toString(16).padStart(32, '0'),
  populations: [0, 1],
  identifiers: [
    { kind: 'domain' as const, tag: systemRandom(16), key: systemRandom(32), sole: true, opens: true },
  ],
  derived: [],
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
    time('tag and box', ELEMENTS, () => {
      for (const key of kept) {
        tagOf(key);
        const content = { handle: row.handle, population: 0, submission: 1 };
        confirmationBox(confirmKey(key, 'founder'), context, content);
      }
    }),
    time('seal', ELEMENTS, () => {
      for (const key of kept) sealField(key, row, 'owner', 'Ann Owner');
    }),
    time('all records of an account', accounts.length, () => makeRecords(recordsTask)),
  ];
}

const recordsTask = {
  context,
  submission: 1,
  scopeHash: new Uint8Array(32),
  namesKey: new Uint8Array(32),
  accounts,
};

/** A step on all cores at once. */
export interface PooledStep {
  readonly name: string;
  /** Microseconds an element of wall time, all workers together. */
  readonly micros: number;
}

/** The tasks of a sync as the pool of all cores runs them, their way to the workers and back included. */
export async function benchAllCores(): Promise<PooledStep[]> {
  const threads = availableParallelism();
  const pool = openPool(threads);
  const seed = systemRandom(32);
  const partnerSeed = systemRandom(32);
  const values = Array.from({ length: 1024 }, (_, i) => `company-${i}.example`);
  const chunk = { context, kind: 'domain', values } as const;
  const blinded = await pool.run('blindChunk', chunk);
  const answer = unwrap(evaluateChunk({ seed: partnerSeed, kind: 'domain', blinded: blinded.blinded }));
  const finalizeTask = {
    ...chunk,
    seed,
    partnerKey: epochKeyPair(partnerSeed, 'domain').publicKey,
    blinding: blinded,
    evaluation: answer,
  };
  const together = async (name: string, elements: number, work: () => Promise<unknown>) => {
    const round = () => Promise.all(Array.from({ length: 4 * threads }, work));
    await round();
    const begun = performance.now();
    await round();
    return { name, micros: ((performance.now() - begun) * 1000) / (4 * threads * elements) };
  };
  const steps = [
    await together('blind', values.length, () => pool.run('blindChunk', chunk)),
    await together('evaluate and prove', values.length, () =>
      pool.run('evaluateChunk', { seed, kind: 'domain', blinded: blinded.blinded }),
    ),
    await together('verify, finalize, own evaluation, tag', values.length, () =>
      pool.run('finalizeChunk', finalizeTask),
    ),
    await together('all records of an account', accounts.length, () => pool.run('makeRecords', recordsTask)),
  ];
  await pool.close();
  return steps;
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

/**
 * Microseconds an element of every step of the protocol on one thread, beside the same step in noble's RFC 9497 module,
 * in one run. The last line is one JSON object.
 */
import { cpus } from 'node:os';
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

const results = [
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
  time('tag, boxes, seals of an account', accounts.length, () =>
    makeRecords({
      context,
      submission: 1,
      scopeHash: new Uint8Array(32),
      namesKey: new Uint8Array(32),
      accounts,
    }),
  ),
];

console.log(
  `${cpus()[0]?.model ?? 'unknown processor'}, ${cpus().length} cores, Node ${process.version}; µs an element, one thread`,
);
for (const result of results) {
  const ratio =
    result.noble === null
      ? ''
      : `   noble ${result.noble.toFixed(0)}, ${(result.noble / result.micros).toFixed(1)} times as long`;
  console.log(`${result.name.padEnd(34)} ${result.micros.toFixed(1).padStart(8)}${ratio}`);
}
const own = results.filter((result) =>
  ['blind', 'verify and finalize', 'own evaluation'].includes(result.name),
);
console.log(
  JSON.stringify({ ownElement: Math.round(own.reduce((sum, result) => sum + result.micros, 0)), results }),
);

function compare(name: string, ours: () => unknown, noble: (() => unknown) | null) {
  return { ...time(name, ELEMENTS, ours), noble: noble && time(name, NOBLE_ELEMENTS, noble).micros };
}

/** The best of some rounds after one to warm up. */
function time(
  name: string,
  elements: number,
  work: () => unknown,
): { name: string; micros: number; noble: number | null } {
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

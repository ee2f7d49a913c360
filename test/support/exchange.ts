/** One side asks, the other evaluates, the first finishes: the way from identifiers to the keys K(x). */
import { concat, equal } from '../../protocol/bytes.ts';
import {
  type EvaluationRefusal,
  type EvaluationRequest,
  encodeRequestChunk,
  openEvaluation,
  openRequest,
  openRequestChunk,
  oprfInput,
  signEvaluation,
  signRequest,
} from '../../protocol/evaluation.ts';
import { sha256 } from '../../protocol/hash.ts';
import { EVALUATED_KINDS, type EvaluatedKind, type Identifier } from '../../protocol/identifiers/kind.ts';
import { otherSide, type Side } from '../../protocol/ids.ts';
import { identifierKey } from '../../protocol/keys.ts';
import { ok, type Result, refuse } from '../../protocol/result.ts';
import { OUTPUT_BYTES } from '../../protocol/sizes.ts';
import {
  type Blinding,
  blind,
  evaluate,
  evaluateOwn,
  finalize,
  type SuiteRefusal,
} from '../../protocol/suite.ts';
import { contextOf, type World } from './parties.ts';

/** What the asking side keeps of a chunk until the answer comes. */
interface KeptChunk {
  readonly kind: EvaluatedKind;
  readonly values: readonly string[];
  readonly inputs: readonly Uint8Array[];
  readonly blinding: Blinding;
  readonly bytes: Uint8Array;
}

export interface Asked {
  readonly signed: Uint8Array;
  readonly request: EvaluationRequest;
  readonly chunks: readonly KeptChunk[];
}

export type ExchangeRefusal = EvaluationRefusal | SuiteRefusal;

/** K by kind and value. */
export type Keys = ReadonlyMap<string, Uint8Array>;

export function keyName({ kind, value }: Identifier): string {
  return `${kind} ${value}`;
}

/** A signed request for these identifiers, duplicates removed, each kind in chunks of its own. */
export function ask(
  world: World,
  side: Side,
  identifiers: readonly Identifier[],
  chunkElements = 64,
  number = 1,
): Asked {
  const context = contextOf(world, side);
  const chunks: KeptChunk[] = [];
  for (const kind of EVALUATED_KINDS) {
    const values = [
      ...new Set(identifiers.filter((entry) => entry.kind === kind).map((entry) => entry.value)),
    ];
    for (let i = 0; i < values.length; i += chunkElements) {
      const part = values.slice(i, i + chunkElements);
      const inputs = part.map((text) => oprfInput(context, kind, text));
      const blinding = blind(inputs, world.random);
      const bytes = encodeRequestChunk(context, number, chunks.length, kind, blinding.blinded);
      chunks.push({ kind, values: part, inputs, blinding, bytes });
    }
  }
  const request = {
    number,
    chunks: chunks.map(({ kind, values, bytes }) => ({ kind, count: values.length, hash: sha256(bytes) })),
  };
  return { request, chunks, signed: signRequest(context, request, world[side].agent.seed) };
}

/** The other side checks the request and each chunk, evaluates and signs. `chunks` are what reached it. */
export function answer(
  world: World,
  side: Side,
  signed: Uint8Array,
  chunks: readonly Uint8Array[],
): Result<readonly Uint8Array[], ExchangeRefusal> {
  const context = contextOf(world, side);
  const evaluator = world[otherSide(side)];
  const request = openRequest(signed, context, world[side].agent.publicKey);
  if (!request.ok) return request;
  const counts = new Map<EvaluatedKind, number>();
  const answers: Uint8Array[] = [];
  for (const [index, listed] of request.value.chunks.entries()) {
    const blinded = openRequestChunk(chunks[index] ?? new Uint8Array(), context, request.value, index);
    if (!blinded.ok) return blinded;
    const keys = evaluator.voprf.get(listed.kind);
    if (!keys) return refuse('invalid_key');
    const evaluation = evaluate(keys, blinded.value, world.random);
    if (!evaluation.ok) return evaluation;
    counts.set(listed.kind, (counts.get(listed.kind) ?? 0) + listed.count);
    const content = {
      request: request.value.number,
      index,
      kind: listed.kind,
      chunkHash: listed.hash,
      counts,
      evaluation: evaluation.value,
    };
    answers.push(signEvaluation(context, content, evaluator.agent.seed));
  }
  return ok(answers);
}

/** The asking side checks signature, place and proof of every answer against what it kept, and derives K. */
export function finish(
  world: World,
  side: Side,
  asked: Asked,
  answers: readonly Uint8Array[],
): Result<Keys, ExchangeRefusal> {
  const partner = otherSide(side);
  const keys = new Map<string, Uint8Array>();
  for (const [index, kept] of asked.chunks.entries()) {
    const evaluatorKey = world[partner].agent.publicKey;
    const opened = openEvaluation(answers[index] ?? new Uint8Array(), contextOf(world, side), evaluatorKey);
    if (!opened.ok) return opened;
    const { request, index: at, kind, chunkHash, evaluation } = opened.value;
    const inPlace = request === asked.request.number && at === index && kind === kept.kind;
    if (!inPlace || !equal(chunkHash, sha256(kept.bytes))) return refuse('other_chunk');
    const publicKey = world.epoch[partner].keys.get(kind);
    const own = world[side].voprf.get(kind);
    if (!publicKey || !own) return refuse('invalid_key');
    const theirs = finalize(kept.inputs, kept.blinding, evaluation, publicKey);
    if (!theirs.ok) return theirs;
    const mine = evaluateOwn(own.secretKey, kept.inputs);
    for (const [i, text] of kept.values.entries()) {
      const [f, g] = [mine, theirs.value].map((all) =>
        all.subarray(i * OUTPUT_BYTES, (i + 1) * OUTPUT_BYTES),
      );
      if (!f || !g) throw new Error('an output is missing');
      const outputs = side === 'founder' ? ([f, g] as const) : ([g, f] as const);
      keys.set(keyName({ kind, value: text }), identifierKey(...outputs, world.epoch.hash));
    }
  }
  return ok(keys);
}

/** All three steps without interference. */
export function exchange(
  world: World,
  side: Side,
  identifiers: readonly Identifier[],
  chunkElements?: number,
): Result<Keys, ExchangeRefusal> {
  if (identifiers.length === 0) return ok(new Map());
  const asked = ask(world, side, identifiers, chunkElements);
  const answered = answer(
    world,
    side,
    asked.signed,
    asked.chunks.map((chunk) => chunk.bytes),
  );
  return answered.ok ? finish(world, side, asked, answered.value) : answered;
}

/** The packed elements with the one at the index replaced. */
export function withElement(packed: Uint8Array, index: number, element: Uint8Array): Uint8Array {
  return concat(packed.subarray(0, index * 32), element, packed.subarray((index + 1) * 32));
}

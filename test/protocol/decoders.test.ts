import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { concat, equal, toHex, uint } from '../../protocol/bytes.ts';
import { issueCertificate, openCertificate } from '../../protocol/certificate.ts';
import { openEnding, signEnding } from '../../protocol/ending.ts';
import { openOffer, signOffer } from '../../protocol/epoch.ts';
import {
  encodeRequestChunk,
  openEvaluation,
  openRefusal,
  openRequest,
  openRequestChunk,
  signEvaluation,
  signRefusal,
  signRequest,
} from '../../protocol/evaluation.ts';
import { sha256 } from '../../protocol/hash.ts';
import { accept, commitment, open, readAcceptance, readOpening } from '../../protocol/invitation.ts';
import { newMemberId, openMemberKeys, signMemberKeys } from '../../protocol/member.ts';
import type { Result } from '../../protocol/result.ts';
import { openScope, signScope } from '../../protocol/scope.ts';
import { type MessageType, messageOf, sign } from '../../protocol/signed.ts';
import {
  encodeChunkList,
  encodeSubmissionChunk,
  openChunkList,
  openSubmission,
  openSubmissionChunk,
  signSubmission,
} from '../../protocol/submission.ts';
import { answer, ask } from '../support/exchange.ts';
import { mutations, noise } from '../support/mutations.ts';
import { contextOf, makeScope, makeWorld, NOW_MS, offerOf } from '../support/parties.ts';
import { seededRandom } from '../support/random.ts';
import { reasonOf, value } from '../support/results.ts';

const world = makeWorld(seededRandom('decoders'));
const { founder, joiner, partnership, random } = world;
const context = contextOf(world, 'founder');

/** A decoder of signed messages, with one valid message and the way back from what it read to the bytes. */
interface Signed<Value> {
  readonly name: string;
  readonly type: MessageType;
  readonly seed: Uint8Array;
  readonly valid: Uint8Array;
  readonly open: (bytes: Uint8Array) => Result<Value>;
  readonly encode: (value: Value) => Uint8Array;
}

/** A decoder of bytes that another message refers to by their hash. */
interface Listed<Value> {
  readonly name: string;
  readonly valid: Uint8Array;
  readonly open: (bytes: Uint8Array, hash: Uint8Array) => Result<Value>;
  readonly encode: (value: Value) => Uint8Array;
}

const founderSays = { certificate: founder.certificate, nonce: random(32) };
const joinerSays = { certificate: joiner.certificate, nonce: random(32) };
const committed = commitment(partnership, founderSays);
const acceptance = accept(partnership, committed, joinerSays, joiner.agent.seed);
const asked = ask(
  world,
  'founder',
  ['a.example', 'b.example', 'c.example'].map((domain) => ({ kind: 'domain', value: domain })),
  2,
);
const answers = value(
  answer(
    world,
    'founder',
    asked.signed,
    asked.chunks.map((chunk) => chunk.bytes),
  ),
);
const head = { number: 3, scopeHash: random(32), listHash: random(32), sealedNamesKey: random(40) };

/** Hides the type of what is read, so that all decoders stand in one list. */
function signed<Value>(entry: Signed<Value>): Signed<unknown> {
  return { ...entry, encode: (read) => entry.encode(read as Value) };
}

const member = newMemberId(random);
const { organisation } = founder;
const memberKeys = {
  organisation,
  member,
  signingKey: founder.agent.publicKey,
  recipient: `age1${'q'.repeat(58)}`,
};

const SIGNED: readonly Signed<unknown>[] = [
  signed({
    name: 'openMemberKeys',
    type: 'member keys',
    seed: founder.agent.seed,
    valid: signMemberKeys(memberKeys, founder.agent.seed),
    open: (bytes) => openMemberKeys(bytes, { organisation, member }),
    encode: (read) => signMemberKeys(read, founder.agent.seed),
  }),
  signed({
    name: 'openCertificate',
    type: 'certificate',
    seed: founder.root.seed,
    valid: founder.certificate,
    open: (bytes) => openCertificate(bytes, NOW_MS),
    encode: (read) => issueCertificate(read, { seed: founder.root.seed, publicKey: read.rootKey }),
  }),
  signed({
    name: 'readAcceptance',
    type: 'acceptance',
    seed: joiner.agent.seed,
    valid: acceptance,
    open: (bytes) => readAcceptance(bytes, partnership, committed, NOW_MS),
    encode: (read) => accept(partnership, committed, read.introduction, joiner.agent.seed),
  }),
  signed({
    name: 'readOpening',
    type: 'opening',
    seed: founder.agent.seed,
    valid: open(partnership, acceptance, founderSays, founder.agent.seed),
    open: (bytes) => readOpening(bytes, partnership, committed, acceptance, NOW_MS),
    encode: (read) => open(partnership, acceptance, read.introduction, founder.agent.seed),
  }),
  signed({
    name: 'openOffer',
    type: 'epoch offer',
    seed: founder.agent.seed,
    valid: offerOf(founder, partnership, 1).signed,
    open: (bytes) =>
      openOffer(bytes, {
        partnership,
        epoch: 1,
        side: 'founder',
        rootKey: founder.root.publicKey,
        agentKey: founder.agent.publicKey,
      }),
    encode: (read) => signOffer(read, founder.agent.seed),
  }),
  signed({
    name: 'openRequest',
    type: 'evaluation request',
    seed: founder.agent.seed,
    valid: asked.signed,
    open: (bytes) => openRequest(bytes, context, founder.agent.publicKey),
    encode: (read) => signRequest(context, read, founder.agent.seed),
  }),
  signed({
    name: 'openEvaluation',
    type: 'evaluation',
    seed: joiner.agent.seed,
    valid: answers[0] ?? new Uint8Array(),
    open: (bytes) => openEvaluation(bytes, context, joiner.agent.publicKey),
    encode: (read) => signEvaluation(context, read, joiner.agent.seed),
  }),
  signed({
    name: 'openRefusal',
    type: 'evaluation refusal',
    seed: joiner.agent.seed,
    valid: signRefusal(
      context,
      {
        request: 1,
        reason: 'budget_spent',
        counts: new Map([
          ['domain', 7],
          ['name', 2 ** 40],
        ]),
      },
      joiner.agent.seed,
    ),
    open: (bytes) => openRefusal(bytes, context, joiner.agent.publicKey),
    encode: (read) => signRefusal(context, read, joiner.agent.seed),
  }),
  signed({
    name: 'openSubmission',
    type: 'submission',
    seed: founder.agent.seed,
    valid: signSubmission(context, head, founder.agent.seed),
    open: (bytes) => openSubmission(bytes, context, founder.agent.publicKey),
    encode: (read) => signSubmission(context, read, founder.agent.seed),
  }),
  signed({
    name: 'openScope',
    type: 'scope',
    seed: founder.agent.seed,
    valid: signScope(makeScope(world, 'founder'), founder.agent.seed),
    open: (bytes) => openScope(bytes, () => founder.agent.publicKey),
    encode: (read) => signScope(read, founder.agent.seed),
  }),
  signed({
    name: 'openEnding',
    type: 'ending',
    seed: founder.agent.seed,
    valid: signEnding({ partnership, side: 'founder', endedAt: NOW_MS / 1000 }, founder.agent.seed),
    open: (bytes) => openEnding(bytes, { partnership, side: 'founder' }, founder.agent.publicKey),
    encode: (read) => signEnding(read, founder.agent.seed),
  }),
];

function listed<Value>(entry: Listed<Value>): Listed<unknown> {
  return { ...entry, encode: (read) => entry.encode(read as Value) };
}

const handles = [random(16), random(16)].sort((a, b) => Buffer.compare(a, b));
const LISTED: readonly Listed<unknown>[] = [
  listed({
    name: 'openRequestChunk',
    valid: asked.chunks[0]?.bytes ?? new Uint8Array(),
    open: (bytes, hash) =>
      openRequestChunk(bytes, context, { number: 1, chunks: [{ kind: 'domain', count: 2, hash }] }, 0),
    encode: (blinded) => encodeRequestChunk(context, 1, 0, 'domain', blinded),
  }),
  listed({
    name: 'openChunkList',
    valid: encodeChunkList([
      { type: 'accounts', records: 2, hash: random(32) },
      { type: 'names', records: 70_000, hash: random(32) },
    ]),
    open: (bytes, listHash) => openChunkList(bytes, { ...head, listHash }),
    encode: encodeChunkList,
  }),
  listed({
    name: 'openSubmissionChunk',
    valid: encodeSubmissionChunk(context, 3, 0, {
      type: 'tags',
      recordBytes: 33,
      records: concat(...handles.map((handle) => concat(handle, random(16), uint(1, 1)))),
    }),
    open: (bytes, hash) => openSubmissionChunk(bytes, context, 3, { type: 'tags', records: 2, hash }, 0),
    encode: (packed) => encodeSubmissionChunk(context, 3, 0, packed),
  }),
];

describe.each(SIGNED)('$name', ({ type, seed, valid, open: decode, encode }) => {
  const message = messageOf(valid) ?? new Uint8Array();

  test('reads what was written, and writes it back', () => {
    expect(toHex(encode(value(decode(valid))))).toBe(toHex(valid));
  });

  test('refuses random bytes', () => {
    fc.assert(
      fc.property(noise, (bytes) => decode(bytes).ok === false),
      { seed: 10 },
    );
  });

  test('refuses a flipped bit, a cut and an extension', () => {
    fc.assert(
      fc.property(mutations(valid), (bytes) => decode(bytes).ok === false),
      { seed: 11, numRuns: 200 },
    );
  });

  // The same under a true signature: a dishonest party may sign anything.
  test('takes no second encoding of anything', () => {
    fc.assert(
      fc.property(fc.oneof(mutations(message), noise), (content) => {
        const bytes = sign(type, content, seed);
        const read = decode(bytes);
        return !read.ok || equal(encode(read.value), bytes);
      }),
      { seed: 12, numRuns: 150 },
    );
  });

  test('refuses a truly signed message that is cut or has a byte more', () => {
    for (let length = 1; length < message.length; length += Math.ceil(message.length / 60)) {
      expect(decode(sign(type, message.slice(0, length), seed)).ok).toBe(false);
    }
    expect(reasonOf(decode(sign(type, concat(message, uint(0, 1)), seed)))).toBe('malformed');
  });
});

describe.each(LISTED)('$name', ({ valid, open: decode, encode }) => {
  test('reads what was written, and writes it back', () => {
    expect(toHex(encode(value(decode(valid, sha256(valid)))))).toBe(toHex(valid));
  });

  test('refuses anything but the bytes that were listed', () => {
    fc.assert(
      fc.property(fc.oneof(mutations(valid), noise), (bytes) => {
        return reasonOf(decode(bytes, sha256(valid))) === 'other_chunk';
      }),
      { seed: 13 },
    );
  });

  test('takes no second encoding of anything that a dishonest party lists', () => {
    fc.assert(
      fc.property(fc.oneof(mutations(valid), noise), (bytes) => {
        const read = decode(bytes, sha256(bytes));
        return !read.ok || equal(encode(read.value), bytes);
      }),
      { seed: 14, numRuns: 2000 },
    );
  });

  test('refuses every cut and a byte more', () => {
    for (let length = 0; length < valid.length; length++) {
      const cut = valid.slice(0, length);
      expect(decode(cut, sha256(cut)).ok).toBe(false);
    }
    const more = concat(valid, uint(0, 1));
    expect(decode(more, sha256(more)).ok).toBe(false);
  });
});

describe('lists of kinds', () => {
  const ends = (message: Uint8Array, entries: readonly Uint8Array[]) => {
    const tail = entries.reduce((sum, entry) => sum + entry.length, 0);
    return (order: readonly number[]) =>
      concat(message.subarray(0, message.length - tail), ...order.map((i) => entries[i] ?? new Uint8Array()));
  };
  const last = (message: Uint8Array, size: number) => [message.slice(-2 * size, -size), message.slice(-size)];

  test.each([
    ['openOffer', 33],
    ['openRefusal', 9],
  ])('%s takes them in ascending order and each once', (name, size) => {
    const decoder = SIGNED.find((one) => one.name === name);
    if (!decoder) throw new Error('no such decoder');
    const message = messageOf(decoder.valid) ?? new Uint8Array();
    const reordered = ends(message, last(message, size));
    const reason = (order: readonly number[]) =>
      reasonOf(decoder.open(sign(decoder.type, reordered(order), decoder.seed)));
    expect([reason([0, 1]), reason([1, 0]), reason([0, 0])]).toEqual([null, 'malformed', 'malformed']);
  });
});

describe('counts that promise more than there is', () => {
  test('a list of 65,535 chunks, a record count of 4 billion', () => {
    const many = concat(uint(65_535, 2), new Uint8Array(40));
    expect(reasonOf(openChunkList(many, { ...head, listHash: sha256(many) }))).toBe('malformed');
    const { valid } = LISTED[2] ?? { valid: new Uint8Array() };
    const claimed = { type: 'tags' as const, records: 0xffff_ffff, hash: sha256(valid) };
    expect(reasonOf(openSubmissionChunk(valid, context, 3, claimed, 0))).toBe('malformed');
  });

  test('a chunk of no records', () => {
    const none = encodeChunkList([{ type: 'accounts', records: 0, hash: random(32) }]);
    expect(reasonOf(openChunkList(none, { ...head, listHash: sha256(none) }))).toBe('malformed');
  });

  test('a request of 4,097 chunks', () => {
    const chunk = { kind: 'domain' as const, count: 1, hash: new Uint8Array(32) };
    const request = (length: number) =>
      signRequest(context, { number: 1, chunks: Array(length).fill(chunk) }, founder.agent.seed);
    expect(openRequest(request(4096), context, founder.agent.publicKey).ok).toBe(true);
    expect(reasonOf(openRequest(request(4097), context, founder.agent.publicKey))).toBe('malformed');
    expect(reasonOf(openRequest(request(0), context, founder.agent.publicKey))).toBe('malformed');
  });
});

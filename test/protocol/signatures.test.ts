import { ED25519_TORSION_SUBGROUP, ed25519 } from '@noble/curves/ed25519.js';
import { describe, expect, test } from 'vitest';
import { concat, toHex } from '../../protocol/bytes.ts';
import { isSigningKey, signBytes, verifyBytes } from '../../protocol/hash.ts';
import { loginMessage, signLogin } from '../../protocol/login.ts';
import { recordBytes, signRecord, verifyRecord } from '../../protocol/record.ts';
import { type MessageType, messageOf, openSigned, sign } from '../../protocol/signed.ts';
import { sha512 } from '../../protocol/sodium.ts';
import { makeWorld, signingKey } from '../support/parties.ts';
import { seededRandom } from '../support/random.ts';
import { hex, reasonOf, value } from '../support/results.ts';

const TYPES: readonly MessageType[] = [
  'certificate',
  'acceptance',
  'opening',
  'epoch offer',
  'epoch record',
  'normaliser terms',
  'evaluation request',
  'evaluation',
  'evaluation refusal',
  'submission',
  'scope',
  'ending',
  'member keys',
  'login',
];

const world = makeWorld(seededRandom('signatures'));
const { agent } = world.founder;
const message = new Uint8Array([1, 2, 3]);

describe('small-order keys', () => {
  const identity = hex(`01${'00'.repeat(31)}`);
  /** R the identity and S zero: under a small-order key this holds for every message. */
  const universal = concat(identity, new Uint8Array(32));

  test('the lax rules take the universal signature for any message', () => {
    const taken = [message, new Uint8Array([9]), new Uint8Array()].map((any) =>
      ed25519.verify(universal, any, identity, { zip215: true }),
    );
    expect(taken).toEqual([true, true, true]);
  });

  test.each([...ED25519_TORSION_SUBGROUP])('%s is no key and verifies nothing', (encoding) => {
    const key = hex(encoding);
    expect(isSigningKey(key)).toBe(false);
    for (const any of [message, new Uint8Array([9]), new Uint8Array()]) {
      expect(verifyBytes(key, any, universal)).toBe(false);
      expect(reasonOf(openSigned('scope', concat(any, universal), key))).toBe(
        any.length === 0 ? 'malformed' : 'bad_signature',
      );
    }
  });

  test.each([
    // y = p and y = p + 1: the points of y = 0 and y = 1 written again; x = 0 with its sign bit set.
    `ed${'ff'.repeat(30)}7f`,
    `ed${'ff'.repeat(31)}`,
    `ee${'ff'.repeat(30)}7f`,
    `ee${'ff'.repeat(31)}`,
    `01${'00'.repeat(30)}80`,
    `ec${'ff'.repeat(31)}`,
  ])('the non-canonical encoding %s', (encoding) => {
    expect(isSigningKey(hex(encoding))).toBe(false);
    expect(verifyBytes(hex(encoding), message, universal)).toBe(false);
  });

  test('keys of other lengths', () => {
    for (const size of [0, 31, 33]) expect(isSigningKey(new Uint8Array(size).fill(2))).toBe(false);
    expect(isSigningKey(agent.publicKey)).toBe(true);
  });
});

describe('signatures', () => {
  const signature = signBytes(agent.seed, message);

  test('S plus the order, the other encoding of the same number, is refused', () => {
    expect(verifyBytes(agent.publicKey, message, signature)).toBe(true);
    let s = 0n;
    for (const byte of signature.slice(32).reverse()) s = s * 256n + BigInt(byte);
    const order = 2n ** 252n + 27742317777372353535851937790883648493n;
    const text = (s + order).toString(16).padStart(64, '0');
    const high = concat(signature.slice(0, 32), hex(text).reverse());
    expect(verifyBytes(agent.publicKey, message, high)).toBe(false);
  });

  test('a signature point that is not canonically encoded is refused, though its key’s holder made it', () => {
    // y = p + 1: the identity written a second time. With R the identity, S is the challenge times the secret scalar.
    const point = hex(`ee${'ff'.repeat(30)}7f`);
    const { Fn } = ed25519.Point;
    const { scalar } = ed25519.utils.getExtendedPublicKey(agent.seed);
    const digest = sha512(concat(point, agent.publicKey, message));
    const challenge = Fn.create(BigInt(`0x${toHex(digest.slice().reverse())}`));
    const crafted = concat(point, Fn.toBytes(Fn.mul(challenge, Fn.create(scalar))));
    expect(ed25519.verify(crafted, message, agent.publicKey, { zip215: true })).toBe(true);
    expect(verifyBytes(agent.publicKey, message, crafted)).toBe(false);
  });

  test('cut, extended, empty', () => {
    for (const bytes of [signature.subarray(1), concat(signature, new Uint8Array(1)), new Uint8Array()]) {
      expect(verifyBytes(agent.publicKey, message, bytes)).toBe(false);
    }
  });

  test.each(TYPES)('%s: shown as any other type, by another key, or bare', (type) => {
    const signed = sign(type, message, agent.seed);
    const taken = TYPES.filter((other) => openSigned(other, signed, agent.publicKey).ok);
    expect(taken).toEqual([type]);
    expect(reasonOf(openSigned(type, signed, world.joiner.agent.publicKey))).toBe('bad_signature');
    const bare = concat(message, signBytes(agent.seed, message));
    expect(reasonOf(openSigned(type, bare, agent.publicKey))).toBe('bad_signature');
  });

  test('a message is never empty and never more than a megabyte', () => {
    expect(messageOf(new Uint8Array(64))).toBeNull();
    expect(messageOf(new Uint8Array(65))).toHaveLength(1);
    expect(messageOf(new Uint8Array(1 << 20))).toHaveLength((1 << 20) - 64);
    expect(messageOf(new Uint8Array((1 << 20) + 1))).toBeNull();
  });
});

test('a login answers one challenge, of one service, for one organisation', () => {
  const login = {
    audience: 'service.example:443',
    organisation: world.founder.organisation,
    challenge: new Uint8Array(32).fill(5),
  };
  const opened = value(openSigned('login', signLogin(login, agent.seed), agent.publicKey));
  expect(opened).toEqual(loginMessage(login));
  const others = [
    { ...login, audience: 'other.example:443' },
    { ...login, organisation: world.joiner.organisation },
    { ...login, challenge: new Uint8Array(32) },
  ];
  expect(others.map((other) => toHex(loginMessage(other)))).not.toContain(toHex(opened));
});

test('the signature under an epoch record is of one agent and one record', () => {
  const { record } = world.epoch;
  const signature = signRecord(record, agent.seed);
  expect(signature).toHaveLength(64);
  expect(verifyRecord(record, signature, agent.publicKey)).toBe(true);
  expect(verifyRecord(record, signature, world.joiner.agent.publicKey)).toBe(false);
  expect(verifyRecord(recordBytes(world.partnership, 2, message, message), signature, agent.publicKey)).toBe(
    false,
  );
  expect(verifyRecord(record, signRecord(record, signingKey(world.random).seed), agent.publicKey)).toBe(
    false,
  );
});

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { newIdentity, openWith } from '../../protocol/age.ts';
import { fromBase64url, fromHex, Reader, toBase64url, toHex, uint, utf8 } from '../../protocol/bytes.ts';
import { parseOrganisationId, parsePartnershipId } from '../../protocol/ids.ts';
import { verifyBox } from '../../protocol/keys.ts';
import {
  openField,
  openName,
  type RowContext,
  sealField,
  sealName,
  unwrapRowKey,
  wrapRowKey,
} from '../../protocol/seal.ts';
import { deriveKeyPair, evaluate, finalize, verifyEvaluation } from '../../protocol/suite.ts';
import { parsePhrase } from '../../protocol/words.ts';
import { mutations, noise } from '../support/mutations.ts';
import { contextOf, makeWorld } from '../support/parties.ts';
import { seededRandom } from '../support/random.ts';

const world = makeWorld(seededRandom('decoders of values'));
const { founder, partnership, random } = world;
const context = contextOf(world, 'founder');

describe('texts', () => {
  const anyText = fc.oneof(
    fc.string(),
    fc.string({ unit: 'binary' }),
    fc.string({ unit: fc.constantFrom(...'0123456789abcdefABCDEF-_=+/ \n'.split('')) }),
  );

  test('fromHex and fromBase64url take one spelling each', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const [hexBytes, base64Bytes] = [fromHex(text), fromBase64url(text)];
        expect(hexBytes === null || toHex(hexBytes) === text).toBe(true);
        expect(base64Bytes === null || toBase64url(base64Bytes) === text).toBe(true);
      }),
      { seed: 15, numRuns: 2000 },
    );
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(fromHex(toHex(bytes))).toEqual(bytes);
        expect(fromBase64url(toBase64url(bytes))).toEqual(bytes);
      }),
      { seed: 16 },
    );
  });

  // RFC 4648 section 10, and lengths about where long texts are put together.
  test.each([
    '',
    'f',
    'fo',
    'foo',
    'foob',
    'fooba',
    'foobar',
    '\u00ff\u00fe?~'.repeat(6144),
    `${'ab'.repeat(12_288)}c`,
  ])('toBase64url writes as Node does', (text) => {
    const bytes = Uint8Array.from(text, (character) => character.charCodeAt(0));
    expect(toBase64url(bytes)).toBe(Buffer.from(bytes).toString('base64url'));
  });
  test.each(['A', 'AB', 'AA==', 'AA=', 'A+', 'A/', 'AAB', 'AA\n', ' AA', 'AAAAA'])('base64url %j', (text) => {
    expect(fromBase64url(text)).toBeNull();
  });

  test.each(['0', 'AA', '0x', 'aa ', '\naa', 'ａａ'])('hexadecimal %j', (text) => {
    expect(fromHex(text)).toBeNull();
  });

  test('parsePhrase, parseOrganisationId and parsePartnershipId', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        expect(parsePhrase(text)).toBeNull();
        expect(parseOrganisationId(text)).toBeNull();
        expect(parsePartnershipId(text)).toBeNull();
      }),
      { seed: 17 },
    );
    expect(parsePartnershipId(partnership)).toBe(partnership);
    expect(parsePartnershipId(`${partnership}\n`)).toBeNull();
    expect(parsePartnershipId(partnership.toUpperCase())).toBeNull();
    expect(parseOrganisationId(founder.organisation)).toBe(founder.organisation);
  });
});

describe('sealed values', () => {
  const row: RowContext = { context, handle: random(16), submission: 3, scopeHash: random(32) };
  const [rowKey, wrap, tag] = [random(32), random(32), random(16)];
  const cases: readonly (readonly [string, Uint8Array, (bytes: Uint8Array) => unknown])[] = [
    [
      'unwrapRowKey',
      wrapRowKey(wrap, row, tag, rowKey, random),
      (bytes) => unwrapRowKey(wrap, row, tag, bytes),
    ],
    ['openField', sealField(rowKey, row, 'owner', 'Ana'), (bytes) => openField(rowKey, row, 'owner', bytes)],
    ['openName', sealName(rowKey, row, 2, 'Acme'), (bytes) => openName(rowKey, row, 2, bytes)],
  ];

  test.each(cases)('%s opens the original alone', (_, valid, openIt) => {
    expect(openIt(valid)).not.toBeNull();
    fc.assert(
      fc.property(fc.oneof(mutations(valid), noise), (bytes) => openIt(bytes) === null),
      { seed: 18, numRuns: 500 },
    );
  });

  test('verifyBox never takes random bytes', () => {
    const content = { handle: row.handle, population: 0, submission: 1 };
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (box) => !verifyBox(wrap, context, content, box)),
      { seed: 19 },
    );
  });

  test('an age file of random bytes', async () => {
    const identity = await newIdentity();
    await fc.assert(
      fc.asyncProperty(noise, async (bytes) => (await openWith(identity, bytes)) === null),
      { seed: 20, numRuns: 20 },
    );
    expect(await openWith(identity, utf8('age-encryption.org/v1\n'))).toBeNull();
  });
});

describe('the suite', () => {
  const keys = deriveKeyPair(random(32), utf8('fuzz'));
  const input = utf8('input');

  test('never throws and never accepts, whatever the partner sends', () => {
    const blinding = { blinds: uint(1, 1), blinded: new Uint8Array() };
    fc.assert(
      fc.property(noise, noise, noise, (evaluated, proof, blinded) => {
        expect(verifyEvaluation(blinded, { evaluated, proof }, keys.publicKey).ok).toBe(false);
        expect(finalize([input], { ...blinding, blinded }, { evaluated, proof }, keys.publicKey).ok).toBe(
          false,
        );
        expect(evaluate(keys, blinded, random).ok).toBe(false);
      }),
      { seed: 21 },
    );
    const element = fc.uint8Array({ minLength: 32, maxLength: 32 });
    fc.assert(
      fc.property(
        element,
        element,
        fc.uint8Array({ minLength: 64, maxLength: 64 }),
        (evaluated, blinded, proof) => {
          expect(verifyEvaluation(blinded, { evaluated, proof }, keys.publicKey).ok).toBe(false);
        },
      ),
      { seed: 22 },
    );
  });
});

test('a reader gives nothing after it failed', () => {
  fc.assert(
    fc.property(noise, fc.array(fc.constantFrom<1 | 2 | 4 | 8>(1, 2, 4, 8)), (bytes, sizes) => {
      const reader = new Reader(bytes);
      let taken = 0;
      for (const size of sizes) {
        const number = reader.uint(size);
        if (!reader.failed) taken += size;
        else expect(number).toBe(0);
      }
      expect(taken).toBeLessThanOrEqual(bytes.length);
      expect(reader.done()).toBe(!reader.failed && taken === bytes.length);
      if (reader.failed)
        expect([reader.take(0).length, reader.text(), reader.prefixed().length]).toEqual([0, '', 0]);
    }),
    { seed: 23 },
  );
});

test('an integer that a number cannot hold exactly fails', () => {
  const largest = new Reader(uint(Number.MAX_SAFE_INTEGER, 8));
  expect([largest.uint(8), largest.done()]).toEqual([Number.MAX_SAFE_INTEGER, true]);
  const beyond = new Reader(new Uint8Array([0, 32, 0, 0, 0, 0, 0, 0]));
  expect([beyond.uint(8), beyond.done()]).toEqual([0, false]);
  expect(() => uint(256, 1)).toThrow(RangeError);
  expect(() => uint(-1, 4)).toThrow(RangeError);
});

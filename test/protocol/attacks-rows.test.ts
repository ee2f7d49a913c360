import { describe, expect, test } from 'vitest';
import { newIdentity, openWith, recipientOf, sealTo } from '../../protocol/age.ts';
import { concat, equal, uint } from '../../protocol/bytes.ts';
import type { Context } from '../../protocol/evaluation.ts';
import { sha256 } from '../../protocol/hash.ts';
import {
  type BoxContent,
  confirmationBox,
  confirmKey,
  identifierKey,
  tagOf,
  verifyBox,
  wrapKey,
} from '../../protocol/keys.ts';
import {
  openField,
  openName,
  type RowContext,
  sealField,
  sealName,
  unwrapRowKey,
  wrapRowKey,
} from '../../protocol/seal.ts';
import {
  encodeChunkList,
  encodeSubmissionChunk,
  openChunkList,
  openSubmission,
  openSubmissionChunk,
  type PackedRecords,
  signSubmission,
} from '../../protocol/submission.ts';
import { exchange } from '../support/exchange.ts';
import { contextOf, makeWorld, RECIPIENT, withEpoch } from '../support/parties.ts';
import { seededRandom } from '../support/random.ts';
import { reasonOf, value } from '../support/results.ts';
import type { Account } from '../support/rows.ts';
import { join, readPair, receive, upload } from '../support/rows.ts';

const world = makeWorld(seededRandom('row attacks'));
const context = contextOf(world, 'founder');
const random = world.random;
const handle = random(16);
const key = identifierKey(random(64), random(64), world.epoch.hash);
const elsewhere = makeWorld(seededRandom('elsewhere'));

/** Contexts that differ from the row's in one thing each. */
const OTHER_CONTEXTS: readonly (readonly [string, Context])[] = [
  ['the other side', { ...context, side: 'joiner' }],
  ['another partnership', { ...context, partnership: elsewhere.partnership }],
  ['another epoch', { ...context, epoch: 2 }],
];

describe('a confirmation box', () => {
  const content: BoxContent = { handle, population: 0, submission: 3 };
  const box = confirmationBox(confirmKey(key, 'founder'), context, content);
  const holds = (change: Partial<BoxContent>, at = context, by = confirmKey(key, 'founder')) =>
    verifyBox(by, at, { ...content, ...change }, box);

  test('holds for what it was made for', () => {
    expect(holds({})).toBe(true);
  });

  test('a prospect relabelled as a customer', () => {
    expect(holds({ population: 1 })).toBe(false);
  });

  test('of an older submission, shown as of the newest', () => {
    expect(holds({ submission: 4 })).toBe(false);
  });

  test('moved to another account', () => {
    expect(holds({ handle: random(16) })).toBe(false);
  });

  test('reflected: own box shown as the partner’s', () => {
    expect(holds({}, { ...context, side: 'joiner' }, confirmKey(key, 'joiner'))).toBe(false);
    expect(holds({}, context, confirmKey(key, 'joiner'))).toBe(false);
  });

  test.each(OTHER_CONTEXTS)('in %s', (_, other) => {
    expect(holds({}, other)).toBe(false);
  });

  test('for another identifier, or in an epoch with another record', () => {
    const other = identifierKey(random(64), random(64), world.epoch.hash);
    expect(holds({}, context, confirmKey(other, 'founder'))).toBe(false);
    const outputs = [random(64), random(64)] as const;
    const now = identifierKey(...outputs, world.epoch.hash);
    const then = identifierKey(...outputs, withEpoch(world, 2).epoch.hash);
    expect(equal(tagOf(now), tagOf(then))).toBe(false);
    expect(equal(confirmKey(now, 'founder'), confirmKey(then, 'founder'))).toBe(false);
  });

  test('invented, cut or extended', () => {
    const key = confirmKey(identifierKey(random(64), random(64), world.epoch.hash), 'founder');
    const real = confirmationBox(key, context, content);
    const boxes = [
      random(16),
      new Uint8Array(16),
      new Uint8Array(),
      real.subarray(1),
      concat(real, uint(0, 1)),
    ];
    expect(boxes.map((bytes) => verifyBox(key, context, content, bytes))).toEqual(boxes.map(() => false));
    expect(verifyBox(key, context, content, real)).toBe(true);
  });
});

test('the outputs stand in the founder’s order: exchanged they give another key', () => {
  const [f, j] = [random(64), random(64)];
  const hash = world.epoch.hash;
  expect(equal(identifierKey(f, j, hash), identifierKey(j, f, hash))).toBe(false);
});

test('a service that shows a side its own rows as the partner’s: no population holds, no field opens', () => {
  const accounts: Account[] = [
    {
      id: 'a',
      populations: [0, 1],
      identifiers: [{ kind: 'domain', value: 'a.example' }],
      fields: { owner: 'Ana' },
    },
  ];
  const keys = value(
    exchange(
      world,
      'founder',
      accounts.flatMap((account) => account.identifiers),
    ),
  );
  const mine = upload(world, 'founder', accounts, keys);
  const rows = receive(world, 'founder', mine);
  const [pair] = join(rows, rows);
  if (!pair) throw new Error('the reflected rows do not even pair');
  expect(readPair(world, 'founder', mine, rows, pair)).toEqual({ populations: [], fields: {} });
});

describe('sealed rows', () => {
  const row: RowContext = { context, handle, submission: 3, scopeHash: random(32) };
  const wrap = wrapKey(key, 'founder');
  const tag = tagOf(key);
  const rowKey = random(32);
  const wrapped = wrapRowKey(wrap, row, tag, rowKey, random);
  const field = sealField(rowKey, row, 'owner', 'Ana Schäfer');
  const namesKey = random(32);
  const name = sealName(namesKey, row, 1, 'Acme 株式会社');

  test('open where they belong', () => {
    expect(unwrapRowKey(wrap, row, tag, wrapped)).toEqual(rowKey);
    expect(openField(rowKey, row, 'owner', field)).toBe('Ana Schäfer');
    expect(openName(namesKey, row, 1, name)).toBe('Acme 株式会社');
  });

  const others: readonly (readonly [string, RowContext])[] = [
    ...OTHER_CONTEXTS.map(([text, other]) => [text, { ...row, context: other }] as const),
    ['another epoch record', { ...row, context: { ...context, epochHash: random(32) } }],
    ['another account', { ...row, handle: random(16) }],
    ['another submission', { ...row, submission: 4 }],
    ['a scope that was replaced', { ...row, scopeHash: random(32) }],
  ];

  test.each(others)('do not open in %s', (_, other) => {
    expect(unwrapRowKey(wrap, other, tag, wrapped)).toBeNull();
    expect(openField(rowKey, other, 'owner', field)).toBeNull();
    expect(openName(namesKey, other, 1, name)).toBeNull();
  });

  test('a wrap under another tag, direction or key', () => {
    expect(unwrapRowKey(wrap, row, random(16), wrapped)).toBeNull();
    expect(unwrapRowKey(wrapKey(key, 'joiner'), row, tag, wrapped)).toBeNull();
    expect(unwrapRowKey(confirmKey(key, 'founder'), row, tag, wrapped)).toBeNull();
    expect(unwrapRowKey(random(32), row, tag, wrapped)).toBeNull();
  });

  test('one field shown as another, a name in another population', () => {
    expect(openField(rowKey, row, 'stage', field)).toBeNull();
    expect(openName(namesKey, row, 0, name)).toBeNull();
    expect(openField(namesKey, row, 'owner', name)).toBeNull();
  });

  test('lengths tell the bucket only', () => {
    const sizes = (texts: readonly string[]) =>
      texts.map((text) => sealField(rowKey, row, 'owner', text).length);
    expect(sizes(['', 'a', 'a'.repeat(30)])).toEqual([48, 48, 48]);
    expect(sizes(['a'.repeat(31), 'é'.repeat(63)])).toEqual([144, 144]);
    expect(sizes(['a'.repeat(127), 'a'.repeat(510), 'a'.repeat(9000)])).toEqual([528, 528, 528]);
  });

  test('a text that is too long is cut at a character', () => {
    const long = `a${'é'.repeat(400)}`;
    expect(openField(rowKey, row, 'owner', sealField(rowKey, row, 'owner', long))).toBe(
      `a${'é'.repeat(254)}`,
    );
  });

  test('the same text sealed for two rows, fields, submissions or scopes shares no ciphertext', () => {
    const sealed = [
      sealField(rowKey, row, 'owner', 'Ana'),
      sealField(rowKey, row, 'stage', 'Ana'),
      sealField(rowKey, { ...row, submission: 4 }, 'owner', 'Ana'),
      sealField(rowKey, { ...row, scopeHash: random(32) }, 'owner', 'Ana'),
      sealField(random(32), row, 'owner', 'Ana'),
      sealName(namesKey, row, 0, 'Ana'),
      sealName(namesKey, row, 1, 'Ana'),
      sealName(namesKey, { ...row, handle: random(16) }, 1, 'Ana'),
      sealName(namesKey, { ...row, submission: 4 }, 1, 'Ana'),
    ];
    for (const a of sealed) for (const b of sealed) if (a !== b) expect(shared(a, b)).toBeLessThan(4);
  });

  test('the key of names opens for the pinned recipient alone', async () => {
    const [partner, other] = [await newIdentity(), await newIdentity()];
    const file = await sealTo(await recipientOf(partner), namesKey);
    if (!file) throw new Error('no recipient');
    expect(await openWith(partner, file)).toEqual(namesKey);
    expect(await openWith(other, file)).toBeNull();
    expect(await openWith(partner, file.subarray(0, -1))).toBeNull();
    // A certificate's recipient is the partner's own text; one that is none must not stop an agent.
    expect(await sealTo(RECIPIENT, namesKey)).toBeNull();
  });
});

/** Equal bytes at the same place. */
function shared(a: Uint8Array, b: Uint8Array): number {
  return a.filter((byte, i) => byte === b[i]).length;
}

describe('chunks of a submission', () => {
  const handles = [random(16), random(16), random(16)].sort((a, b) => Buffer.compare(a, b));
  const accounts = (list: readonly Uint8Array[], population = 1): PackedRecords => ({
    type: 'accounts',
    recordBytes: 18,
    records: concat(...list.map((one) => concat(one, uint(population, 1), uint(0, 1)))),
  });
  const listedAs = (bytes: Uint8Array, records: number) => ({
    type: 'accounts' as const,
    records,
    hash: sha256(bytes),
  });
  const chunk = encodeSubmissionChunk(context, 1, 0, accounts(handles));
  const reason = (bytes: Uint8Array, records = 3, at = context, number = 1, index = 0) =>
    reasonOf(openSubmissionChunk(bytes, at, number, listedAs(bytes, records), index));

  test('opens where it is listed', () => {
    expect(reason(chunk)).toBeNull();
  });

  test('swapped for another chunk', () => {
    const other = encodeSubmissionChunk(context, 1, 0, accounts(handles.slice(1)));
    expect(reasonOf(openSubmissionChunk(other, context, 1, listedAs(chunk, 3), 0))).toBe('other_chunk');
  });

  test('listed, but at another index, of another type, submission, side or epoch', () => {
    expect(reason(chunk, 3, context, 1, 1)).toBe('other_chunk');
    const wraps = { type: 'wraps' as const, records: 3, hash: sha256(chunk) };
    expect(reasonOf(openSubmissionChunk(chunk, context, 1, wraps, 0))).toBe('other_chunk');
    expect(reason(chunk, 3, context, 2)).toBe('other_context');
    expect(reason(chunk, 3, { ...context, side: 'joiner' })).toBe('other_context');
    expect(reason(chunk, 3, contextOf(withEpoch(world, 2), 'founder'))).toBe('other_context');
  });

  test('with more or fewer records than listed', () => {
    expect([reason(chunk, 2), reason(chunk, 4)]).toEqual(['malformed', 'malformed']);
  });

  test('with records out of order or twice: their order would carry something', () => {
    const [a, b, c] = handles as [Uint8Array, Uint8Array, Uint8Array];
    for (const list of [
      [b, a, c],
      [a, c, b],
      [a, a, b],
      [a, b, b],
    ]) {
      expect(reason(encodeSubmissionChunk(context, 1, 0, accounts(list)))).toBe('malformed');
    }
  });

  test('with a record size that the type does not have', () => {
    const bytes = encodeSubmissionChunk(context, 1, 0, { ...accounts(handles), recordBytes: 51 });
    expect(reason(bytes, 1)).toBe('malformed');
    const none = encodeSubmissionChunk(context, 1, 0, {
      type: 'accounts',
      recordBytes: 0,
      records: new Uint8Array(),
    });
    expect(reason(none, 3)).toBe('malformed');
  });

  test('larger than a chunk may be', () => {
    const bytes = concat(chunk, new Uint8Array(1 << 19));
    expect(reason(bytes)).toBe('other_chunk');
  });

  test('a list that is not the head’s', () => {
    const list = encodeChunkList([listedAs(chunk, 3)]);
    const head = {
      number: 1,
      scopeHash: random(32),
      listHash: sha256(list),
      sealedNamesKey: new Uint8Array(),
    };
    expect(value(openChunkList(list, head))).toEqual([listedAs(chunk, 3)]);
    const other = encodeChunkList([listedAs(chunk, 3), listedAs(chunk, 3)]);
    expect(reasonOf(openChunkList(other, head))).toBe('other_chunk');
  });

  test('a head of another side, epoch, partnership or signer', () => {
    const head = { number: 1, scopeHash: random(32), listHash: random(32), sealedNamesKey: new Uint8Array() };
    const signed = signSubmission(context, head, world.founder.agent.seed);
    const agentKey = world.founder.agent.publicKey;
    expect(value(openSubmission(signed, context, agentKey))).toEqual(head);
    for (const [, other] of OTHER_CONTEXTS)
      expect(reasonOf(openSubmission(signed, other, agentKey))).toBe('other_context');
    expect(reasonOf(openSubmission(signed, context, world.joiner.agent.publicKey))).toBe('bad_signature');
    const zero = signSubmission(context, { ...head, number: 0 }, world.founder.agent.seed);
    expect(reasonOf(openSubmission(zero, context, agentKey))).toBe('malformed');
  });
});

import { beforeEach, describe, expect, it } from 'vitest';
import { concat, toBase64url, uint } from '../../protocol/bytes.ts';
import { systemRandom } from '../../protocol/hash.ts';
import type { Kind } from '../../protocol/identifiers/kind.ts';
import {
  activate,
  grantScope,
  putChunk,
  putSubmission,
  submit,
  type TestPartnership,
  testPartnership,
} from '../support/service-app.ts';
import { makeSignedScope } from '../support/service-parties.ts';
import {
  makeSubmission,
  recordsOf,
  submissionOf,
  type TestAccount,
  type TestRecords,
  type TestSubmission,
} from '../support/service-rows.ts';

let world: TestPartnership;
let scope: Uint8Array;
beforeEach(async () => {
  world = await testPartnership('scoped');
  scope = makeSignedScope(world.pair, 'founder');
});

function account(change: Partial<TestAccount> = {}): TestAccount {
  const tags = [{ tag: systemRandom(16), kind: 'domain' as Kind }];
  return { handle: systemRandom(16), populations: [0], tags, fields: ['owner'], names: [0], ...change };
}
const accounts = (count: number) => Array.from({ length: count }, () => account());
const rows = (table: string, generation = 1) =>
  world.service
    .store(world.pair.partnership)
    .all<{ n: number }>(`select count(*) as n from ${table} where side = 0 and generation = ?`, generation)[0]
    ?.n;

async function upload(submission: TestSubmission, leaveOut: readonly number[] = []) {
  const opened = await putSubmission(world, 'founder', submission);
  expect(opened.status).toBe(200);
  for (const index of submission.chunks.keys()) {
    if (leaveOut.includes(index)) continue;
    expect((await putChunk(world, 'founder', submission, index)).status).toBe(200);
  }
}

describe('a submission', () => {
  it('is pending until activated, with what is missing', async () => {
    const submission = makeSubmission(world.pair, 'founder', 1, scope, accounts(5), 2);
    await upload(submission, [1, 3]);
    const view = await world.as('founder', 'GET', '');
    expect(view.json?.submissions).toEqual({
      mine: { active: null, pending: { number: 1, missing: [1, 3] }, matching: null, lastNumber: 1 },
      theirs: { active: null, matching: null },
    });
    expect((await world.as('joiner', 'GET', '')).json?.submissions).toMatchObject({
      theirs: { active: null, matching: null },
    });
    const incomplete = await activate(world, 'founder', 1);
    expect([incomplete.code, incomplete.json?.detail]).toEqual(['incomplete', 'missing chunks: 1, 3']);
    for (const index of [1, 3]) await putChunk(world, 'founder', submission, index);
    const first = await activate(world, 'founder', 1);
    expect([first.status, first.json]).toEqual([200, { submission: 1, snapshot: null }]);
    expect((await activate(world, 'founder', 1)).json).toEqual(first.json);
    expect((await world.as('joiner', 'GET', '')).json?.submissions).toMatchObject({ theirs: { active: 1 } });
  });

  it('may be sent again, and no other in its place', async () => {
    const submission = makeSubmission(world.pair, 'founder', 1, scope, accounts(2));
    expect((await putSubmission(world, 'founder', submission)).status).toBe(200);
    expect((await putSubmission(world, 'founder', submission)).status).toBe(200);
    const other = makeSubmission(world.pair, 'founder', 1, scope, accounts(2));
    expect((await putSubmission(world, 'founder', other)).code).toBe('conflict');
  });

  it('is signed by the caller, under its newest scope, with its own list', async () => {
    const { pair } = world;
    const put = async (submission: TestSubmission, by: 'founder' | 'joiner' = 'founder') =>
      (await putSubmission(world, by, submission)).code;
    const submission = makeSubmission(pair, 'founder', 1, scope, accounts(2));
    expect(await put(submission, 'joiner')).toBe('bad_signature');
    expect(await put({ ...submission, number: 2 })).toBe('other_context');
    expect(await put({ ...submission, list: submission.list.subarray(1) })).toBe('other_chunk');
    expect(await put(makeSubmission(pair, 'founder', 1, systemRandom(100), []))).toBe('scope_changed');
    const unsigned = await testPartnership('opened');
    const early = makeSubmission(unsigned.pair, 'founder', 1, scope, []);
    expect((await putSubmission(unsigned, 'founder', early)).code).toBe('epoch_incomplete');
    const unscoped = await testPartnership('signed');
    const without = makeSubmission(unscoped.pair, 'founder', 1, scope, []);
    expect((await putSubmission(unscoped, 'founder', without)).code).toBe('scope_changed');
  });

  it('may leave numbers out, as after a restore of the service, and never goes back', async () => {
    const later = makeSubmission(world.pair, 'founder', 7, scope, accounts(2));
    expect((await putSubmission(world, 'founder', later)).status).toBe(200);
    const earlier = makeSubmission(world.pair, 'founder', 6, scope, accounts(2));
    expect((await putSubmission(world, 'founder', earlier)).code).toBe('conflict');
  });

  it('gives way to the next with all its rows', async () => {
    await upload(makeSubmission(world.pair, 'founder', 1, scope, accounts(3)));
    expect(rows('accounts')).toBe(3);
    const next = makeSubmission(world.pair, 'founder', 2, scope, accounts(4));
    await upload(next);
    expect([rows('accounts', 1), rows('accounts', 2)]).toEqual([0, 4]);
    expect((await activate(world, 'founder', 1)).code).toBe('not_found');
    expect((await activate(world, 'founder', 2)).status).toBe(200);
  });

  it('takes the place of the active one in one step', async () => {
    await upload(makeSubmission(world.pair, 'founder', 1, scope, accounts(3)));
    await activate(world, 'founder', 1);
    await upload(makeSubmission(world.pair, 'founder', 2, scope, accounts(4)));
    expect(rows('tags', 1)).toBe(3);
    await activate(world, 'founder', 2);
    for (const table of ['accounts', 'tags', 'boxes', 'wraps', 'fields', 'names']) {
      expect([table, rows(table, 1), rows(table, 2)]).toEqual([table, 0, 4]);
    }
    expect((await activate(world, 'founder', 1)).code).toBe('not_found');
  });

  it('may be empty', async () => {
    await upload(makeSubmission(world.pair, 'founder', 1, scope, []));
    expect((await activate(world, 'founder', 1)).status).toBe(200);
  });

  it('ends with the scope that it was made under', async () => {
    const submission = makeSubmission(world.pair, 'founder', 1, scope, accounts(3), 2);
    await upload(submission, [0]);
    const next = makeSignedScope(world.pair, 'founder', { number: 2, minimumCount: 9 }, scope);
    await grantScope(world, 'founder', 2, next);
    expect((await putChunk(world, 'founder', submission, 0)).code).toBe('scope_changed');
    expect((await activate(world, 'founder', 1)).code).toBe('scope_changed');
    expect((await submit(world, 'founder', 2, next, accounts(1))).status).toBe(200);
  });
});

describe('a chunk of records', () => {
  it('becomes rows once, however often it is sent', async () => {
    const submission = makeSubmission(world.pair, 'founder', 1, scope, accounts(3));
    await upload(submission);
    for (const index of submission.chunks.keys()) {
      expect((await putChunk(world, 'founder', submission, index)).status).toBe(200);
    }
    for (const table of ['accounts', 'tags', 'boxes', 'wraps', 'fields', 'names']) {
      expect([table, rows(table)]).toEqual([table, 3]);
    }
    await activate(world, 'founder', 1);
    expect((await putChunk(world, 'founder', submission, 0)).status).toBe(200);
    expect(rows('accounts')).toBe(3);
  });

  it('that is cut, lengthened, changed or at another address is refused', async () => {
    const submission = makeSubmission(world.pair, 'founder', 1, scope, accounts(3), 2);
    await putSubmission(world, 'founder', submission);
    const chunk = submission.chunks[0] ?? new Uint8Array();
    const bad = [
      chunk.subarray(0, -1),
      new Uint8Array([...chunk, 0]),
      chunk.map((b, i) => (i > 70 ? b ^ 1 : b)),
      new Uint8Array(),
    ];
    for (const bytes of bad) {
      const answer = await world.as('founder', 'PUT', '/submissions/1/chunks/0', { bytes });
      expect(answer.code).toBe('other_chunk');
    }
    expect((await world.as('founder', 'PUT', '/submissions/1/chunks/1', { bytes: chunk })).code).toBe(
      'other_chunk',
    );
    expect((await world.as('founder', 'PUT', '/submissions/1/chunks/99', { bytes: chunk })).code).toBe(
      'not_found',
    );
    expect((await world.as('founder', 'PUT', '/submissions/2/chunks/0', { bytes: chunk })).code).toBe(
      'not_found',
    );
    expect((await world.as('joiner', 'PUT', '/submissions/1/chunks/0', { bytes: chunk })).code).toBe(
      'not_found',
    );
    expect(rows('accounts')).toBe(0);
  });

  const one = (type: keyof TestRecords, record: Uint8Array): TestRecords => ({
    ...recordsOf(world.pair, []),
    [type]: [record],
  });
  it.each([
    ['a mask of a third population', 'accounts', () => concat(systemRandom(16), uint(4, 1), uint(0, 1))],
    [
      'a kind that distinguishes nothing',
      'accounts',
      () => concat(systemRandom(16), uint(1, 1), uint(128, 1)),
    ],
    ['kind 0', 'tags', () => concat(systemRandom(32), uint(0, 1))],
    ['kind 12', 'tags', () => concat(systemRandom(32), uint(12, 1))],
    ['a box of a third population', 'boxes', () => concat(systemRandom(32), uint(2, 1), systemRandom(16))],
    ['field 0', 'fields', () => concat(systemRandom(16), uint(0, 1), systemRandom(48))],
    ['field 13', 'fields', () => concat(systemRandom(16), uint(13, 1), systemRandom(48))],
    ['a name of a third population', 'names', () => concat(systemRandom(16), uint(2, 1), systemRandom(48))],
  ] as const)('with %s is refused', async (_, type, record) => {
    const submission = submissionOf(world.pair, 'founder', 1, scope, one(type, record()));
    await putSubmission(world, 'founder', submission);
    const answer = await putChunk(world, 'founder', submission, 0);
    expect([answer.code, answer.json?.detail]).toEqual(['malformed', 'unknown number']);
    expect(rows(type)).toBe(0);
  });

  it('with a record of another chunk drops the submission', async () => {
    const records = recordsOf(world.pair, accounts(3));
    const doubled = { ...records, accounts: [...records.accounts, ...records.accounts] };
    const submission = submissionOf(world.pair, 'founder', 1, scope, doubled, 1);
    await putSubmission(world, 'founder', submission);
    const codes = [];
    for (let i = 0; i < 6; i++) codes.push((await putChunk(world, 'founder', submission, i)).code);
    expect(codes).toContain('inconsistent_submission');
    expect(rows('accounts')).toBe(0);
    expect((await world.as('founder', 'GET', '')).json?.submissions).toMatchObject({
      mine: { pending: null },
    });
  });
});

describe('a submission that contradicts itself is dropped', () => {
  it.each([
    [
      'tag',
      'a tag without its account',
      (records: TestRecords) => ({ ...records, accounts: records.accounts.slice(1) }),
    ],
    [
      'box',
      'a box without its tag',
      (records: TestRecords) => ({ ...records, tags: records.tags.slice(1), wraps: [] }),
    ],
    [
      'wrap',
      'a wrapped key without its tag',
      (records: TestRecords) => ({ ...records, tags: [], boxes: [] }),
    ],
    [
      'field',
      'a field without its account',
      (records: TestRecords) => ({
        ...records,
        fields: [concat(systemRandom(16), uint(1, 1), systemRandom(48))],
      }),
    ],
    [
      'box of another population',
      'a box for a population that its account is not in',
      (records: TestRecords) => ({
        ...records,
        boxes: records.boxes.map((box) => concat(box.subarray(0, 32), uint(1, 1), box.subarray(33))),
      }),
    ],
    [
      'name of another population',
      'a name for a population that its account is not in',
      (records: TestRecords) => ({
        ...records,
        names: records.names.map((name) => concat(name.subarray(0, 16), uint(1, 1), name.subarray(17))),
      }),
    ],
  ] as const)('%s', async (_, detail, change) => {
    const records = change(recordsOf(world.pair, accounts(2)));
    await upload(submissionOf(world.pair, 'founder', 1, scope, records));
    const answer = await activate(world, 'founder', 1);
    expect([answer.code, answer.json?.detail]).toEqual(['inconsistent_submission', detail]);
    for (const table of ['accounts', 'tags', 'boxes', 'wraps', 'fields', 'names'])
      expect(rows(table)).toBe(0);
    expect((await activate(world, 'founder', 1)).code).toBe('inconsistent_submission');
    expect((await submit(world, 'founder', 2, scope, accounts(1))).status).toBe(200);
  });
});

describe('matching', () => {
  const pairs = () =>
    world.service
      .store(world.pair.partnership)
      .all('select evidence & 2047 as kinds, first_seen from shown_pairs where side = 1 order by kinds');
  const joinerScope = () => makeSignedScope(world.pair, 'joiner');
  const both = async (mine: readonly TestAccount[], theirs: readonly TestAccount[], number = 1) => {
    await submit(world, 'founder', number, scope, mine);
    return await submit(world, 'joiner', number, joinerScope(), theirs);
  };

  it('joins equal tags of equal kinds, and takes the kinds of a pair together', async () => {
    const [a, b, c] = [systemRandom(16), systemRandom(16), systemRandom(16)];
    const mine = [
      account({
        tags: [
          { tag: a, kind: 'domain' },
          { tag: b, kind: 'name' },
        ],
      }),
      account({ tags: [{ tag: c, kind: 'name' }] }),
      account(),
    ];
    const theirs = [
      account({
        tags: [
          { tag: a, kind: 'domain' },
          { tag: b, kind: 'name' },
        ],
      }),
      account({ tags: [{ tag: c, kind: 'name' }] }),
      account({ tags: [{ tag: b, kind: 'name' }] }),
    ];
    const answer = await both(mine, theirs);
    expect(answer.json).toEqual({ submission: 1, snapshot: { number: 1, at: expect.any(String) } });
    expect(pairs()).toEqual([
      { kinds: 2, first_seen: 1 },
      { kinds: 2, first_seen: 1 },
      { kinds: 3, first_seen: 1 },
    ]);
  });

  it('does not join a tag that was given another kind', async () => {
    const tag = systemRandom(16);
    await both([account({ tags: [{ tag, kind: 'domain' }] })], [account({ tags: [{ tag, kind: 'name' }] })]);
    expect(pairs()).toEqual([]);
  });

  it('keeps since when a pair is there, and forgets pairs that are gone', async () => {
    const [stays, goes, comes] = [systemRandom(16), systemRandom(16), systemRandom(16)];
    const of = (tag: Uint8Array) => account({ tags: [{ tag, kind: 'domain' }] });
    const mine = [of(stays), of(goes), of(comes)];
    const [theirStays, theirGoes, theirComes] = [of(stays), of(goes), of(comes)];
    await both(mine, [theirStays, theirGoes]);
    const next = await submit(world, 'joiner', 2, joinerScope(), [theirStays, theirComes]);
    expect(next.json).toMatchObject({ snapshot: { number: 2 } });
    const seen = world.service
      .store(world.pair.partnership)
      .all<{ shown_handle: Uint8Array; first_seen: number }>(
        'select shown_handle, first_seen from shown_pairs where side = 1',
      );
    const byHandle = new Map(seen.map((row) => [toBase64url(row.shown_handle), row.first_seen]));
    expect([theirStays, theirGoes, theirComes].map((one) => byHandle.get(toBase64url(one.handle)))).toEqual([
      1,
      undefined,
      2,
    ]);
    const again = await activate(world, 'joiner', 2);
    expect(again.json).toEqual(next.json);
    expect((await activate(world, 'founder', 1)).json).toEqual({ submission: 1, snapshot: null });
  });

  it('takes over an account’s new populations, in which the pair is new', async () => {
    const tag = systemRandom(16);
    const mine = account({ tags: [{ tag, kind: 'domain' }] });
    await both([mine], [account({ tags: [{ tag, kind: 'domain' }] })]);
    await submit(world, 'founder', 2, scope, [{ ...mine, populations: [0, 1] }]);
    const store = world.service.store(world.pair.partnership);
    expect(
      store.all(
        'select viewer_populations as v, shown_populations as p, first_seen as s from shown_pairs order by side',
      ),
    ).toEqual([
      { v: 1, p: 3, s: 2 },
      { v: 3, p: 1, s: 2 },
    ]);
  });
});

/**
 * The contract of the partnership port: what every adapter must do, and one whole partnership. It runs inside the
 * runtime whose adapter it checks, so it has no test framework: a check that fails throws.
 */
import { compare, concat, toHex, uint } from '../../protocol/bytes.ts';
import type { Random } from '../../protocol/hash.ts';
import { otherSide, type Side } from '../../protocol/ids.ts';
import type { Result } from '../../protocol/result.ts';
import type { Call } from '../../src/service/partnership/context.ts';
import type { Input, OperationName, Output, Partnership } from '../../src/service/partnership/operations.ts';
import { insertPacked } from '../../src/service/storage/packed.ts';
import { first, type PartnershipStore } from '../../src/service/storage/partnership.ts';
import * as answers from '../../src/wire/answers.ts';
import {
  makeAcceptance,
  makeEvaluation,
  makeRequest,
  makeSignedScope,
  makeTestPair,
  NOW_MS,
  type TestParty,
} from './service-parties.ts';
import { makeSubmission, type TestAccount } from './service-rows.ts';

/** Each check works on a fresh store. */
export const PORT_CONTRACT: Readonly<Record<string, (store: PartnershipStore, random: Random) => void>> = {
  'blobs come back as Uint8Array, the empty one too'(store) {
    const row = first<{ a: unknown; b: unknown }>(
      store,
      "select x'00ff' as a, cast(? as blob) as b",
      bytes(1, 2),
    );
    same([row?.a, row?.b], [bytes(0, 255), bytes(1, 2)], 'blobs');
    same(first<{ c: unknown }>(store, "select x'' as c")?.c, bytes(), 'the empty blob');
  },
  'a part of a larger buffer is bound as that part'(store) {
    const part = bytes(9, 1, 2, 9).subarray(1, 3);
    same(first<{ a: unknown }>(store, 'select ? as a', part)?.a, bytes(1, 2), 'the part');
  },
  'numbers, texts and null come back as they are'(store) {
    const row = first(store, 'select ? as a, ? as b, ? as c', 2 ** 40, 'ü', null);
    same(row, { a: 2 ** 40, b: 'ü', c: null }, 'values');
  },
  'run gives the number of changed rows'(store) {
    const insert = 'insert or ignore into snapshots (number, at_ms) values (?, ?), (?, ?)';
    same(store.run(insert, 1, 10, 2, 20), 2, 'two inserted');
    same(store.run(insert, 2, 20, 3, 30), 1, 'one inserted');
    same(store.run('update snapshots set at_ms = 0 where number > 9'), 0, 'none updated');
    same(store.run('delete from snapshots'), 3, 'three deleted');
  },
  'an atomic section commits all or nothing'(store) {
    const insert = 'insert into snapshots (number, at_ms) values (?, 0)';
    same(
      store.atomic(() => store.run(insert, 1)),
      1,
      'the value of the work',
    );
    let thrown: unknown;
    try {
      store.atomic(() => {
        store.run(insert, 2);
        throw new Error('on purpose');
      });
    } catch (error) {
      thrown = error;
    }
    same(thrown instanceof Error && thrown.message, 'on purpose', 'the error');
    same(store.all('select number from snapshots'), [{ number: 1 }], 'what was committed');
  },
  'a statement that fails throws'(store) {
    let thrown: unknown;
    try {
      store.run('insert into snapshots (number, at_ms) values (1, ?)', 'no number');
    } catch (error) {
      thrown = error;
    }
    same(thrown instanceof Error, true, 'an error');
  },
  'a packed chunk becomes rows'(store, random) {
    const tags = sorted(3000, () => concat(random(32), bytes(2)));
    const generation = { side: 1, number: 7 };
    same(insertPacked(store, 'tags', generation, 33, concat(...tags)), 3000, 'new rows');
    const rows = store.all<{ tag: Uint8Array; handle: Uint8Array; kind: number }>(
      'select tag, handle, kind from tags where side = 1 and generation = 7 order by tag, handle',
    );
    same(
      rows.map((row) => toHex(concat(row.tag, row.handle, bytes(row.kind)))),
      tags.map(toHex),
      'rows',
    );
    same(insertPacked(store, 'tags', generation, 33, concat(...tags.slice(0, 5))), 0, 'known rows');
  },
  'a packed chunk keeps all columns apart'(store, random) {
    const generation = { side: 0, number: 1 };
    const [tag, handle, box] = [random(16), random(16), random(16)];
    const [wrapped, sealed] = [random(72), random(528)];
    insertPacked(store, 'accounts', generation, 18, concat(handle, bytes(63, 127)));
    insertPacked(store, 'boxes', generation, 49, concat(tag, handle, bytes(0), box));
    insertPacked(store, 'wraps', generation, 104, concat(tag, handle, wrapped));
    insertPacked(store, 'fields', generation, 545, concat(handle, bytes(10), sealed));
    insertPacked(store, 'names', generation, 545, concat(handle, bytes(5), sealed));
    const of = { side: 0, generation: 1 };
    same(
      store.all('select * from accounts'),
      [{ ...of, handle, populations: 63, distinguishing: 127 }],
      'accounts',
    );
    same(store.all('select * from boxes'), [{ ...of, tag, handle, population: 0, box }], 'boxes');
    same(store.all('select * from wraps'), [{ ...of, tag, handle, wrapped }], 'wraps');
    same(store.all('select * from fields'), [{ ...of, handle, field: 10, sealed }], 'fields');
    same(store.all('select * from names'), [{ ...of, handle, population: 5, sealed }], 'names');
  },
  'a chunk of the largest size is taken'(store, random) {
    const records = sorted(15_800, () => concat(random(32), bytes(1)));
    const packed = concat(...records);
    same(insertPacked(store, 'tags', { side: 0, number: 1 }, 33, packed), 15_800, 'new rows');
  },
  'no whole records are a mistake of the program'(store) {
    let thrown: unknown;
    try {
      insertPacked(store, 'accounts', { side: 0, number: 1 }, 18, new Uint8Array(19));
    } catch (error) {
      thrown = error;
    }
    same(thrown instanceof RangeError, true, 'a RangeError');
  },
};

/** A whole partnership: epoch, scopes, a request and its evaluation, both submissions, matrix, overlap and ledger. */
export async function wholePartnership(partnership: Partnership, random: Random): Promise<void> {
  const pair = makeTestPair(random);
  const run = async <Name extends OperationName>(
    caller: Side,
    name: Name,
    input: Input<Name>,
  ): Promise<Output<Name>> => {
    const call: Call = {
      partnership: pair.partnership,
      parties: {
        founder: companyOfOne(pair.founder),
        joiner: companyOfOne(pair.joiner),
      },
      caller,
      asker: { role: 'agent', member: null },
      nowMs: NOW_MS,
      limits: { elements: 1000, records: 1000 },
    };
    const result: Result<Output<Name>> = await partnership.run(name, call, input);
    if (!result.ok) throw new Error(`${name} was refused: ${result.reason} ${result.detail ?? ''}`);
    return result.value;
  };
  const both: readonly Side[] = ['founder', 'joiner'];
  for (const side of both) await run(side, 'putOffer', { epoch: 1, offer: pair.offers[side] });
  for (const side of both) await run(side, 'putSignature', { epoch: 1, signature: pair.signatures[side] });
  const scopes = { founder: makeSignedScope(pair, 'founder'), joiner: makeSignedScope(pair, 'joiner') };
  for (const side of both) {
    await run(side, 'putScope', { number: 1, scope: scopes[side] });
    const statement = makeAcceptance(pair, side, scopes[side]);
    await run(otherSide(side), 'putStatement', { side, number: 1, act: 'accept', statement });
  }

  const asked = makeRequest(pair, 'founder', 1, ['domain']);
  const at = { side: 'founder', number: 1, index: 0 } as const;
  const chunk = asked.chunks[0] ?? bytes();
  await run('founder', 'putRequest', { side: 'founder', number: 1, request: asked.signed });
  await run('founder', 'putRequestChunk', { ...at, bytes: chunk });
  same(await run('joiner', 'getRequestChunk', at), chunk, 'the chunk');
  const evaluation = makeEvaluation(pair, 'founder', asked, 0);
  await run('joiner', 'putEvaluation', { ...at, evaluation });
  same(await run('founder', 'getEvaluation', at), evaluation, 'the evaluation');
  same((await run('founder', 'view', {})).requests.founder?.evaluated, [0], 'evaluated chunks');
  await run('founder', 'deleteRequest', { side: 'founder', number: 1 });
  same((await run('founder', 'view', {})).requests.founder, null, 'the finished request');
  same((await run('joiner', 'getReceipt', {})).evaluation, evaluation, 'the receipt');

  const shared = sorted(3, () => random(16));
  const account = (tag: Uint8Array, population: number): TestAccount => ({
    handle: random(16),
    populations: [population],
    tags: [{ tag, kind: 'domain' }],
    fields: ['account_name', 'stage'],
    names: population === 0 ? [0] : [],
  });
  const lists = {
    founder: [...shared.map((tag) => account(tag, 0)), account(random(16), 1)],
    joiner: [...shared.map((tag, i) => account(tag, i === 0 ? 1 : 0)), account(random(16), 0)],
  };
  for (const side of both) {
    const submission = makeSubmission(pair, side, 1, scopes[side], lists[side], 2);
    await run(side, 'putSubmission', submission);
    for (const [index, body] of submission.chunks.entries()) {
      await run(side, 'putSubmissionChunk', { number: 1, index, bytes: body });
    }
    const activation = await run(side, 'activateSubmission', { number: 1 });
    const snapshot = side === 'joiner' ? { number: 1, atMs: NOW_MS } : null;
    same(activation, { submission: 1, snapshot }, 'the activation');
  }

  for (const side of both) {
    const partner = otherSide(side);
    const matrix = await run(side, 'matrix', {});
    const cells = matrix.cells.map((cell) => [
      cell.mine,
      cell.theirs,
      cell.confirmed?.pairs,
      cell.whiteSpace,
    ]);
    const expected =
      side === 'founder'
        ? [
            ['customers', 'customers', 2, 1],
            ['customers', 'prospects', 1, 0],
            ['prospects', 'customers', 0, 1],
            ['prospects', 'prospects', 0, 0],
          ]
        : [
            ['customers', 'customers', 2, 0],
            ['customers', 'prospects', 0, 0],
            ['prospects', 'customers', 1, 0],
            ['prospects', 'prospects', 0, 0],
          ];
    same(cells, expected, `the ${side}'s matrix`);
    const first = page(answers.overlap, await run(side, 'overlap', { limit: 2 }));
    const second = page(answers.overlap, await run(side, 'overlap', { limit: 2, cursor: first.next ?? '' }));
    const rows = [...first.rows, ...second.rows];
    same([first.rows.length, second.rows.length, second.next], [2, 1, null], 'pages');
    const pairs = shared.map((_, i) => [hexOf(lists[side][i]), hexOf(lists[partner][i])].join(' '));
    same(
      rows.map((row) => `${row.mine} ${row.theirs}`),
      pairs.sort(),
      `the ${side}'s overlap`,
    );
    for (const row of rows) {
      const isCustomer = lists[partner].find((one) => hexOf(one) === row.theirs)?.populations[0] === 0;
      same(Object.keys(row.fields), isCustomer ? ['account_name'] : [], 'fields');
      same(row.matches.length, 1, 'matches');
      same(row.matches[0]?.boxes.length, 1, 'boxes');
    }
  }
  const space = page(answers.whiteSpace, await run('founder', 'whiteSpace', {}));
  same(
    space.rows.map((row) => row.handle),
    [hexOf(lists.joiner[3])],
    'white space',
  );
  const ledger = await run('founder', 'ledger', {});
  const entries = ledger.entries.map((entry) => [entry.number, entry.viewer, entry.question, entry.rows]);
  same(
    entries,
    [
      [1, 'mine', 'matrix', null],
      [2, 'mine', 'overlap', 3],
      [3, 'theirs', 'matrix', null],
      [4, 'theirs', 'overlap', 3],
      [5, 'mine', 'whitespace', 1],
    ],
    'the ledger',
  );
}

function companyOfOne({ organisation, agent }: TestParty): Call['parties'][Side] {
  return { organisation, agentKey: agent.publicKey, rosters: [], isSolo: true, removed: [] };
}

/** An answer that goes over the wire as it is, read as an agent reads it. */
function page<Answer>(shape: { parse(value: unknown): Answer }, body: string): Answer {
  return shape.parse(JSON.parse(body));
}

function hexOf(account: TestAccount | undefined): string {
  return toHex(account?.handle ?? bytes());
}

function sorted(count: number, make: () => Uint8Array): Uint8Array[] {
  return Array.from({ length: count }, make).sort(compare);
}

function bytes(...values: readonly number[]): Uint8Array {
  return concat(...values.map((value) => uint(value, 1)));
}

function same(actual: unknown, expected: unknown, what: string): void {
  const [one, other] = [textOf(actual), textOf(expected)];
  if (one !== other) throw new Error(`${what}: ${one} instead of ${other}`);
}

function textOf(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) =>
    part instanceof Uint8Array ? `bytes ${toHex(part)}` : part,
  );
}

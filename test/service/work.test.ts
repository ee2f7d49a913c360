/** The matching in steps: killed and begun again between all of them, it comes to what the matching in one go came to. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { concat, toHex, uint } from '../../protocol/bytes.ts';
import { sideRow } from '../../src/service/partnership/context.ts';
import { abandon } from '../../src/service/partnership/run.ts';
import { hasWork, work } from '../../src/service/partnership/work.ts';
import { nodePartnershipStore } from '../../src/service/storage/files.ts';
import { insertPacked } from '../../src/service/storage/packed.ts';
import type { PartnershipStore } from '../../src/service/storage/partnership.ts';
import { openDatabase, type Sqlite } from '../../src/sqlite.ts';
import { matchAtOnce } from '../support/match-at-once.ts';
import { dice, seededRandom } from '../support/random.ts';
import { makeSignedScope, makeTestPair } from '../support/service-parties.ts';

const folder = mkdtempSync(join(tmpdir(), 'commonground-work-'));
let open: Sqlite[] = [];
afterEach(() => {
  for (const database of open) database.close();
  open = [];
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** In force from the first millisecond on: nothing is taken away. */
const PAIR = makeTestPair(seededRandom('scopes'));
const SCOPES = (['founder', 'joiner'] as const).map((side) =>
  makeSignedScope(PAIR, side, { validFrom: '1970-01-01T00:00:00Z' }),
);

function storeAt(path: string): PartnershipStore {
  const database = openDatabase(path);
  open.push(database);
  const store = nodePartnershipStore(database);
  for (const [side, signed] of SCOPES.entries()) {
    const sql = `insert or ignore into scopes (side, number, hash, signed, approved_ms, accepted_ms) values (?, 1, x'', ?, 0, 0)`;
    store.run(sql, side, signed);
  }
  return store;
}

interface List {
  readonly accounts: Uint8Array[];
  readonly tags: Uint8Array[];
}

/** So many accounts with up to three tags out of a pool, of which some are shared by many. */
function list(seed: string, count: number, pool: readonly Uint8Array[], crowd: number): List {
  const random = seededRandom(seed);
  const roll = dice(seed);
  const accounts: Uint8Array[] = [];
  const tags = new Map<string, Uint8Array>();
  for (let i = 0; i < count; i++) {
    const handle = random(16);
    accounts.push(concat(handle, uint(1 + roll(63), 1), uint(roll(32), 1)));
    for (let t = 0; t < 1 + roll(3); t++) {
      const which = i < crowd ? roll(3) : roll(pool.length);
      const tag = pool[which] ?? new Uint8Array(16);
      // One kind for each tag.
      tags.set(toHex(concat(tag, handle)), concat(tag, handle, uint(1 + (which % 7), 1)));
    }
  }
  return { accounts, tags: [...tags.values()] };
}

function put(store: PartnershipStore, side: 0 | 1, number: number, { accounts, tags }: List): void {
  const generation = { side, number };
  store.atomic(() => {
    insertPacked(store, 'accounts', generation, 18, concat(...accounts));
    for (let i = 0; i < tags.length; i += 10_000) {
      insertPacked(store, 'tags', generation, 33, concat(...tags.slice(i, i + 10_000)));
    }
    store.run(
      "insert into submissions (side, number, head, scope_hash, activated) values (?, ?, x'', x'', 0)",
      side,
      number,
    );
    store.run(
      'update sides set matching_submission = ?, last_submission = ? where side = ?',
      number,
      number,
      side,
    );
  });
}

function result(store: PartnershipStore): Record<string, unknown[]> {
  const tables = {
    matches: 'select hex(founder_handle), hex(joiner_handle), hex(tag), kind from matches order by 1, 2, 3',
    pairs: `select hex(founder_handle), hex(joiner_handle), evidence, founder_populations, joiner_populations, first_seen,
      tier from pairs order by 1, 2`,
    tallies: 'select * from tallies where count <> 0 order by 1, 2, 3, 4',
    snapshots: 'select * from snapshots',
  };
  return Object.fromEntries(Object.entries(tables).map(([name, sql]) => [name, store.all(sql)]));
}

/** Works until nothing is left; each step is first cut off before its end, and the file is opened anew behind it. */
function workThrough(path: string, rows: number): number {
  for (let steps = 1; ; steps++) {
    const store = storeAt(path);
    try {
      store.atomic(() => {
        work(store, 5, rows);
        throw new Error('killed');
      });
    } catch (error) {
      expect((error as Error).message).toBe('killed');
    }
    const isMore = store.atomic(() => work(store, 5, rows));
    for (const database of open) database.close();
    open = [];
    if (!isMore) return steps;
  }
}

function oracleOf(lists: readonly (readonly [side: 0 | 1, number: number, List])[]) {
  const store = storeAt(':memory:');
  for (const [side, number, one] of lists) {
    put(store, side, number, one);
    store.run(
      'update sides set active_submission = matching_submission, matching_submission = null where side = ?',
      side,
    );
    matchAtOnce(store, 5);
  }
  return result(store);
}

const pool = (seed: string, size: number) => {
  const random = seededRandom(seed);
  return Array.from({ length: size }, () => random(16));
};

describe('matching in steps', () => {
  it('comes to the same as in one go, over several pages and crowded tags', () => {
    const tags = pool('tags', 60_000);
    const lists = [
      [0, 1, list('founder 1', 30_000, tags, 300)],
      [1, 1, list('joiner 1', 30_000, tags, 400)],
      [0, 2, list('founder 2', 26_000, tags, 100)],
    ] as const;
    const path = join(folder, 'pages.db');
    const expected = oracleOf(lists);
    const inSteps = openInSteps(path, lists, 30_000);
    expect(Object.keys(inSteps.result)).toEqual(Object.keys(expected));
    for (const [name, rows] of Object.entries(expected)) {
      expect([name, inSteps.result[name]?.length]).toEqual([name, rows.length]);
      expect(inSteps.result[name], name).toEqual(rows);
    }
    expect(inSteps.steps).toBeGreaterThan(20);
  }, 180_000);

  it.each(Array.from({ length: 25 }, (_, i) => i))('comes to the same on small lists (%i)', (seed) => {
    const tags = pool(`small ${seed}`, 20 + seed * 3);
    const lists = Array.from({ length: 5 }, (_, i) => {
      const side = ((seed + i) % 2) as 0 | 1;
      return [side, i + 1, list(`small ${seed} ${i}`, 5 + ((seed * 7 + i) % 40), tags, seed % 9)] as const;
    });
    expect(openInSteps(':memory:', lists, 1).result).toEqual(oracleOf(lists));
  });

  it('goes on answering from the last snapshot until the next one is made', () => {
    const store = storeAt(':memory:');
    const tags = pool('answers', 50);
    const [first, second] = [list('a', 30, tags, 0), list('b', 30, tags, 0)];
    put(store, 0, 1, first);
    put(store, 1, 1, second);
    while (store.atomic(() => work(store, 1, 1)));
    const before = result(store);
    put(store, 0, 2, list('c', 30, tags, 0));
    let steps = 0;
    while (sideRow(store, 'founder').active_submission === 1) {
      expect(result(store)).toEqual(before);
      store.atomic(() => work(store, 2, 1));
      steps++;
    }
    expect(steps).toBeGreaterThan(10);
    expect(result(store)).not.toEqual(before);
    while (store.atomic(() => work(store, 2, 1)));
    for (const table of ['next_pairs', 'next_matches', 'crowded', 'garbage', 'run']) {
      expect([table, store.all(`select count(*) as n from ${table}`)]).toEqual([table, [{ n: 0 }]]);
    }
    expect(store.all('select count(*) as n from tags where side = 0 and generation = 1')).toEqual([{ n: 0 }]);
  });

  it('leaves nothing of a run that is given up, and does the next one', () => {
    const store = storeAt(':memory:');
    const tags = pool('given up', 50);
    put(store, 0, 1, list('a', 30, tags, 0));
    put(store, 1, 1, list('b', 30, tags, 0));
    for (let i = 0; i < 16; i++) store.atomic(() => work(store, 1, 1));
    expect(store.all('select side, number from run')).toEqual([{ side: 1, number: 1 }]);
    put(store, 0, 2, list('c', 30, tags, 0));
    store.atomic(() => abandon(store, 'joiner', 1));
    while (store.atomic(() => work(store, 1, 1)));
    const { founder, joiner } = { founder: sideRow(store, 'founder'), joiner: sideRow(store, 'joiner') };
    expect([founder.active_submission, joiner.active_submission]).toEqual([2, null]);
    expect(hasWork(store)).toBe(false);
    for (const table of ['next_pairs', 'next_matches', 'pairs', 'matches', 'snapshots']) {
      expect([table, store.all(`select count(*) as n from ${table}`)]).toEqual([table, [{ n: 0 }]]);
    }
  });
});

/** Each list is matched whole before the next comes. */
function openInSteps(
  path: string,
  lists: readonly (readonly [side: 0 | 1, number: number, List])[],
  rows: number,
): { result: Record<string, unknown[]>; steps: number } {
  let steps = 0;
  const memory = path === ':memory:' ? storeAt(path) : null;
  for (const [side, number, one] of lists) {
    put(memory ?? storeAt(path), side, number, one);
    if (memory) while (memory.atomic(() => work(memory, 5, rows))) steps++;
    else steps += workThrough(path, rows);
  }
  return { result: result(memory ?? storeAt(path)), steps };
}

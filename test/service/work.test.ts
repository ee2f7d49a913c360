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
import { PARTNERSHIP_MIGRATIONS } from '../../src/service/storage/schema.ts';
import { migrate, openDatabase, type Sqlite } from '../../src/sqlite.ts';
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

type List = Readonly<Record<'accounts' | 'tags' | 'boxes' | 'wraps' | 'fields', Uint8Array[]>>;

const RECORD_BYTES: Readonly<Record<keyof List, number>> = {
  accounts: 18,
  tags: 33,
  boxes: 49,
  wraps: 104,
  fields: 65,
};

/** So many accounts with up to three tags out of a pool, of which some are shared by many; some with keys and fields. */
function list(seed: string, count: number, pool: readonly Uint8Array[], crowd: number): List {
  const random = seededRandom(seed);
  const roll = dice(seed);
  const accounts: Uint8Array[] = [];
  const tags = new Map<string, Uint8Array>();
  const boxes = new Map<string, Uint8Array>();
  const wraps = new Map<string, Uint8Array>();
  const fields: Uint8Array[] = [];
  for (let i = 0; i < count; i++) {
    const handle = random(16);
    const populations = 1 + roll(63);
    accounts.push(concat(handle, uint(populations, 1), uint(roll(32), 1)));
    for (const field of [1, 4, 7].slice(roll(4))) fields.push(concat(handle, uint(field, 1), random(48)));
    for (let t = 0; t < 1 + roll(3); t++) {
      const which = i < crowd ? roll(3) : roll(pool.length);
      const tag = pool[which] ?? new Uint8Array(16);
      // One kind for each tag.
      const key = concat(tag, handle);
      tags.set(toHex(key), concat(key, uint(1 + (which % 7), 1)));
      if (roll(3) > 0) wraps.set(toHex(key), concat(key, random(72)));
      // No box for a population that is not shared.
      for (const population of [0, 1, 2].filter((index) => (populations >> index) & 1)) {
        const record = concat(key, uint(population, 1));
        boxes.set(toHex(record), concat(record, random(16)));
      }
    }
  }
  return {
    accounts,
    tags: [...tags.values()],
    boxes: [...boxes.values()],
    wraps: [...wraps.values()],
    fields,
  };
}

function put(store: PartnershipStore, side: 0 | 1, number: number, records: List): void {
  const generation = { side, number };
  store.atomic(() => {
    for (const type of ['accounts', 'tags', 'boxes', 'wraps', 'fields'] as const) {
      for (let i = 0; i < records[type].length; i += 10_000) {
        const part = concat(...records[type].slice(i, i + 10_000));
        insertPacked(store, type, generation, RECORD_BYTES[type], part);
      }
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

/** What answers are given from. */
const CURRENT = 'snapshot = (select max(number) from snapshots)';

function result(store: PartnershipStore): Record<string, unknown[]> {
  const tables = {
    shown_pairs: `select side, snapshot, hex(viewer_handle) as viewer, hex(shown_handle) as shown, viewer_populations,
      shown_populations, evidence, tier, first_seen, hex(matches) as matches from shown_pairs where ${CURRENT} order by 1, 2, 3, 4`,
    openings: `select side, snapshot, hex(viewer_handle) as viewer, hex(shown_handle) as shown, hex(keys) as keys,
      hex(fields) as fields from openings where ${CURRENT} order by 1, 2, 3, 4`,
    tallies: `select * from tallies where count <> 0 and ${CURRENT} order by 1, 2, 3, 4, 5`,
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
    const tags = pool('tags', 28_000);
    const lists = [
      [0, 1, list('founder 1', 14_000, tags, 120)],
      [1, 1, list('joiner 1', 14_000, tags, 150)],
      [0, 2, list('founder 2', 12_000, tags, 60)],
    ] as const;
    const path = join(folder, 'pages.db');
    const expected = oracleOf(lists);
    const inSteps = openInSteps(path, lists, 15_000);
    expect(Object.keys(inSteps.result)).toEqual(Object.keys(expected));
    for (const [name, rows] of Object.entries(expected)) {
      expect([name, inSteps.result[name]?.length]).toEqual([name, rows.length]);
      // A deep comparison of so many rows takes half a minute.
      if (JSON.stringify(inSteps.result[name]) !== JSON.stringify(rows))
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
    for (const table of ['pairs', 'matches', 'crowded', 'garbage', 'run']) {
      expect([table, store.all(`select count(*) as n from ${table}`)]).toEqual([table, [{ n: 0 }]]);
    }
    expect(store.all('select count(*) as n from tags where side = 0 and generation = 1')).toEqual([{ n: 0 }]);
  });

  it('packs nothing that was sealed under a scope that ends meanwhile, and takes away what is packed', () => {
    const store = storeAt(':memory:');
    const tags = pool('revoked', 50);
    put(store, 0, 1, list('a', 30, tags, 0));
    put(store, 1, 1, list('b', 30, tags, 0));
    const openings = (side: number) =>
      store.all<{ snapshot: number }>('select distinct snapshot from openings where side = ?', side);
    while (store.atomic(() => work(store, 1, 1)));
    expect([openings(0), openings(1)]).toEqual([[{ snapshot: 1 }], [{ snapshot: 1 }]]);
    put(store, 0, 2, list('c', 30, tags, 0));
    // The joiner's rows are packed for the founder, the founder's are not yet for the joiner.
    while (openings(1).length < 2) store.atomic(() => work(store, 2, 1));
    expect(openings(0)).toEqual([{ snapshot: 1 }]);
    store.run("update scopes set hash = x'01' where side = 0 or side = 1");
    while (store.atomic(() => work(store, 2, 1)));
    expect([openings(0), openings(1)]).toEqual([[], []]);
    expect(store.all('select distinct side, snapshot from shown_pairs order by side')).toEqual([
      { side: 0, snapshot: 2 },
      { side: 1, snapshot: 2 },
    ]);
  });

  it('matches the lists of a database once more that knew nothing yet of what each side is shown', () => {
    const path = join(folder, 'before.db');
    const database = openDatabase(path);
    const before = PARTNERSHIP_MIGRATIONS.findIndex((sql) => sql.includes('create table shown_pairs'));
    migrate(database, PARTNERSHIP_MIGRATIONS.slice(0, before));
    const of = (byte: number) => new Uint8Array(16).fill(byte);
    const [tag, handle, gone] = [of(1), of(2), of(3)];
    for (const side of [0, 1]) {
      const submitted = `insert into submissions (side, number, head, scope_hash, activated) values (?, 3, x'', x'', 1)`;
      database.run(submitted, side);
      database.run(
        'insert into accounts (side, generation, handle, populations) values (?, 3, ?, 1)',
        side,
        handle,
      );
      database.run('insert into tags values (?, 3, ?, ?, 1)', side, tag, handle);
    }
    database.run('insert into next_matches values (?, ?, ?, 1)', gone, gone, tag);
    database.run('insert into snapshots values (7, 1)');
    database.run('update sides set active_submission = 3, last_submission = 3');
    database.close();
    const store = storeAt(path);
    while (store.atomic(() => work(store, 5, 1)));
    expect(store.all('select side, snapshot, first_seen as seen from shown_pairs')).toEqual([
      { side: 0, snapshot: 8, seen: 8 },
      { side: 1, snapshot: 8, seen: 8 },
    ]);
    expect(sideRow(store, 'joiner')).toMatchObject({ active_submission: 3, matching_submission: null });
    expect(store.all('select 1 from matches')).toEqual([]);
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
    for (const table of ['shown_pairs', 'openings', 'tallies', 'pairs', 'matches', 'snapshots']) {
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

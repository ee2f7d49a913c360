/** Clearing: what goes when a scope ends by itself, step by step, in whichever partnership it is due. */
import { describe, expect, it } from 'vitest';
import { toBase64url } from '../../protocol/bytes.ts';
import { signEnding } from '../../protocol/ending.ts';
import { systemRandom } from '../../protocol/hash.ts';
import { newPartnershipId, organisationId, type Side } from '../../protocol/ids.ts';
import type { Scope } from '../../protocol/scope.ts';
import { clearDue } from '../../src/service/clearing.ts';
import { noteDue } from '../../src/service/directory/partnerships.ts';
import { run } from '../../src/service/partnership/operations.ts';
import { nodePartnershipStore } from '../../src/service/storage/files.ts';
import { PARTNERSHIP_MIGRATIONS } from '../../src/service/storage/schema.ts';
import { migrate, openDatabase } from '../../src/sqlite.ts';
import {
  grantScope,
  moveTo,
  putScope,
  submit,
  type TestPartnership,
  type TestService,
  testPartnership,
  testService,
} from '../support/service-app.ts';
import { makeSignedScope } from '../support/service-parties.ts';
import { sayAsAgent } from '../support/service-people.ts';
import type { TestAccount } from '../support/service-rows.ts';

/** How many migrations there were before scopes named roles. */
const BEFORE_ROLES = 5;
const DAY_MS = 24 * 3600_000;
const ENDS = { validUntil: '2026-02-01T00:00:00Z', retentionDays: 30 };
const END_MS = Date.UTC(2026, 1, 1);
const TABLES = ['accounts', 'tags', 'boxes', 'wraps', 'fields', 'names', 'submissions', 'submission_chunks'];

/** Both lists in, one shared account each; `change` is the founder's scope's. */
async function active(change: Partial<Scope>, service: TestService = testService()) {
  const world = await testPartnership('signed', service);
  const { pair } = world;
  const tag = systemRandom(16);
  const account = (): TestAccount => ({
    handle: systemRandom(16),
    populations: [0],
    tags: [{ tag, kind: 'domain' }],
    fields: ['owner'],
    names: [0],
  });
  const scopes = {} as Record<Side, Uint8Array>;
  for (const side of ['founder', 'joiner'] as const) {
    scopes[side] = makeSignedScope(pair, side, side === 'founder' ? change : {});
    expect((await grantScope(world, side, 1, scopes[side])).status).toBe(200);
    expect((await submit(world, side, 1, scopes[side], [account()])).status).toBe(200);
  }
  return { world, scopes };
}

const clear = ({ service }: Pick<TestPartnership, 'service'>) =>
  clearDue({
    directory: service.directory,
    partnerships: (id) => ({
      run: async (name, call, input) => run(service.wrapped(id), name, call, input),
    }),
    limits: { elements: 1, records: 1 },
    now: () => service.clock.nowMs,
  });

const dueOf = async ({ service, pair }: TestPartnership) =>
  (
    await service.directory.all<{ due: number | null }>(
      'select due_ms as due from partnerships where id = ?',
      pair.partnership,
    )
  )[0]?.due;

function counts({ service, pair }: TestPartnership, side: number): (number | undefined)[] {
  const store = service.store(pair.partnership);
  const of = (table: string) =>
    store.all<{ n: number }>(`select count(*) as n from ${table} where side = ?`, side)[0]?.n;
  return TABLES.map(of);
}

/** How many pairs have keys and fields packed beside them, by whose they are. */
const openings = ({ service, pair }: TestPartnership) =>
  [0, 1].map(
    (side) => service.store(pair.partnership).all('select 1 from openings where side = ?', side).length,
  );

function pairs({ service, pair }: TestPartnership): number {
  const store = service.store(pair.partnership);
  return ['shown_pairs', 'openings', 'tallies'].reduce(
    (sum, t) => sum + store.all(`select 1 from ${t}`).length,
    0,
  );
}

describe('a scope that ends by itself', () => {
  it('loses its sealed rows at its end, and everything at the end of its retention', async () => {
    const { world } = await active(ENDS);
    expect(await dueOf(world)).toBe(world.service.clock.nowMs);
    await clear(world);
    expect(await dueOf(world)).toBe(END_MS);
    expect(counts(world, 0)).toEqual([1, 1, 1, 1, 1, 1, 1, 6]);
    await moveTo(world, END_MS - 1);
    await clear(world);
    expect(counts(world, 0)).toEqual([1, 1, 1, 1, 1, 1, 1, 6]);
    expect(openings(world)).toEqual([1, 1]);
    await moveTo(world, END_MS);
    await clear(world);
    expect(counts(world, 0)).toEqual([1, 1, 1, 0, 0, 0, 1, 6]);
    expect(counts(world, 1)).toEqual([1, 1, 1, 1, 1, 1, 1, 6]);
    expect(openings(world)).toEqual([0, 1]);
    expect(pairs(world)).toBeGreaterThan(0);
    expect(await dueOf(world)).toBe(END_MS + 30 * DAY_MS);
    await moveTo(world, END_MS + 30 * DAY_MS);
    await clear(world);
    expect(counts(world, 0)).toEqual([0, 0, 0, 0, 0, 0, 0, 0]);
    expect(counts(world, 1)).toEqual([1, 1, 1, 1, 1, 1, 1, 6]);
    expect(pairs(world)).toBe(0);
    expect(await dueOf(world)).toBeNull();
    const view = await world.as('founder', 'GET', '');
    expect(view.json).toMatchObject({
      submissions: { mine: { active: null, pending: null, lastNumber: 1 }, theirs: { active: 1 } },
      snapshot: null,
    });
    await clear(world);
    expect(counts(world, 1)).toEqual([1, 1, 1, 1, 1, 1, 1, 6]);
  });

  it('keeps its list where it was renewed in time', async () => {
    const { world, scopes } = await active(ENDS);
    const next = makeSignedScope(world.pair, 'founder', { number: 2 }, scopes.founder);
    expect((await putScope(world, 'founder', 2, next)).status).toBe(200);
    await moveTo(world, END_MS + DAY_MS);
    await sayAsAgent(world, 'accept', { side: 'founder', number: 2, signed: next });
    await clear(world);
    expect(counts(world, 0)).toEqual([1, 1, 1, 0, 0, 0, 1, 6]);
    expect(await dueOf(world)).toBeNull();
  });

  it('gives way to the one that waits for its time', async () => {
    const { world, scopes } = await active({});
    const change = { number: 2, validFrom: '2026-02-01T00:00:00Z' };
    await grantScope(world, 'founder', 2, makeSignedScope(world.pair, 'founder', change, scopes.founder));
    await clear(world);
    expect(await dueOf(world)).toBe(END_MS);
    expect(counts(world, 0)).toEqual([1, 1, 1, 1, 1, 1, 1, 6]);
    await moveTo(world, END_MS);
    await clear(world);
    expect(counts(world, 0)).toEqual([1, 1, 1, 0, 0, 0, 1, 6]);
  });
});

describe('a database of the form before', () => {
  it('loses its scopes, and what was submitted under them with the first clearing', () => {
    const database = openDatabase(':memory:');
    migrate(database, PARTNERSHIP_MIGRATIONS.slice(0, BEFORE_ROLES));
    database.run("insert into scopes (side, number, hash, signed) values (0, 1, x'01', x'7b7d')");
    database.run(
      "insert into submissions (side, number, head, scope_hash, activated) values (0, 1, x'00', x'01', 1)",
    );
    database.run('update sides set active_submission = 1, last_submission = 1 where side = 0');
    for (const table of ['names', 'accounts']) {
      const columns = table === 'names' ? 'population, sealed' : 'populations, distinguishing';
      const values = table === 'names' ? "0, x'00'" : '1, 0';
      database.run(
        `insert into ${table} (side, generation, handle, ${columns}) values (0, 1, x'00', ${values})`,
      );
    }
    const store = nodePartnershipStore(database);
    expect(store.all('select * from scopes')).toEqual([]);
    const solo = { rosters: [], isSolo: true, removed: [], agentKey: new Uint8Array(32) };
    const call = {
      partnership: newPartnershipId(systemRandom),
      parties: {
        founder: { ...solo, organisation: organisationId(systemRandom(32)) },
        joiner: { ...solo, organisation: organisationId(systemRandom(32)) },
      },
      caller: 'founder',
      asker: { role: 'agent', member: null },
      nowMs: END_MS,
      limits: { elements: 1, records: 1 },
    } as const;
    expect(run(store, 'clear', call, {})).toEqual({ ok: true, value: { dueMs: null } });
    for (const table of ['names', 'accounts', 'submissions']) {
      expect([table, store.all(`select * from ${table}`)]).toEqual([table, []]);
    }
    expect(
      store.all('select active_submission as a, last_submission as l from sides where side = 0'),
    ).toEqual([{ a: null, l: 1 }]);
    database.close();
  });
});

describe('steps', () => {
  it('each delete a part and say that there is more, until all is gone', async () => {
    const { world } = await active(ENDS);
    const { pair, service } = world;
    const store = service.store(pair.partnership);
    store.run(
      `insert into fields (side, generation, handle, field, sealed)
       with recursive n (i) as (select 1 union all select i + 1 from n where i < 120000)
       select 0, 1, randomblob(16), 1, x'00' from n`,
    );
    const party = (side: Side) => ({
      organisation: pair[side].organisation,
      agentKey: pair[side].agent.publicKey,
      rosters: [],
      isSolo: true,
      removed: [],
    });
    const step = () =>
      run(
        store,
        'clear',
        {
          partnership: pair.partnership,
          parties: { founder: party('founder'), joiner: party('joiner') },
          caller: 'founder',
          asker: { role: 'agent', member: null },
          nowMs: END_MS,
          limits: { elements: 1, records: 1 },
        },
        {},
      );
    const left = () => counts(world, 0)[4] ?? -1;
    const seen = [left()];
    let dueMs: number | null = END_MS;
    while (dueMs === END_MS) {
      const done = step();
      seen.push(left());
      if (!done.ok) throw new Error(done.reason);
      dueMs = done.value.dueMs;
    }
    expect(dueMs).toBe(END_MS + 30 * DAY_MS);
    expect([seen[0], seen.at(-1)]).toEqual([120_001, 0]);
    expect(seen.length).toBeGreaterThan(4);
    for (const [i, n] of seen.slice(1).entries()) {
      const gone = (seen[i] ?? 0) - n;
      expect(gone).toBeLessThan(30_000);
      if (n > 0) expect(gone).toBeGreaterThan(20_000);
    }
    expect(counts(world, 0)).toEqual([1, 1, 1, 0, 0, 0, 1, 6]);
  });

  it('are run for all that is due, though one partnership fails', async () => {
    const service = testService();
    const { world: bad } = await active(ENDS, service);
    const { world: good } = await active(ENDS, service);
    service.clock.nowMs = END_MS;
    const badStore = service.store(bad.pair.partnership);
    service.wrap((store) => {
      if (store === badStore) throw new Error('the disk is full');
      return store;
    });
    await expect(clear(good)).rejects.toThrow('the disk is full');
    expect(counts(good, 0)).toEqual([1, 1, 1, 0, 0, 0, 1, 6]);
    expect(counts(bad, 0)).toEqual([1, 1, 1, 1, 1, 1, 1, 6]);
    service.wrap((store) => store);
    await clear(bad);
    expect(counts(bad, 0)).toEqual([1, 1, 1, 0, 0, 0, 1, 6]);
  });

  it('do not forget what was noted while they ran', async () => {
    const { world } = await active(ENDS);
    const { service, pair } = world;
    await moveTo(world, END_MS);
    service.wrap((store) => {
      void noteDue(service.directory, pair.partnership, END_MS + 5);
      return store;
    });
    await clear(world);
    expect(await dueOf(world)).toBe(END_MS + 5);
  });

  it('leave an ended partnership alone', async () => {
    const { world } = await active(ENDS);
    const { partnership, founder } = world.pair;
    const ending = signEnding({ partnership, side: 'founder', endedAt: 1_768_435_200 }, founder.agent.seed);
    const json = { ending: toBase64url(ending) };
    expect((await world.as('founder', 'PUT', '/ending', { json })).status).toBe(200);
    await moveTo(world, END_MS);
    await clear(world);
    expect(await dueOf(world)).toBeNull();
    expect((await world.as('founder', 'GET', '/scopes')).json?.founder).toHaveLength(1);
  });
});

/** One contract for the partnership port, on Node's adapter and, in workerd, on the Durable Object's. */
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestHarness, type TestHarness } from 'wrangler';
import { systemRandom } from '../../protocol/hash.ts';
import { newPartnershipId } from '../../protocol/ids.ts';
import { nodePartnershipStore } from '../../src/service/storage/files.ts';
import { openNodeStorage } from '../../src/service/storage/node.ts';
import { PARTNERSHIP_MIGRATIONS } from '../../src/service/storage/schema.ts';
import { migrate, openDatabase } from '../../src/sqlite.ts';
import { keepOffline } from '../support/edge.ts';
import { PORT_CONTRACT, wholePartnership } from '../support/service-contract.ts';

const folder = mkdtempSync(join(tmpdir(), 'commonground-storage-'));
afterAll(() => rmSync(folder, { recursive: true }));

describe('on better-sqlite3', () => {
  for (const [name, check] of Object.entries(PORT_CONTRACT)) {
    it(name, () => {
      const database = openDatabase(':memory:');
      expect(() => check(nodePartnershipStore(database), systemRandom)).not.toThrow();
      database.close();
    });
  }

  it.each([0, 1, 2])('carries a whole partnership, in %i threads of its own', async (threads) => {
    const storage = openNodeStorage(join(folder, `service-${threads}`), threads);
    await expect(
      wholePartnership(storage.partnerships(newPartnershipId(systemRandom)), systemRandom),
    ).resolves.toBeUndefined();
    await storage.close();
  });

  it('makes files that only their owner reads', () => {
    const path = join(folder, 'mode.db');
    openDatabase(path).close();
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  it.each([0, 2])('keeps more partnerships than files open, in %i threads of its own', async (threads) => {
    const storage = openNodeStorage(join(folder, `many-${threads}`), threads);
    const ids = Array.from({ length: 70 }, () => newPartnershipId(systemRandom));
    for (const id of ids) await wholeView(storage.partnerships(id));
    await expect(wholeView(storage.partnerships(ids[0] ?? newPartnershipId(systemRandom)))).resolves.toBe(
      true,
    );
    expect(storage.openFiles()).toBeLessThanOrEqual(64);
    await storage.close();
  });

  it('brings a store to the newest version once, and refuses one of a newer program', () => {
    const database = openDatabase(':memory:');
    migrate(database, PARTNERSHIP_MIGRATIONS);
    migrate(database, PARTNERSHIP_MIGRATIONS);
    expect(database.all('select version from schema_version')).toEqual([
      { version: PARTNERSHIP_MIGRATIONS.length },
    ]);
    database.run('update schema_version set version = 99');
    expect(() => migrate(database, PARTNERSHIP_MIGRATIONS)).toThrow(/newer/);
    database.close();
  });

  it('leaves nothing of a migration that fails', () => {
    const database = openDatabase(':memory:');
    expect(() =>
      migrate(database, ['create table a (x integer) strict; create table a (y integer) strict']),
    ).toThrow();
    expect(database.all("select name from sqlite_schema where name = 'a'")).toEqual([]);
    database.close();
  });
});

describe('on a Durable Object in workerd', () => {
  let harness: TestHarness;

  beforeAll(async () => {
    keepOffline(folder);
    const configPath = new URL('../support/service-worker.toml', import.meta.url);
    harness = createTestHarness({ workers: [{ configPath }] });
    await harness.listen();
  });
  afterAll(() => harness.close());

  it.each(Object.keys(PORT_CONTRACT))('%s', async (name) => {
    const response = await harness.fetch(`/${encodeURIComponent(name)}`);
    expect(await response.text()).toBe('passed');
  });

  it('carries a whole partnership', async () => {
    const response = await harness.fetch('/partnership');
    expect(await response.text()).toBe('passed');
  });
});

async function wholeView(partnership: ReturnType<ReturnType<typeof openNodeStorage>['partnerships']>) {
  const party = {
    organisation: 'org_00000000000000000000000000000000' as never,
    agentKey: new Uint8Array(32),
    rosters: [],
    isSolo: true,
    removed: [],
  };
  const call = {
    partnership: newPartnershipId(systemRandom),
    parties: { founder: party, joiner: party },
    caller: 'founder' as const,
    asker: { role: 'agent', member: null } as const,
    nowMs: 0,
    limits: { elements: 1, records: 1 },
  };
  return (await partnership.run('view', call, {})).ok;
}

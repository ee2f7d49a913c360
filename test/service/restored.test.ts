/** A partnership's database that was restored from a backup: what was taken since stays taken. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { toBase64url } from '../../protocol/bytes.ts';
import { signEnding } from '../../protocol/ending.ts';
import { systemRandom } from '../../protocol/hash.ts';
import { run } from '../../src/service/partnership/operations.ts';
import { nodePartnershipStore } from '../../src/service/storage/files.ts';
import { openDatabase, type Sqlite } from '../../src/sqlite.ts';
import {
  grantScope,
  submit,
  type TestPartnership,
  testPartnership,
  testService,
} from '../support/service-app.ts';
import { makeSignedScope } from '../support/service-parties.ts';
import { sayAsAgent } from '../support/service-people.ts';
import type { TestAccount } from '../support/service-rows.ts';

/** A world on a file that can be set back to how it was. */
async function matched(): Promise<{ world: TestPartnership; restore: () => void; scopes: Uint8Array[] }> {
  const folder = mkdtempSync(join(tmpdir(), 'commonground-restored-'));
  let database: Sqlite = openDatabase(join(folder, 'now.db'));
  let store = nodePartnershipStore(database);
  const service = testService('open', {}, () => ({
    run: async (name, call, input) => run(store, name, call, input),
  }));
  const world = await testPartnership('scoped', service);
  const scopes = (['founder', 'joiner'] as const).map((side) => makeSignedScope(world.pair, side));
  const shared = systemRandom(16);
  const account = (): TestAccount => ({
    handle: systemRandom(16),
    populations: [0],
    tags: [{ tag: shared, kind: 'domain' }],
    fields: ['account_name'],
    names: [0],
  });
  for (const [i, side] of (['founder', 'joiner'] as const).entries()) {
    await submit(world, side, 1, scopes[i] ?? new Uint8Array(), [account()]);
  }
  database.copyTo(join(folder, 'backup.db'));
  return {
    world,
    scopes,
    restore() {
      database.close();
      database = openDatabase(join(folder, 'backup.db'));
      store = nodePartnershipStore(database);
      rmSync(folder, { recursive: true });
    },
  };
}

const overlap = (world: TestPartnership) => world.as('founder', 'POST', '/overlap', { json: {} });

describe('a partnership restored from a backup', () => {
  it('answers nothing under a scope that was revoked since', async () => {
    const { world, restore, scopes } = await matched();
    const signed = scopes[1] ?? new Uint8Array();
    const version = { side: 'joiner', number: 1, signed } as const;
    expect((await sayAsAgent(world, 'revoke', version)).status).toBe(200);
    restore();
    const answer = await overlap(world);
    expect([answer.status, answer.json?.rows, answer.json?.snapshot]).toEqual([200, [], null]);
    // Whatever is submitted under it goes, too, until it is revoked again or another is accepted.
    await submit(world, 'joiner', 2, signed, []);
    expect((await overlap(world)).json?.snapshot).toBeNull();
    expect((await sayAsAgent(world, 'revoke', version)).status).toBe(200);
    const next = makeSignedScope(world.pair, 'joiner', { number: 2 }, signed);
    expect((await grantScope(world, 'joiner', 2, next)).status).toBe(200);
    expect((await submit(world, 'joiner', 3, next, [])).json?.snapshot).not.toBeNull();
    expect((await overlap(world)).json?.snapshot).not.toBeNull();
  });

  it('answers nothing under a scope in whose place another was accepted since', async () => {
    const { world, restore, scopes } = await matched();
    expect((await overlap(world)).json?.rows).toHaveLength(1);
    const nothing = makeSignedScope(world.pair, 'joiner', { number: 2, rules: [] }, scopes[1]);
    expect((await grantScope(world, 'joiner', 2, nothing)).status).toBe(200);
    restore();
    const answer = await overlap(world);
    expect([answer.status, answer.json?.rows, answer.json?.snapshot]).toEqual([200, [], null]);
    expect((await world.as('founder', 'GET', '')).json?.submissions).toMatchObject({
      theirs: { active: null },
    });
    expect((await grantScope(world, 'joiner', 2, nothing)).status).toBe(200);
    expect((await overlap(world)).json?.rows).toEqual([]);
  });

  it('goes on where nothing was taken', async () => {
    const { world, restore } = await matched();
    restore();
    expect((await overlap(world)).json?.rows).toHaveLength(1);
  });

  it('is ended where it was ended since, and its rows are gone', async () => {
    const { world, restore } = await matched();
    const { pair } = world;
    const of = { partnership: pair.partnership, side: 'joiner', endedAt: 1_800_000_000 } as const;
    const json = { ending: toBase64url(signEnding(of, pair.joiner.agent.seed)) };
    expect((await world.as('joiner', 'PUT', '/ending', { json })).status).toBe(200);
    restore();
    expect((await overlap(world)).code).toBe('partnership_ended');
    expect((await world.as('founder', 'GET', '')).json?.submissions).toMatchObject({
      theirs: { active: null },
    });
  });
});

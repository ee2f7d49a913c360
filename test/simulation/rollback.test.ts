/** A service that was restored from an older backup: it forgot what it had confirmed since. */
import { cpSync, rmSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { toBase64url } from '../../protocol/bytes.ts';
import { openPool } from '../../src/agent/crypto/pool.ts';
import { endPartnership } from '../../src/agent/ending.ts';
import { grantScope, revokeScope } from '../../src/agent/scopes/granting.ts';
import { syncPartnership } from '../../src/agent/sync/sync.ts';
import { document } from '../support/cli.ts';
import { EVERYTHING } from '../support/homes.ts';
import { live } from '../support/lives.ts';
import { Stage } from '../support/stage.ts';
import {
  evaluated,
  onlyPartnership,
  openSide,
  prepare,
  replaceLists,
  SIDES,
  type SideName,
  twoVersions,
  type World,
} from '../support/world.ts';

const QUIET = { progress: () => undefined, waitUntilMs: null };
const lists = twoVersions(10);
let verified: World;
let matched: World;
let stage: Stage;

beforeAll(async () => {
  verified = await prepare(lists.old, { sync: false });
  matched = await prepare(lists.old, { sync: true });
});
afterAll(() => {
  verified.remove();
  matched.remove();
});
beforeEach(async () => {
  stage = await Stage.of(matched);
});
afterEach(() => stage.close());

/** Keeps the service's data as it is now; the function given back puts it in place again. */
async function backup(of: Stage): Promise<() => Promise<void>> {
  const copy = `${of.data}.backup`;
  await of.stopService();
  cpSync(of.data, copy, { recursive: true });
  await of.startService();
  return async () => {
    await of.stopService();
    rmSync(of.data, { recursive: true });
    cpSync(copy, of.data, { recursive: true });
    await of.startService();
  };
}

async function grantAgain(side: SideName, minimumCount: number): Promise<void> {
  const agent = await openSide(stage.world, side);
  await grantScope(agent, onlyPartnership(agent), { ...EVERYTHING, minimumCount });
  agent.close();
}

describe('a service restored from an older backup', { timeout: 120_000 }, () => {
  it('gets its lists again, without a new evaluation', async () => {
    const restore = await backup(stage);
    await replaceLists(stage.world, lists.new);
    await stage.syncBoth();
    await stage.expectUndisturbed(lists.new, lists.old);
    await restore();
    // What it answers now is not the list of this home, and not the newest of the partner.
    expect(await stage.failure('a', ['overlap'])).toMatchObject({ exitCode: 6, code: 'not_synced' });
    expect((await stage.run('a', ['sync'])).code).toBe(0);
    expect(await stage.failure('a', ['overlap'])).toMatchObject({ exitCode: 8, code: 'service_alarm' });
    expect((await stage.run('b', ['sync'])).code).toBe(0);
    await stage.expectUndisturbed(lists.new, lists.old);
  });

  it('gets back an epoch, scopes and requests that it lost whole', async () => {
    await stage.close();
    stage = await Stage.of(verified);
    const restore = await backup(stage);
    await stage.syncBoth();
    await restore();
    await stage.syncBoth();
    await stage.expectUndisturbed(lists.old);
  });

  it('is asked again for what was under way', async () => {
    const restore = await backup(stage);
    await replaceLists(stage.world, lists.new);
    const pool = openPool(1);
    expect(await live(stage.world, 'a', pool, 'after', /requests.*chunks/)).not.toBeNull();
    await live(stage.world, 'b', pool, null);
    expect(await live(stage.world, 'a', pool, 'before', /requests/)).not.toBeNull();
    await pool.close();
    await restore();
    await stage.syncBoth();
    await stage.expectUndisturbed(lists.new, lists.old);
  });

  it('gets back several versions of a scope, and is not asked before the partner gave back its own', async () => {
    const restore = await backup(stage);
    for (const minimumCount of [6, 7, 8]) for (const side of SIDES) await grantAgain(side, minimumCount);
    await stage.syncBoth();
    await restore();
    for (const question of ['matrix', 'overlap']) {
      const refused = await stage.failure('a', [question]);
      expect(['not_synced', 'service_alarm']).toContain(refused.code);
    }
    // The first to come gives back its own and says what is wrong with the partner's.
    const alarm = await stage.failure('a', ['sync']);
    expect(alarm).toMatchObject({ exitCode: 8, code: 'service_alarm' });
    expect(alarm.hint).toMatch(/restored from a backup.*partner/);
    // Each side's acceptance of the other's version comes back with its own next sync: it may be done, or wait for it.
    expect([0, 5]).toContain((await stage.run('b', ['sync'])).code);
    await stage.syncBoth();
    // Who was done before the other's acceptance was back seals under it at the next sync.
    await stage.syncBoth();
    await stage.expectUndisturbed(lists.old);
  });

  it('reveals nothing that was revoked since', async () => {
    const restore = await backup(stage);
    const agent = await openSide(stage.world, 'b');
    await revokeScope(agent, onlyPartnership(agent));
    agent.close();
    expect((await stage.run('a', ['sync'])).code).toBe(5);
    await restore();
    // The restored service would answer under the scope that was revoked.
    for (const question of ['matrix', 'overlap', 'whitespace', 'sync']) {
      expect(await stage.failure('a', [question])).toMatchObject({ exitCode: 8, code: 'service_alarm' });
    }
    expect((await stage.run('b', ['sync'])).code).toBe(5);
    const shown = document(await stage.run('a', ['overlap', '--json']));
    expect(shown).toMatchObject({ rows: [], empty: [{ reason: 'nothing_granted' }] });
  });

  it.each(SIDES)('is told again of an ending, by side %s alone', async (side) => {
    const restore = await backup(stage);
    const ending = await openSide(stage.world, 'b');
    await endPartnership(ending, onlyPartnership(ending));
    ending.close();
    expect((await stage.run('a', ['sync'])).stdout).toContain('ended by');
    await restore();
    const stateNow = async () => {
      const agent = await openSide(stage.world, 'a');
      const [listed] = await agent.client().partners();
      agent.close();
      return listed?.state;
    };
    expect(await stateNow()).toBe('opened');
    await stage.run(side, ['sync']);
    expect(await stateNow()).toBe('ended');
  });

  it('is told apart from one that never knew the partnership', async () => {
    await stage.stopService();
    rmSync(stage.data, { recursive: true });
    await stage.startService();
    const unknown = await stage.failure('a', ['sync']);
    expect(unknown).toMatchObject({ exitCode: 7, code: 'service_refused' });
    expect(unknown.hint).toContain('register');
  });

  it('never gets two requests or two lists under one number', async () => {
    const restore = await backup(stage);
    // Heads of requests and submissions with their numbers, as this side signs them, before and after the restore.
    const signed = new Map<string, string>();
    const note = async (side: SideName) => {
      const agent = await openSide(stage.world, side);
      const client = agent.client();
      const heads: [string, Uint8Array][] = [];
      const request = client.putRequest.bind(client);
      client.putRequest = (id, of, number, bytes) => {
        heads.push([`${side} request ${number}`, bytes]);
        return request(id, of, number, bytes);
      };
      const submission = client.putSubmission.bind(client);
      client.putSubmission = (id, number, head, list) => {
        heads.push([`${side} submission ${number}`, head]);
        return submission(id, number, head, list);
      };
      await syncPartnership(agent, onlyPartnership(agent).id, pool, QUIET);
      agent.close();
      for (const [name, bytes] of heads) {
        const text = toBase64url(bytes);
        expect(signed.get(name) ?? text, name).toBe(text);
        signed.set(name, text);
      }
    };
    const pool = openPool(1);
    const round = async () => {
      for (let i = 0; i < 4; i++) for (const side of SIDES) await note(side);
    };
    await replaceLists(stage.world, lists.new);
    await round();
    expect([...signed.keys()]).toContain('a submission 2');
    expect([...signed.keys()]).toContain('a request 2');
    await restore();
    await replaceLists(stage.world, twoVersions(14).new);
    await note('a').catch(() => undefined);
    await round();
    await pool.close();
    expect([...signed.keys()]).toContain('a submission 3');
    expect([...signed.keys()]).toContain('a request 3');
    await stage.expectUndisturbed(twoVersions(14).new, lists.new, lists.old);
  });

  it('does not refill a budget or forget what was paid', async () => {
    const restore = await backup(stage);
    await replaceLists(stage.world, lists.new);
    await stage.syncBoth();
    const counts = async (side: SideName) => {
      const agent = await openSide(stage.world, side);
      const kept = evaluated(agent);
      agent.close();
      return kept;
    };
    const before = [await counts('a'), await counts('b')];
    await restore();
    await Promise.all(SIDES.map((side) => stage.run(side, ['sync', '--wait', '5'])));
    await stage.syncBoth();
    expect([await counts('a'), await counts('b')]).toEqual(before);
  });
});

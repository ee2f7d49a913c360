/** Two agents and a service between which a proxy cuts, delays, duplicates and truncates connections by a seeded plan. */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Agent } from '../../src/agent/agent.ts';
import { type CryptoPool, openPool } from '../../src/agent/crypto/pool.ts';
import { Problem } from '../../src/agent/problem.ts';
import { syncPartnership } from '../../src/agent/sync/sync.ts';
import { startService } from '../../src/service/node.ts';
import { type Fault, openProxy, type Plan } from '../support/proxy.ts';
import { type Dice, dice } from '../support/random.ts';
import {
  copyOf,
  expectedLines,
  identifiers,
  OTHER,
  onlyPartnership,
  openSide,
  prepare,
  replaceLists,
  SIDES,
  standing,
  twoVersions,
  type World,
} from '../support/world.ts';

const lists = twoVersions(40);
let matched: World;

beforeAll(async () => {
  matched = await prepare(lists.old, { sync: true });
});
afterAll(() => matched.remove());

/** Syncs a fresh copy through a proxy with this plan, again and again as a nightly run would, and gives both views. */
async function syncThrough(plan: Plan) {
  const proxy = await openProxy();
  const world = copyOf(matched, `http://${proxy.host}`);
  const service = await startService({
    port: 0,
    data: join(world.folder, 'service'),
    publicHost: proxy.host,
  });
  const pool = openPool(1);
  proxy.target(Number(new URL(service.url).port));
  try {
    await replaceLists(world, lists.new);
    proxy.plan(plan);
    await syncUntilDone(world, pool);
    proxy.plan(() => ({ do: 'pass' }));
    return { a: await standing(world, 'a'), b: await standing(world, 'b') };
  } finally {
    await pool.close();
    await proxy.close();
    await service.close();
    world.remove();
  }
}

/** Night after night, until both sides have nothing left to do: one may rest before the other has sent its new list. */
async function syncUntilDone(world: World, pool: CryptoPool): Promise<void> {
  const agents = await Promise.all(SIDES.map((side) => openSide(world, side)));
  try {
    for (let night = 1; night <= 60; night++) {
      const rests = await Promise.all(agents.map((agent) => syncOnce(agent, pool)));
      if (rests.every((rest) => rest)) return;
    }
    throw new Error('no end after 60 nights');
  } finally {
    for (const agent of agents) agent.close();
  }
}

/** True where nothing was left to do. */
async function syncOnce(agent: Agent, pool: CryptoPool): Promise<boolean> {
  const options = { progress: () => undefined, waitUntilMs: Date.now() + 2000 };
  try {
    const report = await syncPartnership(agent, onlyPartnership(agent).id, pool, options);
    return report.waiting === null;
  } catch (error) {
    // The only way in which a broken network may end a sync.
    if (error instanceof Problem && error.code === 'service_unreachable') return false;
    throw error;
  }
}

function expectUndisturbed(views: Awaited<ReturnType<typeof syncThrough>>, calm: typeof views): void {
  expect(views).toEqual(calm);
  for (const side of SIDES) {
    const partner = OTHER[side];
    expect(views[side].overlap).toEqual(expectedLines(lists.new[side], lists.new[partner]));
    expect(views[side].evaluated).toEqual(identifiers(lists.old[partner], lists.new[partner]));
  }
}

/** Harms one request in three, in a way and at a place that the dice choose. */
function harm(random: Dice): Fault {
  if (random(3) > 0) return { do: 'pass' };
  const faults: readonly Fault[] = [
    { do: 'refuse' },
    { do: 'halve' },
    { do: 'lose' },
    { do: 'truncate', bytes: random(400) },
    { do: 'delay', ms: random(200) },
    { do: 'duplicate', when: 'before' },
    { do: 'duplicate', when: 'after' },
  ];
  return faults[random(faults.length)] ?? { do: 'pass' };
}

describe('a network that harms connections', () => {
  let calm: Awaited<ReturnType<typeof syncThrough>>;
  let requests = 0;
  beforeAll(async () => {
    calm = await syncThrough(() => {
      requests++;
      return { do: 'pass' };
    });
    expectUndisturbed(calm, calm);
    expect(requests).toBeGreaterThan(20);
  });

  for (const seed of ['one', 'two', 'three']) {
    it(`changes nothing of the result, seed ${seed}`, { timeout: 120_000 }, async () => {
      const random = dice(seed);
      const seen = new Map<string, number>();
      const views = await syncThrough(() => {
        const fault = harm(random);
        seen.set(fault.do, (seen.get(fault.do) ?? 0) + 1);
        return fault;
      });
      expectUndisturbed(views, calm);
      expect(seen.size).toBeGreaterThan(4);
    });
  }

  it('takes every request twice', { timeout: 60_000 }, async () => {
    // A log-in that always comes second can never succeed: its challenge serves once.
    const before = (_index: number, line: string): Fault =>
      line.includes('/login/tokens') ? { do: 'pass' } : { do: 'duplicate', when: 'before' };
    expectUndisturbed(await syncThrough(before), calm);
    expectUndisturbed(await syncThrough(() => ({ do: 'duplicate', when: 'after' })), calm);
  });

  it('brings an evaluation again when its request is over', { timeout: 60_000 }, async () => {
    const lastChunk = new Map<string, number>();
    const lost = new Set<string>();
    let late = 0;
    const over = new Map<string, PromiseWithResolvers<void>>();
    const endOf = (request: string) => {
      const known = over.get(request) ?? Promise.withResolvers<void>();
      over.set(request, known);
      return known;
    };
    const views = await syncThrough((_index, line) => {
      const [, method, request = '', part, index] =
        /^(\w+) (\S+\/requests\/founder\/\d+)(?:\/(\w+)\/(\d+))? /.exec(line) ?? [];
      if (method === 'PUT' && part === 'chunks') {
        lastChunk.set(request, Math.max(Number(index), lastChunk.get(request) ?? 0));
      }
      if (method === 'DELETE') endOf(request).resolve();
      // Whoever asked has all of them with this one, and ends the request. Of one side only: both would wait for each other.
      const isLast = method === 'PUT' && part === 'evaluations' && Number(index) === lastChunk.get(request);
      if (!isLast) return { do: 'pass' };
      if (!lost.has(request)) {
        lost.add(request);
        return { do: 'lose' };
      }
      late++;
      // The ending itself is on its way to the service then.
      return { do: 'hold', until: endOf(request).promise.then(() => sleep(500)) };
    });
    expectUndisturbed(views, calm);
    expect(late).toBeGreaterThan(0);
  });

  it('loses the answer to every kind of request once', { timeout: 120_000 }, async () => {
    const lost = new Set<string>();
    const views = await syncThrough((_index, line) => {
      const kind = line.replace(/prt_[0-9a-f]+|org_[0-9a-f]+/g, 'id').replace(/\d+/g, 'n');
      if (lost.has(kind)) return { do: 'pass' };
      lost.add(kind);
      return { do: 'lose' };
    });
    expectUndisturbed(views, calm);
    expect([...lost]).toContainEqual(expect.stringMatching(/^DELETE .*requests/));
    expect([...lost]).toContainEqual(expect.stringMatching(/^PUT .*activation/));
    expect([...lost]).toContainEqual(expect.stringMatching(/^POST .*tokens/));
  });
});

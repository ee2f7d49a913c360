/**
 * On workerd: evictions of the Durable Object and kills of the whole runtime at places that fixed dice choose, while both
 * sides bring changed lists to each other. COMMONGROUND_EVICTIONS says how many of both, every sixth a kill: six
 * where nobody asks for more, since each takes seconds.
 */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openPool } from '../../src/agent/crypto/pool.ts';
import { Problem } from '../../src/agent/problem.ts';
import { syncPartnership } from '../../src/agent/sync/sync.ts';
import { type LocalEdge, startEdge } from '../../src/service/edge/local.ts';
import { testEdge } from '../support/edge.ts';
import { EVERYTHING, grantBoth, importRows, type Pair, twoOrganisations } from '../support/homes.ts';
import { type Process, startCommand } from '../support/processes.ts';
import { type NetworkProxy, openProxy } from '../support/proxy.ts';
import { dice } from '../support/random.ts';
import {
  copyOf,
  evaluated,
  expectedLines,
  identifiers,
  matrixLines,
  OTHER,
  onlyPartnership,
  openSide,
  overlapLines,
  prepare,
  replaceLists,
  SIDES,
  type SideName,
  twoVersions,
  useService,
  type World,
} from '../support/world.ts';

const DISTURBANCES = Number(process.env.COMMONGROUND_EVICTIONS ?? 6);
const KILLS = Math.floor(DISTURBANCES / 6);
const EVICTIONS = DISTURBANCES - KILLS;
const KILLS_A_PAIR = 5;
const lists = twoVersions(60);
const OPEN = { REGISTRATION: 'open', LOG_LEVEL: 'error' };

describe('evictions of the Durable Object', () => {
  it(`${EVICTIONS} times change nothing of the result`, {
    timeout: 60_000 + EVICTIONS * 15_000,
  }, async () => {
    const edge = await testEdge(OPEN);
    const proxy = await openProxy();
    proxy.target(Number(new URL(edge.url).port));
    const pair = await twoOrganisations(lists.old.a, lists.old.b, async () => ({
      url: `http://${proxy.host}`,
      close: async () => undefined,
    }));
    try {
      await grantBoth(pair, { ...EVERYTHING, budget: { domain: 100_000, name: 100_000 } });
      const { id } = pair.partnership(pair.a);
      const roll = dice('evictions');
      let left = EVICTIONS;
      let done = 0;
      let until = 1 + roll(5);
      const pending: Promise<unknown>[] = [];
      const evict = () => {
        if (left === 0 || --until > 0) return;
        left--;
        until = 1 + roll(9);
        const evicted = edge.harness.getWorker().evictDurableObject('PARTNERSHIP', { name: id });
        pending.push(
          evicted.then(
            () => void done++,
            (error: unknown) => {
              // One that is not running was evicted before; this one does not count.
              if (!String(error).includes('not currently running')) throw error;
              left++;
            },
          ),
        );
      };
      proxy.plan(() => {
        evict();
        return { do: 'pass' };
      });
      proxy.onAnswer(evict);
      let version: 'old' | 'new' = 'old';
      const seen: ('old' | 'new')[] = [];
      for (let round = 0; round < 2 || done < EVICTIONS; round++) {
        await importRows(pair.a, pair.folder, lists[version].a);
        await importRows(pair.b, pair.folder, lists[version].b);
        await syncThrough(pair);
        await Promise.all(pending.splice(0));
        await expectMatched(pair, version);
        seen.push(version);
        version = version === 'old' ? 'new' : 'old';
      }
      expect(seen).toContain('new');
      expect(done).toBe(EVICTIONS);
    } finally {
      await pair.close();
      await proxy.close();
      await edge.close();
    }
  });
});

/** Both sync at once until both are at rest; what an eviction cuts off is asked again. */
async function syncThrough(pair: Pair): Promise<void> {
  const pool = openPool(2);
  try {
    const { id } = pair.partnership(pair.a);
    const rest = new Set<unknown>();
    for (let round = 0; round < 60 && rest.size < 2; round++) {
      for (const agent of [pair.a, pair.b]) {
        try {
          const options = { progress: () => undefined, waitUntilMs: null };
          const report = await syncPartnership(agent, id, pool, options);
          if (report.waiting === null && round > 0) rest.add(agent);
          else rest.delete(agent);
        } catch (error) {
          if (!(error instanceof Problem)) throw error;
          rest.delete(agent);
        }
      }
    }
    expect(rest.size, 'both come to rest').toBe(2);
  } finally {
    await pool.close();
  }
}

async function expectMatched(pair: Pair, version: 'old' | 'new'): Promise<void> {
  for (const side of SIDES) {
    const lines = await retried(() => overlapLines(pair[side]));
    expect(lines).toEqual(expectedLines(lists[version][side], lists[version][OTHER[side]]));
  }
}

async function retried<Value>(work: () => Promise<Value>): Promise<Value> {
  for (let tries = 0; ; tries++) {
    try {
      return await work();
    } catch (error) {
      if (tries > 5 || !(error instanceof Problem)) throw error;
    }
  }
}

describe('kill -9 of workerd', () => {
  let matched: World;
  let calm: Record<SideName, string[]>;
  beforeAll(async () => {
    matched = await prepare(lists.old, {
      sync: true,
      serve: (data, port) => startEdge({ data, port, variables: OPEN }),
    });
    const undisturbed = await KilledEdge.of(matched);
    try {
      await undisturbed.run([]);
      calm = { a: await undisturbed.matrix('a'), b: await undisturbed.matrix('b') };
    } finally {
      await undisturbed.close();
    }
  }, 240_000);
  afterAll(() => matched.remove());

  it(`${KILLS} times changes nothing of the result`, { timeout: 60_000 + KILLS * 30_000 }, async () => {
    const roll = dice('kills of workerd');
    const plan = Array.from({ length: KILLS }, () => ({ requests: 1 + roll(8), laterMs: roll(40) }));
    for (let left = plan; left.length > 0; ) {
      const edge = await KilledEdge.of(matched);
      try {
        const done = await edge.run(left.slice(0, KILLS_A_PAIR));
        expect(done, 'a sync with no kill at all makes no progress here').toBeGreaterThan(0);
        left = left.slice(done);
        for (const side of SIDES) {
          const agent = await openSide(edge.world, side);
          const partner = OTHER[side];
          expect(await overlapLines(agent)).toEqual(expectedLines(lists.new[side], lists.new[partner]));
          expect(await matrixLines(agent)).toEqual(calm[side]);
          expect(evaluated(agent)).toEqual(identifiers(lists.old[partner], lists.new[partner]));
          expect(onlyPartnership(agent).pendingSubmission).toBe(null);
          agent.close();
        }
      } finally {
        await edge.close();
      }
    }
  });
});

interface Kill {
  /** After so many more requests than at the kill before. */
  readonly requests: number;
  readonly laterMs: number;
}

/** A copied world on a workerd of its own that is killed and started again. */
class KilledEdge {
  readonly world: World;
  readonly #proxy: NetworkProxy;
  #edge: LocalEdge;

  private constructor(world: World, proxy: NetworkProxy, edge: LocalEdge) {
    this.world = world;
    this.#proxy = proxy;
    this.#edge = edge;
  }

  static async of(from: World): Promise<KilledEdge> {
    const proxy = await openProxy();
    const world = copyOf(from, `http://${proxy.host}`);
    useService(world, `http://${proxy.host}`);
    const edge = await startEdge({ data: join(world.folder, 'service'), variables: OPEN });
    proxy.target(Number(new URL(edge.url).port));
    return new KilledEdge(world, proxy, edge);
  }

  /** Both sides bring their new lists; gives how many of the kills were done before both were through. */
  async run(kills: readonly Kill[]): Promise<number> {
    await replaceLists(this.world, lists.new);
    const left = [...kills];
    let done = 0;
    let requests = 0;
    let restarting: Promise<void> = Promise.resolve();
    this.#proxy.plan(() => {
      const kill = left[0];
      if (kill && ++requests >= kill.requests) {
        left.shift();
        requests = 0;
        done++;
        restarting = restarting.then(() => this.#restart(kill.laterMs));
      }
      return { do: 'pass' };
    });
    await Promise.all(SIDES.map((side) => this.#syncUntilDone(side)));
    this.#proxy.plan(() => ({ do: 'pass' }));
    await restarting;
    return done;
  }

  async #restart(laterMs: number): Promise<void> {
    await sleep(laterMs);
    await this.#edge.kill();
    this.#edge = await startEdge({ data: join(this.world.folder, 'service'), variables: OPEN });
    this.#proxy.target(Number(new URL(this.#edge.url).port));
  }

  async #syncUntilDone(side: SideName): Promise<void> {
    for (let run = 0; run < 40; run++) {
      const sync: Process = startCommand(join(this.world.folder, side), ['sync', '--wait', '60', '--json']);
      const { code, stderr } = await sync.ended;
      if (code === 0) return;
      if (code !== 7) throw new Error(`sync of ${side} ended with ${code}: ${stderr}`);
    }
    throw new Error(`sync of ${side} does not end`);
  }

  async matrix(side: SideName): Promise<string[]> {
    const agent = await openSide(this.world, side);
    const lines = await matrixLines(agent);
    agent.close();
    return lines;
  }

  async close(): Promise<void> {
    await this.#edge.close();
    await this.#proxy.close();
    this.world.remove();
  }
}

/**
 * On workerd: evictions of the Durable Object and kills of the whole runtime at places that fixed dice choose, while both
 * sides bring changed lists to each other. COMMONGROUND_EVICTIONS says how many of both, every sixth a kill.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Agent } from '../../src/agent/agent.ts';
import { Problem } from '../../src/agent/problem.ts';
import { syncPartnership } from '../../src/agent/sync/sync.ts';
import { startEdge } from '../../src/service/edge/local.ts';
import { testEdge } from '../support/edge.ts';
import { EVERYTHING, grantBoth, importRows, type Pair, twoOrganisations } from '../support/homes.ts';
import { openProxy } from '../support/proxy.ts';
import { dice } from '../support/random.ts';
import {
  evaluated,
  expectedLines,
  identifiers,
  matrixLines,
  OTHER,
  onlyPartnership,
  overlapLines,
  SIDES,
  type SideName,
  twoVersions,
} from '../support/world.ts';

const DISTURBANCES = Number(process.env.COMMONGROUND_EVICTIONS ?? 30);
const KILLS = Math.floor(DISTURBANCES / 6);
const EVICTIONS = DISTURBANCES - KILLS;
const SETTLE_MS = 240_000;
const lists = twoVersions(20);
const OPEN = { REGISTRATION: 'open', LOG_LEVEL: 'error' };
type Version = 'old' | 'new';

/** What disturbs: asked at every request and answer, until `left` is 0. */
interface Disturber {
  /** Called with the partnership's id once it is known. */
  readonly disturb: (id: string) => void;
  readonly left: () => number;
  /** Resolves when what was begun is over. */
  readonly settled: () => Promise<void>;
}

/** Each side's matrix of each version, without any disturbance. */
let calm: Record<Version, Record<SideName, string[]>>;
beforeAll(async () => {
  const pair = await twoOrganisations(lists.old.a, lists.old.b);
  try {
    await grantBoth(pair, { ...EVERYTHING, budget: { domain: 100_000, name: 100_000 } });
    const matrices = async () => {
      await pair.sync();
      return { a: await matrixLines(pair.a), b: await matrixLines(pair.b) };
    };
    const old = await matrices();
    await importBoth(pair, 'new');
    calm = { old, new: await matrices() };
  } finally {
    await pair.close();
  }
}, SETTLE_MS);

describe('a sync on workerd', () => {
  it(`comes to the same over ${EVICTIONS} evictions of the Durable Object`, {
    timeout: 2 * SETTLE_MS,
  }, async () => {
    const edge = await testEdge(OPEN);
    try {
      const roll = dice('evictions');
      let left = EVICTIONS;
      let until = 1 + roll(20);
      const pending: Promise<unknown>[] = [];
      await expectUndisturbed(edge.url, () => ({
        disturb(id) {
          if (left === 0 || --until > 0) return;
          left--;
          until = 1 + roll(20);
          const evicted = edge.harness.getWorker().evictDurableObject('PARTNERSHIP', { name: id });
          pending.push(
            evicted.catch((error: unknown) => {
              // One that is not running was evicted before; this one does not count.
              if (!String(error).includes('not currently running')) throw error;
              left++;
            }),
          );
        },
        left: () => left,
        settled: async () => void (await Promise.all(pending.splice(0))),
      }));
    } finally {
      await edge.close();
    }
  });

  it(`comes to the same over ${KILLS} times kill -9 of workerd`, {
    timeout: 2 * SETTLE_MS,
  }, async () => {
    const data = mkdtempSync(join(tmpdir(), 'commonground-killed-'));
    let edge = await startEdge({ data, variables: OPEN });
    try {
      const roll = dice('kills of workerd');
      let left = KILLS;
      let until = 1 + roll(60);
      let restarted: Promise<void> = Promise.resolve();
      await expectUndisturbed(edge.url, (target) => ({
        disturb() {
          if (left === 0 || --until > 0) return;
          left--;
          until = 1 + roll(60);
          const laterMs = roll(40);
          restarted = restarted.then(async () => {
            await sleep(laterMs);
            await edge.kill();
            edge = await startEdge({ data, variables: OPEN });
            target(edge.url);
          });
        },
        left: () => left,
        settled: () => restarted,
      }));
    } finally {
      await edge.close();
      rmSync(data, { recursive: true, force: true });
    }
  });
});

/** Brings old and new lists through by turns until all disturbances were, and compares each with the undisturbed run. */
async function expectUndisturbed(
  url: string,
  disturber: (target: (url: string) => void) => Disturber,
): Promise<void> {
  const proxy = await openProxy();
  const target = (to: string) => proxy.target(Number(new URL(to).port));
  target(url);
  const { disturb, left, settled } = disturber(target);
  const pair = await twoOrganisations(lists.old.a, lists.old.b, async () => ({
    url: `http://${proxy.host}`,
    close: async () => undefined,
  }));
  try {
    await grantBoth(pair, { ...EVERYTHING, budget: { domain: 100_000, name: 100_000 } });
    const { id } = pair.partnership(pair.a);
    proxy.plan(() => {
      disturb(id);
      return { do: 'pass' };
    });
    proxy.onAnswer(() => disturb(id));
    let version: Version = 'old';
    for (let round = 0; round < 2 || left() > 0; round++) {
      await syncThrough(pair, settled);
      for (const side of SIDES) {
        const mine = pair[side];
        const expected = expectedLines(lists[version][side], lists[version][OTHER[side]]);
        expect(await retried(() => overlapLines(mine), settled)).toEqual(expected);
        expect(await retried(() => matrixLines(mine), settled)).toEqual(calm[version][side]);
        expect(onlyPartnership(mine).pendingSubmission).toBe(null);
      }
      await settled();
      version = version === 'old' ? 'new' : 'old';
      await importBoth(pair, version);
    }
    for (const side of SIDES) {
      const partner = OTHER[side];
      expect(evaluated(pair[side])).toEqual(identifiers(lists.old[partner], lists.new[partner]));
    }
  } finally {
    await settled();
    await pair.close();
    await proxy.close();
  }
}

async function importBoth(pair: Pair, version: Version): Promise<void> {
  for (const side of SIDES) await importRows(pair[side], pair.folder, lists[version][side]);
}

/** Both sync in turn until both are at rest; what a disturbance cuts off is asked again once it is over. */
async function syncThrough(pair: Pair, settled: () => Promise<void>): Promise<void> {
  const { id } = pair.partnership(pair.a);
  const options = { progress: () => undefined, waitUntilMs: null };
  const rest = new Set<Agent>();
  for (let turn = 0; turn < 60 && rest.size < 2; turn++) {
    for (const agent of [pair.a, pair.b]) {
      const report = await retried(() => syncPartnership(agent, id, pair.pool, options), settled);
      if (report.waiting === null && turn > 0) rest.add(agent);
      else rest.delete(agent);
    }
  }
  expect(rest.size, 'both come to rest').toBe(2);
}

async function retried<Value>(work: () => Promise<Value>, settled: () => Promise<void>): Promise<Value> {
  for (let tries = 0; ; tries++) {
    try {
      return await work();
    } catch (error) {
      if (tries > 20 || !(error instanceof Problem)) throw error;
      await settled();
    }
  }
}

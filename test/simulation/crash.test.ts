/**
 * An agent that dies at each of its writes, once before the write arrives and once after, when only the answer is
 * missing; beside it a partner that does the same. What a newly started agent then finds must lead to the same end.
 */
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { type CryptoPool, openPool } from '../../src/agent/crypto/pool.ts';
import { type Service, startService } from '../../src/service/node.ts';
import { importRows } from '../support/homes.ts';
import { live } from '../support/lives.ts';
import { dice } from '../support/random.ts';
import {
  copyOf,
  expectedLines,
  identifiers,
  type Lists,
  OTHER,
  openSide,
  overlapLines,
  prepare,
  replaceLists,
  SIDES,
  type SideName,
  standing,
  twoVersions,
  useService,
  type World,
  wholeOverlaps,
} from '../support/world.ts';

const lists = twoVersions(20);
const VERSIONS = ['old', 'new'] as const;

let matched: World;
let world: World;
let service: Service;
let pool: CryptoPool;
beforeAll(async () => {
  matched = await prepare(lists.old, { sync: true });
  pool = openPool(1);
});
afterAll(async () => {
  matched.remove();
  await pool.close();
});
beforeEach(async () => {
  world = copyOf(matched, 'http://127.0.0.1:1');
  service = await startService({ port: 0, data: join(world.folder, 'service') });
  useService(world, service.url);
});
afterEach(async () => {
  vi.unstubAllGlobals();
  await service.close();
  world.remove();
});

/** Whoever asks now sees the old or the new list of either side whole, whatever is half done. */
async function expectWholeLists(held: Lists): Promise<void> {
  for (const side of SIDES) {
    const agent = await openSide(world, side);
    const seen = await overlapLines(agent);
    agent.close();
    expect(wholeOverlaps(lists, side, held)).toContainEqual(seen);
  }
}

async function expectDone(): Promise<void> {
  for (const side of SIDES) {
    const view = await standing(world, side);
    expect(view.overlap).toEqual(expectedLines(lists.new[side], lists.new[OTHER[side]]));
    // Paid once: every identifier that ever was in the list, and none again.
    expect(view.evaluated).toEqual(identifiers(lists.old[OTHER[side]], lists.new[OTHER[side]]));
  }
}

/** Both sides live and die in turn until neither has anything to write; gives the writes at which one died. */
async function dieAtEveryWrite(afterDeath: (side: SideName) => Promise<void>): Promise<string[]> {
  const deaths: string[] = [];
  let quiet = 0;
  for (let turn = 0; quiet < 4; turn++) {
    if (turn > 200) throw new Error(`no end: ${deaths.slice(-6).join(', ')}`);
    const side = SIDES[turn % 2] ?? 'a';
    quiet++;
    for (const death of ['before', 'after'] as const) {
      const write = await live(world, side, pool, death);
      if (write === null) continue;
      quiet = 0;
      deaths.push(`${death} ${write.replace(/prt_[0-9a-f]+/, 'prt')}`);
      await afterDeath(side);
    }
  }
  return deaths;
}

describe('agents that die at every write', () => {
  it('come to the same end, pay nothing twice and show no half list', { timeout: 120_000 }, async () => {
    await replaceLists(world, lists.new);
    const deaths = await dieAtEveryWrite(() => expectWholeLists(lists.new));
    for (const death of ['before', 'after']) {
      for (const kind of [
        'PUT .*/requests/',
        'PUT .*/evaluations/',
        'DELETE .*/requests/',
        'PUT .*/activation',
      ]) {
        expect(deaths).toContainEqual(expect.stringMatching(new RegExp(`^${death} ${kind}`)));
      }
    }
    await expectDone();
  });

  it('and whose lists change while they are dead', { timeout: 120_000 }, async () => {
    const random = dice('lists change');
    const held: Record<SideName, Lists[SideName]> = { ...lists.old };
    let changes = 0;
    const change = async (side: SideName, rows: Lists[SideName]) => {
      held[side] = rows;
      const agent = await openSide(world, side);
      await importRows(agent, world.folder, rows);
      agent.close();
    };
    for (const side of SIDES) await change(side, lists.new[side]);
    await dieAtEveryWrite(async (side) => {
      if (changes < 25 && random(3) > 0) {
        changes++;
        await change(side, lists[VERSIONS[random(2)] ?? 'new'][side]);
      }
      await expectWholeLists(held);
    });
    expect(changes).toBeGreaterThan(10);
    for (const side of SIDES) await change(side, lists.new[side]);
    for (let round = 0; round < 6; round++) for (const side of SIDES) await live(world, side, pool, null);
    await expectDone();
  });
});

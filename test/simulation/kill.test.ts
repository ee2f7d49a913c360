/**
 * Kill -9 of agents and service at places that fixed dice choose, while both sides bring a changed list to each other.
 * COMMONGROUND_KILLS says how many kills (default 50); fresh pairs are begun until all are spent.
 */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Problem } from '../../src/agent/problem.ts';
import { type Process, startCommand, startServiceProcess } from '../support/processes.ts';
import { type NetworkProxy, openProxy } from '../support/proxy.ts';
import { type Dice, dice } from '../support/random.ts';
import {
  copyOf,
  evaluated,
  expectedLines,
  identifiers,
  matrixLines,
  OTHER,
  openSide,
  overlapLines,
  prepare,
  replaceLists,
  SIDES,
  type SideName,
  twoVersions,
  type World,
  wholeOverlaps,
} from '../support/world.ts';

const KILLS = Number(process.env.COMMONGROUND_KILLS ?? 50);
const KILLS_A_PAIR = 6;
const VICTIMS = ['a', 'b', 'service'] as const;
const lists = twoVersions(60);

interface Kill {
  readonly victim: (typeof VICTIMS)[number];
  /** After so many more requests than at the kill before. */
  readonly requests: number;
  /** When the request comes, or when its answer is there. */
  readonly at: 'request' | 'answer';
  readonly laterMs: number;
}

/** Where kills come from: one after another, of a fixed seed. */
function planKills(count: number): Kill[] {
  const random: Dice = dice('kills');
  return Array.from({ length: count }, () => ({
    victim: VICTIMS[random(VICTIMS.length)] ?? 'a',
    requests: 1 + random(7),
    at: random(2) === 0 ? 'request' : 'answer',
    laterMs: random(3) === 0 ? random(60) : 0,
  }));
}

let matched: World;
let calm: Record<SideName, string[]>;
beforeAll(async () => {
  matched = await prepare(lists.old, { sync: true });
  const undisturbed = new Scenario(await openProxy());
  try {
    await undisturbed.run([]);
    calm = { a: await undisturbed.matrix('a'), b: await undisturbed.matrix('b') };
  } finally {
    await undisturbed.close();
  }
}, 120_000);
afterAll(() => matched.remove());

/** One pair with its service, run until both syncs end well, with kills on the way. */
class Scenario {
  readonly #proxy: NetworkProxy;
  readonly #world: World;
  readonly #running = new Map<(typeof VICTIMS)[number], Process>();
  #port = 0;
  answers = 0;

  constructor(proxy: NetworkProxy) {
    this.#proxy = proxy;
    this.#world = copyOf(matched, `http://${proxy.host}`);
  }

  /** Gives how many of the kills were done; the rest found everything finished. */
  async run(kills: readonly Kill[]): Promise<number> {
    await replaceLists(this.#world, lists.new);
    await this.#startService();
    const left = [...kills];
    let done = 0;
    let requests = 0;
    const strike = (at: Kill['at']) => {
      const kill = left[0];
      if (!kill || kill.at !== at || requests < kill.requests) return;
      left.shift();
      requests = 0;
      done++;
      setTimeout(() => this.#running.get(kill.victim)?.kill(), kill.laterMs);
    };
    this.#proxy.plan(() => {
      requests++;
      strike('request');
      return { do: 'pass' };
    });
    this.#proxy.onAnswer(() => strike('answer'));
    const over = new AbortController();
    const service = this.#keepService(over.signal);
    const polling = this.#poll(over.signal);
    // Awaited below; a failure until then is no unhandled one.
    polling.catch(() => undefined);
    await Promise.all(SIDES.map((side) => this.#syncUntilDone(side)));
    over.abort();
    await Promise.all([service, polling]);
    this.#proxy.plan(() => ({ do: 'pass' }));
    this.#proxy.onAnswer(() => undefined);
    return done;
  }

  async #startService(): Promise<void> {
    const service = await startServiceProcess(
      join(this.#world.folder, 'service'),
      this.#proxy.host,
      this.#port,
    );
    this.#port = service.port;
    this.#proxy.target(service.port);
    this.#running.set('service', service);
  }

  /** Starts the service again whenever it is killed. */
  async #keepService(over: AbortSignal): Promise<void> {
    while (!over.aborted) {
      const service = this.#running.get('service');
      if (service && !service.isRunning()) await this.#startService();
      await sleep(20);
    }
  }

  async #syncUntilDone(side: SideName): Promise<void> {
    for (let run = 0; run < 40; run++) {
      const sync = startCommand(join(this.#world.folder, side), ['sync', '--wait', '60', '--json']);
      this.#running.set(side, sync);
      const { code, stderr } = await sync.ended;
      if (code === 0) return;
      // Killed, or the service was away for too long.
      if (code !== null && code !== 7) throw new Error(`sync of ${side} ended with ${code}: ${stderr}`);
    }
    throw new Error(`sync of ${side} does not end`);
  }

  /** Asks both sides all the while: an answer is that of the old or of the new list of either side, never of half a list. */
  async #poll(over: AbortSignal): Promise<void> {
    while (!over.aborted) {
      for (const side of SIDES) {
        const seen = await this.#ask(side);
        if (seen === null) continue;
        expect(wholeOverlaps(lists, side, lists.new)).toContainEqual(seen);
        this.answers++;
      }
      await sleep(50);
    }
  }

  async #ask(side: SideName): Promise<string[] | null> {
    const agent = await openSide(this.#world, side);
    try {
      return await overlapLines(agent);
    } catch (error) {
      if (error instanceof Problem && error.code === 'service_unreachable') return null;
      throw error;
    } finally {
      agent.close();
    }
  }

  async expectUndisturbed(): Promise<void> {
    for (const side of SIDES) {
      const partner = OTHER[side];
      const agent = await openSide(this.#world, side);
      expect(await overlapLines(agent)).toEqual(expectedLines(lists.new[side], lists.new[partner]));
      expect(await matrixLines(agent)).toEqual(calm[side]);
      expect(evaluated(agent)).toEqual(identifiers(lists.old[partner], lists.new[partner]));
      agent.close();
    }
  }

  async matrix(side: SideName): Promise<string[]> {
    const agent = await openSide(this.#world, side);
    const lines = await matrixLines(agent);
    agent.close();
    return lines;
  }

  async close(): Promise<void> {
    for (const process of this.#running.values()) process.kill();
    await Promise.all([...this.#running.values()].map((process) => process.ended));
    await this.#proxy.close();
    this.#world.remove();
  }
}

describe('kill -9 of agents and service', () => {
  it(`${KILLS} times changes nothing of the result`, { timeout: 60_000 + KILLS * 10_000 }, async () => {
    let left = planKills(KILLS);
    let answers = 0;
    while (left.length > 0) {
      const scenario = new Scenario(await openProxy());
      try {
        const done = await scenario.run(left.slice(0, KILLS_A_PAIR));
        await scenario.expectUndisturbed();
        answers += scenario.answers;
        expect(done, 'a sync with no kill at all makes no progress here').toBeGreaterThan(0);
        left = left.slice(done);
      } finally {
        await scenario.close();
      }
    }
    expect(answers).toBeGreaterThan(KILLS);
  });
});

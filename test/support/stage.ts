/** A copied world with its service behind a proxy, and commands run on it as people run them. */
import { join } from 'node:path';
import { expect } from 'vitest';
import { type Service, startService } from '../../src/service/node.ts';
import { openDatabase, type Sqlite } from '../../src/sqlite.ts';
import { document, type Outcome } from './cli.ts';
import { startCommand } from './processes.ts';
import { type NetworkProxy, openProxy } from './proxy.ts';
import {
  copyOf,
  evaluated,
  expectedLines,
  identifiers,
  type Lists,
  OTHER,
  onlyPartnership,
  openSide,
  overlapLines,
  SIDES,
  type SideName,
  type World,
} from './world.ts';

export interface RunOptions {
  /** JavaScript that runs before the command. */
  readonly preload?: string;
}

export interface Failure {
  readonly code: string;
  readonly message: string;
  readonly hint: string;
  readonly exitCode: number | null;
}

export class Stage {
  readonly world: World;
  readonly proxy: NetworkProxy;
  #service: Service | null;
  /** Requests of which the service saw the first byte. */
  requests = 0;

  private constructor(world: World, proxy: NetworkProxy, service: Service) {
    this.world = world;
    this.proxy = proxy;
    this.#service = service;
    proxy.plan(() => {
      this.requests++;
      return { do: 'pass' };
    });
  }

  /** A copy of the world on a service of its own. */
  static async of(world: World): Promise<Stage> {
    const proxy = await openProxy();
    const copy = copyOf(world, `http://${proxy.host}`);
    const stage = new Stage(copy, proxy, await serve(copy, proxy));
    return stage;
  }

  home(side: SideName): string {
    return join(this.world.folder, side);
  }

  /** The data folder of the service. */
  get data(): string {
    return join(this.world.folder, 'service');
  }

  run(side: SideName, args: readonly string[], options: RunOptions = {}): Promise<Outcome> {
    return startCommand(this.home(side), args, options.preload).ended;
  }

  /**
   * Runs a command that must fail as people are told it does: one JSON document with code, message and hint, the same
   * on standard error, no stack, nothing of the list and no key.
   */
  async failure(side: SideName, args: readonly string[], options: RunOptions = {}): Promise<Failure> {
    const outcome = await this.run(side, [...args, '--json'], options);
    const everything = outcome.stdout + outcome.stderr;
    expect(everything).not.toMatch(/AGE-SECRET-KEY|\.ts:\d|node:internal|file:\/\/|company-/);
    expect(outcome.code, everything).not.toBe(0);
    const { error } = document<{ error: Failure }>(outcome);
    expect(outcome.stderr).toContain(`commonground: ${error.message}`);
    expect(error.hint, everything).toBeTruthy();
    expect(outcome.stderr).toContain(`hint: ${error.hint}`);
    return { ...error, exitCode: outcome.code };
  }

  /** Both sides sync until both are done. */
  async syncBoth(options: RunOptions = {}): Promise<void> {
    const outcomes = await Promise.all(
      SIDES.map((side) => this.run(side, ['sync', '--wait', '60'], options)),
    );
    for (const { code, stderr } of outcomes) expect(code, stderr).toBe(0);
  }

  /** What the service holds of a side's work: nothing may be added to it by what fails. */
  async work(side: SideName): Promise<unknown> {
    const agent = await openSide(this.world, side);
    const view = await agent.client().partnership(onlyPartnership(agent).id);
    agent.close();
    const { requests, lastRequest, submissions, scopes, epoch } = view;
    return JSON.parse(JSON.stringify({ requests, lastRequest, submissions, scopes, epoch }));
  }

  /** The state of a pair that nothing ever disturbed: every pair, every identifier paid once. */
  async expectUndisturbed(now: Lists, ...before: readonly Lists[]): Promise<void> {
    for (const side of SIDES) {
      const partner = OTHER[side];
      const agent = await openSide(this.world, side);
      expect(await overlapLines(agent)).toEqual(expectedLines(now[side], now[partner]));
      const all = [now, ...before].map((lists) => lists[partner]);
      expect(evaluated(agent)).toEqual(identifiers(...all));
      agent.close();
    }
  }

  /** Works on a home's store file as it lies on the disk. */
  onStore<Value>(side: SideName, work: (database: Sqlite) => Value): Value {
    return onDatabase(join(this.home(side), 'store.db'), work);
  }

  /** Works on the service's database of the partnership. */
  async onPartnership<Value>(work: (database: Sqlite) => Value): Promise<Value> {
    const agent = await openSide(this.world, 'a');
    const { id } = onlyPartnership(agent);
    agent.close();
    return onDatabase(join(this.data, 'partnerships', `${id}.db`), work);
  }

  async stopService(): Promise<void> {
    await this.#service?.close();
    this.#service = null;
  }

  async startService(): Promise<void> {
    this.#service = await serve(this.world, this.proxy);
  }

  async close(): Promise<void> {
    await this.proxy.close();
    await this.stopService();
    this.world.remove();
  }
}

async function serve(world: World, proxy: NetworkProxy): Promise<Service> {
  const data = join(world.folder, 'service');
  const service = await startService({ port: 0, data, publicHost: proxy.host, registration: 'open' });
  proxy.target(Number(new URL(service.url).port));
  return service;
}

export function onDatabase<Value>(path: string, work: (database: Sqlite) => Value): Value {
  const database = openDatabase(path);
  try {
    return work(database);
  } finally {
    database.close();
  }
}

import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { systemRandom } from '../../protocol/hash.ts';
import { type Agent, openAgent } from '../../src/agent/agent.ts';
import { askOverlap } from '../../src/agent/answers.ts';
import { acceptInvitation, introduce, invite, readInvitation, verify } from '../../src/agent/partners.ts';
import { Problem } from '../../src/agent/problem.ts';
import { grantScope } from '../../src/agent/scopes/granting.ts';
import { findPartnership, type Partnership, updatePartnership } from '../../src/agent/store/partnerships.ts';
import { judge, PACE, type Pace, restDelay } from '../../src/agent/sync/pace.ts';
import { type WatchEvent, watch } from '../../src/agent/sync/watch.ts';
import { ServiceRefusal } from '../../src/agent/transport.ts';
import { openDatabase } from '../../src/sqlite.ts';
import { VERSION } from '../../src/version.ts';
import { collect } from '../support/files.ts';
import {
  EVERYTHING,
  grantBoth,
  importRows,
  type Pair,
  type Row,
  twoOrganisations,
} from '../support/homes.ts';

const FAST: Pace = { busyMs: 30, restMs: 300, lookMs: 30, retryMs: 50, longestRetryMs: 400 };

const A: Row[] = [
  ['a1', 'Siemens AG', 'siemens.com'],
  ['a2', 'Nestlé S.A.', 'nestle.com'],
];
const B: Row[] = [
  ['b1', 'Siemens', 'siemens.com'],
  ['b2', 'Unilever', 'unilever.com'],
];

interface Watcher {
  readonly agent: Agent;
  readonly events: readonly WatchEvent[];
  /** Waits for an event, among those to come too. */
  event(matching: Partial<Record<string, unknown>>, from?: number): Promise<WatchEvent>;
  stop(): Promise<void>;
}

let pair: Pair | undefined;
let watchers: Watcher[] = [];
afterEach(async () => {
  for (const watcher of watchers) await watcher.stop();
  watchers = [];
  await pair?.close();
  pair = undefined;
});

/** An unattended agent as a process of its own has it: with its own connection to the store. */
async function watcherOf(current: Pair, of: Agent, pace: Pace = FAST): Promise<Watcher> {
  const agent = await openAgent(of.home, Date.now);
  const events: WatchEvent[] = [];
  const ending = new AbortController();
  const running = watch(agent, current.pool, {
    only: null,
    pace,
    random: Math.random,
    signal: ending.signal,
    onEvent: (event) => void events.push(event),
  });
  let stopped = false;
  const watcher: Watcher = {
    agent,
    events,
    event: (matching, from = 0) =>
      eventually(
        () =>
          events
            .slice(from)
            .find((event) =>
              Object.entries(matching).every(([key, value]) => event[key as keyof WatchEvent] === value),
            ),
        () => JSON.stringify(events),
      ),
    async stop() {
      if (stopped) return;
      stopped = true;
      ending.abort();
      await running;
      agent.close();
    },
  };
  watchers.push(watcher);
  return watcher;
}

async function eventually<Value>(
  look: () => Value | undefined | Promise<Value | undefined>,
  describeState: () => string = () => '',
  ms = 40_000,
): Promise<Value> {
  for (const until = Date.now() + ms; Date.now() < until; await pause(50)) {
    const value = await look();
    if (value !== undefined) return value;
  }
  throw new Error(`it never happens: ${describeState()}`);
}

const pause = (ms: number) => new Promise<void>((resolve) => void setTimeout(resolve, ms));

async function overlapOf(agent: Agent, partnership: Partnership): Promise<string[]> {
  return (await collect(askOverlap(agent, partnership, {}))).map((row) => row.record).sort();
}

/** The partner's records that `agent` sees, once they are these. */
async function seenBy(agent: Agent, partnership: () => Partnership, records: readonly string[]) {
  let last: string[] = [];
  await eventually(
    async () => {
      last = await overlapOf(agent, partnership());
      return JSON.stringify(last) === JSON.stringify(records) ? true : undefined;
    },
    () => JSON.stringify(last),
  );
}

async function reportOf(agent: Agent, id: Partnership['id']) {
  return (await agent.client().partnership(id)).since?.health ?? null;
}

describe('two unattended agents', () => {
  it('bring two lists to rest, and an import later without another command', async () => {
    pair = await twoOrganisations(A, B);
    const current = pair;
    const a = await watcherOf(pair, pair.a);
    const b = await watcherOf(pair, pair.b);
    await a.event({ event: 'state', partner: 'b', state: 'you_grant' });
    await eventually(async () =>
      (await reportOf(current.b, current.partnership(current.b).id))?.code === 'you_grant' ? true : undefined,
    );
    // The scopes are granted by another process, as far as the watchers can tell.
    await grantBoth(pair);
    await a.event({ event: 'state', state: 'up_to_date' });
    await b.event({ event: 'state', state: 'up_to_date' });
    expect(await overlapOf(pair.a, pair.partnership(pair.a))).toEqual(['a1']);
    await importRows(pair.a, pair.folder, [...A, ['a3', 'Unilever PLC', 'unilever.com']]);
    await seenBy(pair.b, () => current.partnership(current.b), ['b1', 'b2']);
    expect(await overlapOf(pair.a, pair.partnership(pair.a))).toEqual(['a1', 'a3']);
    expect([...a.events, ...b.events].filter(({ event }) => event === 'problem')).toEqual([]);
    expect(a.events.findLast(({ event }) => event === 'work')).toMatchObject({ partner: 'b', submitted: 3 });
    const { id } = pair.partnership(pair.b);
    await eventually(async () => ((await reportOf(current.b, id))?.code === 'up_to_date' ? true : undefined));
    expect(await reportOf(pair.b, id)).toMatchObject({ code: 'up_to_date', version: VERSION });
    await a.stop();
    expect(await reportOf(pair.b, id)).toMatchObject({ code: 'stopped' });
    expect(a.events.at(-1)).toMatchObject({ event: 'stopped' });
  });

  it('write nothing at rest, and do not read an unchanged list again', async () => {
    pair = await twoOrganisations(A, B);
    await grantBoth(pair);
    const a = await watcherOf(pair, pair.a);
    const b = await watcherOf(pair, pair.b);
    await a.event({ event: 'state', state: 'up_to_date' });
    await b.event({ event: 'state', state: 'up_to_date' });
    await pause(1000);
    const version = () => pair?.a.store.database.get<{ data_version: number }>('pragma data_version');
    const before = version();
    // Every scan writes down what is wanted; at rest nothing is written at all.
    await pause(1500);
    expect(version()).toEqual(before);
  });

  it('look at once at what another process changed, however long they would rest', async () => {
    pair = await twoOrganisations(A, B);
    const { store } = pair.a;
    const { id, verifiedAt } = pair.partnership(pair.a);
    updatePartnership(store, id, (current) => ({ ...current, verifiedAt: null }));
    const a = await watcherOf(pair, pair.a, { ...FAST, busyMs: 300_000, restMs: 300_000 });
    await a.event({ event: 'state', state: 'you_verify' });
    // Nothing is reported to a partner that is not verified.
    expect(await reportOf(pair.b, id)).toBeNull();
    updatePartnership(store, id, (current) => ({ ...current, verifiedAt }));
    await a.event({ event: 'state', state: 'partner_verifies' });
    await grantScope(pair.a, pair.partnership(pair.a), EVERYTHING);
    await invite(pair.a, 'later', systemRandom);
    await a.event({ event: 'state', partner: 'later', state: 'partner_accepts' });
  });

  it('wait for an import that holds the store, and go on', async () => {
    pair = await twoOrganisations(A, B);
    await grantBoth(pair);
    const { database } = pair.a.store;
    database.exec('begin immediate');
    const a = await watcherOf(pair, pair.a);
    await watcherOf(pair, pair.b);
    const busy = await a.event({ event: 'problem', code: 'busy' });
    expect(busy).toMatchObject({ partner: 'b', retries: true });
    database.exec('commit');
    await a.event({ event: 'state', state: 'up_to_date' });
    expect(await overlapOf(pair.a, pair.partnership(pair.a))).toEqual(['a1']);
  });

  it('go on by themselves when the service was down for a while', async () => {
    pair = await twoOrganisations(A, B);
    const current = pair;
    await grantBoth(pair);
    const a = await watcherOf(pair, pair.a);
    const b = await watcherOf(pair, pair.b);
    await a.event({ event: 'state', state: 'up_to_date' });
    await b.event({ event: 'state', state: 'up_to_date' });
    const [fromA, fromB] = [a.events.length, b.events.length];
    await pair.down();
    await importRows(pair.a, pair.folder, [...A, ['a3', 'Unilever PLC', 'unilever.com']]);
    await a.event({ event: 'problem', code: 'service_unreachable', retries: true }, fromA);
    await b.event({ event: 'problem', code: 'service_unreachable', retries: true }, fromB);
    await pair.up();
    await a.event({ event: 'state', state: 'up_to_date' }, fromA);
    await b.event({ event: 'state', state: 'up_to_date' }, fromB);
    await seenBy(pair.b, () => current.partnership(current.b), ['b1', 'b2']);
    // One line a change of state, however often it was tried.
    const problems = a.events.filter(({ event }) => event === 'problem');
    expect(problems).toHaveLength(1);
  });

  it('take up a partnership made later by another process; an alarm stops only its own', async () => {
    pair = await twoOrganisations(A, B);
    const current = pair;
    await grantBoth(pair);
    const first = pair.partnership(pair.a).id;
    const a = await watcherOf(pair, pair.a);
    const b = await watcherOf(pair, pair.b);
    await a.event({ event: 'state', partner: 'b', state: 'up_to_date' });
    const second = await secondPartnership(pair);
    await a.event({ event: 'state', partner: 'b2', state: 'up_to_date' });
    await b.event({ event: 'state', partner: 'a2', state: 'up_to_date' });
    // The service shows another key of b in the first partnership from now on.
    const database = openDatabase(join(pair.folder, 'service', 'partnerships', `${first}.db`));
    database.run('update epochs set joiner_offer = ?', new Uint8Array(100));
    database.close();
    const alarm = await a.event({ event: 'problem' });
    expect(alarm).toMatchObject({ partner: 'b', code: 'service_alarm', retries: false });
    expect(JSON.stringify(a.events)).not.toMatch(/(prt|org)_[0-9a-f]/);
    await importRows(pair.a, pair.folder, [...A, ['a3', 'Unilever PLC', 'unilever.com']]);
    await seenBy(pair.b, () => findPartnership(current.b.store, second), ['b1', 'b2']);
    expect(a.events.filter((event) => event.event === 'problem')).toHaveLength(1);
    expect((await reportOf(pair.b, first))?.code).toBe('service_alarm');
    await a.stop();
    // What a person has to look at is not covered up by the end of the watch.
    expect((await reportOf(pair.b, first))?.code).toBe('service_alarm');
    expect((await reportOf(pair.b, findPartnership(pair.b.store, second).id))?.code).toBe('stopped');
  });

  it('do not repeat a request that the budget does not allow, until it does', async () => {
    pair = await twoOrganisations(A, B);
    const current = pair;
    const { id } = pair.partnership(pair.a);
    await grantScope(pair.a, pair.partnership(pair.a), EVERYTHING);
    await grantScope(pair.b, pair.partnership(pair.b), { ...EVERYTHING, budget: { domain: 3, name: 3 } });
    const a = await watcherOf(pair, pair.a);
    await watcherOf(pair, pair.b);
    await a.event({ event: 'state', state: 'up_to_date' });
    await importRows(pair.a, pair.folder, [
      ...A,
      ['a3', 'Unilever PLC', 'unilever.com'],
      ['a4', 'Danone', 'danone.com'],
    ]);
    await a.event({ event: 'problem', code: 'budget_spent', retries: true });
    await eventually(async () =>
      (await reportOf(current.b, id))?.code === 'budget_spent' ? true : undefined,
    );
    const requests = async () => (await current.a.client().partnership(id)).lastRequest;
    const before = await requests();
    // Own requests are held back; the partner is evaluated for all the same.
    await importRows(pair.b, pair.folder, [...B, ['b3', 'Nestle', 'nestle.com']]);
    await seenBy(pair.b, () => current.partnership(current.b), ['b1', 'b3']);
    await pause(1000);
    expect((await requests()).founder).toBe(before.founder);
    await grantScope(pair.b, pair.partnership(pair.b), EVERYTHING);
    await seenBy(pair.a, () => current.partnership(current.a), ['a1', 'a2', 'a3']);
    expect((await requests()).founder).toBe(before.founder + 1);
  });
});

/** Another partnership of the same two, all of it done by other processes than the watchers'. */
async function secondPartnership({ a, b }: Pair): Promise<Partnership['id']> {
  const { partnership, text } = await invite(a, 'b2', systemRandom);
  const accepted = await acceptInvitation(b, readInvitation(text), 'a2', systemRandom);
  await introduce(a, partnership, await a.client().partnership(partnership.id)).catch(() => undefined);
  const both = await eventually(async () => {
    const [founder, joiner] = [a, b].map((agent) => findPartnership(agent.store, partnership.id));
    if (joiner && !joiner.partner) await introduce(b, accepted, await b.client().partnership(accepted.id));
    return founder?.phrase && joiner?.phrase ? { founder, joiner } : undefined;
  });
  verify(a, both.founder, both.joiner.phrase ?? '');
  verify(b, both.joiner, both.founder.phrase ?? '');
  await grantScope(a, findPartnership(a.store, partnership.id), EVERYTHING);
  await grantScope(b, findPartnership(b.store, partnership.id), EVERYTHING);
  return partnership.id;
}

describe('the pace', () => {
  it('grows from one second to thirty, and differs from agent to agent', () => {
    const middle = [0, 1, 2, 3, 4, 5, 50].map((quiet) => restDelay(PACE, quiet, 0.5));
    expect(middle).toEqual([1000, 2000, 4000, 8000, 16_000, 30_000, 30_000]);
    expect([restDelay(PACE, 9, 0), restDelay(PACE, 9, 1)]).toEqual([22_500, 37_500]);
  });

  it('backs off exponentially with full jitter, and leaves a service alone that asks for it', () => {
    const error = new Problem('service_unreachable', 'no');
    const longest = [1, 2, 5, 6, 100].map((failures) => judge(error, failures, PACE, 1).retryMs);
    expect(longest).toEqual([2000, 4000, 32_000, 60_000, 60_000]);
    expect(judge(error, 5, PACE, 0).retryMs).toBe(0);
    const reply = { ok: false, status: 429, body: new Uint8Array() };
    const asked = (retryAfterMs: number) =>
      judge(new ServiceRefusal({ ...reply, retryAfterMs }, 'too_many', 'no'), 1, PACE, 0.5).retryMs;
    expect([asked(90_000), asked(86_400_000)]).toEqual([90_000, 600_000]);
  });

  it('stops at what does not check, and tells the partner only what concerns it', () => {
    const verdict = (error: unknown, failures = 1) => judge(error, failures, PACE, 0.5);
    for (const code of ['partner_alarm', 'service_alarm'] as const) {
      expect(verdict(new Problem(code, 'x'))).toEqual({ code, health: code, retryMs: null });
    }
    expect(verdict(new Problem('phrase_mismatch', 'x')).retryMs).toBeNull();
    // What may be a hiccup is told when it stays.
    expect(verdict(new Problem('store_damaged', 'x'), 1).health).toBeNull();
    expect(verdict(new Problem('store_damaged', 'x'), 3).health).toBe('local_problem');
    expect(verdict(Object.assign(new Error('x'), { code: 'ENOSPC' }), 3)).toMatchObject({
      code: 'disk_full',
      health: 'local_problem',
    });
    expect(verdict(Object.assign(new Error('x'), { code: 'SQLITE_BUSY_SNAPSHOT' }), 9)).toMatchObject({
      code: 'busy',
      health: null,
    });
  });
});

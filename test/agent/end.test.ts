import { readFileSync } from 'node:fs';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { toBase64url, utf8 } from '../../protocol/bytes.ts';
import { signEnding } from '../../protocol/ending.ts';
import { systemRandom } from '../../protocol/hash.ts';
import type { Agent } from '../../src/agent/agent.ts';
import { askLedger, askOverlap } from '../../src/agent/answers.ts';
import type { PartnershipView } from '../../src/agent/client.ts';
import { endPartnership } from '../../src/agent/ending.ts';
import { invite } from '../../src/agent/partners.ts';
import { decode } from '../../src/agent/pinned.ts';
import { grantScope } from '../../src/agent/scopes/granting.ts';
import { findPartnership, updatePartnership } from '../../src/agent/store/partnerships.ts';
import { syncPartnership } from '../../src/agent/sync/sync.ts';
import { collect } from '../support/files.ts';
import { EVERYTHING, grantBoth, type Pair, type Row, twoOrganisations } from '../support/homes.ts';

const A: Row[] = [
  ['a1', 'Siemens AG', 'siemens.com', 'Customer'],
  ['a2', 'Nestlé S.A.', 'nestle.com', 'Prospect'],
];
const B: Row[] = [
  ['b1', 'Siemens', 'siemens.com', 'Prospect'],
  ['b2', 'Nestle', 'nestle.com', 'Customer'],
];
const OPTIONS = { progress: () => undefined, waitUntilMs: null };
const TABLES = [
  'handles',
  'identifiers',
  'submitted',
  'wanted',
  'request_chunks',
  'paid_chunks',
  'outbox',
  'outgoing',
];

let pair: Pair | undefined;
afterEach(async () => {
  vi.unstubAllGlobals();
  await pair?.close();
  pair = undefined;
});

async function synced(): Promise<Pair> {
  const current = await twoOrganisations(A, B);
  await grantBoth(current);
  await current.sync();
  for (const question of ['a', 'b'] as const)
    await collect(askOverlap(current[question], current.partnership(current[question]), {}));
  return current;
}

function rowsOf(agent: Agent): number {
  return TABLES.reduce(
    (sum, table) =>
      sum + (agent.store.database.get<{ n: number }>(`select count(*) as n from ${table}`)?.n ?? 0),
    0,
  );
}

function sync(current: Pair, agent: Agent) {
  return syncPartnership(agent, current.partnership(agent).id, current.pool, OPTIONS);
}

/** A service that shows these endings in every view. */
function showing(change: (view: { state: string; endings: Record<string, string | null> }) => object): void {
  const real = fetch;
  vi.stubGlobal('fetch', async (url: string, init: RequestInit) => {
    const response = await real(url, init);
    if (init.method !== 'GET' || !/partnerships\/prt_[0-9a-f]+$/.test(new URL(url).pathname)) return response;
    const view = (await response.json()) as Parameters<typeof change>[0];
    return new Response(JSON.stringify({ ...view, ...change(view) }), response);
  });
}

describe('a partnership that one side ends', () => {
  it('leaves neither side anything that matches, and both of them the ledger', async () => {
    pair = await synced();
    const { a, b } = pair;
    const seed = decode(pair.partnership(b).epoch?.seed ?? '');
    expect([rowsOf(a) > 0, rowsOf(b) > 0]).toEqual([true, true]);
    const ended = await endPartnership(a, pair.partnership(a));
    expect(ended.ended).toMatchObject({ by: 'mine', told: true });
    expect(rowsOf(a)).toBe(0);
    expect(pair.partnership(a)).toMatchObject({ epoch: null, request: null, lastSubmission: null });
    // The other side still has everything until its agent sees the signature.
    expect(rowsOf(b)).toBeGreaterThan(0);
    await expect(collect(askOverlap(b, pair.partnership(b), {}))).rejects.toMatchObject({
      code: 'service_refused',
      serviceCode: 'partnership_ended',
    });
    const report = await sync(pair, b);
    expect(report).toMatchObject({ waiting: null, ended: { by: 'theirs', at: ended.ended?.at } });
    expect(rowsOf(b)).toBe(0);
    expect(pair.partnership(b).epoch).toBeNull();
    expect(seed).toHaveLength(32);
    for (const agent of [a, b]) {
      const partnership = pair.partnership(agent);
      expect(await askLedger(agent, partnership)).toHaveLength(2);
      await expect(collect(askOverlap(agent, partnership, {}))).rejects.toMatchObject({
        code: 'partnership_ended',
      });
      await expect(grantScope(agent, partnership, EVERYTHING)).rejects.toMatchObject({
        code: 'partnership_ended',
      });
    }
  });

  it('leaves no trace of the keys in the file of the store', async () => {
    pair = await synced();
    const { a } = pair;
    const sealed = () =>
      a.store.database.get<{ sealed: Uint8Array }>('select sealed from partnerships')?.sealed ?? utf8('');
    const before = Buffer.from(sealed().subarray(0, 200));
    const file = () =>
      Buffer.concat([readFileSync(a.home.storeFile), readFileSync(`${a.home.storeFile}-wal`)]);
    a.store.database.exec('pragma wal_checkpoint(truncate)');
    expect(file().includes(before)).toBe(true);
    await endPartnership(a, pair.partnership(a));
    expect(file().includes(before)).toBe(false);
    expect(file().includes(Buffer.from(sealed().subarray(0, 200)))).toBe(true);
  });

  it('does not come back with the next sync, and can be ended again', async () => {
    pair = await synced();
    const { a, b } = pair;
    await endPartnership(a, pair.partnership(a));
    expect(await sync(pair, a)).toMatchObject({ waiting: null, ended: { by: 'mine' }, steps: 0 });
    await endPartnership(a, pair.partnership(a));
    await sync(pair, b);
    expect((await endPartnership(b, pair.partnership(b))).ended).toMatchObject({ by: 'theirs' });
    expect(pair.partnership(b).epoch).toBeNull();
  });

  it('while both end it at once: each keeps its own', async () => {
    pair = await synced();
    await Promise.all([pair.a, pair.b].map((agent) => endPartnership(agent, pair!.partnership(agent))));
    for (const agent of [pair.a, pair.b])
      expect(await sync(pair, agent)).toMatchObject({ ended: { by: 'mine', told: true } });
  });

  it('without the service: the keys go at once, and the service is told by a later sync', async () => {
    pair = await synced();
    const { a, b } = pair;
    vi.stubGlobal('fetch', () => Promise.resolve(new Response('{}', { status: 418 })));
    await expect(endPartnership(a, pair.partnership(a))).rejects.toMatchObject({ code: 'service_refused' });
    vi.unstubAllGlobals();
    expect(rowsOf(a)).toBe(0);
    expect(pair.partnership(a)).toMatchObject({ epoch: null, ended: { told: false } });
    expect(await sync(pair, b)).toMatchObject({ ended: null });
    expect(await sync(pair, a)).toMatchObject({ ended: { by: 'mine', told: true } });
    expect(await sync(pair, b)).toMatchObject({ ended: { by: 'theirs' } });
  });

  it('is learned again by a home that forgot it', async () => {
    pair = await synced();
    const { a } = pair;
    const before = pair.partnership(a);
    await endPartnership(a, before);
    updatePartnership(a.store, before.id, () => before);
    expect(await sync(pair, a)).toMatchObject({ ended: { by: 'mine', told: true } });
    expect(pair.partnership(a).epoch).toBeNull();
  });

  it('gives its name free for a new invitation', async () => {
    pair = await synced();
    const { a } = pair;
    await expect(invite(a, 'b', systemRandom)).rejects.toMatchObject({ code: 'bad_argument' });
    await endPartnership(a, pair.partnership(a));
    const { partnership } = await invite(a, 'b', systemRandom);
    expect(findPartnership(a.store, 'b').id).toBe(partnership.id);
    expect(findPartnership(a.store, undefined).id).toBe(partnership.id);
  });
});

describe('a service that says so', () => {
  /** What the service shows, and what it knows about. */
  const forgeries: Record<string, (current: Pair) => Uint8Array | null> = {
    'without any signature': () => null,
    'with a signature of another key': (current) =>
      signEnding(
        { partnership: current.partnership(current.a).id, side: 'founder', endedAt: 1 },
        systemRandom(32),
      ),
    'with this agent’s own key for the other side': (current) =>
      signEnding(
        { partnership: current.partnership(current.a).id, side: 'founder', endedAt: 1 },
        current.b.keyring.agentSeed,
      ),
    'with the partner’s ending of another partnership': (current) =>
      signEnding(
        {
          partnership: `prt_${'0'.repeat(32)}` as ReturnType<Pair['partnership']>['id'],
          side: 'founder',
          endedAt: 1,
        },
        current.a.keyring.agentSeed,
      ),
    'with the partner’s signature under this side’s ending': (current) =>
      signEnding(
        { partnership: current.partnership(current.a).id, side: 'joiner', endedAt: 1 },
        current.a.keyring.agentSeed,
      ),
  };
  it.each(Object.keys(forgeries))('%s deletes nothing here', async (name) => {
    pair = await synced();
    const { b } = pair;
    const rows = rowsOf(b);
    const forged = forgeries[name]?.(pair) ?? null;
    showing(() => ({
      state: 'ended',
      endings: { founder: forged && toBase64url(forged), joiner: null },
    }));
    await expect(sync(pair, b)).rejects.toMatchObject({ code: 'service_alarm' });
    vi.unstubAllGlobals();
    expect(rowsOf(b)).toBe(rows);
    expect(pair.partnership(b)).toMatchObject({ ended: null, epoch: { number: 1 } });
    // Nothing of it stays: the work goes on.
    expect(await sync(pair, b)).toMatchObject({ waiting: null, ended: null });
  });

  it('with an ending shown as this side’s own, which its key never signed, deletes nothing here', async () => {
    pair = await synced();
    const { b } = pair;
    const forged = signEnding(
      { partnership: pair.partnership(b).id, side: 'joiner', endedAt: 1 },
      pair.a.keyring.agentSeed,
    );
    showing(() => ({ state: 'ended', endings: { founder: null, joiner: toBase64url(forged) } }));
    await expect(sync(pair, b)).rejects.toMatchObject({ code: 'service_alarm' });
    expect(pair.partnership(b).ended).toBeNull();
  });

  it('hides an ending: the other side’s stays as it is, and its questions stay unanswered', async () => {
    pair = await synced();
    const { a, b } = pair;
    await endPartnership(a, pair.partnership(a));
    showing((view) => ({ state: 'opened', endings: { ...view.endings, founder: null } }));
    await expect(collect(askOverlap(b, pair.partnership(b), {}))).rejects.toBeDefined();
    const view: PartnershipView = await b.client().partnership(pair.partnership(b).id);
    expect(view.endings.founder).toBeNull();
    expect(pair.partnership(b).ended).toBeNull();
  });
});

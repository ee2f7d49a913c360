/** Two organisations on a real service, for tests of the agent: homes, lists and a verified partnership. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemRandom } from '../../protocol/hash.ts';
import { type Agent, openAgent, timestamp } from '../../src/agent/agent.ts';
import { Client } from '../../src/agent/client.ts';
import { type CryptoPool, openPool } from '../../src/agent/crypto/pool.ts';
import { homeAt } from '../../src/agent/home.ts';
import { openExport } from '../../src/agent/import/export.ts';
import { createKeyring } from '../../src/agent/keyring.ts';
import { acceptInvitation, introduce, invite, readInvitation, verify } from '../../src/agent/partners.ts';
import { parseRule } from '../../src/agent/rule.ts';
import type { GrantOptions } from '../../src/agent/scopes/draft.ts';
import { grantScope } from '../../src/agent/scopes/granting.ts';
import { importSource, putPopulation } from '../../src/agent/store/lists.ts';
import { getPartnership, type Partnership } from '../../src/agent/store/partnerships.ts';
import { type SyncReport, syncPartnership } from '../../src/agent/sync/sync.ts';
import { startService } from '../../src/service/node.ts';
import { ruleOf } from './scopes.ts';

/** One account as a test writes it: id, name, domain, type. */
export type Row = readonly [id: string, name: string, domain: string, type?: string, owner?: string];

export interface Pair {
  readonly folder: string;
  readonly url: string;
  readonly a: Agent;
  readonly b: Agent;
  readonly pool: CryptoPool;
  partnership(agent: Agent): Partnership;
  sync(): Promise<[SyncReport, SyncReport]>;
  /** Ends the service; `up` starts it again where it was. */
  down(): Promise<void>;
  up(): Promise<void>;
  close(): Promise<void>;
}

export const EVERYTHING: GrantOptions = {
  populations: ['customers', 'prospects'],
  rules: ['customers', 'prospects'].map((population) =>
    ruleOf(population, '*', {
      level: 'fields',
      fields: ['account_name', 'owner'],
      whiteSpace: 'names',
      review: true,
    }),
  ),
  budget: { domain: 1000, name: 1000 },
};

/** Starts a service on this port, 0 for a free one, with its data in this folder; registration is open. */
type Serve = (data: string, port: number) => Promise<{ readonly url: string; close(): Promise<void> }>;

const onNode: Serve = (data, port) => startService({ data, port, registration: 'open' });

/** A fresh folder with a service and two organisations that verified each other. */
export async function twoOrganisations(
  rowsA: readonly Row[],
  rowsB: readonly Row[],
  serve: Serve = onNode,
): Promise<Pair> {
  const folder = mkdtempSync(join(tmpdir(), 'commonground-test-'));
  const data = join(folder, 'service');
  let service = await serve(data, 0);
  const { url } = service;
  const a = await organisation(folder, 'a', url);
  const b = await organisation(folder, 'b', url);
  await importRows(a, folder, rowsA);
  await importRows(b, folder, rowsB);
  const { partnership, text } = await invite(a, 'b', systemRandom);
  const accepted = await acceptInvitation(b, readInvitation(text), 'a', systemRandom);
  const founder = await introduce(a, partnership, await a.client().partnership(partnership.id));
  const joiner = await introduce(b, accepted, await b.client().partnership(accepted.id));
  verify(a, founder, joiner.phrase ?? '');
  verify(b, joiner, founder.phrase ?? '');
  const pool = openPool(2);
  return {
    folder,
    url,
    a,
    b,
    pool,
    partnership: (agent) => getPartnership(agent.store, founder.id),
    sync: () => syncBoth([a, b], founder.id, pool),
    down: () => service.close(),
    async up() {
      service = await serve(data, Number(new URL(url).port));
    },
    async close() {
      a.close();
      b.close();
      await pool.close();
      await service.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** One after the other until neither has anything to do; gives what each did in all. */
async function syncBoth(
  agents: readonly [Agent, Agent],
  id: Partnership['id'],
  pool: CryptoPool,
): Promise<[SyncReport, SyncReport]> {
  const total = new Map<Agent, SyncReport>();
  for (let round = 0; round < 20; round++) {
    for (const agent of agents) {
      const report = await syncPartnership(agent, id, pool, { progress: () => undefined, waitUntilMs: null });
      const before = total.get(agent);
      total.set(agent, {
        ...report,
        requested: report.requested + (before?.requested ?? 0),
        evaluated: report.evaluated + (before?.evaluated ?? 0),
        submitted: report.submitted ?? before?.submitted ?? null,
      });
    }
    const [a, b] = agents.map((agent) => total.get(agent));
    if (a && b && a.waiting === null && b.waiting === null && round > 0) return [a, b];
  }
  throw new Error(`the sync does not come to rest: ${JSON.stringify([...total.values()])}`);
}

async function organisation(folder: string, name: string, url: string): Promise<Agent> {
  const home = homeAt(join(folder, name));
  const lock = { keyFile: join(folder, `${name}.key`) };
  await createKeyring(
    home,
    { name: `Organisation ${name}`, lock, service: url },
    { random: systemRandom, nowMs: Date.now() },
  );
  const agent = await openAgent(home, Date.now);
  await new Client(url, agent.keyring, Date.now).register({});
  for (const [population, text] of [
    ['customers', 'type = Customer'],
    ['prospects', 'type = Prospect'],
  ] as const) {
    const rule = parseRule(text);
    if (rule.ok) putPopulation(agent.store, { name: population, text, rule: rule.value });
  }
  return agent;
}

/** Replaces the organisation's only source by these rows. */
export async function importRows(agent: Agent, folder: string, rows: readonly Row[]): Promise<void> {
  const file = join(folder, 'rows.csv');
  const lines = rows.map(([id, name, domain, type = 'Customer', owner = 'Ann Owner']) =>
    [id, name, domain, type, owner].map((cell) => `"${cell.replaceAll('"', '""')}"`).join(','),
  );
  writeFileSync(file, ['Id,Name,Website,Type,Owner', ...lines].join('\n'));
  await importSource(agent.store, 'crm', await openExport(file), { keep: true, now: timestamp(Date.now()) });
}

/** Grants the same to each other and syncs both sides to rest. */
export async function grantBoth(pair: Pair, grant: GrantOptions = EVERYTHING): Promise<void> {
  await grantScope(pair.a, pair.partnership(pair.a), grant);
  await grantScope(pair.b, pair.partnership(pair.b), grant);
}

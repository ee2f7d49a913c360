/**
 * Scores matching on a labelled pair of lists: DIR/a.csv and DIR/b.csv go through the real service as two organisations
 * with the full protocol, and the pairs found are compared with DIR/truth.csv (columns a_id, b_id, label; label 1 is a
 * match). A found pair that truth.csv does not label as a match counts as a false one.
 */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { systemRandom } from '../protocol/hash.ts';
import { EVALUATED_KINDS, KINDS, type Kind } from '../protocol/identifiers/kind.ts';
import type { Tier } from '../protocol/tier.ts';
import { type Agent, openAgent, timestamp } from '../src/agent/agent.ts';
import { askOverlap, type OverlapRow } from '../src/agent/answers.ts';
import { Client } from '../src/agent/client.ts';
import { openPool } from '../src/agent/crypto/pool.ts';
import { homeAt, writeConfiguration } from '../src/agent/home.ts';
import { openExport } from '../src/agent/import/export.ts';
import { parseMap } from '../src/agent/import/layout.ts';
import { readTable } from '../src/agent/import/table.ts';
import { createKeyring } from '../src/agent/keyring.ts';
import { acceptInvitation, introduce, invite, readInvitation, verify } from '../src/agent/partners.ts';
import { grantScope } from '../src/agent/scopes/granting.ts';
import { toEverybody } from '../src/agent/scopes/presets.ts';
import { importSource, putPopulation } from '../src/agent/store/lists.ts';
import { getPartnership, type Partnership } from '../src/agent/store/partnerships.ts';
import { syncPartnership } from '../src/agent/sync/sync.ts';
import { startService } from '../src/service/node.ts';

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    map: { type: 'string', multiple: true },
    help: { type: 'boolean', short: 'h' },
  },
});
const [directory] = positionals;
if (options.help || !directory) {
  console.log(
    'npm run score -- DIR [--map column=meaning]\n\nDIR holds a.csv, b.csv and truth.csv (a_id, b_id, label). Columns are recognised by their headers; --map overrides.',
  );
  process.exit(options.help ? 0 : 2);
}
for (const file of ['a.csv', 'b.csv', 'truth.csv']) {
  if (existsSync(join(directory, file))) continue;
  console.error(`commonground: ${join(directory, file)} is not there; nothing was scored`);
  process.exit(2);
}

const BUDGET = Object.fromEntries(EVALUATED_KINDS.map((kind) => [kind, 100_000_000]));
const folder = mkdtempSync(join(tmpdir(), 'commonground-score-'));
const service = await startService({ port: 0, data: join(folder, 'service'), registration: 'open' });
const pool = openPool();
const begun = performance.now();
try {
  const a = await organisation('a');
  const b = await organisation('b');
  const [partnershipA, partnershipB] = await connect(a.agent, b.agent);
  const waitUntilMs = Date.now() + 3_600_000;
  const [reportA, reportB] = await Promise.all([
    syncPartnership(a.agent, partnershipA, pool, { progress: progress('a'), waitUntilMs }),
    syncPartnership(b.agent, partnershipB, pool, { progress: progress('b'), waitUntilMs }),
  ]);
  const found = await foundPairs(a.agent, b.agent, partnershipA, partnershipB);
  const truth = await readTruth(join(directory, 'truth.csv'));
  const confirmed = found.filter(({ tier }) => tier === 'confirmed');
  const result = {
    pairs: truth.size,
    // The confirmed tier alone, then with what a person would have to look at.
    ...scoreOf(confirmed, truth),
    both: scoreOf(found, truth),
    byKind: byKind(found, truth),
    elementsPerAccount: round((reportA.requested + reportB.requested) / (a.accounts + b.accounts)),
    seconds: round((performance.now() - begun) / 1000),
  };
  a.agent.close();
  b.agent.close();
  console.log(JSON.stringify(result));
} finally {
  await pool.close();
  await service.close();
  rmSync(folder, { recursive: true, force: true });
}

async function organisation(name: 'a' | 'b'): Promise<{ agent: Agent; accounts: number }> {
  const home = homeAt(join(folder, name));
  const lock = { keyFile: join(folder, `${name}.key`) };
  await createKeyring(
    home,
    { name: `Organisation ${name}`, lock, service: service.url },
    { random: systemRandom, nowMs: Date.now() },
  );
  writeConfiguration(home, { service: service.url, keyFile: lock.keyFile });
  const agent = await openAgent(home, Date.now);
  await new Client(service.url, agent.keyring, Date.now).register({});
  const file = await openExport(
    join(directory ?? '', `${name}.csv`),
    options.map ? { map: parseMap(options.map) } : {},
  );
  const summary = await importSource(agent.store, name, file, { keep: true, now: timestamp(Date.now()) });
  if (summary.rejectedCount > 0)
    console.error(`${name}.csv: ${summary.rejectedCount} rows without usable content`);
  putPopulation(agent.store, { name: 'all', text: 'all', rule: { kind: 'all' } });
  return { agent, accounts: summary.added };
}

async function connect(a: Agent, b: Agent): Promise<[Partnership['id'], Partnership['id']]> {
  const { partnership, text } = await invite(a, 'b', systemRandom);
  const joined = await acceptInvitation(b, readInvitation(text), 'a', systemRandom);
  const founder = await introduce(a, partnership, await a.client().partnership(partnership.id));
  const joiner = await introduce(b, joined, await b.client().partnership(joined.id));
  verify(a, founder, joiner.phrase ?? '');
  verify(b, joiner, founder.phrase ?? '');
  for (const [agent, id] of [
    [a, founder.id],
    [b, joiner.id],
  ] as const) {
    await grantScope(agent, getPartnership(agent.store, id), {
      populations: ['all'],
      rules: [
        {
          population: 'all',
          partnerPopulation: '*',
          roles: toEverybody({ level: 'fields', fields: ['account_name'], whiteSpace: 'none', review: true }),
        },
      ],
      budget: BUDGET,
    });
  }
  return [founder.id, joiner.id];
}

/** A pair of records, with what made it one. */
interface Found {
  readonly pair: string;
  readonly tier: Tier;
  readonly kinds: readonly Kind[];
}

/** Every pair as `a_id b_id`: joined by the two handles, which both sides' answers name in mirrored order. */
async function foundPairs(
  a: Agent,
  b: Agent,
  idA: Partnership['id'],
  idB: Partnership['id'],
): Promise<Found[]> {
  const records = new Map<string, OverlapRow['records']>();
  for await (const row of askOverlap(b, getPartnership(b.store, idB), {}))
    records.set(`${row.theirHandle} ${row.myHandle}`, row.records);
  const pairs: Found[] = [];
  for await (const row of askOverlap(a, getPartnership(a.store, idA), {})) {
    const other = records.get(`${row.myHandle} ${row.theirHandle}`);
    if (other === undefined) throw new Error('the two sides were answered with different pairs');
    // Rows of one company are one account; the truth is about rows.
    for (const mine of row.records) {
      for (const theirs of other)
        pairs.push({ pair: `${mine.record} ${theirs.record}`, tier: row.tier, kinds: row.matchedBy });
    }
  }
  return pairs;
}

function scoreOf(found: readonly Found[], truth: ReadonlySet<string>) {
  const right = found.filter(({ pair }) => truth.has(pair)).length;
  return {
    found: found.length,
    recall: round(truth.size === 0 ? 1 : right / truth.size),
    precision: round(found.length === 0 ? 1 : right / found.length),
  };
}

/** For each kind that matched anything: the pairs that it matched, and how many of them are right. */
function byKind(found: readonly Found[], truth: ReadonlySet<string>) {
  const rows = KINDS.map((kind) => {
    const matched = found.filter(({ kinds }) => kinds.includes(kind));
    return [
      kind,
      { found: matched.length, right: matched.filter(({ pair }) => truth.has(pair)).length },
    ] as const;
  });
  return Object.fromEntries(rows.filter(([, { found: count }]) => count > 0));
}

async function readTruth(path: string): Promise<Set<string>> {
  const table = await readTable(path);
  const [a, b, label] = ['a_id', 'b_id', 'label'].map((column) => table.columns.indexOf(column));
  if (a === undefined || b === undefined || label === undefined || Math.min(a, b, label) < 0) {
    throw new Error(`${path} needs the columns a_id, b_id and label`);
  }
  const pairs = new Set<string>();
  for await (const row of table.rows) {
    if ('cells' in row && row.cells[label] === '1') pairs.add(`${row.cells[a]} ${row.cells[b]}`);
  }
  return pairs;
}

function progress(side: string): (phase: string, done: number, total: number) => void {
  return (phase, done, total) => {
    if (done >= total) console.error(`${side}: ${phase} ${total}`);
  };
}

function round(value: number): number {
  return Math.round(value * 10_000) / 10_000;
}

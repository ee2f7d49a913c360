/**
 * Questions about a large partnership: a million accounts a side, 100,000 pairs, five populations a side, everything
 * granted. The decision and the matrix are timed in this process, as CPU time; pages are asked over HTTP of a service that is a process
 * of its own, by viewers who each turn a page a second, or every five, anywhere in the list.
 */
import { execFileSync, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { concat, toHex } from '../../protocol/bytes.ts';
import { type Side, sideNumber } from '../../protocol/ids.ts';
import { fieldNumber, type Scope, scopeHash } from '../../protocol/scope.ts';
import type { Call } from '../../src/service/partnership/context.ts';
import { sealCursor } from '../../src/service/partnership/cursor.ts';
import { run } from '../../src/service/partnership/operations.ts';
import { STEP_ROWS, work } from '../../src/service/partnership/work.ts';
import { decide } from '../../src/service/policy/decide.ts';
import { nodePartnershipStore } from '../../src/service/storage/files.ts';
import { openDatabase, type Sqlite } from '../../src/sqlite.ts';
import { startServiceProcess } from '../support/processes.ts';
import { ruleOf, scopeWith } from '../support/scopes.ts';
import { answerOf, grantScope, makePartnership, requestOf } from '../support/service-app.ts';
import { makeSignedScope, type TestParty } from '../support/service-parties.ts';
import { makeSubmission } from '../support/service-rows.ts';
import { freePort } from './mapping.ts';
import type { Turning } from './viewers.ts';

export interface Questions {
  readonly accounts: number;
  readonly pairs: number;
  /** CPU time of a decision, microseconds, and of a matrix of 5 × 5 with its ledger entry. */
  readonly decisionMicros: number;
  readonly matrixMs: number;
  /** CPU time of a page of 100 overlaps within the partnership's operation, mean. */
  readonly pageCpuMs: number;
  readonly pages: readonly Pages[];
}

/** Viewers who turn a page every so many seconds. */
export interface Pages {
  readonly viewers: number;
  readonly everySeconds: number;
  readonly asked: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

const POPULATIONS = ['customers', 'prospects', 'open-opportunities', 'partners', 'former-customers'];
const NOW_MS = Date.parse('2026-03-15T00:00:00Z');
const VIEWERS = 50;
const PAGE_ROWS = 100;
/** Seconds between two pages of a viewer: who reads the hundred accounts takes longer than either. */
const PACES = [1, 5];
/** A service that is asked that much compiles what it does most in its first minute; thousands of pages come before the measured. */
const WARMING = { turns: 60, everySeconds: 0.25 };
const FIELDS_SEALED = ['account_name', 'owner'] as const;

export async function benchQuestions(accounts: number, pairs: number, seconds: number): Promise<Questions> {
  const folder = mkdtempSync(join(tmpdir(), 'commonground-questions-'));
  const port = await freePort();
  const service = await startServiceProcess(folder, `127.0.0.1:${port}`, port, undefined, [
    '--rate',
    '100000',
  ]);
  try {
    const nowMs = Date.now();
    const host = `127.0.0.1:${port}`;
    const called = {
      host,
      clock: { nowMs },
      call: async (method: string, path: string, options = {}) =>
        answerOf(await fetch(`http://${host}${path}`, requestOf(method, options))),
    };
    const world = await makePartnership('signed', called);
    const path = join(folder, 'partnerships', `${world.pair.partnership}.db`);
    const database = openDatabase(path);
    const rules = POPULATIONS.map((name) =>
      ruleOf(name, '*', { level: 'fields', fields: FIELDS_SEALED, whiteSpace: 'names', review: true }),
    );
    const heads = {} as Record<Side, { head: Uint8Array; scope: Uint8Array }>;
    for (const side of ['founder', 'joiner'] as const) {
      const scope = makeSignedScope(world.pair, side, { populations: POPULATIONS, rules, minimumCount: 5 });
      const put = await grantScope(world, side, 1, scope);
      if (put.status !== 200) throw new Error(`no scope: ${put.code}`);
      heads[side] = { head: makeSubmission(world.pair, side, 1, scope, []).head, scope };
    }
    const store = nodePartnershipStore(database);
    store.atomic(() => fill(database, accounts, pairs, heads));
    store.run(
      'update sides set matching_submission = active_submission, active_submission = null where side = 1',
    );
    while (store.atomic(() => work(store, nowMs, STEP_ROWS)));
    // A list comes in chunks, whose writes reach the file one after another: no question reads it out of a long journal.
    database.compact();
    const found = store.all<{ n: number }>('select count(*) as n from shown_pairs where side = 1')[0]?.n ?? 0;

    const call: Call = {
      partnership: world.pair.partnership,
      parties: {
        founder: { ...partyOf(world.pair.founder) },
        joiner: { ...partyOf(world.pair.joiner) },
      },
      caller: 'founder',
      asker: { role: 'agent', member: null },
      nowMs,
      limits: { elements: 1, records: 1 },
    };
    const matrixMs = cpuOf(20, () => run(store, 'matrix', call, {}));
    const cursors = cursorsOf(database);
    const one = (cursor: string | undefined) => run(store, 'overlap', call, { limit: PAGE_ROWS, cursor });
    for (const cursor of cursors.slice(-1000)) one(cursor);
    const pageCpuMs = cpuOf(200, (i) => one(cursors[i]));
    database.close();
    // The ledger's writes are not to wait behind those of the lists.
    execFileSync('sync');
    const turning = {
      port,
      path: `${world.base}/overlap`,
      token: world.tokens.founder,
      bodies: cursors.map((cursor) => JSON.stringify({ limit: PAGE_ROWS, cursor })),
      viewers: VIEWERS,
    };
    await turned({ ...turning, ...WARMING });
    const pages: Pages[] = [];
    for (const everySeconds of PACES) {
      // Fewer turns of slow viewers: they would take five times as long.
      const turns = Math.ceil(seconds / Math.sqrt(everySeconds));
      const times = await turned({ ...turning, turns, everySeconds });
      times.sort((a, b) => a - b);
      const at = (part: number) => times[Math.floor(times.length * part)] ?? 0;
      pages.push({ viewers: VIEWERS, everySeconds, asked: times.length, p50Ms: at(0.5), p99Ms: at(0.99) });
    }
    return {
      accounts,
      pairs: found,
      decisionMicros: benchDecision(scopeWith({ populations: POPULATIONS, rules })),
      matrixMs,
      pageCpuMs,
      pages,
    };
  } finally {
    service.kill();
    await service.ended;
    rmSync(folder, { recursive: true, force: true });
  }
}

function partyOf({ organisation, agent }: TestParty): Call['parties'][Side] {
  return { organisation, agentKey: agent.publicKey, rosters: [], isSolo: true, removed: [] };
}

/** Both lists as submissions leave them, made in SQL: a domain each, the joiner's with boxes, fields and keys. */
function fill(
  database: Sqlite,
  accounts: number,
  pairs: number,
  heads: Readonly<Record<Side, { readonly head: Uint8Array; readonly scope: Uint8Array }>>,
): void {
  const one = `(1 << abs(random() % ${POPULATIONS.length}))`;
  const numbers = `with recursive n(i) as (select 0 union all select i + 1 from n where i + 1 < ${accounts})`;
  database.exec(`
    create temp table list (side integer, i integer, handle blob, tag blob, populations integer, primary key (side, i));
    insert into list ${numbers}
      select 0, i, randomblob(16), randomblob(16), ${one} | iif(random() % 5 = 0, ${one}, 0) from n;
    insert into list ${numbers}
      select 1, n.i, randomblob(16), iif(n.i < ${pairs}, f.tag, randomblob(16)), ${one} | iif(random() % 5 = 0, ${one}, 0)
      from n join list f on f.side = 0 and f.i = n.i;
    insert into accounts select side, 1, handle, populations, 1 from list order by side, handle;
    insert into tags select side, 1, tag, handle, 1 from list order by side, tag, handle;
    insert into boxes select 1, 1, tag, handle, p.value, randomblob(16)
      from list, json_each('${JSON.stringify(POPULATIONS.map((_, index) => index))}') p
      where side = 1 and populations >> p.value & 1 order by tag, handle, p.value;
    insert into wraps select 1, 1, tag, handle, randomblob(72) from list where side = 1 order by tag, handle;
    insert into fields select 1, 1, handle, f.value, randomblob(48)
      from list, json_each('${JSON.stringify(FIELDS_SEALED.map(fieldNumber))}') f
      where side = 1 order by handle, f.value;
    drop table list;
  `);
  for (const side of ['founder', 'joiner'] as const) {
    database.run(
      'insert into submissions (side, number, head, scope_hash, activated) values (?, 1, ?, ?, 1)',
      sideNumber(side),
      heads[side].head,
      scopeHash(heads[side].scope),
    );
  }
  database.run('update sides set active_submission = 1, last_submission = 1');
}

/** Cursors that begin a page anywhere in the list. */
function cursorsOf(database: Sqlite): string[] {
  return database
    .all<{ f: Uint8Array; j: Uint8Array }>(
      'select viewer_handle as f, shown_handle as j from shown_pairs where side = 1 order by random() limit 2000',
    )
    .map(({ f, j }) =>
      sealCursor('overlap', 'founder', { snapshot: 1, entry: 0, position: toHex(concat(f, j)) }),
    );
}

/** How long each page took, milliseconds. */
async function turned(turning: Turning): Promise<number[]> {
  const viewers = fork(new URL('./viewers.ts', import.meta.url));
  viewers.send(turning);
  const ended = once(viewers, 'exit').then(() => {
    throw new Error('the viewers broke off');
  });
  const [times] = (await Promise.race([once(viewers, 'message'), ended])) as [number[]];
  return times;
}

/** One cell under a scope of five rules that demands as much back. */
function benchDecision(scope: Scope): number {
  const granting = { ...scope, reciprocity: true, competitors: true };
  const asked = (i: number) =>
    decide({
      granting,
      viewing: scope,
      ownLimit: { level: 'accounts', fields: [], whiteSpace: 'counts', review: true },
      role: i % 2 === 0 ? 'sales' : 'clean-team',
      grantingPopulation: POPULATIONS[i % POPULATIONS.length] ?? '',
      viewingPopulation: POPULATIONS[(i >> 3) % POPULATIONS.length] ?? '',
      nowMs: NOW_MS,
    });
  for (let i = 0; i < 20_000; i++) asked(i);
  return 1000 * cpuOf(200_000, asked);
}

/** Mean CPU time of the work, milliseconds: what other processes do meanwhile is not in it. */
function cpuOf(times: number, work: (index: number) => unknown): number {
  const begun = process.cpuUsage();
  for (let i = 0; i < times; i++) work(i);
  const used = process.cpuUsage(begun);
  return (used.user + used.system) / 1000 / times;
}

/**
 * The service under load, as a process of its own: chunks and questions of 50 clients at once, and how soon it answers
 * others while one partnership matches. `node test/bench/load.ts [SECONDS]`, with 0 only the latter.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import autocannon, { type Request, type Result } from 'autocannon';
import { concat, uint } from '../../protocol/bytes.ts';
import { systemRandom } from '../../protocol/hash.ts';
import type { Side } from '../../protocol/ids.ts';
import { startServiceProcess } from '../support/processes.ts';
import {
  activate,
  answerOf,
  type CalledService,
  makePartnership,
  putChunk,
  putSubmission,
  requestOf,
  type TestPartnership,
} from '../support/service-app.ts';
import { makeSignedScope } from '../support/service-parties.ts';
import { submissionOf, type TestRecords, type TestSubmission } from '../support/service-rows.ts';

const BOTH: readonly Side[] = ['founder', 'joiner'];
const CLIENTS = 50;

type Work = Omit<TestPartnership, 'service'>;

/** What many clients at once got. */
export interface Load {
  readonly answered: number;
  /** Requests that failed, timed out or were refused. */
  readonly failed: number;
  readonly perSecond: number;
  readonly megabytesPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Resident memory of the service at the end of it. */
  readonly megabytes: number;
}

export interface LoadReport {
  readonly chunks: Load;
  /** The same questions in three spans of time, one after another. */
  readonly questions: readonly Load[];
  readonly peakMegabytes: number;
}

/** Runs the load of 50 clients, two a partnership, for so long each. */
export async function measureLoad(seconds: number, accounts: number): Promise<LoadReport> {
  return await withService([], async (service, url, pid) => {
    const shared = randomTags(accounts);
    const lists = { founder: listOf(shared), joiner: listOf(shared) };
    const clients: { readonly work: Work; readonly side: Side; readonly submission: TestSubmission }[] = [];
    for (let i = 0; i < CLIENTS / 2; i++) {
      const work = await makePartnership('scoped', service);
      for (const side of BOTH) {
        const submission = submissionOf(work.pair, side, 1, makeScope(work, side), lists[side], 500);
        must(await putSubmission(work, side, submission));
        clients.push({ work, side, submission });
      }
    }
    const uploads = clients.map(({ work, side, submission }) =>
      submission.chunks.map((body, index) => ({
        method: 'PUT',
        path: `${work.base}/submissions/1/chunks/${index}`,
        headers: { authorization: `Bearer ${work.tokens[side]}`, 'content-type': 'application/octet-stream' },
        body: Buffer.from(body),
      })),
    );
    const chunks = await fire(url, pid, seconds, uploads);
    for (const { work, side, submission } of clients) {
      for (const index of submission.chunks.keys()) must(await putChunk(work, side, submission, index));
      must(await activate(work, side, 1));
    }
    const questions = clients.map(({ work, side }) =>
      ['matrix', 'overlap', 'whitespace', 'ledger'].map((question) => ({
        method: 'POST',
        path: `${work.base}/${question}`,
        headers: { authorization: `Bearer ${work.tokens[side]}`, 'content-type': 'application/json' },
        body: question === 'overlap' || question === 'whitespace' ? '{"limit":100}' : '{}',
      })),
    );
    const spans: Load[] = [];
    for (let i = 0; i < 3; i++) spans.push(await fire(url, pid, seconds, questions));
    return { chunks, questions: spans, peakMegabytes: memoryOf(pid, 'VmHWM') };
  });
}

interface Quickness {
  readonly threads: number;
  readonly matchSeconds: number;
  /** Of GET /healthz, one after another from the start of the matching to its end, milliseconds. */
  readonly healthMs: { readonly asked: number; readonly p50: number; readonly max: number };
  /** Of another partnership's matrix in the same time. */
  readonly otherMs: { readonly asked: number; readonly p50: number; readonly max: number };
}

/** How soon others are answered while one partnership matches two lists of so many tags, of which all are equal. */
async function measureQuickness(threads: number, tags: number): Promise<Quickness> {
  const options = ['--threads', String(threads)];
  return await withService(options, async (service, url) => {
    const other = await makePartnership('scoped', service);
    const work = await makePartnership('scoped', service);
    const shared = randomTags(tags);
    for (const side of BOTH) {
      const submission = submissionOf(work.pair, side, 1, makeScope(work, side), listOf(shared), 7000);
      // So long a computation keeps this process from noticing which connections have been closed.
      await sleep(100);
      must(await putSubmission(work, side, submission));
      for (const index of submission.chunks.keys()) must(await putChunk(work, side, submission, index));
    }
    must(await activate(work, 'founder', 1));
    let isDone = false;
    const begun = performance.now();
    const matching = activate(work, 'joiner', 1).then((answer) => {
      must(answer);
      isDone = true;
      return (performance.now() - begun) / 1000;
    });
    const timed = async (ask: () => Promise<unknown>) => {
      const times: number[] = [];
      while (!isDone) {
        const asked = performance.now();
        await ask();
        times.push(performance.now() - asked);
        await sleep(5);
      }
      times.sort((a, b) => a - b);
      return { asked: times.length, p50: times[times.length >> 1] ?? 0, max: times.at(-1) ?? 0 };
    };
    const [healthMs, otherMs] = await Promise.all([
      timed(async () => await (await fetch(`${url}/healthz`)).text()),
      timed(async () => must(await other.as('founder', 'POST', '/matrix', { json: {} }))),
    ]);
    return { threads, matchSeconds: await matching, healthMs, otherMs };
  });
}

async function withService<Value>(
  options: readonly string[],
  work: (service: CalledService, url: string, pid: number) => Promise<Value>,
): Promise<Value> {
  const folder = mkdtempSync(join(tmpdir(), 'commonground-load-'));
  const running = await startServiceProcess(folder, 'service.test', 0, undefined, options);
  const url = `http://127.0.0.1:${running.port}`;
  const service: CalledService = {
    clock: { nowMs: Date.now() },
    host: new URL(url).host,
    async call(method, path, call = {}) {
      return await answerOf(await fetch(url + path, requestOf(method, call)));
    },
  };
  try {
    return await work(service, url, running.pid);
  } finally {
    running.kill();
    await running.ended;
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A client sends its requests one after another, and again from the first. */
async function fire(
  url: string,
  pid: number,
  seconds: number,
  clients: readonly (readonly Request[])[],
): Promise<Load> {
  let next = 0;
  const result: Result = await autocannon({
    url,
    connections: clients.length,
    duration: seconds,
    // What a machine that does other things needs for an answer is no failure.
    timeout: 60,
    setupClient: (client) => client.setRequests(clients[next++ % clients.length] ?? []),
  });
  return {
    answered: result['2xx'],
    failed: result.errors + result.timeouts + result.non2xx,
    perSecond: Math.round(result.requests.average),
    megabytesPerSecond: Math.round(result.throughput.average / 1e5) / 10,
    p50Ms: result.latency.p50,
    p99Ms: result.latency.p99,
    megabytes: memoryOf(pid, 'VmRSS'),
  };
}

/** An account of its own for each tag. */
function listOf(tags: readonly Uint8Array[]): TestRecords {
  const handles = tags.map(() => systemRandom(16));
  const both = tags.map((tag, i) => concat(tag, handles[i] ?? tag));
  return {
    accounts: handles.map((handle) => concat(handle, uint(1, 1), uint(1, 1))),
    tags: both.map((key) => concat(key, uint(1, 1))),
    boxes: both.map((key) => concat(key, uint(0, 1), systemRandom(16))),
    wraps: [],
    fields: [],
    names: [],
  };
}

function randomTags(count: number): Uint8Array[] {
  return Array.from({ length: count }, () => systemRandom(16));
}

function makeScope(work: Work, side: Side): Uint8Array {
  // What `makePartnership` has put: Ed25519 signatures are always the same.
  return makeSignedScope(work.pair, side);
}

function must(answer: { readonly status: number; readonly code: string | null }): void {
  if (answer.status >= 300) throw new Error(`${answer.status} ${answer.code}`);
}

/** Memory of a process, megabytes: VmRSS what it has, VmHWM what it had at most. */
function memoryOf(pid: number, field: 'VmRSS' | 'VmHWM'): number {
  const found = new RegExp(`${field}:\\s+(\\d+) kB`).exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  return Math.round(Number(found?.[1] ?? 0) / 1024);
}

if (import.meta.main) {
  const seconds = Number(process.argv[2] ?? 15);
  if (seconds > 0) console.log(JSON.stringify(await measureLoad(seconds, 10_000), null, 2));
  for (const threads of [0, 2]) console.log(JSON.stringify(await measureQuickness(threads, 300_000)));
}

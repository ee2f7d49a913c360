/**
 * Many partnerships on one service: `node test/bench/scale.ts [PARTNERSHIPS] [IN_USE]`, 1,000 and 200 by default, on Node
 * and on workerd. All are created; those in use then upload, match and ask at once.
 */
import { systemRandom } from '../../protocol/hash.ts';
import type { Side } from '../../protocol/ids.ts';
import { activated, must, type Work } from '../conformance/work.ts';
import { type Answer, makePartnership, putChunk, putSubmission } from '../support/service-app.ts';
import { makeSignedScope } from '../support/service-parties.ts';
import { makeSubmission } from '../support/service-rows.ts';
import { loggedIn, RUNTIMES, type Runtime, withRuntime } from './runtime.ts';

export interface Scale {
  readonly partnerships: number;
  readonly inUse: number;
  readonly createSeconds: number;
  readonly useSeconds: number;
  readonly requests: number;
  /** Requests that failed or were refused. */
  readonly errors: number;
  /** Of single requests while all are in use, milliseconds. */
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
  readonly peakMegabytes: number;
}

const AT_ONCE = 16;
const ROUNDS = 5;
const ACCOUNTS = 40;
const BOTH: readonly Side[] = ['founder', 'joiner'];

export async function measureScale(runtime: Runtime, partnerships: number, inUse: number): Promise<Scale> {
  return await withRuntime(runtime, async ({ service, peakMegabytes }) => {
    const begun = performance.now();
    const all: Work[] = [];
    await inParallel(
      AT_ONCE,
      partnerships,
      async () => void all.push(await makePartnership('scoped', service)),
    );
    const created = performance.now();
    const times: number[] = [];
    let errors = 0;
    const asked = async (request: () => Promise<Answer>): Promise<Answer> => {
      const from = performance.now();
      const answer = await request();
      times.push(performance.now() - from);
      if (answer.status >= 300) errors++;
      return answer;
    };
    // All of them at the same time, each with both its sides one after another.
    await inParallel(inUse, inUse, async (index) => {
      const work = all[index];
      // Tokens last ten minutes, and to create all may take longer.
      if (work) await use(await loggedIn(service, work), asked);
    });
    const used = performance.now();
    times.sort((a, b) => a - b);
    const at = (part: number) => Math.round(times[Math.floor(part * (times.length - 1))] ?? 0);
    return {
      partnerships: all.length,
      inUse,
      createSeconds: Math.round((created - begun) / 100) / 10,
      useSeconds: Math.round((used - created) / 100) / 10,
      requests: times.length,
      errors,
      p50Ms: at(0.5),
      p99Ms: at(0.99),
      maxMs: at(1),
      peakMegabytes: peakMegabytes(),
    };
  });
}

async function use(work: Work, asked: (request: () => Promise<Answer>) => Promise<Answer>): Promise<void> {
  const shared = Array.from({ length: ACCOUNTS / 2 }, () => systemRandom(16));
  for (const side of BOTH) {
    const accounts = Array.from({ length: ACCOUNTS }, (_, i) => ({
      handle: systemRandom(16),
      populations: [i % 2],
      tags: [{ tag: shared[i] ?? systemRandom(16), kind: 'domain' as const }],
    }));
    const submission = makeSubmission(work.pair, side, 1, makeSignedScope(work.pair, side), accounts);
    await asked(() => putSubmission(work, side, submission));
    for (const index of submission.chunks.keys()) await asked(() => putChunk(work, side, submission, index));
    await asked(() => activated(work, side, 1));
  }
  for (let round = 0; round < ROUNDS; round++) {
    for (const side of BOTH) {
      for (const question of ['matrix', 'overlap', 'whitespace', 'ledger']) {
        must(await asked(() => work.as(side, 'POST', `/${question}`, { json: {} })));
      }
    }
  }
}

async function inParallel(
  width: number,
  count: number,
  work: (index: number) => Promise<void>,
): Promise<void> {
  let next = 0;
  const worker = async () => {
    while (next < count) await work(next++);
  };
  await Promise.all(Array.from({ length: Math.min(width, count) }, worker));
}

if (import.meta.main) {
  const [partnerships = 1000, inUse = 200] = process.argv.slice(2).map(Number);
  for (const runtime of RUNTIMES) {
    console.log(JSON.stringify({ runtime, ...(await measureScale(runtime, partnerships, inUse)) }));
  }
}

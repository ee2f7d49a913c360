/** `npm run bench:edge -- [TAGS]`: the same work asked of the service on Node and on workerd, over HTTP, in one run. */
import { systemRandom } from '../../protocol/hash.ts';
import { activated, must } from '../conformance/work.ts';
import { makePartnership } from '../support/service-app.ts';
import { longList, upload } from './lists.ts';
import { loggedIn, RUNTIMES, type Runtime, withRuntime } from './runtime.ts';

interface Measured {
  /** One chunk of records, milliseconds at the median, and rows a second over all. */
  readonly chunkMs: number;
  readonly rowsPerSecond: number;
  /** From the activation of the second list to its snapshot, seconds: checks, join, pairs and counts. */
  readonly matchSeconds: number;
  /** Milliseconds at the median and at the 99th percentile. */
  readonly matrixMs: readonly [number, number];
  readonly overlapMs: readonly [number, number];
  readonly pairs: number;
  readonly peakMegabytes: number;
}

const ASKED = 200;

/** Two lists of so many tags, of which a tenth is shared. */
async function measure(runtime: Runtime, tags: number): Promise<Measured> {
  return await withRuntime(runtime, async ({ service, peakMegabytes }) => {
    const made = await makePartnership('scoped', service);
    let work = made;
    const shared = Array.from({ length: tags / 10 }, () => systemRandom(16));
    const chunkTimes: number[] = [];
    let matchSeconds = 0;
    for (const side of ['founder', 'joiner'] as const) {
      work = await loggedIn(service, made);
      await upload(work, side, longList(work, side, 1, tags, shared), async (request) => {
        const from = performance.now();
        const value = await request();
        chunkTimes.push(performance.now() - from);
        return value;
      });
      const begun = performance.now();
      must(await activated(work, side, 1));
      matchSeconds = (performance.now() - begun) / 1000;
    }
    const matrix = () => work.as('founder', 'POST', '/matrix', { json: {} });
    const { cells } = must(await matrix()).json as { cells: { confirmed: { pairs: number } }[] };
    const overlap = () => work.as('founder', 'POST', '/overlap', { json: { limit: 100 } });
    const seconds = chunkTimes.reduce((sum, ms) => sum + ms, 0) / 1000;
    return {
      chunkMs: percentile(chunkTimes, 0.5),
      rowsPerSecond: Math.round((6 * tags) / seconds),
      matchSeconds,
      matrixMs: await timed(matrix),
      overlapMs: await timed(overlap),
      pairs: cells[0]?.confirmed.pairs ?? 0,
      peakMegabytes: peakMegabytes(),
    };
  });
}

async function timed(ask: () => Promise<Parameters<typeof must>[0]>): Promise<readonly [number, number]> {
  const times: number[] = [];
  for (let i = 0; i < ASKED; i++) {
    const begun = performance.now();
    must(await ask());
    times.push(performance.now() - begun);
  }
  return [percentile(times, 0.5), percentile(times, 0.99)];
}

function percentile(times: readonly number[], part: number): number {
  const sorted = [...times].sort((a, b) => a - b);
  return Math.round((sorted[Math.floor(part * (sorted.length - 1))] ?? 0) * 10) / 10;
}

if (import.meta.main) {
  const tags = Number(process.argv[2] ?? 1_000_000);
  const results: Partial<Record<Runtime, Measured>> = {};
  for (const runtime of RUNTIMES) {
    results[runtime] = await measure(runtime, tags);
    console.log(runtime, JSON.stringify(results[runtime]));
  }
  const { node, workerd } = results;
  const ratio = (of: (measured: Measured) => number) =>
    node && workerd ? Math.round((of(workerd) / of(node)) * 100) / 100 : 0;
  console.log(
    JSON.stringify({
      tags,
      ...results,
      workerdToNode: {
        chunk: ratio(({ chunkMs }) => chunkMs),
        match: ratio(({ matchSeconds }) => matchSeconds),
        matrix: ratio(({ matrixMs }) => matrixMs[0]),
        overlap: ratio(({ overlapMs }) => overlapMs[0]),
      },
    }),
  );
}

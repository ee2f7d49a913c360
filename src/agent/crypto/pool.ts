/** A pool of worker threads, one a core, for the tasks of tasks.ts; little work is done at once, where it is asked for. */
import { availableParallelism } from 'node:os';
import { extname } from 'node:path';
import { setImmediate as breathe } from 'node:timers/promises';
import { Piscina } from 'piscina';
import { ELEMENT_BYTES } from '../../../protocol/sizes.ts';
import { blindChunk, evaluateChunk, finalizeChunk, makeRecords } from './tasks.ts';

const functions = { blindChunk, evaluateChunk, finalizeChunk, makeRecords };
type Name = keyof typeof functions;
type Task = { [N in Name]: Parameters<(typeof functions)[N]>[0] };
type Answer = { [N in Name]: ReturnType<(typeof functions)[N]> };
const TASKS: { readonly [N in Name]: (task: Task[N]) => Answer[N] } = functions;

/**
 * So many elements (identifiers or accounts, each up to half a millisecond) the caller's thread does itself before there
 * are workers: each takes longer than that to start, and most syncs bring little that is new.
 */
const ELEMENTS_HERE = 512;

export interface CryptoPool {
  run<N extends Name>(name: N, task: Task[N]): Promise<Answer[N]>;
  /** How many tasks are worth having under way at once. */
  readonly width: number;
  close(): Promise<void>;
}

export function openPool(threads = availableParallelism()): CryptoPool {
  const pool = new Piscina({
    // The built package has it as worker.js beside this file.
    filename: new URL(`./worker${extname(import.meta.url)}`, import.meta.url).href,
    minThreads: 0,
    maxThreads: threads,
    // A worker takes half a second of a core to start, and the steps of a sync leave gaps.
    idleTimeout: 10_000,
    // A chunk is a few megabytes; without a limit each worker lets its garbage grow with the machine's memory.
    resourceLimits: { maxOldGenerationSizeMb: 64, maxYoungGenerationSizeMb: 16 },
  });
  const underWay = new Set<Promise<unknown>>();
  let here = ELEMENTS_HERE;
  return {
    width: threads + 1,
    async run(name, task) {
      const count = elements(task);
      if (count <= here) {
        here -= count;
        return TASKS[name](task);
      }
      const result = pool.run(task, { name });
      underWay.add(result);
      const ended = () => void underWay.delete(result);
      result.then(ended, ended);
      return result;
    },
    // The answer of a worker that is ended while it works is an error that nobody can catch.
    async close() {
      await Promise.allSettled(underWay);
      await pool.destroy();
    },
  };
}

function elements(task: Task[Name]): number {
  if ('accounts' in task) return task.accounts.length;
  return 'values' in task ? task.values.length : task.blinded.length / ELEMENT_BYTES;
}

/**
 * Runs `work` over all items with at most `width` under way, and gives the results to `done` in the items' order. The event
 * loop turns between two items: answers of busy workers come without a turn of it, and then neither timers nor the network
 * are served, nor is the memory of rows that were read given back.
 */
export async function pipeline<Item, Output>(
  items: Iterable<Item> | AsyncIterable<Item>,
  width: number,
  work: (item: Item) => Promise<Output>,
  done: (output: Output, item: Item) => Promise<void> | void,
): Promise<void> {
  const running: { item: Item; output: Promise<Output> }[] = [];
  const finishFirst = async () => {
    const first = running.shift();
    if (!first) return;
    await done(await first.output, first.item);
    await breathe();
  };
  for await (const item of items) {
    const output = work(item);
    // Its failure is seen when its turn comes; until then it must not count as unhandled.
    output.catch(() => undefined);
    running.push({ item, output });
    if (running.length >= width) await finishFirst();
  }
  while (running.length > 0) await finishFirst();
}

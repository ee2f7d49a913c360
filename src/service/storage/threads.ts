/**
 * Partnerships in worker threads, so that requests are answered while one of them matches. All operations of one
 * partnership that are under way are in one thread, in the order in which they came; otherwise it goes where the least
 * is to be done. Several threads may have its file open, which SQLite allows.
 */
import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { PartnershipId } from '../../../protocol/ids.ts';
import type { Partnership } from '../partnership/operations.ts';
import type { FromThread, Step, Task, ThreadSettings, ToThread } from './messages.ts';

export interface Threads {
  readonly partnership: (id: PartnershipId) => Partnership;
  /** A step of the work that operations left behind; true while more is left. */
  step(id: PartnershipId, nowMs: number): Promise<boolean>;
  /** How many files are open in all threads. */
  open(): number;
  /** Ends when everything that was asked for is done and all files are closed. */
  close(): Promise<void>;
}

interface Waiting {
  readonly partnership: PartnershipId;
  readonly resolve: (result: never) => void;
  readonly reject: (error: Error) => void;
}

interface Thread {
  readonly worker: Worker;
  readonly ended: Promise<void>;
  /** Tasks under way by their numbers. */
  readonly waiting: Map<number, Waiting>;
  open: number;
}

/**
 * At most so many threads; each is started when there is work that the others are too busy for. `onWork` is told of each
 * partnership in which an operation left work behind.
 */
export function openThreads(
  count: number,
  settings: ThreadSettings,
  onWork: (id: PartnershipId) => void = () => undefined,
): Threads {
  const threads: Thread[] = [];
  let tasks = 0;
  let closing = false;

  function start(): Thread {
    // The built package has it as thread.js beside this file.
    const worker = new Worker(new URL(`./thread${extname(import.meta.url)}`, import.meta.url), {
      workerData: settings,
      // Without a limit each thread lets its garbage grow with the machine's memory.
      resourceLimits: { maxOldGenerationSizeMb: 256, maxYoungGenerationSizeMb: 16 },
    });
    const waiting: Thread['waiting'] = new Map();
    let failure = new Error('a thread of the service has ended');
    worker.on('error', (error) => {
      failure = error instanceof Error ? error : failure;
    });
    const ended = new Promise<void>((resolve) => {
      worker.once('exit', () => {
        threads.splice(threads.indexOf(thread), 1);
        for (const { reject } of waiting.values()) reject(failure);
        waiting.clear();
        resolve();
      });
    });
    const thread: Thread = { worker, ended, waiting, open: 0 };
    worker.on('message', ({ number, outcome, open }: FromThread) => {
      const asked = waiting.get(number);
      waiting.delete(number);
      thread.open = open;
      if ('result' in outcome) {
        asked?.resolve(outcome.result as never);
        if (asked && outcome.leavesWork) onWork(asked.partnership);
      } else if ('stepped' in outcome) asked?.resolve(outcome.stepped as never);
      else asked?.reject(Object.assign(new Error(outcome.thrown.message), outcome.thrown));
    });
    threads.push(thread);
    return thread;
  }

  function threadFor(id: PartnershipId): Thread {
    const busy = threads.find(({ waiting }) =>
      [...waiting.values()].some(({ partnership }) => partnership === id),
    );
    if (busy) return busy;
    // An idle partnership returns to where its file is open, if nothing is in its way.
    const usual = threads[Number.parseInt(id.slice(-4), 16) % Math.max(1, threads.length)];
    if (usual?.waiting.size === 0) return usual;
    const idle = threads.find(({ waiting }) => waiting.size === 0);
    if (idle) return idle;
    if (threads.length < count) return start();
    return threads.reduce((least, thread) => (thread.waiting.size < least.waiting.size ? thread : least));
  }

  /** Has it done; what goes in is copied and stays the caller's. */
  function ask<Value>(
    id: PartnershipId,
    message: Omit<Task, 'number'> | Omit<Step, 'number'>,
  ): Promise<Value> {
    return new Promise((resolve, reject) => {
      if (closing) throw new Error('the service is closing');
      const thread = threadFor(id);
      const number = ++tasks;
      post(thread, { ...message, number });
      thread.waiting.set(number, { partnership: id, resolve, reject });
    });
  }

  return {
    partnership: (id) => ({
      run: (name, call, input) => ask(id, { partnership: id, name, call, input }),
    }),
    step: (id, nowMs) => ask(id, { partnership: id, nowMs }),
    open: () => threads.reduce((sum, thread) => sum + thread.open, 0),
    async close() {
      closing = true;
      const all = [...threads];
      for (const thread of all) post(thread, 'close');
      await Promise.all(all.map(({ ended }) => ended));
    },
  };
}

function post({ worker }: Thread, message: ToThread): void {
  worker.postMessage(message);
}

/** What requests and steps take of a workerd process: CPU time and memory as Linux counts them, and V8's heap. */
import { readFileSync, writeFileSync } from 'node:fs';

/** A clock tick of /proc, which no Linux of today has otherwise. */
const TICK_MS = 10;
const MEGABYTE = 1024 * 1024;

/** What one request or step took. */
interface Taken {
  readonly cpuMs: number;
  /** The most memory of the process during it, above what was held before it, and above the idle process. */
  readonly ownMegabytes: number;
  readonly megabytes: number;
  /** The isolate's heap and buffers right after it, garbage included: what the platform limits to 128 MB. */
  readonly heapMegabytes: number;
}

/** All of one name; the most of each. */
export interface Phase {
  readonly count: number;
  readonly cpuSeconds: number;
  readonly mostCpuMs: number;
  readonly mostOwnMegabytes: number;
  readonly mostMegabytes: number;
  readonly mostHeapMegabytes: number;
}

export interface Meter {
  /** Runs the work while nothing else that is measured runs. */
  during<Value>(phase: string, work: () => Promise<Value>): Promise<Value>;
  phases(): Record<string, Phase>;
  close(): void;
}

/** Measures a process, idle now, and the isolate behind this inspector. */
export async function openMeter(pid: number, inspectorUrl: string): Promise<Meter> {
  const memory = (name: 'VmRSS' | 'VmHWM'): number => {
    const found = new RegExp(`${name}:\\s+(\\d+) kB`).exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
    return Number(found?.[1] ?? 0) / 1024;
  };
  const cpuMs = (): number => {
    // Behind the name in brackets, which may have spaces: state is the first, utime the 12th and stime the 13th.
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ');
    return (Number(fields[11]) + Number(fields[12])) * TICK_MS;
  };
  const inspector = await openInspector(inspectorUrl);
  const idleMegabytes = memory('VmRSS');
  const taken = new Map<string, Taken[]>();
  let turn: Promise<unknown> = Promise.resolve();

  async function measured<Value>(phase: string, work: () => Promise<Value>): Promise<Value> {
    // Sets the peak back to what is held now.
    writeFileSync(`/proc/${pid}/clear_refs`, '5');
    const [held, before] = [memory('VmRSS'), cpuMs()];
    const value = await work();
    const [peak, after] = [memory('VmHWM'), cpuMs()];
    const heapMegabytes = (await inspector.heapBytes()) / MEGABYTE;
    const one = {
      cpuMs: after - before,
      ownMegabytes: peak - held,
      megabytes: peak - idleMegabytes,
      heapMegabytes,
    };
    taken.set(phase, [...(taken.get(phase) ?? []), one]);
    return value;
  }

  return {
    async during(phase, work) {
      const next = turn.then(() => measured(phase, work));
      turn = next.catch(() => undefined);
      return await next;
    },
    phases: () => Object.fromEntries([...taken].map(([phase, all]) => [phase, phaseOf(all)])),
    close: inspector.close,
  };
}

function phaseOf(all: readonly Taken[]): Phase {
  const most = (of: (taken: Taken) => number) => Math.round(Math.max(...all.map(of)));
  return {
    count: all.length,
    cpuSeconds: Math.round(all.reduce((sum, { cpuMs }) => sum + cpuMs, 0) / 100) / 10,
    mostCpuMs: most(({ cpuMs }) => cpuMs),
    mostOwnMegabytes: most(({ ownMegabytes }) => ownMegabytes),
    mostMegabytes: most(({ megabytes }) => megabytes),
    mostHeapMegabytes: most(({ heapMegabytes }) => heapMegabytes),
  };
}

interface HeapUsage {
  readonly usedSize: number;
  readonly embedderHeapUsedSize: number;
  readonly backingStorageSize: number;
}

async function openInspector(url: string) {
  // Wrangler answers pages of its own machine alone; Node's WebSocket takes headers, which the browser's type has not.
  const options: unknown = { headers: { origin: 'http://localhost' } };
  const socket = new WebSocket(url, options as string[]);
  await new Promise((done, failed) => {
    socket.onopen = done;
    socket.onerror = () => failed(new Error(`no inspector at ${url}`));
  });
  const waiting = new Map<number, (usage: HeapUsage) => void>();
  socket.onmessage = ({ data }) => {
    const { id, result } = JSON.parse(String(data)) as { id?: number; result: HeapUsage };
    if (id !== undefined) waiting.get(id)?.(result);
  };
  let last = 0;
  return {
    async heapBytes(): Promise<number> {
      const id = ++last;
      const usage = await new Promise<HeapUsage>((done) => {
        waiting.set(id, done);
        socket.send(JSON.stringify({ id, method: 'Runtime.getHeapUsage' }));
      });
      waiting.delete(id);
      return usage.usedSize + usage.embedderHeapUsedSize + usage.backingStorageSize;
    },
    close: () => socket.close(),
  };
}

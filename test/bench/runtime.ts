/** The service on Node and on workerd as processes of their own, for benches that ask both the same. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startEdge } from '../../src/service/edge/local.ts';
import { type RemoteService, remoteService } from '../conformance/service.ts';
import { startServiceProcess } from '../support/processes.ts';

export const RUNTIMES = ['node', 'workerd'] as const;
export type Runtime = (typeof RUNTIMES)[number];

export interface RunningService {
  readonly service: RemoteService;
  /** The most memory that the service's process had, megabytes; of workerd's processes the largest. */
  readonly peakMegabytes: () => number;
}

/** Runs the work on a fresh service without limits of rates that matter. */
export async function withRuntime<Value>(
  runtime: Runtime,
  work: (running: RunningService) => Promise<Value>,
): Promise<Value> {
  const data = mkdtempSync(join(tmpdir(), 'commonground-bench-'));
  const running = runtime === 'node' ? await onNode(data) : await onWorkerd(data);
  try {
    const service = remoteService({ url: running.url, registrationCode: null });
    return await work({ service, peakMegabytes: () => Math.max(...running.pids().map(peakOf)) });
  } finally {
    await running.close();
    rmSync(data, { recursive: true, force: true });
  }
}

async function onNode(data: string) {
  const rates = ['--rate', '100000', '--anonymous-rate', '100000'];
  const child = await startServiceProcess(data, 'service.test', 0, undefined, rates);
  return {
    url: `http://127.0.0.1:${child.port}`,
    pids: () => [child.pid],
    async close() {
      child.kill();
      await child.ended;
    },
  };
}

async function onWorkerd(data: string) {
  const edge = await startEdge({ data, variables: { REGISTRATION: 'open', LOG_LEVEL: 'error' } });
  return {
    url: edge.url,
    pids: () =>
      execFileSync('ps', ['-eo', 'pid=,pgid=,comm='])
        .toString()
        .split('\n')
        .map((line) => line.trim().split(/\s+/))
        .filter(([, group, name]) => Number(group) === edge.pid && name === 'workerd')
        .map(([pid]) => Number(pid)),
    close: () => edge.close(),
  };
}

function peakOf(pid: number): number {
  const found = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  return Math.round(Number(found?.[1] ?? 0) / 1024);
}

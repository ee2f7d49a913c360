/** The service on Node and on workerd as processes of their own, for benches that ask both the same. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startEdge } from '../../src/service/edge/local.ts';
import { type RemoteService, remoteService } from '../conformance/service.ts';
import type { Work } from '../conformance/work.ts';
import { startServiceProcess } from '../support/processes.ts';
import { login } from '../support/service-app.ts';

export const RUNTIMES = ['node', 'workerd'] as const;
export type Runtime = (typeof RUNTIMES)[number];

export interface RunningService {
  readonly service: RemoteService;
  /** The most memory that the service's process had, megabytes. */
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
    return await work({ service, peakMegabytes: () => peakOf(running.pid()) });
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
    pid: () => child.pid,
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
    pid: () => workerdOf(edge.pid),
    close: () => edge.close(),
  };
}

/** The work with new tokens: they last ten minutes, and what a bench does may take longer. */
export async function loggedIn(service: RemoteService, work: Work): Promise<Work> {
  const { founder, joiner } = work.pair;
  const tokens = { founder: await login(service, founder), joiner: await login(service, joiner) };
  const as: Work['as'] = (side, method, path, options) =>
    service.call(method, `${work.base}${path}`, { token: tokens[side], ...options });
  return { ...work, tokens, as };
}

/** The process of the group that runs the Worker; the other workerd hands requests on to it. */
export function workerdOf(group: number): number {
  const found = execFileSync('ps', ['-eo', 'pid=,pgid=,args='])
    .toString()
    .split('\n')
    .map((line) => /^\s*(\d+)\s+(\d+)\s+\S*\/workerd .*--inspector-addr/.exec(line))
    .find((match) => Number(match?.[2]) === group);
  if (!found) throw new Error('workerd does not run');
  return Number(found[1]);
}

function peakOf(pid: number): number {
  const found = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  return Math.round(Number(found?.[1] ?? 0) / 1024);
}

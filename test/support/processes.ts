/** Agents and service as processes that can be killed at any time. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const path = (file: string) => fileURLToPath(new URL(`../../src/${file}`, import.meta.url));

function nodeArguments(preload: string | undefined): string[] {
  const quiet = '--disable-warning=ExperimentalWarning';
  return preload === undefined
    ? [quiet]
    : [quiet, '--import', `data:text/javascript,${encodeURIComponent(preload)}`];
}

export interface Process {
  /** Exit code, or null where it was killed; known when it has ended. */
  readonly ended: Promise<{ readonly code: number | null; readonly stdout: string; readonly stderr: string }>;
  isRunning(): boolean;
  /** Ends it at once, as kill -9 does. */
  kill(): void;
}

/** `commonground` with these arguments; `preload` is run before it. */
export function startCommand(home: string, args: readonly string[], preload?: string): Process {
  return processOf(
    spawn(process.execPath, [...nodeArguments(preload), path('cli/main.ts'), ...args], {
      env: { ...process.env, COMMONGROUND_HOME: home, NO_COLOR: '1' },
      stdio: ['ignore', 'pipe', 'pipe'],
    }),
  );
}

/** `commonground-service` with these arguments, one of its commands that end. */
export function serviceCommand(args: readonly string[]): Process['ended'] {
  return processOf(
    spawn(process.execPath, [...nodeArguments(undefined), path('service/main.ts'), ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
    }),
  ).ended;
}

/** The service on a fixed port (0 for a free one); resolves with its port when it listens. */
export async function startServiceProcess(
  data: string,
  publicHost: string,
  port: number,
  preload?: string,
  options: readonly string[] = [],
): Promise<Process & { readonly port: number; readonly pid: number; closeLog(): void }> {
  const child = spawn(
    process.execPath,
    [
      ...nodeArguments(preload),
      path('service/main.ts'),
      '--port',
      String(port),
      '--data',
      data,
      '--registration',
      'open',
      '--public-host',
      publicHost,
      ...options,
    ],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  );
  const running = processOf(child);
  const listening = new Promise<number>((resolve, reject) => {
    let text = '';
    const look = (data: Buffer) => {
      text += data.toString();
      const found = /http:\/\/[^:\s"]+:(\d+)/.exec(text)?.[1];
      if (!found) return;
      // A line for each request follows.
      child.stderr?.off('data', look);
      resolve(Number(found));
    };
    child.stderr?.on('data', look);
    void running.ended.then(({ stderr }) => reject(new Error(`the service did not start: ${stderr}`)));
  });
  return {
    ...running,
    port: await listening,
    pid: child.pid ?? 0,
    closeLog: () => void child.stderr?.destroy(),
  };
}

function processOf(child: ChildProcess): Process {
  let stdout = '';
  let stderr = '';
  child.stdout?.on('data', (data: Buffer) => {
    stdout += data.toString();
  });
  child.stderr?.on('data', (data: Buffer) => {
    stderr += data.toString();
  });
  let running = true;
  const ended = once(child, 'close').then(([code]) => {
    running = false;
    return { code: code as number | null, stdout, stderr };
  });
  return { ended, isRunning: () => running, kill: () => void child.kill('SIGKILL') };
}

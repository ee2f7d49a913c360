/** Runs the command line as people do: a process of its own, with its exit code and both outputs. */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const CLI = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));

export interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly input?: string;
  /** Kill the process so long after its start, milliseconds. */
  readonly killAfterMs?: number;
}

export function commonground(
  home: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', CLI, ...args], {
      env: { ...process.env, COMMONGROUND_HOME: home, NO_COLOR: '1' },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (chunk: Buffer) => {
      stdout += chunk.toString();
    });
    child.stderr.on('data', (chunk: Buffer) => {
      stderr += chunk.toString();
    });
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, stdout, stderr }));
    // A process that ends early closes its input.
    child.stdin.on('error', () => undefined);
    child.stdin.end(options.input ?? '');
    if (options.killAfterMs !== undefined) setTimeout(() => child.kill('SIGKILL'), options.killAfterMs);
  });
}

/** The one JSON document that a command printed. */
export function document<Value>(outcome: Outcome): Value {
  if (outcome.stdout.trim().includes('\n')) throw new Error(`more than one document: ${outcome.stdout}`);
  return JSON.parse(outcome.stdout) as Value;
}

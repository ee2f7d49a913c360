/** The Worker on this machine's own workerd, by wrangler: for `npm run edge`, the demo, the tests and the bench. */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { createServer } from 'node:net';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const START_MS = 60_000;
const STOP_MS = 10_000;

export interface EdgeOptions {
  /** Where D1 and the objects keep their files. */
  readonly data: string;
  /** 0 for a free one. */
  readonly port?: number;
  /** Instead of what wrangler.toml has. */
  readonly variables?: Readonly<Record<string, string>>;
  /** Another Worker than that of wrangler.toml, with the same bindings. */
  readonly main?: URL;
  /** Gets what wrangler and the Worker write. */
  readonly onOutput?: (text: string) => void;
}

export interface LocalEdge {
  /** Without a trailing slash. */
  readonly url: string;
  readonly operatorToken: string;
  /** Process id of wrangler, whose group workerd is in. */
  readonly pid: number;
  /** Where the Worker's isolate can be inspected, by V8's protocol. */
  readonly inspectorUrl: string;
  /** A new one-time registration code. */
  registrationCode(): Promise<string>;
  close(): Promise<void>;
  /** Ends all its processes at once, as kill -9 does. */
  kill(): Promise<void>;
}

/** What keeps wrangler from any connection to the outside. */
function offline(): NodeJS.ProcessEnv {
  return {
    ...process.env,
    WRANGLER_SEND_METRICS: 'false',
    WRANGLER_SEND_ERROR_REPORTS: 'false',
    WRANGLER_HIDE_BANNER: 'true',
    CLOUDFLARE_CF_FETCH_ENABLED: 'false',
    XDG_CONFIG_HOME: join(ROOT, '.xdg'),
  };
}

/** Starts wrangler with these arguments in a process group of its own. */
export function wrangler(args: readonly string[]): ChildProcess {
  return spawn(process.execPath, [join(ROOT, 'node_modules/wrangler/bin/wrangler.js'), ...args], {
    cwd: ROOT,
    env: offline(),
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
}

/** Starts the service on local workerd; resolves when it answers. Throws where it does not start. */
export async function startEdge(options: EdgeOptions): Promise<LocalEdge> {
  const port = options.port || (await freePort());
  const url = `http://127.0.0.1:${port}`;
  const operatorToken = randomBytes(32).toString('base64url');
  const variables = {
    PUBLIC_HOST: '127.0.0.1:*,localhost:*',
    OPERATOR: 'whoever runs this machine',
    OPERATOR_TOKEN: operatorToken,
    // This workerd has none; a partnership in one could not be reached.
    JURISDICTIONS: '',
    ...options.variables,
  };
  mkdirSync(options.data, { recursive: true, mode: 0o700 });
  const inspector = await freePort();
  const child = wrangler([
    'dev',
    ...(options.main ? [fileURLToPath(options.main)] : []),
    '--local',
    '--ip=127.0.0.1',
    `--port=${port}`,
    `--inspector-port=${inspector}`,
    `--persist-to=${resolve(options.data)}`,
    '--show-interactive-dev-session=false',
    ...Object.entries(variables).flatMap(([name, value]) => ['--var', `${name}:${value}`]),
  ]);
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (data: Buffer) => {
      output = (output + data.toString()).slice(-4000);
      options.onOutput?.(data.toString());
    });
  }
  let isRunning = true;
  const ended = new Promise<void>((done) => child.once('close', () => done()));
  void ended.then(() => {
    isRunning = false;
  });
  const signal = (name: NodeJS.Signals) => {
    try {
      process.kill(-(child.pid ?? 0), name);
    } catch {
      // Nothing of the group is left.
    }
  };
  const stop = async (name: NodeJS.Signals) => {
    if (!isRunning) return;
    signal(name);
    await Promise.race([ended, sleep(STOP_MS)]);
    if (isRunning) signal('SIGKILL');
    await ended;
  };
  const deadline = Date.now() + START_MS;
  while (!(await isUp(url))) {
    if (!isRunning || Date.now() > deadline) {
      await stop('SIGKILL');
      throw new Error(`workerd did not start: ${output}`);
    }
    await sleep(50);
  }
  return {
    url,
    operatorToken,
    pid: child.pid ?? 0,
    inspectorUrl: `ws://127.0.0.1:${inspector}/ws`,
    async registrationCode() {
      const answer = await fetch(`${url}/operator/registration-codes`, {
        method: 'POST',
        headers: { authorization: `Bearer ${operatorToken}` },
      });
      if (answer.status !== 201) throw new Error(`no registration code: ${answer.status}`);
      return ((await answer.json()) as { code: string }).code;
    },
    close: () => stop('SIGTERM'),
    kill: () => stop('SIGKILL'),
  };
}

async function isUp(url: string): Promise<boolean> {
  try {
    return (await fetch(`${url}/readyz`, { signal: AbortSignal.timeout(5000) })).ok;
  } catch {
    return false;
  }
}

function freePort(): Promise<number> {
  return new Promise((done, failed) => {
    const server = createServer();
    server.once('error', failed);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => done(typeof address === 'object' && address ? address.port : 0));
    });
  });
}

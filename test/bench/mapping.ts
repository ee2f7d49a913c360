/**
 * Wall time and peak memory of both parties and the service together, mapping two generated lists of which half is
 * shared: processes of their own, the whole protocol, over HTTP on this machine.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { finished } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { commonground, document } from '../support/cli.ts';
import { startServiceProcess } from '../support/processes.ts';

const CLI = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));

export interface Mapping {
  readonly accounts: number;
  /** Identifiers an account, mean. */
  readonly identifiers: number;
  readonly pairs: number;
  /** Sync of both sides at once: from two imported lists to the snapshot. */
  readonly syncSeconds: number;
  readonly importSeconds: number;
  readonly overlapSeconds: number;
  /** Peak resident memory of the larger agent and of the service, MB. */
  readonly agentMegabytes: number;
  readonly serviceMegabytes: number;
}

/** Maps `accounts` × `accounts`, with a domain each or with the mix of identifiers that real lists give. */
export async function mapLists(accounts: number, mix: 'domain' | 'real'): Promise<Mapping> {
  const folder = mkdtempSync(join(tmpdir(), 'commonground-bench-'));
  const port = await freePort();
  const host = `127.0.0.1:${port}`;
  const service = await startServiceProcess(join(folder, 'service'), host, port);
  const run = (name: string, ...args: string[]) => checked(name, args);
  async function checked(name: string, args: readonly string[]) {
    const outcome = await commonground(join(folder, name), args);
    if (outcome.code !== 0) throw new Error(`${args.join(' ')}: ${outcome.stderr}`);
    return outcome;
  }
  try {
    let importSeconds = 0;
    for (const [name, first] of [
      ['a', 0],
      ['b', accounts / 2],
    ] as const) {
      await run(name, 'init', '--name', name, '--key-file', join(folder, `${name}.key`));
      const file = join(folder, `${name}.csv`);
      await writeList(file, first, accounts, mix);
      const begun = performance.now();
      await run(name, 'accounts', 'import', file);
      importSeconds = Math.max(importSeconds, (performance.now() - begun) / 1000);
      await run(name, 'population', 'add', 'all', '--where', 'all');
    }
    const invitation = join(folder, 'invitation');
    await run('a', 'register', '--service', `http://${host}`);
    await run('a', 'partner', 'invite', 'b', '--out', invitation);
    await run('b', 'partner', 'accept', invitation, '--as', 'a');
    const { words } = document<{ words: string }>(
      await run('a', 'partner', 'verify', 'b', '--show', '--json'),
    );
    await run('b', 'partner', 'verify', 'a', '--words', words);
    await run('a', 'partner', 'verify', 'b', '--words', words);
    for (const [name, partner] of [
      ['a', 'b'],
      ['b', 'a'],
    ] as const) {
      await run(
        name,
        'scope',
        'grant',
        '--partner',
        partner,
        '--rule',
        'all:*:accounts',
        '--budget',
        'domain=10000000',
        '--budget',
        'name=10000000',
      );
    }
    const begun = performance.now();
    const [a, b] = await Promise.all(['a', 'b'].map((name) => syncMeasured(join(folder, name))));
    const syncSeconds = (performance.now() - begun) / 1000;
    const asked = performance.now();
    const overlap = document<{ rows: unknown[] }>(await run('a', 'overlap', '--json'));
    return {
      accounts,
      identifiers: ((a?.requested ?? 0) + (b?.requested ?? 0)) / (2 * accounts),
      pairs: overlap.rows.length,
      syncSeconds,
      importSeconds,
      overlapSeconds: (performance.now() - asked) / 1000,
      agentMegabytes: Math.max(a?.megabytes ?? 0, b?.megabytes ?? 0),
      serviceMegabytes: peakOf(service.pid),
    };
  } finally {
    service.kill();
    await service.ended;
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A port that nothing listens on now. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

/** Runs `sync --wait` and gives its report and the most memory it ever had. */
async function syncMeasured(home: string): Promise<{ requested: number; megabytes: number }> {
  const child = spawn(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', CLI, 'sync', '--wait', '7200', '--json'],
    {
      env: { ...process.env, COMMONGROUND_HOME: home },
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  let stdout = '';
  child.stdout.on('data', (chunk: Buffer) => {
    stdout += chunk.toString();
  });
  let megabytes = 0;
  const timer = setInterval(() => {
    megabytes = Math.max(megabytes, peakOf(child.pid ?? 0));
  }, 100);
  const code = await exitOf(child);
  clearInterval(timer);
  if (code !== 0) throw new Error(`sync ended with ${code}: ${stdout}`);
  const report = JSON.parse(stdout) as { partners: { requested: number }[] };
  return { requested: report.partners[0]?.requested ?? 0, megabytes };
}

function exitOf(child: ChildProcess): Promise<number | null> {
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', resolve);
  });
}

/** The peak resident memory of a process that still runs, MB; 0 where the system does not tell. */
function peakOf(pid: number): number {
  try {
    const match = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
    return Math.round(Number(match?.[1] ?? 0) / 1024);
  } catch {
    return 0;
  }
}

/** Accounts `first` to `first + count - 1` of one endless list. */
async function writeList(path: string, first: number, count: number, mix: 'domain' | 'real'): Promise<void> {
  writeFileSync(path, '');
  const file = createWriteStream(path);
  file.write('Record ID,Company Domain Name,Company name,Country\n');
  for (let i = first; i < first + count; i++) {
    // Of ten real accounts about nine have a website and seven a country.
    const domain = mix === 'domain' || i % 10 !== 0 ? `company-${i}.com` : '';
    const name = mix === 'real' ? `Company ${i} Holding GmbH` : '';
    const country = mix === 'real' && i % 10 < 7 ? 'Germany' : '';
    if (!file.write(`r${i},${domain},${name},${country}\n`))
      await new Promise<void>((resolve) => file.once('drain', () => resolve()));
  }
  file.end();
  await finished(file);
}

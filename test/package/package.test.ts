/**
 * The package as its users get it: packed, installed into an empty folder, run on the oldest Node that it claims. Needs
 * the npm registry, for the dependencies and that Node; without it everything but the looks at the tarball is skipped.
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { checkPackage, createPackageFromTarballData } from '@arethetypeswrong/core';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import manifest from '../../package.json' with { type: 'json' };
import { nodeProblem, OLDEST_NODE as OLDEST } from '../../src/runtime.ts';
import { VERSION } from '../../src/version.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const OLDEST_NODE = manifest.engines.node.replace('>=', '');
const UNREACHABLE = /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|ERR_SOCKET_TIMEOUT/;

const folder = mkdtempSync(join(tmpdir(), 'commonground-package-'));
const app = join(folder, 'app');
const runtime = join(folder, 'runtime');
let tarball: Uint8Array<ArrayBuffer>;
let online = false;
const OFFLINE = 'npm cannot reach its registry, so the package was not installed';
let service: ChildProcess | null = null;

interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

function run(program: string, args: readonly string[], env: NodeJS.ProcessEnv = process.env, input = '') {
  return new Promise<Outcome>((resolve) => {
    const options = { cwd: folder, env, maxBuffer: 16 * 1024 * 1024 };
    const child = execFile(program, args, options, (error, stdout, stderr) =>
      resolve({ code: error ? Number(error.code ?? 1) : 0, stdout, stderr }),
    );
    // A program may end before it has read what it does not ask for.
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(input);
  });
}

async function npmInstall(where: string, what: string): Promise<void> {
  const flags = ['--prefer-offline', '--no-audit', '--no-fund', '--no-save'];
  const { code, stderr } = await run('npm', ['install', what, '--prefix', where, ...flags]);
  expect(code, `npm install ${what}: ${stderr}`).toBe(0);
}

/** Whether npm's registry answers; any other trouble with it is a failure of the test. */
async function reachesRegistry(): Promise<boolean> {
  const quick = ['--fetch-retries=0', '--fetch-timeout=20000'];
  const { stderr } = await run('npm', ['view', `node@${OLDEST_NODE}`, 'version', ...quick]);
  return !UNREACHABLE.test(stderr);
}

beforeAll(async () => {
  const packed = await run('npm', ['pack', ROOT, '--pack-destination', folder, '--silent']);
  expect(packed.code, packed.stderr + packed.stdout).toBe(0);
  const path = join(folder, `${manifest.name}-${manifest.version}.tgz`);
  tarball = new Uint8Array(readFileSync(path));
  online = await reachesRegistry();
  if (!online) return console.warn(OFFLINE);
  for (const name of [app, runtime]) mkdirSync(name);
  // The one script that fetches Node's own program; the package under test needs none.
  writeFileSync(join(runtime, 'package.json'), JSON.stringify({ allowScripts: { node: true } }));
  await Promise.all([npmInstall(app, path), npmInstall(runtime, `node@${OLDEST_NODE}`)]);
}, 300_000);

afterAll(() => {
  service?.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

describe('the tarball', () => {
  it('has the sources’ version', () => expect(VERSION).toBe(manifest.version));

  it('is clean to publint', async () => {
    const { messages, pkg } = await publint({ pack: { tarball: tarball.buffer }, strict: true });
    expect(messages.map((message) => formatMessage(message, pkg))).toEqual([]);
  });

  it('has types that resolve wherever ES modules do', async () => {
    const result = await checkPackage(createPackageFromTarballData(tarball));
    if (!result.types) throw new Error('no types at all');
    // What attw calls the profile esm-only: old CommonJS resolution is not asked.
    const problems = result.problems.filter(
      (problem) =>
        !('resolutionKind' in problem && ['node10', 'node16-cjs'].includes(problem.resolutionKind)),
    );
    expect(problems).toEqual([]);
    expect(Object.keys(result.entrypoints)).toEqual(
      expect.arrayContaining(['.', './protocol', './agent', './service']),
    );
  });
});

describe('the programs', () => {
  it.each(['20.20.2', '22.17.1', '18.0.0', '9.9.9'])(
    'say on Node %s that it is too old, and load nothing',
    async (version) => {
      expect(OLDEST_NODE).toBe(OLDEST);
      expect(nodeProblem(version)).toContain(`this is ${version}`);
      const old = `Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '${version}' } });
      process.dlopen = () => { console.error('loaded a native module'); process.exit(9); };`;
      for (const bin of Object.values(manifest.bin)) {
        const source = join(ROOT, bin.replace('dist/', '').replace('.js', '.ts'));
        const preload = `data:text/javascript,${encodeURIComponent(old)}`;
        const told = await run(process.execPath, ['--import', preload, source, '--help']);
        expect(told).toMatchObject({ code: 1, stdout: '' });
        expect(told.stderr).toMatch(
          /^commonground: this needs Node 22\.18 or later; this is [\d.]+\nhint: .*\n$/,
        );
      }
    },
  );

  it.each([OLDEST, '22.19.0', '24.21.0', '25.0.0-nightly'])('run on Node %s', (version) =>
    expect(nodeProblem(version)).toBeNull(),
  );
});

describe('the installed package', () => {
  beforeEach(({ skip }) => {
    skip(!online, OFFLINE);
  });

  /** As in a shell whose only Node is the oldest one. */
  function shell(home = ''): NodeJS.ProcessEnv {
    const path = [join(app, 'node_modules/.bin'), join(runtime, 'node_modules/.bin'), '/usr/bin', '/bin'];
    return { PATH: path.join(':'), HOME: folder, COMMONGROUND_HOME: join(folder, home), NO_COLOR: '1' };
  }

  async function commonground(home: string, args: readonly string[], input = ''): Promise<string> {
    const { code, stdout, stderr } = await run('commonground', args, shell(home), input);
    expect(code, `commonground ${args.join(' ')}: ${stderr}${stdout}`).toBe(0);
    expect(stderr).not.toContain('Warning');
    return stdout;
  }

  it('runs on the oldest Node that it claims, and tells its version', async () => {
    expect((await run('node', ['--version'], shell())).stdout.trim()).toBe(`v${OLDEST_NODE}`);
    expect((await commonground('none', ['--version'])).trim()).toBe(manifest.version);
  });

  it('imports by every name', async () => {
    const names = ['commonground', 'commonground/protocol', 'commonground/agent', 'commonground/service'];
    const script = `
      const [root, protocol, agent, service] = await Promise.all(${JSON.stringify(names)}.map((name) => import(name)));
      if (root.protocol !== protocol || root.agent !== agent || root.service !== service) throw new Error('two copies');
      console.log(JSON.stringify(protocol.normaliseDomain('https://www.siemens.com/de')));`;
    writeFileSync(join(app, 'imports.mjs'), script);
    const { stdout, stderr } = await run('node', [join(app, 'imports.mjs')], shell());
    expect(stderr).toBe('');
    expect(JSON.parse(stdout)).toEqual({ ok: true, value: 'siemens.com' });
  });

  it('has types that a program is checked against', async () => {
    writeFileSync(
      join(app, 'program.ts'),
      `import { type agent, protocol } from 'commonground';
      import { openAgent } from 'commonground/agent';
      import { normaliseDomain } from 'commonground/protocol';
      import { type Service, startService } from 'commonground/service';
      export const start: () => Promise<Service> = startService;
      export const open: typeof agent.openAgent = openAgent;
      export const same: typeof normaliseDomain = protocol.normaliseDomain;
      // @ts-expect-error: it is a result, not a number.
      export const wrong: number = normaliseDomain('siemens.com');`,
    );
    for (const module of ['nodenext', 'esnext']) {
      const moduleResolution = module === 'esnext' ? 'bundler' : module;
      const compilerOptions = { module, moduleResolution, target: 'es2024', strict: true, noEmit: true };
      writeFileSync(join(app, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['program.ts'] }));
      const checked = await run(join(ROOT, 'node_modules/.bin/tsc'), ['-p', app]);
      expect(checked, module).toMatchObject({ code: 0, stdout: '' });
    }
  });

  it('maps two lists from nothing to the overlap', async () => {
    const started = await startService();
    const header = 'Account ID,Account Name,Website,Type,Account Owner\n';
    // So many that worker threads do the cryptography.
    const many = Array.from({ length: 600 }, (_, i) => `m${i},Filler ${i},filler-${i}.com,Prospect,Ann\n`);
    const lists = {
      a: `${header}${many.join('')}a1,Siemens AG,siemens.com,Customer,Ann\na2,Ours,only-ours.com,Customer,Ann\n`,
      b: `${header}b1,Siemens,www.siemens.com,Prospect,Bea\nb2,Theirs,only-theirs.com,Customer,Bob\n`,
    };
    for (const [name, list] of Object.entries(lists)) {
      const file = join(folder, `${name}.csv`);
      writeFileSync(file, list);
      await commonground(name, ['init', '--name', `Organisation ${name}`, '--key-file', `${file}.key`]);
      await commonground(name, ['accounts', 'import', file]);
    }
    await commonground('a', ['register', '--service', started.url, '--code-file', '-'], started.code);
    const invitation = join(folder, 'invitation.txt');
    await commonground('a', ['partner', 'invite', 'b', '--out', invitation]);
    await commonground('b', ['partner', 'accept', invitation, '--as', 'a']);
    const shown = await commonground('a', ['partner', 'verify', 'b', '--show', '--json']);
    const { words } = JSON.parse(shown) as { words: string };
    const [mine, theirs] = [['a', 'b'] as const, ['b', 'a'] as const];
    for (const [name, partner] of [theirs, mine]) {
      await commonground(name, ['partner', 'verify', partner, '--words', words]);
      await commonground(name, ['scope', 'grant', '--partner', partner, '--preset', 'co-sell']);
    }
    await Promise.all(['a', 'b'].map((name) => commonground(name, ['sync', '--wait', '100'])));

    const overlap = JSON.parse(await commonground('a', ['overlap', '--json'])) as { rows: object[] };
    expect(overlap.rows).toMatchObject([{ record: 'a1', fields: { owner: 'Bea' } }]);
    const whiteSpace = JSON.parse(await commonground('b', ['whitespace', '--json'])) as { rows: object[] };
    expect(whiteSpace.rows).toHaveLength(many.length + 1);
    expect(whiteSpace.rows).toContainEqual(expect.objectContaining({ name: 'Ours' }));

    const ended = new Promise((resolve) => service?.once('exit', resolve));
    service?.kill('SIGTERM');
    expect(await ended).toBe(0);
  }, 180_000);

  /** Starts the installed service on a free port; gives its address and the first registration code. */
  async function startService(): Promise<{ url: string; code: string }> {
    const args = ['--port', '0', '--data', join(folder, 'service')];
    const program = join(app, 'node_modules/.bin/commonground-service');
    const child = spawn(program, args, { env: shell(), stdio: ['ignore', 'pipe', 'pipe'] });
    service = child;
    let [stdout, stderr] = ['', ''];
    return await new Promise((resolve, reject) => {
      const look = () => {
        const url = /http:\/\/127\.0\.0\.1:\d+/.exec(stderr)?.[0];
        const code = /cgr_\S+(?=\n)/.exec(stdout)?.[0];
        if (url && code) resolve({ url, code });
      };
      child.stdout.on('data', (text: Buffer) => {
        stdout += text.toString();
        look();
      });
      child.stderr.on('data', (text: Buffer) => {
        stderr += text.toString();
        look();
      });
      child.once('error', reject);
      child.once('exit', (status) => reject(new Error(`the service ended with ${status}: ${stderr}`)));
    });
  }
});

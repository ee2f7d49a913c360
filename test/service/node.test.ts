import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, describe, expect, it } from 'vitest';
import { fromBase64url, toBase64url } from '../../protocol/bytes.ts';
import { issueCertificate } from '../../protocol/certificate.ts';
import { systemRandom } from '../../protocol/hash.ts';
import { signLogin } from '../../protocol/login.ts';
import { readConfig } from '../../src/service/config.ts';
import { startService } from '../../src/service/node.ts';
import { openNodeStorage } from '../../src/service/storage/node.ts';
import { openDatabase } from '../../src/sqlite.ts';
import { startServiceProcess } from '../support/processes.ts';
import { answerOf, grantScope, makePartnership, requestOf, submit } from '../support/service-app.ts';
import { makeSignedScope, makeTestParty, type TestParty } from '../support/service-parties.ts';
import type { TestAccount } from '../support/service-rows.ts';

const folder = mkdtempSync(join(tmpdir(), 'commonground-service-'));
afterAll(() => rmSync(folder, { recursive: true }));
const main = new URL('../../src/service/main.ts', import.meta.url).pathname;

/** A party whose certificate is valid by this machine's clock. */
function partyNow(): TestParty {
  const party = makeTestParty('Someone', systemRandom);
  const now = Math.floor(Date.now() / 1000);
  const certificate = issueCertificate(
    {
      name: party.name,
      agentKey: party.agent.publicKey,
      serial: 1,
      validFrom: now,
      validUntil: now + 3600,
      recipient: `age1${'q'.repeat(58)}`,
    },
    party.root,
  );
  return { ...party, certificate };
}

async function send(url: string, method: string, body: object): Promise<Record<string, unknown>> {
  const headers = { 'content-type': 'application/json' };
  const response = await fetch(url, { method, headers, body: JSON.stringify(body) });
  return (await response.json()) as Record<string, unknown>;
}

async function login(url: string, party: TestParty, audience = new URL(url).host) {
  const { organisation } = party;
  const asked = await send(`${url}/v1/login/challenges`, 'POST', { organisation });
  const challenge = fromBase64url(String(asked.challenge)) ?? new Uint8Array();
  const signature = signLogin({ audience, organisation, challenge }, party.agent.seed);
  return await send(`${url}/v1/login/tokens`, 'POST', {
    organisation,
    challenge: toBase64url(challenge),
    signature: toBase64url(signature),
  });
}

describe('a running service', () => {
  it('registers by a code, logs in, stops, and knows all of it after a new start', async () => {
    const options = { port: 0, data: join(folder, 'a') };
    const party = partyNow();
    const service = await startService(options);
    const registered = await send(`${service.url}/v1/organisations/${party.organisation}`, 'PUT', {
      certificate: toBase64url(party.certificate),
      registrationCode: await service.registrationCode(),
    });
    expect(registered).toMatchObject({ organisation: party.organisation, serial: 1 });
    const { token } = await login(service.url, party);
    await service.close();
    await expect(fetch(`${service.url}/healthz`)).rejects.toThrow();

    const again = await startService(options);
    const headers = { authorization: `Bearer ${String(token)}` };
    const response = await fetch(`${again.url}/v1/partnerships`, { headers });
    expect(await response.json()).toEqual({ partnerships: [] });
    await again.close();
  });

  it('takes no log-in that was signed for another address', async () => {
    const service = await startService({ port: 0, data: join(folder, 'b'), registration: 'open' });
    const party = partyNow();
    const address = `${service.url}/v1/organisations/${party.organisation}`;
    await send(address, 'PUT', { certificate: toBase64url(party.certificate) });
    expect(await login(service.url, party, 'relay.test')).toMatchObject({ code: 'unauthenticated' });
    expect(await login(service.url.replace('127.0.0.1', 'localhost'), party)).toHaveProperty('token');
    await service.close();
  });

  it('forgets what has expired', async () => {
    const data = join(folder, 'i');
    const storage = openNodeStorage(data);
    const insert = 'insert into challenges (hash, organisation, expires_ms) values (?, ?, ?)';
    await storage.directory.batch([
      [insert, new Uint8Array(32), 'org_0', Date.now() - 1],
      [insert, new Uint8Array(32).fill(1), 'org_0', Date.now() + 600_000],
    ]);
    const service = await startService({ port: 0, data });
    await service.close();
    const again = openNodeStorage(data);
    expect(await again.directory.all('select hash from challenges')).toHaveLength(1);
    await again.close();
    await storage.close();
  });

  it('clears what a scope left that has ended', async () => {
    const data = join(folder, 'k');
    const service = await startService({ port: 0, data, registration: 'open' });
    const world = await makePartnership('signed', {
      call: async (method, path, options = {}) =>
        await answerOf(await fetch(`${service.url}${path}`, requestOf(method, options))),
      clock: { nowMs: Date.now() },
      host: new URL(service.url).host,
    });
    const endMs = Math.ceil(Date.now() / 1000) * 1000 + 2000;
    const validUntil = new Date(endMs).toISOString().replace('.000Z', 'Z');
    const scope = makeSignedScope(world.pair, 'founder', { validUntil });
    expect((await grantScope(world, 'founder', 1, scope)).status).toBe(200);
    const account: TestAccount = {
      handle: systemRandom(16),
      populations: [0],
      tags: [{ tag: systemRandom(16), kind: 'domain' }],
      names: [0],
    };
    expect((await submit(world, 'founder', 1, scope, [account])).status).toBe(200);
    await service.close();
    const rows = (table: string) => {
      const database = openDatabase(join(data, 'partnerships', `${world.pair.partnership}.db`));
      const found = database.all(`select * from ${table}`).length;
      database.close();
      return found;
    };
    expect([rows('accounts'), rows('names')]).toEqual([1, 1]);
    await sleep(Math.max(0, endMs - Date.now()));
    const again = await startService({ port: 0, data });
    await expect.poll(() => rows('names'), { timeout: 10_000 }).toBe(0);
    expect(rows('accounts')).toBe(1);
    await again.close();
  });

  it('limits rates as it is told', async () => {
    const limits = { anonymousRate: 1 };
    const service = await startService({ port: 0, data: join(folder, 'j'), limits });
    const answers: Response[] = [];
    for (let i = 0; i < 14; i++) answers.push(await fetch(`${service.url}/v1/service`));
    expect(answers.slice(0, 10).every(({ status }) => status === 200)).toBe(true);
    const refused = answers.find(({ status }) => status === 429);
    expect(refused?.headers.get('retry-after')).toBe('1');
    await service.close();
  });

  it('keeps its files to its owner', async () => {
    const data = join(folder, 'c');
    const service = await startService({ port: 0, data });
    for (const name of readdirSync(data)) {
      expect([name, statSync(join(data, name)).mode & 0o077]).toEqual([name, 0]);
    }
    await service.close();
  });

  it('does not start on a port that is taken', async () => {
    const service = await startService({ port: 0, data: join(folder, 'd') });
    const port = Number(new URL(service.url).port);
    await expect(startService({ port, data: join(folder, 'e') })).rejects.toThrow(/EADDRINUSE/);
    await service.close();
  });

  it('does not start with options that are wrong or unknown', async () => {
    await expect(startService({ port: 99_999 })).rejects.toThrow(/port/);
    const unknown = { ports: 1 } as object;
    await expect(startService(unknown)).rejects.toThrow('unknown options: ports');
  });
});

describe('an upload that breaks off', () => {
  it('is no error of the service', async () => {
    const service = await startServiceProcess(join(folder, 'h'), 'service.test', 0);
    const url = `http://127.0.0.1:${service.port}`;
    const party = partyNow();
    await send(`${url}/v1/organisations/${party.organisation}`, 'PUT', {
      certificate: toBase64url(party.certificate),
    });
    const { token } = await login(url, party);
    const path = `/v1/partnerships/prt_${'0'.repeat(32)}/submissions/1/chunks/0`;
    for (const length of ['content-length: 100000', 'transfer-encoding: chunked']) {
      const socket = connect(service.port, '127.0.0.1');
      const head = [
        `PUT ${path} HTTP/1.1`,
        'host: x',
        `authorization: Bearer ${String(token)}`,
        'content-type: application/octet-stream',
        length,
      ];
      socket.write(`${head.join('\r\n')}\r\n\r\n1000\r\nhalf`);
      await sleep(100);
      socket.destroy();
      await sleep(100);
    }
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
    // What it keeps of its log leaves with it.
    process.kill(service.pid, 'SIGTERM');
    const lines = (await service.ended).stderr.trim().split('\n');
    const levels = lines.map((line) => (JSON.parse(line) as { level: string }).level);
    expect([levels.length >= 6, [...new Set(levels)]]).toEqual([true, ['info']]);
    expect(lines.at(-1)).toContain('/healthz');
  });
});

describe('a log that nobody reads any more', () => {
  it.each([3, 100])('does not hold the service up, nor its end, after %i lines', async (lines) => {
    const service = await startServiceProcess(join(folder, `log${lines}`), 'service.test', 0);
    service.closeLog();
    // Fewer than are kept back until the end, and more.
    for (let i = 0; i < lines; i++) {
      expect((await fetch(`http://127.0.0.1:${service.port}/healthz`)).status).toBe(200);
    }
    process.kill(service.pid, 'SIGTERM');
    expect((await service.ended).code).toBe(0);
  });
});

describe('the configuration', () => {
  it('has defaults and is frozen', () => {
    const config = readConfig({});
    expect(config).toEqual({
      ok: true,
      value: {
        port: 8787,
        host: '127.0.0.1',
        data: './.state/service',
        operator: { name: 'unnamed operator', organisation: null },
        registration: 'invitation',
        publicHost: null,
        logLevel: 'warn',
        adminPort: null,
        adminHost: '127.0.0.1',
        threads: expect.any(Number),
        limits: {
          elements: 5_000_000,
          records: 50_000_000,
          rate: 200,
          anonymousRate: 200,
          passwordRate: 5,
          requestSeconds: 60,
        },
      },
    });
    expect(config.ok && Object.isFrozen(config.value)).toBe(true);
  });

  it('names everything that is wrong', () => {
    const config = readConfig({ port: 'x', registration: 'maybe', operator: { organisation: 'org_1' } });
    expect(config.ok).toBe(false);
    const detail = config.ok ? '' : config.detail;
    for (const name of ['port', 'registration', 'operator.organisation']) expect(detail).toContain(name);
  });
});

/** Runs the entry file until it ends or `until` has appeared. */
async function command(args: readonly string[], until?: RegExp, environment: Record<string, string> = {}) {
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', main, ...args], {
    env: { ...process.env, ...environment },
  });
  let [stdout, stderr] = ['', ''];
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
  child.stdout.on('data', (text: Buffer) => {
    stdout += text.toString();
    if (until?.test(stdout)) child.kill('SIGTERM');
  });
  child.stderr.on('data', (text: Buffer) => (stderr += text.toString()));
  const code = await ended;
  return { code, stdout, stderr };
}

describe('the command', () => {
  it('teaches', async () => {
    const { code, stdout } = await command(['--help']);
    expect(code).toBe(0);
    for (const option of [
      '--port',
      '--public-host',
      '--data',
      '--operator',
      '--registration',
      '--max-records',
      'example:',
    ]) {
      expect(stdout).toContain(option);
    }
  });

  it('makes registration codes, on stdout alone', async () => {
    const { code, stdout } = await command(['registration-code', '--data', join(folder, 'f')]);
    expect([code, stdout]).toEqual([0, expect.stringMatching(/^cgr_[A-Za-z0-9_-]{22}\n$/)]);
  });

  it('prints a first code, serves, and ends at SIGTERM', async () => {
    const environment = { COMMONGROUND_DATA: join(folder, 'g') };
    const { code, stdout, stderr } = await command(['--port', '0'], /cgr_.*\n/, environment);
    expect(code).toBe(0);
    const [label = '', next = ''] = stdout.split('\n');
    expect(label).toMatch(/^Registration code of the first company, serves once: cgr_[A-Za-z0-9_-]{22}$/);
    expect(next).toMatch(/commonground register --service http:\/\/127\.0\.0\.1:\d+$/);
    const secret = label.replace(/^.*: /, '');
    expect(stderr).toContain(`data in ${environment.COMMONGROUND_DATA}`);
    for (const line of stderr.trim().split('\n')) expect(JSON.parse(line)).toHaveProperty('level', 'info');
    expect(stderr).not.toContain(secret);
    expect(readFileSync(join(folder, 'g', 'directory.db')).includes(secret)).toBe(false);
  });

  it.each([[['--nonsense']], [['dance']], [['--port', 'x']]])('refuses %s with a hint', async (args) => {
    const { code, stdout, stderr } = await command(args);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(/^commonground: .*\nhint: /);
  });
});

/** What is of Workers alone: settings, the platform's counters, the first start, the operator's token, static files. */
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { toBase64url } from '../../protocol/bytes.ts';
import { sha256, systemRandom } from '../../protocol/hash.ts';
import { parsePartnershipId } from '../../protocol/ids.ts';
import { isNamed, readSettings } from '../../src/service/edge/settings.ts';
import { consoleLog } from '../../src/service/lines.ts';
import { platformLimits } from '../../src/service/rate.ts';
import { remotePlace } from '../../src/service/transfer/places.ts';
import { commonground, document, type Outcome } from '../support/cli.ts';
import { OPERATOR_TOKEN, type TestEdge, testEdge } from '../support/edge.ts';
import { login, register, testService } from '../support/service-app.ts';
import { makeTestPair, NOW_MS } from '../support/service-parties.ts';

describe('settings', () => {
  it('have defaults, and name what is wrong', () => {
    expect(readSettings({ PUBLIC_HOST: 'a.example, b.example:8443' })).toMatchObject({
      PUBLIC_HOST: ['a.example', 'b.example:8443'],
      REGISTRATION: 'invitation',
      MAX_RECORDS: 50_000_000,
      OPERATOR_ORGANISATION: null,
    });
    expect(() => readSettings({ REGISTRATION: 'sometimes', OPERATOR_TOKEN: 'short' })).toThrow(
      /REGISTRATION.*OPERATOR_TOKEN/,
    );
  });

  it('name the hosts that are the service', () => {
    const names = ['a.example', '127.0.0.1:*'];
    const own = ['a.example', '127.0.0.1:8787', '127.0.0.1'].map((host) => isNamed(names, host));
    const others = ['b.example', 'a.example:8443', 'x.a.example', ''].map((host) => isNamed(names, host));
    expect([own, others]).toEqual([
      [true, true, true],
      [false, false, false, false],
    ]);
  });
});

it('counts each class of callers with its own counter of the platform', async () => {
  const asked: string[] = [];
  const counter = (name: string, success: boolean) => ({
    limit: async ({ key }: { key: string }) => {
      asked.push(`${name}: ${key}`);
      return { success };
    },
  });
  const rates = platformLimits({
    organisation: counter('organisation', true),
    anonymous: counter('anonymous', true),
    passwords: counter('passwords', false),
  });
  expect(await rates.take('organisation org_1')).toBe(0);
  expect(await rates.take('member mbr_1')).toBe(0);
  expect(await rates.take('anonymous login')).toBe(0);
  expect(await rates.take('anonymous password')).toBe(10);
  expect(asked).toEqual([
    'organisation: organisation org_1',
    'organisation: member mbr_1',
    'anonymous: anonymous login',
    'passwords: anonymous password',
  ]);
});

it('logs lines as on Node, of its level and above', () => {
  const lines: unknown[] = [];
  const log = consoleLog(
    'error',
    () => NOW_MS,
    (line) => lines.push(JSON.parse(line)),
  );
  const seen = { id: 'ab', method: 'GET', route: '/x', status: 200, ms: 1, problem: null };
  log.request(seen);
  log.info('nothing');
  log.request({ ...seen, status: 500, problem: 'internal' });
  log.error(new Error('no "secret" here'), 'ab');
  expect(lines).toEqual([
    {
      level: 'error',
      time: '2026-01-15T00:00:00.000Z',
      requestId: 'ab',
      method: 'GET',
      route: '/x',
      status: 500,
      ms: 1,
      problem: 'internal',
      msg: 'request',
    },
    expect.objectContaining({ requestId: 'ab', error: expect.objectContaining({ message: 'no … here' }) }),
  ]);
});

describe('a jurisdiction', () => {
  it('is chosen at creation where the service offers it, and goes with every call', async () => {
    const calls: unknown[] = [];
    const config = {
      version: '0',
      operator: { name: 'the tests', organisation: null },
      registration: 'open' as const,
      jurisdictions: ['eu'],
    };
    const service = testService('open', { config }, () => ({
      async run(_name, call) {
        calls.push(call.jurisdiction);
        return { ok: false, reason: 'not_found' };
      },
    }));
    const pair = makeTestPair(systemRandom);
    await register(service, pair.founder);
    await register(service, pair.joiner);
    const token = await login(service, pair.founder);
    const path = `/v1/partnerships/${pair.partnership}`;
    const invitation = {
      commitment: toBase64url(pair.commitment),
      codeHash: toBase64url(sha256(pair.code)),
    };
    const put = (jurisdiction?: string) =>
      service.call('PUT', path, { token, json: { ...invitation, ...(jurisdiction && { jurisdiction }) } });
    expect((await put('moon')).code).toBe('invalid_request');
    expect((await put('eu')).status).toBe(201);
    expect((await put('eu')).status).toBe(200);
    expect((await put()).code).toBe('conflict');
    const joiner = await login(service, pair.joiner);
    const json = { acceptance: toBase64url(pair.acceptance), code: toBase64url(pair.code) };
    expect((await service.call('PUT', `${path}/acceptance`, { token: joiner, json })).status).toBe(200);
    await service.call('GET', path, { token });
    expect(calls).toEqual(['eu']);
    expect((await service.call('GET', '/v1/service')).json?.jurisdictions).toEqual(['eu']);
  });
});

it('is built for deployment without a connection, well below the size that is allowed', async () => {
  const script = fileURLToPath(new URL('../../src/service/edge/deploy.ts', import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, [script]);
  const size = /^(\d+\.\d) KiB gzipped\n$/.exec(stdout)?.[1];
  expect(Number(size)).toBeGreaterThan(100);
  expect(Number(size)).toBeLessThan(1024);
});

describe('the Worker', () => {
  let edge: TestEdge;
  beforeAll(async () => {
    edge = await testEdge();
  });
  afterAll(() => edge.close());

  it('makes its tables once, however many ask first', async () => {
    const answers = await Promise.all(Array.from({ length: 12 }, () => fetch(`${edge.url}/readyz`)));
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
  });

  it('serves what is the operator’s to the operator alone', async () => {
    const ask = (token: string) =>
      fetch(`${edge.url}/operator/registration-codes`, {
        method: 'POST',
        headers: { authorization: `Bearer ${token}` },
      });
    expect((await ask(OPERATOR_TOKEN)).status).toBe(201);
    expect((await ask(`${OPERATOR_TOKEN}.`)).status).toBe(404);
    expect((await fetch(`${edge.url}/operator/registration-codes`, { method: 'POST' })).status).toBe(404);
  });

  it('keeps a partnership where its founder says, by the command', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'commonground-jurisdiction-'));
    const run = async (side: 'a' | 'b', ...args: string[]) => await commonground(join(folder, side), args);
    const done = async (outcome: Promise<Outcome>) => {
      const { code, stdout, stderr } = await outcome;
      expect(code, stderr).toBe(0);
      return stdout.trim();
    };
    try {
      for (const side of ['a', 'b'] as const) {
        await done(run(side, 'init', '--name', `Company ${side}`, '--key-file', join(folder, `${side}.key`)));
      }
      const answer = await fetch(`${edge.url}/operator/registration-codes`, {
        method: 'POST',
        headers: { authorization: `Bearer ${OPERATOR_TOKEN}` },
      });
      const { code } = (await answer.json()) as { code: string };
      const register = ['register', '--service', edge.url, '--code-file', '-'];
      await done(commonground(join(folder, 'a'), register, { input: code }));
      const moon = await run('a', 'partner', 'invite', 'b', '--jurisdiction', 'moon');
      expect(moon.code).toBe(2);
      expect(moon.stderr).toContain('no partnership in a jurisdiction "moon"');
      expect(moon.stderr).toContain('it offers: eu');
      const invitation = join(folder, 'invitation.txt');
      await done(run('a', 'partner', 'invite', 'b', '--jurisdiction', 'eu', '--out', invitation));
      const list = document<{ partners: { partnership: string }[] }>(
        await run('a', 'partner', 'list', '--json'),
      );
      const id = parsePartnershipId(list.partners[0]?.partnership ?? '');
      if (!id) throw new Error('no partnership');
      const place = remotePlace(edge.url, OPERATOR_TOKEN);
      // No further: local workerd has no jurisdictions.
      await expect(place.page({ id, jurisdiction: null }, 'epochs', null)).rejects.toThrow(
        'Jurisdiction restrictions are not implemented',
      );
      expect((await place.directory(id)).partnerships).toMatchObject([{ jurisdiction: 'eu' }]);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  it('serves static files with their security headers', async () => {
    const { status, headers } = await fetch(`${edge.url}/robots.txt`);
    expect([status, headers.get('x-frame-options'), headers.get('referrer-policy')]).toEqual([
      200,
      'DENY',
      'no-referrer',
    ]);
    expect(headers.get('content-security-policy')).toContain("default-src 'none'");
  });
});

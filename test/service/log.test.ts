/** What the log holds after every route was asked: what to operate by, and nothing of what passed through. */
import { beforeAll, describe, expect, it } from 'vitest';
import { fromBase64url, toBase64url } from '../../protocol/bytes.ts';
import { signEnding } from '../../protocol/ending.ts';
import { systemRandom } from '../../protocol/hash.ts';
import { signTerms } from '../../protocol/terms.ts';
import { packRows } from '../../protocol/vault/upload.ts';
import { openLog } from '../../src/service/log.ts';
import { makePerson, rosterWith } from '../support/scopes.ts';
import {
  type Answer,
  type CallOptions,
  putScope,
  submit,
  type TestPartnership,
  type TestService,
  testPartnership,
  testService,
} from '../support/service-app.ts';
import { logInAs, makeMember, PASSWORD } from '../support/service-members.ts';
import {
  makeEvaluation,
  makeRefusal,
  makeRequest,
  makeSignedScope,
  NOW_MS,
} from '../support/service-parties.ts';
import { putRoster, sayAsAgent } from '../support/service-people.ts';
import type { TestAccount } from '../support/service-rows.ts';
import { makeHead, makeWrap } from '../support/service-vault.ts';

const lines: string[] = [];
/** Every text that went in or came out. */
const passed = new Set<string>();
let world: TestPartnership;

/** The service, with all that passes through it written down. */
function recorded(service: TestService): TestService {
  return {
    ...service,
    async call(method: string, path: string, options: CallOptions = {}): Promise<Answer> {
      for (const part of path.split('/')) passed.add(part);
      if (options.token) passed.add(options.token);
      collect(options.json);
      if (options.bytes) passed.add(toBase64url(options.bytes.subarray(0, 32)));
      const answer = await service.call(method, path, options);
      if (answer.code === null && answer.status !== 404 && !path.endsWith('.json')) collect(answer.json);
      return answer;
    },
  };
}

function collect(value: unknown): void {
  if (typeof value === 'string') passed.add(value);
  else if (typeof value === 'object' && value !== null) {
    for (const [name, part] of Object.entries(value)) {
      if (/^[0-9a-f]{32}$/.test(name)) passed.add(name);
      collect(part);
    }
  }
}

async function askEverything(): Promise<void> {
  const log = openLog('info', { write: (line: string) => void lines.push(line) });
  const service = recorded(
    testService('open', {
      observe: (seen) => log.request(seen),
      report: (error, requestId) => log.error(error, requestId),
    }),
  );
  world = await testPartnership('scoped', service);
  const { pair, as, tokens } = world;
  const good = async (answer: Promise<Answer>) => expect((await answer).status).toBeLessThan(300);

  await good(service.call('GET', '/v1/service'));
  await good(service.call('GET', '/v1/partnerships', { token: tokens.founder }));
  await good(service.call('GET', '/healthz'));
  await good(service.call('GET', '/readyz'));
  await good(service.call('GET', '/openapi.json'));
  await good(as('founder', 'PUT', '/health', { json: { code: 'up_to_date', version: '0.1.0' } }));
  for (const side of ['founder', 'joiner'] as const) {
    const asked = makeRequest(pair, side, 1, ['domain']);
    const other = side === 'founder' ? 'joiner' : 'founder';
    const base = `/requests/${side}/1`;
    await good(as(side, 'PUT', base, { json: { request: toBase64url(asked.signed) } }));
    await good(as(side, 'PUT', `${base}/chunks/0`, { bytes: asked.chunks[0] ?? new Uint8Array() }));
    await good(as(other, 'GET', `${base}/chunks/0`));
    const evaluation = makeEvaluation(pair, side, asked, 0);
    await good(as(other, 'PUT', `${base}/evaluations/0`, { bytes: evaluation }));
    await good(as(side, 'GET', `${base}/evaluations/0`));
    await good(as(other, 'GET', '/receipt'));
    const refusal = toBase64url(makeRefusal(pair, side, 1));
    await good(as(other, 'PUT', `${base}/refusal`, { json: { refusal } }));
    await good(as(side, 'DELETE', base));
  }
  const tag = systemRandom(16);
  for (const side of ['founder', 'joiner'] as const) {
    const account = (): TestAccount => ({
      handle: systemRandom(16),
      populations: [0],
      tags: [{ tag: systemRandom(16), kind: 'domain' }],
      fields: ['account_name'],
      names: [0],
    });
    const accounts = [{ ...account(), tags: [{ tag, kind: 'domain' as const }] }, account()];
    await good(submit(world, side, 1, makeSignedScope(pair, side), accounts));
  }
  for (const question of ['matrix', 'overlap', 'whitespace', 'ledger']) {
    await good(as('founder', 'POST', `/${question}`, { json: {} }));
  }
  await askOfScopes(service, good);
  await askAsMember(service, good);
  await askOfVault(service, good);
  const version = { side: 'founder', number: 1, signed: makeSignedScope(pair, 'founder') } as const;
  for (const act of ['revoke', 'seen', 'deleted'] as const) await good(sayAsAgent(world, act, version));
  expect((await as('joiner', 'POST', '/overlap', { json: { cursor: 'invented cursor' } })).status).toBe(400);
  expect((await putScope(world, 'joiner', 9, new Uint8Array(64))).status).toBeGreaterThanOrEqual(400);
  expect((await service.call('GET', `/v1/partnerships/${pair.partnership}`)).status).toBe(401);
  expect((await service.call('GET', `/nothing/${pair.partnership}`)).status).toBe(404);

  service.wrap(() => {
    const quoted = `{"name":"Aurora Analytics","token":"${tokens.founder}"}`;
    throw new TypeError(
      `Unexpected token, ${quoted} at ${pair.partnership} in /srv/secret/place for 'Borealis'`,
    );
  });
  expect((await as('founder', 'GET', '/receipt')).status).toBe(500);
  service.wrap((store) => store);
  const ending = signEnding(
    { partnership: pair.partnership, side: 'founder', endedAt: NOW_MS / 1000 },
    pair.founder.agent.seed,
  );
  const terms = signTerms(
    {
      partnership: pair.partnership,
      epoch: 1,
      side: 'founder',
      number: 1,
      versions: [{ version: 1, data: systemRandom(32) }],
    },
    pair.founder.agent.seed,
  );
  await good(as('founder', 'PUT', '/epochs/1/terms', { json: { terms: toBase64url(terms) } }));
  await good(as('founder', 'PUT', '/ending', { json: { ending: toBase64url(ending) } }));
}

/** What companies of one do about scopes; the founder then has a roster. */
async function askOfScopes(
  service: TestService,
  good: (answer: Promise<Answer>) => Promise<void>,
): Promise<void> {
  const { pair, as, tokens } = world;
  const version = { side: 'founder', number: 1, signed: makeSignedScope(pair, 'founder') } as const;
  await good(as('joiner', 'GET', '/scopes'));
  const limit = { level: 'accounts', fields: [], whiteSpace: 'none', review: false };
  await good(as('founder', 'PUT', '/limits/clean-team', { json: limit }));
  await good(as('founder', 'DELETE', '/limits/clean-team'));
  const request = '/scope-requests/0123456789abcdef0123456789abcdef';
  await good(as('founder', 'PUT', request, { json: { text: 'Aurora would like to see Borealis' } }));
  await good(as('joiner', 'GET', '/scope-requests'));
  const answer = { answer: 'declined', text: 'Borealis says no' };
  await good(as('joiner', 'PUT', `${request}/answer`, { json: answer }));
  await good(sayAsAgent(world, 'approve', version));
  const people = [makePerson(systemRandom), makePerson(systemRandom)];
  await good(putRoster(world, 'founder', rosterWith(pair.founder.organisation, people)));
  await good(service.call('GET', '/v1/rosters', { token: tokens.founder }));
}

/** What brings the names of own accounts to a member. */
async function askOfVault(
  service: TestService,
  good: (answer: Promise<Answer>) => Promise<void>,
): Promise<void> {
  const { pair, as, tokens, base } = world;
  const { organisation } = pair.founder;
  const { member, token } = await makeMember(service, { organisation, token: tokens.founder, role: 'sales' });
  const shown = await service.call('GET', `/v1/members/${member}`, { token });
  const keys = fromBase64url(String(shown.json?.keys)) ?? new Uint8Array();
  const wrap = toBase64url(makeWrap(pair, 'founder', { member, keys }));
  const asAgent = { token: tokens.founder };
  await good(service.call('PUT', `/v1/members/${member}/vault/1`, { ...asAgent, json: { wrap } }));
  await good(service.call('GET', '/v1/vault', { token }));
  const rows = packRows([{ handle: systemRandom(16), sealed: null }]);
  await good(as('founder', 'PUT', '/vault/1/rows', { bytes: rows }));
  await good(as('founder', 'PUT', '/vault/1/names/1', { bytes: systemRandom(100) }));
  const head = toBase64url(makeHead(pair, 'founder', 1));
  await good(as('founder', 'PUT', '/vault/heads/1', { json: { head } }));
  await good(service.call('GET', `${base}/vault/1/names/1`, { token }));
  await good(service.call('DELETE', '/v1/vault/1', asAgent));
}

/** A member's life; the log-in goes wrong once. */
async function askAsMember(
  service: TestService,
  good: (answer: Promise<Answer>) => Promise<void>,
): Promise<void> {
  const { organisation } = world.pair.founder;
  const agent = { organisation, token: world.tokens.founder };
  const { member, email, token } = await makeMember(service, { ...agent, role: 'admin' });
  await good(service.call('GET', '/v1/me', { token }));
  await good(service.call('GET', '/v1/members', { token }));
  expect((await logInAs(service, organisation, email, 'no password at all')).status).toBe(401);
  await good(service.call('DELETE', '/v1/sessions/current', { token }));
  const again = String((await logInAs(service, organisation, email)).json?.token);
  await good(service.call('DELETE', '/v1/sessions', { token: again }));
  await good(service.call('DELETE', `/v1/members/${member}`, { token: agent.token }));
}

beforeAll(askEverything);

const parsed = () => lines.map((line) => JSON.parse(line) as Record<string, unknown>);

describe('the log', () => {
  it('has a line of JSON for every route', async () => {
    const { paths } = (await world.service.call('GET', '/openapi.json')).json as {
      paths: Record<string, Record<string, unknown>>;
    };
    const documented = Object.entries(paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path.replace(/\{(\w+)\}/g, ':$1')}`),
    );
    const logged = new Set(parsed().map((line) => `${String(line.method)} ${String(line.route)}`));
    expect(documented.length).toBeGreaterThan(25);
    expect(documented.filter((route) => !logged.has(route))).toEqual([]);
    for (const route of ['GET /healthz', 'GET /readyz', 'GET null']) expect(logged).toContain(route);
  });

  it('has these fields and no other', () => {
    const requests = parsed().filter((line) => line.msg === 'request');
    expect(requests.length).toBeGreaterThan(50);
    for (const { problem, ...line } of requests) {
      expect(Object.keys(line)).toEqual([
        'level',
        'time',
        'requestId',
        'method',
        'route',
        'status',
        'ms',
        'msg',
      ]);
      expect(line.level).toBe(Number(line.status) >= 500 ? 'error' : 'info');
      expect(line.time).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
      expect(typeof problem === 'string').toBe(Number(line.status) >= 400);
    }
  });

  it('has nothing of what passed through', () => {
    const log = lines.join('');
    const routes = parsed().map((line) => String(line.route));
    const data = [...passed].filter(
      (text) => text.length >= 6 && !routes.some((route) => route.split('/').includes(text)),
    );
    const { founder, joiner, partnership } = world.pair;
    for (const known of [founder.organisation, joiner.name, partnership, toBase64url(founder.certificate)]) {
      expect(data).toContain(known);
    }
    expect(data.filter((text) => text.startsWith('cgt_'))).toHaveLength(2);
    expect(data.filter((text) => text.startsWith('cgs_'))).toHaveLength(3);
    for (const known of [PASSWORD, 'no password at all']) expect(data).toContain(known);
    expect(data.length).toBeGreaterThan(50);
    expect(data.filter((text) => log.includes(text))).toEqual([]);
    expect(log).not.toMatch(/cg[tris]_|mbr_|org_|prt_|Aurora|Borealis|secret|Bearer/);
  });

  it('has an error with where it came from, without what it quotes, and with its request', () => {
    const [line, ...more] = parsed().filter(({ msg }) => msg === 'error');
    expect(more).toEqual([]);
    expect(line?.error).toMatchObject({
      name: 'TypeError',
      message: 'Unexpected token, {…:…,…:…} at … in … for …',
    });
    const { stack } = (line?.error ?? {}) as { stack: string[] };
    expect(stack.length).toBeGreaterThan(1);
    for (const frame of stack) expect(frame).toMatch(/^at /);
    const request = parsed().find((one) => one.requestId === line?.requestId && one.msg === 'request');
    expect(request).toMatchObject({ route: '/v1/partnerships/:partnership/receipt', status: 500 });
  });

  it('has only what its level lets through', () => {
    const quiet: string[] = [];
    const log = openLog('error', { write: (line: string) => void quiet.push(line) });
    const seen = { id: '0', method: 'GET', route: null, status: 404, ms: 1, problem: 'not_found' } as const;
    log.info('nothing');
    log.request(seen);
    log.request({ ...seen, status: 500 });
    log.error('a thrown text with a cgt_token');
    expect(quiet.map((line) => (JSON.parse(line) as { msg: string }).msg)).toEqual(['request', 'error']);
    expect(quiet.join('')).not.toContain('cgt_');
  });

  it('keeps lines of requests back, and nothing behind an error', () => {
    const left: string[] = [];
    const kept: string[] = [];
    const names = () => left.map((line) => (JSON.parse(line) as { msg: string }).msg);
    const log = openLog('info', {
      write: (line: string) => void kept.push(line),
      flush: () => void left.push(...kept.splice(0)),
    });
    const seen = { id: '0', method: 'GET', route: null, status: 404, ms: 1, problem: 'not_found' } as const;
    log.info('started');
    log.request(seen);
    expect(names()).toEqual(['started']);
    log.request({ ...seen, status: 500 });
    expect(names()).toEqual(['started', 'request', 'request']);
    log.request(seen);
    log.error(new Error('broken'));
    expect(names().slice(3)).toEqual(['request', 'error']);
  });
});

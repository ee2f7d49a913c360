/** What a stranger learns of any route, and what bodies are taken; who may ask what is in roles.test.ts. */
import { beforeAll, describe, expect, it } from 'vitest';
import { systemRandom } from '../../protocol/hash.ts';
import { PERMISSIONS } from '../../src/wire/permissions.ts';
import {
  type Answer,
  login,
  register,
  type TestPartnership,
  testPartnership,
} from '../support/service-app.ts';
import { makeTestParty } from '../support/service-parties.ts';
import { describedRoutes, type Route, sampleBody, zeros } from '../support/service-routes.ts';

let world: TestPartnership;
let strangerToken: string;
let routes: readonly Route[];

beforeAll(async () => {
  world = await testPartnership('scoped');
  const { service } = world;
  const stranger = makeTestParty('Stranger', systemRandom);
  await register(service, stranger);
  strangerToken = await login(service, stranger);
  routes = await describedRoutes(service);
});

function ask(route: Route, partnership: string, token?: string): Promise<Answer> {
  const path = route.path
    .replace('{partnership}', partnership)
    .replace('{organisation}', world.pair.founder.organisation)
    .replace('{side}', 'founder')
    .replace('{number}', '1')
    .replace('{index}', '0')
    .replace('{role}', 'sales')
    .replace('{id}', '0'.repeat(32));
  return world.service.call(route.method, path, { token, ...sampleBody(route) });
}

describe('every route', () => {
  it('answers a stranger as if there was no such partnership', async () => {
    const inPartnership = routes.filter(
      ({ method, path }) =>
        path.includes('{partnership}') && PERMISSIONS.get(`${method} ${path}`)?.callers.includes('agent'),
    );
    expect(inPartnership.length).toBeGreaterThan(35);
    for (const route of inPartnership) {
      // To take an id that is free is the one thing that a stranger may.
      const absent =
        route.path === '/v1/partnerships/{partnership}' && route.method === 'PUT' ? null : ABSENT;
      const foreign = await ask(route, world.pair.partnership, strangerToken);
      expect([route.method, route.path, foreign.code]).toEqual([route.method, route.path, 'not_found']);
      if (!absent) continue;
      const missing = await ask(route, absent, strangerToken);
      expect([missing.status, missing.bytes]).toEqual([foreign.status, foreign.bytes]);
      for (const { headers } of [missing, foreign])
        expect(headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
      for (const { headers } of [missing, foreign]) headers.delete('x-request-id');
      expect([...missing.headers]).toEqual([...foreign.headers]);
    }
  });

  it('does not list the partnership to a stranger', async () => {
    const answer = await world.service.call('GET', '/v1/partnerships', { token: strangerToken });
    expect(answer.json).toEqual({ partnerships: [] });
  });

  it('leaves no trace of a stranger', async () => {
    const view = await world.as('founder', 'GET', '');
    expect(view.json).toMatchObject({ requests: { founder: null }, lastRequest: { founder: 0, joiner: 0 } });
  });

  it('answers unknown addresses below /v1 with 401 before it says that there is nothing', async () => {
    expect((await world.service.call('GET', '/v1/nothing')).code).toBe('unauthenticated');
    const answer = await world.service.call('GET', '/v1/nothing', { token: strangerToken });
    expect(answer.code).toBe('not_found');
  });

  it('takes a token in the header only', async () => {
    const path = `/v1/partnerships?token=${world.tokens.founder}`;
    expect((await world.service.call('GET', path)).status).toBe(401);
  });
});

const ABSENT = 'prt_00000000000000000000000000000000';

describe('bodies', () => {
  it('are limited in size', async () => {
    const { tokens, base, service } = world;
    const token = tokens.founder;
    const big = { bytes: new Uint8Array((1 << 19) + 1), token };
    const fits = { bytes: new Uint8Array(1 << 19), token };
    for (const path of ['/requests/founder/1/chunks/0', '/submissions/1/chunks/0']) {
      expect((await service.call('PUT', base + path, big)).code).toBe('too_large');
      expect((await service.call('PUT', base + path, fits)).code).not.toBe('too_large');
    }
    expect(
      (await service.call('PUT', `${base}/scopes/1`, { json: { scope: zeros(200_000) }, token })).code,
    ).toBe('too_large');
    const list = { json: { head: zeros(300), list: zeros(600_000) }, token };
    expect((await service.call('PUT', `${base}/submissions/1`, list)).code).not.toBe('too_large');
    const more = { json: { head: zeros(300), list: zeros(900_000) }, token };
    expect((await service.call('PUT', `${base}/submissions/1`, more)).code).toBe('too_large');
  });

  it('are of the right type', async () => {
    const { tokens, base, service } = world;
    const bytes = new Uint8Array(10);
    const headers = { 'content-type': 'text/plain' };
    for (const path of [
      'requests/founder/1/chunks/0',
      'requests/joiner/1/evaluations/0',
      'submissions/1/chunks/0',
    ]) {
      const answer = await service.call('PUT', `${base}/${path}`, { token: tokens.founder, bytes, headers });
      expect(answer.code).toBe('unsupported_media_type');
    }
    const answer = await service.call('POST', `${base}/matrix`, { token: tokens.founder, bytes, headers });
    expect(answer.code).toBe('unsupported_media_type');
  });

  it('that are no JSON, or not of the schema, are refused with the place of the fault', async () => {
    const { tokens, base, service } = world;
    const headers = { 'content-type': 'application/json' };
    const token = tokens.founder;
    const broken = await service.call('POST', `${base}/matrix`, {
      token,
      headers,
      bytes: new Uint8Array([123]),
    });
    expect(broken.code).toBe('invalid_request');
    const wrong = await service.call('POST', `${base}/overlap`, { token, json: { limit: 0, mine: 'x' } });
    expect([wrong.code, wrong.json?.detail]).toEqual(['invalid_request', 'json.mine, json.limit']);
  });
});

describe('an error that nobody foresaw', () => {
  it('is reported here and not told to the client', async () => {
    const { service, as } = await testPartnership('opened');
    service.wrap(() => {
      throw new Error('the disk of /secret/place is full');
    });
    const answer = await as('founder', 'GET', '/receipt');
    expect([answer.status, answer.code]).toEqual([500, 'internal']);
    expect(new TextDecoder().decode(answer.bytes)).not.toContain('secret');
    expect(service.reported).toHaveLength(1);
  });
});

/** What one organisation, or a stranger, can ask for before it is told to stop. */
import { describe, expect, it } from 'vitest';
import { toBase64url } from '../../protocol/bytes.ts';
import { signRequest } from '../../protocol/evaluation.ts';
import { sha256, systemRandom } from '../../protocol/hash.ts';
import { newPartnershipId } from '../../protocol/ids.ts';
import { encodeChunkList, signSubmission } from '../../protocol/submission.ts';
import { cleanUp } from '../../src/service/directory/cleaning.ts';
import { tokenBuckets } from '../../src/service/rate.ts';
import {
  type Answer,
  login,
  putSubmission,
  register,
  type TestService,
  testPartnership,
  testService,
} from '../support/service-app.ts';
import {
  contextOf,
  makeRequest,
  makeSignedScope,
  makeTestParty,
  NOW_MS,
} from '../support/service-parties.ts';
import { makeSubmission } from '../support/service-rows.ts';

const DAY_MS = 24 * 3600_000;

function invite(service: TestService, token: string, id = newPartnershipId(systemRandom)): Promise<Answer> {
  const body = { commitment: toBase64url(systemRandom(32)), codeHash: toBase64url(sha256(systemRandom(16))) };
  return service.call('PUT', `/v1/partnerships/${id}`, { token, json: body });
}

describe('a list that is longer than the service takes', () => {
  it('is refused as a request, and the number stays free', async () => {
    const world = await testPartnership(
      'scoped',
      testService('open', { limits: { elements: 5, records: 1000 } }),
    );
    const put = (signed: Uint8Array) =>
      world.as('founder', 'PUT', '/requests/founder/1', { json: { request: toBase64url(signed) } });
    // Two chunks of three elements.
    const long = await put(makeRequest(world.pair, 'founder', 1).signed);
    expect([long.status, long.code, long.json?.detail]).toEqual([422, 'list_too_long', 'at most 5 elements']);
    expect((await put(makeRequest(world.pair, 'founder', 1, ['domain']).signed)).status).toBe(200);
  });

  it('is refused as a submission, and a pending one stays', async () => {
    const world = await testPartnership(
      'scoped',
      testService('open', { limits: { elements: 5, records: 4 } }),
    );
    const accounts = (count: number) =>
      Array.from({ length: count }, () => ({ handle: systemRandom(16), populations: [0], tags: [] }));
    // The scope of `testPartnership` is the one that this makes again: Ed25519 signatures are always the same.
    const scope = makeSignedScope(world.pair, 'founder');
    const fits = makeSubmission(world.pair, 'founder', 1, scope, accounts(4));
    expect((await putSubmission(world, 'founder', fits)).status).toBe(200);
    const long = makeSubmission(world.pair, 'founder', 2, scope, accounts(5), 2);
    const answer = await putSubmission(world, 'founder', long);
    expect([answer.status, answer.code, answer.json?.detail]).toEqual([
      422,
      'list_too_long',
      'at most 4 records',
    ]);
    const view = await world.as('founder', 'GET', '');
    expect(view.json?.submissions).toMatchObject({ mine: { pending: { number: 1 }, lastNumber: 1 } });
  });

  it('is refused where it has more chunks than can be', async () => {
    const world = await testPartnership('scoped');
    const { pair } = world;
    const context = contextOf(pair, 'founder');
    const { seed } = pair.founder.agent;
    const hash = sha256(new Uint8Array());
    const chunks = (count: number) =>
      Array.from({ length: count }, () => ({ kind: 'domain', count: 1, hash }) as const);
    const request = (count: number) => {
      const signed = signRequest(context, { number: 1, chunks: chunks(count) }, seed);
      return world.as('founder', 'PUT', '/requests/founder/1', { json: { request: toBase64url(signed) } });
    };
    expect((await request(4097)).code).toBe('malformed');
    expect((await request(4096)).status).toBe(200);
    const submission = (count: number) => {
      const listed = { type: 'accounts', records: 1, hash } as const;
      const list = encodeChunkList(Array.from({ length: count }, () => listed));
      const scopeHash = sha256(new Uint8Array());
      const head = { number: 1, scopeHash, listHash: sha256(list), sealedNamesKey: new Uint8Array() };
      return putSubmission(world, 'founder', {
        number: 1,
        head: signSubmission(context, head, seed),
        list,
        chunks: [],
      });
    };
    expect((await submission(20_001)).code).toBe('invalid_request');
    expect((await submission(20_000)).code).toBe('scope_changed');
  });
});

describe('requests that come too often', () => {
  const limited = (organisation: number, anonymous: number) => {
    const clock = { nowMs: 0 };
    const rates = tokenBuckets({ organisation, anonymous }, () => clock.nowMs);
    return { clock, service: testService('open', { rates }) };
  };

  it('are refused to one organisation alone, until the time that it is told', async () => {
    const { clock, service } = limited(1, 1000);
    const [eager, calm] = [makeTestParty('Eager', systemRandom), makeTestParty('Calm', systemRandom)];
    await register(service, eager);
    await register(service, calm);
    const [token, other] = [await login(service, eager), await login(service, calm)];
    const ask = (as: string) => service.call('GET', '/v1/partnerships', { token: as });
    for (let i = 0; i < 10; i++) expect((await ask(token)).status).toBe(200);
    const refused = await ask(token);
    expect([refused.status, refused.code, refused.headers.get('retry-after')]).toEqual([
      429,
      'rate_limited',
      '1',
    ]);
    expect(service.seen.at(-1)).toMatchObject({ route: '/v1/partnerships', problem: 'rate_limited' });
    expect((await ask(other)).status).toBe(200);
    clock.nowMs += 999;
    expect((await ask(token)).status).toBe(429);
    clock.nowMs += 1;
    expect((await ask(token)).status).toBe(200);
    expect((await ask(token)).status).toBe(429);
  });

  it('are refused to the anonymous by the class of the route', async () => {
    const { service } = limited(1000, 1);
    const { organisation } = makeTestParty('Nobody', systemRandom);
    const challenge = () => service.call('POST', '/v1/login/challenges', { json: { organisation } });
    for (let i = 0; i < 10; i++) expect((await challenge()).status).toBe(200);
    expect((await challenge()).code).toBe('rate_limited');
    expect((await service.call('POST', '/v1/login/tokens', { json: {} })).code).toBe('rate_limited');
    expect((await service.call('GET', '/v1/service')).status).toBe(200);
    await register(service, makeTestParty('Somebody', systemRandom));
    for (let i = 0; i < 20; i++) expect((await service.call('GET', '/healthz')).status).toBe(200);
  });

  it('do not read a body first', async () => {
    const { service } = limited(1, 1000);
    const party = makeTestParty('Eager', systemRandom);
    await register(service, party);
    const token = await login(service, party);
    const path = `/v1/partnerships/${newPartnershipId(systemRandom)}/submissions/1/chunks/0`;
    const big = { bytes: new Uint8Array((1 << 19) + 1), token };
    expect((await service.call('PUT', path, { ...big, token: 'x' })).code).toBe('unauthenticated');
    for (let i = 0; i < 10; i++) expect((await service.call('PUT', path, big)).code).toBe('too_large');
    expect((await service.call('PUT', path, big)).code).toBe('rate_limited');
  });
});

describe('token buckets', () => {
  it('let through the rate in the long run, and ten seconds of it at once', async () => {
    const clock = { nowMs: 0 };
    const rates = tokenBuckets({ organisation: 5, anonymous: 1 }, () => clock.nowMs);
    let passed = 0;
    for (; clock.nowMs < 100_000; clock.nowMs += 10) {
      if ((await rates.take('organisation a')) === 0) passed++;
    }
    expect(passed).toBeGreaterThanOrEqual(50 + 5 * 100 - 1);
    expect(passed).toBeLessThanOrEqual(50 + 5 * 100);
  });

  it('tell a time after which they do let through', async () => {
    const clock = { nowMs: 0 };
    const rates = tokenBuckets({ organisation: 0.25, anonymous: 1 }, () => clock.nowMs);
    await rates.take('organisation a');
    await rates.take('organisation a');
    const seconds = await rates.take('organisation a');
    expect(seconds).toBeGreaterThan(1);
    clock.nowMs += seconds * 1000;
    expect(await rates.take('organisation a')).toBe(0);
  });

  it('do not forget who has asked too often when many others ask', async () => {
    const clock = { nowMs: 0 };
    const rates = tokenBuckets({ organisation: 1, anonymous: 1 }, () => clock.nowMs);
    for (let i = 0; i < 10; i++) await rates.take('organisation eager');
    for (let i = 0; i < 5000; i++) {
      expect(await rates.take(`organisation ${i}`)).toBe(0);
      clock.nowMs += 0.1;
    }
    expect(await rates.take('organisation eager')).toBe(1);
  });
});

describe('10,000 invitations of one organisation', () => {
  it('are 200 and then refusals, while others are served as before', async () => {
    const service = testService();
    const [eager, calm] = [makeTestParty('Eager', systemRandom), makeTestParty('Calm', systemRandom)];
    await register(service, eager);
    await register(service, calm);
    const [token, other] = [await login(service, eager), await login(service, calm)];
    const counts = new Map<number, number>();
    for (let i = 0; i < 10_000; i++) {
      const answer = await invite(service, token);
      counts.set(answer.status, (counts.get(answer.status) ?? 0) + 1);
      if (answer.status !== 429) continue;
      expect([answer.code, answer.headers.get('retry-after')]).toEqual(['too_many_invitations', '3600']);
    }
    expect([...counts]).toEqual([
      [201, 200],
      [429, 9800],
    ]);
    const begun = performance.now();
    for (let i = 0; i < 20; i++) expect((await invite(service, other)).status).toBe(201);
    expect((performance.now() - begun) / 20).toBeLessThan(50);
    expect((await service.call('GET', '/v1/partnerships', { token })).json?.partnerships).toHaveLength(200);
  });

  it('that have all expired are no burden', async () => {
    const service = testService();
    const party = makeTestParty('Patient', systemRandom);
    await register(service, party);
    const row = `insert into partnerships (id, founder, commitment, code_hash, created_ms, expires_ms)
      values (?, ?, ?, ?, ?, ?)`;
    const bytes = systemRandom(32);
    await service.directory.batch(
      Array.from({ length: 10_000 }, (_, i) => {
        const id = newPartnershipId(systemRandom);
        return [row, id, party.organisation, bytes, bytes, 0, NOW_MS - i] as const;
      }),
    );
    const token = await login(service, party);
    const begun = performance.now();
    for (let i = 0; i < 20; i++) expect((await invite(service, token)).status).toBe(201);
    expect((performance.now() - begun) / 20).toBeLessThan(50);
    expect(await cleanUp(service.directory, NOW_MS + 30 * DAY_MS)).toMatchObject({ invitations: 10_000 });
  });
});

describe('cleaning up', () => {
  it('takes what has expired, once, and nothing that is in use', async () => {
    const world = await testPartnership('accepted');
    const { service } = world;
    const expired = newPartnershipId(systemRandom);
    expect((await invite(service, world.tokens.founder, expired)).status).toBe(201);
    const { organisation } = world.pair.founder;
    await service.call('POST', '/v1/login/challenges', { json: { organisation } });
    const nothing = { challenges: 0, tokens: 0, invitations: 0, sessions: 0 };

    expect(await cleanUp(service.directory, NOW_MS)).toEqual(nothing);
    expect(await cleanUp(service.directory, NOW_MS + 120_000)).toEqual({ ...nothing, challenges: 1 });
    expect((await world.as('founder', 'GET', '')).status).toBe(200);
    expect(await cleanUp(service.directory, NOW_MS + 600_000)).toEqual({ ...nothing, tokens: 2 });
    expect((await world.as('founder', 'GET', '')).code).toBe('unauthenticated');

    // Whoever comes late with an invitation is told so for a while.
    const afterMs = NOW_MS + 14 * DAY_MS;
    expect(await cleanUp(service.directory, afterMs)).toEqual(nothing);
    service.clock.nowMs = afterMs;
    const token = await login(service, world.pair.founder);
    const view = () => service.call('GET', `/v1/partnerships/${expired}`, { token });
    expect((await view()).status).toBe(200);
    expect(await cleanUp(service.directory, afterMs + 30 * DAY_MS)).toMatchObject({ invitations: 1 });
    expect(await cleanUp(service.directory, afterMs + 30 * DAY_MS)).toEqual(nothing);
    expect((await service.directory.all('select id from partnerships')).length).toBe(1);
  });
});

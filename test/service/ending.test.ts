import { beforeEach, describe, expect, it } from 'vitest';
import { toBase64url } from '../../protocol/bytes.ts';
import { signEnding } from '../../protocol/ending.ts';
import { systemRandom } from '../../protocol/hash.ts';
import type { Side } from '../../protocol/ids.ts';
import {
  type Answer,
  grantScope,
  login,
  putScope,
  register,
  submit,
  type TestPartnership,
  testPartnership,
} from '../support/service-app.ts';
import {
  makeRequest,
  makeSignedScope,
  makeTestPair,
  makeTestParty,
  NOW_MS,
} from '../support/service-parties.ts';
import type { TestAccount } from '../support/service-rows.ts';

let world: TestPartnership;
beforeEach(async () => {
  world = await testPartnership('signed');
});

function ending(
  side: Side,
  change: { seed?: Uint8Array; of?: Side; partnership?: string; at?: number } = {},
) {
  const { pair } = world;
  return signEnding(
    {
      partnership: (change.partnership ?? pair.partnership) as typeof pair.partnership,
      side: change.of ?? side,
      endedAt: change.at ?? NOW_MS / 1000,
    },
    change.seed ?? pair[side].agent.seed,
  );
}

function end(side: Side, bytes: Uint8Array = ending(side)): Promise<Answer> {
  return world.as(side, 'PUT', '/ending', { json: { ending: toBase64url(bytes) } });
}

const tag = systemRandom(16);
const account = (): TestAccount => ({
  handle: systemRandom(16),
  populations: [0],
  tags: [{ tag, kind: 'domain' }],
  fields: ['owner'],
});

/** Both lists in, a question asked, and a request under way. */
async function worked(): Promise<void> {
  const { pair } = world;
  for (const side of ['founder', 'joiner'] as const) {
    const scope = makeSignedScope(pair, side);
    await grantScope(world, side, 1, scope);
    expect((await submit(world, side, 1, scope, [account()])).status).toBe(200);
  }
  const request = makeRequest(pair, 'founder', 1, ['domain']);
  await world.as('founder', 'PUT', '/requests/founder/1', {
    json: { request: toBase64url(request.signed) },
  });
  await world.as('founder', 'PUT', '/requests/founder/1/chunks/0', {
    bytes: request.chunks[0] ?? new Uint8Array(),
  });
  await world.as('founder', 'POST', '/matrix', { json: {} });
}

function rowsLeft(): Record<string, number> {
  const store = world.service.store(world.pair.partnership);
  const tables = store.all<{ name: string }>("select name from sqlite_master where type = 'table'");
  return Object.fromEntries(
    tables.map(({ name }) => [
      name,
      store.all<{ n: number }>(`select count(*) as n from ${name}`)[0]?.n ?? 0,
    ]),
  );
}

describe('an ending', () => {
  it('deletes everything that was blinded, of both sides, and keeps the ledger and the scopes', async () => {
    await worked();
    const before = rowsLeft();
    for (const table of [
      'accounts',
      'tags',
      'boxes',
      'shown_pairs',
      'openings',
      'tallies',
      'request_bodies',
      'epochs',
    ])
      expect([table, before[table]]).not.toEqual([table, 0]);
    expect((await end('joiner')).status).toBe(200);
    const left = Object.entries(rowsLeft()).filter(([, count]) => count > 0);
    expect(Object.fromEntries(left)).toEqual({
      schema_version: 1,
      sides: 2,
      scopes: 2,
      scope_statements: 2,
      snapshots: 1,
      ledger: before.ledger,
      ledger_cells: before.ledger_cells,
      ended: 1,
    });
    const store = world.service.store(world.pair.partnership);
    expect(store.all('select receipt, active_submission from sides')).toEqual([
      { receipt: null, active_submission: null },
      { receipt: null, active_submission: null },
    ]);
  });

  it('is shown to both with its signature, and leaves them the ledger and nothing else', async () => {
    await worked();
    const signed = ending('joiner');
    await end('joiner', signed);
    for (const side of ['founder', 'joiner'] as const) {
      const view = await world.as(side, 'GET', '');
      expect(view.json).toMatchObject({
        state: 'ended',
        endings: { founder: null, joiner: toBase64url(signed) },
        snapshot: null,
        requests: { founder: null },
      });
      const list = await world.service.call('GET', '/v1/partnerships', { token: world.tokens[side] });
      expect(list.json).toMatchObject({ partnerships: [{ state: 'ended' }] });
      const ledger = await world.as(side, 'POST', '/ledger', { json: {} });
      expect(ledger.json?.entries).toHaveLength(1);
      for (const question of ['matrix', 'overlap', 'whitespace']) {
        const answer = await world.as(side, 'POST', `/${question}`, { json: {} });
        expect([answer.status, answer.code]).toEqual([410, 'partnership_ended']);
      }
      const scope = makeSignedScope(world.pair, side, { number: 2 }, makeSignedScope(world.pair, side));
      expect((await putScope(world, side, 2, scope)).code).toBe('partnership_ended');
      expect((await world.as(side, 'GET', '/receipt')).code).toBe('partnership_ended');
    }
  });

  it('may be sent again, and the other side may add its own; a second one of a side is refused', async () => {
    expect((await end('founder')).status).toBe(200);
    expect((await end('founder')).status).toBe(200);
    expect((await end('founder', ending('founder', { at: 1 }))).code).toBe('conflict');
    expect((await end('joiner')).status).toBe(200);
  });

  it('is of the caller’s key, side and partnership only; the partner’s own bytes do not serve', async () => {
    const { pair } = world;
    const refusals = [
      [ending('founder', { seed: systemRandom(32) }), 'bad_signature'],
      [ending('founder', { of: 'joiner' }), 'other_context'],
      [ending('joiner'), 'bad_signature'],
      [ending('founder', { partnership: makeTestPair(systemRandom).partnership }), 'other_context'],
      [new Uint8Array(64), 'malformed'],
      [ending('founder', { seed: pair.founder.root.seed }), 'bad_signature'],
    ] as const;
    for (const [bytes, code] of refusals) expect((await end('founder', bytes)).code).toBe(code);
    expect((await world.as('founder', 'GET', '')).json?.state).toBe('opened');
    expect(rowsLeft().ended).toBe(0);
  });

  it('is nobody else’s', async () => {
    const stranger = makeTestParty('Stranger', systemRandom);
    await register(world.service, stranger);
    const token = await login(world.service, stranger);
    for (const bytes of [ending('founder'), ending('founder', { seed: stranger.agent.seed })]) {
      const answer = await world.service.call('PUT', `${world.base}/ending`, {
        token,
        json: { ending: toBase64url(bytes) },
      });
      expect([answer.status, answer.code]).toEqual([404, 'not_found']);
    }
    expect((await world.as('founder', 'GET', '')).json?.state).toBe('opened');
  });

  it.each(['invited', 'accepted'] as const)('withdraws an invitation that is %s', async (state) => {
    world = await testPartnership(state);
    const { pair } = world;
    expect((await end('founder')).status).toBe(200);
    if (state === 'invited') {
      const accepted = await world.as('joiner', 'PUT', '/acceptance', {
        json: { acceptance: toBase64url(pair.acceptance), code: toBase64url(pair.code) },
      });
      expect([accepted.status, accepted.code]).toEqual([410, 'partnership_ended']);
    }
    const opened = await world.as('founder', 'PUT', '/opening', {
      json: { opening: toBase64url(pair.opening) },
    });
    expect(opened.code).toBe('partnership_ended');
    expect((await world.as('founder', 'POST', '/matrix', { json: {} })).code).toBe('partnership_ended');
  });

  it('that was not noted in the directory yet lets no upload in behind it', async () => {
    await worked();
    world.service.wrap((store) => store);
    const { directory } = world.service;
    await end('founder');
    await directory.batch([['update partnerships set founder_ending = null']]);
    expect((await world.as('joiner', 'POST', '/matrix', { json: {} })).code).toBe('partnership_ended');
    expect((await end('founder')).status).toBe(200);
    expect((await world.as('joiner', 'GET', '')).json?.state).toBe('ended');
  });
});

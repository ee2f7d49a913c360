import { describe, expect, it } from 'vitest';
import { toBase64url } from '../../protocol/bytes.ts';
import { sha256, systemRandom } from '../../protocol/hash.ts';
import { accept, open } from '../../protocol/invitation.ts';
import { login, moveTo, register, type TestPartnership, testPartnership } from '../support/service-app.ts';
import { makeTestParty, NOW_MS } from '../support/service-parties.ts';

const DAY_MS = 24 * 3600_000;

function invitation(world: TestPartnership, change: object = {}) {
  const { pair } = world;
  const json = {
    commitment: toBase64url(pair.commitment),
    codeHash: toBase64url(sha256(pair.code)),
    ...change,
  };
  return world.as('founder', 'PUT', '', { json });
}

function acceptance(world: TestPartnership, change: { acceptance?: Uint8Array; code?: Uint8Array } = {}) {
  const { pair } = world;
  const json = {
    acceptance: toBase64url(change.acceptance ?? pair.acceptance),
    code: toBase64url(change.code ?? pair.code),
  };
  return world.as('joiner', 'PUT', '/acceptance', { json });
}

function opening(world: TestPartnership, bytes: Uint8Array = world.pair.opening) {
  return world.as('founder', 'PUT', '/opening', { json: { opening: toBase64url(bytes) } });
}

async function third(world: TestPartnership) {
  const party = makeTestParty('Third', systemRandom);
  await register(world.service, party);
  return { party, token: await login(world.service, party) };
}

describe('an invitation', () => {
  it('is new once and the same again', async () => {
    const world = await testPartnership('registered');
    expect((await invitation(world)).status).toBe(201);
    expect((await invitation(world)).status).toBe(200);
    const other = await invitation(world, { commitment: toBase64url(systemRandom(32)) });
    expect(other.code).toBe('conflict');
  });

  it('is refused while 200 wait, and no longer once they are too old', async () => {
    const world = await testPartnership('registered');
    const { service, tokens } = world;
    const put = (n: number) =>
      service.call('PUT', `/v1/partnerships/prt_${n.toString(16).padStart(32, '0')}`, {
        token: tokens.founder,
        json: { commitment: toBase64url(systemRandom(32)), codeHash: toBase64url(systemRandom(32)) },
      });
    for (let n = 0; n < 200; n++) expect((await put(n)).status).toBe(201);
    expect((await put(200)).code).toBe('too_many_invitations');
    await service.directory.batch([['update partnerships set expires_ms = ?', NOW_MS]]);
    expect((await put(200)).status).toBe(201);
  });

  it('is for the founder to repeat, not for the joiner', async () => {
    const world = await testPartnership('accepted');
    const { pair } = world;
    const json = { commitment: toBase64url(pair.commitment), codeHash: toBase64url(sha256(pair.code)) };
    expect((await world.as('joiner', 'PUT', '', { json })).code).toBe('wrong_side');
  });
});

describe('an acceptance', () => {
  it('is taken, and the same again', async () => {
    const world = await testPartnership('invited');
    expect((await acceptance(world)).status).toBe(200);
    expect((await acceptance(world)).status).toBe(200);
  });

  it('is taken once, whoever else has the code', async () => {
    const world = await testPartnership('accepted');
    const { pair, service, base } = world;
    const { party, token } = await third(world);
    const own = { certificate: party.certificate, nonce: systemRandom(32) };
    const signed = accept(pair.partnership, pair.commitment, own, party.agent.seed);
    const json = { acceptance: toBase64url(signed), code: toBase64url(pair.code) };
    const answer = await service.call('PUT', `${base}/acceptance`, { token, json });
    expect(answer.code).toBe('invitation_used');
    const mine = { certificate: pair.joiner.certificate, nonce: systemRandom(32) };
    const again = accept(pair.partnership, pair.commitment, mine, pair.joiner.agent.seed);
    expect((await acceptance(world, { acceptance: again })).code).toBe('conflict');
  });

  it('needs the code; without it there is no such partnership', async () => {
    const world = await testPartnership('invited');
    const wrong = await acceptance(world, { code: systemRandom(16) });
    const absent = await world.service.call(
      'PUT',
      '/v1/partnerships/prt_00000000000000000000000000000000/acceptance',
      {
        token: world.tokens.joiner,
        json: { acceptance: toBase64url(world.pair.acceptance), code: toBase64url(world.pair.code) },
      },
    );
    expect([wrong.status, wrong.bytes]).toEqual([absent.status, absent.bytes]);
    expect(wrong.code).toBe('not_found');
  });

  it('is not for the founder', async () => {
    const world = await testPartnership('invited');
    const { pair } = world;
    const json = { acceptance: toBase64url(pair.acceptance), code: toBase64url(pair.code) };
    expect((await world.as('founder', 'PUT', '/acceptance', { json })).code).toBe('wrong_side');
  });

  it('comes too late after two weeks', async () => {
    const world = await testPartnership('invited');
    await world.service.directory.batch([['update partnerships set expires_ms = ?', NOW_MS]]);
    expect((await acceptance(world)).code).toBe('invitation_expired');
    const [row] = await world.service.directory.all<{ created_ms: number }>(
      'select created_ms from partnerships',
    );
    expect(row?.created_ms).toBe(NOW_MS);
  });

  it('must be of this commitment, well-formed and the caller’s own', async () => {
    const world = await testPartnership('invited');
    const { pair } = world;
    const own = { certificate: pair.joiner.certificate, nonce: systemRandom(32) };
    const other = accept(pair.partnership, systemRandom(32), own, pair.joiner.agent.seed);
    expect((await acceptance(world, { acceptance: other })).code).toBe('other_context');
    const forged = accept(pair.partnership, pair.commitment, own, systemRandom(32));
    expect((await acceptance(world, { acceptance: forged })).code).toBe('bad_signature');
    const cut = pair.acceptance.subarray(0, 90);
    expect((await acceptance(world, { acceptance: cut })).code).toBe('malformed');
    const { party, token } = await third(world);
    const json = { acceptance: toBase64url(pair.acceptance), code: toBase64url(pair.code) };
    const taken = await world.service.call('PUT', `${world.base}/acceptance`, { token, json });
    expect([party.name, taken.code]).toEqual(['Third', 'other_context']);
    expect((await acceptance(world)).status).toBe(200);
  });

  it('needs a certificate that is valid now', async () => {
    const world = await testPartnership('invited');
    await world.service.directory.batch([
      ['update partnerships set expires_ms = ?', NOW_MS + 1000 * DAY_MS],
      ['update tokens set expires_ms = ?', NOW_MS + 1000 * DAY_MS],
    ]);
    world.service.clock.nowMs += 90 * DAY_MS;
    expect((await acceptance(world)).code).toBe('certificate_not_current');
  });
});

describe('an opening', () => {
  it('is taken, and the same again', async () => {
    const world = await testPartnership('accepted');
    expect((await opening(world)).status).toBe(200);
    expect((await opening(world)).status).toBe(200);
  });

  it('comes after the acceptance and from the founder', async () => {
    const invited = await testPartnership('invited');
    expect((await opening(invited)).code).toBe('not_accepted');
    const world = await testPartnership('accepted');
    const json = { opening: toBase64url(world.pair.opening) };
    expect((await world.as('joiner', 'PUT', '/opening', { json })).code).toBe('wrong_side');
  });

  it('must open this commitment for this acceptance', async () => {
    const world = await testPartnership('accepted');
    const { pair } = world;
    const own = { certificate: pair.founder.certificate, nonce: systemRandom(32) };
    const otherNonce = open(pair.partnership, pair.acceptance, own, pair.founder.agent.seed);
    expect((await opening(world, otherNonce)).code).toBe('other_context');
    const otherAcceptance = open(pair.partnership, systemRandom(200), own, pair.founder.agent.seed);
    expect((await opening(world, otherAcceptance)).code).toBe('other_context');
    expect((await opening(world, pair.opening.subarray(0, 100))).code).toBe('malformed');
    expect((await opening(world)).status).toBe(200);
    expect((await opening(world, otherNonce)).code).toBe('conflict');
  });
});

describe('the view and the list', () => {
  it.each([
    ['invited', null],
    ['accepted', 'The joiner'],
    ['opened', 'The joiner'],
  ] as const)('say %s', async (state, partner) => {
    const world = await testPartnership(state);
    const { pair, service, tokens } = world;
    const view = await world.as('founder', 'GET', '');
    expect(view.json).toMatchObject({
      id: pair.partnership,
      side: 'founder',
      state,
      createdAt: new Date(NOW_MS).toISOString(),
      commitment: toBase64url(pair.commitment),
      acceptance: state === 'invited' ? null : toBase64url(pair.acceptance),
      opening: state === 'opened' ? toBase64url(pair.opening) : null,
      certificates: {
        founder: toBase64url(pair.founder.certificate),
        joiner: state === 'invited' ? null : toBase64url(pair.joiner.certificate),
      },
      epoch: { number: 1, offers: { founder: null, joiner: null } },
      snapshot: null,
      since: null,
    });
    const list = await service.call('GET', '/v1/partnerships', { token: tokens.founder });
    expect(list.json?.partnerships).toEqual([
      {
        id: pair.partnership,
        side: 'founder',
        state,
        partner: partner === null ? null : { organisation: pair.joiner.organisation, name: partner },
        createdAt: new Date(NOW_MS).toISOString(),
      },
    ]);
  });

  it('shows nothing but itself to a joiner who did not accept yet', async () => {
    const world = await testPartnership('invited');
    expect((await world.as('joiner', 'GET', '')).code).toBe('not_found');
  });

  it('tells when the partner’s agent was last here', async () => {
    const world = await testPartnership('opened');
    await world.as('joiner', 'GET', '');
    const since = async () => (await world.as('founder', 'GET', '')).json?.since;
    await moveTo(world, NOW_MS + 3599_000);
    await world.as('joiner', 'GET', '');
    expect(await since()).toEqual({ lastSeenAt: new Date(NOW_MS).toISOString(), health: null });
    await moveTo(world, NOW_MS + 3600_000);
    await world.as('joiner', 'GET', '');
    expect(await since()).toEqual({ lastSeenAt: new Date(NOW_MS + 3600_000).toISOString(), health: null });
  });
});

describe('work', () => {
  it('does not begin before the opening', async () => {
    for (const state of ['invited', 'accepted'] as const) {
      const world = await testPartnership(state);
      const json = { offer: toBase64url(world.pair.offers.founder) };
      expect((await world.as('founder', 'PUT', '/epochs/1/offer', { json })).code).toBe('not_opened');
      for (const question of ['matrix', 'overlap', 'whitespace', 'ledger']) {
        const answer = await world.as('founder', 'POST', `/${question}`, { json: {} });
        expect(answer.code).toBe('not_opened');
      }
    }
  });
});

import { beforeEach, describe, expect, it } from 'vitest';
import { fromBase64url, toBase64url } from '../../protocol/bytes.ts';
import { sha256, systemRandom } from '../../protocol/hash.ts';
import { signLogin } from '../../protocol/login.ts';
import { addRegistrationCode } from '../../src/service/directory/organisations.ts';
import { HOST, login, register, type TestService, testService } from '../support/service-app.ts';
import {
  certificateOf,
  makeTestParty,
  NOW_MS,
  signingKey,
  type TestParty,
} from '../support/service-parties.ts';

const DAY_MS = 24 * 3600_000;

let service: TestService;
let party: TestParty;
beforeEach(() => {
  service = testService();
  party = makeTestParty('Someone', systemRandom);
});

function put(one: TestParty, certificate: Uint8Array, more: object = {}, to = service) {
  return to.call('PUT', `/v1/organisations/${one.organisation}`, {
    json: { certificate: toBase64url(certificate), ...more },
  });
}

describe('the service', () => {
  it('says what it is', async () => {
    const answer = await service.call('GET', '/v1/service');
    expect(answer.json).toEqual({
      version: '0',
      operator: { name: 'the tests', organisation: null },
      registration: 'open',
      jurisdictions: [],
      time: new Date(NOW_MS).toISOString(),
    });
    expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
    expect((await service.call('GET', '/healthz')).json).toEqual({ ok: true });
  });

  it('answers errors as problems', async () => {
    const answer = await service.call('GET', '/nothing');
    expect(answer.headers.get('content-type')).toBe('application/problem+json');
    expect(answer.json).toEqual({
      type: 'urn:commonground:problem:not_found',
      title: 'There is no such thing here',
      status: 404,
      code: 'not_found',
    });
  });
});

describe('registration', () => {
  it('takes an organisation, and the same again', async () => {
    const answer = await put(party, party.certificate);
    expect([answer.status, answer.json]).toEqual([
      201,
      { organisation: party.organisation, name: 'Someone', serial: 1 },
    ]);
    const again = await put(party, party.certificate);
    expect([again.status, again.json]).toEqual([200, answer.json]);
  });

  it('renews with a higher serial only', async () => {
    await register(service, party);
    const agent = signingKey(systemRandom);
    const renewed = { ...party, agent };
    const second = certificateOf(renewed, { serial: 2 });
    expect((await put(party, second)).status).toBe(200);
    expect((await put(party, certificateOf(party, { serial: 2 }))).code).toBe('stale_certificate');
    await expect(login(service, party)).rejects.toThrow('unauthenticated');
    await expect(login(service, renewed)).resolves.toMatch(/^cgt_/);
  });

  it('tells the newest serial to whoever shows an earlier certificate, and goes on with the newest', async () => {
    await register(service, party);
    const renewed = { ...party, agent: signingKey(systemRandom) };
    await put(party, certificateOf(renewed, { serial: 7 }));
    const old = { organisation: party.organisation, name: 'Someone', serial: 7 };
    for (const certificate of [party.certificate, certificateOf(party, { serial: 6, days: 0 })]) {
      const answer = await put(party, certificate);
      expect([answer.status, answer.json]).toEqual([200, old]);
    }
    await expect(login(service, party)).rejects.toThrow('unauthenticated');
    await expect(login(service, renewed)).resolves.toMatch(/^cgt_/);
    // Somebody else's certificate of a lower serial tells nothing.
    const other = makeTestParty('Other', systemRandom);
    expect((await put(party, other.certificate)).code).toBe('other_context');
  });

  it('ends the tokens of the old agent key with a renewal', async () => {
    await register(service, party);
    const token = await login(service, party);
    expect((await service.call('GET', '/v1/partnerships', { token })).status).toBe(200);
    await put(party, certificateOf({ ...party, agent: signingKey(systemRandom) }, { serial: 2 }));
    expect((await service.call('GET', '/v1/partnerships', { token })).code).toBe('unauthenticated');
  });

  it.each([
    ['of another organisation', () => makeTestParty('Other', systemRandom).certificate, 'other_context'],
    [
      'signed by nobody',
      () => party.certificate.map((byte, i, all) => (i === all.length - 1 ? byte ^ 1 : byte)),
      'bad_signature',
    ],
    ['cut', () => party.certificate.subarray(0, 100), 'malformed'],
    ['empty', () => new Uint8Array(), 'malformed'],
    ['expired', () => certificateOf(party, { days: 0 }), 'certificate_not_current'],
  ])('refuses a certificate %s', async (_, certificate, code) => {
    expect((await put(party, certificate())).code).toBe(code);
  });

  it('refuses bytes that are not canonical base64url, and unknown keys', async () => {
    const path = `/v1/organisations/${party.organisation}`;
    const text = toBase64url(party.certificate);
    for (const certificate of [`${text}=`, `${text}+`, 7, undefined]) {
      expect((await service.call('PUT', path, { json: { certificate } })).code).toBe('invalid_request');
    }
    expect((await put(party, party.certificate, { more: 1 })).code).toBe('invalid_request');
  });

  it('lets nobody in when closed, but still renews', async () => {
    const closed = testService('closed');
    expect((await put(party, party.certificate, {}, closed)).code).toBe('registration_closed');
  });

  it('takes a registration code once', async () => {
    const invited = testService('invitation');
    await addRegistrationCode(invited.directory, 'cgr_code');
    expect((await put(party, party.certificate, {}, invited)).code).toBe('registration_refused');
    const wrong = await put(party, party.certificate, { registrationCode: 'cgr_other' }, invited);
    expect(wrong.code).toBe('registration_refused');
    expect((await put(party, party.certificate, { registrationCode: 'cgr_code' }, invited)).status).toBe(201);
    const second = makeTestParty('Second', systemRandom);
    const used = await put(second, second.certificate, { registrationCode: 'cgr_code' }, invited);
    expect(used.code).toBe('registration_refused');
  });

  it('takes an invitation to a partnership while nobody accepted it', async () => {
    const invited = testService('invitation');
    await addRegistrationCode(invited.directory, 'cgr_code');
    await put(party, party.certificate, { registrationCode: 'cgr_code' }, invited);
    const token = await login(invited, party);
    const partnership = 'prt_00000000000000000000000000000001';
    const code = systemRandom(16);
    await invited.call('PUT', `/v1/partnerships/${partnership}`, {
      token,
      json: { commitment: toBase64url(systemRandom(32)), codeHash: toBase64url(sha256(code)) },
    });
    const joiner = makeTestParty('Joiner', systemRandom);
    const with_ = (invitation: object) => put(joiner, joiner.certificate, { invitation }, invited);
    const wrong = { partnership, code: toBase64url(systemRandom(16)) };
    expect((await with_(wrong)).code).toBe('registration_refused');
    const right = { partnership, code: toBase64url(code) };
    invited.clock.nowMs += 14 * DAY_MS;
    expect((await with_(right)).code).toBe('registration_refused');
    invited.clock.nowMs -= 1;
    await invited.directory.batch([["update partnerships set acceptance = x'00'"]]);
    expect((await with_(right)).code).toBe('registration_refused');
    await invited.directory.batch([['update partnerships set acceptance = null']]);
    await invited.directory.batch([["update partnerships set founder_ending = x'00'"]]);
    expect((await with_(right)).code).toBe('registration_refused');
    await invited.directory.batch([['update partnerships set founder_ending = null']]);
    expect((await with_(right)).status).toBe(201);
  });

  it('lets one organisation in by the code of an invitation', async () => {
    const invited = testService('invitation');
    await addRegistrationCode(invited.directory, 'cgr_code');
    await put(party, party.certificate, { registrationCode: 'cgr_code' }, invited);
    const token = await login(invited, party);
    const proofs: object[] = [];
    for (const partnership of [1, 2].map((n) => `prt_${String(n).padStart(32, '0')}`)) {
      const code = systemRandom(16);
      const json = { commitment: toBase64url(systemRandom(32)), codeHash: toBase64url(sha256(code)) };
      await invited.call('PUT', `/v1/partnerships/${partnership}`, { token, json });
      proofs.push({ invitation: { partnership, code: toBase64url(code) } });
    }
    const [first, second, third] = ['First', 'Second', 'Third'].map((name) =>
      makeTestParty(name, systemRandom),
    );
    const [one, two] = proofs;
    if (!first || !second || !third || !one || !two) throw new Error('unreachable');
    expect((await put(first, first.certificate, one, invited)).status).toBe(201);
    // Again by the same organisation, as after an answer that was lost.
    expect((await put(first, first.certificate, one, invited)).status).toBe(200);
    for (const again of [second, third])
      expect((await put(again, again.certificate, one, invited)).code).toBe('registration_refused');
    // The one that is in uses up no other invitation.
    expect((await put(first, first.certificate, two, invited)).status).toBe(200);
    const both = await Promise.all([second, third].map((each) => put(each, each.certificate, two, invited)));
    expect(both.filter(({ status }) => status === 201)).toHaveLength(1);
    expect(both.filter(({ code }) => code === 'registration_refused')).toHaveLength(1);
  });
});

describe('log-in', () => {
  async function challengeFor(organisation: string): Promise<Uint8Array> {
    const answer = await service.call('POST', '/v1/login/challenges', { json: { organisation } });
    return fromBase64url(String(answer.json?.challenge)) ?? new Uint8Array();
  }
  function token(challenge: Uint8Array, signature: Uint8Array, organisation: string = party.organisation) {
    return service.call('POST', '/v1/login/tokens', {
      json: { organisation, challenge: toBase64url(challenge), signature: toBase64url(signature) },
    });
  }
  function signed(challenge: Uint8Array, change: { audience?: string; seed?: Uint8Array } = {}) {
    const audience = change.audience ?? HOST;
    const seed = change.seed ?? party.agent.seed;
    return signLogin({ audience, organisation: party.organisation, challenge }, seed);
  }
  beforeEach(() => register(service, party));

  it('gives a token for a signed challenge, for ten minutes', async () => {
    const challenge = await challengeFor(party.organisation);
    expect(challenge).toHaveLength(32);
    const answer = await token(challenge, signed(challenge));
    expect(answer.json?.expiresAt).toBe(new Date(NOW_MS + 600_000).toISOString());
    expect(answer.headers.get('cache-control')).toBe('no-store');
    const given = String(answer.json?.token);
    service.clock.nowMs += 599_999;
    expect((await service.call('GET', '/v1/partnerships', { token: given })).status).toBe(200);
    service.clock.nowMs += 1;
    expect((await service.call('GET', '/v1/partnerships', { token: given })).code).toBe('unauthenticated');
  });

  it('takes a challenge once', async () => {
    const challenge = await challengeFor(party.organisation);
    expect((await token(challenge, signed(challenge))).status).toBe(200);
    expect((await token(challenge, signed(challenge))).code).toBe('unauthenticated');
  });

  it('uses a challenge up also when the signature is wrong', async () => {
    const challenge = await challengeFor(party.organisation);
    expect((await token(challenge, systemRandom(164))).code).toBe('unauthenticated');
    expect((await token(challenge, signed(challenge))).code).toBe('unauthenticated');
  });

  it('takes a challenge for two minutes', async () => {
    const challenge = await challengeFor(party.organisation);
    service.clock.nowMs += 120_000;
    expect((await token(challenge, signed(challenge))).code).toBe('unauthenticated');
  });

  it('takes no signature for another host, by another key, or for another challenge', async () => {
    for (const change of [{ audience: 'relay.test' }, { seed: systemRandom(32) }]) {
      const challenge = await challengeFor(party.organisation);
      expect((await token(challenge, signed(challenge, change))).code).toBe('unauthenticated');
    }
    const challenge = await challengeFor(party.organisation);
    expect((await token(challenge, signed(systemRandom(32)))).code).toBe('unauthenticated');
  });

  it('does not log in under a host that is not its own', async () => {
    const challenge = await challengeFor(party.organisation);
    const response = await service.app.request('http://relay.test/v1/login/tokens', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        organisation: party.organisation,
        challenge: toBase64url(challenge),
        signature: toBase64url(signed(challenge, { audience: 'relay.test' })),
      }),
    });
    expect([response.status, await response.json()]).toEqual([
      421,
      expect.objectContaining({ code: 'misdirected' }),
    ]);
  });

  it('gives unknown organisations a challenge too, and takes none of them', async () => {
    const stranger = makeTestParty('Stranger', systemRandom);
    const challenge = await challengeFor(stranger.organisation);
    const login = { audience: HOST, organisation: stranger.organisation, challenge };
    const answer = await token(challenge, signLogin(login, stranger.agent.seed), stranger.organisation);
    expect(answer.code).toBe('unauthenticated');
  });

  it('takes no challenge of another organisation', async () => {
    const other = makeTestParty('Other', systemRandom);
    const challenge = await challengeFor(other.organisation);
    expect((await token(challenge, signed(challenge))).code).toBe('unauthenticated');
  });

  it('takes no expired certificate', async () => {
    service.clock.nowMs += 90 * DAY_MS;
    const challenge = await challengeFor(party.organisation);
    expect((await token(challenge, signed(challenge))).code).toBe('certificate_expired');
  });

  it('stores neither challenges nor tokens nor codes', async () => {
    const challenge = await challengeFor(party.organisation);
    await addRegistrationCode(service.directory, 'cgr_code');
    const given = await login(service, party);
    const stored = [
      ...(await service.directory.all('select * from challenges')),
      ...(await service.directory.all('select * from tokens')),
      ...(await service.directory.all('select * from registration_codes')),
    ];
    expect(stored).toHaveLength(3);
    const texts = stored.flatMap((row) =>
      Object.values(row as object).map((value) =>
        value instanceof Uint8Array ? toBase64url(value) : `${value}`,
      ),
    );
    for (const secret of [toBase64url(challenge), given, given.slice(4), 'cgr_code']) {
      expect(texts.some((text) => text.includes(secret))).toBe(false);
    }
  });
});

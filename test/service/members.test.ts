/** Members of an organisation: invitation, log-in, sessions and removal, as the service answers. */
import { beforeAll, describe, expect, it } from 'vitest';
import { toBase64url } from '../../protocol/bytes.ts';
import { sha256, systemRandom } from '../../protocol/hash.ts';
import { newPartnershipId, type PartnershipId } from '../../protocol/ids.ts';
import { newMemberId } from '../../protocol/member.ts';
import { checkPermissions } from '../../src/service/auth/permissions.ts';
import { cleanUp } from '../../src/service/directory/cleaning.ts';
import { tokenBuckets } from '../../src/service/rate.ts';
import { passwordRefusal } from '../../src/wire/login.ts';
import { PERMISSIONS } from '../../src/wire/permissions.ts';
import { type TestPartnership, testPartnership, testService } from '../support/service-app.ts';
import {
  inviteMember,
  joinAs,
  joiningOf,
  logInAs,
  makeMember,
  PASSWORD,
} from '../support/service-members.ts';
import { NOW_MS } from '../support/service-parties.ts';

const HOUR_MS = 3600_000;

let world: TestPartnership;
let founder: { readonly organisation: TestPartnership['pair']['founder']['organisation']; token: string };
let joiner: typeof founder;

beforeAll(async () => {
  world = await testPartnership('scoped');
  founder = { organisation: world.pair.founder.organisation, token: world.tokens.founder };
  joiner = { organisation: world.pair.joiner.organisation, token: world.tokens.joiner };
});

const me = (token: string) => world.service.call('GET', '/v1/me', { token });

describe('the table of permissions', () => {
  it('keeps a service with a route that it does not know from starting, and knows no others', () => {
    const routes = [...PERMISSIONS.keys()].map((name) => {
      const [method = '', path = ''] = name.split(' ');
      return { method, path: path.replace(/\{(\w+)\}/g, ':$1') };
    });
    expect(() => checkPermissions([...routes, { method: 'ALL', path: '/v1/*' }])).not.toThrow();
    expect(() => checkPermissions([...routes, { method: 'GET', path: '/v1/more' }])).toThrow('GET /v1/more');
    expect(() => checkPermissions(routes.slice(1))).toThrow('GET /healthz');
  });
});

describe('an invitation', () => {
  it('is answered once, and again with the same keys', async () => {
    const invitation = await inviteMember(world.service, { ...founder, role: 'sales' });
    expect(invitation.answer.status).toBe(201);
    const joining = joiningOf(invitation, 'Once@Aurora.example');
    expect((await joinAs(world.service, invitation.member, joining)).status).toBe(200);
    expect((await joinAs(world.service, invitation.member, joining)).status).toBe(200);
    const other = joiningOf(invitation, 'other@aurora.example');
    expect((await joinAs(world.service, invitation.member, other)).code).toBe('invitation_used');
    const session = await logInAs(world.service, founder.organisation, ' once@aurora.EXAMPLE'.trim());
    expect(session.json).toMatchObject({ role: 'sales', member: invitation.member });
    const answer = await me(String(session.json?.token));
    expect(answer.json).toEqual({
      organisation: { id: founder.organisation, name: 'The founder' },
      role: 'sales',
      member: { id: invitation.member, email: 'once@aurora.example', partnerships: null },
    });
  });

  it('of two who answer at once takes one', async () => {
    const invitation = await inviteMember(world.service, { ...founder, role: 'sales' });
    const emails = ['first@aurora.example', 'second@aurora.example'];
    const answers = await Promise.all(
      emails.map((email) => joinAs(world.service, invitation.member, joiningOf(invitation, email))),
    );
    expect(new Set(answers.map(({ code }) => code))).toEqual(new Set(['invitation_used', null]));
    const sessions = await Promise.all(
      emails.map((email) => logInAs(world.service, founder.organisation, email)),
    );
    expect(new Set(sessions.map(({ status }) => status))).toEqual(new Set([200, 401]));
    expect(sessions[answers.findIndex(({ status }) => status === 200)]?.status).toBe(200);
  });

  it('shows nothing without its code', async () => {
    const invitation = await inviteMember(world.service, { ...founder, role: 'sales' });
    const joining = joiningOf(invitation, 'guess@aurora.example');
    const wrong = { ...joining, code: toBase64url(systemRandom(16)) };
    const foreign = await joinAs(world.service, invitation.member, wrong);
    const absent = await joinAs(world.service, newMemberId(systemRandom), joining);
    expect([foreign.status, foreign.bytes]).toEqual([404, absent.bytes]);
  });

  it('ends after a week, and with its removal', async () => {
    const late = await inviteMember(world.service, { ...founder, role: 'sales' });
    const joining = joiningOf(late, 'late@aurora.example');
    world.service.clock.nowMs += 7 * 24 * HOUR_MS;
    expect((await joinAs(world.service, late.member, joining)).code).toBe('invitation_expired');
    world.service.clock.nowMs = NOW_MS;
    await world.service.call('DELETE', `/v1/members/${late.member}`, { token: founder.token });
    expect((await joinAs(world.service, late.member, joining)).code).toBe('not_found');
  });

  it('takes keys that their holder signed for this member only', async () => {
    const [one, two] = [
      await inviteMember(world.service, { ...founder, role: 'legal' }),
      await inviteMember(world.service, { ...founder, role: 'legal' }),
    ];
    const joining = joiningOf(one, 'keys@aurora.example');
    const { keys } = joiningOf(two, 'keys@aurora.example');
    expect((await joinAs(world.service, one.member, { ...joining, keys })).code).toBe('other_context');
    const broken = `${joining.keys.slice(0, -4)}AAAA`;
    expect((await joinAs(world.service, one.member, { ...joining, keys: broken })).code).toBe(
      'bad_signature',
    );
    expect((await joinAs(world.service, one.member, { ...joining, keys: 'AAAA' })).code).toBe('malformed');
    expect((await joinAs(world.service, one.member, joining)).status).toBe(200);
  });

  it('refuses an address that a colleague has, and takes one that somebody elsewhere has', async () => {
    const email = 'same@agency.example';
    const first = await inviteMember(world.service, { ...founder, role: 'sales' });
    expect((await joinAs(world.service, first.member, joiningOf(first, email))).status).toBe(200);
    const second = await inviteMember(world.service, { ...founder, role: 'sales' });
    const again = await joinAs(world.service, second.member, joiningOf(second, 'SAME@agency.example'));
    expect(again.code).toBe('email_taken');
    const elsewhere = await inviteMember(world.service, { ...joiner, role: 'legal' });
    const json = { ...joiningOf(elsewhere, email), password: 'another long password' };
    expect((await joinAs(world.service, elsewhere.member, json)).status).toBe(200);
    expect((await logInAs(world.service, joiner.organisation, email)).code).toBe('wrong_credentials');
    const own = await logInAs(world.service, joiner.organisation, email, 'another long password');
    expect(own.json).toMatchObject({ role: 'legal' });
  });

  it('sent twice is one; sent otherwise under the same id is refused', async () => {
    const member = newMemberId(systemRandom);
    const json = { role: 'sales', partnerships: null, codeHash: toBase64url(sha256(systemRandom(16))) };
    const put = (token: string, body: object) =>
      world.service.call('PUT', `/v1/members/${member}`, { token, json: body });
    expect((await put(founder.token, json)).status).toBe(201);
    expect((await put(founder.token, json)).status).toBe(200);
    expect((await put(founder.token, { ...json, role: 'legal' })).code).toBe('conflict');
    const narrower = { ...json, partnerships: [world.pair.partnership] };
    expect((await put(founder.token, narrower)).code).toBe('conflict');
    expect((await put(joiner.token, json)).code).toBe('not_found');
  });

  it('names partnerships of the own organisation only, and none for an admin', async () => {
    const invite = (role: 'sales' | 'admin', id: typeof world.pair.partnership) =>
      inviteMember(world.service, { ...founder, role, partnerships: [id] });
    expect((await invite('sales', newPartnershipId(systemRandom))).answer.code).toBe('not_found');
    expect((await invite('admin', world.pair.partnership)).answer.code).toBe('invalid_request');
    expect((await invite('sales', world.pair.partnership)).answer.status).toBe(201);
  });

  it('waits with at most 199 others', async () => {
    const other = await testPartnership('registered');
    const token = other.tokens.founder;
    const { organisation } = other.pair.founder;
    const codes = new Map<string | null, number>();
    for (let i = 0; i < 202; i++) {
      const { answer } = await inviteMember(other.service, { organisation, token, role: 'sales' });
      codes.set(answer.code, (codes.get(answer.code) ?? 0) + 1);
    }
    expect([...codes]).toEqual([
      [null, 200],
      ['too_many_invitations', 2],
    ]);
  });
});

describe('a password', () => {
  it('is refused where it is easy to guess', async () => {
    const invitation = await inviteMember(world.service, { ...founder, role: 'sales' });
    const joining = joiningOf(invitation, 'weak@aurora.example');
    const answer = await joinAs(world.service, invitation.member, { ...joining, password: 'short' });
    expect([answer.status, answer.code, answer.json?.detail]).toEqual([
      422,
      'weak_password',
      'at least 12 characters',
    ]);
  });

  it.each([
    ['elevenchars', 'at least 12 characters'],
    ['ababababababab', 'at least 6 different characters'],
    ['Aurora is great', 'nothing of the e-mail address'],
    ['x'.repeat(64) + 'abcdefgh'.repeat(9), 'at most 128 characters'],
    [PASSWORD, null],
    ['鳥が木にとまって歌っている朝', null],
  ])('%s: %s', (password, refusal) => {
    expect(passwordRefusal(password, 'ann@aurora.example')).toBe(refusal);
  });
});

describe('log-in', () => {
  it('answers an unknown address like a wrong password, and takes as long', async () => {
    const { email } = await makeMember(world.service, { ...founder, role: 'sales' });
    const ask = async (address: string) => {
      const begun = performance.now();
      const answer = await logInAs(world.service, founder.organisation, address, 'not the password');
      return { answer, ms: performance.now() - begun };
    };
    const wrong = await ask(email);
    const unknown = await ask('nobody@aurora.example');
    expect([wrong.answer.status, wrong.answer.code]).toEqual([401, 'wrong_credentials']);
    expect(unknown.answer.bytes).toEqual(wrong.answer.bytes);
    // Both hash once; without it the unknown one takes a millisecond.
    expect(unknown.ms).toBeGreaterThan(wrong.ms / 4);
    const nowhere = await logInAs(world.service, `org_${'0'.repeat(32)}` as never, email);
    expect(nowhere.bytes).toEqual(wrong.answer.bytes);
  });

  it('counts what is tried for one address, known or not, and stops for a while', async () => {
    const { email } = await makeMember(world.service, { ...founder, role: 'sales' });
    for (const address of [email, 'ghost@aurora.example']) {
      const codes = await Promise.all(
        Array.from({ length: 12 }, () => logInAs(world.service, founder.organisation, address, 'wrong')),
      );
      const refused = codes.filter(({ code }) => code === 'rate_limited');
      expect([address, refused.length, refused[0]?.headers.get('retry-after')]).toEqual([address, 2, '900']);
    }
    expect((await logInAs(world.service, founder.organisation, email)).code).toBe('rate_limited');
    world.service.clock.nowMs += 15 * 60_000;
    expect((await logInAs(world.service, founder.organisation, email)).status).toBe(200);
    world.service.clock.nowMs = NOW_MS;
  });

  it('is counted over all callers, apart from what agents log in with', async () => {
    const rates = tokenBuckets({ organisation: 1000, anonymous: 1000, passwords: 1 }, () => 0);
    const service = testService('open', { rates });
    const ask = (i: number) => logInAs(service, founder.organisation, `${i}@aurora.example`);
    const answers = await Promise.all(Array.from({ length: 11 }, (_, i) => ask(i)));
    expect(answers.filter(({ code }) => code === 'rate_limited')).toHaveLength(1);
    const { organisation } = founder;
    const challenge = await service.call('POST', '/v1/login/challenges', { json: { organisation } });
    expect(challenge.status).toBe(200);
  });
});

describe('a session', () => {
  it('ends after twelve hours', async () => {
    const { service, pair, tokens } = await testPartnership('registered');
    const { organisation } = pair.founder;
    const { token } = await makeMember(service, { organisation, token: tokens.founder, role: 'auditor' });
    const ask = () => service.call('GET', '/v1/me', { token });
    service.clock.nowMs += 12 * HOUR_MS - 1;
    expect((await ask()).status).toBe(200);
    service.clock.nowMs += 1;
    expect((await ask()).code).toBe('unauthenticated');
    expect((await cleanUp(service.directory, service.clock.nowMs)).sessions).toBe(1);
    service.clock.nowMs = NOW_MS;
    expect((await ask()).code).toBe('unauthenticated');
  });

  it('ends by logging out, alone or with all others', async () => {
    const { email, token } = await makeMember(world.service, { ...founder, role: 'sales' });
    const again = async () => String((await logInAs(world.service, founder.organisation, email)).json?.token);
    const [two, three] = [await again(), await again()];
    const out = (path: string, as: string) => world.service.call('DELETE', path, { token: as });
    expect((await out('/v1/sessions/current', token)).status).toBe(200);
    expect((await me(token)).status).toBe(401);
    expect((await me(two)).status).toBe(200);
    expect((await out('/v1/sessions', two)).status).toBe(200);
    expect([(await me(two)).status, (await me(three)).status]).toEqual([401, 401]);
  });

  it('ends at once when the member is removed, and the address can be invited again', async () => {
    const { member, email, token } = await makeMember(world.service, { ...founder, role: 'sales' });
    const remove = (as: string) => world.service.call('DELETE', `/v1/members/${member}`, { token: as });
    expect((await remove(joiner.token)).code).toBe('not_found');
    expect((await me(token)).status).toBe(200);
    expect((await remove(founder.token)).status).toBe(200);
    expect((await remove(founder.token)).status).toBe(200);
    expect((await me(token)).code).toBe('unauthenticated');
    expect((await logInAs(world.service, founder.organisation, email)).code).toBe('wrong_credentials');
    const anew = await inviteMember(world.service, { ...founder, role: 'legal' });
    expect((await joinAs(world.service, anew.member, joiningOf(anew, email))).status).toBe(200);
    expect((await logInAs(world.service, founder.organisation, email)).json).toMatchObject({ role: 'legal' });
  });

  it('is not that of the agent: what a member asks is no sign of the agent’s life', async () => {
    const own = await testPartnership('scoped');
    const { organisation } = own.pair.founder;
    const { token } = await makeMember(own.service, {
      organisation,
      token: own.tokens.founder,
      role: 'legal',
    });
    const seen = async () => (await own.as('joiner', 'GET', '')).json?.since;
    const before = await seen();
    own.service.clock.nowMs += 60_000;
    expect((await own.service.call('GET', own.base, { token })).status).toBe(200);
    expect(await seen()).toEqual(before);
  });
});

describe('the database', () => {
  it('holds neither passwords, session tokens nor codes, and no address of a caller', async () => {
    const own = await testPartnership('registered');
    const { organisation } = own.pair.founder;
    const invitation = await inviteMember(own.service, {
      organisation,
      token: own.tokens.founder,
      role: 'sales',
    });
    const joining = joiningOf(invitation, 'secret@aurora.example');
    await joinAs(own.service, invitation.member, joining);
    const answer = await own.service.call('POST', '/v1/sessions', {
      json: { organisation, email: 'secret@aurora.example', password: PASSWORD },
      headers: { 'x-forwarded-for': '203.0.113.9', 'user-agent': 'agent-of-the-test' },
    });
    const token = String(answer.json?.token);
    expect(token).toMatch(/^cgs_[A-Za-z0-9]{32}$/);
    const tables = ['members', 'login_users', 'login_accounts', 'login_sessions', 'login_attempts'];
    const rows = await Promise.all(
      tables.map((table) => own.service.directory.all(`select * from ${table}`)),
    );
    const text = JSON.stringify(rows, (_, value: unknown) =>
      value instanceof Uint8Array ? Buffer.from(value).toString('base64url') : value,
    );
    expect(text).toContain('secret@aurora.example');
    for (const secret of [PASSWORD, token.slice(4), joining.code, '203.0.113.9', 'agent-of-the-test']) {
      expect(text).not.toContain(secret);
    }
  });
});

describe('a member who works with some partners', () => {
  it('sees only their partnerships, and no others even by id', async () => {
    const { token } = await makeMember(world.service, {
      ...founder,
      role: 'sales',
      partnerships: [world.pair.partnership],
    });
    const other = newPartnershipId(systemRandom);
    const body = { commitment: toBase64url(systemRandom(32)), codeHash: toBase64url(systemRandom(32)) };
    await world.service.call('PUT', `/v1/partnerships/${other}`, { token: founder.token, json: body });
    const list = async (as: string) =>
      ((await world.service.call('GET', '/v1/partnerships', { token: as })).json?.partnerships ?? []) as {
        id: string;
      }[];
    expect((await list(token)).map(({ id }) => id)).toEqual([world.pair.partnership]);
    expect(await list(founder.token)).toHaveLength(2);
    const matrix = (id: string) =>
      world.service.call('POST', `/v1/partnerships/${id}/matrix`, { token, json: {} });
    expect((await matrix(world.pair.partnership)).status).toBe(200);
    expect((await matrix(other)).bytes).toEqual((await matrix(newPartnershipId(systemRandom))).bytes);
    expect((await matrix(other)).code).toBe('not_found');
  });

  it('is told of colleagues only in which of the own partnerships they work', async () => {
    const other = newPartnershipId(systemRandom);
    const body = { commitment: toBase64url(systemRandom(32)), codeHash: toBase64url(systemRandom(32)) };
    await world.service.call('PUT', `/v1/partnerships/${other}`, { token: founder.token, json: body });
    const own = world.pair.partnership;
    const member = async (role: 'legal' | 'sales', partnerships: PartnershipId[] | null) =>
      await makeMember(world.service, { ...founder, role, partnerships });
    const [narrow, both, elsewhere, everywhere] = [
      await member('legal', [own]),
      await member('sales', [own, other]),
      await member('sales', [other]),
      await member('legal', null),
    ];
    const asked = [both, elsewhere, everywhere].map((one) => one.member);
    const seenBy = async (token: string) => {
      const answer = await world.service.call('GET', '/v1/members', { token });
      const members = answer.json?.members as { id: string; partnerships: string[] | null }[];
      const listed = asked.map((id) => members.find((one) => one.id === id)?.partnerships);
      const byId = await Promise.all(
        asked.map(async (id) => {
          const one = await world.service.call('GET', `/v1/members/${id}`, { token });
          return one.json?.partnerships;
        }),
      );
      expect(byId).toEqual(listed);
      return listed;
    };
    expect(await seenBy(narrow.token)).toEqual([[own], [], null]);
    for (const token of [everywhere.token, founder.token])
      expect(await seenBy(token)).toEqual([[own, other].sort(), [other], null]);
  });
});

/**
 * Who may: every route of the API's own description, for every role, in every relation to the partnership that is
 * named, compared with the table of permissions.
 */
import { beforeAll, describe, expect, it } from 'vitest';
import * as z from 'zod';
import { toBase64url } from '../../protocol/bytes.ts';
import { signEnding } from '../../protocol/ending.ts';
import { sha256, systemRandom } from '../../protocol/hash.ts';
import { newPartnershipId, type OrganisationId, type PartnershipId } from '../../protocol/ids.ts';
import { type MemberId, newMemberId, ROLES, type Role } from '../../protocol/member.ts';
import { type Caller, PERMISSIONS } from '../../src/service/auth/permissions.ts';
import { type Answer, login, register, testPartnership, testService } from '../support/service-app.ts';
import { inviteMember, makeMember } from '../support/service-members.ts';
import { makeTestParty, NOW_MS, type TestParty } from '../support/service-parties.ts';
import { describedRoutes, type Route, sampleBody } from '../support/service-routes.ts';

type TokenCaller = Exclude<Caller, 'anonymous'>;
const TOKEN_CALLERS: readonly TokenCaller[] = ['agent', ...ROLES];

/** Where the caller stands to the partnership that the path names. */
const RELATIONS = ['own', 'partner', 'stranger', 'ended', 'other', 'absent'] as const;
type Relation = (typeof RELATIONS)[number];

type Tokens = Readonly<Record<TokenCaller, string>>;

const service = testService();
const ABSENT = newPartnershipId(systemRandom);
let routes: readonly Route[];
/** Of the two parties, of somebody else, and of a party whose partnership is ended. */
let own: Tokens;
let partner: Tokens;
let stranger: Tokens;
let former: Tokens;
/** Members of the own organisation who work with one partner only. */
let narrowed: Readonly<Record<Role, string>>;
let partnerships: Readonly<Record<'open' | 'ended' | 'other', PartnershipId>>;
let founder: TestParty;
let waiting: MemberId;

beforeAll(async () => {
  const world = await testPartnership('scoped', service);
  founder = world.pair.founder;
  const outsider = makeTestParty('Stranger', systemRandom);
  await register(service, outsider);
  own = await tokensOf(founder, world.tokens.founder);
  partner = await tokensOf(world.pair.joiner, world.tokens.joiner);
  stranger = await tokensOf(outsider, await login(service, outsider));
  const past = await testPartnership('scoped', service);
  former = await tokensOf(past.pair.founder, past.tokens.founder);
  partnerships = {
    open: world.pair.partnership,
    ended: past.pair.partnership,
    other: await invited(own.agent),
  };
  const endedAt = Math.floor(NOW_MS / 1000);
  const ended = { partnership: partnerships.ended, side: 'founder', endedAt } as const;
  const json = { ending: toBase64url(signEnding(ended, past.pair.founder.agent.seed)) };
  expect((await past.as('founder', 'PUT', '/ending', { json })).status).toBe(200);
  const narrow = async (role: Role) => {
    const { organisation } = founder;
    if (role === 'admin') return own.admin;
    const made = { organisation, token: own.agent, role, partnerships: [partnerships.open] };
    return (await makeMember(service, made)).token;
  };
  narrowed = {
    admin: own.admin,
    legal: await narrow('legal'),
    sales: await narrow('sales'),
    auditor: await narrow('auditor'),
  };
  const { organisation } = founder;
  waiting = (await inviteMember(service, { organisation, token: own.agent, role: 'sales' })).member;
  routes = await describedRoutes(service);
}, 120_000);

async function tokensOf({ organisation }: { organisation: OrganisationId }, agent: string): Promise<Tokens> {
  const tokens = { agent } as Record<TokenCaller, string>;
  for (const role of ROLES) {
    tokens[role] = (await makeMember(service, { organisation, token: agent, role })).token;
  }
  return tokens;
}

async function invited(token: string): Promise<PartnershipId> {
  const id = newPartnershipId(systemRandom);
  const json = { commitment: toBase64url(systemRandom(32)), codeHash: toBase64url(sha256(systemRandom(16))) };
  const answer = await service.call('PUT', `/v1/partnerships/${id}`, { token, json });
  if (answer.status !== 201) throw new Error(`not invited: ${answer.code}`);
  return id;
}

function ask(
  route: Route,
  names: { readonly partnership: PartnershipId; readonly member?: MemberId },
  token: string | undefined,
): Promise<Answer> {
  const path = route.path
    .replace('{partnership}', names.partnership)
    .replace('{organisation}', founder.organisation)
    .replace('{member}', names.member ?? waiting)
    .replace('{side}', 'founder')
    .replace('{number}', '1')
    .replace('{index}', '0');
  return service.call(route.method, path, { token, ...sampleBody(route) });
}

const nameOf = ({ method, path }: Route) => `${method} ${path}`;
const rowOf = (route: Route) => PERMISSIONS.get(nameOf(route));
const isPublic = (route: Route) => rowOf(route)?.callers.includes('anonymous') === true;
/** What ends somebody's session or membership is asked for by tests of its own. */
const ENDS = ['DELETE /v1/sessions', 'DELETE /v1/sessions/current'];

/** What an ended partnership still answers to its founder, and with which code; all else is `partnership_ended`. */
const AFTER_THE_END: Readonly<Record<string, string | null>> = {
  'GET /v1/partnerships/{partnership}': null,
  'POST /v1/partnerships/{partnership}/ledger': null,
  'PUT /v1/partnerships/{partnership}/ending': 'bad_signature',
  'PUT /v1/partnerships/{partnership}': 'conflict',
  'PUT /v1/partnerships/{partnership}/acceptance': 'wrong_side',
};

/** What the table does not say: what an allowed role is answered by where it stands to the partnership. */
function isExpected(relation: Relation, route: Route, { status, code }: Answer): boolean {
  const name = nameOf(route);
  switch (relation) {
    case 'own':
    case 'partner':
      return status !== 401 && code !== 'wrong_role';
    case 'ended':
      return code === (name in AFTER_THE_END ? AFTER_THE_END[name] : 'partnership_ended');
    case 'stranger':
    case 'other':
      return code === 'not_found';
    case 'absent':
      // To take an id that is free is the one thing that anybody may.
      return name === 'PUT /v1/partnerships/{partnership}' ? status === 201 : code === 'not_found';
  }
}

function callOf(relation: Relation, caller: TokenCaller): { token: string; partnership: PartnershipId } {
  const { open, ended, other } = partnerships;
  switch (relation) {
    case 'own':
      return { token: own[caller], partnership: open };
    case 'partner':
      return { token: partner[caller], partnership: open };
    case 'stranger':
      return { token: stranger[caller], partnership: open };
    case 'ended':
      return { token: former[caller], partnership: ended };
    case 'other':
      // The partner is no party of it; and of the own people those are not who work with one partner only.
      return { token: partner[caller], partnership: other };
    case 'absent':
      return { token: own[caller], partnership: newPartnershipId(systemRandom) };
  }
}

describe('every route', () => {
  it('is in the table, and says so in the description', () => {
    const described = routes.map(nameOf);
    const inTable = [...PERMISSIONS.keys()].filter((name) => name.includes(' /v1/'));
    expect(described.toSorted()).toEqual(inTable.toSorted());
    for (const route of routes) {
      expect([nameOf(route), route.operation['x-roles']]).toEqual([nameOf(route), rowOf(route)?.callers]);
      expect([nameOf(route), route.operation.security !== undefined]).toEqual([
        nameOf(route),
        !isPublic(route),
      ]);
    }
  });

  it('needs a token that is valid, but for what is open to everyone', async () => {
    const { organisation } = founder;
    const past = await makeMember(service, { organisation, token: own.agent, role: 'legal' });
    const agentPast = await login(service, founder);
    service.clock.nowMs += 13 * 3600_000;
    try {
      const wrong = [undefined, 'x', 'cgt_', `cgt_${'A'.repeat(43)}`, `cgs_${'A'.repeat(32)}`];
      for (const route of routes) {
        for (const token of [...wrong, past.token, agentPast]) {
          const answer = await ask(route, { partnership: partnerships.open }, token);
          const is401 = answer.code === 'unauthenticated';
          expect([nameOf(route), token, is401]).toEqual([nameOf(route), token, !isPublic(route)]);
        }
      }
    } finally {
      service.clock.nowMs = NOW_MS;
    }
  });

  it('answers each role as the table says, own or not', async () => {
    let asked = 0;
    for (const route of routes.filter((any) => !isPublic(any) && !ENDS.includes(nameOf(any)))) {
      for (const caller of TOKEN_CALLERS) {
        for (const relation of RELATIONS) {
          const call = callOf(relation, caller);
          asked++;
          const isAllowed = rowOf(route)?.callers.includes(caller) === true;
          const inPartnership = route.path.includes('{partnership}');
          // A member's id that nobody has: what exists is asked for below.
          const names = { partnership: call.partnership, member: newMemberId(systemRandom) };
          const answer = await ask(route, names, call.token);
          const where = [nameOf(route), caller, relation, answer.status, answer.code];
          if (!isAllowed) expect([...where, answer.code === 'wrong_role']).toEqual([...where, true]);
          else if (inPartnership) {
            expect([...where, isExpected(relation, route, answer)]).toEqual([...where, true]);
          } else expect([...where, answer.code === 'wrong_role']).toEqual([...where, false]);
        }
      }
    }
    expect(asked).toBe((routes.length - 6 - ENDS.length) * TOKEN_CALLERS.length * RELATIONS.length);
  });

  it('refuses a role alike whatever it names, so that it learns nothing of what there is', async () => {
    for (const route of routes.filter((any) => !isPublic(any))) {
      for (const caller of TOKEN_CALLERS.filter((any) => rowOf(route)?.callers.includes(any) === false)) {
        const bodies = new Set<string>();
        for (const partnership of [partnerships.open, partnerships.ended, partnerships.other, ABSENT]) {
          for (const member of [waiting, newMemberId(systemRandom)]) {
            const answer = await ask(route, { partnership, member }, own[caller]);
            bodies.add(`${answer.status} ${new TextDecoder().decode(answer.bytes)}`);
          }
        }
        expect([nameOf(route), caller, bodies.size]).toEqual([nameOf(route), caller, 1]);
      }
    }
  });

  it('does not exist for a member outside the partners that the organisation left to the role', async () => {
    for (const route of routes.filter((any) => any.path.includes('{partnership}'))) {
      for (const role of ROLES) {
        if (role === 'admin' || !rowOf(route)?.callers.includes(role)) continue;
        const open = await ask(route, { partnership: partnerships.open }, narrowed[role]);
        expect([nameOf(route), role, open.status]).toEqual([nameOf(route), role, 200]);
        const other = await ask(route, { partnership: partnerships.other }, narrowed[role]);
        const absent = await ask(route, { partnership: newPartnershipId(systemRandom) }, narrowed[role]);
        expect([nameOf(route), role, other.code]).toEqual([nameOf(route), role, 'not_found']);
        expect(other.bytes).toEqual(absent.bytes);
      }
    }
  });

  it('of members touches the own organisation’s only', async () => {
    for (const route of routes.filter((any) => any.path.includes('{member}') && !isPublic(any))) {
      for (const caller of ['agent', 'admin'] as const) {
        for (const tokens of [partner, stranger]) {
          const answer = await ask(
            route,
            { partnership: partnerships.open, member: waiting },
            tokens[caller],
          );
          expect([nameOf(route), caller, answer.code]).toEqual([nameOf(route), caller, 'not_found']);
        }
      }
    }
    for (const [tokens, isOwn] of [
      [own, true],
      [stranger, false],
    ] as const) {
      const answer = await service.call('GET', '/v1/members', { token: tokens.admin });
      const ids = z.array(z.object({ id: z.string() })).parse(answer.json?.members);
      expect(ids.some(({ id }) => id === waiting)).toBe(isOwn);
    }
  });
});

/** Written out once more, so that a slip in the table does not pass as its own proof. */
describe('separation of duties', () => {
  const callersOf = (part: string) =>
    [...PERMISSIONS].filter(([name]) => name.includes(part)).map(([, { callers }]) => callers);

  it('leaves scopes, lists and the mailbox to the organisation’s program', () => {
    for (const part of [
      '/scopes/',
      '/requests/',
      '/submissions/',
      '/epochs/',
      '/ending',
      '/opening',
      '/receipt',
    ]) {
      const rows = callersOf(part);
      expect(rows.length).toBeGreaterThan(0);
      for (const callers of rows) expect([part, callers]).toEqual([part, ['agent']]);
    }
  });

  it('lets sales ask and neither read documents nor the ledger, and nobody else ask', () => {
    for (const part of ['/matrix', '/overlap', '/whitespace']) {
      expect(callersOf(part)).toEqual([['sales', 'agent']]);
    }
    expect(callersOf('/ledger')).toEqual([['legal', 'auditor', 'agent']]);
    expect(callersOf('GET /v1/partnerships/{partnership}')[0]).not.toContain('sales');
  });

  it('lets an admin alone, beside the home with the keyring, invite and remove members', () => {
    expect(PERMISSIONS.get('PUT /v1/members/{member}')?.callers).toEqual(['admin', 'agent']);
    expect(PERMISSIONS.get('DELETE /v1/members/{member}')?.callers).toEqual(['admin', 'agent']);
  });

  it('opens to everyone nothing but what begins a log-in and the service’s description', () => {
    const open = [...PERMISSIONS].filter(([, { callers }]) => callers.includes('anonymous'));
    expect(open.map(([name]) => name).toSorted()).toEqual([
      'GET /healthz',
      'GET /openapi.json',
      'GET /readyz',
      'GET /v1/service',
      'POST /v1/login/challenges',
      'POST /v1/login/tokens',
      'POST /v1/sessions',
      'PUT /v1/members/{member}/acceptance',
      'PUT /v1/organisations/{organisation}',
    ]);
  });
});

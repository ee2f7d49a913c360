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
import { type MemberId, newMemberId, ROLES, type Role, VIEWER_ROLES } from '../../protocol/member.ts';
import { type Caller, PERMISSIONS } from '../../src/wire/permissions.ts';
import {
  type Answer,
  login,
  register,
  type TestPartnership,
  testPartnership,
  testService,
} from '../support/service-app.ts';
import { inviteMember, makeMember } from '../support/service-members.ts';
import { makeTestParty, NOW_MS, type TestParty } from '../support/service-parties.ts';
import { describedRoutes, type Route, sampleBody } from '../support/service-routes.ts';

/** `solo` is the agent of a company of one; `agent` is that of an organisation with members. */
type TokenCaller = Exclude<Caller, 'anonymous'> | 'solo';
const TOKEN_CALLERS: readonly TokenCaller[] = ['solo', 'agent', ...ROLES];

/** Where the caller stands to the partnership that the path names. */
const RELATIONS = ['own', 'partner', 'stranger', 'ended', 'other', 'absent'] as const;
type Relation = (typeof RELATIONS)[number];

type Tokens = Readonly<Record<TokenCaller, string>>;

const service = testService();
const ABSENT = newPartnershipId(systemRandom);
/** Of a request for a scope. */
const ID = '0'.repeat(32);
let routes: readonly Route[];
/** Of the two parties, of somebody else, and of a party whose partnership is ended. */
let own: Tokens;
let partner: Tokens;
let stranger: Tokens;
let former: Tokens;
/** Members of the own organisation who work with one partner only. */
let narrowed: Readonly<Record<Role, string>>;
type Partnerships = Readonly<Record<'open' | 'ended' | 'other', PartnershipId>>;
/** Between organisations with people, and between companies of one. */
let partnerships: Partnerships;
let soloPartnerships: Partnerships;
let founder: TestParty;
let waiting: MemberId;

beforeAll(async () => {
  const [world, past, solo, soloPast] = [
    await testPartnership('scoped', service),
    await ended(),
    await testPartnership('scoped', service),
    await ended(),
  ];
  founder = world.pair.founder;
  const [outsider, soloOutsider] = [await registered(), await registered()];
  own = await tokensOf(founder, world.tokens.founder, solo.tokens.founder);
  partner = await tokensOf(world.pair.joiner, world.tokens.joiner, solo.tokens.joiner);
  stranger = await tokensOf(outsider, await login(service, outsider), await login(service, soloOutsider));
  former = await tokensOf(past.pair.founder, past.tokens.founder, soloPast.tokens.founder);
  partnerships = {
    open: world.pair.partnership,
    ended: past.pair.partnership,
    other: await invited(own.agent),
  };
  soloPartnerships = {
    open: solo.pair.partnership,
    ended: soloPast.pair.partnership,
    other: await invited(own.solo),
  };
  // A request of the partner's people, so that there is one to answer.
  const asked = `/v1/partnerships/${partnerships.open}/scope-requests/${ID}`;
  const request = { token: partner.sales, json: { text: 'Owners too' } };
  expect((await service.call('PUT', asked, request)).status).toBe(200);
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
    'clean-team': await narrow('clean-team'),
    auditor: await narrow('auditor'),
  };
  // A piece of names, so that there is one to read.
  const names = `/v1/partnerships/${partnerships.open}/vault/1/names/1`;
  const piece = { token: own.agent, bytes: systemRandom(100) };
  expect((await service.call('PUT', names, piece)).status).toBe(200);
  const { organisation } = founder;
  waiting = (await inviteMember(service, { organisation, token: own.agent, role: 'sales' })).member;
  routes = await describedRoutes(service);
}, 120_000);

/** Two companies of one whose partnership the founder has ended. */
async function ended(): Promise<TestPartnership> {
  const past = await testPartnership('scoped', service);
  const { partnership, founder: party } = past.pair;
  const ending = { partnership, side: 'founder', endedAt: Math.floor(NOW_MS / 1000) } as const;
  const json = { ending: toBase64url(signEnding(ending, party.agent.seed)) };
  expect((await past.as('founder', 'PUT', '/ending', { json })).status).toBe(200);
  return past;
}

async function registered(): Promise<TestParty> {
  const party = makeTestParty('Stranger', systemRandom);
  await register(service, party);
  return party;
}

async function tokensOf(
  { organisation }: { organisation: OrganisationId },
  agent: string,
  solo: string,
): Promise<Tokens> {
  const tokens = { agent, solo } as Record<TokenCaller, string>;
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
    .replace('{index}', route.path.includes('/vault/') ? '1' : '0')
    .replace('{role}', 'sales')
    .replace('{id}', ID);
  return service.call(route.method, path, { token, ...sampleBody(route) });
}

const nameOf = ({ method, path }: Route) => `${method} ${path}`;
const rowOf = (route: Route) => PERMISSIONS.get(nameOf(route));
/** The code by which a caller is refused whatever it names; null where it may ask. */
function refusalOf(route: Route, caller: TokenCaller): 'wrong_role' | 'forbidden' | null {
  const row = rowOf(route);
  if (!row?.callers.includes(caller === 'solo' ? 'agent' : caller)) return 'wrong_role';
  return row.solo && caller === 'agent' ? 'forbidden' : null;
}
const isPublic = (route: Route) => rowOf(route)?.callers.includes('anonymous') === true;
/** What ends somebody's session or membership is asked for by tests of its own. */
const ENDS = ['DELETE /v1/sessions', 'DELETE /v1/sessions/current'];

/** What an ended partnership still answers to its founder, and with which code; all else is `partnership_ended`. */
const AFTER_THE_END: Readonly<Record<string, string | null>> = {
  'GET /v1/partnerships/{partnership}': null,
  'POST /v1/partnerships/{partnership}/ledger': null,
  'GET /v1/partnerships/{partnership}/scopes': null,
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
      return status !== 401 && code !== 'wrong_role' && code !== 'forbidden';
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
  const { open, ended: past, other } = caller === 'solo' ? soloPartnerships : partnerships;
  switch (relation) {
    case 'own':
      return { token: own[caller], partnership: open };
    case 'partner':
      return { token: partner[caller], partnership: open };
    case 'stranger':
      return { token: stranger[caller], partnership: open };
    case 'ended':
      return { token: former[caller], partnership: past };
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
      expect([nameOf(route), route.operation['x-solo'] === true]).toEqual([
        nameOf(route),
        rowOf(route)?.solo,
      ]);
      expect([nameOf(route), route.operation.security !== undefined]).toEqual([
        nameOf(route),
        !isPublic(route),
      ]);
    }
  });

  it('needs a token that is valid, but for what is open to everyone', async () => {
    service.clock.nowMs += 13 * 3600_000;
    try {
      const wrong = [undefined, 'x', 'cgt_', `cgt_${'A'.repeat(43)}`, `cgs_${'A'.repeat(32)}`];
      for (const route of routes) {
        for (const token of [...wrong, ...Object.values(own)]) {
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
          const refusal = refusalOf(route, caller);
          const inPartnership = route.path.includes('{partnership}');
          // A member's id that nobody has: what exists is asked for below.
          const names = { partnership: call.partnership, member: newMemberId(systemRandom) };
          const answer = await ask(route, names, call.token);
          const where = [nameOf(route), caller, relation, answer.status, answer.code];
          if (refusal) expect(where.with(-1, answer.code)).toEqual(where.with(-1, refusal));
          else if (inPartnership) {
            expect([...where, isExpected(relation, route, answer)]).toEqual([...where, true]);
          } else
            expect([...where, answer.status === 401 || answer.status === 403]).toEqual([...where, false]);
        }
      }
    }
    expect(asked).toBe((routes.length - 6 - ENDS.length) * TOKEN_CALLERS.length * RELATIONS.length);
  });

  it('refuses a role alike whatever it names, so that it learns nothing of what there is', async () => {
    for (const route of routes.filter((any) => !isPublic(any))) {
      for (const caller of TOKEN_CALLERS.filter((any) => refusalOf(route, any) !== null)) {
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
        const isThere = !['unauthenticated', 'wrong_role', 'not_found'].includes(open.code ?? '');
        expect([nameOf(route), role, open.code, isThere]).toEqual([nameOf(route), role, open.code, true]);
        const other = await ask(route, { partnership: partnerships.other }, narrowed[role]);
        const absent = await ask(route, { partnership: newPartnershipId(systemRandom) }, narrowed[role]);
        expect([nameOf(route), role, other.code]).toEqual([nameOf(route), role, 'not_found']);
        expect(other.bytes).toEqual(absent.bytes);
      }
    }
  });

  it('of members touches the own organisation’s only', async () => {
    for (const route of routes.filter((any) => any.path.includes('{member}') && !isPublic(any))) {
      for (const caller of TOKEN_CALLERS.filter((any) => refusalOf(route, any) === null)) {
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

  const isSolo = (part: string) =>
    [...PERMISSIONS].filter(([name]) => name.includes(part)).map(([, { solo }]) => solo);

  it('leaves lists and the mailbox to the organisation’s program', () => {
    for (const part of ['/requests/', '/submissions/', '/epochs/', '/ending', '/opening', '/receipt']) {
      const rows = callersOf(part);
      expect(rows.length).toBeGreaterThan(0);
      for (const callers of rows) expect([part, callers]).toEqual([part, ['agent']]);
    }
  });

  it('lets sales ask and neither read documents nor the ledger, and nobody else ask', () => {
    for (const part of ['/matrix', '/overlap', '/whitespace']) {
      expect(callersOf(part)).toEqual([['sales', 'clean-team', 'agent']]);
      expect(isSolo(part)).toEqual([true]);
    }
    expect(callersOf('/ledger')).toEqual([['legal', 'auditor', 'agent']]);
    expect(isSolo('/ledger')).toEqual([true]);
    for (const role of VIEWER_ROLES) {
      expect(callersOf('GET /v1/partnerships/{partnership}/scopes')[0]).not.toContain(role);
    }
  });

  it('lets legal alone draft, approve, accept, limit and answer; an agent in a company of one', () => {
    const people = ['/scopes/{number}', '/statements/approve', '/statements/accept', '/limits/', '/answer'];
    for (const part of people) {
      expect(callersOf(part).length).toBeGreaterThan(0);
      for (const callers of callersOf(part)) expect([part, callers]).toEqual([part, ['legal', 'agent']]);
      for (const solo of isSolo(part)) expect([part, solo]).toEqual([part, true]);
    }
    expect([callersOf('/statements/revoke'), isSolo('/statements/revoke')]).toEqual([
      [['legal', 'agent']],
      [false],
    ]);
    for (const part of ['/statements/seen', '/statements/deleted']) {
      expect([callersOf(part), isSolo(part)]).toEqual([[['agent']], [false]]);
    }
    expect(callersOf('PUT /v1/rosters/{number}')).toEqual([['legal', 'agent']]);
    expect(callersOf('GET /v1/rosters')).toEqual([['admin', 'legal', 'auditor', 'agent']]);
  });

  it('lets an admin read no proposals and no requests', () => {
    for (const part of ['/scopes', '/scope-requests']) {
      expect(callersOf(part).length).toBeGreaterThan(0);
      for (const callers of callersOf(part)) expect([part, callers.includes('admin')]).toEqual([part, false]);
    }
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

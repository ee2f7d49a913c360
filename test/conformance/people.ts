/** Checks of people, roles, limits and errors. */
import { toBase64url } from '../../protocol/bytes.ts';
import { systemRandom } from '../../protocol/hash.ts';
import { newMemberId, ROLES, type Role } from '../../protocol/member.ts';
import { inviteMember, joinAs, joiningOf, logInAs, makeMember } from '../support/service-members.ts';
import { describedRoutes, sampleBody } from '../support/service-routes.ts';
import { type Check, must, refusedAs, same, type World } from './work.ts';

export function peopleChecks(world: () => Promise<World>): Check[] {
  const tokens: Partial<Record<Role, string>> = {};
  return [
    {
      name: 'people are invited, join once, log in by password, and go',
      async run() {
        const { service, work } = await world();
        const { organisation } = work.pair.founder;
        const token = work.tokens.founder;
        const invitation = await inviteMember(service, { organisation, token, role: 'sales' });
        same(invitation.answer.status, 201, 'invited');
        const joining = joiningOf(invitation, 'sam@people.example');
        const weak = { ...joining, password: 'aaaaaaaaaaaaaa' };
        refusedAs(await joinAs(service, invitation.member, weak), 422, 'weak_password');
        const wrongCode = { ...joining, code: toBase64url(systemRandom(16)) };
        refusedAs(await joinAs(service, invitation.member, wrongCode), 404, 'not_found');
        must(await joinAs(service, invitation.member, joining));
        must(await joinAs(service, invitation.member, joining));
        const wrong = await logInAs(service, organisation, 'sam@people.example', 'another password 9');
        refusedAs(wrong, 401, 'wrong_credentials');
        refusedAs(await logInAs(service, organisation, 'nobody@people.example'), 401, 'wrong_credentials');
        const session = must(await logInAs(service, organisation, 'sam@people.example'));
        const sam = String(session.json?.token);
        same(must(await service.call('GET', '/v1/me', { token: sam })).json?.role, 'sales', 'role');
        must(await service.call('DELETE', '/v1/sessions/current', { token: sam }));
        refusedAs(await service.call('GET', '/v1/me', { token: sam }), 401, 'unauthenticated');
        const again = String((await logInAs(service, organisation, 'sam@people.example')).json?.token);
        must(await service.call('DELETE', '/v1/sessions', { token: again }));
        const last = String((await logInAs(service, organisation, 'sam@people.example')).json?.token);
        must(await service.call('DELETE', `/v1/members/${invitation.member}`, { token }));
        refusedAs(await service.call('GET', '/v1/me', { token: last }), 401, 'unauthenticated');
      },
    },
    {
      name: 'each role may what the description says, and nothing else',
      async run() {
        const { service, work } = await world();
        const { organisation } = work.pair.founder;
        for (const role of ROLES) {
          const made = await makeMember(service, { organisation, token: work.tokens.founder, role });
          tokens[role] = made.token;
        }
        must(await service.call('GET', '/v1/members', { token: tokens.auditor }));
        for (const route of await describedRoutes(service)) {
          const roles = (route.operation['x-roles'] ?? []) as readonly string[];
          if (roles.includes('anonymous') || route.path.startsWith('/v1/sessions')) continue;
          const path = route.path
            .replace('{partnership}', work.pair.partnership)
            .replace('{organisation}', organisation)
            .replace('{member}', newMemberId(systemRandom))
            .replace('{side}', 'founder')
            .replace('{role}', 'sales')
            .replace('{id}', '0123456789abcdef'.repeat(2))
            .replace(/\{(number|index)\}/, '77')
            .replace(/\{(number|index)\}/, '77');
          const body = sampleBody(route);
          refusedAs(await service.call(route.method, path, body), 401, 'unauthenticated');
          const asking = ROLES.map(async (role) => {
            const answer = await service.call(route.method, path, { ...body, token: tokens[role] });
            return [role, answer.code !== 'wrong_role'];
          });
          const may = ROLES.map((role) => [role, roles.includes(role)]);
          same([path, await Promise.all(asking)], [path, may], 'who may');
        }
      },
    },
    {
      name: 'what does not fit is a problem of its own, and says nothing else',
      async run() {
        const { service, work } = await world();
        const token = work.tokens.founder;
        refusedAs(await service.call('GET', '/v1/nothing'), 401, 'unauthenticated');
        refusedAs(await service.call('GET', '/v1/nothing', { token }), 404, 'not_found');
        refusedAs(await service.call('GET', '/v1/partnerships/prt_0', { token }), 400, 'invalid_request');
        const notJson = { bytes: new Uint8Array([123]), headers: { 'content-type': 'application/json' } };
        refusedAs(await service.call('POST', '/v1/login/challenges', notJson), 400, 'invalid_request');
        const unknown = { json: { organisation: work.pair.founder.organisation, more: 1 } };
        refusedAs(await service.call('POST', '/v1/login/challenges', unknown), 400, 'invalid_request');
        const large = { json: { organisation: 'x'.repeat(300_000) } };
        refusedAs(await service.call('POST', '/v1/login/challenges', large), 413, 'too_large');
        const forged = { token: `cgt_${toBase64url(systemRandom(32))}` };
        refusedAs(await service.call('GET', '/v1/partnerships', forged), 401, 'unauthenticated');
        const proof = {
          json: {
            organisation: work.pair.founder.organisation,
            challenge: toBase64url(systemRandom(32)),
            signature: toBase64url(systemRandom(100)),
          },
        };
        refusedAs(await service.call('POST', '/v1/login/tokens', proof), 401, 'unauthenticated');
      },
    },
    {
      name: 'every answer has its security headers and an id of its own, and secrets are not stored on the way',
      async run() {
        const { service, work } = await world();
        const answer = must(await service.call('GET', work.base, { token: work.tokens.founder }));
        const header = (name: string) => answer.headers.get(name);
        same(
          [header('x-content-type-options'), header('cache-control'), header('x-frame-options')],
          ['nosniff', 'no-store', 'SAMEORIGIN'],
          'headers',
        );
        same(/^[0-9a-f-]{36}$/.test(header('x-request-id') ?? ''), true, 'the id');
      },
    },
  ];
}

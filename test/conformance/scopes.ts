/** Checks of scopes and what is signed about them, of rosters, limits and requests, and of the vault. */
import { fromBase64url, toBase64url } from '../../protocol/bytes.ts';
import { systemRandom } from '../../protocol/hash.ts';
import { packRows } from '../../protocol/vault/upload.ts';
import { makePerson, rosterWith } from '../support/scopes.ts';
import { grantScope, makePartnership, putScope } from '../support/service-app.ts';
import { makeMember } from '../support/service-members.ts';
import { makeSignedScope } from '../support/service-parties.ts';
import { putRoster, sayAsAgent } from '../support/service-people.ts';
import { makeHead, makeWrap } from '../support/service-vault.ts';
import { type Check, must, refusedAs, same, type Work, type World } from './work.ts';

/** Checks on a partnership of their own, whose founder is no company of one any more after them. */
export function scopeChecks(world: () => Promise<World>): Check[] {
  let made: Promise<Work> | null = null;
  const own = async () => {
    const { service } = await world();
    made ??= makePartnership('scoped', service);
    return { ...(await made), service };
  };
  return [
    {
      name: 'a scope is proposed, accepted and replaced, and only what both signed is shown as such',
      async run() {
        const work = await own();
        const first = makeSignedScope(work.pair, 'founder');
        const second = makeSignedScope(work.pair, 'founder', { number: 2, minimumCount: 7 }, first);
        const version = { side: 'founder', number: 2, signed: second } as const;
        refusedAs(await sayAsAgent(work, 'accept', version), 404, 'not_found');
        must(await putScope(work, 'founder', 2, second));
        must(await sayAsAgent(work, 'approve', version));
        refusedAs(
          await sayAsAgent(work, 'seen', { ...version, number: 1, signed: first }),
          409,
          'scope_stands',
        );
        must(await sayAsAgent(work, 'accept', version));
        must(await sayAsAgent(work, 'accept', version));
        const shown = must(await work.as('joiner', 'GET', '/scopes')).json as {
          founder: { number: number; statements: string[] }[];
        };
        same(
          shown.founder.map(({ number, statements }) => [number, statements.length]),
          [
            [1, 1],
            [2, 2],
          ],
          'versions with what was said of them',
        );
        must(await sayAsAgent(work, 'seen', { ...version, number: 1, signed: first }));
        must(await sayAsAgent(work, 'deleted', { ...version, number: 1, signed: first }));
      },
    },
    {
      name: 'a side limits itself, and asks the other for more',
      async run() {
        const { as } = await own();
        const limit = { level: 'accounts', fields: [], whiteSpace: 'none', review: false };
        must(await as('founder', 'PUT', '/limits/sales', { json: limit }));
        const limits = async (side: 'founder' | 'joiner') =>
          must(await as(side, 'GET', '')).json?.limits as Record<string, unknown>;
        same([(await limits('founder')).sales, (await limits('joiner')).sales], [limit, null], 'limits');
        must(await as('founder', 'DELETE', '/limits/sales'));
        same((await limits('founder')).sales, null, 'no limit');
        const request = `/scope-requests/${'0123456789abcdef'.repeat(2)}`;
        must(await as('founder', 'PUT', request, { json: { text: 'Their owners, to call them together' } }));
        const answer = { json: { answer: 'declined', text: 'Not now' } };
        must(await as('joiner', 'PUT', `${request}/answer`, answer));
        must(await as('joiner', 'GET', '/scope-requests'));
      },
    },
    {
      name: 'a revocation holds at once, and what stood under the scope is not brought back',
      async run() {
        const work = await own();
        const signed = makeSignedScope(work.pair, 'joiner');
        must(await sayAsAgent(work, 'revoke', { side: 'joiner', number: 1, signed }));
        refusedAs(
          await sayAsAgent(work, 'approve', { side: 'joiner', number: 1, signed }),
          409,
          'scope_ended',
        );
        must(
          await grantScope(work, 'joiner', 2, makeSignedScope(work.pair, 'joiner', { number: 2 }, signed)),
        );
      },
    },
    {
      name: 'a vault key reaches a member, and the vault that it opens',
      async run() {
        const { service, pair, as, tokens, base } = await own();
        const asAgent = { token: tokens.founder };
        const { organisation } = pair.founder;
        const { member, token } = await makeMember(service, { organisation, ...asAgent, role: 'sales' });
        const { keys } = must(await service.call('GET', `/v1/members/${member}`, { token })).json ?? {};
        const to = { member, keys: fromBase64url(String(keys)) ?? new Uint8Array() };
        const wrap = toBase64url(makeWrap(pair, 'founder', to));
        const at = `/v1/members/${member}/vault/1`;
        must(await service.call('PUT', at, { ...asAgent, json: { wrap } }));
        same(must(await service.call('GET', '/v1/vault', { token })).json?.wraps, [wrap], 'wraps');
        const handle = systemRandom(16);
        const absent = packRows([{ handle, sealed: null }]);
        must(await as('founder', 'PUT', '/vault/1/rows', { bytes: absent }));
        const stray = packRows([{ handle, sealed: systemRandom(60) }]);
        refusedAs(await as('founder', 'PUT', '/vault/1/rows', { bytes: stray }), 409, 'conflict');
        const names = systemRandom(100);
        must(await as('founder', 'PUT', '/vault/1/names/1', { bytes: names }));
        const head = toBase64url(makeHead(pair, 'founder', 1));
        must(await as('founder', 'PUT', '/vault/heads/1', { json: { head } }));
        const got = must(await service.call('GET', `${base}/vault/1/names/1`, { token }));
        same(toBase64url(got.bytes), toBase64url(names), 'the names as they were sent');
        same(must(await as('founder', 'GET', '')).json?.vault, head, 'the head');
        same(must(await as('joiner', 'GET', '')).json?.vault, null, "the partner's head");
        must(await service.call('DELETE', '/v1/vault/1', asAgent));
      },
    },
    {
      name: 'with its first member an organisation is no company of one, and with a roster it says who signs',
      async run() {
        const work = await own();
        const { service, pair, tokens } = work;
        refusedAs(await work.as('founder', 'POST', '/matrix', { json: {} }), 403, 'forbidden');
        const signed = makeSignedScope(pair, 'founder', { number: 3 });
        refusedAs(await putScope(work, 'founder', 3, signed), 403, 'forbidden');
        const people = [makePerson(systemRandom), makePerson(systemRandom)];
        must(await putRoster(work, 'founder', rosterWith(pair.founder.organisation, people)));
        const shown = must(await service.call('GET', '/v1/rosters', { token: tokens.founder })).json;
        same(Array.isArray(shown?.rosters) && shown.rosters.length, 1, 'rosters');
        const view = must(await work.as('joiner', 'GET', '')).json?.companiesOfOne;
        same(view, { founder: false, joiner: true }, 'companies of one');
      },
    },
  ];
}

/** Checks of what agents do: invitation, epoch, scopes, evaluation requests and submissions. */
import { toBase64url } from '../../protocol/bytes.ts';
import { sha256, systemRandom } from '../../protocol/hash.ts';
import { signTerms } from '../../protocol/terms.ts';
import {
  activate,
  login,
  makePartnership,
  putChunk,
  putScope,
  putSubmission,
  register,
} from '../support/service-app.ts';
import {
  makeEvaluation,
  makeRefusal,
  makeRequest,
  makeSignedScope,
  makeTestPair,
  makeTestParty,
} from '../support/service-parties.ts';
import { makeSubmission, recordsOf, submissionOf } from '../support/service-rows.ts';
import { activated, type Check, must, refusedAs, same, type World } from './work.ts';

export function mailboxChecks(world: () => Promise<World>): Check[] {
  return [
    {
      name: 'an invitation is taken once, by whoever has its code, and opened by its founder',
      async run() {
        const { service } = await world();
        const { pair, as } = await makePartnership('registered', service);
        const invitation = {
          json: { commitment: toBase64url(pair.commitment), codeHash: toBase64url(sha256(pair.code)) },
        };
        const acceptance = {
          json: { acceptance: toBase64url(pair.acceptance), code: toBase64url(pair.code) },
        };
        const opening = { json: { opening: toBase64url(pair.opening) } };
        same((await as('founder', 'PUT', '', invitation)).status, 201, 'invited');
        same((await as('founder', 'PUT', '', invitation)).status, 200, 'invited again');
        refusedAs(
          await as('founder', 'PUT', '', {
            json: { ...invitation.json, codeHash: toBase64url(sha256(pair.opening)) },
          }),
          409,
          'conflict',
        );
        refusedAs(await as('founder', 'PUT', '/opening', opening), 409, 'not_accepted');
        refusedAs(await as('joiner', 'GET', ''), 404, 'not_found');
        const wrongCode = { json: { ...acceptance.json, code: toBase64url(systemRandom(16)) } };
        refusedAs(await as('joiner', 'PUT', '/acceptance', wrongCode), 404, 'not_found');
        refusedAs(await as('founder', 'PUT', '/acceptance', acceptance), 403, 'wrong_side');
        must(await as('joiner', 'PUT', '/acceptance', acceptance));
        must(await as('joiner', 'PUT', '/acceptance', acceptance));
        refusedAs(await as('founder', 'POST', '/matrix', { json: {} }), 409, 'not_opened');
        refusedAs(await as('joiner', 'PUT', '/opening', opening), 403, 'wrong_side');
        must(await as('founder', 'PUT', '/opening', opening));
        must(await as('founder', 'PUT', '/opening', opening));
        same((await as('joiner', 'GET', '')).json?.state, 'opened', 'state');
      },
    },
    {
      name: 'an organisation that a partner invited needs no code of the operator',
      async run() {
        const { service, work } = await world();
        const pair = makeTestPair(systemRandom, service.clock.nowMs);
        const invitation = {
          commitment: toBase64url(pair.commitment),
          codeHash: toBase64url(sha256(pair.code)),
        };
        must(
          await service.call('PUT', `/v1/partnerships/${pair.partnership}`, {
            token: work.tokens.founder,
            json: invitation,
          }),
        );
        const json = {
          certificate: toBase64url(pair.joiner.certificate),
          invitation: { partnership: pair.partnership, code: toBase64url(pair.code) },
        };
        const path = `/v1/organisations/${pair.joiner.organisation}`;
        same((await service.call('PUT', path, { json })).status, 201, 'registered');
        same((await service.call('PUT', path, { json })).status, 200, 'registered again');
        const other = makeTestParty('Another', systemRandom, service.clock.nowMs);
        const second = { ...json, certificate: toBase64url(other.certificate) };
        const { registration } = must(await service.call('GET', '/v1/service')).json ?? {};
        if (registration === 'open') return;
        refusedAs(
          await service.call('PUT', `/v1/organisations/${other.organisation}`, { json: second }),
          403,
          'registration_refused',
        );
      },
    },
    {
      name: 'an epoch is offered and signed once, by both',
      async run() {
        const { service } = await world();
        const { pair, as } = await makePartnership('opened', service);
        const offer = (side: 'founder' | 'joiner') => ({ json: { offer: toBase64url(pair.offers[side]) } });
        const signature = { json: { signature: toBase64url(pair.signatures.founder) } };
        refusedAs(await as('founder', 'PUT', '/epochs/1/signature', signature), 409, 'epoch_incomplete');
        refusedAs(await as('founder', 'PUT', '/epochs/2/offer', offer('founder')), 409, 'wrong_number');
        refusedAs(await as('founder', 'PUT', '/epochs/1/offer', offer('joiner')), 422, 'bad_signature');
        must(await as('founder', 'PUT', '/epochs/1/offer', offer('founder')));
        must(await as('founder', 'PUT', '/epochs/1/offer', offer('founder')));
        must(await as('joiner', 'PUT', '/epochs/1/offer', offer('joiner')));
        refusedAs(await as('joiner', 'PUT', '/epochs/1/signature', signature), 422, 'bad_signature');
        must(await as('founder', 'PUT', '/epochs/1/signature', signature));
        const terms = (number: number) => {
          const own = { partnership: pair.partnership, epoch: 1, side: 'founder', number } as const;
          const versions = [{ version: 1, data: sha256(new Uint8Array()) }];
          return { json: { terms: toBase64url(signTerms({ ...own, versions }, pair.founder.agent.seed)) } };
        };
        must(await as('founder', 'PUT', '/epochs/1/terms', terms(2)));
        refusedAs(await as('founder', 'PUT', '/epochs/1/terms', terms(1)), 409, 'wrong_number');
        refusedAs(await as('joiner', 'PUT', '/epochs/1/terms', terms(3)), 422, 'bad_signature');
      },
    },
    {
      name: 'a scope is put once a number, signed by its side, and numbers only rise',
      async run() {
        const { work, scopes } = await world();
        same((await putScope(work, 'founder', 1, scopes.founder)).status, 200, 'put again');
        const other = makeSignedScope(work.pair, 'founder', { minimumCount: 6 });
        refusedAs(await putScope(work, 'founder', 1, other), 409, 'conflict');
        refusedAs(await putScope(work, 'joiner', 2, scopes.founder), 422, 'bad_signature');
      },
    },
    {
      name: 'a request is evaluated chunk by chunk, refused or deleted',
      async run() {
        const { work } = await world();
        const { pair, as } = work;
        const asked = makeRequest(pair, 'founder', 1, ['domain', 'name']);
        const [chunk = new Uint8Array(), second = new Uint8Array()] = asked.chunks;
        const put = (number: number, signed: Uint8Array) =>
          as('founder', 'PUT', `/requests/founder/${number}`, { json: { request: toBase64url(signed) } });
        must(await put(1, asked.signed));
        must(await put(1, asked.signed));
        refusedAs(await put(2, makeRequest(pair, 'founder', 2).signed), 409, 'unfinished_request');
        const path = '/requests/founder/1';
        const send = (what: string, bytes: Uint8Array, side: 'founder' | 'joiner' = 'founder') =>
          as(side, 'PUT', `${path}/${what}`, { bytes });
        refusedAs(
          await as('founder', 'PUT', `${path}/chunks/0`, { json: {} }),
          415,
          'unsupported_media_type',
        );
        refusedAs(await send('chunks/0', second), 422, 'other_chunk');
        refusedAs(await send('chunks/9', chunk), 404, 'not_found');
        refusedAs(await send('chunks/0', chunk, 'joiner'), 403, 'wrong_side');
        must(await send('chunks/0', chunk));
        must(await send('chunks/1', second));
        refusedAs(await as('founder', 'GET', `${path}/chunks/0`), 403, 'wrong_side');
        const got = must(await as('joiner', 'GET', `${path}/chunks/0`));
        same(toBase64url(got.bytes), toBase64url(chunk), 'the chunk as it was sent');
        const evaluation = makeEvaluation(pair, 'founder', asked, 0);
        refusedAs(await send('evaluations/1', evaluation, 'joiner'), 422, 'other_chunk');
        must(await send('evaluations/0', evaluation, 'joiner'));
        const back = must(await as('founder', 'GET', `${path}/evaluations/0`));
        same(toBase64url(back.bytes), toBase64url(evaluation), 'the evaluation as it was sent');
        const view = must(await as('joiner', 'GET', '')).json?.requests as Record<string, unknown>;
        same((view.founder as { evaluated: unknown }).evaluated, [0], 'evaluated');
        const refusal = { json: { refusal: toBase64url(makeRefusal(pair, 'founder', 1)) } };
        must(await as('joiner', 'PUT', `${path}/refusal`, refusal));
        must(await as('founder', 'DELETE', path));
        must(await as('joiner', 'GET', '/receipt'));
        const after = must(await as('founder', 'GET', '')).json ?? {};
        same((after.requests as { founder: unknown }).founder, null, 'gone');
        refusedAs(await put(1, makeRequest(pair, 'founder', 1).signed), 409, 'conflict');
      },
    },
    {
      name: 'a submission is taken whole or not at all',
      async run() {
        const { work, scopes, lists } = await world();
        const { pair } = work;
        const good = makeSubmission(pair, 'founder', 1, scopes.founder, lists.founder, 2);
        must(await putSubmission(work, 'founder', good));
        refusedAs(await activate(work, 'founder', 1), 409, 'incomplete');
        refusedAs(await activate(work, 'founder', 2), 404, 'not_found');
        must(await putChunk(work, 'founder', good, 0));
        must(await putChunk(work, 'founder', good, 0));
        const view = must(await work.as('founder', 'GET', '')).json?.submissions as Record<string, unknown>;
        same(
          (view.mine as { pending: { number: number; missing: number[] } }).pending,
          { number: 1, missing: [...good.chunks.keys()].slice(1) },
          'pending',
        );
        const records = recordsOf(pair, lists.founder);
        const orphan = { ...records, accounts: records.accounts.slice(1) };
        const broken = submissionOf(pair, 'founder', 2, scopes.founder, orphan);
        must(await putSubmission(work, 'founder', broken));
        for (const index of broken.chunks.keys()) must(await putChunk(work, 'founder', broken, index));
        refusedAs(await activated(work, 'founder', 2), 422, 'inconsistent_submission');
        const under = makeSubmission(pair, 'founder', 3, scopes.joiner, lists.founder);
        refusedAs(await putSubmission(work, 'founder', under), 409, 'scope_changed');
        refusedAs(await putSubmission(work, 'founder', good), 409, 'conflict');
      },
    },
    {
      name: "an agent's report reaches the partner",
      async run() {
        const { work } = await world();
        must(await work.as('founder', 'PUT', '/health', { json: { code: 'stopped', version: '1.2.3' } }));
        const view = must(await work.as('joiner', 'GET', '')).json?.since as { health: { code: string } };
        same(view.health.code, 'stopped', 'code');
      },
    },
    {
      name: 'a stranger sees nothing of a partnership, and a renewed certificate takes the tokens',
      async run() {
        const { service, work } = await world();
        const stranger = makeTestParty('Stranger', systemRandom, service.clock.nowMs);
        await register(service, stranger);
        const token = await login(service, stranger);
        for (const path of ['', '/receipt']) {
          refusedAs(await service.call('GET', work.base + path, { token }), 404, 'not_found');
        }
        const list = must(await service.call('GET', '/v1/partnerships', { token }));
        same(list.json?.partnerships, [], 'partnerships');
      },
    },
  ];
}

import { describe, expect, it } from 'vitest';
import { toBase64url } from '../../protocol/bytes.ts';
import { systemRandom } from '../../protocol/hash.ts';
import type { Side } from '../../protocol/ids.ts';
import { type TestPartnership, testPartnership } from '../support/service-app.ts';
import { makeEvaluation, makeRefusal, makeRequest, type TestRequest } from '../support/service-parties.ts';

function put(
  world: TestPartnership,
  side: Side,
  asked: TestRequest,
  number = asked.request.number,
  by = side,
) {
  return world.as(by, 'PUT', `/requests/${side}/${number}`, { json: { request: toBase64url(asked.signed) } });
}
function body(world: TestPartnership, by: Side, what: string, bytes: Uint8Array) {
  return world.as(by, 'PUT', `/requests/founder/${what}`, { bytes });
}

async function asked() {
  const world = await testPartnership('signed');
  const request = makeRequest(world.pair, 'founder', 1);
  expect((await put(world, 'founder', request)).status).toBe(200);
  return { world, request, chunk: request.chunks[0] ?? new Uint8Array() };
}

describe('a request', () => {
  it('is shown to both sides with what is missing and what is done', async () => {
    const { world, request, chunk } = await asked();
    const views = async () =>
      await Promise.all(
        (['founder', 'joiner'] as const).map(
          async (side) => (await world.as(side, 'GET', '')).json?.requests,
        ),
      );
    const shown = {
      number: 1,
      request: toBase64url(request.signed),
      missing: [0, 1],
      evaluated: [],
      refusal: null,
    };
    expect(await views()).toEqual([
      { founder: shown, joiner: null },
      { founder: shown, joiner: null },
    ]);
    await body(world, 'founder', '1/chunks/0', chunk);
    await body(world, 'joiner', '1/evaluations/0', makeEvaluation(world.pair, 'founder', request, 0));
    expect((await views())[1]).toMatchObject({ founder: { missing: [1], evaluated: [0] } });
  });

  it('may be sent again, and no other in its place', async () => {
    const { world, request } = await asked();
    expect((await put(world, 'founder', request)).status).toBe(200);
    expect((await put(world, 'founder', makeRequest(world.pair, 'founder', 1))).code).toBe('conflict');
  });

  it('is a later one, and only one at a time', async () => {
    const { world } = await asked();
    expect((await put(world, 'founder', makeRequest(world.pair, 'founder', 2))).code).toBe(
      'unfinished_request',
    );
    expect((await put(world, 'joiner', makeRequest(world.pair, 'joiner', 1))).status).toBe(200);
    expect((await world.as('founder', 'GET', '')).json?.lastRequest).toEqual({ founder: 1, joiner: 1 });
    // A service that was restored from a backup has not seen those between.
    await world.as('founder', 'DELETE', '/requests/founder/1');
    expect((await put(world, 'founder', makeRequest(world.pair, 'founder', 5))).status).toBe(200);
    await world.as('founder', 'DELETE', '/requests/founder/5');
    expect((await put(world, 'founder', makeRequest(world.pair, 'founder', 4))).code).toBe('conflict');
  });

  it('is the caller’s own: nobody asks in the other’s name', async () => {
    const world = await testPartnership('signed');
    const request = makeRequest(world.pair, 'founder', 1);
    expect((await put(world, 'founder', request, 1, 'joiner')).code).toBe('wrong_side');
    expect((await put(world, 'joiner', request, 1, 'joiner')).code).toBe('bad_signature');
    expect((await put(world, 'founder', makeRequest(world.pair, 'joiner', 1))).code).toBe('bad_signature');
    expect((await put(world, 'founder', request, 2)).code).toBe('other_context');
  });

  it('needs an epoch that both signed', async () => {
    const world = await testPartnership('opened');
    expect((await put(world, 'founder', makeRequest(world.pair, 'founder', 1))).code).toBe(
      'epoch_incomplete',
    );
  });
});

describe('a chunk', () => {
  it('goes from the requester to the evaluator and no other way', async () => {
    const { world, chunk } = await asked();
    expect((await body(world, 'joiner', '1/chunks/0', chunk)).code).toBe('wrong_side');
    expect((await world.as('joiner', 'GET', '/requests/founder/1/chunks/0')).code).toBe('not_found');
    expect((await body(world, 'founder', '1/chunks/0', chunk)).status).toBe(200);
    expect((await body(world, 'founder', '1/chunks/0', chunk)).status).toBe(200);
    const got = await world.as('joiner', 'GET', '/requests/founder/1/chunks/0');
    expect([got.status, got.bytes]).toEqual([200, chunk]);
    expect(got.headers.get('content-type')).toBe('application/octet-stream');
    expect((await world.as('founder', 'GET', '/requests/founder/1/chunks/0')).code).toBe('wrong_side');
  });

  it.each([
    ['cut', (chunk: Uint8Array) => chunk.subarray(0, -1)],
    ['lengthened', (chunk: Uint8Array) => new Uint8Array([...chunk, 0])],
    ['changed', (chunk: Uint8Array) => chunk.map((byte, i) => (i === 70 ? byte ^ 1 : byte))],
    ['empty', () => new Uint8Array()],
  ])('that is %s is refused', async (_, change) => {
    const { world, chunk } = await asked();
    expect((await body(world, 'founder', '1/chunks/0', change(chunk))).code).toBe('other_chunk');
    expect((await world.as('founder', 'GET', '')).json?.requests).toMatchObject({
      founder: { missing: [0, 1] },
    });
  });

  it('stands at its own address only', async () => {
    const { world, chunk } = await asked();
    expect((await body(world, 'founder', '1/chunks/1', chunk)).code).toBe('other_chunk');
    expect((await body(world, 'founder', '1/chunks/2', chunk)).code).toBe('not_found');
    expect((await body(world, 'founder', '2/chunks/0', chunk)).code).toBe('not_found');
    expect((await body(world, 'founder', '1/chunks/x', chunk)).code).toBe('invalid_request');
  });
});

describe('an evaluation', () => {
  it('goes from the evaluator to the requester and no other way', async () => {
    const { world, request } = await asked();
    const evaluation = makeEvaluation(world.pair, 'founder', request, 0);
    expect((await body(world, 'founder', '1/evaluations/0', evaluation)).code).toBe('wrong_side');
    expect((await body(world, 'joiner', '1/evaluations/0', evaluation)).status).toBe(200);
    expect((await body(world, 'joiner', '1/evaluations/0', evaluation)).status).toBe(200);
    const other = makeEvaluation(world.pair, 'founder', request, 0);
    expect((await body(world, 'joiner', '1/evaluations/0', other)).code).toBe('conflict');
    const got = await world.as('founder', 'GET', '/requests/founder/1/evaluations/0');
    expect([got.status, got.bytes]).toEqual([200, evaluation]);
    expect((await world.as('joiner', 'GET', '/requests/founder/1/evaluations/0')).code).toBe('wrong_side');
    expect((await world.as('founder', 'GET', '/requests/founder/1/evaluations/1')).code).toBe('not_found');
  });

  it('is signed by the evaluator, for this chunk of this request', async () => {
    const { world, request } = await asked();
    const { pair } = world;
    const send = async (what: string, bytes: Uint8Array) => (await body(world, 'joiner', what, bytes)).code;
    const evaluation = makeEvaluation(pair, 'founder', request, 0);
    expect(await send('1/evaluations/1', evaluation)).toBe('other_chunk');
    expect(await send('1/evaluations/7', evaluation)).toBe('not_found');
    expect(await send('2/evaluations/0', evaluation)).toBe('not_found');
    expect(await send('1/evaluations/0', evaluation.subarray(0, -1))).toBe('bad_signature');
    expect(await send('1/evaluations/0', systemRandom(40))).toBe('malformed');
    const relabelled = {
      ...request,
      request: { ...request.request, chunks: [...request.request.chunks].reverse() },
    };
    expect(await send('1/evaluations/0', makeEvaluation(pair, 'founder', relabelled, 0))).toBe('other_chunk');
    const ofAnother = makeEvaluation(
      pair,
      'founder',
      { ...request, request: { ...request.request, number: 2 } },
      0,
    );
    expect(await send('1/evaluations/0', ofAnother)).toBe('other_context');
    const chunks = request.request.chunks.map((chunk) => ({ ...chunk, count: 2 }));
    const fewer = makeEvaluation(pair, 'founder', { ...request, request: { number: 1, chunks } }, 0);
    expect(await send('1/evaluations/0', fewer)).toBe('other_chunk');
    const forged = makeEvaluation(
      { ...pair, joiner: { ...pair.joiner, agent: pair.founder.agent } },
      'founder',
      request,
      0,
    );
    expect(await send('1/evaluations/0', forged)).toBe('bad_signature');
  });
});

describe('a refusal', () => {
  it('is set once by the evaluator', async () => {
    const { world } = await asked();
    const refusal = makeRefusal(world.pair, 'founder', 1);
    const json = { refusal: toBase64url(refusal) };
    expect((await world.as('founder', 'PUT', '/requests/founder/1/refusal', { json })).code).toBe(
      'wrong_side',
    );
    expect((await world.as('joiner', 'PUT', '/requests/founder/2/refusal', { json })).code).toBe('not_found');
    for (let i = 0; i < 2; i++) {
      expect((await world.as('joiner', 'PUT', '/requests/founder/1/refusal', { json })).status).toBe(200);
    }
    const other = { refusal: toBase64url(makeRefusal(world.pair, 'founder', 2)) };
    expect((await world.as('joiner', 'PUT', '/requests/founder/1/refusal', { json: other })).code).toBe(
      'conflict',
    );
    expect((await world.as('founder', 'GET', '')).json?.requests).toMatchObject({ founder: json });
  });

  it('is of this request', async () => {
    const { world } = await asked();
    const json = { refusal: toBase64url(makeRefusal(world.pair, 'founder', 2)) };
    expect((await world.as('joiner', 'PUT', '/requests/founder/1/refusal', { json })).code).toBe(
      'other_context',
    );
  });
});

describe('a finished request', () => {
  it('leaves no element behind, and may be finished again', async () => {
    const { world, request, chunk } = await asked();
    const { pair, service } = world;
    await body(world, 'founder', '1/chunks/0', chunk);
    await body(world, 'joiner', '1/evaluations/0', makeEvaluation(pair, 'founder', request, 0));
    expect((await world.as('joiner', 'DELETE', '/requests/founder/1')).code).toBe('wrong_side');
    expect((await world.as('founder', 'DELETE', '/requests/founder/2')).code).toBe('not_found');
    for (let i = 0; i < 2; i++) {
      expect((await world.as('founder', 'DELETE', '/requests/founder/1')).status).toBe(200);
    }
    const store = service.store(pair.partnership);
    for (const table of ['requests', 'request_chunks', 'request_bodies']) {
      expect(store.all(`select * from ${table}`)).toEqual([]);
    }
    const view = await world.as('founder', 'GET', '');
    expect(view.json).toMatchObject({ requests: { founder: null }, lastRequest: { founder: 1 } });
    expect((await put(world, 'founder', request)).code).toBe('conflict');
    expect((await put(world, 'founder', makeRequest(pair, 'founder', 2))).status).toBe(200);
  });
});

describe('the receipt', () => {
  it('is the caller’s own evaluation that counts the most, also after the end', async () => {
    const { world, request } = await asked();
    const { pair } = world;
    const receipt = async (side: Side) => (await world.as(side, 'GET', '/receipt')).json;
    expect(await receipt('joiner')).toEqual({ evaluation: null });
    const more = makeEvaluation(pair, 'founder', request, 0, new Map([['domain', 9]]));
    const less = makeEvaluation(pair, 'founder', request, 1, new Map([['domain', 6]]));
    await body(world, 'joiner', '1/evaluations/0', more);
    await body(world, 'joiner', '1/evaluations/1', less);
    expect(await receipt('joiner')).toEqual({ evaluation: toBase64url(more) });
    expect(await receipt('founder')).toEqual({ evaluation: null });
    await world.as('founder', 'DELETE', '/requests/founder/1');
    expect(await receipt('joiner')).toEqual({ evaluation: toBase64url(more) });
  });
});

/** The vault at the service: who gives a key to whom, whose rows stand, what an answer carries, and what goes when. */
import { beforeEach, describe, expect, it } from 'vitest';
import { fromBase64url, toBase64url, toHex } from '../../protocol/bytes.ts';
import { systemRandom } from '../../protocol/hash.ts';
import type { Role } from '../../protocol/member.ts';
import { LARGEST_ROW_BYTES, packRows } from '../../protocol/vault/upload.ts';
import { run } from '../../src/service/partnership/operations.ts';
import { type Answer, submit, type TestPartnership, testPartnership } from '../support/service-app.ts';
import { makeMember } from '../support/service-members.ts';
import { makeSignedScope } from '../support/service-parties.ts';
import { makeHead, makeWrap } from '../support/service-vault.ts';

let world: TestPartnership;
const handles = { founder: systemRandom(16), joiner: systemRandom(16) };

type Member = Awaited<ReturnType<typeof makeMember>> & { readonly keys: Uint8Array };

/** A member of the founder's, unless said otherwise. */
async function member(role: Role, side: 'founder' | 'joiner' = 'founder'): Promise<Member> {
  const { organisation } = world.pair[side];
  const token = world.tokens[side];
  const made = await makeMember(world.service, { organisation, token, role });
  const shown = await world.service.call('GET', `/v1/members/${made.member}`, { token });
  return { ...made, keys: fromBase64url(String(shown.json?.keys)) ?? new Uint8Array() };
}

function putWrap(to: Member, wrap: Uint8Array, token = world.tokens.founder, number = 1): Promise<Answer> {
  const json = { wrap: toBase64url(wrap) };
  return world.service.call('PUT', `/v1/members/${to.member}/vault/${number}`, { token, json });
}

const codeOf = async (answer: Promise<Answer>) => (await answer).code;
const vaultOf = async (of: Member) =>
  (await world.service.call('GET', '/v1/vault', { token: of.token })).json as { wraps: string[] };

beforeEach(async () => {
  world = await testPartnership('scoped');
  const tag = systemRandom(16);
  for (const side of ['founder', 'joiner'] as const) {
    const account = {
      handle: handles[side],
      populations: [0],
      tags: [{ tag, kind: 'domain' as const }],
      fields: [],
      names: [],
    };
    const answer = await submit(world, side, 1, makeSignedScope(world.pair, side), [account]);
    expect(answer.status).toBe(200);
  }
});

describe('a vault key', () => {
  it('is given by the agent to a member who asks, and read by that member alone', async () => {
    const [ann, bea] = [await member('sales'), await member('clean-team')];
    const wrap = makeWrap(world.pair, 'founder', ann);
    expect((await putWrap(ann, wrap)).status).toBe(200);
    expect((await putWrap(ann, wrap)).status).toBe(200);
    expect((await vaultOf(ann)).wraps).toEqual([toBase64url(wrap)]);
    expect((await vaultOf(bea)).wraps).toEqual([]);
    // The agent may wrap it anew, as after a restore.
    expect((await putWrap(ann, makeWrap(world.pair, 'founder', ann))).status).toBe(200);
  });

  it('is given by a member who holds it, and never in the place of another', async () => {
    const [ann, bea, cid] = [await member('sales'), await member('sales'), await member('sales')];
    const byAnn = (to: Member, change = {}) =>
      makeWrap(world.pair, 'founder', to, { by: ann.member, ...change }, ann.seed);
    expect(await codeOf(putWrap(bea, byAnn(bea), ann.token))).toBe('conflict');
    await putWrap(ann, makeWrap(world.pair, 'founder', ann));
    expect((await putWrap(bea, byAnn(bea), ann.token)).status).toBe(200);
    expect(await codeOf(putWrap(bea, byAnn(bea), ann.token))).toBe('conflict');
    expect(await codeOf(putWrap(cid, byAnn(cid, { number: 2 }), ann.token, 2))).toBe('conflict');
  });

  it('is refused from a stranger, for other keys, another number or organisation', async () => {
    const [ann, bea] = [await member('sales'), await member('sales')];
    const other = await member('sales', 'joiner');
    const { pair } = world;
    expect(await codeOf(putWrap(ann, makeWrap(pair, 'founder', ann, {}, systemRandom(32))))).toBe(
      'bad_signature',
    );
    expect(await codeOf(putWrap(ann, makeWrap(pair, 'founder', { ...ann, keys: bea.keys })))).toBe(
      'other_context',
    );
    expect(await codeOf(putWrap(ann, makeWrap(pair, 'founder', bea)))).toBe('other_context');
    expect(await codeOf(putWrap(ann, makeWrap(pair, 'founder', ann, { number: 2 })))).toBe('other_context');
    expect(await codeOf(putWrap(ann, makeWrap(pair, 'founder', ann, { by: bea.member })))).toBe(
      'other_context',
    );
    expect(await codeOf(putWrap(ann, makeWrap(pair, 'joiner', ann, {}, pair.founder.agent.seed)))).toBe(
      'malformed',
    );
    // To the other organisation there is no such member, whoever signed.
    expect(await codeOf(putWrap(ann, makeWrap(pair, 'joiner', ann), world.tokens.joiner))).toBe('not_found');
    expect(await codeOf(putWrap(other, makeWrap(pair, 'founder', other)))).toBe('not_found');
    expect((await vaultOf(ann)).wraps).toEqual([]);
  });

  it('is for the roles that ask', async () => {
    for (const role of ['admin', 'legal', 'auditor'] as const) {
      const someone = await member(role);
      expect([role, await codeOf(putWrap(someone, makeWrap(world.pair, 'founder', someone)))]).toEqual([
        role,
        'conflict',
      ]);
    }
  });

  it('goes with the member, and with a newer key', async () => {
    const [ann, bea] = [await member('sales'), await member('sales')];
    for (const to of [ann, bea]) await putWrap(to, makeWrap(world.pair, 'founder', to));
    await putWrap(bea, makeWrap(world.pair, 'founder', bea, { number: 2 }), world.tokens.founder, 2);
    const token = world.tokens.founder;
    await world.service.call('DELETE', `/v1/members/${ann.member}`, { token });
    const rows = () => world.service.directory.all('select member, number from vault_wraps order by number');
    expect(await rows()).toEqual([
      { member: bea.member, number: 1 },
      { member: bea.member, number: 2 },
    ]);
    expect((await world.service.call('GET', '/v1/vault', { token: ann.token })).status).toBe(401);
    expect(await codeOf(putWrap(ann, makeWrap(world.pair, 'founder', ann)))).toBe('conflict');
    await world.service.call('DELETE', '/v1/vault/2', { token: world.tokens.joiner });
    expect(await rows()).toHaveLength(2);
    await world.service.call('DELETE', '/v1/vault/2', { token });
    expect(await rows()).toEqual([{ member: bea.member, number: 2 }]);
  });
});

describe('rows', () => {
  const sealed = systemRandom(600);
  const putRows = (rows: Parameters<typeof packRows>[0], key = 1) =>
    world.as('founder', 'PUT', `/vault/${key}/rows`, { bytes: packRows(rows) });
  const putHead = (number: number, change: Parameters<typeof makeHead>[3] = {}) =>
    world.as('founder', 'PUT', `/vault/heads/${number}`, {
      json: { head: toBase64url(makeHead(world.pair, 'founder', number, change)) },
    });
  const key = (number: number) => ({ key: { number, id: systemRandom(32) } });

  it('come with the answer to a member of the own side, and to nobody else', async () => {
    const [ann, other] = [await member('sales'), await member('sales', 'joiner')];
    expect((await putRows([{ handle: handles.founder, sealed }])).status).toBe(200);
    expect((await putHead(1)).status).toBe(200);
    const ask = async (token: string) =>
      (await world.service.call('POST', `${world.base}/overlap`, { token, json: {} })).json;
    expect((await ask(ann.token))?.own).toEqual({
      key: 1,
      rows: [{ handle: toHex(handles.founder), sealed: toBase64url(sealed) }],
    });
    expect((await ask(other.token))?.own).toEqual({ key: 0, rows: [] });
  });

  it('are not sent to an agent of a company of one', async () => {
    expect((await world.as('founder', 'POST', '/overlap', { json: {} })).json?.own).toBeNull();
  });

  it('are of accounts in the active list only', async () => {
    expect(await codeOf(putRows([{ handle: systemRandom(16), sealed }]))).toBe('conflict');
    expect(await codeOf(putRows([{ handle: handles.joiner, sealed }]))).toBe('conflict');
  });

  it('are written all or none, and refused leave what stands', async () => {
    const store = world.service.store(world.pair.partnership);
    await putHead(1, key(1));
    await putRows([{ handle: handles.founder, sealed }], 1);
    await putRows([{ handle: handles.founder, sealed }], 2);
    const rows = () => store.all('select key_number, handle, sealed from vault_rows order by key_number');
    const before = rows();
    expect(before).toHaveLength(2);
    const unknown = { handle: systemRandom(16), sealed };
    const changed = { handle: handles.founder, sealed: systemRandom(600) };
    const gone = { handle: handles.founder, sealed: null };
    // Under a third key, too, whose coming takes the second one's rows away.
    for (const [first, number] of [
      [changed, 2],
      [gone, 2],
      [changed, 3],
    ] as const) {
      expect(await codeOf(putRows([first, unknown], number))).toBe('conflict');
      expect(rows()).toEqual(before);
    }
  });

  it('are refused cut, twice, too small or too large', async () => {
    const put = (bytes: Uint8Array) => world.as('founder', 'PUT', '/vault/1/rows', { bytes });
    const good = packRows([{ handle: handles.founder, sealed }]);
    for (const bytes of [
      new Uint8Array(),
      good.subarray(0, -1),
      new Uint8Array([...good, ...good]),
      packRows([{ handle: handles.founder, sealed: systemRandom(40) }]),
      packRows([{ handle: handles.founder, sealed: new Uint8Array(LARGEST_ROW_BYTES + 41) }]),
    ]) {
      expect(await codeOf(put(bytes))).toBe('malformed');
    }
    expect(await codeOf(put(new Uint8Array(600_000)))).toBe('too_large');
  });

  it('under an older key stand until the head names the newer', async () => {
    const ann = await member('sales');
    await putRows([{ handle: handles.founder, sealed }]);
    await putHead(1);
    await world.as('founder', 'PUT', '/vault/1/names/1', { bytes: systemRandom(100) });
    const newer = systemRandom(600);
    await putRows([{ handle: handles.founder, sealed: newer }], 2);
    const own = async () => {
      const { token } = ann;
      const answer = await world.service.call('POST', `${world.base}/overlap`, { token, json: {} });
      return answer.json?.own as { key: number; rows: { sealed: string }[] };
    };
    expect(await own()).toMatchObject({ key: 1, rows: [{ sealed: toBase64url(sealed) }] });
    await putHead(2, key(2));
    expect(await own()).toMatchObject({ key: 2, rows: [{ sealed: toBase64url(newer) }] });
    const store = world.service.store(world.pair.partnership);
    expect(store.all('select distinct key_number from vault_rows')).toEqual([{ key_number: 2 }]);
    expect(store.all('select * from vault_names')).toEqual([]);
  });

  it('stand under two keys at most', async () => {
    await putHead(1);
    const store = world.service.store(world.pair.partnership);
    for (const number of [1, 2, 9, 4]) {
      await putRows([{ handle: handles.founder, sealed }], number);
      await world.as('founder', 'PUT', `/vault/${number}/names/1`, { bytes: systemRandom(100) });
    }
    for (const table of ['vault_rows', 'vault_names']) {
      const keys = store.all(`select key_number as n from ${table} order by key_number`);
      expect(keys).toEqual([{ n: 1 }, { n: 4 }]);
    }
  });

  it('go with the list, the scope and the partnership', async () => {
    const store = world.service.store(world.pair.partnership);
    const left = () =>
      ['vault_rows', 'vault_names', 'vault_heads'].map((table) => store.all(`select 1 from ${table}`).length);
    await putRows([{ handle: handles.founder, sealed }]);
    await world.as('founder', 'PUT', '/vault/1/names/1', { bytes: systemRandom(100) });
    await putHead(1);
    expect(left()).toEqual([1, 1, 1]);
    expect((await putRows([{ handle: handles.founder, sealed: null }])).status).toBe(200);
    expect(left()).toEqual([0, 1, 1]);
    await putRows([{ handle: handles.founder, sealed }]);
    // Without a scope nothing of the side stays.
    store.run('delete from scopes where side = 0');
    const call = { nowMs: world.service.clock.nowMs } as never;
    run(store, 'clear', call, {});
    expect(left()).toEqual([0, 0, 0]);
  });
});

describe('a head', () => {
  const put = (number: number, head: Uint8Array) =>
    world.as('founder', 'PUT', `/vault/heads/${number}`, { json: { head: toBase64url(head) } });

  it('is shown to the own side alone, and never goes back', async () => {
    const head = makeHead(world.pair, 'founder', 2);
    expect((await put(2, head)).status).toBe(200);
    expect((await put(2, head)).status).toBe(200);
    expect(await codeOf(put(2, makeHead(world.pair, 'founder', 2)))).toBe('conflict');
    expect(await codeOf(put(1, makeHead(world.pair, 'founder', 1)))).toBe('wrong_number');
    expect((await world.as('founder', 'GET', '')).json?.vault).toBe(toBase64url(head));
    expect((await world.as('joiner', 'GET', '')).json?.vault).toBeNull();
  });

  it('is refused of another signer, side, epoch or number', async () => {
    const { pair } = world;
    const context = {
      partnership: pair.partnership,
      epoch: 1,
      side: 'founder',
      epochHash: pair.epochHash,
    } as const;
    expect(await codeOf(put(1, makeHead(pair, 'founder', 1, {}, systemRandom(32))))).toBe('bad_signature');
    for (const change of [{ side: 'joiner' as const }, { epoch: 2 }, { epochHash: systemRandom(32) }]) {
      const head = makeHead(pair, 'founder', 1, { context: { ...context, ...change } });
      expect(await codeOf(put(1, head))).toBe('other_context');
    }
    expect(await codeOf(put(1, makeHead(pair, 'founder', 2)))).toBe('other_context');
    expect(await codeOf(put(1, makeHead(pair, 'founder', 1).subarray(1)))).toBe('malformed');
  });
});

describe('a company of one', () => {
  it('ends with its first member, which the partner sees, and does not come back', async () => {
    const solo = async (side: 'founder' | 'joiner') => (await world.as(side, 'GET', '')).json?.companiesOfOne;
    expect(await solo('joiner')).toEqual({ founder: true, joiner: true });
    const ann = await member('sales');
    expect(await solo('joiner')).toEqual({ founder: false, joiner: true });
    expect(await codeOf(world.as('founder', 'POST', '/overlap', { json: {} }))).toBe('forbidden');
    expect((await world.as('joiner', 'POST', '/overlap', { json: {} })).status).toBe(200);
    await world.service.call('DELETE', `/v1/members/${ann.member}`, { token: world.tokens.founder });
    expect(await solo('founder')).toEqual({ founder: false, joiner: true });
    expect(await codeOf(world.as('founder', 'POST', '/matrix', { json: {} }))).toBe('forbidden');
  });
});

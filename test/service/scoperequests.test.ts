/** Requests for a scope and own limits: who asks, who answers, who reads. */
import { beforeAll, describe, expect, it } from 'vitest';
import { toHex } from '../../protocol/bytes.ts';
import { systemRandom } from '../../protocol/hash.ts';
import type { Side } from '../../protocol/ids.ts';
import type { Role } from '../../protocol/member.ts';
import { ruleOf } from '../support/scopes.ts';
import { type Answer, type TestPartnership, testPartnership } from '../support/service-app.ts';
import { makeMember } from '../support/service-members.ts';
import { NOW_MS } from '../support/service-parties.ts';

let world: TestPartnership;
type People = Record<Role, { token: string; member: string }>;
const people = {} as Record<Side, People>;

beforeAll(async () => {
  world = await testPartnership('scoped');
  for (const side of ['founder', 'joiner'] as const) {
    people[side] = {} as People;
    for (const role of ['admin', 'legal', 'sales', 'clean-team', 'auditor'] as const) {
      const { organisation } = world.pair[side];
      people[side][role] = await makeMember(world.service, {
        organisation,
        token: world.tokens[side],
        role,
      });
    }
  }
});

const newId = () => toHex(systemRandom(16));
const call = (side: Side, role: Role, method: string, path: string, json?: object): Promise<Answer> =>
  world.as(side, method, path, { token: people[side][role].token, ...(json ? { json } : {}) });
const ask = (side: Side, role: Role, id: string, json: object = { text: 'We meet them often' }) =>
  call(side, role, 'PUT', `/scope-requests/${id}`, json);
const read = async (side: Side, role: Role) =>
  (await call(side, role, 'GET', '/scope-requests')).json?.requests as { id: string }[];
const ids = async (side: Side, role: Role) => (await read(side, role)).map(({ id }) => id);

describe('a request', () => {
  it('is short, its rules too', async () => {
    const rules = Array.from({ length: 100 }, () => ruleOf('customers', '*', { level: 'accounts' }));
    expect((await ask('founder', 'sales', newId(), { text: 'All of it', rules })).code).toBe('too_large');
  });

  it('goes from whoever asks questions to legal of the other side, and the answer back', async () => {
    const id = newId();
    const rules = [ruleOf('customers', '*', { level: 'fields', fields: ['owner'] })];
    const text = 'Owners, so that we can call them together';
    expect((await ask('founder', 'sales', id, { text, rules })).status).toBe(200);
    expect((await ask('founder', 'sales', id, { text, rules })).status).toBe(200);
    expect((await ask('founder', 'sales', id, { text })).code).toBe('conflict');
    expect((await ask('founder', 'legal', id, { text, rules })).code).toBe('conflict');
    const at = new Date(NOW_MS).toISOString();
    const request = { id, role: 'sales', at, text, rules, answer: null };
    const { member } = people.founder.sales;
    expect(await read('joiner', 'legal')).toEqual([{ ...request, from: 'theirs', member: null }]);
    expect(await read('founder', 'auditor')).toEqual([{ ...request, from: 'mine', member }]);
    const answer = { answer: 'granted', text: 'With the next version' };
    const put = (side: Side, json: object = answer, of = id) =>
      call(side, 'legal', 'PUT', `/scope-requests/${of}/answer`, json);
    expect((await put('founder')).code).toBe('not_found');
    expect((await put('joiner', answer, newId())).code).toBe('not_found');
    expect((await put('joiner')).status).toBe(200);
    expect((await put('joiner')).status).toBe(200);
    expect((await put('joiner', { ...answer, answer: 'declined' })).code).toBe('conflict');
    expect(await read('founder', 'sales')).toEqual([
      { ...request, from: 'mine', member, answer: { ...answer, at } },
    ]);
  });

  it('is read by legal and auditors of both sides, and by the asker', async () => {
    const [one, other] = [newId(), newId()];
    await ask('founder', 'sales', one);
    await ask('founder', 'clean-team', other);
    for (const side of ['founder', 'joiner'] as const) {
      for (const role of ['legal', 'auditor'] as const) {
        expect(await ids(side, role)).toEqual(expect.arrayContaining([one, other]));
      }
    }
    expect(await ids('founder', 'sales')).toContain(one);
    expect(await ids('founder', 'sales')).not.toContain(other);
    expect(await ids('founder', 'clean-team')).toEqual([other]);
    for (const role of ['sales', 'clean-team'] as const) expect(await ids('joiner', role)).toEqual([]);
    for (const role of ['admin', 'auditor'] as const) {
      expect((await ask('founder', role, newId())).code).toBe('wrong_role');
    }
    expect((await call('founder', 'admin', 'GET', '/scope-requests')).code).toBe('wrong_role');
    for (const role of ['admin', 'sales', 'clean-team', 'auditor'] as const) {
      const answer = { answer: 'granted', text: 'Yes' };
      const put = await call('joiner', role, 'PUT', `/scope-requests/${one}/answer`, answer);
      expect(put.code).toBe('wrong_role');
    }
  });

  it('under the same id of both sides are two', async () => {
    const id = newId();
    expect((await ask('founder', 'legal', id, { text: 'Ours' })).status).toBe(200);
    expect((await ask('joiner', 'legal', id, { text: 'Theirs' })).status).toBe(200);
    expect((await ids('founder', 'legal')).filter((one) => one === id)).toHaveLength(2);
  });

  it('is one line that shows as what it is, with rules of a scope’s form', async () => {
    const bad: object[] = [
      { text: '' },
      { text: 'x'.repeat(1001) },
      { text: 'two\nlines' },
      { text: 'turned \u202e round' },
      { text: 'fine', rules: [{ population: 'customers' }] },
      { text: 'fine', rules: [ruleOf('Customers', '*')] },
      { text: 'fine', rules: Array.from({ length: 101 }, () => ruleOf('customers', '*')) },
      { text: 'fine', more: 1 },
    ];
    for (const json of bad)
      expect((await ask('founder', 'sales', newId(), json)).code).toBe('invalid_request');
    for (const id of ['x', '0'.repeat(31), '0'.repeat(33), 'G'.repeat(32)]) {
      expect((await ask('founder', 'sales', id)).code).toBe('invalid_request');
    }
    expect((await ask('founder', 'sales', newId(), { text: 'x'.repeat(1000) })).status).toBe(200);
  });

  it('is one of at most two hundred a side; answered ones give way', async () => {
    const store = world.service.store(world.pair.partnership);
    store.run('delete from scope_requests');
    const first = newId();
    await ask('founder', 'sales', first);
    for (let i = 1; i < 200; i++) {
      store.run(
        "insert into scope_requests (side, id, role, at_ms, body) values (0, randomblob(16), 'sales', ?, 'x')",
        NOW_MS + i,
      );
    }
    const full = await ask('founder', 'sales', newId());
    expect([full.status, full.code]).toEqual([429, 'too_many_scope_requests']);
    expect((await ask('joiner', 'sales', newId())).status).toBe(200);
    const answer = { answer: 'declined', text: 'No' };
    await call('joiner', 'legal', 'PUT', `/scope-requests/${first}/answer`, answer);
    expect((await ask('founder', 'sales', newId())).status).toBe(200);
    expect(await ids('founder', 'legal')).not.toContain(first);
    expect((await ask('founder', 'sales', newId())).code).toBe('too_many_scope_requests');
  });

  it('is the agent’s of a company of one', async () => {
    const solo = await testPartnership('opened', world.service);
    const id = newId();
    expect(
      (await solo.as('founder', 'PUT', `/scope-requests/${id}`, { json: { text: 'More' } })).status,
    ).toBe(200);
    expect((await solo.as('joiner', 'GET', '/scope-requests')).json?.requests).toHaveLength(1);
    const json = { answer: 'granted', text: 'Yes' };
    expect((await solo.as('joiner', 'PUT', `/scope-requests/${id}/answer`, { json })).status).toBe(200);
    expect((await world.as('founder', 'GET', '/scope-requests')).code).toBe('forbidden');
  });
});

describe('a limit', () => {
  const COUNTS = { level: 'counts', fields: [], whiteSpace: 'none', review: false };
  const limits = async (side: Side, role?: Role) => {
    const answer = role ? await call(side, role, 'GET', '') : await world.as(side, 'GET', '');
    return answer.json?.limits;
  };
  const none = { sales: null, 'clean-team': null };

  it('is set, replaced and taken away by legal, and shown to its own side alone', async () => {
    expect(await limits('founder', 'legal')).toEqual(none);
    expect((await call('founder', 'legal', 'PUT', '/limits/sales', COUNTS)).status).toBe(200);
    for (const role of ['admin', 'legal', 'auditor'] as const) {
      expect(await limits('founder', role)).toEqual({ ...none, sales: COUNTS });
      expect(await limits('joiner', role)).toEqual(none);
    }
    // To whom it limits, so that an answer that it empties can say so; the other role's is not theirs to know.
    expect(await limits('founder', 'sales')).toEqual({ ...none, sales: COUNTS });
    expect(await limits('founder', 'clean-team')).toEqual(none);
    const fields = { level: 'fields', fields: ['owner'], whiteSpace: 'names', review: true };
    expect((await call('founder', 'legal', 'PUT', '/limits/sales', fields)).status).toBe(200);
    expect((await call('founder', 'legal', 'PUT', '/limits/clean-team', COUNTS)).status).toBe(200);
    expect(await limits('founder', 'legal')).toEqual({ sales: fields, 'clean-team': COUNTS });
    for (let i = 0; i < 2; i++) {
      expect((await call('founder', 'legal', 'DELETE', '/limits/sales')).status).toBe(200);
    }
    expect(await limits('founder', 'legal')).toEqual({ ...none, 'clean-team': COUNTS });
  });

  it('is nobody else’s to set, and only for roles that ask', async () => {
    for (const role of ['admin', 'sales', 'clean-team', 'auditor'] as const) {
      expect((await call('founder', role, 'PUT', '/limits/sales', COUNTS)).code).toBe('wrong_role');
      expect((await call('founder', role, 'DELETE', '/limits/sales')).code).toBe('wrong_role');
    }
    expect((await world.as('founder', 'PUT', '/limits/sales', { json: COUNTS })).code).toBe('forbidden');
    for (const role of ['legal', 'nobody']) {
      expect((await call('founder', 'legal', 'PUT', `/limits/${role}`, COUNTS)).code).toBe('invalid_request');
    }
    for (const json of [{ ...COUNTS, level: 'all' }, { ...COUNTS, fields: ['phone'] }, { level: 'counts' }]) {
      expect((await call('founder', 'legal', 'PUT', '/limits/sales', json)).code).toBe('invalid_request');
    }
  });
});

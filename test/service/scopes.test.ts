/** Scopes between two companies of one: versions, what comes into force, and what it takes away. */
import { describe, expect, it } from 'vitest';
import { toBase64url } from '../../protocol/bytes.ts';
import { systemRandom } from '../../protocol/hash.ts';
import { otherSide, type Side } from '../../protocol/ids.ts';
import type { Scope } from '../../protocol/scope.ts';
import { sign } from '../../protocol/signed.ts';
import { ruleOf } from '../support/scopes.ts';
import {
  activate,
  grantScope,
  moveTo,
  putScope,
  putSubmission,
  submit,
  type TestPartnership,
  testPartnership,
} from '../support/service-app.ts';
import { makeAcceptance, makeSignedScope, makeTestPair } from '../support/service-parties.ts';
import { sayAsAgent } from '../support/service-people.ts';
import { makeSubmission, type TestAccount } from '../support/service-rows.ts';

const DAY_MS = 24 * 3600_000;
const BOTH: readonly Side[] = ['founder', 'joiner'];

/** The versions of a side that another shows, by number. */
async function shown(world: TestPartnership, by: Side, of: Side): Promise<number[]> {
  const view = await world.as(by, 'GET', '');
  const { scopes } = view.json as { scopes: Record<Side, { number: number }[]> };
  return scopes[of].map(({ number }) => number);
}

describe('a version', () => {
  it('of a company of one is approved by its signature, and may be sent again', async () => {
    const world = await testPartnership('signed');
    const first = makeSignedScope(world.pair, 'founder');
    expect((await putScope(world, 'founder', 1, first)).status).toBe(200);
    expect((await putScope(world, 'founder', 1, first)).status).toBe(200);
    const other = makeSignedScope(world.pair, 'founder', { minimumCount: 9 });
    expect((await putScope(world, 'founder', 1, other)).code).toBe('conflict');
    const view = await world.as('joiner', 'GET', '');
    expect(view.json?.scopes).toEqual({
      founder: [{ number: 1, signed: toBase64url(first), statements: [] }],
      joiner: [],
    });
  });

  it('is shown until a later one is accepted and has begun; the list has all', async () => {
    const world = await testPartnership('scoped');
    const first = makeSignedScope(world.pair, 'founder');
    const second = makeSignedScope(world.pair, 'founder', { number: 2, minimumCount: 9 }, first);
    expect((await putScope(world, 'founder', 2, second)).status).toBe(200);
    expect(await shown(world, 'joiner', 'founder')).toEqual([1, 2]);
    expect((await grantScope(world, 'founder', 2, second)).status).toBe(200);
    expect(await shown(world, 'joiner', 'founder')).toEqual([2]);
    const acceptances = [first, second].map((signed) => makeAcceptance(world.pair, 'founder', signed));
    for (const side of BOTH) {
      expect((await world.as(side, 'GET', '/scopes')).json).toMatchObject({
        founder: [
          { number: 1, signed: toBase64url(first), statements: [toBase64url(acceptances[0] ?? first)] },
          { number: 2, signed: toBase64url(second), statements: [toBase64url(acceptances[1] ?? first)] },
        ],
        joiner: [{ number: 1 }],
      });
    }
  });

  it('may leave numbers out and never goes back', async () => {
    const world = await testPartnership('scoped');
    const first = makeSignedScope(world.pair, 'founder');
    const third = makeSignedScope(world.pair, 'founder', { number: 3 }, first);
    expect((await putScope(world, 'founder', 3, third)).status).toBe(200);
    const second = makeSignedScope(world.pair, 'founder', { number: 2 }, first);
    expect((await putScope(world, 'founder', 2, second)).code).toBe('wrong_number');
  });

  it('waits with so many others at most, which stand in every view', async () => {
    const world = await testPartnership('scoped');
    let last = makeSignedScope(world.pair, 'founder');
    for (let number = 2; number <= 21; number++) {
      last = makeSignedScope(world.pair, 'founder', { number }, last);
      expect((await putScope(world, 'founder', number, last)).status).toBe(200);
    }
    const next = makeSignedScope(world.pair, 'founder', { number: 22 }, last);
    expect((await putScope(world, 'founder', 22, next)).code).toBe('too_many_scopes');
    expect((await sayAsAgent(world, 'accept', { side: 'founder', number: 21, signed: last })).status).toBe(
      200,
    );
    expect((await putScope(world, 'founder', 22, next)).status).toBe(200);
  });

  it('links to the newest approved one', async () => {
    const world = await testPartnership('scoped');
    const { pair } = world;
    const first = makeSignedScope(pair, 'founder');
    const unlinked = [
      makeSignedScope(pair, 'founder', { number: 2 }),
      makeSignedScope(pair, 'founder', { number: 2 }, makeSignedScope(pair, 'joiner')),
      makeSignedScope(pair, 'founder', { number: 2 }, systemRandom(100)),
    ];
    for (const scope of unlinked) {
      const answer = await putScope(world, 'founder', 2, scope);
      expect([answer.code, answer.json?.detail]).toEqual(['other_context', 'previous scope']);
    }
    const second = makeSignedScope(pair, 'founder', { number: 2 }, first);
    await putScope(world, 'founder', 2, second);
    const late = makeSignedScope(pair, 'founder', { number: 3 }, first);
    expect((await putScope(world, 'founder', 3, late)).code).toBe('other_context');
  });

  it('is of the caller, for the partner, in this partnership', async () => {
    const world = await testPartnership('signed');
    const { pair } = world;
    const other = makeTestPair(systemRandom);
    const put = async (side: Side, scope: Uint8Array, number = 1) =>
      (await putScope(world, side, number, scope)).code;
    expect(await put('joiner', makeSignedScope(pair, 'founder'))).toBe('bad_signature');
    const swapped = { grantor: pair.joiner.organisation, grantee: pair.founder.organisation };
    expect(await put('founder', makeSignedScope(pair, 'founder', swapped))).toBe('bad_signature');
    for (const change of [{ grantee: other.joiner.organisation }, { partnership: other.partnership }]) {
      expect(await put('founder', makeSignedScope(pair, 'founder', change))).toBe('other_context');
    }
    expect(await put('founder', makeSignedScope(pair, 'founder'), 2)).toBe('other_context');
    expect(await put('founder', makeSignedScope(pair, 'founder', { roster: 1 }))).toBe('malformed');
    const cut = sign('scope', makeSignedScope(pair, 'founder').subarray(0, 100), pair.founder.agent.seed);
    expect(await put('founder', cut)).toBe('malformed');
  });

  it('nobody submits under before it is accepted', async () => {
    const world = await testPartnership('signed');
    const scope = makeSignedScope(world.pair, 'founder');
    await putScope(world, 'founder', 1, scope);
    const submission = makeSubmission(world.pair, 'founder', 1, scope, []);
    expect((await putSubmission(world, 'founder', submission)).code).toBe('scope_changed');
    await sayAsAgent(world, 'accept', { side: 'founder', number: 1, signed: scope });
    expect((await putSubmission(world, 'founder', submission)).status).toBe(200);
  });
});

const account = (tag: Uint8Array): TestAccount => ({
  handle: systemRandom(16),
  populations: [0],
  tags: [{ tag, kind: 'domain' }],
  fields: ['owner'],
  names: [0],
});

const ROW_TABLES = ['accounts', 'tags', 'boxes', 'wraps', 'fields', 'names'];

/** Both lists in, of two shared accounts and one of its own each. */
async function active(change: Partial<Scope> = {}) {
  const world = await testPartnership('signed');
  const { pair, service } = world;
  const tags = [systemRandom(16), systemRandom(16)];
  const scopes = {} as Record<Side, Uint8Array>;
  for (const side of BOTH) {
    scopes[side] = makeSignedScope(pair, side, side === 'founder' ? change : {});
    expect((await grantScope(world, side, 1, scopes[side])).status).toBe(200);
    const list = [...tags, systemRandom(16)].map(account);
    expect((await submit(world, side, 1, scopes[side], list)).status).toBe(200);
  }
  const count = (table: string, side: number) =>
    service
      .store(pair.partnership)
      .all<{ n: number }>(`select count(*) as n from ${table} where side = ?`, side)[0]?.n;
  const counts = (side: number) => ROW_TABLES.map((table) => count(table, side));
  const ask = (side: Side, question: string, json: object = {}) =>
    world.as(side, 'POST', `/${question}`, { json });
  return { world, scopes, count, counts, ask };
}

describe('a version that comes into force', () => {
  const narrowed = { number: 2, rules: [ruleOf('customers', '*', { level: 'counts' })] };

  it('takes the sealed rows of the one before at once, and leaves the rest', async () => {
    const { world, scopes, counts, ask } = await active();
    const next = makeSignedScope(world.pair, 'founder', narrowed, scopes.founder);
    expect((await putScope(world, 'founder', 2, next)).status).toBe(200);
    expect(counts(0)).toEqual([3, 3, 3, 3, 3, 3]);
    expect((await ask('joiner', 'overlap')).json?.rows).toHaveLength(2);
    const accepted = await sayAsAgent(world, 'accept', { side: 'founder', number: 2, signed: next });
    expect(accepted.status).toBe(200);
    expect(counts(0)).toEqual([3, 3, 3, 0, 0, 0]);
    expect(counts(1)).toEqual([3, 3, 3, 3, 3, 3]);
    expect((await ask('joiner', 'overlap')).json).toMatchObject({ rows: [], snapshot: { number: 1 } });
    expect((await ask('founder', 'overlap')).json?.rows).toHaveLength(2);
  });

  it('at a time to come does so then, not before', async () => {
    const { world, scopes, counts, ask } = await active();
    const change = { ...narrowed, validFrom: '2026-02-01T00:00:00Z' };
    const next = makeSignedScope(world.pair, 'founder', change, scopes.founder);
    expect((await grantScope(world, 'founder', 2, next)).status).toBe(200);
    expect(counts(0)).toEqual([3, 3, 3, 3, 3, 3]);
    expect(await shown(world, 'joiner', 'founder')).toEqual([1, 2]);
    expect((await ask('joiner', 'overlap')).json?.rows).toHaveLength(2);
    await moveTo(world, Date.UTC(2026, 1, 1));
    expect((await ask('joiner', 'overlap')).json?.rows).toEqual([]);
    expect(await shown(world, 'joiner', 'founder')).toEqual([2]);
    // Not released from then on, and deleted at the next write.
    expect(counts(0)).toEqual([3, 3, 3, 3, 3, 3]);
    await submit(world, 'founder', 2, next, []);
    expect(counts(0)).toEqual([0, 0, 0, 0, 0, 0]);
  });

  it('does not release what was sealed under the one before, though it is not deleted yet', async () => {
    const { world, scopes, ask } = await active();
    const wider = { number: 2, validFrom: '2026-02-01T00:00:00Z' };
    const next = makeSignedScope(world.pair, 'founder', wider, scopes.founder);
    expect((await grantScope(world, 'founder', 2, next)).status).toBe(200);
    type Row = { fields: object; matches: { wrapped: string | null }[] };
    const sealed = async () => {
      const rows = (await ask('joiner', 'overlap')).json?.rows as Row[];
      return rows.map((row) => [Object.keys(row.fields), row.matches[0]?.wrapped === null]);
    };
    expect(await sealed()).toEqual([
      [['owner'], false],
      [['owner'], false],
    ]);
    expect((await ask('joiner', 'whitespace')).json?.rows).toHaveLength(1);
    await moveTo(world, Date.UTC(2026, 1, 1));
    expect(await sealed()).toEqual([
      [[], true],
      [[], true],
    ]);
    expect((await ask('joiner', 'whitespace')).json?.rows).toEqual([]);
  });

  it('and grants nothing takes everything of its side: rows, pairs and what was pending', async () => {
    const { world, scopes, count, ask } = await active();
    const { pair, service } = world;
    const nothing = makeSignedScope(pair, 'founder', { number: 2, rules: [] }, scopes.founder);
    expect((await grantScope(world, 'founder', 2, nothing)).status).toBe(200);
    for (const table of [...ROW_TABLES, 'submissions', 'submission_chunks']) {
      expect([table, count(table, 0)]).toEqual([table, 0]);
      expect([table, count(table, 1)]).not.toEqual([table, 0]);
    }
    const store = service.store(pair.partnership);
    for (const table of ['shown_pairs', 'openings', 'tallies'])
      expect(store.all(`select * from ${table}`)).toEqual([]);
    const view = await world.as('founder', 'GET', '');
    expect(view.json).toMatchObject({
      submissions: { mine: { active: null, pending: null, lastNumber: 1 }, theirs: { active: 1 } },
      snapshot: null,
    });
    for (const side of BOTH) {
      expect((await ask(side, 'matrix')).json).toMatchObject({ snapshot: null, cells: [] });
      expect((await ask(side, 'overlap')).json).toMatchObject({ snapshot: null, rows: [], next: null });
    }
    expect(store.all('select * from ledger')).toEqual([]);
  });
});

describe('a revocation', () => {
  it('denies at once and deletes in the same section, without waiting for anybody', async () => {
    const { world, scopes, counts, ask } = await active();
    const version = { side: 'founder', number: 1, signed: scopes.founder } as const;
    expect((await ask('joiner', 'overlap')).json?.rows).toHaveLength(2);
    expect((await sayAsAgent(world, 'revoke', version)).status).toBe(200);
    expect(counts(0)).toEqual([0, 0, 0, 0, 0, 0]);
    expect(counts(1)).toEqual([3, 3, 3, 3, 3, 3]);
    expect((await ask('joiner', 'overlap')).json?.rows).toEqual([]);
    expect((await sayAsAgent(world, 'revoke', version)).status).toBe(200);
    const again = makeSubmission(world.pair, 'founder', 2, scopes.founder, []);
    expect((await putSubmission(world, 'founder', again)).code).toBe('scope_changed');
  });

  it.each(['overlap', 'whitespace'])('between two pages of the %s ends the question', async (question) => {
    const { world, scopes, ask } = await active();
    const space = makeSignedScope(world.pair, 'founder', { number: 2 }, scopes.founder);
    await grantScope(world, 'founder', 2, space);
    const list = Array.from({ length: 4 }, () => account(systemRandom(16)));
    await submit(world, 'founder', 2, space, list);
    await submit(world, 'joiner', 2, scopes.joiner, question === 'overlap' ? list : []);
    const page = (await ask('joiner', question, { limit: 2 })).json;
    expect(page?.rows).toHaveLength(2);
    expect(page?.next).toEqual(expect.any(String));
    await sayAsAgent(world, 'revoke', { side: 'founder', number: 2, signed: space });
    const entries = () => world.service.store(world.pair.partnership).all('select * from ledger').length;
    const before = entries();
    expect((await ask('joiner', question, { cursor: page?.next })).code).toBe('snapshot_superseded');
    // Nor does the cursor serve again under a scope that stands in the place of the revoked one.
    const next = makeSignedScope(world.pair, 'founder', { number: 3 }, space);
    expect((await grantScope(world, 'founder', 3, next)).status).toBe(200);
    expect((await submit(world, 'founder', 3, next, list)).status).toBe(200);
    expect((await ask('joiner', question, { cursor: page?.next })).code).toBe('snapshot_superseded');
    expect(entries()).toBe(before);
  });

  it('brings no earlier version back, and a later one starts with new pairs', async () => {
    const { world, scopes, ask } = await active();
    const { pair } = world;
    const second = makeSignedScope(pair, 'founder', { number: 2 }, scopes.founder);
    await grantScope(world, 'founder', 2, second);
    await sayAsAgent(world, 'revoke', { side: 'founder', number: 2, signed: second });
    expect((await submit(world, 'founder', 2, scopes.founder, [])).code).toBe('scope_changed');
    const third = makeSignedScope(pair, 'founder', { number: 3 }, second);
    expect((await grantScope(world, 'founder', 3, third)).status).toBe(200);
    const tag = systemRandom(16);
    const answer = await submit(world, 'founder', 2, third, [account(tag)]);
    expect(answer.json).toMatchObject({ submission: 2, snapshot: { number: 2 } });
    await submit(world, 'joiner', 2, scopes.joiner, [account(tag)]);
    expect((await ask('joiner', 'overlap')).json?.rows).toEqual([expect.objectContaining({ firstSeen: 3 })]);
  });

  it('of a version that is not in force leaves the one that is', async () => {
    const { world, scopes, counts, ask } = await active();
    const second = makeSignedScope(world.pair, 'founder', { number: 2 }, scopes.founder);
    await putScope(world, 'founder', 2, second);
    const version = { side: 'founder', number: 2, signed: second } as const;
    expect((await sayAsAgent(world, 'revoke', version)).status).toBe(200);
    expect(counts(0)).toEqual([3, 3, 3, 3, 3, 3]);
    expect((await ask('joiner', 'overlap')).json?.rows).toHaveLength(2);
    expect((await sayAsAgent(world, 'accept', version)).code).toBe('scope_ended');
  });
});

describe('snapshots', () => {
  const again = async (world: TestPartnership, side: Side, number: number, scope: Uint8Array) =>
    await submit(world, side, number, scope, [account(systemRandom(16))]);

  it('are as many a month as the lower of both scopes says, and more in the next', async () => {
    const { world, scopes } = await active({ snapshotsPerMonth: 2 });
    expect((await again(world, 'joiner', 2, scopes.joiner)).status).toBe(200);
    for (const side of BOTH) {
      const spent = await again(world, side, 3, scopes[side]);
      expect([spent.status, spent.code, spent.json?.detail]).toEqual([
        409,
        'snapshots_spent',
        '2026-02-01T00:00:00.000Z',
      ]);
    }
    await moveTo(world, Date.UTC(2026, 0, 31, 23, 59, 59));
    expect((await activate(world, 'joiner', 3)).code).toBe('snapshots_spent');
    await moveTo(world, world.service.clock.nowMs + 1000);
    expect((await activate(world, 'joiner', 3)).json).toMatchObject({ snapshot: { number: 3 } });
  });

  it('are not counted while the other side has no list', async () => {
    const world = await testPartnership('signed');
    const scope = makeSignedScope(world.pair, 'founder', { snapshotsPerMonth: 1 });
    await grantScope(world, 'founder', 1, scope);
    for (const number of [1, 2, 3]) {
      expect((await again(world, 'founder', number, scope)).json).toMatchObject({ snapshot: null });
    }
    const joiner = makeSignedScope(world.pair, 'joiner');
    await grantScope(world, 'joiner', 1, joiner);
    expect((await again(world, 'joiner', 1, joiner)).json).toMatchObject({ snapshot: { number: 1 } });
    expect((await again(world, 'joiner', 2, joiner)).code).toBe('snapshots_spent');
  });
});

describe('receipts', () => {
  it('are the receiving agent’s, once the version has ended', async () => {
    const { world, scopes } = await active({ validUntil: '2026-03-01T00:00:00Z' });
    const version = { side: 'founder', number: 1, signed: scopes.founder } as const;
    for (const act of ['seen', 'deleted'] as const) {
      expect((await sayAsAgent(world, act, version)).code).toBe('scope_stands');
    }
    await moveTo(world, Date.UTC(2026, 2, 1));
    for (const act of ['seen', 'deleted', 'seen'] as const) {
      expect((await sayAsAgent(world, act, version)).status).toBe(200);
    }
    const second = makeSignedScope(world.pair, 'founder', { number: 2 }, scopes.founder);
    await putScope(world, 'founder', 2, second);
    const next = { ...version, number: 2, signed: second };
    expect((await sayAsAgent(world, 'seen', next)).code).toBe('scope_stands');
    await sayAsAgent(world, 'revoke', next);
    expect((await sayAsAgent(world, 'seen', next)).status).toBe(200);
    const list = (await world.as('founder', 'GET', '/scopes')).json as {
      founder: { statements: string[] }[];
    };
    expect(list.founder.map(({ statements }) => statements.length)).toEqual([3, 2]);
  });

  it('are not the granting side’s, nor about what the partner was never shown', async () => {
    const { world, scopes } = await active();
    const { pair } = world;
    for (const by of BOTH) {
      const statement = toBase64url(makeAcceptance(pair, otherSide(by), scopes[otherSide(by)]));
      const path = (side: Side, act: string) => `/scopes/${side}/1/statements/${act}`;
      const json = { statement };
      expect((await world.as(by, 'PUT', path(by, 'seen'), { json })).code).toBe('wrong_side');
      expect((await world.as(by, 'PUT', path(by, 'accept'), { json })).code).toBe('wrong_side');
      expect((await world.as(by, 'PUT', path(otherSide(by), 'approve'), { json })).code).toBe('wrong_side');
      expect((await world.as(by, 'PUT', path(otherSide(by), 'revoke'), { json })).code).toBe('wrong_side');
      // One act is not another, whatever the address says.
      expect((await world.as(by, 'PUT', path(otherSide(by), 'seen'), { json })).code).toBe('other_context');
      const absent = `/scopes/${otherSide(by)}/2/statements/accept`;
      expect((await world.as(by, 'PUT', absent, { json })).code).toBe('not_found');
    }
  });
});

describe('what has ended in time', () => {
  it('is not answered from, loses its sealed rows at the next write, and starts anew when renewed', async () => {
    const { world, scopes, counts, ask } = await active({ validUntil: '2026-02-01T00:00:00Z' });
    await moveTo(world, Date.UTC(2026, 1, 1));
    expect((await ask('joiner', 'overlap')).json?.rows).toEqual([]);
    const renewed = makeSignedScope(world.pair, 'founder', { number: 2 }, scopes.founder);
    expect((await putScope(world, 'founder', 2, renewed)).status).toBe(200);
    expect(counts(0)).toEqual([3, 3, 3, 0, 0, 0]);
    await moveTo(world, world.service.clock.nowMs + 5 * DAY_MS);
    await sayAsAgent(world, 'accept', { side: 'founder', number: 2, signed: renewed });
    expect(counts(0)).toEqual([3, 3, 3, 0, 0, 0]);
    expect((await ask('joiner', 'overlap')).json?.rows).toHaveLength(2);
  });
});

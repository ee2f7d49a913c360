/** Scopes of organisations with people: rosters, proposals, approvals, acceptance, and each way to be refused. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { systemRandom } from '../../protocol/hash.ts';
import type { Side } from '../../protocol/ids.ts';
import { scopeHash } from '../../protocol/scope.ts';
import type { Act } from '../../protocol/statement.ts';
import { openNodeStorage } from '../../src/service/storage/node.ts';
import { makePerson, rosterAfter, stated } from '../support/scopes.ts';
import {
  login,
  putScope,
  putStatement,
  register,
  submit,
  type TestPartnership,
  testPartnership,
} from '../support/service-app.ts';
import { makeMember } from '../support/service-members.ts';
import { makeSignedScope, makeTestParty, NOW_MS } from '../support/service-parties.ts';
import {
  draftOf,
  type Lawyer,
  makeLawyers,
  makeStaff,
  propose,
  putRoster,
  type Staff,
  say,
  sayAsAgent,
  type Version,
} from '../support/service-people.ts';

let world: TestPartnership;
let mine: Staff;
let theirs: Staff;

/** The person of this index. */
function person({ people }: Staff, index = 0): Lawyer {
  const found = people[index];
  if (!found) throw new Error('nobody');
  return found;
}

/** The founder's first version, which its first lawyer drafted and proposed. */
async function proposed(change: Parameters<typeof draftOf>[3] = {}): Promise<Version> {
  const number = change.number ?? 1;
  const signed = draftOf(world, 'founder', person(mine), change);
  const answer = await propose(world, 'founder', person(mine), number, signed);
  expect([answer.status, answer.code]).toEqual([200, null]);
  return { side: 'founder', number, signed };
}

const hash = ({ signed }: Version) => Buffer.from(scopeHash(signed)).toString('hex');

/** Versions of the founder that a token is shown. */
async function shownTo(side: Side, token?: string): Promise<number[]> {
  const view = await world.as(side, 'GET', '', token ? { token } : {});
  return (view.json as { scopes: { founder: Version[] } }).scopes.founder.map(({ number }) => number);
}

const member = async (side: Side, role: 'admin' | 'auditor' | 'sales' | 'clean-team') =>
  (
    await makeMember(world.service, {
      organisation: world.pair[side].organisation,
      token: world.tokens[side],
      role,
    })
  ).token;

beforeEach(async () => {
  world = await testPartnership('signed');
  mine = await makeStaff(world, 'founder', 3, { quorum: 2 });
  theirs = await makeStaff(world, 'joiner', 2);
});

describe('the life of a scope', () => {
  it('goes from a proposal over approvals and acceptance to its successor and its end', async () => {
    const first = await proposed();
    const columns = () =>
      world.service
        .store(world.pair.partnership)
        .all<Record<string, number | null>>(
          'select number, approved_ms as a, accepted_ms as b, revoked_ms as c from scopes order by number',
        );
    expect(columns()).toEqual([{ number: 1, a: null, b: null, c: null }]);
    expect(await shownTo('joiner')).toEqual([]);
    expect((await say(world, 'accept', first, person(theirs))).code).toBe('not_found');
    expect((await say(world, 'approve', first, person(mine))).status).toBe(200);
    expect(await shownTo('joiner')).toEqual([]);
    expect((await say(world, 'approve', first, person(mine, 1))).status).toBe(200);
    expect(await shownTo('joiner')).toEqual([1]);
    expect(columns()).toEqual([{ number: 1, a: NOW_MS, b: null, c: null }]);
    expect((await submit(world, 'founder', 1, first.signed, [])).code).toBe('scope_changed');
    expect((await say(world, 'accept', first, person(theirs))).status).toBe(200);
    expect((await submit(world, 'founder', 1, first.signed, [])).status).toBe(200);
    const second = await proposed({ number: 2, previous: hash(first), minimumCount: 9 });
    for (const index of [1, 2]) await say(world, 'approve', second, person(mine, index));
    await say(world, 'accept', second, person(theirs, 1));
    expect(await shownTo('joiner')).toEqual([2]);
    for (const act of ['seen', 'deleted'] as const) {
      expect((await sayAsAgent(world, act, first)).status).toBe(200);
    }
    expect((await say(world, 'revoke', second, person(mine, 2))).status).toBe(200);
    expect(columns()).toEqual([
      { number: 1, a: NOW_MS, b: NOW_MS, c: null },
      { number: 2, a: NOW_MS, b: NOW_MS, c: NOW_MS },
    ]);
    const { token } = person(theirs);
    const list = (await world.as('joiner', 'GET', '/scopes', { token })).json as {
      founder: { statements: string[] }[];
    };
    expect(list.founder.map(({ statements }) => statements.length)).toEqual([5, 4]);
  });

  it('needs more than the drafter, unless the roster says otherwise', async () => {
    mine = await makeStaffAnew({ quorum: 1 });
    const first = await proposed({ roster: 2 });
    expect((await say(world, 'approve', first, person(mine), 2)).status).toBe(200);
    expect(await shownTo('joiner')).toEqual([]);
    expect((await say(world, 'approve', first, person(mine, 1), 2)).status).toBe(200);
    expect(await shownTo('joiner')).toEqual([1]);
    mine = await makeStaffAnew({ quorum: 1, drafterAlone: true });
    const second = await proposed({ roster: 3, number: 2, previous: hash(first) });
    expect((await say(world, 'approve', second, person(mine), 3)).status).toBe(200);
    expect(await shownTo('joiner')).toEqual([1, 2]);
  });

  it('takes nothing new that somebody signed who was removed, though the roster still names them', async () => {
    const first = await proposed();
    const gone = person(mine);
    const [colleague] = await makeLawyers(world, 'founder', 1);
    const token = colleague?.token ?? '';
    const carried = { ...gone, token };
    const { founder } = world.tokens;
    await world.service.call('DELETE', `/v1/members/${gone.member}`, { token: founder });
    expect((await say(world, 'approve', first, carried)).code).toBe('old_roster');
    expect((await say(world, 'revoke', first, carried)).code).toBe('old_roster');
    const next = draftOf(world, 'founder', gone, { number: 2 });
    expect((await propose(world, 'founder', carried, 2, next)).code).toBe('old_roster');
    for (const index of [1, 2]) {
      const other = { ...person(mine, index), token };
      expect((await say(world, 'approve', first, other)).status).toBe(200);
    }
    expect(await shownTo('joiner')).toEqual([1]);
  });

  it('is not stopped by many proposals, nor by one with a high number', async () => {
    const high = draftOf(world, 'founder', person(mine), { number: 101 });
    expect((await propose(world, 'founder', person(mine), 101, high)).code).toBe('wrong_number');
    const versions: Version[] = [];
    for (let number = 1; number <= 21; number++) versions.push(await proposed({ number }));
    const [first, second] = versions;
    if (!first || !second) throw new Error('nothing proposed');
    expect((await say(world, 'approve', first, person(mine, 1))).code).toBe('not_found');
    expect((await say(world, 'approve', second, person(mine, 1))).status).toBe(200);
  });

  it('goes on where the service was restarted between any two statements', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'commonground-restart-'));
    try {
      const { pair } = world;
      const signed = draftOf(world, 'founder', person(mine));
      const says = (act: Act, side: Side, by: Lawyer) => {
        const about = { partnership: pair.partnership, organisation: pair[side].organisation, signed };
        return { act, side, statement: stated(act, about, { person: by, roster: 1 }) };
      };
      const steps = [
        null,
        says('approve', 'founder', person(mine, 1)),
        says('approve', 'founder', person(mine, 2)),
        says('accept', 'joiner', person(theirs)),
        says('revoke', 'founder', person(mine)),
      ];
      const seen: number[] = [];
      for (const step of steps) {
        const storage = openNodeStorage(folder);
        const partnership = storage.partnerships(pair.partnership);
        const party = (side: Side, { roster }: Staff) => ({
          organisation: pair[side].organisation,
          agentKey: pair[side].agent.publicKey,
          rosters: [roster],
          isSolo: false,
          removed: [],
        });
        const call = {
          partnership: pair.partnership,
          parties: { founder: party('founder', mine), joiner: party('joiner', theirs) },
          caller: step?.side ?? ('founder' as const),
          asker: { role: 'legal', member: person(mine).member } as const,
          nowMs: NOW_MS,
          limits: { elements: 1, records: 1 },
        };
        const input = { side: 'founder', number: 1, ...step, act: step?.act ?? 'approve' } as const;
        const done = step
          ? await partnership.run('putStatement', call, {
              ...input,
              side: 'founder',
              statement: step.statement,
            })
          : await partnership.run('putScope', call, { number: 1, scope: signed });
        expect(done.ok).toBe(true);
        const view = await partnership.run('scopes', { ...call, caller: 'joiner' }, {});
        seen.push(view.ok ? (view.value.founder[0]?.statements.length ?? 0) : -1);
        await storage.close();
      }
      expect(seen).toEqual([0, 0, 2, 3, 4]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

/** The founder's next roster, of the same people under other rules. */
async function makeStaffAnew(change: Partial<Staff['roster']>): Promise<Staff> {
  const roster = rosterAfter(mine.roster, mine.people, change);
  expect((await putRoster(world, 'founder', roster)).status).toBe(200);
  return { ...mine, roster };
}

describe('a proposal', () => {
  it('is read by legal, auditor and agent of its side, and by nobody else', async () => {
    await proposed();
    for (const token of [person(mine, 2).token, await member('founder', 'auditor'), undefined]) {
      expect(await shownTo('founder', token)).toEqual([1]);
      const options = token ? { token } : {};
      expect((await world.as('founder', 'GET', '/scopes', options)).json?.founder).toHaveLength(1);
    }
    for (const role of ['admin', 'sales', 'clean-team'] as const) {
      const token = await member('founder', role);
      expect(await shownTo('founder', token)).toEqual([]);
      expect((await world.as('founder', 'GET', '/scopes', { token })).code).toBe('wrong_role');
    }
    for (const token of [person(theirs).token, await member('joiner', 'auditor'), undefined]) {
      expect(await shownTo('joiner', token)).toEqual([]);
      const options = token ? { token } : {};
      expect((await world.as('joiner', 'GET', '/scopes', options)).json).toEqual({ founder: [], joiner: [] });
    }
  });

  it('is not signed by the agent once a member joined or there is a roster', async () => {
    const scope = makeSignedScope(world.pair, 'founder');
    expect((await putScope(world, 'founder', 1, scope)).code).toBe('forbidden');
    const first = await propose(world, 'founder', person(mine), 1, scope);
    expect(first.code).toBe('old_roster');
    world = await testPartnership('signed');
    const [lawyer] = await makeLawyers(world, 'founder', 1);
    const other = makeSignedScope(world.pair, 'founder');
    expect((await putScope(world, 'founder', 1, other)).code).toBe('forbidden');
    const second = await propose(world, 'founder', lawyer ?? person(mine), 1, other);
    expect(second.code).toBe('old_roster');
    // Nor by a member, while there is no roster.
    const drafted = draftOf(world, 'founder', lawyer ?? person(mine));
    expect((await propose(world, 'founder', lawyer ?? person(mine), 1, drafted)).code).toBe('bad_signature');
  });

  it('is not taken of a stranger to the roster, nor by an old one', async () => {
    const stranger = makePerson(systemRandom);
    const drafted = draftOf(world, 'founder', stranger);
    expect((await propose(world, 'founder', person(mine), 1, drafted)).code).toBe('bad_signature');
    const foreign = draftOf(world, 'founder', person(theirs));
    expect((await propose(world, 'founder', person(mine), 1, foreign)).code).toBe('bad_signature');
    const before = draftOf(world, 'founder', person(mine));
    await makeStaffAnew({});
    expect((await propose(world, 'founder', person(mine), 1, before)).code).toBe('old_roster');
    const future = draftOf(world, 'founder', person(mine), { roster: 3 });
    expect((await propose(world, 'founder', person(mine), 1, future)).code).toBe('bad_signature');
  });
});

describe('a statement', () => {
  const code = async (answer: Promise<{ code: string | null }>) => (await answer).code;

  it('is refused to every other role, and to the agent where people sign', async () => {
    const version = await proposed();
    const { partnership, founder } = world.pair;
    const about = { partnership, organisation: founder.organisation, signed: version.signed };
    const statement = stated('approve', about, { person: person(mine), roster: 1 });
    for (const role of ['admin', 'auditor', 'sales', 'clean-team'] as const) {
      const token = await member('founder', role);
      const of = { ...version, token };
      expect(await code(putStatement(world, 'founder', { ...of, act: 'approve' }, statement))).toBe(
        'wrong_role',
      );
      expect(await code(putStatement(world, 'founder', { ...of, act: 'revoke' }, statement))).toBe(
        'wrong_role',
      );
    }
    for (const act of ['approve', 'accept'] as const) {
      expect(await code(sayAsAgent(world, act, version))).toBe('forbidden');
    }
    const { token } = person(mine);
    for (const act of ['seen', 'deleted'] as const) {
      expect(await code(putStatement(world, 'founder', { ...version, act, token }, statement))).toBe(
        'wrong_role',
      );
    }
    // The agent's signature does not serve either when a lawyer carries it.
    const byAgent = stated('approve', about, founder.agent.seed);
    const carried = putStatement(world, 'founder', { ...version, act: 'approve', token }, byAgent);
    expect(await code(carried)).toBe('bad_signature');
  });

  it('of a stranger does not exist, and one of the receiving side does not approve', async () => {
    const version = await proposed();
    const stranger = makeTestParty('Stranger', systemRandom);
    await register(world.service, stranger);
    const token = await login(world.service, stranger);
    const { partnership, joiner } = world.pair;
    const about = { partnership, organisation: stranger.organisation, signed: version.signed };
    const foreign = stated('revoke', about, stranger.agent.seed);
    const of = { ...version, act: 'revoke', token } as const;
    expect(await code(putStatement(world, 'founder', of, foreign))).toBe('not_found');
    const own = { ...version, act: 'approve' as const, token: person(mine).token };
    expect(await code(putStatement(world, 'founder', own, foreign))).toBe('other_context');
    const theirAbout = { partnership, organisation: joiner.organisation, signed: version.signed };
    const theirApproval = stated('approve', theirAbout, { person: person(theirs), roster: 1 });
    expect(await code(putStatement(world, 'founder', own, theirApproval))).toBe('bad_signature');
    for (const index of [0, 1]) await say(world, 'approve', version, person(mine, index));
    // Neither does the granting side accept what it grants.
    const mineAbout = { ...theirAbout, organisation: world.pair.founder.organisation };
    const ownAcceptance = stated('accept', mineAbout, { person: person(mine), roster: 1 });
    const at = { ...version, act: 'accept' } as const;
    expect(
      await code(putStatement(world, 'founder', { ...at, token: person(mine).token }, ownAcceptance)),
    ).toBe('wrong_side');
    expect(
      await code(putStatement(world, 'joiner', { ...at, token: person(theirs).token }, ownAcceptance)),
    ).toBe('bad_signature');
  });

  it('of another partnership, another version or another act is refused', async () => {
    const version = await proposed();
    const another = await testPartnership('signed', world.service);
    const elsewhere = stated(
      'approve',
      { ...about('founder', version), partnership: another.pair.partnership },
      { person: person(mine), roster: 1 },
    );
    const at = { ...version, token: person(mine).token };
    expect(await code(putStatement(world, 'founder', { ...at, act: 'approve' }, elsewhere))).toBe(
      'other_context',
    );
    const second = await proposed({ number: 2 });
    const ofSecond = stated('approve', about('founder', second), { person: person(mine), roster: 1 });
    expect(await code(putStatement(world, 'founder', { ...at, act: 'approve' }, ofSecond))).toBe(
      'other_context',
    );
    const approval = stated('approve', about('founder', version), { person: person(mine), roster: 1 });
    expect(await code(putStatement(world, 'founder', { ...at, act: 'revoke' }, approval))).toBe(
      'other_context',
    );
    const cut = approval.subarray(0, 100);
    expect(await code(putStatement(world, 'founder', { ...at, act: 'approve' }, cut))).toBe('malformed');
    expect(await shownTo('joiner')).toEqual([]);
  });

  it('that is sent again counts once', async () => {
    const version = await proposed();
    for (let i = 0; i < 3; i++) {
      expect((await say(world, 'approve', version, person(mine, 1))).status).toBe(200);
    }
    const later = stated(
      'approve',
      about('founder', version),
      { person: person(mine, 1), roster: 1 },
      1_800_000_000,
    );
    const of = { ...version, act: 'approve', token: person(mine, 1).token } as const;
    expect((await putStatement(world, 'founder', of, later)).status).toBe(200);
    expect(await shownTo('joiner')).toEqual([]);
    const rows = world.service.store(world.pair.partnership).all('select * from scope_statements');
    expect(rows).toHaveLength(1);
  });

  it('of somebody who left, or by an old roster, comes too late', async () => {
    const version = await proposed();
    await say(world, 'approve', version, person(mine));
    const leaver = person(mine, 1);
    const next = rosterAfter(mine.roster, [person(mine), person(mine, 2)]);
    expect((await putRoster(world, 'founder', next)).status).toBe(200);
    // Who approves by the roster of the version no longer can, and by the new one it is not the version's.
    expect(await code(say(world, 'approve', version, leaver))).toBe('old_roster');
    expect(await code(say(world, 'approve', version, person(mine, 2)))).toBe('old_roster');
    expect(await code(say(world, 'approve', version, person(mine, 2), 2))).toBe('bad_signature');
    const anew = await proposed({ number: 2, roster: 2 });
    expect(await code(say(world, 'approve', anew, leaver, 2))).toBe('bad_signature');
    await say(world, 'approve', anew, person(mine), 2);
    await say(world, 'approve', anew, person(mine, 2), 2);
    expect(await shownTo('joiner')).toEqual([2]);
    const shrunk = rosterAfter(theirs.roster, [person(theirs)], { drafterAlone: true, quorum: 1 });
    expect((await putRoster(world, 'joiner', shrunk)).status).toBe(200);
    expect(await code(say(world, 'accept', anew, person(theirs, 1)))).toBe('old_roster');
    expect(await code(say(world, 'accept', anew, person(theirs, 1), 2))).toBe('bad_signature');
    expect(await code(say(world, 'accept', anew, person(theirs)))).toBe('old_roster');
    expect((await say(world, 'accept', anew, person(theirs), 2)).status).toBe(200);
    // Nor does who left end anything; the agent can, whether people sign or not.
    const [gone = leaver] = await makeLawyers(world, 'founder', 1);
    await world.service.call('DELETE', `/v1/members/${gone.member}`, { token: world.tokens.founder });
    expect(await code(say(world, 'revoke', anew, gone))).toBe('unauthenticated');
    expect(await code(say(world, 'revoke', anew, leaver))).toBe('old_roster');
    expect((await sayAsAgent(world, 'revoke', anew)).status).toBe(200);
  });

  it('about a version that another has replaced is refused', async () => {
    const first = await proposed();
    const second = await proposed({ number: 2 });
    for (const index of [0, 1]) await say(world, 'approve', second, person(mine, index));
    await say(world, 'approve', first, person(mine));
    expect(await code(say(world, 'approve', first, person(mine, 1)))).toBe('scope_changed');
    expect(await shownTo('joiner')).toEqual([2]);
    const third = await proposed({ number: 3, previous: hash(second) });
    for (const index of [0, 1]) await say(world, 'approve', third, person(mine, index));
    expect(await code(say(world, 'accept', second, person(theirs)))).toBe('scope_changed');
    expect((await say(world, 'accept', third, person(theirs))).status).toBe(200);
  });

  it('about a version that is revoked or expired is refused', async () => {
    const first = await proposed({ validUntil: '2026-01-15T06:00:00Z' });
    for (const index of [0, 1]) await say(world, 'approve', first, person(mine, index));
    world.service.clock.nowMs += 6 * 3600_000;
    expect(await code(say(world, 'accept', first, person(theirs)))).toBe('scope_ended');
    const second = await proposed({ number: 2, previous: hash(first) });
    await say(world, 'revoke', second, person(mine));
    expect(await code(say(world, 'approve', second, person(mine)))).toBe('scope_ended');
    expect(await shownTo('joiner', person(theirs).token)).toEqual([1]);
  });
});

function about(side: Side, { signed }: Version) {
  return { partnership: world.pair.partnership, organisation: world.pair[side].organisation, signed };
}

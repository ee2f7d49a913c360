/** Rosters, and the company of one that has none: who signs for an organisation. */
import { beforeEach, describe, expect, it } from 'vitest';
import { toBase64url } from '../../protocol/bytes.ts';
import { systemRandom } from '../../protocol/hash.ts';
import { makePerson, rosterAfter, rosterWith, signedRoster } from '../support/scopes.ts';
import {
  grantScope,
  putScope,
  submit,
  type TestPartnership,
  testPartnership,
} from '../support/service-app.ts';
import { makeMember } from '../support/service-members.ts';
import { makeSignedScope } from '../support/service-parties.ts';
import {
  type Lawyer,
  makeLawyers,
  makeStaff,
  putRoster,
  type Staff,
  say,
  sayAsAgent,
} from '../support/service-people.ts';

let world: TestPartnership;
let mine: Staff;
let theirs: Staff;

/** Who is a member of the staff. */
function person({ people }: Staff): Lawyer {
  const [found] = people;
  if (!found) throw new Error('nobody');
  return found;
}

beforeEach(async () => {
  world = await testPartnership('signed');
  mine = await makeStaff(world, 'founder', 3, { quorum: 2 });
  theirs = await makeStaff(world, 'joiner', 2);
});

describe('a company of one', () => {
  it('deals with one that has people', async () => {
    const other = await testPartnership('signed', world.service);
    const staff = await makeStaff(other, 'founder');
    const scope = makeSignedScope(other.pair, 'joiner');
    expect((await putScope(other, 'joiner', 1, scope)).status).toBe(200);
    const version = { side: 'joiner', number: 1, signed: scope } as const;
    expect((await sayAsAgent(other, 'accept', version)).code).toBe('forbidden');
    expect((await say(other, 'accept', version, person(staff))).status).toBe(200);
    expect((await submit(other, 'joiner', 1, scope, [])).status).toBe(200);
  });

  it('ends with the first member who joins or the first roster, and removing all does not bring it back', async () => {
    for (const how of ['member', 'roster'] as const) {
      world = await testPartnership('scoped');
      const { founder } = world.pair;
      const next = makeSignedScope(
        world.pair,
        'founder',
        { number: 2 },
        makeSignedScope(world.pair, 'founder'),
      );
      if (how === 'member') {
        const [lawyer] = await makeLawyers(world, 'founder', 1);
        const gone = await world.service.call('DELETE', `/v1/members/${lawyer?.member}`, {
          token: world.tokens.founder,
        });
        expect(gone.status).toBe(200);
      } else {
        const people = [makePerson(systemRandom), makePerson(systemRandom)];
        expect((await putRoster(world, 'founder', rosterWith(founder.organisation, people))).status).toBe(
          200,
        );
      }
      expect((await grantScope(world, 'founder', 2, next)).code).toBe('forbidden');
      expect((await world.as('founder', 'POST', '/matrix', { json: {} })).code).toBe('forbidden');
      expect((await world.as('joiner', 'POST', '/matrix', { json: {} })).status).toBe(200);
      const version = { side: 'founder', number: 1 } as const;
      const signed = makeSignedScope(world.pair, 'founder');
      expect((await sayAsAgent(world, 'revoke', { ...version, signed })).status).toBe(200);
    }
  });
});

describe('a roster', () => {
  const rosters = async (token: string) =>
    (await world.service.call('GET', '/v1/rosters', { token })).json?.rosters;

  it('is numbered and linked, signed by the root key or by enough of those before', async () => {
    const { people } = mine;
    const second = rosterAfter(mine.roster, people.slice(0, 2));
    expect((await putRoster(world, 'founder', second, people.slice(0, 1))).code).toBe('bad_signature');
    expect((await putRoster(world, 'founder', second, world.pair.founder.agent.seed)).code).toBe(
      'bad_signature',
    );
    expect((await putRoster(world, 'founder', second, world.pair.joiner.root.seed)).code).toBe(
      'bad_signature',
    );
    expect((await putRoster(world, 'founder', second, people.slice(0, 2), person(mine).token)).status).toBe(
      200,
    );
    // The same bytes again, whoever signed them this time.
    expect((await putRoster(world, 'founder', second)).status).toBe(200);
    const other = rosterAfter(mine.roster, people);
    expect((await putRoster(world, 'founder', other)).code).toBe('conflict');
    expect((await putRoster(world, 'founder', rosterAfter(mine.roster, people, { number: 3 }))).code).toBe(
      'other_context',
    );
    expect((await putRoster(world, 'founder', rosterAfter(second, people, { number: 4 }))).code).toBe(
      'wrong_number',
    );
    const admin = await makeMember(world.service, {
      organisation: world.pair.founder.organisation,
      token: world.tokens.founder,
      role: 'admin',
    });
    const packed = [
      signedRoster(mine.roster, world.pair.founder.root.seed),
      signedRoster(second, people.slice(0, 2)),
    ];
    for (const token of [person(mine).token, world.tokens.founder, admin.token]) {
      expect(await rosters(token)).toEqual(packed.map(toBase64url));
    }
    expect(await rosters(world.tokens.joiner)).toHaveLength(1);
  });

  it('is not one of too many, and the last are the root key’s', async () => {
    const { directory } = world.service;
    const { organisation } = world.pair.founder;
    const people = [...mine.people, ...Array.from({ length: 47 }, () => makePerson(systemRandom))];
    let last = mine.roster;
    // Each is 2.5 kB.
    for (let number = 2; number <= 34; number++) {
      last = rosterAfter(last, people);
      const packed = signedRoster(last, world.pair.founder.root.seed);
      const sql = 'insert into rosters (organisation, number, packed) values (?, ?, ?)';
      await directory.batch([[sql, organisation, number, packed]]);
    }
    const next = rosterAfter(last, people);
    expect((await putRoster(world, 'founder', next, people.slice(0, 2))).code).toBe('too_large');
    for (let more = 1; more <= 5; more++) {
      last = rosterAfter(last, people);
      expect((await putRoster(world, 'founder', last)).status).toBe(200);
    }
    expect((await putRoster(world, 'founder', rosterAfter(last, people))).code).toBe('too_large');
  });

  it('of both sides stands in the view of the partnership', async () => {
    for (const side of ['founder', 'joiner'] as const) {
      expect((await world.as(side, 'GET', '')).json?.rosters).toEqual({
        founder: [toBase64url(signedRoster(mine.roster, world.pair.founder.root.seed))],
        joiner: [toBase64url(signedRoster(theirs.roster, world.pair.joiner.root.seed))],
      });
    }
  });

  it('of another organisation or at another number is refused', async () => {
    const { founder, joiner } = world.pair;
    const foreign = rosterAfter({ ...theirs.roster, organisation: joiner.organisation }, theirs.people);
    expect((await putRoster(world, 'founder', foreign)).code).toBe('other_context');
    const second = rosterAfter(mine.roster, mine.people);
    const json = { roster: toBase64url(signedRoster(second, founder.root.seed)) };
    const call = (number: number) =>
      world.service.call('PUT', `/v1/rosters/${number}`, { token: world.tokens.founder, json });
    expect((await call(3)).code).toBe('other_context');
    expect((await call(1)).code).toBe('conflict');
    expect((await call(0)).code).toBe('other_context');
    expect((await call(501)).code).toBe('other_context');
    expect((await call(2)).status).toBe(200);
  });
});

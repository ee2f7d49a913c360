import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { toHex } from '../../protocol/bytes.ts';
import { newPartnershipId } from '../../protocol/ids.ts';
import { openRosters, type Roster } from '../../protocol/roster.ts';
import { type Scope, scopeHash, signScope } from '../../protocol/scope.ts';
import {
  inForce,
  isWhole,
  type OpenedPapers,
  openAbout,
  openPapers,
  rosterNumber,
  type Signers,
  standingOf,
} from '../../protocol/standing.ts';
import type { Act } from '../../protocol/statement.ts';
import { mutations, noise } from '../support/mutations.ts';
import { makeScope, makeWorld } from '../support/parties.ts';
import { seededRandom } from '../support/random.ts';
import { reasonOf, value } from '../support/results.ts';
import {
  makePerson,
  type Person,
  rosterAfter,
  rosterWith,
  SIGNED_MS,
  signedRoster,
  stated,
} from '../support/scopes.ts';

const world = makeWorld(seededRandom('standing'));
const { founder, joiner, partnership, random } = world;
const [ann, bob, cem, jo, kim] = [
  makePerson(random),
  makePerson(random),
  makePerson(random),
  makePerson(random),
  makePerson(random),
];
const NOW = SIGNED_MS + 86_400_000;

const signersOf = (party: typeof founder, rosters: readonly Roster[] = []): Signers => ({
  organisation: party.organisation,
  agentKey: party.agent.publicKey,
  rosters,
});
const chainOf = (party: typeof founder, ...chain: readonly Uint8Array[]): Signers =>
  signersOf(party, value(openRosters(chain, party.organisation, party.root.publicKey)));

/** Founders without people, and with Ann, Bob and Cem, of whom any one approves what another drafted. */
const solo = { founder: signersOf(founder), joiner: signersOf(joiner) };
const firstRoster = rosterWith(founder.organisation, [ann, bob, cem]);
const one = signedRoster(firstRoster, founder.root.seed);
const house = chainOf(founder, one);
const house2 = chainOf(founder, one, signedRoster(rosterAfter(firstRoster, [ann, bob]), founder.root.seed));
const theirs = chainOf(joiner, signedRoster(rosterWith(joiner.organisation, [jo, kim]), joiner.root.seed));

const soloScope = (change: Partial<Scope> = {}) =>
  signScope(makeScope(world, 'founder', change), founder.agent.seed);
const drafted = (by: Person, change: Partial<Scope> = {}) =>
  signScope(makeScope(world, 'founder', { drafter: by.member, roster: 1, ...change }), by.seed);
const mine = (act: Act, signed: Uint8Array, person: Person, roster = 1) =>
  stated(act, { partnership, organisation: founder.organisation, signed }, { person, roster });
const other = (act: Act, signed: Uint8Array, person: Person, roster = 1) =>
  stated(act, { partnership, organisation: joiner.organisation, signed }, { person, roster });
const myAgent = (act: Act, signed: Uint8Array) =>
  stated(act, { partnership, organisation: founder.organisation, signed }, founder.agent.seed);
const theirAgent = (act: Act, signed: Uint8Array) =>
  stated(act, { partnership, organisation: joiner.organisation, signed }, joiner.agent.seed);

const open = (signed: Uint8Array, statements: readonly Uint8Array[], from = house, to = theirs) =>
  openPapers({ signed, statements }, partnership, from, to);
const opened = (signed: Uint8Array, statements: readonly Uint8Array[], from = house, to = theirs) =>
  reasonOf(open(signed, statements, from, to));
const isApproved = (signed: Uint8Array, statements: readonly Uint8Array[], from = house) =>
  value(open(signed, statements, from)).approved;
const standing = (signed: Uint8Array, statements: readonly Uint8Array[], from = house, nowMs = NOW) =>
  standingOf(value(open(signed, statements, from)), false, nowMs);

describe('the way into force', () => {
  const signed = drafted(ann);

  test('drafted by one, approved by another, accepted by the other side', () => {
    expect(standing(signed, [])).toBe('proposed');
    expect(standing(signed, [mine('approve', signed, bob)])).toBe('approved');
    expect(standing(signed, [mine('approve', signed, bob), other('accept', signed, jo)])).toBe('in_force');
  });

  test('acceptance alone, or before the approval, brings nothing', () => {
    expect(standing(signed, [other('accept', signed, jo)])).toBe('proposed');
    expect(standing(signed, [other('accept', signed, jo), mine('approve', signed, bob)])).toBe('in_force');
  });

  test('of two companies of one: each agent signs', () => {
    const alone = soloScope();
    const papers = (...statements: Uint8Array[]) => value(open(alone, statements, solo.founder, solo.joiner));
    expect(standingOf(papers(), false, NOW)).toBe('approved');
    expect(standingOf(papers(theirAgent('accept', alone)), false, NOW)).toBe('in_force');
  });

  test('waits for its time, ends at its time', () => {
    const limited = drafted(ann, { validFrom: '2026-01-02T00:00:00Z', validUntil: '2026-01-03T00:00:00Z' });
    const said = [mine('approve', limited, bob), other('accept', limited, jo)];
    const at = (ms: number) => standing(limited, said, house, ms);
    expect([at(NOW - 300_001), at(NOW - 300_000), at(NOW)]).toEqual(['waits', 'in_force', 'in_force']);
    expect([at(NOW + 86_399_999), at(NOW + 86_400_000)]).toEqual(['in_force', 'expired']);
  });

  test('is revoked by any approver or the agent, in every state', () => {
    const said = [mine('approve', signed, bob), other('accept', signed, jo)];
    for (const revocation of [mine('revoke', signed, cem), myAgent('revoke', signed)]) {
      for (let known = 0; known <= said.length; known++)
        expect(standing(signed, [...said.slice(0, known), revocation])).toBe('revoked');
    }
    expect(standingOf(value(open(signed, [...said, myAgent('revoke', signed)])), true, NOW)).toBe('revoked');
  });

  test('is superseded by a newer one', () => {
    const said = [mine('approve', signed, bob), other('accept', signed, jo)];
    expect(standingOf(value(open(signed, said)), true, NOW)).toBe('superseded');
  });
});

describe('how many approve', () => {
  const with_ = (change: Partial<Roster>, people = [ann, bob, cem]) =>
    chainOf(founder, signedRoster(rosterWith(founder.organisation, people, change), founder.root.seed));
  const signed = drafted(ann);
  const by = (house_: Signers, ...people: Person[]) =>
    isApproved(
      signed,
      people.map((person) => mine('approve', signed, person)),
      house_,
    );

  test('the drafter alone never, but where the roster says so', () => {
    expect([by(house, ann), by(house, bob), by(house, ann, bob)]).toEqual([false, true, true]);
    expect(by(with_({ drafterAlone: true }, [ann]), ann)).toBe(true);
    expect(by(with_({ drafterAlone: true, quorum: 2 }), ann)).toBe(false);
  });

  test('as many different people as the quorum says', () => {
    const two = with_({ quorum: 2 });
    expect([by(two), by(two, bob), by(two, bob, bob), by(two, bob, cem), by(two, ann, cem)]).toEqual([
      false,
      false,
      false,
      true,
      true,
    ]);
    // The same person at another second is the same person.
    const place = { partnership, organisation: founder.organisation, signed };
    const again = [1, 2, 3].map((at) => stated('approve', place, { person: bob, roster: 1 }, at));
    expect(isApproved(signed, again, two)).toBe(false);
  });

  test('nobody by revoking, and nobody for another version', () => {
    const two = with_({ quorum: 2 });
    expect(isApproved(signed, [mine('approve', signed, bob), mine('revoke', signed, cem)], two)).toBe(false);
    const next = drafted(ann, { number: 2 });
    expect(opened(next, [mine('approve', signed, bob)])).toBe('other_context');
  });
});

describe('who may say what', () => {
  const asAgent = (person: Person) => ({ ...person, seed: joiner.agent.seed });
  const signed = drafted(ann);

  test.each<[string, Uint8Array, string]>([
    ['approval by the other side', other('approve', signed, jo), 'bad_signature'],
    ['revocation by the other side', other('revoke', signed, jo), 'bad_signature'],
    ['revocation by the other side’s agent', theirAgent('revoke', signed), 'bad_signature'],
    ['acceptance by the own side', mine('accept', signed, bob), 'bad_signature'],
    ['acceptance by the own agent', myAgent('accept', signed), 'bad_signature'],
    ['approval by the agent', myAgent('approve', signed), 'bad_signature'],
    ['a receipt of the own agent', myAgent('seen', signed), 'bad_signature'],
    ['a receipt by a person', other('deleted', signed, jo), 'bad_signature'],
    ['a receipt of the agent in a person’s name', other('deleted', signed, asAgent(jo)), 'bad_signature'],
    ['approval by a stranger', mine('approve', signed, kim), 'bad_signature'],
    ['approval by a roster that there is not', mine('approve', signed, bob, 2), 'bad_signature'],
    ['acceptance by a roster that there is not', other('accept', signed, jo, 2), 'bad_signature'],
    ['approval in another’s name', mine('approve', signed, { ...bob, seed: cem.seed }), 'bad_signature'],
    [
      'approval in another partnership of the two',
      stated(
        'approve',
        { partnership: newPartnershipId(random), organisation: founder.organisation, signed },
        { person: bob, roster: 1 },
      ),
      'other_context',
    ],
  ])('%s is refused, and with it the papers', (_, statement, reason) => {
    expect(opened(signed, [mine('approve', signed, bob), statement])).toBe(reason);
  });

  test('receipts are the receiving agent’s, with people there too', () => {
    const said = ['seen', 'deleted'] as const;
    const papers = value(
      open(
        signed,
        said.map((act) => theirAgent(act, signed)),
      ),
    );
    expect(papers.statements.map(({ act, signer }) => [act, signer])).toEqual([
      ['seen', null],
      ['deleted', null],
    ]);
  });

  test('a person of both rosters says for one side only what they said for it', () => {
    const both = chainOf(joiner, signedRoster(rosterWith(joiner.organisation, [jo, bob]), joiner.root.seed));
    const approval = mine('approve', signed, bob);
    const papers = value(open(signed, [approval], house, both));
    expect(standingOf(papers, false, NOW)).toBe('approved');
  });

  test('an approver with the agent’s key is nobody', () => {
    const thief = { ...bob, seed: founder.agent.seed, key: founder.agent.publicKey };
    const infiltrated = chainOf(
      founder,
      signedRoster(rosterWith(founder.organisation, [ann, thief]), founder.root.seed),
    );
    expect(opened(signed, [mine('approve', signed, thief)], infiltrated)).toBe('bad_signature');
    expect(opened(drafted(thief), [], infiltrated)).toBe('bad_signature');
  });
});

describe('which scope', () => {
  test('of another partnership of the same two is refused', () => {
    const elsewhere = drafted(ann, { partnership: newPartnershipId(random) });
    expect(opened(elsewhere, [])).toBe('other_context');
  });

  test('with the sides exchanged, or for a third, is refused', () => {
    expect(opened(drafted(ann), [], theirs, house)).toBe('bad_signature');
    const third = makeWorld(seededRandom('third')).founder.organisation;
    expect(opened(drafted(ann, { grantee: third }), [])).toBe('other_context');
    expect(opened(drafted(ann, { grantor: third }), [])).toBe('bad_signature');
  });

  test('drafted by a stranger, the other side, or in another’s name is refused', () => {
    expect(opened(drafted(jo), [])).toBe('bad_signature');
    expect(opened(drafted({ ...ann, seed: bob.seed }), [])).toBe('bad_signature');
    expect(opened(drafted(ann, { roster: 2 }), [])).toBe('bad_signature');
  });

  test('by the agent, where people approve, stays as it was and is nothing new', () => {
    // What was in force when the people came stays so; its number tells whoever meets it now.
    const old = soloScope();
    const papers = value(open(old, [theirAgent('accept', old)], house, solo.joiner));
    expect(standingOf(papers, false, NOW)).toBe('in_force');
    expect([papers.scope.roster, rosterNumber(house), rosterNumber(solo.founder)]).toEqual([0, 1, 0]);
    // The agent's signature under a draft of the people's is none.
    const forged = signScope(
      makeScope(world, 'founder', { drafter: ann.member, roster: 1 }),
      founder.agent.seed,
    );
    expect(opened(forged, [])).toBe('bad_signature');
  });
});

describe('who left', () => {
  test('approved for good what they approved, and approves nothing of a later roster', () => {
    const old = drafted(ann);
    const said = [mine('approve', old, cem), other('accept', old, jo)];
    expect(standing(old, said, house2)).toBe('in_force');
    const later = drafted(ann, { number: 2, roster: 2 });
    expect(opened(later, [mine('approve', later, cem, 2)], house2)).toBe('bad_signature');
    expect(opened(later, [mine('approve', later, cem, 1)], house2)).toBe('bad_signature');
    expect(isApproved(later, [mine('approve', later, bob, 2)], house2)).toBe(true);
  });

  test('shows by the roster that they sign by, when it is met for the first time', () => {
    const old = drafted(ann);
    const about = (statement: Uint8Array) =>
      value(
        openAbout(
          statement,
          makeScope(world, 'founder', { drafter: ann.member, roster: 1 }),
          scopeHash(old),
          house2,
          theirs,
        ),
      );
    expect(about(mine('approve', old, cem)).roster).not.toBe(rosterNumber(house2));
  });

  test('may still end what they could have approved: that only ever reveals less', () => {
    const later = drafted(ann, { number: 2, roster: 2 });
    expect(standing(later, [mine('revoke', later, cem, 1)], house2)).toBe('revoked');
    expect(opened(later, [mine('revoke', later, cem, 2)], house2)).toBe('bad_signature');
  });
});

describe('what is in force', () => {
  const version = (number: number, change: Partial<Scope> = {}, revoked = false) => {
    const signed = drafted(ann, { number, ...change });
    const said = [mine('approve', signed, bob), other('accept', signed, jo)];
    return value(open(signed, revoked ? [...said, myAgent('revoke', signed)] : said));
  };
  const proposal = (number: number, change: Partial<Scope> = {}) =>
    value(open(drafted(ann, { number, ...change }), []));
  const number = (all: readonly OpenedPapers[], nowMs = NOW) => inForce(all, nowMs)?.scope.number ?? null;
  const later = { validFrom: '2026-02-01T00:00:00Z' };
  const LATER = Date.parse(later.validFrom);
  const short = { validUntil: '2026-01-10T00:00:00Z' };

  test('is the newest that began; proposals change nothing', () => {
    expect(number([])).toBeNull();
    expect(number([proposal(1)])).toBeNull();
    expect(number([version(1), proposal(2)])).toBe(1);
    expect(number([version(1), version(5)])).toBe(5);
    expect(number([version(1), version(2, later)])).toBe(1);
    expect(number([version(1), version(2, later)], LATER)).toBe(2);
  });

  test('is nothing after a revoked or expired one: the one before does not come back', () => {
    expect(number([version(1), version(2, {}, true)])).toBeNull();
    expect(number([version(1), version(2, short)])).toBe(2);
    expect(number([version(1), version(2, short)], Date.parse(short.validUntil))).toBeNull();
    expect(number([version(1, {}, true), version(2)])).toBe(2);
  });

  test('ends when its successor’s time comes, though that was revoked before', () => {
    const all = [version(1), version(2, later, true)];
    expect([number(all), number(all, LATER)]).toEqual([1, null]);
  });

  test('is nothing where two documents claim one number, and itself where one is there twice', () => {
    const two = [version(2), version(2, { purpose: 'Something else' })];
    expect(number(two)).toBeNull();
    expect(number([...two, version(3)])).toBe(3);
    expect(number([version(2), version(2)])).toBe(2);
    expect(number([version(2), version(2, {}, true)])).toBeNull();
  });

  test('does not depend on the order in which they are shown', () => {
    const all = [version(1), version(2, later), version(3, short), proposal(4), version(5, later, true)];
    fc.assert(
      fc.property(fc.shuffledSubarray(all), fc.constantFrom(NOW, LATER), (some, nowMs) => {
        const sorted = [...some].sort((a, b) => a.scope.number - b.scope.number);
        expect(number(some, nowMs)).toBe(number(sorted, nowMs));
      }),
      { seed: 1 },
    );
  });

  test('a version that is hidden between others shows by the links', () => {
    const hashOf = (papers: OpenedPapers) => toHex(papers.hash);
    const first = version(1);
    const second = version(2, { previous: hashOf(first) });
    const third = version(4, { previous: hashOf(second), ...later });
    const open_ = proposal(5, { previous: hashOf(second) });
    expect([isWhole([]), isWhole([first, second, third]), isWhole([third, second, first])]).toEqual([
      true,
      true,
      true,
    ]);
    expect([isWhole([first, third]), isWhole([first, third, open_])]).toEqual([false, false]);
    // Those before the earliest that is shown have ended; a proposal's link is nobody's business yet.
    expect([isWhole([second, third]), isWhole([first, open_])]).toEqual([true, true]);
    // Two that were signed before any was approved name none.
    expect(isWhole([first, version(2)])).toBe(true);
    // Numbers only rise.
    const back = version(3, { previous: hashOf(third) });
    expect(isWhole([first, second, back, third])).toBe(false);
    // A proposal does not stand in for what it names.
    const named = version(6, { previous: hashOf(proposal(3)) });
    expect(isWhole([first, proposal(3), named])).toBe(false);
  });
});

describe('whatever is shown', () => {
  const quorum = chainOf(
    founder,
    signedRoster(rosterWith(founder.organisation, [ann, bob, cem], { quorum: 2 }), founder.root.seed),
  );
  const signed = drafted(ann);
  const all = [
    ['approve', mine('approve', signed, ann)],
    ['approve', mine('approve', signed, bob)],
    ['approve', mine('approve', signed, cem)],
    ['accept', other('accept', signed, jo)],
    ['accept', other('accept', signed, kim)],
    ['seen', theirAgent('seen', signed)],
    ['revoke', mine('revoke', signed, bob)],
  ] as const;

  test('only two approvals and an acceptance without a revocation are in force', () => {
    fc.assert(
      fc.property(fc.shuffledSubarray([...all]), (said) => {
        const statements = said.map(([, statement]) => statement);
        const count = (act: Act) => said.filter(([one]) => one === act).length;
        const expected = count('approve') >= 2 && count('accept') >= 1 && count('revoke') === 0;
        expect(standing(signed, statements, quorum) === 'in_force').toBe(expected);
      }),
      { seed: 2 },
    );
  });

  test('changed bytes never throw and are never papers', () => {
    const approval = mine('approve', signed, bob);
    fc.assert(
      fc.property(fc.oneof(mutations(signed), noise), (bytes) => !open(bytes, [approval]).ok),
      { seed: 3, numRuns: 200 },
    );
    fc.assert(
      fc.property(fc.oneof(mutations(approval), noise), (bytes) => !open(signed, [bytes]).ok),
      { seed: 4, numRuns: 200 },
    );
  });
});

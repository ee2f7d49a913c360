import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { concat, equal, fromHex, uint } from '../../protocol/bytes.ts';
import { idBytes, type MemberId } from '../../protocol/member.ts';
import {
  approverKey,
  MAX_APPROVERS,
  openRoster,
  openRosters,
  packRoster,
  type Roster,
  rosterBytes,
  rosterBytesOf,
  rosterHash,
  signRoster,
} from '../../protocol/roster.ts';
import { type MessageType, sign } from '../../protocol/signed.ts';
import { mutations, noise } from '../support/mutations.ts';
import { makeWorld } from '../support/parties.ts';
import { seededRandom } from '../support/random.ts';
import { reasonOf, value } from '../support/results.ts';
import { makePerson, type Person, rosterAfter, rosterWith, signedRoster } from '../support/scopes.ts';

const world = makeWorld(seededRandom('roster'));
const { founder, joiner, random } = world;
const { organisation, root } = founder;
const [ann, bob, cem, eve] = [makePerson(random), makePerson(random), makePerson(random), makePerson(random)];

const first = rosterWith(organisation, [ann, bob, cem], { quorum: 2 });
const open = (packed: Uint8Array, last: Roster | null = null) =>
  openRoster(packed, organisation, root.publicKey, last);
const opened = (packed: Uint8Array, last: Roster | null = null) => reasonOf(open(packed, last));

describe('a roster', () => {
  test('is read as it was signed by the root key', () => {
    const packed = signedRoster(first, root.seed);
    expect(value(open(packed))).toEqual(first);
    expect(rosterBytesOf(packed)).toEqual(rosterBytes(first));
    expect(approverKey(first, bob.member)).toEqual(bob.key);
    expect(approverKey(first, eve.member)).toBeNull();
  });

  test('has the same bytes in whatever order the approvers come', () => {
    fc.assert(
      fc.property(fc.shuffledSubarray([...first.approvers], { minLength: 3 }), (approvers) =>
        equal(rosterBytes({ ...first, approvers }), rosterBytes(first)),
      ),
      { seed: 1 },
    );
  });

  test('of fifty and not of one more', () => {
    const people = Array.from({ length: MAX_APPROVERS + 1 }, () => makePerson(random));
    const of = (count: number) =>
      opened(signedRoster(rosterWith(organisation, people.slice(0, count)), root.seed));
    expect([of(MAX_APPROVERS), of(MAX_APPROVERS + 1)]).toEqual([null, 'malformed']);
  });

  test.each<[string, Partial<Roster>, string]>([
    ['nobody', { approvers: [] }, 'malformed'],
    ['quorum 0', { quorum: 0 }, 'malformed'],
    ['a quorum above their number', { quorum: 4 }, 'malformed'],
    ['number 0', { number: 0 }, 'malformed'],
    ['a time that no machine can write', { issuedAt: 253_402_300_800 }, 'malformed'],
    ['one approver whose drafts nobody could approve', { approvers: [ann], quorum: 1 }, 'malformed'],
    ['a member twice', { approvers: [ann, { member: ann.member, key: bob.key }] }, 'malformed'],
    ['one key of two members', { approvers: [ann, { member: bob.member, key: ann.key }] }, 'malformed'],
    ['a key that is none', { approvers: [ann, { member: bob.member, key: uint(1, 8) }] }, 'malformed'],
    [
      'a key of small order',
      { approvers: [ann, { member: bob.member, key: fromHex(`01${'00'.repeat(31)}`) ?? ann.key }] },
      'malformed',
    ],
    [
      'a member of zeros, who would be the root key or the agent',
      { approvers: [ann, { member: `mbr_${'0'.repeat(32)}` as MemberId, key: bob.key }] },
      'malformed',
    ],
    [
      'the root key as approver',
      { approvers: [ann, { member: bob.member, key: root.publicKey }] },
      'equal_keys',
    ],
    ['a second one without a first', { number: 2, previous: new Uint8Array(32).fill(1) }, 'wrong_number'],
    ['a first one with a predecessor', { previous: new Uint8Array(32).fill(1) }, 'other_context'],
  ])('%s is refused, under whatever signature', (_, change, reason) => {
    expect(opened(signedRoster({ ...first, quorum: 1, ...change }, root.seed))).toBe(reason);
  });

  test('of one lawyer has to say so', () => {
    const alone = rosterWith(organisation, [ann], { drafterAlone: true });
    expect(value(open(signedRoster(alone, root.seed))).drafterAlone).toBe(true);
  });

  test('in another order, or with a flag that is neither 0 nor 1, is refused', () => {
    const bytes = rosterBytes(first);
    const head = bytes.length - 3 * 48;
    const [a, b, c] = [0, 1, 2].map((i) => bytes.subarray(head + 48 * i, head + 48 * (i + 1)));
    if (!a || !b || !c) throw new Error('three approvers');
    const resigned = (changed: Uint8Array) =>
      opened(packRoster(changed, [signRoster(changed, null, root.seed)]));
    expect(resigned(concat(bytes.subarray(0, head), b, a, c))).toBe('not_canonical');
    const flagged = bytes.slice();
    flagged[head - 2] = 2;
    expect(resigned(flagged)).toBe('malformed');
    const version = bytes.slice();
    version[0] = 2;
    expect(resigned(version)).toBe('malformed');
  });
});

describe('who signs', () => {
  const second = rosterAfter(first, [ann, bob, eve]);
  const by = (signers: readonly Person[], roster = second, last: Roster | null = first) =>
    opened(signedRoster(roster, signers), last);

  test('the first version: the root key alone', () => {
    expect(opened(packRoster(rosterBytes(first), []))).toBe('bad_signature');
    expect(by([ann, bob, cem], first, null)).toBe('bad_signature');
    expect(opened(signedRoster(first, founder.agent.seed))).toBe('bad_signature');
    expect(opened(signedRoster(first, joiner.root.seed))).toBe('bad_signature');
  });

  test('a later one: the root key, or as many of those before as their quorum says', () => {
    expect(opened(signedRoster(second, root.seed), first)).toBeNull();
    expect([by([ann, bob]), by([cem, bob, ann])]).toEqual([null, null]);
    expect(by([ann])).toBe('bad_signature');
    expect(by([])).toBe('bad_signature');
  });

  test('nobody who comes with it, and no stranger beside enough others', () => {
    expect(by([ann, eve])).toBe('bad_signature');
    expect(by([ann, bob, eve])).toBe('bad_signature');
  });

  test('nobody twice', () => {
    expect(by([ann, ann])).toBe('bad_signature');
    const bytes = rosterBytes(second);
    const twice = [signRoster(bytes, null, root.seed), signRoster(bytes, null, root.seed)];
    expect(opened(packRoster(bytes, twice), first)).toBe('bad_signature');
  });

  test('not one for another', () => {
    const bytes = rosterBytes(second);
    const asBob = signRoster(bytes, bob.member, ann.seed);
    expect(opened(packRoster(bytes, [signRoster(bytes, ann.member, ann.seed), asBob]), first)).toBe(
      'bad_signature',
    );
    expect(opened(packRoster(bytes, [signRoster(bytes, null, ann.seed)]), first)).toBe('bad_signature');
    expect(opened(packRoster(bytes, [signRoster(bytes, ann.member, root.seed)]), first)).toBe(
      'bad_signature',
    );
  });

  test('one who drafts but may not approve alone does not name their successors alone', () => {
    const four = rosterWith(organisation, [ann, bob], { quorum: 1, drafterAlone: false });
    const coup = rosterAfter(four, [ann], { drafterAlone: true });
    expect(by([ann], coup, four)).toBe('bad_signature');
    expect(by([ann, bob], coup, four)).toBeNull();
    const alone = rosterWith(organisation, [ann, bob], { quorum: 1, drafterAlone: true });
    expect(by([ann], rosterAfter(alone, [ann]), alone)).toBeNull();
  });

  test('those of the version before, not of an earlier one', () => {
    const third = rosterAfter(second, [eve, ann]);
    expect(by([ann, cem], third, second)).toBe('bad_signature');
    expect(by([ann, eve], third, second)).toBeNull();
  });

  test('under the label of rosters only', () => {
    const bytes = rosterBytes(first);
    const labels: MessageType[] = ['scope', 'scope statement', 'certificate', 'member keys', 'login'];
    for (const label of labels) {
      const signature = sign(label, bytes, root.seed).subarray(bytes.length);
      expect(opened(packRoster(bytes, [concat(new Uint8Array(16), signature)]))).toBe('bad_signature');
    }
  });
});

describe('the chain', () => {
  const second = rosterAfter(first, [ann, bob]);
  const third = rosterAfter(second, [ann, eve]);
  const [one, two, three] = [
    signedRoster(first, root.seed),
    signedRoster(second, [ann, bob]),
    signedRoster(third, root.seed),
  ];
  const chained = (chain: readonly Uint8Array[]) =>
    reasonOf(openRosters(chain, organisation, root.publicKey));

  test('is read from the first; none is a company of one', () => {
    expect(value(openRosters([one, two, three], organisation, root.publicKey))).toEqual([
      first,
      second,
      third,
    ]);
    expect(value(openRosters([], organisation, root.publicKey))).toEqual([]);
  });

  test('with a version left out, turned around or twice is refused', () => {
    expect(chained([two])).toBe('wrong_number');
    expect(chained([one, three])).toBe('wrong_number');
    expect(chained([two, one])).toBe('wrong_number');
    expect(chained([one, one])).toBe('wrong_number');
  });

  test('with another version in its place is refused', () => {
    const other = rosterAfter(first, [ann, eve]);
    expect(chained([one, signedRoster(other, root.seed), three])).toBe('other_context');
  });

  test('of another organisation is refused, whoever is in it', () => {
    expect(opened(signedRoster(rosterWith(joiner.organisation, [ann, bob]), root.seed))).toBe(
      'other_context',
    );
    expect(reasonOf(openRosters([one], joiner.organisation, joiner.root.publicKey))).toBe('other_context');
  });

  test('goes on whoever signed: the hash is over what is said', () => {
    expect(rosterHash(rosterBytesOf(signedRoster(second, root.seed)) ?? new Uint8Array())).toEqual(
      rosterHash(rosterBytesOf(two) ?? new Uint8Array()),
    );
  });
});

describe('bytes', () => {
  const second = rosterAfter(first, [ann, bob]);
  const valid = signedRoster(second, [ann, bob]);

  test('no other bytes pass, and none throw', () => {
    fc.assert(
      fc.property(fc.oneof(mutations(valid), noise), (bytes) => !open(bytes, first).ok),
      { seed: 2, numRuns: 1000 },
    );
  });

  test('what the root key signs has one encoding', () => {
    fc.assert(
      fc.property(fc.oneof(mutations(rosterBytes(second)), noise), (bytes) => {
        const read = open(packRoster(bytes, [signRoster(bytes, null, root.seed)]), first);
        return !read.ok || equal(rosterBytes(read.value), bytes);
      }),
      { seed: 3, numRuns: 500 },
    );
  });

  test('a cut packing has no bytes', () => {
    expect(rosterBytesOf(valid.subarray(0, 1))).toBeNull();
    expect(rosterBytesOf(concat(uint(9, 2), uint(1, 8)))).toBeNull();
  });

  test('the id in the bytes is the organisation that is asked for', () => {
    expect(equal(rosterBytes(first).subarray(1, 17), idBytes(organisation))).toBe(true);
  });
});

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { concat, equal, uint } from '../../protocol/bytes.ts';
import { newPartnershipId } from '../../protocol/ids.ts';
import type { MemberId } from '../../protocol/member.ts';
import { type MessageType, messageOf, sign } from '../../protocol/signed.ts';
import { ACTS, openStatement, type Statement, signStatement } from '../../protocol/statement.ts';
import { mutations, noise } from '../support/mutations.ts';
import { makeWorld } from '../support/parties.ts';
import { seededRandom } from '../support/random.ts';
import { reasonOf, value } from '../support/results.ts';
import { makePerson, SIGNED_MS } from '../support/scopes.ts';

const { partnership, founder, joiner, random } = makeWorld(seededRandom('statement'));
const ann = makePerson(random);
const place = { partnership, organisation: founder.organisation, scope: random(32) };
const approval: Statement = {
  ...place,
  act: 'approve',
  roster: 3,
  signer: ann.member,
  at: SIGNED_MS / 1000,
};
const signed = signStatement(approval, ann.seed);
const open = (bytes: Uint8Array, expected: typeof place = place) =>
  openStatement(bytes, expected, () => ann.key);
const opened = (bytes: Uint8Array, expected = place) => reasonOf(open(bytes, expected));

describe('a statement', () => {
  test.each(ACTS)('%s is read as it was signed, by a member and by the agent', (act) => {
    const byMember = { ...approval, act };
    expect(value(open(signStatement(byMember, ann.seed)))).toEqual(byMember);
    const byAgent = { ...approval, act, roster: 0, signer: null };
    expect(value(open(signStatement(byAgent, ann.seed)))).toEqual(byAgent);
  });

  test('binds the version, the partnership and the organisation', () => {
    expect(opened(signed, { ...place, scope: random(32) })).toBe('other_context');
    expect(opened(signed, { ...place, partnership: newPartnershipId(random) })).toBe('other_context');
    expect(opened(signed, { ...place, organisation: joiner.organisation })).toBe('other_context');
  });

  test('binds act, roster and signer: another one is another signature', () => {
    const message = messageOf(signed) ?? new Uint8Array();
    const signature = signed.subarray(message.length);
    const others = [
      { ...approval, act: 'accept' as const },
      { ...approval, roster: 4 },
      { ...approval, signer: makePerson(random).member },
      { ...approval, at: approval.at + 1 },
    ];
    for (const other of others) {
      const its = messageOf(signStatement(other, ann.seed)) ?? new Uint8Array();
      expect(opened(concat(its, signature))).toBe('bad_signature');
    }
  });

  test('is asked for the key of who it names, and null refuses', () => {
    const asked: Statement[] = [];
    const read = openStatement(signed, place, (statement) => {
      asked.push(statement);
      return null;
    });
    expect(reasonOf(read)).toBe('bad_signature');
    expect(asked).toEqual([approval]);
  });

  test('is no signature of another kind of message, nor the other way round', () => {
    const message = messageOf(signed) ?? new Uint8Array();
    const labels: MessageType[] = ['scope', 'roster', 'ending', 'member keys', 'login'];
    for (const label of labels) expect(opened(sign(label, message, ann.seed))).toBe('bad_signature');
  });

  test.each<[string, Partial<Statement>]>([
    ['a member without a roster', { roster: 0 }],
    ['an agent with a roster', { signer: null }],
    ['a member of zeros', { signer: `mbr_${'0'.repeat(32)}` as MemberId }],
    ['a time that no machine can write', { at: 253_402_300_800 }],
  ])('%s is refused', (_, change) => {
    expect(opened(signStatement({ ...approval, ...change }, ann.seed))).toBe('malformed');
  });

  test('with an unknown act or version is refused', () => {
    for (const [at, byte] of [
      [0, 2],
      [1, 0],
      [1, ACTS.length + 1],
    ] as const) {
      const message = (messageOf(signed) ?? new Uint8Array()).slice();
      message[at] = byte;
      expect(opened(sign('scope statement', message, ann.seed))).toBe('malformed');
    }
  });

  test('cut or with a byte more is refused, under a true signature too', () => {
    const message = messageOf(signed) ?? new Uint8Array();
    for (let length = 0; length < message.length; length++)
      expect(opened(sign('scope statement', message.slice(0, length), ann.seed))).toBe('malformed');
    expect(opened(sign('scope statement', concat(message, uint(0, 1)), ann.seed))).toBe('malformed');
  });

  test('has one encoding; no other bytes pass and none throw', () => {
    fc.assert(
      fc.property(fc.oneof(mutations(signed), noise), (bytes) => !open(bytes).ok),
      { seed: 1, numRuns: 500 },
    );
    const message = messageOf(signed) ?? new Uint8Array();
    fc.assert(
      fc.property(fc.oneof(mutations(message), noise), (content) => {
        const bytes = sign('scope statement', content, ann.seed);
        const read = open(bytes);
        return !read.ok || equal(signStatement(read.value, ann.seed), bytes);
      }),
      { seed: 2, numRuns: 500 },
    );
  });
});

/** The negative vectors of rosters, scopes and statements: each takes an honest step of the scope's life and changes it. */
import { concat, toHex, utf8 } from '../../protocol/bytes.ts';
import { idBytes } from '../../protocol/member.ts';
import { packRoster, signRoster } from '../../protocol/roster.ts';
import { sign } from '../../protocol/signed.ts';
import { signStatement } from '../../protocol/statement.ts';
import { type Operations, type Refusal, refusal } from './refusals.ts';
import { hex } from './results.ts';
import type { LifeInput, LifeValues } from './scope-life.ts';

export function scopeRefusals(input: LifeInput, values: LifeValues): Refusal[] {
  return [...rosterRefusals(input, values), ...papersRefusals(input, values)];
}

function rosterRefusals(input: LifeInput, { parties }: LifeValues): Refusal[] {
  const { organisation, rootKey, rosters } = parties.founder;
  const chain: Operations['openRosters'] = {
    chain: rosters.map(({ packed }) => packed),
    organisation,
    rootKey,
  };
  const [first, second] = rosters;
  const [ann, , cem] = input.founder.people;
  if (!first || !second || !ann || !cem) throw new Error('two rosters of three people');
  const bytes = hex(second.bytes);
  const by = (...people: readonly { member: typeof ann.member; seed: string }[]) => {
    const signatures = people.map(({ member, seed }) => signRoster(bytes, member, hex(seed)));
    return { chain: [first.packed, toHex(packRoster(bytes, signatures))] };
  };
  const byRoot = (changed: Uint8Array) =>
    toHex(packRoster(changed, [signRoster(changed, null, hex(input.founder.rootSeed))]));
  const twice = hex(second.bytes);
  twice.set(twice.subarray(twice.length - 80, twice.length - 48), twice.length - 32);
  return [
    refusal(
      'openRosters',
      'signature',
      'roster-by-too-few',
      'One approver signs the next roster where the quorum is two.',
      chain,
      by(ann),
      'bad_signature',
    ),
    refusal(
      'openRosters',
      'signature',
      'roster-by-one-twice',
      'One approver signs the next roster twice.',
      chain,
      by(ann, ann),
      'bad_signature',
    ),
    refusal(
      'openRosters',
      'signature',
      'roster-by-the-agent',
      'The agent key signs the first roster in place of the root key.',
      chain,
      {
        chain: [
          toHex(
            packRoster(hex(first.bytes), [signRoster(hex(first.bytes), null, hex(input.founder.agentSeed))]),
          ),
        ],
      },
      'bad_signature',
    ),
    refusal(
      'openRosters',
      'order',
      'roster-left-out',
      'The chain begins with the second roster.',
      chain,
      { chain: [second.packed] },
      'wrong_number',
    ),
    refusal(
      'openRosters',
      'decode',
      'roster-one-key-of-two-members',
      'Two approvers have one key; the root key’s signature is true.',
      chain,
      { chain: [first.packed, byRoot(twice)] },
      'malformed',
    ),
    refusal(
      'openRosters',
      'context',
      'roster-of-another-organisation',
      'The roster is of another organisation; the root key’s signature is true.',
      chain,
      {
        chain: [
          byRoot(
            concat(
              hex(first.bytes).subarray(0, 1),
              idBytes(parties.joiner.organisation),
              hex(first.bytes).subarray(17),
            ),
          ),
        ],
      },
      'other_context',
    ),
  ];
}

function papersRefusals(input: LifeInput, { parties, versions, statements }: LifeValues): Refusal[] {
  const [, second, , last] = versions;
  const [ann, , cem] = input.founder.people;
  const [approval = '', other = '', acceptance = ''] = statements.slice(1, 4);
  if (!second || !last || !ann || !cem) throw new Error('four versions');
  const party = ({ organisation, rootKey, agentKey, rosters }: LifeValues['parties']['founder']) => ({
    organisation,
    rootKey,
    agentKey,
    rosters: rosters.map(({ packed }) => packed),
  });
  const papers: Operations['openPapers'] = {
    signed: second.signed,
    statements: [approval, other, acceptance],
    partnership: input.partnership,
    grantor: party(parties.founder),
    grantee: party(parties.joiner),
  };
  const redrafted = (change: (text: string) => string) =>
    toHex(sign('scope', utf8(change(second.text)), hex(ann.seed)));
  const partnership = `prt_${input.partnership}` as const;
  const says = (change: object, seed: string) =>
    toHex(
      signStatement(
        {
          partnership: partnership as Parameters<typeof signStatement>[0]['partnership'],
          organisation: parties.founder.organisation,
          scope: hex(last.hash),
          act: 'approve',
          roster: 1,
          signer: cem.member,
          at: 1_768_000_000,
          ...change,
        },
        hex(seed),
      ),
    );
  return [
    refusal(
      'openPapers',
      'context',
      'scope-of-another-partnership',
      'The version is of another partnership of the same two organisations; its signature is true.',
      { ...papers, statements: [] },
      { signed: redrafted((text) => text.replace(input.partnership, 'f'.repeat(32))) },
      'other_context',
    ),
    refusal(
      'openPapers',
      'decode',
      'scope-ends-before-it-begins',
      'The version’s end is its beginning; its signature is true.',
      { ...papers, statements: [] },
      {
        signed: redrafted((text) =>
          text.replace(/"validUntil":"[^"]*"/, '"validUntil":"2026-01-09T00:00:00Z"'),
        ),
      },
      'malformed',
    ),
    refusal(
      'openPapers',
      'signature',
      'scope-drafted-by-the-agent',
      'The agent key signs a version that names a member as its drafter.',
      { ...papers, statements: [] },
      { signed: toHex(sign('scope', utf8(second.text), hex(input.founder.agentSeed))) },
      'bad_signature',
    ),
    refusal(
      'openPapers',
      'context',
      'approval-of-another-version',
      'An approval of the second version is shown as one of the fourth.',
      { ...papers, signed: last.signed, statements: [] },
      { statements: [other] },
      'other_context',
    ),
    refusal(
      'openPapers',
      'signature',
      'approval-by-one-who-left',
      'One who is in the first roster only approves a version of the second.',
      { ...papers, signed: last.signed, statements: [] },
      { statements: [says({}, cem.seed)] },
      'bad_signature',
    ),
    refusal(
      'openPapers',
      'signature',
      'approval-by-the-agent',
      'The agent key approves where people do.',
      { ...papers, signed: last.signed, statements: [] },
      { statements: [says({ roster: 0, signer: null }, input.founder.agentSeed)] },
      'bad_signature',
    ),
    refusal(
      'openPapers',
      'signature',
      'acceptance-by-the-granting-side',
      'An approver of the granting side accepts in place of the other side.',
      { ...papers, signed: last.signed, statements: [] },
      { statements: [says({ act: 'accept', roster: 2, signer: ann.member }, ann.seed)] },
      'bad_signature',
    ),
  ];
}

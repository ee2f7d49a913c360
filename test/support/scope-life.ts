/**
 * The scenario of a sharing scope's life: one company of one that gets people, rosters, versions, statements, and where
 * each version stands as the statements come in. From its `input` alone all `values` follow.
 */
import { toHex, utf8 } from '../../protocol/bytes.ts';
import { signingPublicKey } from '../../protocol/hash.ts';
import { organisationId, partnershipId, type Side } from '../../protocol/ids.ts';
import type { MemberId } from '../../protocol/member.ts';
import { openRosters, packRoster, rosterBytes, rosterHash, signRoster } from '../../protocol/roster.ts';
import { encodeScope, type Scope, scopeHash, signScope } from '../../protocol/scope.ts';
import { hasBegun, inForce, openPapers, type Signers, standingOf } from '../../protocol/standing.ts';
import { type Act, signStatement } from '../../protocol/statement.ts';
import { seededRandom } from './random.ts';
import { hex, value } from './results.ts';
import { bySide } from './scenario-input.ts';
import { makePerson, ruleOf, SIGNED_MS, scopeWith } from './scopes.ts';

/** People and versions go by their place in the lists, from 0; byte strings are hexadecimal. */
export interface LifeInput {
  readonly partnership: string;
  readonly founder: LifeParty;
  readonly joiner: LifeParty;
  /** The founder's; `previous` is another version's place, `drafter` a person's, null for the agent. */
  readonly versions: readonly {
    readonly previous: number | null;
    readonly drafter: number | null;
    readonly terms: Omit<Scope, 'version' | 'partnership' | 'grantor' | 'grantee' | 'previous' | 'drafter'>;
  }[];
  /** `person` null is the agent. */
  readonly statements: readonly {
    readonly act: Act;
    readonly version: number;
    readonly by: Side;
    readonly person: number | null;
    readonly roster: number;
    readonly at: number;
  }[];
  /** What is known at a time: so many of the versions and of the statements, from the first. */
  readonly looks: readonly { readonly at: string; readonly versions: number; readonly statements: number }[];
}

interface LifeParty {
  readonly rootSeed: string;
  readonly agentSeed: string;
  readonly people: readonly { readonly member: MemberId; readonly seed: string }[];
  readonly rosters: readonly {
    readonly issuedAt: number;
    readonly quorum: number;
    readonly drafterAlone: boolean;
    readonly approvers: readonly number[];
    /** Null is the root key. */
    readonly signers: readonly (number | null)[];
  }[];
}

/** Every value that follows from the input. */
export function lifeOf(input: LifeInput) {
  const partnership = partnershipId(hex(input.partnership));
  const parties = bySide((side) => partyOf(input[side]));
  const versions: { text: string; signed: string; hash: string }[] = [];
  for (const { previous, drafter, terms } of input.versions) {
    const person = drafter === null ? null : input.founder.people[drafter];
    const scope: Scope = {
      ...terms,
      version: 1,
      partnership,
      grantor: parties.founder.organisation,
      grantee: parties.joiner.organisation,
      previous: previous === null ? null : (versions[previous]?.hash ?? null),
      drafter: person?.member ?? null,
    };
    const signed = signScope(scope, hex(person?.seed ?? input.founder.agentSeed));
    const text = new TextDecoder().decode(encodeScope(scope));
    versions.push({ text, signed: toHex(signed), hash: toHex(scopeHash(signed)) });
  }
  const statements = input.statements.map(({ act, version, by, person, roster, at }) => {
    const from = input[by];
    const signer = person === null ? null : from.people[person];
    const place = { partnership, organisation: parties[by].organisation };
    const scope = hex(versions[version]?.hash ?? '');
    const statement = { ...place, act, scope, roster, signer: signer?.member ?? null, at };
    return toHex(signStatement(statement, hex(signer?.seed ?? from.agentSeed)));
  });
  const signers = bySide((side) => signersOf(parties[side]));
  return {
    parties,
    versions,
    statements,
    looks: input.looks.map((look) => {
      const nowMs = Date.parse(look.at);
      const all = versions.slice(0, look.versions).map(({ signed }, version) => {
        const said = statements
          .slice(0, look.statements)
          .filter((_, i) => input.statements[i]?.version === version);
        const papers = { signed: hex(signed), statements: said.map(hex) };
        return value(openPapers(papers, partnership, signers.founder, signers.joiner));
      });
      const begun = Math.max(0, ...all.filter((one) => hasBegun(one, nowMs)).map((one) => one.scope.number));
      return {
        standings: all.map((one) => standingOf(one, one.scope.number < begun, nowMs)),
        inForce: inForce(all, nowMs)?.scope.number ?? null,
      };
    }),
  };
}

export type LifeValues = ReturnType<typeof lifeOf>;

/** The keys that sign for a party, all its rosters opened. */
function signersOf(party: ReturnType<typeof partyOf>): Signers {
  const chain = party.rosters.map(({ packed }) => hex(packed));
  const rosters = value(openRosters(chain, party.organisation, hex(party.rootKey)));
  return { organisation: party.organisation, agentKey: hex(party.agentKey), rosters };
}

function partyOf(party: LifeParty) {
  const rootKey = signingPublicKey(hex(party.rootSeed));
  const organisation = organisationId(rootKey);
  const people = party.people.map(({ member, seed }) => ({ member, key: signingPublicKey(hex(seed)) }));
  const rosters: { bytes: string; hash: string; packed: string }[] = [];
  for (const { issuedAt, quorum, drafterAlone, approvers, signers } of party.rosters) {
    const previous = rosters.at(-1);
    const bytes = rosterBytes({
      organisation,
      number: rosters.length + 1,
      previous: previous ? hex(previous.hash) : null,
      issuedAt,
      quorum,
      drafterAlone,
      approvers: people.filter((_, i) => approvers.includes(i)),
    });
    const signatures = signers.map((signer) => {
      const person = signer === null ? null : party.people[signer];
      return signRoster(bytes, person?.member ?? null, hex(person?.seed ?? party.rootSeed));
    });
    const packed = packRoster(bytes, signatures);
    rosters.push({ bytes: toHex(bytes), hash: toHex(rosterHash(bytes)), packed: toHex(packed) });
  }
  return {
    organisation,
    rootKey: toHex(rootKey),
    agentKey: toHex(signingPublicKey(hex(party.agentSeed))),
    people: people.map(({ key }) => toHex(key)),
    rosters,
  };
}

/** The founder begins alone, gets three approvers of whom one leaves, and ends what it granted. */
export function lifeInput(seed: string): LifeInput {
  const random = seededRandom(seed);
  const bytes = (length: number) => toHex(random(length));
  const people = (count: number) =>
    Array.from({ length: count }, () => {
      const person = makePerson(random);
      return { member: person.member, seed: toHex(person.seed) };
    });
  const at = (days: number) => SIGNED_MS / 1000 + days * 86_400;
  const day = (days: number) => `${new Date(at(days) * 1000).toISOString().slice(0, 19)}Z`;
  const terms = (number: number, roster: number, change: Partial<Scope>) => {
    const scope = scopeWith({ number, roster, ...change });
    const { version: _, partnership: __, grantor: ___, grantee: ____, ...rest } = scope;
    const { previous: _____, drafter: ______, ...own } = rest;
    return own;
  };
  const narrow = [ruleOf('customers', '*', { level: 'accounts' })];
  const agreement = { reference: 'Partner agreement, annex 2', sha256: toHex(scopeHash(utf8('annex 2'))) };
  const grantor = (act: Act, version: number, person: number | null, roster: number, days: number) =>
    ({ act, version, by: 'founder', person, roster, at: at(days) }) as const;
  const grantee = (act: Act, version: number, person: number | null, roster: number, days: number) =>
    ({ act, version, by: 'joiner', person, roster, at: at(days) }) as const;
  return {
    partnership: bytes(16),
    founder: {
      rootSeed: bytes(32),
      agentSeed: bytes(32),
      people: people(3),
      rosters: [
        { issuedAt: at(2), quorum: 2, drafterAlone: false, approvers: [0, 1, 2], signers: [null] },
        { issuedAt: at(10), quorum: 2, drafterAlone: false, approvers: [0, 1], signers: [0, 1] },
      ],
    },
    joiner: {
      rootSeed: bytes(32),
      agentSeed: bytes(32),
      people: people(1),
      rosters: [{ issuedAt: at(3), quorum: 1, drafterAlone: true, approvers: [0], signers: [null] }],
    },
    versions: [
      { previous: null, drafter: null, terms: terms(1, 0, { issuedAt: day(0), validFrom: day(0) }) },
      {
        previous: 0,
        drafter: 0,
        terms: terms(2, 1, {
          issuedAt: day(4),
          validFrom: day(8),
          validUntil: day(300),
          agreement,
          competitors: true,
        }),
      },
      {
        previous: 1,
        drafter: 1,
        terms: terms(3, 2, { issuedAt: day(11), validFrom: day(11), purpose: 'Nobody approves this' }),
      },
      {
        previous: 1,
        drafter: 1,
        terms: terms(5, 2, { issuedAt: day(12), validFrom: day(12), rules: narrow, reciprocity: true }),
      },
    ],
    statements: [
      grantee('accept', 0, null, 0, 1),
      grantor('approve', 1, 0, 1, 4),
      grantor('approve', 1, 2, 1, 5),
      grantee('accept', 1, 0, 1, 6),
      grantor('approve', 3, 0, 2, 12),
      grantor('approve', 3, 1, 2, 12),
      grantee('accept', 3, 0, 1, 13),
      grantee('seen', 1, null, 0, 13),
      grantor('revoke', 3, null, 0, 20),
      grantee('seen', 3, null, 0, 20),
      grantee('deleted', 3, null, 0, 50),
    ],
    looks: [
      { at: day(0), versions: 1, statements: 0 },
      { at: day(1), versions: 1, statements: 1 },
      { at: day(4), versions: 2, statements: 2 },
      { at: day(5), versions: 2, statements: 3 },
      { at: day(6), versions: 2, statements: 4 },
      { at: day(8), versions: 2, statements: 4 },
      { at: day(12), versions: 4, statements: 6 },
      { at: day(13), versions: 4, statements: 8 },
      { at: day(50), versions: 4, statements: 11 },
      { at: day(301), versions: 2, statements: 4 },
    ],
  };
}

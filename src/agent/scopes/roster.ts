/** The roster as people make it: who approves scopes, signed by the root key, or by enough of those who approve now. */
import { fromBase64url, toBase64url } from '../../../protocol/bytes.ts';
import { type MemberId, openMemberKeys } from '../../../protocol/member.ts';
import {
  openRoster,
  openRosters,
  packRoster,
  type Roster,
  readRoster,
  rosterBytes,
  rosterBytesOf,
  rosterHash,
  signRoster,
} from '../../../protocol/roster.ts';
import type { Client, ListedMember } from '../client.ts';
import { readConfiguration } from '../home.ts';
import { identityOf, openRootKey, type RootKeyFile } from '../keyring.ts';
import { findMember } from '../member/caller.ts';
import { openOwnKeys } from '../member/keys.ts';
import { followOrganisation, partyOf, readPins, writePins } from '../member/pins.ts';
import { fingerprint } from '../pinned.ts';
import { Problem } from '../problem.ts';
import { keepOwnRosters, ownRosters } from '../store/rosters.ts';
import { papersAlarm } from './alarms.ts';
import { type Desk, withoutRoster } from './desk.ts';
import type { Party } from './papers.ts';

/** Who is wanted on the next roster. */
export interface WantedRoster {
  /** E-mail addresses or member ids. */
  readonly approvers: readonly string[];
  readonly quorum: number;
  readonly drafterAlone: boolean;
}

export interface NextRoster {
  readonly roster: Roster;
  readonly bytes: Uint8Array;
  /** For the people who compare keys. */
  readonly people: readonly { readonly email: string; readonly fingerprint: string }[];
}

/** The own organisation's rosters as the service shows them, checked against what is pinned and kept. */
export async function ownChain(desk: Desk): Promise<readonly Roster[]> {
  const shown = (await desk.client.rosters()).map(toBase64url);
  const { chain, party } = pinnedChain(desk);
  const longest = shown.length >= chain.length ? shown : chain;
  const agrees = chain.every((packed, i) => sameContent(packed, longest[i] ?? ''));
  if (!agrees)
    throw papersAlarm({ whose: 'mine', what: 'other_roster', number: 0, detail: 'roster' }, desk.name);
  if (!party) return [];
  const opened = openRosters(longest.map(decode), party.organisation, party.rootKey);
  if (!opened.ok)
    throw papersAlarm(
      { whose: 'mine', what: 'roster_unsigned', number: longest.length, detail: opened.reason },
      desk.name,
    );
  keepChain(desk, [...chain, ...longest.slice(chain.length)]);
  return opened.value;
}

/** The roster after `last`, of members as the service lists them; their keys are compared by people. */
export async function nextRoster(
  client: Client,
  last: Roster | null,
  wanted: WantedRoster,
  organisation: Roster['organisation'],
  nowMs: number,
): Promise<NextRoster> {
  const members = await client.members();
  const people = wanted.approvers.map((name) => approverOf(members, name, organisation));
  const roster: Roster = {
    organisation,
    number: (last?.number ?? 0) + 1,
    previous: last && rosterHash(rosterBytes(last)),
    issuedAt: Math.floor(nowMs / 1000),
    quorum: wanted.quorum,
    drafterAlone: wanted.drafterAlone,
    approvers: people
      .map(({ member, key }) => ({ member, key }))
      .sort((a, b) => (a.member < b.member ? -1 : 1)),
  };
  if (new Set(people.map(({ member }) => member)).size < people.length)
    throw new Problem('bad_argument', 'one approver is named twice', 'give --approver once for each person');
  if (!Number.isInteger(wanted.quorum) || wanted.quorum < 1 || wanted.quorum > people.length)
    throw new Problem(
      'bad_argument',
      `--quorum ${wanted.quorum} is not possible with ${people.length} approvers`,
      'give --quorum from 1 to their number',
    );
  if (people.length === 1 && !wanted.drafterAlone)
    throw new Problem(
      'bad_argument',
      'the only approver could not approve what they draft themselves',
      'name a second one, or say --drafter-alone: partners see that one person suffices',
    );
  return { roster, bytes: rosterBytes(roster), people };
}

/** Signs with the root key, which is opened for this alone. */
export async function signByRoot(desk: Desk, next: NextRoster, root: RootKeyFile): Promise<Uint8Array> {
  const { agent } = desk;
  if (!agent)
    throw new Problem(
      'member_home',
      'the root key signs in the home with the keyring',
      'sign as an approver instead: leave --root-key away, then others run `commonground scope roster sign FILE`',
    );
  const identity = identityOf(desk.home, readConfiguration(desk.home), desk.now());
  const { seed } = await openRootKey(identity, root, agent.keyring.certificate.rootKey);
  return packRoster(next.bytes, [signRoster(next.bytes, null, seed)]);
}

/** By whom the next roster is signed, if not by the root key. */
interface RosterSigner {
  readonly member: MemberId;
  readonly seed: Uint8Array;
}

/** The caller as an approver of the roster that stands; a problem where the signature would not count. */
export async function rosterSigner(desk: Desk, last: Roster | null): Promise<RosterSigner> {
  if (!last) throw withoutRoster();
  const isApprover = last.approvers.some(({ member }) => member === desk.member);
  if (!desk.member || !isApprover)
    throw new Problem(
      'wrong_role',
      'you are not on the roster that stands now, so your signature under the next would not count',
      'one of its approvers signs, or whoever holds the root key: `commonground scope roster set --root-key FILE`',
    );
  const { seed } = await openOwnKeys(desk.home, desk.now());
  return { member: desk.member, seed };
}

/** Adds a member's signature to the roster. */
export function signByMember({ member, seed }: RosterSigner, packed: Uint8Array): Uint8Array {
  const bytes = rosterBytesOf(packed);
  if (!bytes) throw new Problem('bad_input', 'this is no roster', 'see `commonground scope roster --help`');
  const signatures = packed.subarray(2 + bytes.length);
  const own = signRoster(bytes, member, seed);
  const isThere = splitSignatures(signatures).some(
    (one) => toBase64url(one.subarray(0, 16)) === toBase64url(own.subarray(0, 16)),
  );
  return packRoster(bytes, isThere ? [signatures] : [signatures, own]);
}

/** Publishes the roster where its signatures suffice, and pins it. False where more have to sign. */
export async function publishRoster(
  desk: Desk,
  chain: readonly Roster[],
  packed: Uint8Array,
): Promise<boolean> {
  const { party, chain: before } = pinnedChain(desk);
  if (!party) throw new Problem('not_registered', 'the keys of your organisation were not seen yet');
  const opened = openRoster(packed, party.organisation, party.rootKey, chain.at(-1) ?? null);
  if (!opened.ok && opened.reason === 'bad_signature') return false;
  if (!opened.ok)
    throw new Problem(
      'bad_input',
      `this roster does not follow the one that stands (${opened.reason})`,
      'make it anew: `commonground scope roster set`',
    );
  await desk.client.putRoster(opened.value.number, packed);
  keepChain(desk, [...before.slice(0, opened.value.number - 1), toBase64url(packed)]);
  return true;
}

/** The roster in a packed one, to be shown before it is signed; null where it does not follow the last. */
export function unsignedRoster(packed: Uint8Array, last: Roster | null, party: Party): Roster | null {
  const bytes = rosterBytesOf(packed);
  const roster = bytes && readRoster(bytes, party.organisation);
  if (!roster || roster.number !== (last?.number ?? 0) + 1) return null;
  // Whether the right people signed it is checked when it is published.
  return roster;
}

/** Root key, organisation and rosters as this home has pinned them. */
export function pinnedChain(desk: Desk): { readonly chain: readonly string[]; readonly party: Party | null } {
  const { agent } = desk;
  if (agent) {
    const { organisation, rootKey, agentKey } = agent.keyring.certificate;
    return { chain: ownRosters(agent.store), party: { organisation, rootKey, agentKey } };
  }
  const { own, rosters } = readPins(desk.home);
  return { chain: rosters, party: own && partyOf(own) };
}

/** Sees to it that a member's home has its own organisation's keys, from a certificate that the service shows. */
export function pinOwn(
  desk: Desk,
  organisation: Roster['organisation'],
  certificate: Uint8Array | null,
): void {
  if (desk.agent) return;
  const pins = readPins(desk.home);
  writePins(desk.home, { ...pins, own: followOrganisation(pins.own, certificate, organisation, desk.now()) });
}

/** A roster in sentences. */
export function describeRoster(roster: Roster, who: string, names: ReadonlyMap<string, string>): string[] {
  const people = roster.approvers.map(({ member }) => names.get(member) ?? member);
  const many = people.length === 1 ? 'one person approves' : `${people.length} people approve`;
  return [
    `For ${who} ${many}: ${people.join(', ')} (roster ${roster.number}).`,
    roster.quorum === 1
      ? 'One signature is enough'.concat(
          roster.drafterAlone ? ', also of whoever drafted it.' : ', but not of whoever drafted it alone.',
        )
      : `It takes ${roster.quorum} signatures.`,
  ];
}

function approverOf(members: readonly ListedMember[], wanted: string, organisation: Roster['organisation']) {
  const found = findMember(members, wanted);
  const { id: member, email, keys, role } = found;
  if (!keys)
    throw new Problem(
      'bad_argument',
      `${wanted} has not joined yet`,
      'they run `commonground member join` first',
    );
  if (role !== 'legal')
    throw new Problem(
      'bad_argument',
      `${wanted} is ${role}; approvers are of the role legal`,
      'invite them to that role: `commonground member invite --role legal`',
    );
  const opened = openMemberKeys(keys, { organisation, member });
  if (!opened.ok) throw new Problem('service_alarm', `the keys of ${wanted} do not check (${opened.reason})`);
  return { member, key: opened.value.signingKey, email: email ?? member, fingerprint: fingerprint(keys) };
}

function splitSignatures(bytes: Uint8Array): Uint8Array[] {
  const all: Uint8Array[] = [];
  for (let at = 0; at + 80 <= bytes.length; at += 80) all.push(bytes.subarray(at, at + 80));
  return all;
}

function sameContent(a: string, b: string): boolean {
  const [one, two] = [rosterBytesOf(decode(a)), rosterBytesOf(decode(b))];
  return one !== null && two !== null && toBase64url(one) === toBase64url(two);
}

function keepChain(desk: Desk, chain: readonly string[]): void {
  if (desk.agent) keepOwnRosters(desk.agent.store, chain);
  else writePins(desk.home, { ...readPins(desk.home), rosters: [...chain] });
}

function decode(text: string): Uint8Array {
  return fromBase64url(text) ?? new Uint8Array();
}

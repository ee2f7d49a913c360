/**
 * The roster: the people of an organisation who approve and accept sharing scopes, with the keys they do it by. Its
 * versions are numbered and linked by hashes. The root key signs a version, or enough approvers of the one before do, so
 * neither the service nor whoever holds the agent's machine can name an approver.
 */
import { concat, equal, Reader, toHex, uint } from './bytes.ts';
import { HASH_BYTES, isSigningKey, PUBLIC_KEY_BYTES, SIGNATURE_BYTES, sha256 } from './hash.ts';
import { type OrganisationId, VERSION } from './ids.ts';
import { idBytes, type MemberId } from './member.ts';
import { ok, type Result, refuse } from './result.ts';
import { openSigned, sign } from './signed.ts';
import { isTime } from './time.ts';

export const MAX_APPROVERS = 50;
const ID_BYTES = 16;
/** Stands for the root key where a signature names its member. */
const ROOT = new Uint8Array(ID_BYTES);

export interface Approver {
  readonly member: MemberId;
  /** Ed25519; the member's own signing key. */
  readonly key: Uint8Array;
}

export interface Roster {
  readonly organisation: OrganisationId;
  /** Counts from 1. */
  readonly number: number;
  /** Hash of the version before; null for the first. */
  readonly previous: Uint8Array | null;
  /** Seconds since 1970. */
  readonly issuedAt: number;
  /** How many of the approvers a scope needs; 1 to their number. */
  readonly quorum: number;
  /** Whether the one who drafted a scope may be its only approver: the choice of a company with one lawyer. */
  readonly drafterAlone: boolean;
  /** By ascending id; 2 to MAX_APPROVERS, or one who may approve alone. */
  readonly approvers: readonly Approver[];
}

export type RosterRefusal =
  | 'malformed'
  | 'bad_signature'
  | 'not_canonical'
  | 'equal_keys'
  | 'other_context'
  | 'wrong_number';

/** The bytes that are signed. */
export function rosterBytes(roster: Roster): Uint8Array {
  const approvers = [...roster.approvers].sort((a, b) => (a.member < b.member ? -1 : 1));
  return concat(
    uint(VERSION, 1),
    idBytes(roster.organisation),
    uint(roster.number, 4),
    roster.previous ?? new Uint8Array(HASH_BYTES),
    uint(roster.issuedAt, 8),
    uint(roster.quorum, 1),
    uint(roster.drafterAlone ? 1 : 0, 1),
    uint(approvers.length, 1),
    ...approvers.map(({ member, key }) => concat(idBytes(member), key)),
  );
}

/** One signature under a roster: the signer's id, zeros for the root key, and the signature. */
export function signRoster(bytes: Uint8Array, signer: MemberId | null, seed: Uint8Array): Uint8Array {
  return concat(signer ? idBytes(signer) : ROOT, sign('roster', bytes, seed).subarray(bytes.length));
}

/** A roster with its signatures, as it is stored and shown. */
export function packRoster(bytes: Uint8Array, signatures: readonly Uint8Array[]): Uint8Array {
  return concat(uint(bytes.length, 2), bytes, ...signatures);
}

/** The bytes that the signatures of a packed roster are over; null where it is cut. Nothing is checked. */
export function rosterBytesOf(packed: Uint8Array): Uint8Array | null {
  const reader = new Reader(packed);
  const bytes = reader.take(reader.uint(2));
  return reader.failed ? null : bytes;
}

/** Whether a packed roster names the root key as a signer; `openRoster` tells whether it signed. */
export function namesRoot(packed: Uint8Array): boolean {
  const reader = new Reader(packed);
  reader.take(reader.uint(2));
  while (!reader.failed && reader.remaining() > 0) {
    if (equal(reader.take(ID_BYTES), ROOT)) return true;
    reader.take(SIGNATURE_BYTES);
  }
  return false;
}

/** Hash of the signed bytes; what the next version refers to. The same whoever signed it. */
export function rosterHash(bytes: Uint8Array): Uint8Array {
  return sha256(bytes);
}

/**
 * Reads the next version of an organisation's roster. It has to follow `last`, which is null before the first, and be
 * signed by the root key or by enough approvers of `last`: its quorum, and two unless its drafter may approve alone.
 */
export function openRoster(
  packed: Uint8Array,
  organisation: OrganisationId,
  rootKey: Uint8Array,
  last: Roster | null,
): Result<Roster, RosterRefusal> {
  const bytes = rosterBytesOf(packed);
  const roster = bytes && readRoster(bytes, organisation);
  if (!bytes || !roster) return refuse('malformed');
  if (!equal(bytes.subarray(1, 1 + ID_BYTES), idBytes(organisation))) return refuse('other_context');
  if (!equal(rosterBytes(roster), bytes)) return refuse('not_canonical');
  // The root key stays away from daily work.
  if (roster.approvers.some(({ key }) => equal(key, rootKey))) return refuse('equal_keys');
  if (roster.number !== (last?.number ?? 0) + 1) return refuse('wrong_number');
  const follows = last
    ? roster.previous !== null && equal(roster.previous, rosterHash(rosterBytes(last)))
    : roster.previous === null;
  if (!follows) return refuse('other_context');
  const signers = signersOf(packed.subarray(2 + bytes.length), bytes, rootKey, last);
  if (!signers) return refuse('bad_signature');
  return signers.root || (last && signers.members >= successors(last)) ? ok(roster) : refuse('bad_signature');
}

/** Reads all versions from the first; null for none. */
export function openRosters(
  chain: readonly Uint8Array[],
  organisation: OrganisationId,
  rootKey: Uint8Array,
): Result<readonly Roster[], RosterRefusal> {
  const rosters: Roster[] = [];
  for (const packed of chain) {
    const next = openRoster(packed, organisation, rootKey, rosters.at(-1) ?? null);
    if (!next.ok) return next;
    rosters.push(next.value);
  }
  return ok(rosters);
}

/**
 * The same of a chain that was opened before it was stored: keys and signatures are not checked again, for a partner can
 * make it long and them many. Null where it is no chain.
 */
export function readRosters(
  chain: readonly Uint8Array[],
  organisation: OrganisationId,
): readonly Roster[] | null {
  const rosters: Roster[] = [];
  for (const packed of chain) {
    const bytes = rosterBytesOf(packed);
    const roster = bytes && decode(bytes, organisation);
    if (!roster) return null;
    rosters.push(roster);
  }
  return rosters;
}

/** How many approvers name the next ones. One alone would name themselves, and then approve what they drafted. */
function successors({ quorum, drafterAlone }: Roster): number {
  return drafterAlone ? quorum : Math.max(2, quorum);
}

/** The signing key of an approver, or null. */
export function approverKey(roster: Roster, member: MemberId): Uint8Array | null {
  return roster.approvers.find((approver) => approver.member === member)?.key ?? null;
}

/** Who signed; null where a signature is wrong, of a stranger, or there twice. */
function signersOf(
  packed: Uint8Array,
  bytes: Uint8Array,
  rootKey: Uint8Array,
  last: Roster | null,
): { readonly root: boolean; readonly members: number } | null {
  const reader = new Reader(packed);
  const seen = new Set<string>();
  let root = false;
  while (reader.remaining() > 0) {
    const id = reader.take(ID_BYTES);
    const signature = reader.take(SIGNATURE_BYTES);
    if (reader.failed || seen.has(toHex(id))) return null;
    seen.add(toHex(id));
    const isRoot = equal(id, ROOT);
    const key = isRoot ? rootKey : last && approverKey(last, memberOf(id));
    if (!key || !openSigned('roster', concat(bytes, signature), key).ok) return null;
    root ||= isRoot;
  }
  return { root, members: seen.size - (root ? 1 : 0) };
}

/** What a roster's bytes say, for showing it to whoever signs it; no signature is checked. Null where it is malformed. */
export function readRoster(bytes: Uint8Array, organisation: OrganisationId): Roster | null {
  const roster = decode(bytes, organisation);
  return roster?.approvers.every(({ key }) => isSigningKey(key)) ? roster : null;
}

/** All but whether the keys are keys, which takes longer than the rest. */
function decode(bytes: Uint8Array, organisation: OrganisationId): Roster | null {
  const reader = new Reader(bytes);
  const version = reader.uint(1);
  reader.take(ID_BYTES);
  const number = reader.uint(4);
  const previous = reader.take(HASH_BYTES);
  const issuedAt = reader.uint(8);
  const quorum = reader.uint(1);
  const drafterAlone = reader.uint(1);
  const count = reader.uint(1);
  if (reader.failed || count < 1 || count > MAX_APPROVERS) return null;
  const approvers = Array.from({ length: count }, () => ({
    member: memberOf(reader.take(ID_BYTES)),
    key: reader.take(PUBLIC_KEY_BYTES),
  }));
  if (!reader.done() || version !== VERSION || number < 1 || drafterAlone > 1 || !isTime(issuedAt))
    return null;
  // Nobody could approve what the only one drafts.
  if (count === 1 && drafterAlone === 0) return null;
  if (quorum < 1 || quorum > count) return null;
  // One person twice, or one key of two people, would make a quorum of one; zeros stand for root and agent.
  const distinct = [
    new Set(approvers.map(({ member }) => member).filter((member) => member !== memberOf(ROOT))),
    new Set(approvers.map(({ key }) => toHex(key))),
  ];
  if (distinct.some((set) => set.size !== count)) return null;
  return {
    organisation,
    number,
    previous: previous.every((byte) => byte === 0) ? null : previous,
    issuedAt,
    quorum,
    drafterAlone: drafterAlone === 1,
    approvers,
  };
}

function memberOf(id: Uint8Array): MemberId {
  return `mbr_${toHex(id)}` as MemberId;
}

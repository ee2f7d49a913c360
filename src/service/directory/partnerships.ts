/** Partnerships in the directory: invitation, acceptance, opening, and who is party of which. */
import { equal } from '../../../protocol/bytes.ts';
import { sha256 } from '../../../protocol/hash.ts';
import type { OrganisationId, PartnershipId, Side } from '../../../protocol/ids.ts';
import { type InvitationRefusal, readAcceptance, readOpening } from '../../../protocol/invitation.ts';
import { ok, type Result, refuse } from '../../../protocol/result.ts';
import type { ProblemCode } from '../problems.ts';
import type { Directory } from '../storage/directory.ts';

const INVITATION_MS = 14 * 24 * 3600_000;
const MAX_WAITING_INVITATIONS = 200;
/** A call is noted when the last note is older than this: unattended agents call every 30 s, and D1 bills each row written. */
const SEEN_MS = 3600_000;

export interface PartnershipRow {
  readonly id: PartnershipId;
  readonly founder: OrganisationId;
  readonly joiner: OrganisationId | null;
  readonly commitment: Uint8Array;
  readonly code_hash: Uint8Array;
  readonly acceptance: Uint8Array | null;
  readonly opening: Uint8Array | null;
  readonly created_ms: number;
  readonly expires_ms: number;
  readonly founder_seen_ms: number | null;
  readonly joiner_seen_ms: number | null;
  readonly founder_ending: Uint8Array | null;
  readonly joiner_ending: Uint8Array | null;
  /** From when on something may have to be cleared; null for never. */
  readonly due_ms: number | null;
  /** What stands of each side's scopes, as `standing` of partnership/restored.ts has it; 0 for nothing. */
  readonly founder_standing: number;
  readonly joiner_standing: number;
  /** Where the platform is to keep it; null for anywhere. */
  readonly jurisdiction: string | null;
}

export type PartnershipState = 'invited' | 'accepted' | 'opened' | 'ended';

export function stateOf(row: PartnershipRow): PartnershipState {
  if (row.founder_ending || row.joiner_ending) return 'ended';
  if (row.opening) return 'opened';
  return row.acceptance ? 'accepted' : 'invited';
}

/** The side of an organisation, or null where it is no party. */
export function sideIn(row: PartnershipRow, organisation: OrganisationId): Side | null {
  if (row.founder === organisation) return 'founder';
  return row.joiner === organisation ? 'joiner' : null;
}

export async function partnershipOf(directory: Directory, id: PartnershipId): Promise<PartnershipRow | null> {
  return (await directory.all<PartnershipRow>('select * from partnerships where id = ?', id))[0] ?? null;
}

/** All partnerships of an organisation, oldest first, with the partner's name where there is one. */
export async function partnershipsOf(
  directory: Directory,
  organisation: OrganisationId,
): Promise<(PartnershipRow & { readonly partner_name: string | null })[]> {
  return await directory.all(
    `select p.*, o.name as partner_name from partnerships p
     left join organisations o on o.id = case when p.founder = ? then p.joiner else p.founder end
     where p.founder = ? or p.joiner = ? order by p.created_ms, p.id`,
    organisation,
    organisation,
    organisation,
  );
}

/** Notes that a side's agent called. */
export async function noteSeen(
  directory: Directory,
  row: PartnershipRow,
  side: Side,
  nowMs: number,
): Promise<void> {
  const last = row[`${side}_seen_ms`];
  if (last !== null && nowMs - last < SEEN_MS) return;
  await directory.batch([[`update partnerships set ${side}_seen_ms = ? where id = ?`, nowMs, row.id]]);
}

/** Notes that something of a partnership may have to be cleared. */
export async function noteDue(directory: Directory, id: PartnershipId, dueMs: number): Promise<void> {
  await directory.batch([['update partnerships set due_ms = ? where id = ?', dueMs, id]]);
}

/** Notes when the next clearing is due, null for never, unless something else was noted since the row was read. */
export async function noteCleared(
  directory: Directory,
  row: PartnershipRow,
  dueMs: number | null,
): Promise<void> {
  const sql = 'update partnerships set due_ms = ? where id = ? and due_ms is ?';
  await directory.batch([[sql, dueMs, row.id, row.due_ms]]);
}

/** Partnerships of which something may have to be cleared, the longest due first. */
export async function duePartnerships(
  directory: Directory,
  nowMs: number,
  atMost: number,
): Promise<PartnershipRow[]> {
  const sql = 'select * from partnerships where due_ms <= ? order by due_ms limit ?';
  return await directory.all(sql, nowMs, atMost);
}

/** Notes what stands of a side's scopes now, which its partnership has stored; it never goes back. */
export async function noteStanding(
  directory: Directory,
  id: PartnershipId,
  side: Side,
  standing: number,
): Promise<void> {
  const column = `${side}_standing` as const;
  await directory.batch([
    [`update partnerships set ${column} = ? where id = ? and ${column} < ?`, standing, id, standing],
  ]);
}

export interface Invitation {
  readonly partnership: PartnershipId;
  /** Where the platform is to keep it. */
  readonly jurisdiction?: string | undefined;
  readonly commitment: Uint8Array;
  readonly codeHash: Uint8Array;
}

/** The founder's invitation. True where it is new. */
export async function invite(
  directory: Directory,
  founder: OrganisationId,
  invitation: Invitation,
  nowMs: number,
): Promise<Result<boolean, ProblemCode>> {
  const { partnership, commitment, codeHash, jurisdiction = null } = invitation;
  const [inserted] = await directory.batch([
    [
      `insert or ignore into partnerships
         (id, founder, commitment, code_hash, created_ms, expires_ms, jurisdiction)
       select ?, ?, ?, ?, ?, ?, ? where (select count(*) from partnerships
         where founder = ? and acceptance is null and expires_ms > ?) < ?`,
      partnership,
      founder,
      commitment,
      codeHash,
      nowMs,
      nowMs + INVITATION_MS,
      jurisdiction,
      founder,
      nowMs,
      MAX_WAITING_INVITATIONS,
    ],
  ]);
  if (inserted === 1) return ok(true);
  const row = await partnershipOf(directory, partnership);
  if (!row) return refuse('too_many_invitations');
  const side = sideIn(row, founder);
  if (!side) return refuse('not_found');
  if (side !== 'founder') return refuse('wrong_side');
  const isSame = equal(row.commitment, commitment) && equal(row.code_hash, codeHash);
  return isSame && row.jurisdiction === jurisdiction ? ok(false) : refuse('conflict');
}

/** The acceptance of whoever has the code and comes first. Without the code there is nothing to be seen. */
export async function acceptInvitation(
  directory: Directory,
  caller: OrganisationId,
  input: { readonly partnership: PartnershipId; readonly acceptance: Uint8Array; readonly code: Uint8Array },
  nowMs: number,
): Promise<Result<null, ProblemCode>> {
  const row = await partnershipOf(directory, input.partnership);
  if (row?.founder === caller) return refuse('wrong_side');
  if (!row || !equal(sha256(input.code), row.code_hash)) return refuse('not_found');
  if (row.acceptance) {
    if (row.joiner !== caller) return refuse('invitation_used');
    return equal(row.acceptance, input.acceptance) ? ok(null) : refuse('conflict');
  }
  if (stateOf(row) === 'ended') return refuse('partnership_ended');
  if (row.expires_ms <= nowMs) return refuse('invitation_expired');
  const read = readAcceptance(input.acceptance, row.id, row.commitment, nowMs);
  if (!read.ok) return refuse(problemOfInvitation(read.reason));
  if (read.value.certificate.organisation !== caller) return refuse('other_context');
  const [changed] = await directory.batch([
    [
      `update partnerships set joiner = ?, acceptance = ?
       where id = ? and acceptance is null and founder_ending is null`,
      caller,
      input.acceptance,
      row.id,
    ],
  ]);
  return changed === 1 ? ok(null) : refuse('invitation_used');
}

/** The founder's opening of its commitment. */
export async function openPartnership(
  directory: Directory,
  row: PartnershipRow,
  side: Side,
  opening: Uint8Array,
  nowMs: number,
): Promise<Result<null, ProblemCode>> {
  if (side !== 'founder') return refuse('wrong_side');
  if (stateOf(row) === 'ended') return refuse('partnership_ended');
  if (!row.acceptance) return refuse('not_accepted');
  if (row.opening) return equal(row.opening, opening) ? ok(null) : refuse('conflict');
  const read = readOpening(opening, row.id, row.commitment, row.acceptance, nowMs);
  if (!read.ok) return refuse(problemOfInvitation(read.reason));
  if (read.value.certificate.organisation !== row.founder) return refuse('other_context');
  const [changed] = await directory.batch([
    [
      'update partnerships set opening = ? where id = ? and opening is null and joiner_ending is null',
      opening,
      row.id,
    ],
  ]);
  return changed === 1 ? ok(null) : refuse('conflict');
}

/** Keeps a side's ending, which was checked before. The first one stays; the other side may still put its own. */
export async function keepEnding(
  directory: Directory,
  row: PartnershipRow,
  side: Side,
  ending: Uint8Array,
): Promise<Result<null, ProblemCode>> {
  const column = `${side}_ending` as const;
  await directory.batch([
    [`update partnerships set ${column} = ? where id = ? and ${column} is null`, ending, row.id],
  ]);
  const kept = (await partnershipOf(directory, row.id))?.[column];
  return kept && equal(kept, ending) ? ok(null) : refuse('conflict');
}

function problemOfInvitation(reason: InvitationRefusal): ProblemCode {
  switch (reason) {
    case 'malformed':
    case 'bad_signature':
      return reason;
    case 'expired':
    case 'not_yet_valid':
      return 'certificate_not_current';
    case 'other_partnership':
    case 'other_commitment':
    case 'other_acceptance':
      return 'other_context';
  }
}

/** The people of organisations: invitations, roles, the partners they work with, and their public keys. */
import { equal } from '../../../protocol/bytes.ts';
import { sha256 } from '../../../protocol/hash.ts';
import type { OrganisationId, PartnershipId } from '../../../protocol/ids.ts';
import { type MemberId, openMemberKeys, type Role } from '../../../protocol/member.ts';
import { ok, type Result, refuse } from '../../../protocol/result.ts';
import { passwordRefusal } from '../../wire/login.ts';
import { loginName } from '../auth/login.ts';
import type { ProblemCode } from '../problems.ts';
import type { Directory, Statement } from '../storage/directory.ts';
import { partnershipsOf } from './partnerships.ts';

const INVITATION_MS = 7 * 24 * 3600_000;
const MAX_WAITING_INVITATIONS = 200;

interface MemberRow {
  readonly id: MemberId;
  readonly organisation: OrganisationId;
  readonly role: Role;
  readonly all_partners: number;
  readonly code_hash: Uint8Array;
  readonly invited_ms: number;
  /** Until when the invitation can be answered. */
  readonly expires_ms: number;
  /** What stands from here on is null until the member joined, or is there. */
  readonly email: string | null;
  readonly keys: Uint8Array | null;
  readonly joined_ms: number | null;
  readonly removed_ms: number | null;
}

export interface Member extends MemberRow {
  /** Whom the member works with; null for all partners. */
  readonly partners: readonly PartnershipId[] | null;
  /** The member's newest vault key, as it was wrapped; null without one. */
  readonly wrap: { readonly number: number; readonly signed: Uint8Array } | null;
}

export interface MemberInvitation {
  readonly member: MemberId;
  readonly role: Role;
  readonly partners: readonly PartnershipId[] | null;
  readonly codeHash: Uint8Array;
}

export interface Joining {
  readonly member: MemberId;
  readonly code: Uint8Array;
  readonly email: string;
  readonly password: string;
  /** The signed keys. */
  readonly keys: Uint8Array;
}

/** How an e-mail address is stored and looked up. */
export function normalEmail(email: string): string {
  return email.normalize('NFC').trim().toLowerCase();
}

export async function memberOf(directory: Directory, id: MemberId): Promise<Member | null> {
  const row = (await directory.all<MemberRow>('select * from members where id = ?', id))[0];
  if (!row) return null;
  const [wrap] = await directory.all<WrapRow>(
    'select member, number, wrap from vault_wraps where member = ? order by number desc limit 1',
    id,
  );
  return { ...row, partners: await partnersOf(directory, row), wrap: wrapOf(wrap) };
}

/**
 * True until the first member of the organisation joined or it published a roster. Removing all of them does not bring it
 * back: else whoever holds the keyring could take their place.
 */
export async function isCompanyOfOne(directory: Directory, organisation: OrganisationId): Promise<boolean> {
  const rows = await directory.all(
    `select 1 where exists (select 1 from members where organisation = ? and joined_ms is not null)
       or exists (select 1 from rosters where organisation = ?)`,
    organisation,
    organisation,
  );
  return rows.length === 0;
}

/** Members of an organisation who joined and were removed since. */
export async function removedMembers(
  directory: Directory,
  organisation: OrganisationId,
): Promise<MemberId[]> {
  const sql =
    'select id from members where organisation = ? and removed_ms is not null and joined_ms is not null';
  return (await directory.all<{ id: MemberId }>(sql, organisation)).map(({ id }) => id);
}

/** All members of an organisation, those removed too, oldest first. */
export async function membersOf(directory: Directory, organisation: OrganisationId): Promise<Member[]> {
  const rows = await directory.all<MemberRow>(
    'select * from members where organisation = ? order by invited_ms, id',
    organisation,
  );
  const narrowed = await directory.all<{ member: MemberId; partnership: PartnershipId }>(
    `select p.member, p.partnership from member_partners p join members m on m.id = p.member
     where m.organisation = ? order by p.partnership`,
    organisation,
  );
  // The last of each member stays in the map: the newest.
  const wraps = await directory.all<WrapRow>(
    `select w.member, w.number, w.wrap from vault_wraps w join members m on m.id = w.member
     where m.organisation = ? order by w.number`,
    organisation,
  );
  const newest = new Map(wraps.map((wrap) => [wrap.member, wrap]));
  return rows.map((row) => ({
    ...row,
    wrap: wrapOf(newest.get(row.id)),
    partners: row.all_partners
      ? null
      : narrowed.filter(({ member }) => member === row.id).map(({ partnership }) => partnership),
  }));
}

interface WrapRow {
  readonly member: MemberId;
  readonly number: number;
  readonly wrap: Uint8Array;
}

function wrapOf(row: WrapRow | undefined): Member['wrap'] {
  return row ? { number: row.number, signed: row.wrap } : null;
}

async function partnersOf(directory: Directory, row: MemberRow): Promise<PartnershipId[] | null> {
  if (row.all_partners) return null;
  const rows = await directory.all<{ partnership: PartnershipId }>(
    'select partnership from member_partners where member = ? order by partnership',
    row.id,
  );
  return rows.map(({ partnership }) => partnership);
}

/** Invites somebody to a role. True where the invitation is new; the same again changes nothing. */
export async function inviteMember(
  directory: Directory,
  organisation: OrganisationId,
  invitation: MemberInvitation,
  nowMs: number,
): Promise<Result<boolean, ProblemCode>> {
  const { member, role, codeHash } = invitation;
  const partners = invitation.partners && [...new Set(invitation.partners)].sort();
  // Else somebody who works with one partner could invite somebody who works with all.
  if (role === 'admin' && partners) return refuse('invalid_request', 'an admin works with all partners');
  const known = await memberOf(directory, member);
  if (known) return sameInvitation(known, organisation, { ...invitation, partners });
  const own = new Set((await partnershipsOf(directory, organisation)).map(({ id }) => id));
  if (partners?.some((id) => !own.has(id))) return refuse('not_found');
  const [inserted] = await directory.batch([
    [
      `insert or ignore into members (id, organisation, role, all_partners, code_hash, invited_ms, expires_ms)
       select ?, ?, ?, ?, ?, ?, ? where (select count(*) from members
         where organisation = ? and joined_ms is null and removed_ms is null and expires_ms > ?) < ?`,
      member,
      organisation,
      role,
      partners ? 0 : 1,
      codeHash,
      nowMs,
      nowMs + INVITATION_MS,
      organisation,
      nowMs,
      MAX_WAITING_INVITATIONS,
    ],
    ...(partners ?? []).map(
      (partnership): Statement => [
        `insert or ignore into member_partners (member, partnership) select ?, ?
         where exists (select 1 from members where id = ? and organisation = ? and code_hash = ?)`,
        member,
        partnership,
        member,
        organisation,
        codeHash,
      ],
    ),
  ]);
  if (inserted === 1) return ok(true);
  const other = await memberOf(directory, member);
  return other
    ? sameInvitation(other, organisation, { ...invitation, partners })
    : refuse('too_many_invitations');
}

function sameInvitation(
  known: Member,
  organisation: OrganisationId,
  { role, partners, codeHash }: MemberInvitation,
): Result<boolean, ProblemCode> {
  if (known.organisation !== organisation) return refuse('not_found');
  const isSame =
    known.role === role &&
    equal(known.code_hash, codeHash) &&
    JSON.stringify(known.partners) === JSON.stringify(partners);
  return isSame ? ok(false) : refuse('conflict');
}

/**
 * Makes whoever has the code the member. Without it there is nothing to be seen. The same again changes nothing, so that
 * a lost answer can be asked for again; the password is then the first one's.
 */
export async function join(
  directory: Directory,
  joining: Joining,
  tools: { readonly nowMs: number; readonly hash: (password: string) => Promise<string> },
): Promise<Result<null, ProblemCode>> {
  const { member: id, keys, password } = joining;
  const email = normalEmail(joining.email);
  const row = await memberOf(directory, id);
  if (!row || row.removed_ms !== null || !equal(sha256(joining.code), row.code_hash)) {
    return refuse('not_found');
  }
  const isAgain = row.keys !== null && equal(row.keys, keys) && row.email === email;
  if (row.joined_ms !== null) return isAgain ? ok(null) : refuse('invitation_used');
  if (row.expires_ms <= tools.nowMs) return refuse('invitation_expired');
  const opened = openMemberKeys(keys, { organisation: row.organisation, member: id });
  if (!opened.ok) return opened;
  const weak = passwordRefusal(password, email);
  if (weak) return refuse('weak_password', weak);
  const taken = await directory.all(
    'select 1 from members where organisation = ? and email = ? and removed_ms is null',
    row.organisation,
    email,
  );
  if (taken.length > 0) return refuse('email_taken');
  const [joined] = await directory.batch(
    joinStatements(id, { email, keys, passwordHash: await tools.hash(password), nowMs: tools.nowMs }),
  );
  return joined === 1 ? ok(null) : refuse('invitation_used');
}

/** The invitation is used up first; what can be logged in with stands only where these keys are the ones that used it. */
function joinStatements(
  id: MemberId,
  joined: {
    readonly email: string;
    readonly keys: Uint8Array;
    readonly passwordHash: string;
    readonly nowMs: number;
  },
): Statement[] {
  const { email, keys, passwordHash, nowMs } = joined;
  const at = new Date(nowMs).toISOString();
  const ifJoined = 'where exists (select 1 from members where id = ? and keys = ?)';
  return [
    [
      `update or ignore members set email = ?, keys = ?, joined_ms = ?
       where id = ? and joined_ms is null and removed_ms is null and expires_ms > ?`,
      email,
      keys,
      nowMs,
      id,
      nowMs,
    ],
    [
      `insert or ignore into login_users (id, name, email, email_verified, created_at, updated_at)
       select ?, '', ?, 0, ?, ? ${ifJoined}`,
      id,
      loginName(id),
      at,
      at,
      id,
      keys,
    ],
    [
      `insert or ignore into login_accounts
         (id, account_id, provider_id, user_id, password, created_at, updated_at)
       select ?, ?, 'credential', ?, ?, ?, ? ${ifJoined}`,
      id,
      id,
      id,
      passwordHash,
      at,
      at,
      id,
      keys,
    ],
  ];
}

/** Takes a member out: invitation, password and sessions are void at once. What the member was stays readable. */
export async function removeMember(
  directory: Directory,
  organisation: OrganisationId,
  id: MemberId,
  nowMs: number,
): Promise<Result<null, ProblemCode>> {
  const row = await memberOf(directory, id);
  if (row?.organisation !== organisation) return refuse('not_found');
  await directory.batch([
    ['update members set removed_ms = ? where id = ? and removed_ms is null', nowMs, id],
    ['delete from login_users where id = ?', id],
    ['delete from vault_wraps where member = ?', id],
  ]);
  return ok(null);
}

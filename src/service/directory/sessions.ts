/** Sessions of people: made by password, ended by themselves, in time, or with the member. */
import { tuple, utf8 } from '../../../protocol/bytes.ts';
import { sha256 } from '../../../protocol/hash.ts';
import type { OrganisationId, PartnershipId } from '../../../protocol/ids.ts';
import type { MemberId, Role } from '../../../protocol/member.ts';
import { ok, type Result, refuse } from '../../../protocol/result.ts';
import type { Logins } from '../auth/login.ts';
import { storedToken } from '../auth/rows.ts';
import type { ProblemCode } from '../problems.ts';
import type { Directory } from '../storage/directory.ts';
import { normalEmail } from './members.ts';

const TOKEN_PREFIX = 'cgs_';
/** So many wrong passwords for one address are taken in this time, from whomever they come. */
const MAX_ATTEMPTS = 10;
const ATTEMPTS_MS = 15 * 60_000;

export interface Credentials {
  readonly organisation: OrganisationId;
  readonly email: string;
  readonly password: string;
}

export interface LoggedIn {
  readonly token: string;
  readonly expiresMs: number;
  readonly member: MemberId;
  readonly role: Role;
}

/** A refusal that says how long to wait. */
export interface TooManyAttempts {
  readonly waitMs: number;
}

/** A session for the right password. An address that nobody has is answered, counted and timed like a wrong password. */
export async function logIn(
  directory: Directory,
  logins: Logins,
  credentials: Credentials,
  nowMs: number,
): Promise<Result<LoggedIn | TooManyAttempts, ProblemCode>> {
  const { organisation, password } = credentials;
  const email = normalEmail(credentials.email);
  const name = sha256(tuple(utf8(organisation), utf8(email)));
  // Counted before the password is looked at, so that many at once are no more than many in a row.
  const [attempts] = await directory.all<{ count: number; until_ms: number }>(
    `insert into login_attempts (name, count, until_ms) values (?, 1, ?)
     on conflict (name) do update set
       count = case when until_ms <= ? then 1 else count + 1 end,
       until_ms = case when until_ms <= ? then excluded.until_ms else until_ms end
     returning count, until_ms`,
    name,
    nowMs + ATTEMPTS_MS,
    nowMs,
    nowMs,
  );
  if (!attempts || attempts.count > MAX_ATTEMPTS) {
    return ok({ waitMs: (attempts?.until_ms ?? nowMs + ATTEMPTS_MS) - nowMs });
  }
  const [member] = await directory.all<{ id: MemberId; role: Role }>(
    'select id, role from members where organisation = ? and email = ? and removed_ms is null',
    organisation,
    email,
  );
  const session = await logins.logIn(member?.id ?? null, password);
  if (!session || !member) return refuse('wrong_credentials');
  await directory.batch([['delete from login_attempts where name = ?', name]]);
  return ok({
    token: TOKEN_PREFIX + session.token,
    expiresMs: session.expiresMs,
    member: member.id,
    role: member.role,
  });
}

/** Who is logged in, for one request. */
export interface SessionOwner {
  readonly organisation: OrganisationId;
  readonly member: MemberId;
  readonly role: Role;
  /** Names the session; it is no secret. */
  readonly session: string;
}

/** Whose session it is, while it lasts and the member is one. */
export async function sessionOwner(
  directory: Directory,
  token: string,
  nowMs: number,
): Promise<SessionOwner | null> {
  const rows = await directory.all<SessionOwner>(
    `select m.organisation, m.id as member, m.role, s.token as session
     from login_sessions s join members m on m.id = s.user_id
     where s.token = ? and s.expires_at > ? and m.removed_ms is null`,
    storedToken(token.slice(TOKEN_PREFIX.length)),
    new Date(nowMs).toISOString(),
  );
  return rows[0] ?? null;
}

/** Ends one session of a member, or all of them. */
export async function logOut(directory: Directory, member: MemberId, session: string | null): Promise<void> {
  await directory.batch([
    session === null
      ? ['delete from login_sessions where user_id = ?', member]
      : ['delete from login_sessions where user_id = ? and token = ?', member, session],
  ]);
}

/** True where a member may work in a partnership of the organisation, as far as the organisation narrowed the role. */
export async function worksIn(
  directory: Directory,
  member: MemberId,
  partnership: PartnershipId,
): Promise<boolean> {
  const rows = await directory.all(
    `select 1 from members m where m.id = ? and (m.all_partners = 1 or exists
       (select 1 from member_partners p where p.member = m.id and p.partnership = ?))`,
    member,
    partnership,
  );
  return rows.length > 0;
}

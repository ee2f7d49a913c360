/** The text that makes somebody a member: where, of what, and a code that serves once. It is a secret until then. */
import * as z from 'zod';
import { fromBase64url, toBase64url, utf8 } from '../../../protocol/bytes.ts';
import { type OrganisationId, parseOrganisationId } from '../../../protocol/ids.ts';
import { type MemberId, parseMemberId, ROLES, type Role } from '../../../protocol/member.ts';
import { Problem } from '../problem.ts';

const PREFIX = 'commonground-member:1:';
const CODE_BYTES = 16;

export interface MemberInvitation {
  readonly service: string;
  readonly organisation: OrganisationId;
  /** What the organisation calls itself. */
  readonly name: string;
  readonly member: MemberId;
  readonly role: Role;
  readonly code: Uint8Array;
}

const content = z.strictObject({
  service: z.url(),
  organisation: z.string(),
  name: z.string(),
  member: z.string(),
  role: z.enum(ROLES),
  code: z.string(),
});

/** How many bytes of randomness are in a code. */
export const MEMBER_CODE_BYTES = CODE_BYTES;

export function writeMemberInvitation(invitation: MemberInvitation): string {
  const text = JSON.stringify({ ...invitation, code: toBase64url(invitation.code) });
  return PREFIX + toBase64url(utf8(text));
}

/** Reads an invitation as it was pasted. */
export function readMemberInvitation(text: string): MemberInvitation {
  const bad = new Problem(
    'bad_input',
    'this is not an invitation of a member',
    `it starts with ${PREFIX} and is one line; paste it whole`,
  );
  const compact = text.replace(/\s+/g, '');
  const bytes = compact.startsWith(PREFIX) ? fromBase64url(compact.slice(PREFIX.length)) : null;
  if (!bytes) throw bad;
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    throw bad;
  }
  const parsed = content.safeParse(json);
  const organisation = parsed.success ? parseOrganisationId(parsed.data.organisation) : null;
  const member = parsed.success ? parseMemberId(parsed.data.member) : null;
  const code = parsed.success ? fromBase64url(parsed.data.code) : null;
  if (!parsed.success || !organisation || !member || code?.length !== CODE_BYTES) throw bad;
  const { service, name, role } = parsed.data;
  if (!/^https?:/.test(service)) throw bad;
  return { service, organisation, name, member, role, code };
}

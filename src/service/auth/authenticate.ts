/** Who calls: the only place that turns a request into a principal. */
import type { OrganisationId } from '../../../protocol/ids.ts';
import type { Caller } from '../../wire/permissions.ts';
import { tokenOwner } from '../directory/logins.ts';
import { type SessionOwner, sessionOwner } from '../directory/sessions.ts';
import type { Directory } from '../storage/directory.ts';

/** An authenticated caller: an organisation's program, or one of its people. */
export type Principal =
  | { readonly kind: 'agent'; readonly organisation: OrganisationId }
  | ({ readonly kind: 'member' } & SessionOwner);

/** The principal of a request with a valid bearer token, else null. */
export async function authenticate(
  directory: Directory,
  request: Request,
  nowMs: number,
): Promise<Principal | null> {
  const header = request.headers.get('authorization') ?? '';
  const token = /^Bearer (cgt_[A-Za-z0-9_-]{43}|cgs_[A-Za-z0-9]{32})$/.exec(header)?.[1];
  if (token?.startsWith('cgt_')) {
    const organisation = await tokenOwner(directory, token, nowMs);
    return organisation && { kind: 'agent', organisation };
  }
  const owner = token === undefined ? null : await sessionOwner(directory, token, nowMs);
  return owner && { kind: 'member', ...owner };
}

/** What the table of permissions calls it. */
export function callerOf(principal: Principal): Caller {
  return principal.kind === 'agent' ? 'agent' : principal.role;
}

/** Who is counted where calls are limited: people do not use up what their organisation's program needs. */
export function countedOf(principal: Principal): `organisation ${string}` | `member ${string}` {
  return principal.kind === 'agent' ? `organisation ${principal.organisation}` : `member ${principal.member}`;
}

/** Who calls: the only place that turns a request into a principal. */
import type { OrganisationId } from '../../../protocol/ids.ts';
import { tokenOwner } from '../directory/logins.ts';
import type { Directory } from '../storage/directory.ts';
import type { Caller } from './permissions.ts';

/** An authenticated caller. */
export interface Principal {
  readonly kind: 'agent';
  readonly organisation: OrganisationId;
}

/** The principal of a request with a valid bearer token, else null. */
export async function authenticate(
  directory: Directory,
  request: Request,
  nowMs: number,
): Promise<Principal | null> {
  const token = /^Bearer (cgt_[A-Za-z0-9_-]{43})$/.exec(request.headers.get('authorization') ?? '')?.[1];
  const organisation = token === undefined ? null : await tokenOwner(directory, token, nowMs);
  return organisation && { kind: 'agent', organisation };
}

/** What the table of permissions calls it. */
export function callerOf(principal: Principal): Caller {
  return principal.kind;
}

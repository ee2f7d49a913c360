/** Who calls: the only place that turns a request into a principal. */
import type { OrganisationId } from '../../../protocol/ids.ts';
import { tokenOwner } from '../directory/logins.ts';
import type { Directory } from '../storage/directory.ts';

/** An authenticated caller. */
export interface Principal {
  readonly organisation: OrganisationId;
  readonly role: 'agent';
}

/** What may be asked without a token, in classes that are limited apart; all else under /v1 needs one. */
const PUBLIC: readonly (readonly [method: string, path: RegExp, routeClass: string])[] = [
  ['GET', /^\/v1\/service$/, 'service'],
  ['PUT', /^\/v1\/organisations\/[^/]+$/, 'registration'],
  ['POST', /^\/v1\/login\/challenges$/, 'login'],
  ['POST', /^\/v1\/login\/tokens$/, 'login'],
];

/** The class of a request that needs no token, else null. */
export function publicClass(method: string, path: string): string | null {
  const found = PUBLIC.find(([publicMethod, pattern]) => publicMethod === method && pattern.test(path));
  return found?.[2] ?? null;
}

/** The principal of a request with a valid bearer token, else null. */
export async function authenticate(
  directory: Directory,
  request: Request,
  nowMs: number,
): Promise<Principal | null> {
  const token = /^Bearer (cgt_[A-Za-z0-9_-]{43})$/.exec(request.headers.get('authorization') ?? '')?.[1];
  const organisation = token === undefined ? null : await tokenOwner(directory, token, nowMs);
  return organisation && { organisation, role: 'agent' };
}

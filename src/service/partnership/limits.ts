/** An organisation's own limits: what its people of a role may at most be shown in this partnership, whatever is granted. */
import { type Side, sideNumber } from '../../../protocol/ids.ts';
import { VIEWER_ROLES, type ViewerRole } from '../../../protocol/member.ts';
import { ok, type Result } from '../../../protocol/result.ts';
import type { CellGrant } from '../../../protocol/scope.ts';
import type { ProblemCode } from '../problems.ts';
import { first, type PartnershipStore } from '../storage/partnership.ts';
import type { OperationContext } from './context.ts';

export type Limits = Readonly<Record<ViewerRole, CellGrant | null>>;

export const NO_LIMITS: Limits = { sales: null, 'clean-team': null };

/** Sets the caller's limit for a role in the place of the one before. */
export function putLimit(
  { store, caller }: OperationContext,
  { role, level, fields, whiteSpace, review }: CellGrant & { readonly role: ViewerRole },
): Result<null, ProblemCode> {
  const given = JSON.stringify({ level, fields, whiteSpace, review });
  store.run(
    'insert or replace into limits (side, role, given) values (?, ?, ?)',
    sideNumber(caller),
    role,
    given,
  );
  return ok(null);
}

/** Takes the caller's limit for a role away. Again changes nothing. */
export function deleteLimit(
  { store, caller }: OperationContext,
  { role }: { readonly role: ViewerRole },
): Result<null, ProblemCode> {
  store.run('delete from limits where side = ? and role = ?', sideNumber(caller), role);
  return ok(null);
}

/** A side's own limit for its people of a role; null where it set none. */
export function limitOf(store: PartnershipStore, side: Side, role: ViewerRole): CellGrant | null {
  const sql = 'select given from limits where side = ? and role = ?';
  const row = first<{ given: string }>(store, sql, sideNumber(side), role);
  return row ? (JSON.parse(row.given) as CellGrant) : null;
}

/** All of a side's own limits. */
export function limitsOf(store: PartnershipStore, side: Side): Limits {
  const limits = VIEWER_ROLES.map((role) => [role, limitOf(store, side, role)] as const);
  return Object.fromEntries(limits) as Limits;
}

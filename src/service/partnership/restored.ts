/**
 * After a restore from a backup: the directory knows what was accepted, revoked and ended since, and it holds before
 * anything is answered. The scopes are put again, or newer ones.
 */
import { type Side, sideNumber } from '../../../protocol/ids.ts';
import { first, type PartnershipStore } from '../storage/partnership.ts';
import { withdraw } from './clearing.ts';
import { isEnded, type OperationContext, sideRow } from './context.ts';
import { end } from './ending.ts';

/** Ends what was ended, and takes the rows of a side of whose scopes something is lost. True where something was taken. */
export function reapply(context: OperationContext): boolean {
  const { store, known } = context;
  if (!known) return false;
  if (known.isEnded && !isEnded(store)) {
    end(context, {});
    return true;
  }
  const sides: readonly Side[] = ['founder', 'joiner'];
  const lost = sides.filter((side) => standing(store, side) < known.standing[side] && hasRows(store, side));
  for (const side of lost) withdraw(store, side);
  return lost.length > 0;
}

/**
 * What stands of a side's scopes, as one number that only rises: twice the number of the newest version that was accepted,
 * and one more where that is revoked; 0 for none.
 */
export function standing(store: PartnershipStore, side: Side): number {
  const sql = `select number, revoked_ms from scopes where side = ? and accepted_ms is not null
    order by number desc limit 1`;
  const newest = first<{ number: number; revoked_ms: number | null }>(store, sql, sideNumber(side));
  return newest ? 2 * newest.number + (newest.revoked_ms === null ? 0 : 1) : 0;
}

function hasRows(store: PartnershipStore, side: Side): boolean {
  const { active_submission, pending_submission, matching_submission } = sideRow(store, side);
  return [active_submission, pending_submission, matching_submission].some((number) => number !== null);
}

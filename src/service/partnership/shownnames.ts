/**
 * Accounts of which white space showed the name this month, whoever of the partner's people asked and whatever
 * submission it was sealed in: a handle stays an account's over all of them, so sending a list again refills nothing.
 */
import { sideNumber } from '../../../protocol/ids.ts';
import { first, type PartnershipStore } from '../storage/partnership.ts';
import type { Ground } from './cells.ts';
import type { OperationContext } from './context.ts';
import { monthAt } from './month.ts';

/** Above every handle. */
const NO_BOUND = new Uint8Array(17).fill(0xff);

/** What the month has left of a side's names. */
export interface Allowance {
  /** How many accounts more may be named. */
  readonly left: number;
  /** Of those named already the ones below this handle may be named again: all, unless the scope's number went down. */
  readonly bound: Uint8Array;
}

/** Deletes what was shown in the months before. */
export function forgetShownNames(store: PartnershipStore, nowMs: number): void {
  store.run('delete from shown_names where month < ?', monthAt(nowMs).number);
}

export function allowanceOf({ store, nowMs }: OperationContext, ground: Ground): Allowance {
  forgetShownNames(store, nowMs);
  const { theirs, namesPerMonth } = ground;
  const side = sideNumber(theirs.side);
  const shown = first<{ n: number }>(store, 'select count(*) as n from shown_names where side = ?', side);
  const sql = 'select handle from shown_names where side = ? order by handle limit 1 offset ?';
  const beyond = first<{ handle: Uint8Array }>(store, sql, side, namesPerMonth);
  return { left: Math.max(0, namesPerMonth - (shown?.n ?? 0)), bound: beyond?.handle ?? NO_BOUND };
}

/** Notes accounts of which the name is shown for the first time in the month. */
export function noteShownNames(
  { store, nowMs }: OperationContext,
  { theirs }: Ground,
  handles: readonly Uint8Array[],
): void {
  const { number } = monthAt(nowMs);
  const sql = 'insert into shown_names (side, handle, month) values (?, ?, ?)';
  for (const handle of handles) store.run(sql, sideNumber(theirs.side), handle, number);
}

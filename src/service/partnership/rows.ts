/** The rows of a submission's generation. */
import { type Side, sideNumber } from '../../../protocol/ids.ts';
import type { PartnershipStore } from '../storage/partnership.ts';
import { discardRows } from './garbage.ts';

/** Gives up a submission with all its rows. */
export function dropGeneration(store: PartnershipStore, side: Side, number: number): void {
  discardRows(store, side, { from: number, to: number });
  for (const table of ['submission_chunks', 'submissions']) {
    store.run(`delete from ${table} where side = ? and number = ?`, sideNumber(side), number);
  }
}

/** Drops the pending submission of a side, if it has one; its number stays used. */
export function dropPending(store: PartnershipStore, side: Side, pending: number | null): void {
  if (pending === null) return;
  dropGeneration(store, side, pending);
  store.run('update sides set pending_submission = null where side = ?', sideNumber(side));
}

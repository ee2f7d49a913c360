/** The run that matches: which submissions it reads, how far it has come, and how it is given up. */
import { type Side, sideNumber } from '../../../protocol/ids.ts';
import { first, type PartnershipStore } from '../storage/partnership.ts';
import { sideRow } from './context.ts';
import { discardTables } from './garbage.ts';
import { dropGeneration } from './rows.ts';
import { discardShown } from './shownpairs.ts';

/** What a run works with, which no answer is given from. */
export const WORKED_WITH = ['matches', 'pairs', 'crowded'] as const;

export interface Run {
  readonly side: number;
  readonly number: number;
  readonly founder: number | null;
  readonly joiner: number | null;
  readonly stage: string;
  readonly after: Uint8Array;
}

/** The run under way; there is one at a time. */
export function runOf(store: PartnershipStore): Run | undefined {
  return first<Run>(store, 'select * from run');
}

/** Number of the snapshot that the next run to finish makes. */
export function nextSnapshot(store: PartnershipStore): number {
  const last = first<{ number: number | null }>(store, 'select max(number) as number from snapshots');
  return (last?.number ?? 0) + 1;
}

/** Ends the run that matches, if it is of this submission or reads it; what it made is deleted. */
export function abandon(store: PartnershipStore, side: Side, number: number): void {
  if (runOf(store)?.[side] === number) cancel(store);
  if (number !== sideRow(store, side).matching_submission) return;
  dropGeneration(store, side, number);
  store.run('update sides set matching_submission = null where side = ?', sideNumber(side));
}

/** Ends the run that matches, whatever it matches. */
export function cancel(store: PartnershipStore): void {
  if (store.run('delete from run') === 0) return;
  discardTables(store, WORKED_WITH);
  const made = nextSnapshot(store);
  discardShown(store, { from: made, to: made });
}

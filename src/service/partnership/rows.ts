/** The rows of a submission's generation. */
import { type Side, sideNumber } from '../../../protocol/ids.ts';
import { RECORD_TYPES, type RecordType } from '../../../protocol/submission.ts';
import type { PartnershipStore } from '../storage/partnership.ts';

/** What tells the rows of one generation apart. */
const KEYS: Readonly<Record<RecordType, string>> = {
  accounts: 'handle',
  tags: 'tag, handle',
  boxes: 'tag, handle, population',
  wraps: 'tag, handle',
  fields: 'handle, field',
  names: 'handle, population',
};

/** Deletes a submission with all its rows. */
export function dropGeneration(store: PartnershipStore, side: Side, number: number): void {
  for (const table of RECORD_TYPES) {
    store.run(`delete from ${table} where side = ? and generation = ?`, sideNumber(side), number);
  }
  for (const table of ['submission_chunks', 'submissions']) {
    store.run(`delete from ${table} where side = ? and number = ?`, sideNumber(side), number);
  }
}

/** Deletes at most so many rows of a generation from these tables, and gives how many it were. */
export function dropRows(
  store: PartnershipStore,
  tables: readonly RecordType[],
  side: Side,
  number: number,
  atMost: number,
): number {
  let left = atMost;
  for (const table of tables) {
    const key = `side, generation, ${KEYS[table]}`;
    left -= store.run(
      `delete from ${table} where (${key}) in
         (select ${key} from ${table} where side = ? and generation = ? limit ?)`,
      sideNumber(side),
      number,
      left,
    );
  }
  return atMost - left;
}

/** Drops the pending submission of a side, if it has one; its number stays used. */
export function dropPending(store: PartnershipStore, side: Side, pending: number | null): void {
  if (pending === null) return;
  dropGeneration(store, side, pending);
  store.run('update sides set pending_submission = null where side = ?', sideNumber(side));
}

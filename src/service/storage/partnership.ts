/**
 * The partnership port: one SQLite database a partnership, synchronous, with an atomic section. What holds on every
 * adapter: at most 100 parameters, blobs of at most 2 MB, plain `?`, no BEGIN, no temporary tables.
 */

/** What a parameter can be. */
export type StoreValue = string | number | null | Uint8Array;

export interface PartnershipStore {
  /** All rows; blobs come back as Uint8Array. The row's shape is the query's business. */
  all<Row>(sql: string, ...parameters: readonly StoreValue[]): Row[];
  /** Writes, and gives the number of rows changed. */
  run(sql: string, ...parameters: readonly StoreValue[]): number;
  /** Commits all of the work or, when it throws, nothing. */
  atomic<Value>(work: () => Value): Value;
}

/** The first row, if there is one. */
export function first<Row>(
  store: PartnershipStore,
  sql: string,
  ...parameters: readonly StoreValue[]
): Row | undefined {
  return store.all<Row>(sql, ...parameters)[0];
}

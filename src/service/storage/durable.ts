/** The partnership port on a Durable Object's own SQLite. Nothing here is of Node. */
import { migrate } from '../../migration.ts';
import type { PartnershipStore, StoreValue } from './partnership.ts';
import { PARTNERSHIP_MIGRATIONS } from './schema.ts';

/** What is used of a Durable Object's storage. */
export interface DurableStorage {
  readonly sql: {
    exec(
      sql: string,
      ...parameters: readonly StoreValue[]
    ): { toArray(): Record<string, unknown>[]; readonly rowsWritten: number };
  };
  transactionSync<Value>(work: () => Value): Value;
  /** When the object is woken, milliseconds since 1970. */
  getAlarm(): Promise<number | null>;
  setAlarm(atMs: number): Promise<void>;
  /** Deletes the whole database, its tables too. */
  deleteAll(): Promise<void>;
}

/** The store of the object that the storage belongs to, its schema up to date. */
export function durablePartnershipStore(storage: DurableStorage): PartnershipStore {
  const { sql } = storage;
  const store: PartnershipStore = {
    all: <Row>(query: string, ...parameters: readonly StoreValue[]) =>
      sql
        .exec(query, ...parameters)
        .toArray()
        .map((row) => plain<Row>(row)),
    run(query, ...parameters) {
      sql.exec(query, ...parameters).toArray();
      // The cursor counts written index entries too; SQLite itself counts rows.
      return Number(sql.exec('select changes() as changes').toArray()[0]?.changes ?? 0);
    },
    atomic: (work) => storage.transactionSync(work),
  };
  migrate(
    {
      ...store,
      exec: (statements) => void sql.exec(statements).toArray(),
      transaction: (work) => store.atomic(work),
    },
    PARTNERSHIP_MIGRATIONS,
  );
  return store;
}

/** The row with its ArrayBuffers as Uint8Arrays. */
function plain<Row>(row: Record<string, unknown>): Row {
  for (const [name, value] of Object.entries(row)) {
    if (value instanceof ArrayBuffer) row[name] = new Uint8Array(value);
  }
  return row as Row;
}

/** SQLite files. The only importer of better-sqlite3. */
import { closeSync, openSync } from 'node:fs';
import BetterSqlite from 'better-sqlite3';

export { migrate } from './migration.ts';

/** What a parameter can be. Booleans are numbers in SQLite. */
export type SqlValue = string | number | bigint | null | Uint8Array;

/** An open database. Everything is synchronous; blobs go in and come back as Uint8Array. */
export interface Sqlite {
  /** All rows. The row's shape is the query's business. */
  all<Row>(sql: string, ...parameters: readonly SqlValue[]): Row[];
  /** The first row, if there is one. */
  get<Row>(sql: string, ...parameters: readonly SqlValue[]): Row | undefined;
  /** Rows one by one, for more than memory should hold. */
  iterate<Row>(sql: string, ...parameters: readonly SqlValue[]): IterableIterator<Row>;
  /** Writes, and gives the number of rows changed. */
  run(sql: string, ...parameters: readonly SqlValue[]): number;
  /** Several statements without parameters. */
  exec(sql: string): void;
  /** Commits all of the work or, when it throws, nothing. Within another transaction it is a savepoint. */
  transaction<Value>(work: () => Value): Value;
  /** Rewrites the file so that nothing of what was deleted is left in it. */
  compact(): void;
  /** Writes a consistent copy to a new file, which only its owner can read; the file must not exist. */
  copyTo(path: string): void;
  close(): void;
}

export interface SqliteOptions {
  /** How long to wait for another process's lock, milliseconds. */
  readonly busyTimeoutMs?: number;
  /** Where temporary tables and long sorts stand; on disk in a nameless file of the system's temporary folder. */
  readonly temporary?: 'memory' | 'disk';
}

const CACHED_STATEMENTS = 200;

/**
 * Opens or creates the file, readable by its owner only. A commit is on the disk when it returns (WAL with
 * synchronous=FULL): budgets and ledgers rest on it that what was answered cannot be forgotten by a power cut.
 */
export function openDatabase(path: string, options: SqliteOptions = {}): Sqlite {
  // SQLite gives its -wal and -shm files the mode of the database file.
  if (path !== ':memory:') closeSync(openSync(path, 'a', 0o600));
  const busyTimeoutMs = options.busyTimeoutMs ?? 5000;
  const database = new BetterSqlite(path, { timeout: busyTimeoutMs });
  switchToWal(database, busyTimeoutMs);
  database.pragma('synchronous = FULL');
  database.pragma('foreign_keys = ON');
  // What is deleted is overwritten: elements that served, revoked rows, the keys of an ended epoch.
  database.pragma('secure_delete = ON');
  database.pragma(`temp_store = ${options.temporary === 'disk' ? 'FILE' : 'MEMORY'}`);
  const prepared = new Map<string, BetterSqlite.Statement>();

  function statement(sql: string): BetterSqlite.Statement {
    const known = prepared.get(sql);
    if (known) return known;
    const [oldest] = prepared.keys();
    if (prepared.size >= CACHED_STATEMENTS && oldest !== undefined) prepared.delete(oldest);
    const made = database.prepare(sql);
    prepared.set(sql, made);
    return made;
  }

  return {
    all<Row>(sql: string, ...parameters: readonly SqlValue[]) {
      return statement(sql)
        .all(...parameters)
        .map((row) => plain<Row>(row));
    },
    get<Row>(sql: string, ...parameters: readonly SqlValue[]) {
      const row = statement(sql).get(...parameters);
      return row === undefined ? undefined : plain<Row>(row);
    },
    *iterate<Row>(sql: string, ...parameters: readonly SqlValue[]) {
      // A cached statement could be asked for again while it still runs.
      for (const row of database.prepare(sql).iterate(...parameters)) yield plain<Row>(row);
    },
    run: (sql, ...parameters) => statement(sql).run(...parameters).changes,
    exec: (sql) => void database.exec(sql),
    transaction: (work) => database.transaction(work).immediate(),
    compact() {
      database.exec('vacuum');
      database.pragma('wal_checkpoint(truncate)');
    },
    copyTo(copy) {
      closeSync(openSync(copy, 'wx', 0o600));
      database.prepare('vacuum into ?').run(copy);
    },
    close: () => void database.close(),
  };
}

const RETRY_MS = 10;

/** SQLite's own waiting does not cover the switch: it fails at once where another process makes the same new file. */
function switchToWal(database: BetterSqlite.Database, timeoutMs: number): void {
  for (let waitedMs = 0; ; waitedMs += RETRY_MS) {
    try {
      database.pragma('journal_mode = WAL');
      return;
    } catch (error) {
      const { code } = error as { code?: string };
      const isPassing = code?.startsWith('SQLITE_BUSY') || code === 'SQLITE_PROTOCOL';
      if (!isPassing || waitedMs >= timeoutMs) throw error;
    }
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, RETRY_MS);
  }
}

/** The row with its Buffers as the Uint8Arrays that they are underneath. */
function plain<Row>(row: unknown): Row {
  const record = row as Record<string, unknown>;
  for (const name in record) {
    const value = record[name];
    // Most values are none, and asked for their type in no time.
    if (typeof value === 'object' && Buffer.isBuffer(value)) {
      record[name] = new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
    }
  }
  return record as Row;
}

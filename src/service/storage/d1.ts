/** The directory port on Cloudflare's D1. Nothing here is of Node. */
import { NEWER_SCHEMA } from '../../migration.ts';
import { DIRECTORY_MIGRATIONS, type Directory, type DirectoryValue, type Statement } from './directory.ts';

/** What is used of a D1 database. */
export interface D1 {
  prepare(sql: string): D1Statement;
  /** Runs all of the statements or none. */
  batch(statements: readonly D1Statement[]): Promise<readonly D1Answer[]>;
}

interface D1Statement {
  bind(...parameters: readonly DirectoryValue[]): D1Statement;
  all(): Promise<D1Answer>;
}

interface D1Answer {
  readonly results: readonly Record<string, unknown>[];
  readonly meta: { readonly changes: number };
}

/** The directory, its schema up to date: whoever asks first brings it there, and all others wait for that. */
export function d1Directory(database: D1): Directory {
  let migrated: Promise<void> | null = null;
  const ready = () => {
    migrated ??= migrateD1(database).catch((error: unknown) => {
      // The next request tries again.
      migrated = null;
      throw error;
    });
    return migrated;
  };
  const prepared = ([sql, ...parameters]: Statement) => database.prepare(sql).bind(...parameters);
  return {
    async all<Row>(...statement: Statement) {
      await ready();
      const { results } = await prepared(statement).all();
      return results.map((row) => plain<Row>(row));
    },
    async batch(statements) {
      if (statements.length === 0) return [];
      await ready();
      return (await database.batch(statements.map(prepared))).map(({ meta }) => meta.changes);
    },
  };
}

/** Each migration and its number commit together, so of two that start at once one finds it done. */
async function migrateD1(database: D1): Promise<void> {
  const newest = DIRECTORY_MIGRATIONS.length;
  for (;;) {
    const version = await schemaVersion(database);
    if (version > newest) {
      const text = `the directory has schema version ${version}, newer than ${newest}`;
      throw Object.assign(new Error(text), { code: NEWER_SCHEMA });
    }
    if (version === newest) return;
    const statements = [
      ...statementsOf(DIRECTORY_MIGRATIONS[version] ?? ''),
      'delete from schema_version',
      `insert into schema_version (version) values (${version + 1})`,
    ];
    try {
      await database.batch(statements.map((sql) => database.prepare(sql)));
    } catch (error) {
      if ((await schemaVersion(database)) === version) throw error;
    }
  }
}

async function schemaVersion(database: D1): Promise<number> {
  const [, answer] = await database.batch([
    database.prepare('create table if not exists schema_version (version integer not null) strict'),
    database.prepare('select version from schema_version'),
  ]);
  return Number(answer?.results[0]?.version ?? 0);
}

/** The single statements of a migration; none of them has a semicolon within. */
function statementsOf(migration: string): string[] {
  return migration
    .split(';')
    .map((sql) => sql.trim())
    .filter((sql) => sql !== '');
}

/** The row with its blobs, which D1 gives as arrays of numbers, as Uint8Arrays. No other value is an array. */
function plain<Row>(row: Record<string, unknown>): Row {
  for (const [name, value] of Object.entries(row)) {
    if (Array.isArray(value)) row[name] = Uint8Array.from(value as number[]);
    else if (value instanceof ArrayBuffer) row[name] = new Uint8Array(value);
  }
  return row as Row;
}

/** Migrations that run alike on every SQLite: a numbered list, applied once each, in order. */

/** Code of the error where the program is older than its database. */
export const NEWER_SCHEMA = 'NEWER_SCHEMA';

/** What a migration needs of a database. */
export interface Migratable {
  all<Row>(sql: string, ...parameters: readonly number[]): Row[];
  run(sql: string, ...parameters: readonly number[]): number;
  /** Several statements without parameters. */
  exec(sql: string): void;
  transaction<Value>(work: () => Value): Value;
}

/**
 * Brings a database to the newest version, which is the length of the list. Each migration and its number commit
 * together. Throws where the database is newer than the program.
 */
export function migrate(database: Migratable, migrations: readonly string[]): void {
  database.exec('create table if not exists schema_version (version integer not null) strict');
  while (version(database) !== migrations.length) {
    database.transaction(() => {
      // Read again behind the lock: another process may have opened the same new file.
      const last = version(database);
      if (last > migrations.length) {
        const text = `the database has schema version ${last}, newer than ${migrations.length}`;
        throw Object.assign(new Error(text), { code: NEWER_SCHEMA });
      }
      if (last === migrations.length) return;
      database.exec(migrations[last] ?? '');
      database.run('delete from schema_version');
      database.run('insert into schema_version (version) values (?)', last + 1);
    });
  }
}

function version(database: Migratable): number {
  return database.all<{ version: number }>('select version from schema_version')[0]?.version ?? 0;
}

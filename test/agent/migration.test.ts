import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { type Migratable, migrate } from '../../src/migration.ts';
import { openDatabase } from '../../src/sqlite.ts';

test('two that open a new database at once apply each migration once', () => {
  const folder = mkdtempSync(join(tmpdir(), 'commonground-migration-'));
  const migrations = ['create table a (x integer) strict', 'create table b (x integer) strict'];
  try {
    const path = join(folder, 'new.db');
    const [first, second] = [openDatabase(path), openDatabase(path)];
    // The other has just applied the first when this one takes the lock.
    let others = 1;
    const overtaken: Migratable = {
      ...first,
      transaction: (work) => {
        if (others-- > 0) migrate(second, migrations.slice(0, 1));
        return first.transaction(work);
      },
    };
    migrate(overtaken, migrations);
    migrate(second, migrations);
    expect(first.all('select version from schema_version')).toEqual([{ version: 2 }]);
    expect(first.all('select * from b')).toEqual([]);
    first.close();
    second.close();
  } finally {
    rmSync(folder, { recursive: true });
  }
});

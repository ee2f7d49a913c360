/** How the ledger keeps which cells its entries are about: once, also what an older version wrote. */
import { expect, it } from 'vitest';
import type { OperationContext } from '../../src/service/partnership/context.ts';
import { ledger } from '../../src/service/partnership/ledger.ts';
import { nodePartnershipStore } from '../../src/service/storage/files.ts';
import { PARTNERSHIP_MIGRATIONS } from '../../src/service/storage/schema.ts';
import { migrate, openDatabase } from '../../src/sqlite.ts';

it('shows the entries of a database that kept their cells with each of them as before', () => {
  const database = openDatabase(':memory:');
  const before = PARTNERSHIP_MIGRATIONS.findIndex((sql) => sql.includes('create table ledger_cells'));
  migrate(database, PARTNERSHIP_MIGRATIONS.slice(0, before));
  const [one, other] = [
    [{ granting: 'customers', viewing: 'customers' }],
    [{ granting: 'Kunden “Süd”', viewing: 'customers' }],
  ];
  const byHer = { role: 'sales', member: 'mbr_1', question: 'overlap', cells: other };
  const byAgent = { role: 'agent', member: null, question: 'matrix', cells: one, rows: null };
  const pages = [
    { number: 1, page: 0, viewer: 0, ...byHer, rows: 2 },
    { number: 1, page: 1, viewer: 0, ...byHer, rows: 3 },
    { number: 2, page: 0, viewer: 1, ...byAgent },
    { number: 3, page: 0, viewer: 0, ...byAgent },
  ];
  for (const { number, page, viewer, role, member, question, cells, rows } of pages) {
    const asked = [
      number,
      page,
      100 * number + page,
      viewer,
      role,
      member,
      question,
      JSON.stringify(cells),
      rows,
    ];
    database.run(
      `insert into ledger (number, page, at_ms, viewer, role, member, question, cells, scope_number, snapshot, rows)
       values (?, ?, ?, ?, ?, ?, ?, ?, 4, 5, ?)`,
      ...asked,
    );
  }
  const store = nodePartnershipStore(database);
  const context = { store, caller: 'founder', nowMs: 1000 } as OperationContext;
  const found = ledger(context, {});
  const under = { scopeNumber: 4, snapshot: 5 };
  expect(found.ok && found.value.entries).toEqual([
    { number: 1, atMs: 100, viewer: 'mine', ...byHer, rows: 5, ...under },
    { number: 2, atMs: 200, viewer: 'theirs', ...byAgent, ...under },
    { number: 3, atMs: 300, viewer: 'mine', ...byAgent, ...under },
  ]);
  expect(store.all('select count(*) as n from ledger_cells')).toEqual([{ n: 2 }]);
  database.close();
});

/** The organisation's own lists: sources, accounts, opportunities, and the populations over them. */
import { equal, toHex, utf8 } from '../../../protocol/bytes.ts';
import { sha256 } from '../../../protocol/hash.ts';
import type { AccountRecord } from '../import/accounts.ts';
import type { Export } from '../import/export.ts';
import { canonicalId } from '../import/identity.ts';
import { comparedColumns } from '../import/layout.ts';
import type { OpportunityRecord } from '../import/opportunities.ts';
import { matches, type Rule } from '../population.ts';
import { type MergeReport, mergeReport, noteKeys, refreshGroups, regroup } from './companies.ts';
import { type Account, noteListChange, openAccount } from './records.ts';
import type { Store } from './store.ts';
import { getTuning } from './tuning.ts';

/** What an import changes, or would change. */
export interface ImportSummary {
  readonly source: string;
  readonly what: 'accounts' | 'opportunities';
  readonly layout: string;
  readonly added: number;
  readonly changed: number;
  readonly removed: number;
  readonly unchanged: number;
  /** Rows that were not taken, with their line numbers; the first MAX_REJECTED of them. */
  readonly rejected: readonly { readonly line: number; readonly reason: string }[];
  readonly rejectedCount: number;
  /** Accounts that are the same company as another record; together they are one account towards partners. */
  readonly merged: MergeReport;
}

export type { Account } from './records.ts';

export const MAX_REJECTED = 100;

export interface Source {
  readonly name: string;
  readonly what: 'accounts' | 'opportunities';
  readonly layout: string;
  /** The columns that accounts are compared by, by their meaning. */
  readonly columns: ReturnType<typeof comparedColumns>;
  readonly records: number;
  readonly importedAt: string;
}

export interface Population {
  readonly name: string;
  readonly text: string;
  readonly rule: Rule;
}

/**
 * Replaces the content of one source by a file's, in one transaction: all of it or nothing. With `keep: false` it is
 * rolled back, which gives the preview.
 */
export async function importSource(
  store: Store,
  source: string,
  file: Export,
  options: { readonly keep: boolean; readonly now: string; readonly progress?: (rows: number) => void },
): Promise<ImportSummary> {
  const { database, vault } = store;
  const table = file.what;
  const sourceKey = vault.lookup('source', source);
  refreshGroups(store);
  const { level } = getTuning(store);
  const counts = { added: 0, changed: 0, unchanged: 0, rejected: 0 };
  const rejected: { line: number; reason: string }[] = [];
  // Asynchronous reading does not fit a synchronous transaction, so it is opened and closed by hand.
  database.exec('begin immediate');
  try {
    // On disk, so that memory does not grow with the file: every id that the file had, with its line.
    database.exec(
      'create temp table seen (key blob primary key, line integer not null) strict, without rowid',
    );
    let rows = 0;
    let repeated = 0;
    for await (const row of file.rows) {
      options.progress?.(++rows);
      if ('rejected' in row) {
        counts.rejected++;
        if (rejected.length < MAX_REJECTED) rejected.push({ line: row.line, reason: row.rejected });
        continue;
      }
      const recordKey = keyOf(store, source, row.record);
      const first = earlierLine(store, row.record, recordKey, row.line);
      if (first === null) {
        const { change, id } = putRecord(store, table, { source, sourceKey, recordKey }, row.record);
        counts[change]++;
        if (change !== 'unchanged' && !('accountId' in row.record)) noteKeys(store, id, row.record, level);
      } else if (row.line !== repeated) {
        // An opportunity of several accounts is several records, and still one row.
        repeated = row.line;
        counts.rejected++;
        const reason = `the same ${idOf(file, row.record.id)} as line ${first}`;
        if (rejected.length < MAX_REJECTED) rejected.push({ line: row.line, reason });
      }
    }
    const removed = database.run(
      `delete from ${table} where source = ? and record not in (select key from seen)`,
      sourceKey,
    );
    if (table === 'accounts' && counts.added + counts.changed + removed > 0) regroup(store);
    const merged = table === 'accounts' ? mergeReport(store, sourceKey) : { count: 0, rows: [] };
    database.exec('drop table seen');
    if (counts.added + counts.changed + removed > 0) noteListChange(store);
    const records = counts.added + counts.changed + counts.unchanged;
    const about: Source = {
      name: source,
      what: table,
      layout: file.layout.name,
      columns: comparedColumns(file.columns, file.layout),
      records,
      importedAt: options.now,
    };
    database.run(
      'insert into sources (source, sealed) values (?, ?) on conflict do update set sealed = excluded.sealed',
      sourceKey,
      vault.sealJson('source', about),
    );
    database.exec(options.keep ? 'commit' : 'rollback');
    return {
      source,
      what: table,
      layout: file.layout.name,
      added: counts.added,
      changed: counts.changed,
      removed,
      unchanged: counts.unchanged,
      rejected,
      rejectedCount: counts.rejected,
      merged,
    };
  } catch (error) {
    try {
      database.exec('rollback');
    } catch {
      // Where the disk is full or fails, SQLite has rolled back by itself; the first error is the one to tell.
    }
    throw error;
  }
}

/** Notes that the line has the record; gives the line, from 1, of an earlier row that has its id, or null. */
function earlierLine(
  store: Store,
  record: AccountRecord | OpportunityRecord,
  recordKey: Uint8Array,
  line: number,
): number | null {
  const { database, vault } = store;
  const note = (key: Uint8Array) =>
    database.run('insert or ignore into seen (key, line) values (?, ?)', key, line) === 0;
  const idKey = 'accountId' in record ? vault.lookup('opportunity row', canonicalId(record.id)) : recordKey;
  if (note(idKey)) {
    const first = database.get<{ line: number }>('select line from seen where key = ?', idKey)?.line;
    if (first !== undefined && first !== line) return first;
  }
  if (idKey !== recordKey) note(recordKey);
  return null;
}

/** What names a row in a message: its id, or what its id was made of. */
function idOf(file: Export, id: string): string {
  if (file.layout.id !== null) return `id ${id}`;
  return file.what === 'accounts' ? 'names and domains' : 'account, name and close date';
}

/** Names the record within the store. An opportunity of several accounts is one record for each of them. */
function keyOf(store: Store, source: string, record: AccountRecord | OpportunityRecord): Uint8Array {
  return 'accountId' in record
    ? store.vault.lookup('opportunity', source, canonicalId(record.id), canonicalId(record.accountId))
    : store.vault.lookup('account', source, canonicalId(record.id));
}

function putRecord(
  store: Store,
  table: 'accounts' | 'opportunities',
  { source, sourceKey, recordKey }: { source: string; sourceKey: Uint8Array; recordKey: Uint8Array },
  record: AccountRecord | OpportunityRecord,
): { readonly change: 'added' | 'changed' | 'unchanged'; readonly id: number } {
  const { database, vault } = store;
  const json = JSON.stringify({ source, record });
  const digest = vault.lookup('digest', toHex(sha256(utf8(json))));
  const known = database.get<{ id: number; digest: Uint8Array }>(
    `select id, digest from ${table} where source = ? and record = ?`,
    sourceKey,
    recordKey,
  );
  if (known && equal(known.digest, digest)) return { change: 'unchanged', id: known.id };
  const sealed = vault.sealJson(table, { source, record });
  if (known) {
    database.run(
      `update ${table} set sealed = ?, digest = ? where source = ? and record = ?`,
      sealed,
      digest,
      sourceKey,
      recordKey,
    );
    return { change: 'changed', id: known.id };
  }
  if ('accountId' in record) {
    database.run(
      'insert into opportunities (source, record, account, sealed, digest) values (?, ?, ?, ?, ?)',
      sourceKey,
      recordKey,
      vault.lookup('account of opportunity', canonicalId(record.accountId)),
      sealed,
      digest,
    );
  } else {
    database.run(
      'insert into accounts (source, record, sealed, digest) values (?, ?, ?, ?)',
      sourceKey,
      recordKey,
      sealed,
      digest,
    );
  }
  const id = database.get<{ id: number }>('select last_insert_rowid() as id')?.id ?? 0;
  return { change: 'added', id };
}

export function listSources(store: Store): Source[] {
  return store.database
    .all<{ sealed: Uint8Array }>('select sealed from sources')
    .map((row) => store.vault.openJson<Source>('source', row.sealed))
    .sort((a, b) => a.name.localeCompare(b.name));
}

/** Removes a source with its records; gives how many they were, or null where there is no such source. */
export function removeSource(store: Store, name: string): number | null {
  const { database } = store;
  const key = store.vault.lookup('source', name);
  return database.transaction(() => {
    if (database.run('delete from sources where source = ?', key) === 0) return null;
    refreshGroups(store);
    const accounts = database.run('delete from accounts where source = ?', key);
    const opportunities = database.run('delete from opportunities where source = ?', key);
    if (accounts > 0) regroup(store);
    if (accounts + opportunities > 0) noteListChange(store);
    return accounts + opportunities;
  });
}

export function countAccounts(store: Store): number {
  return store.database.get<{ n: number }>('select count(*) as n from accounts')?.n ?? 0;
}

/** All accounts, page by page in a stable order. */
export function* eachAccount(store: Store): Generator<Account> {
  let after = 0;
  for (;;) {
    const rows = store.database.all<{ id: number; record: Uint8Array; sealed: Uint8Array }>(
      'select id, record, sealed from accounts where id > ? order by id limit 500',
      after,
    );
    for (const row of rows) yield openAccount(store, row);
    const last = rows.at(-1);
    if (!last) return;
    after = last.id;
  }
}

/** The account of a key, or null where it has been removed since. */
export function findAccount(store: Store, key: Uint8Array): Account | null {
  const row = store.database.get<{ sealed: Uint8Array }>('select sealed from accounts where record = ?', key);
  return row ? openAccount(store, { record: key, sealed: row.sealed }) : null;
}

export function putPopulation(store: Store, population: Population): void {
  store.database.transaction(() => {
    store.database.run(
      'insert into populations (name, sealed) values (?, ?) on conflict do update set sealed = excluded.sealed',
      population.name,
      store.vault.sealJson('population', population),
    );
    noteListChange(store);
  });
}

export function removePopulation(store: Store, name: string): boolean {
  return store.database.transaction(() => {
    noteListChange(store);
    return store.database.run('delete from populations where name = ?', name) > 0;
  });
}

/** Rises with every change of accounts, opportunities or populations, whichever process made it. */
export function listVersion(store: Store): number {
  return store.database.get<{ number: number }>('select number from list_version')?.number ?? 0;
}

export function listPopulations(store: Store): Population[] {
  return store.database
    .all<{ sealed: Uint8Array }>('select sealed from populations order by name')
    .map((row) => store.vault.openJson<Population>('population', row.sealed));
}

/** The names of the populations that an account belongs to, in the given order. */
export function populationsOf(account: Account, populations: readonly Population[]): string[] {
  return populations
    .filter((population) => matches(population.rule, account.record, account.opportunities))
    .map((population) => population.name);
}

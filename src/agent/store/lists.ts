/** The organisation's own lists: sources, accounts, opportunities, and the populations over them. */
import { equal, toHex, utf8 } from '../../../protocol/bytes.ts';
import { sha256 } from '../../../protocol/hash.ts';
import type { AccountRecord } from '../import/accounts.ts';
import type { Export } from '../import/export.ts';
import type { OpportunityRecord } from '../import/opportunities.ts';
import { matches, type Rule } from '../population.ts';
import type { Store } from './store.ts';

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
}

export const MAX_REJECTED = 100;

export interface Source {
  readonly name: string;
  readonly what: 'accounts' | 'opportunities';
  readonly layout: string;
  readonly records: number;
  readonly importedAt: string;
}

/** An account with where it came from and its opportunities. */
export interface Account {
  /** Names the account within this store: keyed hash of its source and record id. */
  readonly key: Uint8Array;
  readonly source: string;
  readonly record: AccountRecord;
  readonly opportunities: readonly OpportunityRecord[];
}

export interface Population {
  readonly name: string;
  readonly text: string;
  readonly rule: Rule;
}

interface SealedAccount {
  readonly source: string;
  readonly record: AccountRecord;
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
  const counts = { added: 0, changed: 0, unchanged: 0, rejected: 0 };
  const rejected: { line: number; reason: string }[] = [];
  // Asynchronous reading does not fit a synchronous transaction, so it is opened and closed by hand.
  database.exec('begin immediate');
  try {
    database.exec('create temp table if not exists seen (record blob primary key) strict, without rowid');
    database.exec('delete from seen');
    let rows = 0;
    for await (const row of file.rows) {
      options.progress?.(++rows);
      if ('rejected' in row) {
        counts.rejected++;
        if (rejected.length < MAX_REJECTED) rejected.push({ line: row.line, reason: row.rejected });
        continue;
      }
      counts[putRecord(store, table, source, sourceKey, row.record)]++;
    }
    const removed = database.run(
      `delete from ${table} where source = ? and record not in (select record from seen)`,
      sourceKey,
    );
    if (counts.added + counts.changed + removed > 0) noteListChange(store);
    const records = counts.added + counts.changed + counts.unchanged;
    const about: Source = {
      name: source,
      what: table,
      layout: file.layout.name,
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

function putRecord(
  store: Store,
  table: 'accounts' | 'opportunities',
  source: string,
  sourceKey: Uint8Array,
  record: AccountRecord | OpportunityRecord,
): 'added' | 'changed' | 'unchanged' {
  const { database, vault } = store;
  // An opportunity that belongs to several accounts is one record for each of them.
  const recordKey =
    'accountId' in record
      ? vault.lookup('opportunity', source, record.id, record.accountId)
      : vault.lookup('account', source, record.id);
  const json = JSON.stringify({ source, record });
  const digest = vault.lookup('digest', toHex(sha256(utf8(json))));
  database.run('insert or ignore into seen (record) values (?)', recordKey);
  const known = database.get<{ digest: Uint8Array }>(
    `select digest from ${table} where source = ? and record = ?`,
    sourceKey,
    recordKey,
  );
  if (known && equal(known.digest, digest)) return 'unchanged';
  const sealed = vault.sealJson(table, { source, record });
  if (known) {
    database.run(
      `update ${table} set sealed = ?, digest = ? where source = ? and record = ?`,
      sealed,
      digest,
      sourceKey,
      recordKey,
    );
    return 'changed';
  }
  if ('accountId' in record) {
    database.run(
      'insert into opportunities (source, record, account, sealed, digest) values (?, ?, ?, ?, ?)',
      sourceKey,
      recordKey,
      vault.lookup('account of opportunity', record.accountId),
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
  return 'added';
}

export function listSources(store: Store): Source[] {
  return store.database
    .all<{ sealed: Uint8Array }>('select sealed from sources')
    .map((row) => store.vault.openJson<Source>('source', row.sealed))
    .sort((a, b) => a.name.localeCompare(b.name));
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
    for (const row of rows) yield openAccount(store, row.record, row.sealed);
    const last = rows.at(-1);
    if (!last) return;
    after = last.id;
  }
}

/** The account of a key, or null where it has been removed since. */
export function findAccount(store: Store, key: Uint8Array): Account | null {
  const row = store.database.get<{ sealed: Uint8Array }>('select sealed from accounts where record = ?', key);
  return row ? openAccount(store, key, row.sealed) : null;
}

function openAccount(store: Store, key: Uint8Array, sealed: Uint8Array): Account {
  const { source, record } = store.vault.openJson<SealedAccount>('accounts', sealed);
  const opportunities = store.database
    .all<{ sealed: Uint8Array }>(
      'select sealed from opportunities where account = ? order by id',
      store.vault.lookup('account of opportunity', record.id),
    )
    .map((row) => store.vault.openJson<{ record: OpportunityRecord }>('opportunities', row.sealed).record);
  return { key, source, record, opportunities };
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

/** Within the transaction of the change. */
function noteListChange(store: Store): void {
  store.database.run('update list_version set number = number + 1');
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

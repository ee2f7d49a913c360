/**
 * The own list as companies: records that are one company are one account towards partners, and stay as they are here. Which
 * records belong together is worked out from keyed hashes of what they are compared by, kept beside each record.
 */
import { toHex } from '../../../protocol/bytes.ts';
import { type Identity, identify } from '../../../protocol/identifiers/index.ts';
import { NORMALISER_VERSION } from '../../../protocol/identifiers/version.ts';
import type { AccountRecord } from '../import/accounts.ts';
import { canonicalId } from '../import/identity.ts';
import { contradict, isIdKey, mergeKeys } from '../quality/duplicates.ts';
import { identityOf } from '../quality/identity.ts';
import { type Level, nameValues } from '../quality/tuning.ts';
import { type Account, openAccount } from './records.ts';
import type { Store } from './store.ts';
import { getTuning } from './tuning.ts';

/** What a key in `account_keys` is for. */
const USE = { domain: 0, id: 1, name: 2 } as const;

/** So many records are kept open while duplicates are looked through. */
const MAX_OPENED = 1000;

/** An id on more records than these under different names is a mistake or a group's, and merges nothing. */
const MAX_SHARED_ID = 5;

interface Row {
  readonly id: number;
  readonly record: Uint8Array;
  readonly sealed: Uint8Array;
}

/** Notes what an added or changed record is compared by. Within the transaction of the change. */
export function noteKeys(store: Store, id: number, record: AccountRecord, level: Level): void {
  const { database, vault } = store;
  const note = (key: Uint8Array, use: number) =>
    database.run('insert or ignore into account_keys (key, account, use) values (?, ?, ?)', key, id, use);
  database.run('delete from account_keys where account = ?', id);
  for (const key of mergeKeys(identityOf(record), level))
    note(vault.lookup('merge', key), isIdKey(key) ? USE.id : USE.domain);
  // Only for finding parents that are given by name.
  if (level !== 'group') return;
  for (const value of record.names.flatMap(nameValues)) note(nameKey(store, value), USE.name);
}

function nameKey(store: Store, value: string): Uint8Array {
  return store.vault.lookup('name', value);
}

/** Works out anew which records are one company. Within a transaction. In memory are the numbers of duplicates alone. */
export function regroup(store: Store): void {
  const { database } = store;
  const leads = new Map<number, number>();
  const leadOf = (id: number): number => {
    const lead = leads.get(id) ?? id;
    if (lead === id) return id;
    const top = leadOf(lead);
    leads.set(id, top);
    return top;
  };
  const opened = new Map<number, { sort: string; identity: Identity }>();
  const open = (id: number) => {
    let known = opened.get(id);
    if (!known) {
      if (opened.size >= MAX_OPENED) opened.clear();
      const account = accountAt(store, id);
      known = {
        sort: JSON.stringify([canonicalId(account.record.id), account.source]),
        identity: identify(identityOf(account.record)),
      };
      opened.set(id, known);
    }
    return known;
  };
  const rows = database.iterate<{ key: Uint8Array; account: number; use: number }>(
    `select key, account, use from account_keys where use < ? and key in (
       select key from account_keys group by key having count(*) > 1
     ) order by key, account`,
    USE.name,
  );
  let key = '';
  let use = 0;
  let members: number[] = [];
  const join = () => {
    const [first, ...others] = members
      .map((id) => ({ id, sort: open(id).sort }))
      .sort((a, b) => (a.sort < b.sort ? -1 : 1));
    if (!first || (use === USE.id && members.length > MAX_SHARED_ID)) return;
    for (const other of others) {
      const [a, b] = [leadOf(first.id), leadOf(other.id)];
      if (a === b || contradict(open(first.id).identity, open(other.id).identity)) continue;
      const [lead, joined] = open(a).sort < open(b).sort ? [a, b] : [b, a];
      leads.set(joined, lead);
    }
  };
  for (const row of rows) {
    if (toHex(row.key) !== key) {
      join();
      members = [];
      key = toHex(row.key);
      use = row.use;
    }
    members.push(row.account);
  }
  join();
  database.run('delete from merged');
  const put = (account: number, lead: number) =>
    database.run('insert or ignore into merged (account, lead) values (?, ?)', account, lead);
  for (const id of leads.keys()) {
    const lead = leadOf(id);
    if (lead === id) continue;
    put(lead, lead);
    put(id, lead);
  }
}

/** Brings the groups up to date after another tuning or version of the normaliser. Reads all records where it has to. */
export function refreshGroups(store: Store): void {
  const { database } = store;
  const { level } = getTuning(store);
  const wanted = `${NORMALISER_VERSION} ${level}`;
  if (database.get<{ version: string }>('select version from keys_version')?.version === wanted) return;
  database.transaction(() => {
    database.run('delete from account_keys');
    for (const row of accountRows(store)) noteKeys(store, row.id, openAccount(store, row).record, level);
    regroup(store);
    database.run('delete from keys_version');
    database.run('insert into keys_version (version) values (?)', wanted);
  });
}

/** All companies in a stable order: the records of each, by record id. */
export function* eachCompany(store: Store): Generator<Account[]> {
  refreshGroups(store);
  for (const row of accountRows(store)) {
    if (row.lead === null) yield [openAccount(store, row)];
    else if (row.lead === row.id) yield membersOf(store, row.lead);
  }
}

/** All records of the company that the record of this key belongs to, by record id; none where it was removed since. */
export function companyRecords(store: Store, key: Uint8Array): Account[] {
  const row = store.database.get<Row & { lead: number | null }>(
    'select id, record, sealed, lead from accounts left join merged on account = id where record = ?',
    key,
  );
  if (!row) return [];
  return row.lead === null ? [openAccount(store, row)] : membersOf(store, row.lead);
}

/** The account of this id or name: a parent as a record gives it. Of several of one name, the one imported first. */
export function findParent(store: Store, source: string, text: string): Account | null {
  const byId = store.database.get<Row>(
    'select id, record, sealed from accounts where record = ?',
    store.vault.lookup('account', source, canonicalId(text)),
  );
  if (byId) return openAccount(store, byId);
  for (const value of nameValues(text)) {
    const row = store.database.get<{ account: number }>(
      'select account from account_keys where key = ? and use = ? order by account',
      nameKey(store, value),
      USE.name,
    );
    if (row) return accountAt(store, row.account);
  }
  return null;
}

/** Records of a source that are not an account of their own because an earlier record is the same company. */
export interface MergeReport {
  readonly count: number;
  /** The first hundred, by line. */
  readonly rows: readonly { readonly line: number; readonly record: string; readonly into: string }[];
}

/** What of a source was merged; within its import, whose temporary table `seen` has the lines. */
export function mergeReport(store: Store, sourceKey: Uint8Array): MergeReport {
  const from = 'from merged join accounts a on a.id = merged.account where a.source = ? and account <> lead';
  const rows = store.database.all<{ id: number; lead: number; line: number }>(
    `select a.id, lead, coalesce((select line from seen where key = a.record), 0) as line ${from} order by line limit 100`,
    sourceKey,
  );
  return {
    count: store.database.get<{ n: number }>(`select count(*) as n ${from}`, sourceKey)?.n ?? 0,
    rows: rows.map(({ id, lead, line }) => ({
      line,
      record: accountAt(store, id).record.id,
      into: accountAt(store, lead).record.id,
    })),
  };
}

/** How many accounts partners are shown at most: companies, not records, as far as they were worked out. */
export function countCompanies(store: Store): number {
  return (
    store.database.get<{ n: number }>(
      'select (select count(*) from accounts) - (select count(*) from merged where account <> lead) as n',
    )?.n ?? 0
  );
}

function membersOf(store: Store, lead: number): Account[] {
  const sort = ({ record, source }: Account) => JSON.stringify([canonicalId(record.id), source]);
  return store.database
    .all<Row>(
      'select id, record, sealed from accounts where id in (select account from merged where lead = ?)',
      lead,
    )
    .map((row) => openAccount(store, row))
    .sort((a, b) => (sort(a) < sort(b) ? -1 : 1));
}

function accountAt(store: Store, id: number): Account {
  const row = store.database.get<Row>('select id, record, sealed from accounts where id = ?', id);
  if (!row) throw new Error('a key names an account that is not there');
  return openAccount(store, row);
}

function* accountRows(store: Store): Generator<Row & { readonly lead: number | null }> {
  let after = 0;
  for (;;) {
    const rows = store.database.all<Row & { lead: number | null }>(
      `select id, record, sealed, lead from accounts left join merged on account = id
       where id > ? order by id limit 500`,
      after,
    );
    yield* rows;
    const last = rows.at(-1);
    if (!last) return;
    after = last.id;
  }
}

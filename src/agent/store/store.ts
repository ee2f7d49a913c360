/** The local store: one SQLite file whose values are sealed. Each concept's queries stand in its own file beside this. */
import { migrate, openDatabase, type Sqlite } from '../../sqlite.ts';
import type { Home } from '../home.ts';
import type { Keyring } from '../keyring.ts';
import { openVault, type Vault } from './vault.ts';

export interface Store {
  readonly database: Sqlite;
  readonly vault: Vault;
  close(): void;
}

const MIGRATIONS: readonly string[] = [
  `
  create table sources (source blob primary key, sealed blob not null) strict, without rowid;
  create table accounts (
    id integer primary key,
    source blob not null, record blob not null unique, sealed blob not null, digest blob not null
  ) strict;
  create index accounts_of_source on accounts (source);
  create table opportunities (
    id integer primary key,
    source blob not null, record blob not null unique,
    account blob not null, sealed blob not null, digest blob not null
  ) strict;
  create index opportunities_of_source on opportunities (source);
  create index opportunities_of_account on opportunities (account);
  create table populations (name text primary key, sealed blob not null) strict, without rowid;
  create table partnerships (id text primary key, sealed blob not null) strict, without rowid;
  create table handles (
    partnership text not null, epoch integer not null, account blob not null, handle blob not null,
    primary key (partnership, epoch, account)
  ) strict, without rowid;
  create unique index accounts_of_handles on handles (partnership, epoch, handle);
  create table identifiers (
    partnership text not null, epoch integer not null, lookup blob not null, kind integer not null,
    tag blob not null, key blob not null,
    primary key (partnership, epoch, lookup)
  ) strict, without rowid;
  create unique index identifiers_of_tags on identifiers (partnership, epoch, tag);
  create table submitted (
    partnership text not null, handle blob not null, tag blob not null, submission integer not null,
    primary key (partnership, handle, tag, submission)
  ) strict, without rowid;
  create table wanted (
    partnership text not null, kind integer not null, shuffle blob not null, lookup blob not null, sealed blob not null,
    primary key (partnership, kind, shuffle)
  ) strict, without rowid;
  create unique index wanted_once on wanted (partnership, lookup);
  create table request_chunks (
    partnership text not null, request integer not null, position integer not null,
    body blob not null, sealed blob not null, collected integer not null default 0,
    primary key (partnership, request, position)
  ) strict;
  create table paid_chunks (
    partnership text not null, hash blob not null, primary key (partnership, hash)
  ) strict, without rowid;
  create table evaluation_counts (
    partnership text not null, kind integer not null, year integer not null, count integer not null,
    primary key (partnership, kind, year)
  ) strict, without rowid;
  create table outbox (
    partnership text not null, submission integer not null, position integer not null, body blob not null,
    primary key (partnership, submission, position)
  ) strict;
  create table outgoing (
    partnership text not null, type integer not null, size integer not null, key blob not null, value blob not null,
    primary key (partnership, type, size, key)
  ) strict, without rowid;
  `,
  // Counts the changes of accounts, opportunities and populations, so that a list is only read again after one.
  `
  create table list_version (number integer not null) strict;
  insert into list_version (number) values (0);
  `,
  // Kind and sealed key of derived identifiers; the others' stand in identifiers.
  `
  alter table submitted add column kind integer;
  alter table submitted add column key blob;
  `,
  // The own list as companies: what records are compared by, which are one company, and the own settings of matching.
  `
  create table account_keys (
    key blob not null, account integer not null references accounts (id) on delete cascade, use integer not null,
    primary key (key, account)
  ) strict, without rowid;
  create index keys_of_accounts on account_keys (account);
  create table merged (
    account integer primary key references accounts (id) on delete cascade, lead integer not null
  ) strict;
  create index accounts_of_leads on merged (lead);
  create table keys_version (version text not null) strict;
  create table tuning (sealed blob not null) strict;
  `,
  // What people here decided about pairs to review, by the handles of both accounts.
  `
  create table reviews (
    partnership text not null, mine blob not null, theirs blob not null, sealed blob not null,
    primary key (partnership, mine, theirs)
  ) strict, without rowid;
  `,
  // The own organisation's rosters of approvers, as they are published.
  `
  create table rosters (number integer primary key, packed blob not null) strict;
  `,
  // Single sealed documents by name; and what the vault at the service has of this side, by keyed hashes of the content.
  `
  create table documents (name text primary key, sealed blob not null) strict, without rowid;
  create table vault_rows (
    partnership text not null, handle blob not null, digest blob not null, primary key (partnership, handle)
  ) strict, without rowid;
  create table vault_names (
    partnership text not null, position integer not null, digest blob not null, primary key (partnership, position)
  ) strict, without rowid;
  `,
  // Made anew by the process that needs them, so temporary now (see WORKING).
  'drop table wanted; drop table outgoing;',
];

/**
 * What one process works with, made anew after a kill: nothing of it has to be on the disk. A scan of a list appends to
 * `found`, from which `shared` (identifiers of several accounts) and `wanted` (those to ask for, in their random order)
 * are sorted; the records of a submission are in `outgoing` until they are sorted into `sorted` and packed. Appending and
 * sorting costs a quarter of keeping an index in order, row by row, over random keys.
 */
const WORKING = `
  create temp table found (
    partnership text not null, lookup blob not null, kind integer, shuffle blob, sealed blob
  ) strict;
  create temp table shared (lookup blob primary key, partnership text not null) strict, without rowid;
  create temp table wanted (
    position integer primary key,
    partnership text not null, kind integer not null, lookup blob not null, sealed blob not null
  ) strict;
  create temp table outgoing (
    partnership text not null, type integer not null, size integer not null, record blob not null
  ) strict;
  create temp table sorted (position integer primary key, partnership text not null, record blob not null) strict;
`;

/** A command waits so long for another process of this home: the agent's reading of a large list, another import. */
const BUSY_TIMEOUT_MS = 120_000;

export function openStore(home: Home, keyring: Pick<Keyring, 'dataKey' | 'lookupKey'>): Store {
  // Only keyed hashes and sealed values stand in a temporary table, as in the file itself.
  const database = openDatabase(home.storeFile, { busyTimeoutMs: BUSY_TIMEOUT_MS, temporary: 'disk' });
  migrate(database, MIGRATIONS);
  database.exec(WORKING);
  return { database, vault: openVault(keyring), close: () => database.close() };
}

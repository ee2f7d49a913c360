/**
 * The directory port: organisations, log-ins and who is in which partnership. Asynchronous, single statements or
 * batches that commit together, as D1 allows; so conditions stand in the statements themselves.
 */

export type DirectoryValue = string | number | null | Uint8Array;

/** A statement and its parameters. */
export type Statement = readonly [sql: string, ...parameters: DirectoryValue[]];

export interface Directory {
  /** All rows; blobs come back as Uint8Array. The row's shape is the query's business. */
  all<Row>(...statement: Statement): Promise<Row[]>;
  /** Runs the statements in order, all or none, and gives the number of rows that each changed. */
  batch(statements: readonly Statement[]): Promise<number[]>;
}

/**
 * The tables; times are milliseconds since 1970. Codes, challenges and tokens are stored as their SHA-256. The columns of
 * login_users, login_accounts and login_sessions are better-auth's, its times RFC 3339; it keeps no address and no token.
 */
export const DIRECTORY_MIGRATIONS: readonly string[] = [
  `
  create table organisations (
    id text primary key,
    name text not null,
    agent_key blob not null,
    serial integer not null,
    valid_until_ms integer not null,
    certificate blob not null
  ) strict;

  create table registration_codes (hash blob primary key) strict;

  create table challenges (
    hash blob primary key,
    organisation text not null,
    expires_ms integer not null
  ) strict;

  create table tokens (
    hash blob primary key,
    organisation text not null references organisations (id),
    expires_ms integer not null
  ) strict;

  create table partnerships (
    id text primary key,
    founder text not null references organisations (id),
    joiner text references organisations (id),
    commitment blob not null,
    code_hash blob not null,
    acceptance blob,
    opening blob,
    created_ms integer not null,
    expires_ms integer not null,
    founder_seen_ms integer,
    joiner_seen_ms integer
  ) strict;
  create index partnerships_by_founder on partnerships (founder);
  create index partnerships_by_joiner on partnerships (joiner);
  `,
  `
  alter table partnerships add column founder_ending blob;
  alter table partnerships add column joiner_ending blob;
  `,
  `
  create index challenges_by_expiry on challenges (expires_ms);
  create index tokens_by_expiry on tokens (expires_ms);
  create index invitations_by_expiry on partnerships (expires_ms) where acceptance is null;
  `,
  // The organisation that the invitation let in: its code registers one.
  `
  alter table partnerships add column registered text;
  `,
  `
  create table members (
    id text primary key,
    organisation text not null references organisations (id),
    role text not null,
    all_partners integer not null,
    code_hash blob not null,
    invited_ms integer not null,
    expires_ms integer not null,
    email text,
    keys blob,
    joined_ms integer,
    removed_ms integer
  ) strict;
  create index members_by_organisation on members (organisation, invited_ms);
  create unique index members_by_email on members (organisation, email)
    where email is not null and removed_ms is null;

  create table member_partners (
    member text not null references members (id),
    partnership text not null,
    primary key (member, partnership)
  ) strict, without rowid;

  create table login_attempts (
    name blob primary key,
    count integer not null,
    until_ms integer not null
  ) strict;
  create index login_attempts_by_end on login_attempts (until_ms);

  create table login_users (
    id text primary key references members (id),
    name text not null,
    email text not null unique,
    email_verified integer not null,
    image text,
    created_at text not null,
    updated_at text not null
  ) strict;

  create table login_accounts (
    id text primary key,
    account_id text not null,
    provider_id text not null,
    user_id text not null references login_users (id) on delete cascade,
    access_token text,
    refresh_token text,
    id_token text,
    access_token_expires_at text,
    refresh_token_expires_at text,
    scope text,
    password text,
    created_at text not null,
    updated_at text not null
  ) strict;
  create index login_accounts_by_user on login_accounts (user_id);

  create table login_sessions (
    id text primary key,
    expires_at text not null,
    token text not null unique,
    created_at text not null,
    updated_at text not null,
    ip_address text,
    user_agent text,
    user_id text not null references login_users (id) on delete cascade
  ) strict;
  create index login_sessions_by_user on login_sessions (user_id);
  create index login_sessions_by_expiry on login_sessions (expires_at);
  `,
  // An organisation's rosters, and from when on something of a partnership has to be cleared, as far as is known.
  `
  create table rosters (
    organisation text not null references organisations (id),
    number integer not null,
    packed blob not null,
    primary key (organisation, number)
  ) strict, without rowid;
  alter table partnerships add column due_ms integer;
  update partnerships set due_ms = 0 where opening is not null;
  create index partnerships_by_due on partnerships (due_ms) where due_ms is not null;
  `,
  // Vault keys, each wrapped for one member by the agent or by another member.
  `
  create table vault_wraps (
    member text not null references members (id),
    number integer not null,
    wrap blob not null,
    primary key (member, number)
  ) strict, without rowid;
  `,
  // What stands of each side's scopes (partnership/restored.ts), so that a partnership restored from a backup is not asked
  // under what was taken back since; and where the platform is to keep it.
  `
  alter table partnerships add column founder_standing integer not null default 0;
  alter table partnerships add column joiner_standing integer not null default 0;
  alter table partnerships add column jurisdiction text;
  `,
];

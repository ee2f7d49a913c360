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

/** The tables; times are milliseconds since 1970. Codes, challenges and tokens are stored as their SHA-256. */
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
];

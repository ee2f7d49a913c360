/** The records of a partnership's database, page by page in a fixed order, as they go into a file and out of it. */
import { concat, fromBase64url, toBase64url, utf8 } from '../../../protocol/bytes.ts';
import { sha256 } from '../../../protocol/hash.ts';
import { first, type PartnershipStore, type StoreValue } from '../storage/partnership.ts';

/**
 * All tables that are moved, with the columns of their keys. What a run works with is made anew. What says which lists are in
 * use comes last, so that nothing is taken away because what allows it is still to come.
 */
export const KEYS = {
  epochs: ['number'],
  scopes: ['side', 'number'],
  scope_statements: ['side', 'number', 'act', 'signer'],
  limits: ['side', 'role'],
  scope_requests: ['side', 'id'],
  requests: ['side', 'number'],
  request_chunks: ['side', 'number', 'idx'],
  request_bodies: ['side', 'number', 'idx'],
  submissions: ['side', 'number'],
  submission_chunks: ['side', 'number', 'idx'],
  accounts: ['side', 'generation', 'handle'],
  tags: ['side', 'generation', 'tag', 'handle'],
  boxes: ['side', 'generation', 'tag', 'handle', 'population'],
  wraps: ['side', 'generation', 'tag', 'handle'],
  fields: ['side', 'generation', 'handle', 'field'],
  names: ['side', 'generation', 'handle', 'population'],
  snapshots: ['number'],
  shown_pairs: ['side', 'snapshot', 'viewer_handle', 'shown_handle'],
  openings: ['side', 'snapshot', 'viewer_handle', 'shown_handle'],
  tallies: ['snapshot', 'tier', 'what', 'founder_populations', 'joiner_populations'],
  ledger_cells: ['number'],
  ledger: ['number', 'page'],
  shown_names: ['side', 'handle'],
  terms: ['side'],
  health: ['side'],
  vault_names: ['side', 'key_number', 'idx'],
  vault_rows: ['side', 'key_number', 'handle'],
  vault_heads: ['side'],
  ended: ['at_ms'],
  sides: ['side'],
} as const satisfies Record<string, readonly string[]>;

export type Table = keyof typeof KEYS;
export const TABLES = Object.keys(KEYS) as readonly Table[];

/** A value as JSON has it: bytes as an object of their base64url. */
type PortableValue = string | number | null | { readonly bytes: string };
/** A record, column by column. */
export type PortableRow = Readonly<Record<string, PortableValue>>;

/** A page, and the row behind which the next one begins; null where it was the last. */
export interface PortablePage {
  readonly rows: readonly PortableRow[];
  readonly next: PortableRow | null;
}

const PAGE_ROWS = 2000;
/** Bodies of requests, and pieces of names, have half a megabyte each. */
const BODY_ROWS = 4;
const WITH_BODIES: readonly Table[] = ['request_bodies', 'vault_names'];

export function portable(row: Readonly<Record<string, StoreValue>>): PortableRow {
  return Object.fromEntries(
    Object.entries(row).map(([name, value]) => [
      name,
      value instanceof Uint8Array ? { bytes: toBase64url(value) } : value,
    ]),
  );
}

export function storable(value: PortableValue | undefined): StoreValue {
  if (value === undefined) return null;
  if (typeof value !== 'object' || value === null) return value;
  const bytes = fromBase64url(value.bytes);
  if (!bytes) throw new RangeError('a record has bytes that are no base64url');
  return bytes;
}

/** The page of a table behind a row. */
export function readPage(store: PartnershipStore, table: Table, after: PortableRow | null): PortablePage {
  const keys: readonly string[] = KEYS[table];
  const names = keys.join(', ');
  const from = after ? keys.map((key) => storable(after[key])) : [];
  const limit = WITH_BODIES.includes(table) ? BODY_ROWS : PAGE_ROWS;
  const rows = store.all<Record<string, StoreValue>>(
    `select * from ${table} ${after ? `where (${names}) > (${keys.map(() => '?').join(', ')})` : ''}
     order by ${names} limit ?`,
    ...from,
    limit,
  );
  const page = rows.map(portable);
  return { rows: page, next: page.length < limit ? null : (page.at(-1) ?? null) };
}

/** Puts records where they stand under the same keys, or do not stand yet. Throws where no import is under way. */
export function writeRows(store: PartnershipStore, table: Table, rows: readonly PortableRow[]): void {
  if (!isImporting(store)) throw new Error('no import of this partnership is under way');
  store.atomic(() => {
    for (const row of rows) {
      const names = Object.keys(row);
      if (!names.every((name) => /^[a-z_]+$/.test(name))) throw new RangeError('that is no column');
      store.run(
        `insert or replace into ${table} (${names.join(', ')}) values (${names.map(() => '?').join(', ')})`,
        ...names.map((name) => storable(row[name])),
      );
    }
  });
}

/** True from the beginning of an import until it has ended well or its records are gone. */
export function isImporting(store: PartnershipStore): boolean {
  return first(store, 'select 1 from importing') !== undefined;
}

/** Notes that an import begins. Throws where anything of a partnership stands. */
export function beginImport(store: PartnershipStore, nowMs: number): void {
  const isFresh = TABLES.every(
    (table) => table === 'sides' || !first(store, `select 1 from ${table} limit 1`),
  );
  if (!isFresh)
    throw new Error('records of the partnership are there already, and its directory entry is not');
  store.run('insert into importing (since_ms) values (?)', nowMs);
}

/** What was put in is a partnership from now on. */
export function finishImport(store: PartnershipStore): void {
  store.run('delete from importing');
}

/** What a table's records came to so far: how many, and a hash over each of them in order. */
export interface Digest {
  readonly rows: number;
  readonly hash: string;
}

export const NOTHING: Digest = { rows: 0, hash: toBase64url(sha256(new Uint8Array())) };

export function digestOf(before: Digest, rows: readonly PortableRow[]): Digest {
  let hash = fromBase64url(before.hash) ?? new Uint8Array();
  for (const row of rows) {
    const entries = Object.entries(row).sort(([a], [b]) => (a < b ? -1 : 1));
    hash = sha256(concat(hash, utf8(JSON.stringify(entries))));
  }
  return { rows: before.rows + rows.length, hash: toBase64url(hash) };
}

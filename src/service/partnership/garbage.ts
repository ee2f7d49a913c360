/** Rows that nothing refers to any more: noted at once, deleted page by page. */
import { type Side, sideNumber } from '../../../protocol/ids.ts';
import { RECORD_TYPES, type RecordType } from '../../../protocol/submission.ts';
import { first, type PartnershipStore } from '../storage/partnership.ts';
import { PAGE_ROWS, pageOf } from './pages.ts';

/** Of tables without sides, all rows go. */
const WHOLE = {
  matches: ['founder_handle', 'joiner_handle'],
  pairs: ['founder_handle', 'joiner_handle'],
  crowded: ['tag'],
} as const satisfies Record<string, readonly string[]>;

type WholeTable = keyof typeof WHOLE;

/** Tables of which the rows of one side and of some numbers go, and those of them whose numbers are no submissions'. */
type NumberedTable = RecordType | keyof typeof NUMBERS;

const NUMBERS = { vault_rows: 'key_number', shown_pairs: 'snapshot', openings: 'snapshot' } as const;

const KEYS: Readonly<Record<NumberedTable, readonly string[]>> = {
  accounts: ['handle'],
  tags: ['tag', 'handle'],
  boxes: ['tag', 'handle'],
  wraps: ['tag', 'handle'],
  fields: ['handle'],
  names: ['handle'],
  vault_rows: ['handle'],
  shown_pairs: ['viewer_handle', 'shown_handle'],
  openings: ['viewer_handle', 'shown_handle'],
};

/** What a row of each table weighs, in rows of the smallest kind. */
const WEIGHTS: Readonly<Partial<Record<string, number>>> = {
  wraps: 2,
  fields: 8,
  names: 8,
  vault_rows: 8,
  shown_pairs: 4,
  openings: 8,
};

/** What a row of a table costs to be worked on. */
export function weightOf(table: string): number {
  return WEIGHTS[table] ?? 1;
}

/** The columns that a table of records is paged by. */
export function keysOf(type: RecordType): readonly string[] {
  return KEYS[type];
}

/**
 * Gives up all rows of submissions, of vault keys or of snapshots with these numbers. Queries must not refer to them from
 * now on, and none with these numbers may come before they are deleted.
 */
export function discardRows(
  store: PartnershipStore,
  side: Side,
  numbers: { readonly from: number; readonly to: number },
  tables: readonly NumberedTable[] = RECORD_TYPES,
): void {
  for (const table of tables) {
    store.run(
      `insert into garbage (name, side, from_generation, to_generation)
       select g.* from (select ? as name, ? as side, ? as low, ? as high) g where not exists (select 1 from garbage o
         where o.name = g.name and o.side = g.side and o.from_generation = g.low and o.to_generation = g.high)`,
      table,
      sideNumber(side),
      numbers.from,
      numbers.to,
    );
  }
}

/** Gives up all rows of tables that have no sides. */
export function discardTables(store: PartnershipStore, tables: readonly WholeTable[]): void {
  for (const table of tables) store.run('insert into garbage (name) values (?)', table);
}

interface GarbageRow {
  readonly id: number;
  readonly name: NumberedTable | WholeTable;
  readonly side: number | null;
  readonly from_generation: number | null;
  readonly to_generation: number | null;
}

export function hasGarbage(store: PartnershipStore): boolean {
  return first(store, 'select 1 from garbage limit 1') !== undefined;
}

/** Deletes one page; gives what it cost, or null where there is nothing to be deleted. */
export function deletePage(store: PartnershipStore): number | null {
  const row = first<GarbageRow>(store, 'select * from garbage order by id limit 1');
  if (!row) return null;
  const table = row.name;
  const numbered = table in NUMBERS ? NUMBERS[table as keyof typeof NUMBERS] : 'generation';
  const generation =
    row.side === null
      ? null
      : first<{ number: number }>(
          store,
          `select ${numbered} as number from ${table} where side = ? and ${numbered} between ? and ?
           order by ${numbered} limit 1`,
          row.side,
          row.from_generation,
          row.to_generation,
        );
  if (generation === undefined) return done(store, row);
  const where: [string, ...number[]] = generation
    ? [`side = ? and ${numbered} = ?`, row.side ?? 0, generation.number]
    : ['true'];
  const columns = table in WHOLE ? WHOLE[table as WholeTable] : KEYS[table as NumberedTable];
  const rows = Math.floor(PAGE_ROWS / weightOf(table));
  const range = pageOf(store, { table, columns, where }, new Uint8Array(), rows);
  const [condition, ...parameters] = where;
  const deleted = store.run(
    `delete from ${table} where ${condition} and ${range.sql(table)}`,
    ...parameters,
    ...range.parameters,
  );
  if (!generation && !range.next) done(store, row);
  return 1 + deleted * weightOf(table);
}

function done(store: PartnershipStore, { id }: GarbageRow): number {
  store.run('delete from garbage where id = ?', id);
  return 1;
}

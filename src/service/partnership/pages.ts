/** Pages of large tables: so many rows behind a key, so that no step works on more at a time. */
import { concat } from '../../../protocol/bytes.ts';
import { first, type PartnershipStore, type StoreValue } from '../storage/partnership.ts';

/** Rows of the smallest kind that are worked on at a time. */
export const PAGE_ROWS = 20_000;
/** Every handle and every tag. */
const PART_BYTES = 16;
/** Stands behind all of them. */
const LAST = new Uint8Array(PART_BYTES + 1).fill(0xff);

/** What is paged through: a table, or an index of it, by columns of 16 bytes each. */
export interface Paged {
  readonly table: string;
  readonly columns: readonly string[];
  /** A condition on the table's own columns, with its parameters. */
  readonly where: readonly [sql: string, ...parameters: StoreValue[]];
}

/** A condition for the rows of a page, with its parameters. */
export interface Range {
  readonly sql: (alias: string) => string;
  readonly parameters: readonly StoreValue[];
  /** The key to go on behind; null where this is the last page. */
  readonly next: Uint8Array | null;
}

/** The page behind a key, which is empty for the first one. */
export function pageOf(store: PartnershipStore, paged: Paged, after: Uint8Array, rows: number): Range {
  const { table, columns, where } = paged;
  const [condition, ...parameters] = where;
  const from = columns.map((_, i) => after.slice(i * PART_BYTES, (i + 1) * PART_BYTES));
  const names = columns.join(', ');
  const marks = columns.map(() => '?').join(', ');
  const end = first<Record<string, Uint8Array>>(
    store,
    `select ${names} from ${table} where ${condition} and (${names}) > (${marks})
     order by ${names} limit 1 offset ${rows - 1}`,
    ...parameters,
    ...from,
  );
  const last = columns.map((column) => end?.[column] ?? LAST);
  return {
    sql: (alias) => {
      const own = columns.map((column) => `${alias}.${column}`).join(', ');
      return `(${own}) > (${marks}) and (${own}) <= (${marks})`;
    },
    parameters: [...from, ...last],
    next: end ? concat(...last) : null,
  };
}

/** What one page cost, and behind which key the next one begins; null where it was the last. */
export interface WorkedPage {
  readonly cost: number;
  readonly next: Uint8Array | null;
}

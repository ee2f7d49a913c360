/** Opens one exported file, whatever it holds. */
import { type AccountRecord, accountRows } from './accounts.ts';
import { type ColumnMap, type Layout, recogniseLayout } from './layout.ts';
import { type OpportunityRecord, opportunityRows } from './opportunities.ts';
import type { ImportRow } from './rows.ts';
import { readTable } from './table.ts';

/**
 * What a file was recognised as. `rows` reads the file anew each time that it is iterated, as a stream; that an id
 * stands twice is only noticed where they are stored (see `importSource`).
 */
export type Export = {
  readonly layout: Layout;
  readonly columns: readonly string[];
  readonly encoding: string;
  readonly delimiter: string;
} & (
  | { readonly what: 'accounts'; readonly rows: AsyncIterable<ImportRow<AccountRecord>> }
  | { readonly what: 'opportunities'; readonly rows: AsyncIterable<ImportRow<OpportunityRecord>> }
);

/**
 * Opens a CRM's export: tells encoding, delimiter and layout from the file, with `map` over what is recognised.
 * Nothing in a cell is interpreted or executed; a value like `=1+1` stays the text that it is. Throws
 * `ImportError`; `rows` may throw it too while they are iterated, and then nothing of the file may be kept.
 */
export async function openExport(
  path: string,
  options: { map?: ColumnMap; delimiter?: string } = {},
): Promise<Export> {
  const { columns, encoding, delimiter, rows } = await readTable(path, options);
  const layout = recogniseLayout(columns, options.map);
  const about = { layout, columns, encoding, delimiter };
  if (layout.what === 'accounts') {
    return { ...about, what: 'accounts', rows: again(() => accountRows(rows, layout)) };
  }
  return { ...about, what: 'opportunities', rows: again(() => opportunityRows(rows, layout)) };
}

function again<Item>(start: () => AsyncGenerator<Item>): AsyncIterable<Item> {
  return { [Symbol.asyncIterator]: start };
}

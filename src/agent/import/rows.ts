/** What the rows of accounts and of opportunities have in common. */
import type { Layout } from './layout.ts';

/** A record with the line, from 1, of the file that it begins on; or why the row was left out. */
export type ImportRow<Record> =
  | { readonly line: number; readonly record: Record }
  | { readonly line: number; readonly rejected: string };

/** The cell without the space around it; empty for a column that the file does not have. */
export function cellText(cells: readonly string[], column: number | null): string {
  return column === null ? '' : (cells[column]?.trim() ?? '');
}

/** The kept columns of a row that have content. */
export function keptFields(cells: readonly string[], layout: Layout): Record<string, string> {
  const fields: Record<string, string> = {};
  for (const [column, key] of layout.fields) {
    const text = cellText(cells, column);
    if (text !== '') fields[key] = text;
  }
  return fields;
}

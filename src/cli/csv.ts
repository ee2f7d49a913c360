/** CSV files for other programs to import: RFC 4180, CRLF, and no cell that a spreadsheet would compute. */

/**
 * The text with an apostrophe before it where a spreadsheet would take it for a formula: where it starts with `=`, `+`,
 * `-`, `@`, a tab or a carriage return. What partners seal into a field is their choice.
 */
function guarded(text: string): string {
  return /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
}

/** The rows as one text, each ended by CRLF, every cell guarded. */
export function csv(rows: readonly (readonly string[])[], options: { readonly bom: boolean }): string {
  const lines = rows.map((row) => `${row.map((cell) => quoted(guarded(cell))).join(',')}\r\n`);
  return (options.bom ? '\uFEFF' : '') + lines.join('');
}

function quoted(cell: string): string {
  return /[",\r\n]|^\s|\s$/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
}

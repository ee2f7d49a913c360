/** Accounts from the rows of a file. */
import { badId, contentId, SeenIds } from './identity.ts';
import type { Layout } from './layout.ts';
import { cellText, type ImportRow, keptFields } from './rows.ts';
import type { TableRow } from './table.ts';

/** One account as the CRM knows it. */
export interface AccountRecord {
  /** The CRM's record id; of a file without ids, an id made of names and domains (see `contentId`). */
  readonly id: string;
  /** Names as they are spelled, without repeats. */
  readonly names: readonly string[];
  /** Domains, URLs or e-mail addresses as they stand, one an entry, without repeats. */
  readonly domains: readonly string[];
  /** The country as it stands: a name or a code. */
  readonly country?: string;
  /** `type`, `owner`, `owner_email`, `industry`, `city`, and every unknown column by `attributeKey`. Never empty. */
  readonly fields: Readonly<Record<string, string>>;
}

/** What people write where they know no name or website; as an identifier it would match everybody else's. */
const PLACEHOLDERS = new Set(['-', '--', '.', '?', 'n/a', '#n/a', 'null', 'none', 'unknown', 'tbd']);

/** The accounts of the rows; a row without an id, with an id that stands before, or with no identity is rejected. */
export async function* accountRows(
  rows: AsyncIterable<TableRow>,
  layout: Layout,
): AsyncGenerator<ImportRow<AccountRecord>> {
  const seen = new SeenIds();
  const made = layout.id === null ? 'names and domains' : undefined;
  for await (const row of rows) {
    if ('rejected' in row) {
      yield row;
      continue;
    }
    const { line } = row;
    const record = account(row.cells, layout);
    const rejected = typeof record === 'string' ? record : seen.add(record.id, line, made);
    if (rejected !== null) yield { line, rejected };
    else if (typeof record !== 'string') yield { line, record };
  }
}

/** The account of a row, or why there is none. */
function account(cells: readonly string[], layout: Layout): AccountRecord | string {
  const names = distinct(layout.names.map((column) => cellText(cells, column)));
  const domains = distinct(layout.domains.flatMap((column) => cellText(cells, column).split(/[\s,;|]+/)));
  if (names.length + domains.length === 0) return 'neither a name nor a domain';
  const id = layout.id === null ? contentId([...names, '', ...domains]) : cellText(cells, layout.id);
  const country = cellText(cells, layout.country);
  const fields = keptFields(cells, layout);
  return badId(id) ?? { id, names, domains, ...(country === '' ? {} : { country }), fields };
}

function distinct(values: readonly string[]): string[] {
  return [...new Set(values)].filter((value) => value !== '' && !PLACEHOLDERS.has(value.toLowerCase()));
}

/** Accounts from the rows of a file. */
import type { IdKind } from '../../../protocol/identifiers/kind.ts';
import { badId, contentId } from './identity.ts';
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
  /** Former, trading and other names as they stand, without repeats; there where the file has any. */
  readonly otherNames?: readonly string[];
  /** The parent company: record ids or names as they stand, the nearest first; there where the file has any. */
  readonly parents?: readonly string[];
  /** Ids that others gave the company, as they stand; only kinds of which there are any. */
  readonly companyIds?: Readonly<Partial<Record<IdKind, readonly string[]>>>;
  /** `type`, `owner`, `owner_email`, `industry`, `city`, `state`, and every unknown column by `attributeKey`. Never empty. */
  readonly fields: Readonly<Record<string, string>>;
}

/** What people write where they know no name or website; as an identifier it would match everybody else's. */
const PLACEHOLDERS = new Set(['-', '--', '.', '?', 'n/a', '#n/a', 'null', 'none', 'unknown', 'tbd']);

/** The accounts of the rows; a row without an id or without any identity is rejected. Ids may stand more than once. */
export async function* accountRows(
  rows: AsyncIterable<TableRow>,
  layout: Layout,
): AsyncGenerator<ImportRow<AccountRecord>> {
  for await (const row of rows) {
    if ('rejected' in row) {
      yield row;
      continue;
    }
    const { line } = row;
    const record = account(row.cells, layout);
    yield typeof record === 'string' ? { line, rejected: record } : { line, record };
  }
}

/** The account of a row, or why there is none. */
function account(cells: readonly string[], layout: Layout): AccountRecord | string {
  const current = distinct(layout.names.map((column) => cellText(cells, column)));
  const others = distinct(layout.otherNames.flatMap((column) => parts(cellText(cells, column), /[;|\n]+/)));
  // A row that has only a trading name is known by that.
  const names = current.length === 0 ? others.slice(0, 1) : current;
  const otherNames = others.filter((name) => !names.includes(name));
  const domains = distinct(layout.domains.flatMap((column) => cellText(cells, column).split(/[\s,;|]+/)));
  if (names.length + domains.length === 0) return 'neither a name nor a domain';
  const id = layout.id === null ? contentId([...names, '', ...domains]) : cellText(cells, layout.id);
  const country = cellText(cells, layout.country);
  const parents = distinct(layout.parents.map((column) => cellText(cells, column)));
  const companyIds = idsOf(cells, layout);
  return (
    badId(id) ?? {
      id,
      names,
      domains,
      ...(country === '' ? {} : { country }),
      ...(otherNames.length === 0 ? {} : { otherNames }),
      ...(parents.length === 0 ? {} : { parents }),
      ...(Object.keys(companyIds).length === 0 ? {} : { companyIds }),
      fields: keptFields(cells, layout),
    }
  );
}

function idsOf(cells: readonly string[], layout: Layout): NonNullable<AccountRecord['companyIds']> {
  const ids: Partial<Record<IdKind, string[]>> = {};
  for (const [column, kind] of layout.companyIds) {
    const values = distinct([...(ids[kind] ?? []), ...parts(cellText(cells, column), /[,;|\n]+/)]);
    if (values.length > 0) ids[kind] = values;
  }
  return ids;
}

/** What a cell lists, one an entry. */
function parts(cell: string, separator: RegExp): string[] {
  return cell.split(separator).map((part) => part.trim());
}

function distinct(values: readonly string[]): string[] {
  return [...new Set(values)].filter((value) => value !== '' && !PLACEHOLDERS.has(value.toLowerCase()));
}

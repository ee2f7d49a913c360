/** Opportunities from the rows of a file. */
import { badId, contentId } from './identity.ts';
import type { Layout } from './layout.ts';
import { cellText, type ImportRow, keptFields } from './rows.ts';
import type { TableRow } from './table.ts';

/** One opportunity of one account. A deal of several companies is one record for each, all with the deal's id. */
export interface OpportunityRecord {
  /** The CRM's record id; of a file without ids, an id made of account, opportunity's name and close date. */
  readonly id: string;
  /** The record id of the account. */
  readonly accountId: string;
  /** `stage`, `amount`, `currency`, `close_date`, `owner`, …, and unknown columns by `attributeKey`. Never empty. */
  readonly fields: Readonly<Record<string, string>>;
}

/** The opportunities of the rows; a row without its own or an account's id is rejected. Ids may stand more than once. */
export async function* opportunityRows(
  rows: AsyncIterable<TableRow>,
  layout: Layout,
): AsyncGenerator<ImportRow<OpportunityRecord>> {
  for await (const row of rows) {
    if ('rejected' in row) {
      yield row;
      continue;
    }
    const { line, cells } = row;
    const accounts = accountIds(cellText(cells, layout.accountId));
    const fields = keptFields(cells, layout);
    const id =
      layout.id === null
        ? contentId([...accounts, '', fields.opportunity_name ?? '', fields.close_date ?? ''])
        : cellText(cells, layout.id);
    const rejected = rejection(id, accounts);
    if (rejected !== null) yield { line, rejected };
    else for (const accountId of accounts) yield { line, record: { id, accountId, fields } };
  }
}

/** The ids in a cell, which for deals of several companies are separated by semicolons. */
function accountIds(cell: string): string[] {
  const ids = cell.split(';').map((id) => id.trim());
  return [...new Set(ids)].filter((id) => id !== '');
}

function rejection(id: string, accounts: readonly string[]): string | null {
  if (accounts.length === 0) return 'no account id';
  for (const account of accounts) {
    const bad = badId(account);
    if (bad !== null) return bad;
  }
  return badId(id);
}

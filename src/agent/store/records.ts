/** Accounts as the store keeps them, one record each. */
import type { AccountRecord } from '../import/accounts.ts';
import { canonicalId } from '../import/identity.ts';
import type { OpportunityRecord } from '../import/opportunities.ts';
import type { Store } from './store.ts';

/** An account with where it came from and its opportunities. */
export interface Account {
  /** Names the account within this store: keyed hash of its source and record id. */
  readonly key: Uint8Array;
  readonly source: string;
  readonly record: AccountRecord;
  readonly opportunities: readonly OpportunityRecord[];
}

/** The account of a row of `accounts`, where `record` is its key. */
export function openAccount(
  store: Store,
  row: { readonly record: Uint8Array; readonly sealed: Uint8Array },
): Account {
  const { source, record } = store.vault.openJson<{ source: string; record: AccountRecord }>(
    'accounts',
    row.sealed,
  );
  // Sorted here: with an order SQLite compiles such a statement anew for every account, which costs more than its rows.
  const opportunities = store.database
    .all<{ id: number; sealed: Uint8Array }>(
      'select id, sealed from opportunities where account = ?',
      store.vault.lookup('account of opportunity', canonicalId(record.id)),
    )
    .sort((a, b) => a.id - b.id)
    .map(({ sealed }) => store.vault.openJson<{ record: OpportunityRecord }>('opportunities', sealed).record);
  return { key: row.record, source, record, opportunities };
}

/** Makes every list be read again. Within the transaction of the change. */
export function noteListChange(store: Store): void {
  store.database.run('update list_version set number = number + 1');
}

/** The organisation's own tuning of matching, sealed. */
import { type Tuning, UNTUNED } from '../quality/tuning.ts';
import { noteListChange } from './records.ts';
import type { Store } from './store.ts';

/** The tuning in force; `UNTUNED` where none was set. */
export function getTuning(store: Store): Tuning {
  const row = store.database.get<{ sealed: Uint8Array }>('select sealed from tuning');
  return row ? store.vault.openJson<Tuning>('tuning', row.sealed) : UNTUNED;
}

/** Sets the tuning, or clears it; the next sync submits what is different by it. */
export function putTuning(store: Store, tuning: Tuning | null): void {
  const { database, vault } = store;
  database.transaction(() => {
    database.run('delete from tuning');
    if (tuning) database.run('insert into tuning (sealed) values (?)', vault.sealJson('tuning', tuning));
    noteListChange(store);
  });
}

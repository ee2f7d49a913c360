/** Single sealed documents by name: what a home keeps one of. */
import type { Store } from './store.ts';

export function getDocument<Value>(store: Store, name: string): Value | null {
  const row = store.database.get<{ sealed: Uint8Array }>('select sealed from documents where name = ?', name);
  return row ? store.vault.openJson<Value>(`document ${name}`, row.sealed) : null;
}

/** Reads, changes and writes it in one transaction. */
export function changeDocument<Value>(
  store: Store,
  name: string,
  change: (value: Value | null) => Value,
): Value {
  return store.database.transaction(() => {
    const value = change(getDocument<Value>(store, name));
    store.database.run(
      'insert into documents (name, sealed) values (?, ?) on conflict do update set sealed = excluded.sealed',
      name,
      store.vault.sealJson(`document ${name}`, value),
    );
    return value;
  });
}

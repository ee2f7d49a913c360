/** White space against the whole own list: what was not compared may still be known by name. */
import { identify } from '../../protocol/identifiers/index.ts';
import { identityOf } from './quality/identity.ts';
import { eachAccount } from './store/lists.ts';
import type { Store } from './store/store.ts';

/**
 * Those of the names that an own account has too, in whatever spelling, also where that account is in no population or
 * was not granted. Reads the whole list; what is kept of it are the names that were asked for.
 */
export function knownNames(store: Store, names: readonly string[]): Set<string> {
  const asked = new Map<string, string[]>();
  for (const name of new Set(names)) {
    for (const value of nameValues({ names: [name], domains: [] }))
      asked.set(value, [...(asked.get(value) ?? []), name]);
  }
  const known = new Set<string>();
  if (asked.size === 0) return known;
  for (const value of ownNameValues(store)) {
    for (const name of asked.get(value) ?? []) known.add(name);
  }
  return known;
}

/** The names of the whole own list as they are compared, again and again where several accounts have one. */
export function* ownNameValues(store: Store): Generator<string> {
  for (const { record } of eachAccount(store)) yield* nameValues({ ...identityOf(record), domains: [] });
}

/** The forms of names that are compared. */
export function nameValues(facts: Parameters<typeof identify>[0]): string[] {
  return identify(facts).identifiers.flatMap(({ kind, value }) => (kind === 'name' ? [value] : []));
}

/** The own organisation's rosters, from the first: packed, with their signatures, as base64url. */
import { fromBase64url, toBase64url } from '../../../protocol/bytes.ts';
import type { Store } from './store.ts';

export function ownRosters(store: Store): string[] {
  return store.database
    .all<{ packed: Uint8Array }>('select packed from rosters order by number')
    .map(({ packed }) => toBase64url(packed));
}

/** Keeps what is new of a chain; a number that is there stays as it is. The chain was checked. */
export function keepOwnRosters(store: Store, chain: readonly string[]): void {
  chain.forEach((packed, index) => {
    store.database.run(
      'insert into rosters (number, packed) values (?, ?) on conflict do nothing',
      index + 1,
      fromBase64url(packed) ?? new Uint8Array(),
    );
  });
}

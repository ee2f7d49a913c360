/** What people here decided about pairs to review. It stays in this store: nothing of it is ever sent. */
import { fromHex } from '../../../protocol/bytes.ts';
import type { Handle, PartnershipId } from '../../../protocol/ids.ts';
import type { Store } from './store.ts';

export const DECISIONS = ['confirmed', 'rejected'] as const;
export type Decision = (typeof DECISIONS)[number];

/** The two accounts of a pair. */
export interface PairKey {
  readonly myHandle: Handle;
  readonly theirHandle: Handle;
}

/** Keeps a decision in the place of an earlier one; null forgets it. */
export function putDecision(store: Store, id: PartnershipId, pair: PairKey, decision: Decision | null): void {
  const { database, vault } = store;
  const key = [id, bytes(pair.myHandle), bytes(pair.theirHandle)] as const;
  if (decision === null)
    database.run('delete from reviews where partnership = ? and mine = ? and theirs = ?', ...key);
  else
    database.run(
      `insert into reviews (partnership, mine, theirs, sealed) values (?, ?, ?, ?)
       on conflict do update set sealed = excluded.sealed`,
      ...key,
      vault.sealJson('review', decision),
    );
}

/** What was decided about the pair, or null. */
export function decisionOf(store: Store, id: PartnershipId, pair: PairKey): Decision | null {
  const row = store.database.get<{ sealed: Uint8Array }>(
    'select sealed from reviews where partnership = ? and mine = ? and theirs = ?',
    id,
    bytes(pair.myHandle),
    bytes(pair.theirHandle),
  );
  return row ? store.vault.openJson<Decision>('review', row.sealed) : null;
}

function bytes(handle: Handle): Uint8Array {
  return fromHex(handle) ?? new Uint8Array();
}

/**
 * The vault key where the keyring is, and who holds it: members whose code somebody compared, by the hash of their keys.
 * What the service says of members only ever takes somebody out; it lets nobody in.
 */
import { toBase64url } from '../../../protocol/bytes.ts';
import { systemRandom } from '../../../protocol/hash.ts';
import type { MemberId } from '../../../protocol/member.ts';
import { VAULT_KEY_BYTES, type VaultKey } from '../../../protocol/vault/key.ts';
import { decode } from '../pinned.ts';
import { changeDocument, getDocument } from '../store/documents.ts';
import type { Store } from '../store/store.ts';

/** As it is kept. */
interface Kept {
  readonly number: number;
  /** base64url. */
  readonly key: string;
  /** Somebody who held the key left: the next sync makes another. */
  readonly isStale: boolean;
  /** Hash of each holder's signed keys, in hexadecimal. */
  readonly holders: Readonly<Record<string, string>>;
  /** Members who left; they are never let in again. */
  readonly gone: readonly MemberId[];
  /** Wraps below this number are deleted at the service. */
  readonly dropped: number;
}

export interface Vault {
  readonly key: VaultKey;
  readonly isStale: boolean;
  readonly holders: ReadonlyMap<MemberId, string>;
  readonly gone: ReadonlySet<MemberId>;
  readonly dropped: number;
}

const NAME = 'vault';

/** The vault of this home, or null where nobody was ever admitted. */
export function readVault(store: Store): Vault | null {
  const kept = getDocument<Kept>(store, NAME);
  return kept && open(kept);
}

/** What a first key is made beside: the highest number that members hold, and who left before. */
export interface Before {
  readonly above: number;
  readonly gone: readonly MemberId[];
}

/** Lets a member in; makes the first key where there is none. */
export function letIn(store: Store, member: MemberId, keysHash: string, { above, gone }: Before): Vault {
  return change(store, (before) => {
    const current = before ?? { ...newKey(above + 1), isStale: false, holders: {}, gone, dropped: 0 };
    return { ...current, holders: { ...current.holders, [member]: keysHash } };
  });
}

/** Takes members who can have held the key out for good: another one admits without this home knowing at once. */
export function takeOut(store: Store, members: readonly MemberId[]): void {
  const vault = readVault(store);
  const left = vault ? members.filter((id) => !vault.gone.has(id)) : [];
  if (left.length === 0) return;
  change(store, (current) => {
    if (!current) throw new Error('a vault does not go away');
    const holders = Object.fromEntries(
      Object.entries(current.holders).filter(([id]) => !left.some((gone) => gone === id)),
    );
    return { ...current, isStale: true, holders, gone: [...current.gone, ...left] };
  });
}

/** The next key in the place of this one, unless another work of this home made it already. */
export function renewKey(store: Store, last: number, above: number): Vault {
  return change(store, (current) => {
    if (!current) throw new Error('a vault does not go away');
    if (current.number !== last) return current;
    return { ...current, ...newKey(Math.max(last, above) + 1), isStale: false };
  });
}

/** Notes that the service has no wraps below the number of this key. */
export function noteDropped(store: Store, number: number): void {
  change(store, (current) => {
    if (!current) throw new Error('a vault does not go away');
    return { ...current, dropped: number };
  });
}

function newKey(number: number): Pick<Kept, 'number' | 'key'> {
  return { number, key: toBase64url(systemRandom(VAULT_KEY_BYTES)) };
}

function change(store: Store, make: (current: Kept | null) => Kept): Vault {
  return open(changeDocument<Kept>(store, NAME, make));
}

function open({ number, key, isStale, holders, gone, dropped }: Kept): Vault {
  return {
    key: { number, key: decode(key) },
    isStale,
    holders: new Map(Object.entries(holders) as [MemberId, string][]),
    gone: new Set(gone),
    dropped,
  };
}

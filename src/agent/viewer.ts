/** Whoever asks about a partnership and checks what comes back: the home with the keyring, or a member's. */
import type { Kind } from '../../protocol/identifiers/kind.ts';
import type { Handle } from '../../protocol/ids.ts';
import type { ViewerRole } from '../../protocol/member.ts';
import type { Client, OverlapAnswer, PartnershipView } from './client.ts';
import type { Keyring } from './keyring.ts';
import type { Partnership } from './store/partnerships.ts';
import type { Store } from './store/store.ts';
import type { Evidence } from './why.ts';

export interface Viewer {
  /** Pinned partners, and what was decided here; the lists only where the keyring is. */
  readonly store: Store;
  readonly now: () => number;
  /** As whom the service answers; the home with the keyring asks as sales. */
  readonly role: ViewerRole;
  /** The own organisation, as its root key vouches for it. */
  readonly keyring: Pick<Keyring, 'certificate'>;
  readonly own: OwnAccounts;
  client(): Client;
  /** The partners that a question goes to: the named one, else all; a problem where there is none. */
  asked(name: string | undefined): Promise<Partnership[]>;
  close(): void;
}

/** One record of the own list. */
export interface OwnRecord {
  readonly record: string;
  readonly source: string;
}

/** An own account as answers show it, with what the partner's side of a pair is checked by. */
export interface OwnAccount {
  readonly name: string;
  /** The record that stands for it; null where it was removed since. */
  readonly first: OwnRecord | null;
  /** All records that are this account. */
  readonly records: readonly OwnRecord[];
  /** The identifier that was submitted for this account under the tag, or null. */
  identifier(tag: Uint8Array): OwnIdentifier | null;
  /** What of the own list made the pair: `tags` are those that matched, in hexadecimal. */
  evidence(kinds: readonly Kind[], tags: ReadonlySet<string>): Evidence[];
}

export interface OwnIdentifier {
  readonly kind: Kind;
  /** The keys in the partner's direction (protocol/keys.ts); `wrap` opens its fields, null where the kind opens none. */
  readonly confirm: Uint8Array;
  readonly wrap: Uint8Array | null;
}

/** The own accounts, from wherever they are: the local store, or the organisation's vault. */
export interface OwnAccounts {
  /** Before a question: throws where what the service compares is not what is known here. Gives what is pinned. */
  follow(partnership: Partnership, view: PartnershipView): Promise<Partnership>;
  /** Looks up the own accounts of an answer; null for what is not one. */
  of(partnership: Partnership, answer: Pick<OverlapAnswer, 'own'>): (handle: Handle) => OwnAccount | null;
  /** The key of the names that the partner sealed for the organisation, or null where it does not open. */
  namesKey(partnership: Partnership, sealed: Uint8Array): Promise<Uint8Array | null>;
  /** Those of the names that an own account has too, whether it was compared or not. */
  known(partnership: Partnership, names: readonly string[]): Promise<ReadonlySet<string>>;
}

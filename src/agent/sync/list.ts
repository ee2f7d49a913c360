/** The state of this side's list in a partnership: what would leave, what has to be evaluated first, handles and tags. */
import { createHash } from 'node:crypto';
import { setImmediate as breathe } from 'node:timers/promises';
import { concat, fromHex, toHex } from '../../../protocol/bytes.ts';
import { systemRandom } from '../../../protocol/hash.ts';
import type { Identifier } from '../../../protocol/identifiers/index.ts';
import {
  EVALUATED_KINDS,
  type EvaluatedKind,
  type Kind,
  kindNumber,
  kindOf,
} from '../../../protocol/identifiers/kind.ts';
import { HANDLE_BYTES, type PartnershipId, TAG_BYTES } from '../../../protocol/ids.ts';
import { type Scope, scopeHash } from '../../../protocol/scope.ts';
import { AEAD_NONCE_BYTES, AEAD_TAG_BYTES, KEY_BYTES } from '../../../protocol/sizes.ts';
import type { PackedRecords } from '../../../protocol/submission.ts';
import type { DerivedRow, IdentifierKeys } from '../crypto/tasks.ts';
import type { Normaliser } from '../normalisers.ts';
import { listVersion } from '../store/lists.ts';
import { getPartnership } from '../store/partnerships.ts';
import { PARTS, part } from '../store/parts.ts';
import type { Store } from '../store/store.ts';
import { type SharedAccount, sharedPages } from './share.ts';

/** What a scan of the list found. */
export interface ListState {
  /** Changes exactly when something that would leave has changed. */
  readonly digest: string;
  readonly accounts: number;
  readonly identifiers: number;
  /** Accounts by population, in the order of the scope's populations. */
  readonly byPopulation: readonly number[];
  /** Identifiers whose tags are not known yet, by kind. */
  readonly wanted: Readonly<Record<EvaluatedKind, number>>;
}

/**
 * Scans the list, page by page in short transactions, and from the beginning where it changed on the way: the digest is
 * of one state of it. With `want`, identifiers without a tag are put down as wanted, in a random order, which is the
 * cryptographic shuffle of the request; values that are not wanted any more are dropped.
 */
export async function scanList(
  store: Store,
  id: PartnershipId,
  scope: Scope,
  signedScope: Uint8Array,
  normaliser: Normaliser,
  want: boolean,
): Promise<ListState> {
  for (;;) {
    const list = await scanOnce(store, id, scope, signedScope, normaliser, want);
    if (list) return list;
  }
}

/** One pass over the list; null where it changed before the end. */
async function scanOnce(
  store: Store,
  id: PartnershipId,
  scope: Scope,
  signedScope: Uint8Array,
  normaliser: Normaliser,
  want: boolean,
): Promise<ListState | null> {
  const { database, vault } = store;
  const partnership = getPartnership(store, id);
  const epoch = partnership.epoch?.number ?? 0;
  const digest = createHash('sha256')
    .update(scopeHash(signedScope))
    .update(partnership.epoch?.hash ?? '');
  digest.update(partnership.partner?.recipient ?? '');
  const byPopulation = scope.populations.map(() => 0);
  let accounts = 0;
  let identifiers = 0;
  const version = database.transaction(() => {
    database.run('delete from found where partnership = ?', id);
    return listVersion(store);
  });
  const pages = sharedPages(store, scope, normaliser);
  for (;;) {
    const outcome = database.transaction(() => {
      // Read in the same transaction as the page, so that no page is of another state.
      if (listVersion(store) !== version) return 'changed';
      const page = pages.next();
      if (page.done) return 'done';
      for (const shared of page.value) note(shared);
      return 'read';
    });
    if (outcome === 'changed') return null;
    if (outcome === 'done') break;
    await breathe();
  }

  const wanted = await sumUp(store, id, want);
  return { digest: digest.digest('hex'), accounts, identifiers, byPopulation, wanted };

  function note(shared: SharedAccount): void {
    accounts++;
    identifiers += shared.identifiers.length;
    for (const index of shared.populations) byPopulation[index] = (byPopulation[index] ?? 0) + 1;
    digest.update(
      JSON.stringify([
        toHex(shared.account.key),
        shared.populations,
        shared.identifiers,
        shared.derived,
        shared.fields,
        shared.name,
      ]),
    );
    for (const identifier of shared.identifiers) {
      const lookup = identifierLookup(store, id, epoch, identifier);
      const isNew = !isKnown(store, id, epoch, lookup);
      database.run(
        'insert into found (partnership, lookup, kind, shuffle, sealed) values (?, ?, ?, ?, ?)',
        id,
        lookup,
        isNew ? kindNumber(identifier.kind) : null,
        isNew && want ? systemRandom(16) : null,
        isNew && want ? vault.sealJson('wanted', identifier.value) : null,
      );
    }
  }
}

/** Sorts what the pages of a scan found; gives how many identifiers have no tag, by kind. */
async function sumUp(store: Store, id: PartnershipId, want: boolean): Promise<ListState['wanted']> {
  const { database } = store;
  database.run('delete from shared where partnership = ?', id);
  database.run(
    `insert into shared (lookup, partnership)
     select lookup, partnership from found where partnership = ? group by lookup having count(*) > 1`,
    id,
  );
  await breathe();
  const rows = database.all<{ kind: number; n: number }>(
    `select kind, count(*) as n from (
       select kind from found where partnership = ? and kind is not null group by lookup
     ) group by kind`,
    id,
  );
  await breathe();
  if (want) {
    database.run('delete from wanted where partnership = ?', id);
    database.run(
      `insert into wanted (partnership, kind, lookup, sealed)
       select partnership, kind, lookup, sealed from found
       where partnership = ? and kind is not null group by lookup order by kind, shuffle`,
      id,
    );
  }
  database.run('delete from found where partnership = ?', id);
  return countsOf(new Map(rows.map(({ kind, n }) => [kindOf(kind), n])));
}

/** Of the rows of `wanted` those that no request since the scan has brought a tag for; its parameter is the epoch. */
export const WITHOUT_TAG = `not exists (
  select 1 from identifiers i where i.partnership = wanted.partnership and i.epoch = ? and i.lookup = wanted.lookup
)`;

/** Identifiers of the last scan that are still without a tag, by kind. */
export function stillWanted(store: Store, id: PartnershipId): ListState['wanted'] {
  const rows = store.database.all<{ kind: number; n: number }>(
    `select kind, count(*) as n from wanted where partnership = ? and ${WITHOUT_TAG} group by kind`,
    id,
    getPartnership(store, id).epoch?.number ?? 0,
  );
  const counts = new Map(rows.map(({ kind, n }) => [kindOf(kind), n]));
  return countsOf(counts);
}

/** A count for every kind that is evaluated, 0 where none is given. */
export function countsOf(counts: ReadonlyMap<Kind | null, number>): Record<EvaluatedKind, number> {
  return Object.fromEntries(EVALUATED_KINDS.map((kind) => [kind, counts.get(kind) ?? 0])) as Record<
    EvaluatedKind,
    number
  >;
}

const LOOKUP_BYTES = 16;
/** A key under the vault: nonce, ciphertext and tag. */
const SEALED_KEY_BYTES = AEAD_NONCE_BYTES + KEY_BYTES + AEAD_TAG_BYTES;

/** The keyed hash under which an identifier's tag and key are kept. */
export function identifierLookup(
  store: Store,
  id: PartnershipId,
  epoch: number,
  identifier: Identifier,
): Uint8Array {
  return store.vault.lookup('identifier', id, String(epoch), identifier.kind, identifier.value);
}

export interface KnownIdentifier {
  readonly tag: Uint8Array;
  /** K(x). */
  readonly key: Uint8Array;
}

/** Tag and key of an identifier that was evaluated in this epoch, or null. */
export function knownIdentifier(
  store: Store,
  id: PartnershipId,
  epoch: number,
  lookup: Uint8Array,
): KnownIdentifier | null {
  const row = store.database.get<{ tag: Uint8Array; key: Uint8Array }>(
    'select tag, key from identifiers where partnership = ? and epoch = ? and lookup = ?',
    id,
    epoch,
    lookup,
  );
  return row ? { tag: row.tag, key: store.vault.open('identifier', row.key) } : null;
}

/** Tags and keys of identifiers in their order, null for one without, and whether other accounts of the last scan have it. */
export function knownIdentifiers(
  store: Store,
  id: PartnershipId,
  epoch: number,
  lookups: readonly Uint8Array[],
): ((KnownIdentifier & { readonly isShared: boolean }) | null)[] {
  if (lookups.length === 0) return [];
  return store.database
    .all<{ tag: Uint8Array | null; key: Uint8Array; isShared: number }>(
      `${PARTS} select tag, key, exists (select 1 from shared s where s.lookup = i.lookup) as isShared
       from parts left join identifiers i
       on i.partnership = ? and i.epoch = ? and i.lookup = ${part(LOOKUP_BYTES)} order by n`,
      lookups.length,
      id,
      epoch,
      concat(...lookups),
    )
    .map(
      ({ tag, key, isShared }) =>
        tag && { tag, key: store.vault.open('identifier', key), isShared: isShared === 1 },
    );
}

/** Keeps tags and keys of identifiers of one kind, all packed in the same order. Within a transaction. */
export function keepIdentifiers(
  store: Store,
  id: PartnershipId,
  epoch: number,
  kind: EvaluatedKind,
  lookups: Uint8Array,
  { tags, keys }: IdentifierKeys,
): void {
  const count = lookups.length / LOOKUP_BYTES;
  const sealed = Array.from({ length: count }, (_, n) =>
    store.vault.seal('identifier', keys.subarray(n * KEY_BYTES, (n + 1) * KEY_BYTES)),
  );
  store.database.run(
    `${PARTS} insert into identifiers (partnership, epoch, kind, lookup, tag, key)
     select ?, ?, ?, ${part(LOOKUP_BYTES)}, ${part(TAG_BYTES)}, ${part(SEALED_KEY_BYTES)}
     from parts where true on conflict do nothing`,
    count,
    id,
    epoch,
    kindNumber(kind),
    lookups,
    tags,
    concat(...sealed),
  );
}

/**
 * Notes that this submission names accounts by these tags, so that an answer's pair can be held against it: packed records
 * of type `tags`.
 */
export function noteSubmitted(
  store: Store,
  id: PartnershipId,
  submission: number,
  { recordBytes, records }: PackedRecords,
): void {
  store.database.run(
    `${PARTS} insert into submitted (partnership, submission, tag, handle)
     select ?, ?, ${part(TAG_BYTES, recordBytes)}, ${part(HANDLE_BYTES, recordBytes, TAG_BYTES)}
     from parts where true on conflict do nothing`,
    records.length / recordBytes,
    id,
    submission,
    records,
    records,
  );
}

/** Notes a derived identifier with its key: the name it was made from may be gone when an answer shows it. */
export function noteDerived(store: Store, id: PartnershipId, submission: number, row: DerivedRow): void {
  store.database.run(
    'insert into submitted (partnership, handle, tag, submission, kind, key) values (?, ?, ?, ?, ?, ?) on conflict do nothing',
    id,
    fromHex(row.handle) ?? new Uint8Array(),
    row.tag,
    submission,
    kindNumber(row.kind),
    store.vault.seal('identifier', row.key),
  );
}

/** Kind and key of a tag that was submitted for this very handle, or null. */
export function submittedIdentifier(
  store: Store,
  id: PartnershipId,
  epoch: number,
  handle: string,
  tag: Uint8Array,
): { readonly kind: Kind; readonly key: Uint8Array } | null {
  const row = store.database.get<{ kind: number; key: Uint8Array }>(
    `select coalesce(s.kind, i.kind) as kind, coalesce(s.key, i.key) as key from submitted s
     left join identifiers i on i.partnership = s.partnership and i.epoch = ? and i.tag = s.tag
     where s.partnership = ? and s.handle = ? and s.tag = ? and coalesce(s.key, i.key) is not null limit 1`,
    epoch,
    id,
    fromHex(handle) ?? new Uint8Array(),
    tag,
  );
  const kind = row && kindOf(row.kind);
  return row && kind ? { kind, key: store.vault.open('identifier', row.key) } : null;
}

/** The handles of accounts in this partnership and epoch, in their order, each made at its first use. */
export function handlesOf(
  store: Store,
  id: PartnershipId,
  epoch: number,
  accounts: readonly Uint8Array[],
): string[] {
  if (accounts.length === 0) return [];
  const { database } = store;
  const keys = concat(...accounts);
  database.run(
    `${PARTS} insert into handles (partnership, epoch, account, handle)
     select ?, ?, ${part(LOOKUP_BYTES)}, ${part(HANDLE_BYTES)}
     from parts where true on conflict (partnership, epoch, account) do nothing`,
    accounts.length,
    id,
    epoch,
    keys,
    systemRandom(HANDLE_BYTES * accounts.length),
  );
  return database
    .all<{ handle: Uint8Array }>(
      `${PARTS} select handle from parts cross join handles
       on partnership = ? and epoch = ? and account = ${part(LOOKUP_BYTES)} order by n`,
      accounts.length,
      id,
      epoch,
      keys,
    )
    .map(({ handle }) => toHex(handle));
}

/** The key of the account behind a handle, or null for a handle that is not of this side. */
export function accountOf(store: Store, id: PartnershipId, epoch: number, handle: string): Uint8Array | null {
  const row = store.database.get<{ account: Uint8Array }>(
    'select account from handles where partnership = ? and epoch = ? and handle = ?',
    id,
    epoch,
    fromHex(handle) ?? new Uint8Array(),
  );
  return row?.account ?? null;
}

function isKnown(store: Store, id: PartnershipId, epoch: number, lookup: Uint8Array): boolean {
  return (
    store.database.get(
      'select 1 from identifiers where partnership = ? and epoch = ? and lookup = ?',
      id,
      epoch,
      lookup,
    ) !== undefined
  );
}

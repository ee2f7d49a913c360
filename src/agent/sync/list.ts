/** The state of this side's list in a partnership: what would leave, what has to be evaluated first, handles and tags. */
import { createHash } from 'node:crypto';
import { setImmediate as breathe } from 'node:timers/promises';
import { fromHex, toHex } from '../../../protocol/bytes.ts';
import { systemRandom } from '../../../protocol/hash.ts';
import type { Identifier } from '../../../protocol/identifiers/index.ts';
import {
  EVALUATED_KINDS,
  type EvaluatedKind,
  type Kind,
  kindNumber,
  kindOf,
} from '../../../protocol/identifiers/kind.ts';
import { HANDLE_BYTES, type PartnershipId } from '../../../protocol/ids.ts';
import { type Scope, scopeHash } from '../../../protocol/scope.ts';
import type { DerivedRow } from '../crypto/tasks.ts';
import type { Normaliser } from '../normalisers.ts';
import { listVersion } from '../store/lists.ts';
import { getPartnership } from '../store/partnerships.ts';
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
  const wanted = countsOf(new Map());
  let accounts = 0;
  let identifiers = 0;
  const version = database.transaction(() => {
    database.exec(
      `create temp table if not exists uses (
         partnership text, lookup blob primary key, accounts integer
       ) strict, without rowid`,
    );
    database.run('delete from temp.uses where partnership = ?', id);
    if (want) database.run('delete from wanted where partnership = ?', id);
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
    if (outcome === 'done')
      return { digest: digest.digest('hex'), accounts, identifiers, byPopulation, wanted };
    await breathe();
  }

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
      const uses = database.get<{ accounts: number }>(
        `insert into temp.uses (partnership, lookup, accounts) values (?, ?, 1)
         on conflict do update set accounts = accounts + 1 returning accounts`,
        id,
        lookup,
      );
      if (uses?.accounts !== 1 || isKnown(store, id, epoch, lookup)) continue;
      wanted[identifier.kind]++;
      if (!want) continue;
      database.run(
        'insert into wanted (partnership, kind, shuffle, lookup, sealed) values (?, ?, ?, ?, ?) on conflict do nothing',
        id,
        kindNumber(identifier.kind),
        systemRandom(16),
        lookup,
        vault.sealJson('wanted', identifier.value),
      );
    }
  }
}

/** Identifiers of the last scan that are still without a tag, by kind. */
export function stillWanted(store: Store, id: PartnershipId): ListState['wanted'] {
  const rows = store.database.all<{ kind: number; n: number }>(
    'select kind, count(*) as n from wanted where partnership = ? group by kind',
    id,
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

/** How many accounts of the last scan carry this identifier; more than one makes it too weak to open fields. */
export function usesOf(store: Store, lookup: Uint8Array): number {
  return (
    store.database.get<{ accounts: number }>('select accounts from temp.uses where lookup = ?', lookup)
      ?.accounts ?? 0
  );
}

export const LOOKUP_BYTES = 16;

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

/** Keeps tag and key; the identifier is wanted no more. Within a transaction. */
export function keepIdentifier(
  store: Store,
  id: PartnershipId,
  epoch: number,
  kind: EvaluatedKind,
  lookup: Uint8Array,
  known: KnownIdentifier,
): void {
  store.database.run(
    'insert into identifiers (partnership, epoch, lookup, kind, tag, key) values (?, ?, ?, ?, ?, ?) on conflict do nothing',
    id,
    epoch,
    lookup,
    kindNumber(kind),
    known.tag,
    store.vault.seal('identifier', known.key),
  );
  store.database.run('delete from wanted where partnership = ? and lookup = ?', id, lookup);
}

/** Notes that this submission names the account by these tags, so that an answer's pair can be held against it. */
export function noteSubmitted(
  store: Store,
  id: PartnershipId,
  submission: number,
  handle: string,
  tags: readonly Uint8Array[],
): void {
  for (const tag of tags) {
    store.database.run(
      'insert into submitted (partnership, handle, tag, submission) values (?, ?, ?, ?) on conflict do nothing',
      id,
      fromHex(handle) ?? new Uint8Array(),
      tag,
      submission,
    );
  }
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

/** The account's handle in this partnership and epoch, made at its first use. */
export function handleOf(store: Store, id: PartnershipId, epoch: number, account: Uint8Array): string {
  const { database } = store;
  const known = database.get<{ handle: Uint8Array }>(
    'select handle from handles where partnership = ? and epoch = ? and account = ?',
    id,
    epoch,
    account,
  );
  if (known) return toHex(known.handle);
  const handle = systemRandom(HANDLE_BYTES);
  database.run(
    'insert into handles (partnership, epoch, account, handle) values (?, ?, ?, ?)',
    id,
    epoch,
    account,
    handle,
  );
  return toHex(handle);
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

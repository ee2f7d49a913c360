/** This side's list as the scope lets it leave: which accounts, in which populations, with which identifiers and fields. */
import { createHash } from 'node:crypto';
import { fromHex, toHex } from '../../../protocol/bytes.ts';
import { systemRandom } from '../../../protocol/hash.ts';
import { type Identifier, identify } from '../../../protocol/identifiers/index.ts';
import { KINDS, type Kind, kindNumber, kindOf } from '../../../protocol/identifiers/kind.ts';
import { HANDLE_BYTES, type PartnershipId } from '../../../protocol/ids.ts';
import { type Field, populationGrant, type Scope, scopeHash } from '../../../protocol/scope.ts';
import { Problem } from '../problem.ts';
import { shareableFields } from '../shareable.ts';
import { type Account, eachAccount, listPopulations, populationsOf } from '../store/lists.ts';
import { getPartnership } from '../store/partnerships.ts';
import type { Store } from '../store/store.ts';

/** One account as it may leave under the scope. */
export interface SharedAccount {
  readonly account: Account;
  /** Indexes in the scope's populations, ascending. */
  readonly populations: readonly number[];
  readonly identifiers: readonly Identifier[];
  /** Every field granted for one of its populations, empty where the account has none. */
  readonly fields: Readonly<Partial<Record<Field, string>>>;
  readonly name: { readonly text: string; readonly populations: readonly number[] };
}

/** What a scan of the list found. */
export interface ListState {
  /** Changes exactly when something that would leave has changed. */
  readonly digest: string;
  readonly accounts: number;
  readonly identifiers: number;
  /** Accounts by population, in the order of the scope's populations. */
  readonly byPopulation: readonly number[];
  /** Identifiers whose tags are not known yet, by kind. */
  readonly wanted: Readonly<Record<Kind, number>>;
}

/** The accounts of which anything is granted; the others do not leave in any form. */
export function* sharedAccounts(store: Store, scope: Scope): Generator<SharedAccount> {
  const known = listPopulations(store);
  const populations = scope.populations.map((name) => {
    const population = known.find((candidate) => candidate.name === name);
    if (population) return population;
    throw new Problem(
      'unknown_population',
      `the scope names the population ${name}, which is not there any more`,
      'add it again, or grant a new scope',
    );
  });
  const grants = scope.populations.map((name) => populationGrant(scope, name));
  for (const account of eachAccount(store)) {
    const names = populationsOf(account, populations);
    const indexes = scope.populations.flatMap((name, index) => {
      const grant = grants[index];
      const granted = grant && (grant.level !== 'none' || grant.whiteSpace !== 'none');
      return granted && names.includes(name) ? [index] : [];
    });
    if (indexes.length === 0) continue;
    const { record } = account;
    const { identifiers } = identify(record);
    if (identifiers.length === 0) continue;
    const text = record.names[0] ?? record.domains[0] ?? '';
    const values: Record<string, string> = {
      ...shareableFields(record, account.opportunities),
      account_name: text,
    };
    const granted = new Set(indexes.flatMap((index) => [...(grants[index]?.fields ?? [])]));
    const fields: Partial<Record<Field, string>> = {};
    for (const field of granted) fields[field] = values[field] ?? '';
    const named = indexes.filter((index) => grants[index]?.whiteSpace === 'names');
    yield { account, populations: indexes, identifiers, fields, name: { text, populations: named } };
  }
}

/**
 * Scans the list. With `want`, identifiers without a tag are put down as wanted, in a random order, which is the
 * cryptographic shuffle of the request; values that are not wanted any more are dropped.
 */
export function scanList(
  store: Store,
  id: PartnershipId,
  scope: Scope,
  signedScope: Uint8Array,
  want: boolean,
): ListState {
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
  return database.transaction(() => {
    database.exec(
      `create temp table if not exists uses (
         partnership text, lookup blob primary key, kind integer, accounts integer
       ) strict, without rowid`,
    );
    database.run('delete from temp.uses where partnership = ?', id);
    database.run('delete from wanted where partnership = ?', id);
    for (const shared of sharedAccounts(store, scope)) {
      accounts++;
      identifiers += shared.identifiers.length;
      for (const index of shared.populations) byPopulation[index] = (byPopulation[index] ?? 0) + 1;
      digest.update(
        JSON.stringify([
          toHex(shared.account.key),
          shared.populations,
          shared.identifiers,
          shared.fields,
          shared.name,
        ]),
      );
      for (const identifier of shared.identifiers) {
        const lookup = identifierLookup(store, id, epoch, identifier);
        database.run(
          'insert into temp.uses (partnership, lookup, kind, accounts) values (?, ?, ?, 1) on conflict do update set accounts = accounts + 1',
          id,
          lookup,
          kindNumber(identifier.kind),
        );
        if (want && !isKnown(store, id, epoch, lookup)) {
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
    const unknown = database.all<{ kind: number; n: number }>(
      `select kind, count(*) as n from temp.uses where partnership = ? and not exists (
         select 1 from identifiers i where i.partnership = ? and i.epoch = ? and i.lookup = uses.lookup
       ) group by kind`,
      id,
      id,
      epoch,
    );
    const wanted = Object.fromEntries(KINDS.map((kind) => [kind, 0])) as Record<Kind, number>;
    for (const row of unknown) {
      const kind = kindOf(row.kind);
      if (kind) wanted[kind] = row.n;
    }
    return { digest: digest.digest('hex'), accounts, identifiers, byPopulation, wanted };
  });
}

/** How many accounts of the last scan carry this identifier; more than one makes it too weak to open fields. */
export function usesOf(store: Store, lookup: Uint8Array): number {
  return (
    store.database.get<{ accounts: number }>('select accounts from temp.uses where lookup = ?', lookup)
      ?.accounts ?? 0
  );
}

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

export function keepIdentifier(
  store: Store,
  id: PartnershipId,
  epoch: number,
  kind: Kind,
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

/** Kind and key of a tag that was submitted for this very handle, or null. */
export function submittedIdentifier(
  store: Store,
  id: PartnershipId,
  epoch: number,
  handle: string,
  tag: Uint8Array,
): { readonly kind: Kind; readonly key: Uint8Array } | null {
  const row = store.database.get<{ kind: number; key: Uint8Array }>(
    `select kind, key from identifiers where partnership = ? and epoch = ? and tag = ? and exists (
       select 1 from submitted where submitted.partnership = identifiers.partnership and handle = ? and submitted.tag = identifiers.tag
     )`,
    id,
    epoch,
    tag,
    fromHex(handle) ?? new Uint8Array(),
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

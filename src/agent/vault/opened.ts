/** The own accounts where the list is not: out of the organisation's vault, by the key that the member holds. */
import { openWith } from '../../../protocol/age.ts';
import { equal, fromHex, toHex, uint } from '../../../protocol/bytes.ts';
import { NORMALISER_VERSION } from '../../../protocol/identifiers/version.ts';
import type { VaultHead } from '../../../protocol/vault/head.ts';
import { type VaultKey, vaultKeyId } from '../../../protocol/vault/key.ts';
import { NAME_HASH_BYTES, nameHasher, openPiece, pieceOf } from '../../../protocol/vault/names.ts';
import { openRow, type VaultRow } from '../../../protocol/vault/row.ts';
import { openInVault } from '../../../protocol/vault/sealing.ts';
import type { Client, OverlapAnswer, PartnershipView } from '../client.ts';
import { nameValues } from '../known.ts';
import { Problem } from '../problem.ts';
import type { Partnership } from '../store/partnerships.ts';
import type { OwnAccount } from '../viewer.ts';
import { columnsOf } from '../why.ts';
import { readSecrets, type Secrets } from './secrets.ts';

/** The vault of one partnership, opened. */
export interface OpenedVault {
  readonly head: VaultHead;
  readonly key: VaultKey;
  readonly secrets: Secrets;
  /** The list that the service answers from is not the one in the vault: a sync is under way. */
  readonly isBehind: boolean;
}

/** Opens a head by one of the keys; a problem that says why where none is the one that the agent named. */
export function openVault(
  alias: string,
  head: VaultHead,
  held: { readonly keys: readonly VaultKey[]; readonly newest: number },
  view: PartnershipView,
): OpenedVault {
  const key = held.keys.find(
    ({ number, key: bytes }) => number === head.key.number && equal(vaultKeyId(bytes), head.key.id),
  );
  if (!key) throw unopened(alias, head, held);
  const plain = openInVault(key, 'vault head', head.context, uint(head.number, 4), head.sealed);
  const secrets = plain && readSecrets(plain);
  if (!secrets)
    throw new Problem(
      'store_newer',
      `the vault of ${alias} was written by another version of commonground`,
      'bring this machine and the one with the keyring to the same version',
    );
  return { head, key, secrets, isBehind: view.submissions.mine.active !== head.submission };
}

/** The accounts of one answer by their handles. */
export function accountsOf(
  { alias }: Partnership,
  vault: OpenedVault,
  { own }: Pick<OverlapAnswer, 'own'>,
): (handle: string) => OwnAccount | null {
  const { head, key, secrets } = vault;
  if (!own) throw alarm(alias, 'it leaves your own accounts out');
  if (own.key > head.key.number || (own.key !== head.key.number && own.rows.length === 0))
    throw renewed(alias);
  const rows = new Map(own.rows.map(({ handle, sealed }) => [String(handle), sealed]));
  return (handle) => {
    const sealed = rows.get(handle);
    if (!sealed) return missing();
    const row = openRow(key, head.context, fromHex(handle) ?? new Uint8Array(), sealed);
    if (!row) throw alarm(alias, 'one of your own accounts does not open');
    return accountOf(row);
  };

  function accountOf(row: VaultRow): OwnAccount {
    return {
      name: row.name,
      first: row.records[0] ?? null,
      records: row.records,
      identifier: (tag) => row.identifiers.find((identifier) => equal(identifier.tag, tag)) ?? missing(),
      evidence: (_kinds, tags) =>
        row.identifiers
          .filter(({ tag }) => tags.has(toHex(tag)))
          .map(({ kind, value }) => ({
            kind,
            value,
            columns: columnsOf(kind, row.records, (source) => secrets.columns[source]),
          })),
    };
  }

  /** What is not in the vault is not in the list, but for the time that the agent takes to bring a new one. */
  function missing(): null {
    if (!vault.isBehind) return null;
    throw renewed(alias);
  }
}

/** The key of the names that the partner sealed, or null. */
export function namesKeyOf({ secrets }: OpenedVault, sealed: Uint8Array): Promise<Uint8Array | null> {
  return openWith(secrets.ageIdentity, sealed);
}

/** Those of the names that the organisation's whole list knows. Only the pieces that can have them are fetched. */
export async function knownIn(
  client: Client,
  { id, alias }: Partnership,
  { head, key }: OpenedVault,
  names: readonly string[],
): Promise<Set<string>> {
  const known = new Set<string>();
  if (names.length === 0 || head.pieces === 0) return known;
  if (head.normaliser !== NORMALISER_VERSION)
    throw new Problem(
      'store_newer',
      `this machine compares names by version ${NORMALISER_VERSION}, the one with the keyring by ${head.normaliser}`,
      'bring both to the same version of commonground',
    );
  const hash = nameHasher(key, head.context);
  const asked = new Map<number, Map<string, string[]>>();
  for (const name of new Set(names)) {
    for (const value of nameValues({ names: [name], domains: [] })) {
      const bytes = hash(value);
      const piece = pieceOf(bytes, head.pieces);
      const inPiece = asked.get(piece) ?? new Map<string, string[]>();
      inPiece.set(toHex(bytes), [...(inPiece.get(toHex(bytes)) ?? []), name]);
      asked.set(piece, inPiece);
    }
  }
  for (const [index, wanted] of asked) {
    const sealed = await client.vaultNames(id, head.key.number, index);
    const piece = openPiece(key, head.context, index, sealed);
    if (!piece) throw alarm(alias, 'the names of your own list do not open');
    for (let at = 0; at < piece.length; at += NAME_HASH_BYTES) {
      for (const name of wanted.get(toHex(piece.subarray(at, at + NAME_HASH_BYTES))) ?? []) known.add(name);
    }
  }
  return known;
}

function unopened(alias: string, head: VaultHead, { newest }: { readonly newest: number }): Problem {
  if (head.key.number === 0 || newest < head.key.number)
    return new Problem(
      'no_vault',
      newest === 0
        ? 'names are decrypted with the vault, which you do not hold yet'
        : 'the vault has a new key, which you do not hold yet',
      'ask a colleague who holds it, or whoever keeps the keyring, for `commonground member admit`, and then for a `sync`; `commonground whoami` shows what they need',
    );
  if (newest > head.key.number) return renewed(alias);
  return alarm(
    alias,
    'the vault key that it gives you is not the one that your organisation’s agent signed for',
  );
}

function renewed(alias: string): Problem {
  return new Problem(
    'not_synced',
    `the home with the keyring is just bringing a new list or vault of ${alias}`,
    'ask again when its sync is done',
  );
}

function alarm(alias: string, what: string): Problem {
  return new Problem(
    'service_alarm',
    `the answer about ${alias} does not check: ${what}; nothing of it is shown`,
  );
}

/**
 * Bringing the vault of a partnership to the service: the rows that changed, the names that the list knows, and last the
 * signed head, by which members are shown all of it. What the service has is kept as keyed hashes, so that a kill costs
 * one chunk and an unchanged account nothing.
 */
import { setImmediate as breathe } from 'node:timers/promises';
import { equal, fromHex, toBase64url, toHex, uint, utf8 } from '../../../protocol/bytes.ts';
import { systemRandom } from '../../../protocol/hash.ts';
import { NORMALISER_VERSION } from '../../../protocol/identifiers/version.ts';
import type { PartnershipId } from '../../../protocol/ids.ts';
import { openHead, signHead, type VaultHead } from '../../../protocol/vault/head.ts';
import { type VaultKey, vaultKeyId } from '../../../protocol/vault/key.ts';
import { nameHasher, pieceOf, piecesFor, sealPiece } from '../../../protocol/vault/names.ts';
import { sealRow } from '../../../protocol/vault/row.ts';
import { sealInVault } from '../../../protocol/vault/sealing.ts';
import { packRows, type UploadedRow, uploadedBytes } from '../../../protocol/vault/upload.ts';
import type { Agent } from '../agent.ts';
import type { PartnershipView } from '../client.ts';
import { ownNameValues } from '../known.ts';
import { decode, requireVerified } from '../pinned.ts';
import { Problem } from '../problem.ts';
import { listSources, listVersion } from '../store/lists.ts';
import {
  getPartnership,
  isLive,
  listPartnerships,
  type Partnership,
  updatePartnership,
} from '../store/partnerships.ts';
import type { Store } from '../store/store.ts';
import type { EpochSync } from '../sync/context.ts';
import type { Facts } from '../sync/step.ts';
import { noteDropped, readVault } from './keys.ts';
import { writePins } from './papers.ts';
import { listedRows } from './rows.ts';
import type { Secrets } from './secrets.ts';

/** Bytes of rows in one upload; one row is at most as large. */
const UPLOAD_BYTES = 1 << 18;

/** Whether members are shown what is known here: not yet, or never, as it does not fit into one head. */
export function vaultState(sync: EpochSync): Facts['vault'] {
  const { agent, id, view } = sync;
  const partnership = getPartnership(agent.store, id);
  // While nobody joined there is nobody to show anything to.
  if (view.companiesOfOne[partnership.side]) return 'current';
  const kept = partnership.vault;
  const shown = view.vault && toBase64url(view.vault);
  if (kept !== null && shown === kept.signed && kept.of === stateOf(agent, partnership)) return 'current';
  // A head that is not ours raises its alarm when members are to be sent another, behind all that partners wait for.
  const isOurs = !view.vault || openHead(view.vault, id, agent.keyring.certificate.agentKey).ok;
  return !isOurs || makeHead(sync, 0) ? 'due' : 'too_large';
}

/** Uploads what members lack. */
export async function sendVault(sync: EpochSync): Promise<void> {
  const { agent, id, view } = sync;
  const partnership = getPartnership(agent.store, id);
  const of = stateOf(agent, partnership);
  const isKnown = (view.vault && toBase64url(view.vault)) === (partnership.vault?.signed ?? null);
  // A service or a home that was restored from a backup: what the other has is not known.
  if (!isKnown) forget(agent.store, id);
  const key = keyOf(agent);
  const submission = activeSubmission(partnership, view);
  const pieces = key && submission > 0 ? await sendRows(sync, key, submission) : 0;
  const head = makeHead(sync, pieces);
  // It grew meanwhile: the next look tells.
  if (!head) return;
  await agent.client().putVaultHead(id, head.number, head.signed);
  updatePartnership(agent.store, id, (current) => ({
    ...current,
    vault: { number: head.number, signed: toBase64url(head.signed), of },
  }));
  await dropOldKeys(agent);
}

/** The next head of the vault, its names in so many pieces; null where it would be too large. */
function makeHead(
  { agent, id, view, mine: context }: EpochSync,
  pieces: number,
): { readonly number: number; readonly signed: Uint8Array } | null {
  const partnership = getPartnership(agent.store, id);
  const shown = shownHead(agent, partnership, view);
  const number = Math.max(decodeHead(agent, partnership)?.number ?? 0, shown?.number ?? 0) + 1;
  const key = keyOf(agent);
  const partner = requireVerified(partnership);
  const secrets: Secrets = { ageIdentity: agent.keyring.ageIdentity, columns: columnsOf(agent.store) };
  const head: VaultHead = {
    context,
    number,
    issuedAt: Math.floor(agent.now() / 1000),
    partner: {
      rootKey: decode(partner.rootKey),
      agentKey: decode(partner.agentKey),
      serial: partner.serial,
      recipient: partner.recipient,
      name: partner.name,
    },
    papers: writePins(agent, partnership),
    submission: key ? activeSubmission(partnership, view) : 0,
    normaliser: NORMALISER_VERSION,
    key: key ? { number: key.number, id: vaultKeyId(key.key) } : { number: 0, id: new Uint8Array(32) },
    pieces,
    sealed: key
      ? sealInVault(key, 'vault head', context, uint(number, 4), utf8(JSON.stringify(secrets)), systemRandom)
      : new Uint8Array(),
  };
  const signed = signHead(head, agent.keyring.agentSeed);
  return signed && { number, signed };
}

/** The key that members hold; null where nobody does. */
function keyOf(agent: Agent): VaultKey | null {
  const vault = readVault(agent.store);
  return vault && vault.holders.size > 0 ? vault.key : null;
}

/** Everything that a head and its rows are made of. */
function stateOf(agent: Agent, partnership: Partnership): string {
  const { lastSubmission, partner } = partnership;
  const key = keyOf(agent);
  return JSON.stringify([
    key && [key.number, toHex(vaultKeyId(key.key)), listVersion(agent.store), lastSubmission?.number],
    partner,
    writePins(agent, partnership),
    NORMALISER_VERSION,
  ]);
}

/** The own submission that the service answers from, as far as this home knows it. */
function activeSubmission({ lastSubmission }: Partnership, view: PartnershipView): number {
  const { active } = view.submissions.mine;
  return active !== null && active === lastSubmission?.number ? active : 0;
}

/** Uploads changed rows and names; gives in how many pieces the names are. */
async function sendRows(sync: EpochSync, key: VaultKey, submission: number): Promise<number> {
  const { agent, id, mine: context } = sync;
  const { store } = agent;
  const client = agent.client();
  let batch: (UploadedRow & { readonly digest: Uint8Array | null })[] = [];
  let bytes = 0;
  const flush = async () => {
    if (batch.length === 0) return;
    await client.putVaultRows(id, key.number, packRows(batch));
    const sent = batch;
    store.database.transaction(() => {
      for (const { handle, digest } of sent) noteRow(store, id, handle, digest);
    });
    batch = [];
    bytes = 0;
  };
  const add = async (row: (typeof batch)[number]) => {
    if (bytes + uploadedBytes(row) > UPLOAD_BYTES) await flush();
    batch.push(row);
    bytes += uploadedBytes(row);
  };
  const partnership = getPartnership(store, id);
  let done = 0;
  for (const page of listedRows(agent, partnership, submission)) {
    for (const { handle, digest: content, row } of page) {
      const handleBytes = fromHex(handle) ?? new Uint8Array();
      const digest = store.vault.lookup('vault row', String(key.number), toHex(content));
      if (isNoted(store, id, handleBytes, digest)) continue;
      const sealed = sealRow(key, context, handleBytes, row(), systemRandom);
      if (!sealed)
        throw new Problem(
          'bad_input',
          'an account has so many records or identifiers that members could not be shown it',
          '`commonground accounts check` tells which accounts were merged; see `accounts tune --level`',
        );
      await add({ handle: handleBytes, sealed, digest });
    }
    done += page.length;
    sync.progress('vault', done, done);
    await breathe();
  }
  for (const handle of goneRows(store, id, submission)) await add({ handle, sealed: null, digest: null });
  await flush();
  return await sendNames(sync, key);
}

/** Uploads the names of the whole list, as keyed hashes in pieces that change one by one. */
async function sendNames({ agent, id, mine: context }: EpochSync, key: VaultKey): Promise<number> {
  const { store } = agent;
  const { database } = store;
  const hash = nameHasher(key, context);
  // On disk, so that memory does not grow with the list.
  database.exec(
    `create temp table if not exists known_names (
       partnership text, hash blob, primary key (partnership, hash)
     ) strict, without rowid`,
  );
  database.run('delete from temp.known_names where partnership = ?', id);
  let read = 0;
  for (const value of ownNameValues(store)) {
    database.run('insert or ignore into temp.known_names (partnership, hash) values (?, ?)', id, hash(value));
    if (++read % 500 === 0) await breathe();
  }
  const count = database.get<{ n: number }>(
    'select count(*) as n from temp.known_names where partnership = ?',
    id,
  );
  const pieces = piecesFor(count?.n ?? 0);
  for (let index = pieces; index < 2 * pieces; index++) {
    const hashes = hashesOf(store, id, index, pieces);
    const digest = store.vault.lookup('vault names', String(key.number), ...hashes.map(toHex));
    const known = database.get<{ digest: Uint8Array }>(
      'select digest from vault_names where partnership = ? and position = ?',
      id,
      index,
    );
    if (known && equal(known.digest, digest)) continue;
    const piece = sealPiece(key, context, index, hashes, systemRandom);
    if (!piece) throw new Error('names are spread evenly over their pieces');
    await agent.client().putVaultNames(id, key.number, index, piece);
    database.run(
      `insert into vault_names (partnership, position, digest) values (?, ?, ?)
       on conflict do update set digest = excluded.digest`,
      id,
      index,
      digest,
    );
  }
  database.run('delete from temp.known_names where partnership = ?', id);
  database.run(
    'delete from vault_names where partnership = ? and (position < ? or position >= ?)',
    id,
    pieces,
    2 * pieces,
  );
  return pieces;
}

function hashesOf(store: Store, id: PartnershipId, index: number, pieces: number): Uint8Array[] {
  const bound = (at: number) => {
    const top = Math.ceil(((at - pieces) * 65_536) / pieces);
    return top >= 65_536 ? null : Uint8Array.of(top >> 8, top & 255);
  };
  const [from, to] = [bound(index) ?? new Uint8Array(), bound(index + 1)];
  return store.database
    .all<{ hash: Uint8Array }>(
      `select hash from temp.known_names where partnership = ? and hash >= ?${to ? ' and hash < ?' : ''} order by hash`,
      id,
      from,
      ...(to ? [to] : []),
    )
    .map(({ hash }) => hash)
    .filter((hash) => pieceOf(hash, pieces) === index);
}

function isNoted(store: Store, id: PartnershipId, handle: Uint8Array, digest: Uint8Array): boolean {
  const row = store.database.get<{ digest: Uint8Array }>(
    'select digest from vault_rows where partnership = ? and handle = ?',
    id,
    handle,
  );
  return row !== undefined && equal(row.digest, digest);
}

/** Notes that the service has the row; without a digest that it has none. */
function noteRow(store: Store, id: PartnershipId, handle: Uint8Array, digest: Uint8Array | null): void {
  if (digest === null) {
    store.database.run('delete from vault_rows where partnership = ? and handle = ?', id, handle);
    return;
  }
  store.database.run(
    `insert into vault_rows (partnership, handle, digest) values (?, ?, ?)
     on conflict do update set digest = excluded.digest`,
    id,
    handle,
    digest,
  );
}

/** Handles whose rows the service has, and which are not in the list any more; some at a time, each noted as gone later. */
function* goneRows(store: Store, id: PartnershipId, submission: number): Generator<Uint8Array> {
  let after: Uint8Array = new Uint8Array();
  for (;;) {
    const rows = store.database.all<{ handle: Uint8Array }>(
      `select handle from vault_rows v where partnership = ? and handle > ? and not exists (
         select 1 from submitted s where s.partnership = v.partnership and s.handle = v.handle and s.submission = ?
       ) order by handle limit 500`,
      id,
      after,
      submission,
    );
    for (const { handle } of rows) yield handle;
    const last = rows.at(-1);
    if (!last) return;
    after = last.handle;
  }
}

function forget(store: Store, id: PartnershipId): void {
  store.database.transaction(() => {
    for (const table of ['vault_rows', 'vault_names'])
      store.database.run(`delete from ${table} where partnership = ?`, id);
  });
}

/** The head that the service shows, which nobody but this organisation's agent can have signed. */
function shownHead(agent: Agent, partnership: Partnership, view: PartnershipView): VaultHead | null {
  if (!view.vault) return null;
  const head = openHead(view.vault, partnership.id, agent.keyring.certificate.agentKey);
  if (head.ok) return head.value;
  throw new Problem(
    'service_alarm',
    `the service shows your members a vault of ${partnership.alias} that you did not sign (${head.reason})`,
  );
}

/** The columns of each source, for whoever asks why a pair is one. */
function columnsOf(store: Store): Secrets['columns'] {
  return Object.fromEntries(listSources(store).map(({ name, columns }) => [name, columns]));
}

/** Once every vault is under the newest key, nobody needs the ones before. */
async function dropOldKeys(agent: Agent): Promise<void> {
  const vault = readVault(agent.store);
  if (!vault || vault.dropped === vault.key.number) return;
  const rest = listPartnerships(agent.store).filter(
    (partnership) => isLive(partnership) && partnership.vault && !isUnder(agent, partnership, vault.key),
  );
  if (rest.length > 0) return;
  await agent.client().dropWraps(vault.key.number);
  noteDropped(agent.store, vault.key.number);
}

function isUnder(agent: Agent, partnership: Partnership, { number }: VaultKey): boolean {
  const used = decodeHead(agent, partnership)?.key.number ?? 0;
  return used === 0 || used === number;
}

function decodeHead(agent: Agent, { id, vault }: Partnership): VaultHead | null {
  const head = vault && openHead(decode(vault.signed), id, agent.keyring.certificate.agentKey);
  return head?.ok ? head.value : null;
}

/** Submitting this side's list: records are made in workers, sorted in the local store, packed, sent and activated. */
import { setImmediate as breathe, setTimeout as sleep } from 'node:timers/promises';
import { sealTo } from '../../../protocol/age.ts';
import { equal, toBase64url } from '../../../protocol/bytes.ts';
import { sha256, systemRandom } from '../../../protocol/hash.ts';
import type { Scope } from '../../../protocol/scope.ts';
import { ROW_KEY_BYTES } from '../../../protocol/sizes.ts';
import {
  encodeChunkList,
  encodeSubmissionChunk,
  MAX_SUBMISSION_CHUNK_BYTES,
  openChunkList,
  openSubmission,
  type PackedRecords,
  RECORD_TYPES,
  type SubmissionChunk,
  signSubmission,
} from '../../../protocol/submission.ts';
import { pipeline } from '../crypto/pool.ts';
import type { OutgoingAccount } from '../crypto/tasks.ts';
import { decode, requireVerified } from '../pinned.ts';
import { Problem } from '../problem.ts';
import { myScope } from '../scopes/following.ts';
import {
  type Partnership,
  type PendingSubmission,
  takeNumber,
  updatePartnership,
} from '../store/partnerships.ts';
import { PARTS, part } from '../store/parts.ts';
import type { EpochSync } from './context.ts';
import {
  handlesOf,
  identifierLookup,
  knownIdentifiers,
  type ListState,
  noteDerived,
  noteSubmitted,
} from './list.ts';
import { type SharedAccount, sharedPages } from './share.ts';
import { normaliserOf } from './terms.ts';

/** Between two looks at whether a list is matched, milliseconds. */
const FIRST_LOOK_MS = 100;
const LONGEST_LOOK_MS = 3000;

/** Leaves room for the frame under the service's limit. */
const CHUNK_BYTES = MAX_SUBMISSION_CHUNK_BYTES / 2;

/** Prepares the submission of the list as the last scan saw it. Restarted from the beginning when killed. */
export async function makeSubmission(sync: EpochSync, list: ListState): Promise<void> {
  const { agent } = sync;
  const { database } = agent.store;
  const inForce = myScope(agent, sync.partnership);
  if (!inForce) throw new Problem('nothing_granted', `nothing is granted to ${sync.partnership.alias}`);
  const last = sync.partnership.lastSubmission?.number ?? 0;
  const shown = Math.max(last, sync.view.submissions.mine.lastNumber);
  const number = takeNumber(agent.store, sync.id, 'submission', shown);
  const namesKey = systemRandom(ROW_KEY_BYTES);
  const { scope, hash } = inForce;
  database.transaction(() => {
    database.run('delete from outgoing where partnership = ?', sync.id);
    database.run('delete from outbox where partnership = ?', sync.id);
    // What the service answers from stays known, also where a kill kept its activation from being noted here.
    updatePartnership(agent.store, sync.id, (current) => ({
      ...current,
      lastSubmission: activated(sync, current.pendingSubmission) ?? current.lastSubmission,
      pendingSubmission: null,
    }));
    database.run(
      'delete from submitted where partnership = ? and submission > ?',
      sync.id,
      Math.max(last, sync.view.submissions.mine.active ?? 0, sync.view.submissions.mine.matching ?? 0),
    );
  });
  let done = 0;
  let named = false;
  await pipeline(
    batches(sync, scope),
    sync.pool.width,
    (accounts) =>
      sync.pool.run('makeRecords', {
        context: sync.mine,
        submission: number,
        scopeHash: hash,
        namesKey,
        accounts,
      }),
    ({ packed, derived }, accounts) => {
      database.transaction(() => {
        // First those with their keys; the others' keys are known.
        for (const row of derived) noteDerived(agent.store, sync.id, number, row);
        for (const group of packed) {
          if (group.type === 'tags') noteSubmitted(agent.store, sync.id, number, group);
          keepRecords(sync, group);
        }
      });
      named ||= accounts.some((account) => account.name.populations.length > 0);
      done += accounts.length;
      sync.progress('sealing', done, list.accounts);
    },
  );
  const chunks = await pack(sync, number);
  const chunkList = encodeChunkList(chunks);
  const sealedNamesKey = named ? await sealNamesKey(sync, namesKey) : new Uint8Array();
  const head = signSubmission(
    sync.mine,
    { number, scopeHash: hash, listHash: sha256(chunkList), sealedNamesKey },
    agent.keyring.agentSeed,
  );
  updatePartnership(agent.store, sync.id, (current) => ({
    ...current,
    pendingSubmission: {
      number,
      head: toBase64url(head),
      list: toBase64url(chunkList),
      digest: list.digest,
      scope: toBase64url(inForce.signed),
    },
  }));
}

/** The prepared submission, if the service has made it the active one, or is about to. */
function activated(sync: EpochSync, pending: PendingSubmission | null): Partnership['lastSubmission'] {
  const { active, matching } = sync.view.submissions.mine;
  if (!pending || (pending.number !== active && pending.number !== matching)) return null;
  return { number: pending.number, digest: pending.digest };
}

/** Sends what the service lacks of the prepared submission, and activates it in one step. */
export async function sendSubmission(sync: EpochSync): Promise<void> {
  const { agent } = sync;
  const client = agent.client();
  const pending = sync.partnership.pendingSubmission;
  if (!pending) throw new Problem('store_damaged', 'no submission is prepared');
  const mine = sync.view.submissions.mine;
  if (mine.active !== pending.number && mine.matching !== pending.number) {
    if (mine.pending?.number !== pending.number) {
      await client.putSubmission(sync.id, pending.number, decode(pending.head), decode(pending.list));
    }
    const indexes = mine.pending?.number === pending.number ? mine.pending.missing : outboxPositions(sync);
    const chunks = preparedChunks(sync, pending);
    let done = 0;
    await pipeline(
      indexes,
      2,
      (index) =>
        client.putSubmissionChunk(
          sync.id,
          pending.number,
          index,
          outboxBody(sync, pending, chunks[index]?.hash, index),
        ),
      () => sync.progress('sending', ++done, indexes.length),
    );
  }
  if (mine.active !== pending.number) await matched(sync, pending.number);
  agent.store.database.transaction(() => {
    agent.store.database.run('delete from outbox where partnership = ?', sync.id);
    agent.store.database.run(
      'delete from submitted where partnership = ? and submission < ?',
      sync.id,
      pending.number,
    );
    updatePartnership(agent.store, sync.id, (current) => ({
      ...current,
      lastSubmission: { number: pending.number, digest: pending.digest },
      pendingSubmission: null,
    }));
  });
}

/** Has the submission activated, and waits until the service has matched it. */
async function matched(sync: EpochSync, number: number): Promise<void> {
  const client = sync.agent.client();
  for (let looks = 0; ; looks++) {
    const { matching } = await client.activate(sync.id, number);
    if (!matching) return;
    await sleep(Math.min(LONGEST_LOOK_MS, FIRST_LOOK_MS * 2 ** Math.min(looks, 20)));
  }
}

/** The accounts to send, with handles, tags and keys, a page at a time. */
function* batches(sync: EpochSync, scope: Scope): Generator<OutgoingAccount[]> {
  const normaliser = normaliserOf(sync.agent, sync.partnership);
  if (!normaliser) throw new Error('a list is made once a normaliser is agreed on');
  for (const page of sharedPages(sync.agent.store, scope, normaliser)) {
    // One commit for all new handles of a page: each is a wait for the disk.
    const batch = sync.agent.store.database.transaction(() => outgoing(sync, scope, page));
    if (batch.length > 0) yield batch;
  }
}

function outgoing(sync: EpochSync, scope: Scope, page: readonly SharedAccount[]): OutgoingAccount[] {
  const { store } = sync.agent;
  const { epoch } = sync.mine;
  const accounts = page.map(({ account }) => account.key);
  const lookups = page.flatMap(({ identifiers }) =>
    identifiers.map((identifier) => identifierLookup(store, sync.id, epoch, identifier)),
  );
  const known = knownIdentifiers(store, sync.id, epoch, lookups).values();
  const handles = handlesOf(store, sync.id, epoch, accounts);
  return page.map((shared, at) => {
    const names = new Map<string, Uint8Array>();
    const identifiers = shared.identifiers.map(({ kind, value }) => {
      const found = known.next().value;
      if (!found)
        throw new Problem('busy', 'the list changed during the sync', 'run `commonground sync` again');
      const { tag, key, isShared } = found;
      if (kind === 'name') names.set(value, key);
      // A domain that several own accounts share would open the wrong one's fields.
      const sole = !isShared;
      const opens = sole && scope.strongKinds.some((strong) => strong === kind);
      return { kind, tag, key, sole, opens };
    });
    const handle = handles[at];
    if (handle === undefined) throw new Error('an account has no handle');
    return {
      handle,
      populations: shared.populations,
      identifiers,
      derived: shared.derived.flatMap(({ kind, value, of }) => {
        const nameKey = names.get(of);
        return nameKey ? [{ kind, value, nameKey }] : [];
      }),
      fields: shared.fields,
      name: shared.name,
    };
  });
}

async function sealNamesKey(sync: EpochSync, namesKey: Uint8Array): Promise<Uint8Array> {
  const sealed = await sealTo(requireVerified(sync.partnership).recipient, namesKey);
  if (sealed) return sealed;
  throw new Problem(
    'partner_alarm',
    `${sync.partnership.alias} names no valid age recipient, so no names can be sealed for it`,
    'grant without white-space names, or ask the partner to renew its agent key',
  );
}

/** Puts packed records where they are sorted: what a submission's chunks hold is in order over the whole list. */
function keepRecords(sync: EpochSync, { type, recordBytes, records }: PackedRecords): void {
  sync.agent.store.database.run(
    `${PARTS} insert into outgoing (partnership, type, size, record) select ?, ?, ?, ${part(recordBytes)} from parts`,
    records.length / recordBytes,
    sync.id,
    RECORD_TYPES.indexOf(type),
    recordBytes,
    records,
  );
}

/** Sorts the records and packs them into chunks of one type and size, which are kept for sending. */
async function pack(sync: EpochSync, number: number): Promise<SubmissionChunk[]> {
  const { database } = sync.agent.store;
  const chunks: SubmissionChunk[] = [];
  const groups = database.all<{ type: number; size: number }>(
    'select distinct type, size from outgoing where partnership = ? order by type, size',
    sync.id,
  );
  for (const { type: typeNumber, size } of groups) {
    const type = RECORD_TYPES[typeNumber];
    if (!type) throw new Problem('store_damaged', 'a prepared record has an unknown type');
    database.run('delete from sorted where partnership = ?', sync.id);
    // A record begins with its key.
    database.run(
      `insert into sorted (partnership, record)
       select partnership, record from outgoing where partnership = ? and type = ? and size = ? order by record`,
      sync.id,
      typeNumber,
      size,
    );
    let after = 0;
    for (;;) {
      // One value for the chunk: thousands of small ones would be garbage faster than it is collected.
      const chunk = database.get<{ count: number; last: number; records: Uint8Array }>(
        `select count(*) as count, max(position) as last,
           cast(group_concat(record, '' order by position) as blob) as records
         from (select position, record from sorted where partnership = ? and position > ? order by position limit ?)`,
        sync.id,
        after,
        Math.floor(CHUNK_BYTES / size),
      );
      if (!chunk || chunk.count === 0) break;
      after = chunk.last;
      const body = encodeSubmissionChunk(sync.mine, number, chunks.length, {
        type,
        recordBytes: size,
        records: chunk.records,
      });
      database.run(
        'insert into outbox (partnership, submission, position, body) values (?, ?, ?, ?)',
        sync.id,
        number,
        chunks.length,
        body,
      );
      chunks.push({ type, records: chunk.count, hash: sha256(body) });
      await breathe();
    }
  }
  database.run('delete from sorted where partnership = ?', sync.id);
  database.run('delete from outgoing where partnership = ?', sync.id);
  return chunks;
}

function outboxPositions(sync: EpochSync): number[] {
  return sync.agent.store.database
    .all<{ position: number }>('select position from outbox where partnership = ? order by position', sync.id)
    .map((row) => row.position);
}

/** The list of chunks that the prepared head signs. */
function preparedChunks(sync: EpochSync, pending: PendingSubmission): readonly SubmissionChunk[] {
  const { agentKey } = sync.agent.keyring.certificate;
  const head = openSubmission(decode(pending.head), sync.mine, agentKey);
  const list = head.ok ? openChunkList(decode(pending.list), head.value) : head;
  if (list.ok) return list.value;
  throw new Problem('store_damaged', `the prepared submission does not check (${list.reason})`);
}

function outboxBody(
  sync: EpochSync,
  { number }: PendingSubmission,
  hash: Uint8Array | undefined,
  index: number,
): Uint8Array {
  const { store } = sync.agent;
  const row = store.database.get<{ body: Uint8Array }>(
    'select body from outbox where partnership = ? and submission = ? and position = ?',
    sync.id,
    number,
    index,
  );
  if (row && hash && equal(sha256(row.body), hash)) return row.body;
  // Without this every further sync would run into it.
  updatePartnership(store, sync.id, (current) => ({ ...current, pendingSubmission: null }));
  throw new Problem(
    'store_damaged',
    `chunk ${index} of the prepared list was changed on this disk`,
    'it was not activated; check the disk, then run `commonground sync`: it prepares the list anew',
  );
}

/** This side's requests: blinding wanted identifiers, sending them, and collecting what the partner evaluated. */
import { concat, equal, toBase64url } from '../../../protocol/bytes.ts';
import {
  type EvaluationRequest,
  encodeRequestChunk,
  openEvaluation,
  openRefusal,
  openRequest,
  openRequestChunk,
  REQUEST_CHUNK_ELEMENTS,
  type RequestChunk,
  signRequest,
} from '../../../protocol/evaluation.ts';
import { sha256 } from '../../../protocol/hash.ts';
import { EVALUATED_KINDS, type EvaluatedKind, kindNumber } from '../../../protocol/identifiers/kind.ts';
import { pipeline } from '../crypto/pool.ts';
import { decode } from '../pinned.ts';
import { Problem } from '../problem.ts';
import { theirScope } from '../scopes/following.ts';
import { takeNumber, updatePartnership } from '../store/partnerships.ts';
import type { EpochSync } from './context.ts';
import { keepIdentifiers, stillWanted, WITHOUT_TAG } from './list.ts';

/** What is kept of one chunk until its evaluation comes back. */
interface KeptChunk {
  readonly kind: EvaluatedKind;
  readonly values: readonly string[];
  /** base64url, packed. */
  readonly blinds: string;
  /** base64url, packed. */
  readonly lookups: string;
}

interface WantedChunk {
  readonly kind: EvaluatedKind;
  readonly values: string[];
  readonly lookups: Uint8Array[];
}

/** Blinds everything wanted, in its random order, and signs the request. Restarted from the beginning when killed. */
export async function makeRequest(sync: EpochSync): Promise<number> {
  const { database, vault } = sync.agent.store;
  const total = checkBudget(sync);
  const number = takeNumber(
    sync.agent.store,
    sync.id,
    'request',
    sync.view.lastRequest[sync.partnership.side],
  );
  database.run('delete from request_chunks where partnership = ?', sync.id);
  const chunks: RequestChunk[] = [];
  let done = 0;
  await pipeline(
    wantedChunks(sync),
    sync.pool.width,
    (chunk) => sync.pool.run('blindChunk', { context: sync.mine, kind: chunk.kind, values: chunk.values }),
    (blinding, chunk) => {
      const index = chunks.length;
      const body = encodeRequestChunk(sync.mine, number, index, chunk.kind, blinding.blinded);
      chunks.push({ kind: chunk.kind, count: chunk.values.length, hash: sha256(body) });
      const kept: KeptChunk = {
        kind: chunk.kind,
        values: chunk.values,
        blinds: toBase64url(blinding.blinds),
        lookups: toBase64url(concat(...chunk.lookups)),
      };
      database.run(
        'insert into request_chunks (partnership, request, position, body, sealed) values (?, ?, ?, ?, ?)',
        sync.id,
        number,
        index,
        body,
        vault.sealJson('request chunk', kept),
      );
      done += chunk.values.length;
      sync.progress('blinding', done, total);
    },
  );
  const signed = signRequest(sync.mine, { number, chunks }, sync.agent.keyring.agentSeed);
  updatePartnership(sync.agent.store, sync.id, (current) => ({
    ...current,
    request: { number, signed: toBase64url(signed) },
  }));
  return total;
}

/**
 * Sends the request and every chunk that the service lacks. Where the service let go of it already, and this process was
 * killed before it could note that, it is forgotten here too.
 */
export function sendRequest(sync: EpochSync): Promise<void> {
  return givingUpIfDamaged(sync, () => sendMissing(sync));
}

async function sendMissing(sync: EpochSync): Promise<void> {
  const request = ownRequest(sync);
  const { side } = sync.partnership;
  const client = sync.agent.client();
  const shown = sync.view.requests[side];
  if (shown?.number !== request.number) {
    if (sync.view.lastRequest[side] >= request.number) return forgetRequest(sync);
    await client.putRequest(sync.id, side, request.number, decode(request.signed));
  }
  const indexes = shown?.number === request.number ? shown.missing : request.chunks.map((_, index) => index);
  let done = 0;
  await pipeline(
    indexes,
    4,
    (index) => client.putRequestChunk(sync.id, side, request.number, index, keptBody(sync, request, index)),
    () => sync.progress('sending blinded chunks', ++done, indexes.length),
  );
}

/**
 * Collects evaluations. Each is checked against the partner's pinned agent key, against the very chunk that was kept,
 * and by its proof against the pinned VOPRF key, before anything is unblinded.
 */
export function collectEvaluations(sync: EpochSync): Promise<number> {
  return givingUpIfDamaged(sync, () => collectReady(sync));
}

async function collectReady(sync: EpochSync): Promise<number> {
  const { database, vault } = sync.agent.store;
  const request = ownRequest(sync);
  const { side, alias } = sync.partnership;
  const total = request.chunks.length;
  const left = new Set(uncollected(sync));
  const keys = (side === 'founder' ? sync.epoch.joiner : sync.epoch.founder).keys;
  let elements = 0;
  let done = total - left.size;
  await pipeline(
    evaluatedOf(sync, left),
    sync.pool.width,
    async (index) => {
      const body = keptBody(sync, request, index);
      const signed = await sync.agent.client().getEvaluation(sync.id, side, request.number, index);
      const opened = openEvaluation(signed, sync.mine, sync.partnerKey);
      if (!opened.ok) throw evaluationAlarm(alias, opened.reason);
      const answer = opened.value;
      const fits =
        answer.request === request.number && answer.index === index && equal(answer.chunkHash, sha256(body));
      if (!fits) throw evaluationAlarm(alias, 'other_chunk');
      const blinded = openRequestChunk(body, sync.mine, request, index);
      if (!blinded.ok) throw damagedChunk(index);
      const kept = keptChunk(sync, request.number, index);
      const partnerKey = keys.get(kept.kind);
      if (!partnerKey) throw evaluationAlarm(alias, 'kinds_mismatch');
      const result = await sync.pool.run('finalizeChunk', {
        context: sync.mine,
        kind: kept.kind,
        values: kept.values,
        seed: sync.seed,
        partnerKey,
        blinding: { blinds: decode(kept.blinds), blinded: blinded.value },
        evaluation: answer.evaluation,
      });
      if (!result.ok) throw evaluationAlarm(alias, result.reason);
      return { kept, counts: answer.counts, found: result.value };
    },
    ({ kept, counts, found }, index) => {
      database.transaction(() => {
        keepIdentifiers(sync.agent.store, sync.id, sync.mine.epoch, kept.kind, decode(kept.lookups), found);
        database.run(
          'update request_chunks set collected = 1, sealed = ? where partnership = ? and request = ? and position = ?',
          vault.sealJson('request chunk', null),
          sync.id,
          request.number,
          index,
        );
        updatePartnership(sync.agent.store, sync.id, (current) => ({
          ...current,
          spent: Object.fromEntries(
            EVALUATED_KINDS.map((kind) => [kind, Math.max(current.spent[kind] ?? 0, counts.get(kind) ?? 0)]),
          ),
        }));
      });
      elements += kept.values.length;
      sync.progress('checking and unblinding', ++done, total);
    },
  );
  return elements;
}

/**
 * The chunks of `left` that are evaluated, and those that the partner evaluates while these are collected: the cores
 * are not to wait at the end of each look. Ends where a look shows nothing new.
 */
async function* evaluatedOf(sync: EpochSync, left: Set<number>): AsyncGenerator<number> {
  const { side, request } = sync.partnership;
  let shown = sync.view.requests[side];
  for (;;) {
    const ready = shown?.number === request?.number ? (shown?.evaluated ?? []) : [];
    const news = ready.filter((index) => left.delete(index));
    if (news.length === 0) return;
    yield* news;
    if (left.size === 0) return;
    shown = (await sync.agent.client().partnership(sync.id)).requests[side];
  }
}

/** Lets the service delete the elements, then forgets the blinds. */
export async function finishRequest(sync: EpochSync): Promise<void> {
  const request = ownRequest(sync);
  const { side } = sync.partnership;
  // One that was restored from an older backup never heard of it.
  if (sync.view.lastRequest[side] >= request.number)
    await sync.agent.client().finishRequest(sync.id, side, request.number);
  forgetRequest(sync);
}

/** What is damaged cannot be sent or unblinded; without this every further sync would run into it. */
async function givingUpIfDamaged<Value>(sync: EpochSync, work: () => Promise<Value>): Promise<Value> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof Problem && error.code === 'store_damaged') await finishRequest(sync);
    throw error;
  }
}

function forgetRequest(sync: EpochSync): void {
  sync.agent.store.database.transaction(() => {
    sync.agent.store.database.run('delete from request_chunks where partnership = ?', sync.id);
    updatePartnership(sync.agent.store, sync.id, (current) => ({ ...current, request: null }));
  });
}

/** If the partner declined the request: drops it and says why. */
export async function checkRefusal(sync: EpochSync): Promise<void> {
  const shown = sync.view.requests[sync.partnership.side];
  if (!sync.partnership.request || !shown?.refusal || shown.number !== sync.partnership.request.number)
    return;
  const refusal = openRefusal(shown.refusal, sync.mine, sync.partnerKey);
  if (!refusal.ok || refusal.value.request !== shown.number)
    throw evaluationAlarm(sync.partnership.alias, 'refusal');
  await finishRequest(sync);
  const scope = theirScope(sync.agent, sync.partnership)?.scope;
  const counts = EVALUATED_KINDS.map(
    (kind) => `${kind}: ${refusal.value.counts.get(kind) ?? 0} of ${scope?.evaluationBudget[kind] ?? 0} used`,
  );
  const message = {
    budget_spent: `${sync.partnership.alias} declined: the budget of comparisons would be exceeded (${counts.join(', ')})`,
    no_scope: `${sync.partnership.alias} declined: it grants nothing at present`,
    invalid_request: `${sync.partnership.alias} declined the request as invalid`,
  }[refusal.value.reason];
  throw new Problem(
    'budget_spent',
    message,
    'ask your partner to raise the budget with `scope grant --budget`, or share fewer accounts',
  );
}

/** Indexes of the own request whose evaluation was not collected yet. */
export function uncollected(sync: EpochSync): number[] {
  return sync.agent.store.database
    .all<{ position: number }>(
      'select position from request_chunks where partnership = ? and collected = 0 order by position',
      sync.id,
    )
    .map((row) => row.position);
}

/** Refuses at home what the partner would refuse: more than the whole yearly budget. */
function checkBudget(sync: EpochSync): number {
  const scope = theirScope(sync.agent, sync.partnership)?.scope;
  const wanted = stillWanted(sync.agent.store, sync.id);
  for (const kind of EVALUATED_KINDS) {
    const allowed = scope?.evaluationBudget[kind] ?? 0;
    if (wanted[kind] > allowed) {
      throw new Problem(
        'budget_spent',
        `${wanted[kind]} identifiers of kind ${kind} are to be compared, ${sync.partnership.alias} allows ${allowed} a year`,
        'ask your partner to raise the budget with `scope grant --budget`, or share fewer accounts',
      );
    }
  }
  return EVALUATED_KINDS.reduce((sum, kind) => sum + wanted[kind], 0);
}

function* wantedChunks(sync: EpochSync): Generator<WantedChunk> {
  const { database, vault } = sync.agent.store;
  for (const kind of EVALUATED_KINDS) {
    let after = 0;
    for (;;) {
      const rows = database.all<{ position: number; lookup: Uint8Array; sealed: Uint8Array }>(
        `select position, lookup, sealed from wanted
         where partnership = ? and kind = ? and position > ? and ${WITHOUT_TAG} order by position limit ?`,
        sync.id,
        kindNumber(kind),
        after,
        sync.mine.epoch,
        REQUEST_CHUNK_ELEMENTS,
      );
      const last = rows.at(-1);
      if (!last) break;
      after = last.position;
      yield {
        kind,
        values: rows.map((row) => vault.openJson<string>('wanted', row.sealed)),
        lookups: rows.map((row) => row.lookup),
      };
    }
  }
}

function ownRequest(sync: EpochSync) {
  const kept = sync.partnership.request;
  const opened = kept && openRequest(decode(kept.signed), sync.mine, sync.agent.keyring.certificate.agentKey);
  if (!kept || !opened?.ok) throw new Problem('store_damaged', 'the kept request does not check');
  return { ...opened.value, signed: kept.signed };
}

function keptBody(sync: EpochSync, request: EvaluationRequest, index: number): Uint8Array {
  const row = sync.agent.store.database.get<{ body: Uint8Array }>(
    'select body from request_chunks where partnership = ? and request = ? and position = ?',
    sync.id,
    request.number,
    index,
  );
  const hash = request.chunks[index]?.hash;
  if (!row || !hash || !equal(sha256(row.body), hash)) throw damagedChunk(index);
  return row.body;
}

function damagedChunk(index: number): Problem {
  return new Problem(
    'store_damaged',
    `chunk ${index} of the kept request was changed on this disk`,
    'the request is given up and nothing was used of it; check the disk, then run `commonground sync`: it asks anew for what is missing, which counts against the budget',
  );
}

function keptChunk(sync: EpochSync, number: number, index: number): KeptChunk {
  const { database, vault } = sync.agent.store;
  const row = database.get<{ sealed: Uint8Array }>(
    'select sealed from request_chunks where partnership = ? and request = ? and position = ?',
    sync.id,
    number,
    index,
  );
  const kept = row && vault.openJson<KeptChunk | null>('request chunk', row.sealed);
  if (!kept) throw damagedChunk(index);
  return kept;
}

function evaluationAlarm(alias: string, reason: string): Problem {
  return new Problem(
    'partner_alarm',
    `an evaluation by ${alias} does not check (${reason}); nothing of it was used`,
    'the partner, or the service between you, answered wrongly; call your partner',
  );
}

/** Evaluating for the partner, within the budget that this side's scope grants. */
import { equal, toHex } from '../../../protocol/bytes.ts';
import {
  type EvaluationCounts,
  type EvaluationRequest,
  openEvaluation,
  openRequest,
  openRequestChunk,
  type RefusalReason,
  signEvaluation,
  signRefusal,
} from '../../../protocol/evaluation.ts';
import { EVALUATED_KINDS, type EvaluatedKind, kindNumber } from '../../../protocol/identifiers/kind.ts';
import { pipeline } from '../crypto/pool.ts';
import { isUnknown } from '../partners.ts';
import { Problem } from '../problem.ts';
import { isGranting, myScope } from '../scopes/following.ts';
import type { EpochSync } from './context.ts';

/** The chunks of the partner's request that are there and not evaluated. */
export function dueChunks(sync: EpochSync): number[] {
  const shown = sync.view.requests[sync.theirs.side];
  if (!shown || shown.refusal) return [];
  const request = openedRequest(sync);
  const waiting = new Set([...shown.missing, ...shown.evaluated]);
  return request ? request.chunks.map((_, index) => index).filter((index) => !waiting.has(index)) : [];
}

/** Evaluates every chunk that is due. Gives the number of elements. */
export async function evaluateForPartner(sync: EpochSync): Promise<number> {
  const request = openedRequest(sync);
  if (!request) return 0;
  const done = { elements: 0 };
  try {
    await answer(sync, request, done);
  } catch (error) {
    // Whoever asked ends its request when all is collected, also while an answer is sent once more.
    if (!isUnknown(error) || (await isOpen(sync, request))) throw error;
  }
  return done.elements;
}

async function answer(
  sync: EpochSync,
  request: EvaluationRequest,
  done: { elements: number },
): Promise<void> {
  await followReceipt(sync);
  const inForce = myScope(sync.agent, sync.partnership);
  if (!inForce || !isGranting(inForce)) return decline(sync, request, 'no_scope');
  const { scope } = inForce;
  const due = dueChunks(sync);
  // The whole request is weighed before its first chunk: a list that does not fit is not evaluated halfway.
  if (!fitsBudget(sync, request, scope.evaluationBudget)) return decline(sync, request, 'budget_spent');
  let invalid = false;
  await pipeline(
    due,
    sync.pool.width,
    async (index) => {
      const bytes = await sync.agent
        .client()
        .getRequestChunk(sync.id, sync.theirs.side, request.number, index);
      const blinded = openRequestChunk(bytes, sync.theirs, request, index);
      if (!blinded.ok)
        throw new Problem(
          'service_alarm',
          `chunk ${index} of ${sync.partnership.alias} does not check (${blinded.reason})`,
        );
      const chunk = request.chunks[index];
      if (!chunk)
        throw new Problem('service_alarm', 'the service shows a chunk that the request does not list');
      // On disk before the answer exists, so that no crash gives evaluations for nothing.
      const counts = pay(sync, chunk.kind, chunk.hash, chunk.count, scope.evaluationBudget[chunk.kind]);
      if (!counts) return null;
      const evaluation = await sync.pool.run('evaluateChunk', {
        seed: sync.seed,
        kind: chunk.kind,
        blinded: blinded.value,
      });
      if (!evaluation.ok) return null;
      return { chunk, counts, evaluation: evaluation.value };
    },
    async (result, index) => {
      if (!result) {
        invalid = true;
        return;
      }
      const { chunk, counts, evaluation } = result;
      const signed = signEvaluation(
        sync.theirs,
        { request: request.number, index, kind: chunk.kind, chunkHash: chunk.hash, counts, evaluation },
        sync.agent.keyring.agentSeed,
      );
      await sync.agent.client().putEvaluation(sync.id, sync.theirs.side, request.number, index, signed);
      done.elements += chunk.count;
      sync.progress(
        `evaluating for ${sync.partnership.alias}`,
        done.elements,
        due.reduce((sum, i) => sum + (request.chunks[i]?.count ?? 0), 0),
      );
    },
  );
  if (invalid) await decline(sync, request, 'invalid_request');
}

async function isOpen(sync: EpochSync, { number }: EvaluationRequest): Promise<boolean> {
  const { requests } = await sync.agent.client().partnership(sync.id);
  return requests[sync.theirs.side]?.number === number;
}

/** The partner's request of the view, its signature checked. */
function openedRequest(sync: EpochSync): EvaluationRequest | null {
  const shown = sync.view.requests[sync.theirs.side];
  if (!shown) return null;
  const opened = openRequest(shown.request, sync.theirs, sync.partnerKey);
  if (opened.ok && opened.value.number === shown.number) return opened.value;
  throw new Problem(
    'service_alarm',
    `a request in the name of ${sync.partnership.alias} does not check (${opened.ok ? 'number' : opened.reason}); it was not answered`,
    'the service may ask in your partner’s name; call your partner',
  );
}

/** Elements evaluated for the partner so far over all years, by kind. */
function evaluationCounts(sync: Pick<EpochSync, 'agent' | 'id'>): Map<EvaluatedKind, number> {
  return new Map(EVALUATED_KINDS.map((kind) => [kind, usedCount(sync, kind, null)]));
}

/** Elements of one kind, in one year or in all. */
export function usedCount(
  sync: Pick<EpochSync, 'agent' | 'id'>,
  kind: EvaluatedKind,
  year: number | null,
): number {
  const row = sync.agent.store.database.get<{ n: number }>(
    `select coalesce(sum(count), 0) as n from evaluation_counts where partnership = ? and kind = ? and (? is null or year = ?)`,
    sync.id,
    kindNumber(kind),
    year,
    year,
  );
  return row?.n ?? 0;
}

/**
 * Raises the kept counts to the newest ones that this side ever signed, as the service kept them: a restored backup
 * does not refill the budget.
 */
async function followReceipt(sync: EpochSync): Promise<void> {
  const receipt = await sync.agent.client().receipt(sync.id);
  if (!receipt) return;
  const opened = openEvaluation(receipt, sync.theirs, sync.agent.keyring.certificate.agentKey);
  if (!opened.ok)
    throw new Problem(
      'service_alarm',
      `the service shows a receipt in your name that does not check (${opened.reason})`,
      'nothing was evaluated; call the operator of the service',
    );
  raiseCounts(sync, opened.value.counts);
}

function raiseCounts(sync: EpochSync, signed: EvaluationCounts): void {
  sync.agent.store.database.transaction(() => {
    for (const [kind, count] of signed) {
      const missing = count - usedCount(sync, kind, null);
      if (missing > 0) addCount(sync, kind, missing);
    }
  });
}

/** Books one chunk, once: null where the budget does not allow it, else the cumulative counts to sign. */
function pay(
  sync: EpochSync,
  kind: EvaluatedKind,
  hash: Uint8Array,
  elements: number,
  budget: number,
): EvaluationCounts | null {
  return sync.agent.store.database.transaction(() => {
    if (!isPaid(sync, hash)) {
      if (usedCount(sync, kind, yearOf(sync)) + elements > budget) return null;
      sync.agent.store.database.run(
        'insert into paid_chunks (partnership, hash) values (?, ?)',
        sync.id,
        hash,
      );
      addCount(sync, kind, elements);
    }
    return evaluationCounts(sync);
  });
}

function fitsBudget(
  sync: EpochSync,
  request: EvaluationRequest,
  budget: Readonly<Record<EvaluatedKind, number>>,
): boolean {
  // Chunks evaluated before a restore are in the counts of the receipt and not among those known as paid.
  const answered = new Set(sync.view.requests[sync.theirs.side]?.evaluated);
  const unpaid = new Map(
    request.chunks
      .filter((chunk, index) => !answered.has(index) && !isPaid(sync, chunk.hash))
      .map((chunk) => [toHex(chunk.hash), chunk]),
  );
  return EVALUATED_KINDS.every((kind) => {
    const elements = [...unpaid.values()].reduce(
      (sum, chunk) => sum + (chunk.kind === kind ? chunk.count : 0),
      0,
    );
    return elements === 0 || usedCount(sync, kind, yearOf(sync)) + elements <= budget[kind];
  });
}

async function decline(sync: EpochSync, request: EvaluationRequest, reason: RefusalReason): Promise<void> {
  const refusal = signRefusal(
    sync.theirs,
    { request: request.number, reason, counts: evaluationCounts(sync) },
    sync.agent.keyring.agentSeed,
  );
  await sync.agent.client().putRefusal(sync.id, sync.theirs.side, request.number, refusal);
}

function isPaid(sync: EpochSync, hash: Uint8Array): boolean {
  const row = sync.agent.store.database.get<{ hash: Uint8Array }>(
    'select hash from paid_chunks where partnership = ? and hash = ?',
    sync.id,
    hash,
  );
  return row !== undefined && equal(row.hash, hash);
}

function addCount(sync: EpochSync, kind: EvaluatedKind, elements: number): void {
  sync.agent.store.database.run(
    `insert into evaluation_counts (partnership, kind, year, count) values (?, ?, ?, ?)
     on conflict do update set count = count + excluded.count`,
    sync.id,
    kindNumber(kind),
    yearOf(sync),
    elements,
  );
}

function yearOf(sync: EpochSync): number {
  return new Date(sync.agent.now()).getUTCFullYear();
}

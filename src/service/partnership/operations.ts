/** All operations by name, and how one is run: in process on Node, behind a call on a Durable Object. */
import { type Result, refuse } from '../../../protocol/result.ts';
import type { ProblemCode } from '../problems.ts';
import type { PartnershipStore } from '../storage/partnership.ts';
import { type Call, isEnded, type OperationContext } from './context.ts';
import { end } from './ending.ts';
import { putOffer, putSignature } from './epoch.ts';
import { putHealth } from './health.ts';
import { ledger } from './ledger.ts';
import { deleteLimit, putLimit } from './limits.ts';
import { matrix } from './matrix.ts';
import { overlap } from './overlap.ts';
import {
  deleteRequest,
  getEvaluation,
  getReceipt,
  getRequestChunk,
  putEvaluation,
  putRefusal,
  putRequest,
  putRequestChunk,
} from './request.ts';
import { reapply } from './restored.ts';
import { putScope, scopes } from './scope.ts';
import { answerScopeRequest, putScopeRequest, scopeRequests } from './scoperequests.ts';
import { putStatement } from './statements.ts';
import { activateSubmission, putSubmission, putSubmissionChunk } from './submission.ts';
import { putTerms } from './terms.ts';
import { getVaultNames, putVaultHead, putVaultNames, putVaultRows } from './vault.ts';
import { view } from './view.ts';
import { whiteSpace } from './whitespace.ts';
import { clear, work } from './work.ts';

const operations = {
  view,
  putHealth,
  putOffer,
  putSignature,
  putTerms,
  putScope,
  putStatement,
  scopes,
  putLimit,
  deleteLimit,
  putScopeRequest,
  scopeRequests,
  answerScopeRequest,
  putRequest,
  putRequestChunk,
  getRequestChunk,
  putEvaluation,
  getEvaluation,
  putRefusal,
  deleteRequest,
  getReceipt,
  putSubmission,
  putSubmissionChunk,
  activateSubmission,
  putVaultRows,
  putVaultNames,
  getVaultNames,
  putVaultHead,
  matrix,
  overlap,
  whiteSpace,
  ledger,
  end,
  clear,
};

/** What can still be asked once the partnership is ended. */
const AFTER_THE_END: readonly OperationName[] = ['view', 'scopes', 'ledger', 'end'];

/** Operations that leave work behind; small lists are done with before they answer. */
const LEAVE_WORK: readonly OperationName[] = [
  'putScope',
  'putStatement',
  'putSubmission',
  'activateSubmission',
  'putVaultRows',
  'putVaultNames',
  'putVaultHead',
  'end',
];
/** Rows' worth of it that the operation itself does: less than a second. */
const WORK_ROWS = 100_000;

type Operations = typeof operations;
export type OperationName = keyof Operations;
export type Input<Name extends OperationName> = Parameters<Operations[Name]>[1];
export type Output<Name extends OperationName> =
  ReturnType<Operations[Name]> extends Result<infer Value, ProblemCode> ? Value : never;

/** One partnership, wherever its database is. Inputs and outputs can be cloned. */
export interface Partnership {
  run<Name extends OperationName>(
    name: Name,
    call: Call,
    input: Input<Name>,
  ): Promise<Result<Output<Name>, ProblemCode>>;
}

/**
 * Runs one operation in one atomic section. A refusal commits too: all that an operation writes before it refuses is
 * that it dropped a submission which contradicts itself, or what a scope's end takes. Whatever throws leaves nothing behind.
 */
export function run<Name extends OperationName>(
  store: PartnershipStore,
  name: Name,
  call: Call,
  input: Input<Name>,
): Result<Output<Name>, ProblemCode> {
  const operation = operations[name] as unknown as (
    context: OperationContext,
    input: Input<Name>,
  ) => Result<Output<Name>, ProblemCode>;
  return store.atomic(() => {
    if (reapply({ ...call, store })) work(store, call.nowMs, WORK_ROWS);
    // Within the section, so that no upload under way puts rows behind an ending.
    if (!AFTER_THE_END.includes(name) && isEnded(store)) return refuse('partnership_ended');
    const context = { ...call, store };
    const result = operation(context, input);
    // A refusal that leaves work has dropped what it refused.
    const leavesWork = result.ok ? LEAVE_WORK.includes(name) : result.reason === 'inconsistent_submission';
    if (!leavesWork) return result;
    work(store, call.nowMs, WORK_ROWS);
    // Asked again, it says what came of it.
    return result.ok && name === 'activateSubmission' ? operation(context, input) : result;
  });
}

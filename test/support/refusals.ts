/** The operations that the negative vectors name: from a file's hexadecimal input to the reason of the refusal. */
import { type Context, openEvaluation, openRequest, openRequestChunk } from '../../protocol/evaluation.ts';
import { sha256, verifyBytes } from '../../protocol/hash.ts';
import type { EvaluatedKind } from '../../protocol/identifiers/kind.ts';
import { type OrganisationId, partnershipId, type Side } from '../../protocol/ids.ts';
import { readOpening } from '../../protocol/invitation.ts';
import { verifyBox } from '../../protocol/keys.ts';
import { openRosters } from '../../protocol/roster.ts';
import { openScope } from '../../protocol/scope.ts';
import { openPapers, type Signers } from '../../protocol/standing.ts';
import { openSubmissionChunk, type RecordType } from '../../protocol/submission.ts';
import { evaluate, finalize } from '../../protocol/suite.ts';
import { fixedRandom } from './random.ts';
import { hex, reasonOf, value } from './results.ts';
import type { Trace } from './scenario.ts';
import type { ScenarioInput } from './scenario-input.ts';

export interface ContextInput {
  readonly partnership: string;
  readonly epoch: number;
  readonly side: Side;
  readonly epochHash: string;
}

/** Who signs for an organisation, with its packed rosters from the first. */
interface SignersInput {
  readonly organisation: OrganisationId;
  readonly rootKey: string;
  readonly agentKey: string;
  readonly rosters: readonly string[];
}

/** The input of each operation; byte strings in hexadecimal. */
export interface Operations {
  evaluate: { secretKey: string; publicKey: string; blinded: string; proofNonce: string };
  finalize: {
    inputs: string[];
    blinds: string;
    blinded: string;
    evaluated: string;
    proof: string;
    publicKey: string;
  };
  verifySignature: { publicKey: string; message: string; signature: string };
  openRequest: { signed: string; context: ContextInput; agentKey: string };
  openRequestChunk: {
    bytes: string;
    context: ContextInput;
    request: number;
    index: number;
    kind: EvaluatedKind;
    count: number;
  };
  openEvaluation: { signed: string; context: ContextInput; agentKey: string };
  openSubmissionChunk: {
    bytes: string;
    context: ContextInput;
    submission: number;
    index: number;
    type: RecordType;
    records: number;
  };
  openRosters: { chain: string[]; organisation: OrganisationId; rootKey: string };
  openPapers: {
    signed: string;
    statements: string[];
    partnership: string;
    grantor: SignersInput;
    grantee: SignersInput;
  };
  openScope: { signed: string; agentKey: string };
  readOpening: { signed: string; partnership: string; commitment: string; acceptance: string; nowMs: number };
  verifyBox: {
    confirmKey: string;
    context: ContextInput;
    handle: string;
    population: number;
    submission: number;
    box: string;
  };
}

export type Operation = keyof Operations;

export interface Refusal<Name extends Operation = Operation> {
  readonly name: string;
  readonly description: string;
  /** The step of the protocol that must fail. */
  readonly stage: string;
  readonly operation: Name;
  /** The same operation on what an honest party would have sent: it must be accepted. */
  readonly accepted: Operations[Name];
  readonly refused: Operations[Name];
  readonly reason: string;
}

/** The context that the protocol takes. */
export function contextFrom(input: ContextInput): Context {
  return { ...input, partnership: partnershipId(hex(input.partnership)), epochHash: hex(input.epochHash) };
}

function signersFrom({ organisation, rootKey, agentKey, rosters }: SignersInput): Signers {
  const opened = value(openRosters(rosters.map(hex), organisation, hex(rootKey)));
  return { organisation, agentKey: hex(agentKey), rosters: opened };
}

const RUN: { readonly [Name in Operation]: (input: Operations[Name]) => string | null } = {
  evaluate: (input) => {
    const nonce = new Uint8Array(64);
    nonce.set(hex(input.proofNonce));
    const keys = { secretKey: hex(input.secretKey), publicKey: hex(input.publicKey) };
    return reasonOf(evaluate(keys, hex(input.blinded), fixedRandom([nonce])));
  },
  finalize: (input) => {
    const blinding = { blinds: hex(input.blinds), blinded: hex(input.blinded) };
    const evaluation = { evaluated: hex(input.evaluated), proof: hex(input.proof) };
    return reasonOf(finalize(input.inputs.map(hex), blinding, evaluation, hex(input.publicKey)));
  },
  verifySignature: (input) =>
    verifyBytes(hex(input.publicKey), hex(input.message), hex(input.signature)) ? null : 'bad_signature',
  openRequest: (input) =>
    reasonOf(openRequest(hex(input.signed), contextFrom(input.context), hex(input.agentKey))),
  openRequestChunk: ({ bytes, context, request, index, kind, count }) => {
    const chunk = { kind, count, hash: sha256(hex(bytes)) };
    const listed = { number: request, chunks: Array.from({ length: index + 1 }, () => chunk) };
    return reasonOf(openRequestChunk(hex(bytes), contextFrom(context), listed, index));
  },
  openEvaluation: (input) =>
    reasonOf(openEvaluation(hex(input.signed), contextFrom(input.context), hex(input.agentKey))),
  openSubmissionChunk: ({ bytes, context, submission, index, type, records }) => {
    const listed = { type, records, hash: sha256(hex(bytes)) };
    return reasonOf(openSubmissionChunk(hex(bytes), contextFrom(context), submission, listed, index));
  },
  openRosters: (input) => reasonOf(openRosters(input.chain.map(hex), input.organisation, hex(input.rootKey))),
  openPapers: (input) => {
    const papers = { signed: hex(input.signed), statements: input.statements.map(hex) };
    const [grantor, grantee] = [signersFrom(input.grantor), signersFrom(input.grantee)];
    return reasonOf(openPapers(papers, partnershipId(hex(input.partnership)), grantor, grantee));
  },
  openScope: (input) => reasonOf(openScope(hex(input.signed), () => hex(input.agentKey))),
  readOpening: (input) =>
    reasonOf(
      readOpening(
        hex(input.signed),
        partnershipId(hex(input.partnership)),
        hex(input.commitment),
        hex(input.acceptance),
        input.nowMs,
      ),
    ),
  verifyBox: (input) => {
    const content = { handle: hex(input.handle), population: input.population, submission: input.submission };
    const holds = verifyBox(hex(input.confirmKey), contextFrom(input.context), content, hex(input.box));
    return holds ? null : 'bad_box';
  },
};

/** The reason for which the operation refuses, or null where it accepts. */
export function outcome<Name extends Operation>(operation: Name, input: Operations[Name]): string | null {
  return RUN[operation](input);
}

/** The context of a scenario's messages. */
export function contextOf(input: ScenarioInput, values: Trace, side: ContextInput['side']): ContextInput {
  return { partnership: input.partnership, epoch: input.epoch, side, epochHash: values.epoch.hash };
}

/** A negative vector: what is accepted, and the change that is not. */
export function refusal<Name extends Operation>(
  operation: Name,
  stage: string,
  name: string,
  description: string,
  accepted: Operations[Name],
  change: Partial<Operations[Name]>,
  reason: string,
): Refusal {
  return { name, description, stage, operation, accepted, refused: { ...accepted, ...change }, reason };
}

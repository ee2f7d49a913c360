/** What routes share: their dependencies, error answers, and finding the partnership that a path names. */
import type { OpenAPIHono } from '@hono/zod-openapi';
import type { Context, TypedResponse } from 'hono';
import type { Random } from '../../../protocol/hash.ts';
import type { OrganisationId, PartnershipId, Side } from '../../../protocol/ids.ts';
import { ok, type Result, refuse } from '../../../protocol/result.ts';
import type { Principal } from '../auth/authenticate.ts';
import { isCompanyOfOne, removedMembers } from '../directory/members.ts';
import { agentKeysOf, type RegistrationMode } from '../directory/organisations.ts';
import { noteSeen, type PartnershipRow, partnershipOf, sideIn, stateOf } from '../directory/partnerships.ts';
import { storedRosters } from '../directory/rosters.ts';
import { worksIn } from '../directory/sessions.ts';
import type { Asker, Call, ListLimits, Party } from '../partnership/context.ts';
import type { Input, OperationName, Output, Partnership } from '../partnership/operations.ts';
import {
  type ProblemBody,
  type ProblemCode,
  type ProblemStatus,
  problemBody,
  problemStatus,
} from '../problems.ts';
import type { RateLimiter } from '../rate.ts';
import type { Directory } from '../storage/directory.ts';

/** What the app runs on: storage, settings, clock and randomness. */
export interface Dependencies {
  readonly directory: Directory;
  readonly partnerships: (id: PartnershipId) => Partnership;
  readonly config: {
    readonly version: string;
    readonly operator: { readonly name: string; readonly organisation: OrganisationId | null };
    readonly registration: RegistrationMode;
    /** Where a partnership can be kept by its founder's choice; none where the platform offers no choice. */
    readonly jurisdictions?: readonly string[];
  };
  /** True for the host names (with port) under which agents reach this service. */
  readonly isOwnHost: (host: string) => boolean;
  readonly limits: ListLimits;
  readonly rates: RateLimiter;
  /** False where requests should go elsewhere: the databases do not answer, or the service is shutting down. */
  readonly isReady: () => Promise<boolean>;
  readonly now: () => number;
  readonly random: Random;
  /** Takes note of every request that was answered. */
  readonly observe: (seen: SeenRequest) => void;
  /** Takes an error that no code stands for; the client only learns that there was one, and its request's id. */
  readonly report: (error: unknown, requestId: string) => void;
}

/** What operating the service needs to know of a request. Nothing in it says who asked, or about what. */
export interface SeenRequest {
  /** Random; the answer's `X-Request-Id`. */
  readonly id: string;
  readonly method: string;
  /** The route's pattern; null where there was none. */
  readonly route: string | null;
  readonly status: number;
  readonly ms: number;
  /** The code of an error. */
  readonly problem: ProblemCode | null;
}

export interface AppEnv {
  Variables: { principal: Principal; requestId: string; problem?: ProblemCode };
}
export type App = OpenAPIHono<AppEnv>;

/** An error answer. */
export function problem(
  context: Context,
  code: ProblemCode,
  detail?: string,
): Response & TypedResponse<ProblemBody, ProblemStatus, 'json'> {
  context.set('problem', code);
  // Nobody knows when a partner answers; an hour keeps agents from trying on and on.
  if (code === 'too_many_invitations') context.header('retry-after', '3600');
  const response = context.body(JSON.stringify(problemBody(code, detail)), problemStatus(code), {
    'content-type': 'application/problem+json',
    'cache-control': 'no-store',
  });
  return response as unknown as Response & TypedResponse<ProblemBody, ProblemStatus, 'json'>;
}

/** A refusal as its error answer. */
export function refused(
  context: Context,
  refusal: { readonly reason: ProblemCode; readonly detail?: string },
) {
  return problem(context, refusal.reason, refusal.detail);
}

export interface Found {
  readonly row: PartnershipRow;
  readonly side: Side;
}

/** The partnership and the caller's side in it. To whoever is no party, or does not work in it, it does not exist. */
export async function findPartnership(
  dependencies: Dependencies,
  principal: Principal,
  id: PartnershipId,
): Promise<Result<Found, ProblemCode>> {
  const row = await partnershipOf(dependencies.directory, id);
  const side = row && sideIn(row, principal.organisation);
  if (!row || !side) return refuse('not_found');
  if (principal.kind === 'agent') await noteSeen(dependencies.directory, row, side, dependencies.now());
  else if (!(await worksIn(dependencies.directory, principal.member, id))) return refuse('not_found');
  return ok({ row, side });
}

/** Operations that check what people signed. */
const WITH_ROSTERS: readonly OperationName[] = ['putScope', 'putStatement'];

/** What an operation needs to know of the two parties and of who asks; refused until there are two. */
export async function callOf(
  dependencies: Pick<Dependencies, 'directory' | 'limits' | 'now'>,
  { row, side }: Found,
  asker: Asker,
  operation: OperationName,
): Promise<Result<Call, ProblemCode>> {
  const { directory } = dependencies;
  const partyOf = async (organisation: OrganisationId, agentKey: Uint8Array): Promise<Party> => {
    const party = { organisation, agentKey };
    if (!WITH_ROSTERS.includes(operation)) return { ...party, rosters: [], isSolo: false, removed: [] };
    const rosters = await storedRosters(directory, organisation);
    const isSolo = await isCompanyOfOne(directory, organisation);
    return { ...party, rosters, isSolo, removed: await removedMembers(directory, organisation) };
  };
  const keys = row.joiner && (await agentKeysOf(directory, row.founder, row.joiner));
  if (!row.joiner || !keys) return refuse('not_opened');
  return ok({
    partnership: row.id,
    parties: {
      founder: await partyOf(row.founder, keys.founder),
      joiner: await partyOf(row.joiner, keys.joiner),
    },
    caller: side,
    asker,
    nowMs: dependencies.now(),
    limits: dependencies.limits,
    known: {
      standing: { founder: row.founder_standing, joiner: row.joiner_standing },
      isEnded: stateOf(row) === 'ended',
    },
    jurisdiction: row.jurisdiction,
  });
}

/** Runs an operation for the caller in a partnership that is opened. */
export async function runOperation<Name extends OperationName>(
  dependencies: Dependencies,
  principal: Principal,
  id: PartnershipId,
  name: Name,
  input: Input<Name>,
): Promise<Result<Output<Name>, ProblemCode>> {
  const found = await findPartnership(dependencies, principal, id);
  if (!found.ok) return found;
  const { row } = found.value;
  if (!row.opening) return refuse(stateOf(row) === 'ended' ? 'partnership_ended' : 'not_opened');
  const call = await callOf(dependencies, found.value, askerOf(principal), name);
  if (!call.ok) return call;
  return await dependencies.partnerships(id).run(name, call.value, input);
}

/** Who asks, as operations know it. */
export function askerOf(principal: Principal): Asker {
  return principal.kind === 'agent'
    ? { role: 'agent', member: null }
    : { role: principal.role, member: principal.member };
}

export function isOctets(context: Context): boolean {
  return context.req.header('content-type') === 'application/octet-stream';
}

/** The body as it is; its size was limited before. */
export async function octetBody(context: Context): Promise<Uint8Array> {
  return new Uint8Array(await context.req.arrayBuffer());
}

export function octetAnswer(context: Context, bytes: Uint8Array): Response {
  return context.body(bytes as Uint8Array<ArrayBuffer>, 200, {
    'content-type': 'application/octet-stream',
    'cache-control': 'no-store',
  });
}

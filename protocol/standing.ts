/**
 * Where a scope stands: drafted, approved by enough of the granting side's people, accepted by one of the receiving
 * side's, in force, ended. A pure function of signatures and a time, so that the service and both agents come to the
 * same answer, and neither agent has to believe the service.
 */
import { equal, toHex } from './bytes.ts';
import type { OrganisationId, PartnershipId } from './ids.ts';
import type { MemberId } from './member.ts';
import { ok, type Result, refuse } from './result.ts';
import { approverKey, type Roster } from './roster.ts';
import { isValidAt, openScope, type Scope, type ScopeRefusal, scopeHash } from './scope.ts';
import { type Act, openStatement, type Statement, type StatementRefusal } from './statement.ts';

/** An organisation with the keys that sign for it. */
export interface Signers {
  readonly organisation: OrganisationId;
  readonly agentKey: Uint8Array;
  /** All versions, from the first. None: a company of one, whose agent key signs for people too. */
  readonly rosters: readonly Roster[];
}

/** One version of a scope with everything that was signed about it. */
export interface Papers {
  readonly signed: Uint8Array;
  readonly statements: readonly Uint8Array[];
}

/** Papers whose signatures are checked. */
export interface OpenedPapers {
  readonly scope: Scope;
  /** Hash of the signed scope. */
  readonly hash: Uint8Array;
  readonly statements: readonly Statement[];
  /** Whether the approvals are enough. */
  readonly approved: boolean;
}

export type PapersRefusal = ScopeRefusal | StatementRefusal;

/** From first to last; `waits` is accepted, but not yet valid. */
export const STANDINGS = [
  'proposed',
  'approved',
  'waits',
  'in_force',
  'expired',
  'superseded',
  'revoked',
] as const;
export type Standing = (typeof STANDINGS)[number];

/** Checks a version of this partnership and all statements about it; one wrong signature refuses the whole. */
export function openPapers(
  papers: Papers,
  partnership: PartnershipId,
  grantor: Signers,
  grantee: Signers,
): Result<OpenedPapers, PapersRefusal> {
  const opened = openScope(papers.signed, (scope) =>
    scope.grantor === grantor.organisation ? signerKey(grantor, scope.roster, scope.drafter) : null,
  );
  if (!opened.ok) return opened;
  const scope = opened.value;
  if (scope.partnership !== partnership || scope.grantee !== grantee.organisation)
    return refuse('other_context');
  const hash = scopeHash(papers.signed);
  const statements: Statement[] = [];
  for (const signed of papers.statements) {
    const statement = openAbout(signed, scope, hash, grantor, grantee);
    if (!statement.ok) return statement;
    statements.push(statement.value);
  }
  return ok({ scope, hash, statements, approved: isApproved(scope, statements, grantor) });
}

/**
 * Reads one statement about a version: its signature, and that its signer may say this by the roster that it names.
 * Approvals are by the roster of the version, so that what was once approved stays so when people leave. Whoever meets a
 * version, an approval or an acceptance for the first time also checks that its roster is the newest (`rosterNumber`):
 * else one who left, or a stolen agent key where people approve, could still sign. A revocation only ever reveals less.
 */
export function openAbout(
  signed: Uint8Array,
  scope: Scope,
  hash: Uint8Array,
  grantor: Signers,
  grantee: Signers,
): Result<Statement, StatementRefusal> {
  const expected = (party: Signers) => ({
    partnership: scope.partnership,
    organisation: party.organisation,
    scope: hash,
  });
  const mayBeGrantors = openStatement(signed, expected(grantor), ({ act, roster, signer }) => {
    if (act === 'revoke' && signer === null) return grantor.agentKey;
    const mayBe = act === 'revoke' || (act === 'approve' && roster === scope.roster);
    return mayBe ? signerKey(grantor, roster, signer) : null;
  });
  if (mayBeGrantors.ok || mayBeGrantors.reason !== 'other_context') return mayBeGrantors;
  return openStatement(signed, expected(grantee), ({ act, roster, signer }) => {
    if (act === 'accept') return signerKey(grantee, roster, signer);
    const isReceipt = act === 'seen' || act === 'deleted';
    return isReceipt && signer === null ? grantee.agentKey : null;
  });
}

/** Where a version stands at a time; `newer` tells whether a later version of the same side is in force. */
export function standingOf(papers: OpenedPapers, newer: boolean, nowMs: number): Standing {
  const said = (act: Act) => papers.statements.some((statement) => statement.act === act);
  if (said('revoke')) return 'revoked';
  if (!papers.approved) return 'proposed';
  if (!said('accept')) return 'approved';
  if (newer) return 'superseded';
  const { scope } = papers;
  if (isValidAt(scope, nowMs)) return 'in_force';
  return nowMs < Date.parse(scope.validFrom) ? 'waits' : 'expired';
}

/**
 * The version in force among all of one side, or null. A revoked or expired version does not bring back the one that it
 * replaced, and two that differ under one number deny.
 */
export function inForce(all: readonly OpenedPapers[], nowMs: number): OpenedPapers | null {
  const begun = all.filter((papers) => hasBegun(papers, nowMs));
  const number = Math.max(...begun.map(({ scope }) => scope.number));
  const [newest, ...others] = begun.filter(({ scope }) => scope.number === number);
  if (!newest || others.some(({ hash }) => !equal(hash, newest.hash))) return null;
  const stands = [newest, ...others].every((papers) => standingOf(papers, false, nowMs) === 'in_force');
  return stands ? newest : null;
}

/**
 * Whether nobody hides a version between those shown of one side: each names an approved one before it that is there, but
 * for the earliest, and for one that was signed when there was none.
 */
export function isWhole(all: readonly OpenedPapers[]): boolean {
  const approved = all.filter((papers) => papers.approved);
  const first = Math.min(...approved.map(({ scope }) => scope.number));
  return approved.every(
    ({ scope: { number, previous } }) =>
      number === first ||
      previous === null ||
      approved.some(({ scope, hash }) => scope.number < number && toHex(hash) === previous),
  );
}

/** True once a version was approved, accepted and its time came: from then on it stands in the place of those before. */
export function hasBegun({ approved, statements, scope }: OpenedPapers, nowMs: number): boolean {
  return (
    approved &&
    statements.some(({ act }) => act === 'accept') &&
    isValidAt({ ...scope, validUntil: null }, nowMs)
  );
}

/** Number of an organisation's newest roster; 0 without one. What is met for the first time has to be signed by it. */
export function rosterNumber(party: Signers): number {
  return party.rosters.at(-1)?.number ?? 0;
}

function isApproved(scope: Scope, statements: readonly Statement[], grantor: Signers): boolean {
  // A company of one: the signature under the scope is the approval.
  if (scope.roster === 0) return true;
  const roster = rosterOf(grantor, scope.roster);
  if (!roster) return false;
  const approvers = new Set<MemberId>();
  for (const { act, signer } of statements) if (act === 'approve' && signer) approvers.add(signer);
  const alone = approvers.size === 1 && scope.drafter !== null && approvers.has(scope.drafter);
  return approvers.size >= roster.quorum && (!alone || roster.drafterAlone);
}

function signerKey(party: Signers, roster: number, signer: MemberId | null): Uint8Array | null {
  if (signer === null) return roster === 0 ? party.agentKey : null;
  const version = rosterOf(party, roster);
  const key = version && approverKey(version, signer);
  // An approver with the agent's key would be the agent.
  return key && !equal(key, party.agentKey) ? key : null;
}

function rosterOf(party: Signers, number: number): Roster | null {
  return party.rosters.find((roster) => roster.number === number) ?? null;
}

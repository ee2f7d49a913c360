/** The steps of a scope's life as people take them: proposed, approved, accepted, revoked; each signed by whoever does it. */
import { toHex } from '../../../protocol/bytes.ts';
import type { MemberId } from '../../../protocol/member.ts';
import { approverKey, type Roster } from '../../../protocol/roster.ts';
import { type Scope, signScope } from '../../../protocol/scope.ts';
import { openPapers } from '../../../protocol/standing.ts';
import { type Act, signStatement } from '../../../protocol/statement.ts';
import { timestamp } from '../agent.ts';
import { Problem } from '../problem.ts';
import { countAccounts, listPopulations } from '../store/lists.ts';
import { getPartnership } from '../store/partnerships.ts';
import type { Desk, Papers, Signer } from './desk.ts';
import { shownAgain, withoutRoster } from './desk.ts';
import { checkPopulations, checkTerms, type GrantOptions, termsOf } from './draft.ts';
import { revokeHere } from './granting.ts';
import { isSaid, signersOf, type Version } from './papers.ts';

/** A version that is ready to be signed and sent. */
export interface Proposal {
  readonly scope: Scope;
  /** The newest approved version of this side, with which it is compared; null where that is over. */
  readonly before: Scope | null;
  readonly signer: Signer;
}

/** The next version of this side's scope, as the caller would sign it. Nothing is signed or sent. */
export async function nextVersion(desk: Desk, papers: Papers, grant: GrantOptions): Promise<Proposal> {
  const signer = await desk.signer(papers);
  const { agent } = desk;
  if (agent)
    checkPopulations(
      grant.populations,
      listPopulations(agent.store).map(({ name }) => name),
    );
  const last = lastApproved(papers)?.papers ?? null;
  const nowMs = desk.now();
  const taken = [
    ...papers.mine.map((one) => one.papers.scope.number),
    ...papers.late.filter(({ whose }) => whose === 'mine').map((late) => late.number),
  ];
  const scope: Scope = {
    version: 1,
    partnership: papers.id,
    grantor: papers.parties.mine.organisation,
    grantee: papers.parties.theirs.organisation,
    // What came too late to be taken here has its number at the service all the same.
    number: Math.max(0, ...taken) + 1,
    previous: last && toHex(last.hash),
    drafter: signer.member,
    roster: signer.roster,
    issuedAt: timestamp(nowMs),
    ...termsOf(grant, {
      last: last?.scope ?? null,
      accounts: agent ? countAccounts(agent.store) : 0,
      nowMs,
    }),
  };
  checkTerms(scope, nowMs);
  // What is signed must be what the other side can read; a mistake that nothing else found shows before anything leaves.
  const signers = signersOf(papers.pins, papers.parties);
  const opened = openPapers(
    { signed: signScope(scope, signer.seed), statements: [] },
    papers.id,
    signers.mine,
    signers.theirs,
  );
  if (!opened.ok)
    throw new Problem(
      'bad_argument',
      `this does not make a valid scope (${opened.reason})`,
      'see `commonground scope draft --help` for what may stand where',
    );
  return { scope: opened.value.scope, before: comparedWith(papers)?.papers.scope ?? null, signer };
}

/** Signs the proposal as its drafter and publishes it within the organisation. */
export async function propose(desk: Desk, papers: Papers, { scope, signer }: Proposal): Promise<void> {
  await desk.client.putScope(papers.id, scope.number, signScope(scope, signer.seed));
}

/** This side's version that waits for approval: of that number, or the newest. */
export function toApprove(papers: Papers, number: number | undefined): Version {
  const proposed = papers.mine.filter(({ standing }) => standing === 'proposed');
  const found =
    number === undefined
      ? proposed.at(-1)
      : proposed.find((version) => version.papers.scope.number === number);
  if (found) return found;
  throw new Problem(
    'bad_argument',
    number === undefined
      ? `nothing waits for approval with ${papers.alias}`
      : `version ${number} with ${papers.alias} does not wait for approval`,
    'see `commonground scope list`',
  );
}

/** Somebody whose approval of a version counts. */
interface Approver extends Signer {
  readonly member: MemberId;
  readonly of: Roster;
}

/** Whoever would approve the version here; a problem where that would change nothing. Nothing is signed. */
export async function approverOf(desk: Desk, papers: Papers, { papers: one }: Version): Promise<Approver> {
  const signer = await desk.signer(papers);
  const { member } = signer;
  if (member === null) throw withoutRoster();
  const { number, drafter } = one.scope;
  const of = papers.rosters.mine.find((roster) => roster.number === one.scope.roster);
  if (!of || of.number !== signer.roster || !approverKey(of, member))
    throw new Problem(
      'bad_argument',
      `version ${number} was proposed under roster ${one.scope.roster}, and roster ${signer.roster} stands now`,
      'propose it again: `commonground scope propose`',
    );
  if (one.statements.some(({ act, signer: by }) => act === 'approve' && by === member))
    throw new Problem(
      'bad_argument',
      `you have approved version ${number} for ${papers.alias} already`,
      'nothing was signed again; others have to approve it too: `commonground scope show` tells who did',
    );
  // Where one signature is enough, whoever drafted adds nothing: another's is enough without it.
  if (drafter === member && of.quorum === 1 && !of.drafterAlone)
    throw new Problem(
      'bad_argument',
      `you drafted version ${number} for ${papers.alias}, and whoever drafted does not approve alone (roster ${of.number})`,
      'a colleague on the roster approves it: `commonground scope approve` on their machine; `commonground scope roster show` tells who',
    );
  return { ...signer, member, of };
}

/** Signs the approval. Gives how many have approved now, and how many it takes. */
export async function approve(
  desk: Desk,
  papers: Papers,
  version: Version,
  approver: Approver,
): Promise<{ readonly approvals: number; readonly quorum: number; readonly approved: boolean }> {
  const { of: roster, ...signer } = approver;
  await say(desk, papers, papers.side, 'approve', version, signer);
  const members = new Set(
    version.papers.statements.flatMap(({ act, signer: by }) => (act === 'approve' && by ? [by] : [])),
  );
  members.add(signer.member);
  const alone = members.size === 1 && version.papers.scope.drafter === signer.member && !roster.drafterAlone;
  return {
    approvals: members.size,
    quorum: roster.quorum,
    approved: members.size >= roster.quorum && !alone,
  };
}

/** The partner's newest version that waits for acceptance here. */
export function toBeAccepted(papers: Papers, number: number | undefined): Version {
  const waiting = papers.theirs.filter(({ standing }) => standing === 'approved');
  const found =
    number === undefined ? waiting.at(-1) : waiting.find((one) => one.papers.scope.number === number);
  if (found) return found;
  throw new Problem(
    'bad_argument',
    `nothing of ${papers.alias} waits for your acceptance`,
    'see `commonground scope show`',
  );
}

/** Signs the acceptance of purpose, retention and export terms. */
export async function accept(desk: Desk, papers: Papers, version: Version, signer: Signer): Promise<void> {
  await say(desk, papers, other(papers), 'accept', version, signer);
}

/** A revoked version, with the paper that proves it. */
export interface Revocation {
  readonly scope: Scope;
  readonly signed: Uint8Array;
  readonly statement: Uint8Array;
}

/** This side's versions that a revocation ends; a problem where there are none. */
export function toRevoke(papers: Papers): readonly Version[] {
  const living = papers.mine.filter(
    ({ papers: { approved }, isReplaced, standing }) => approved && !isReplaced && standing !== 'revoked',
  );
  if (living.length > 0) return living;
  throw new Problem(
    'nothing_granted',
    `nothing is granted to ${papers.alias}`,
    'see `commonground scope show`',
  );
}

/**
 * Signs the end of all of this side's versions that are not over; it holds in this home from now on. Without a signer the
 * machine does: ending reveals less, so it may, whoever signs for the organisation.
 */
export function revoke(desk: Desk, papers: Papers, signer: Signer | null): readonly Revocation[] {
  const { agent } = desk;
  if (agent) return revokeHere(agent, getPartnership(agent.store, papers.id));
  if (!signer) throw new Error('a member signs, and has a key for it');
  const revoked = toRevoke(papers).map(({ papers: { scope, hash }, signed }) => ({
    scope,
    signed,
    statement: statement(desk, papers, 'revoke', hash, signer),
  }));
  const shown = shownAgain(papers);
  desk.take(papers, {
    ...shown,
    mine: {
      ...shown.mine,
      scopes: shown.mine.scopes.map((one) => {
        const found = revoked.find(({ signed }) => toHex(signed) === toHex(one.signed));
        return found ? { ...one, statements: [...one.statements, found.statement] } : one;
      }),
    },
  });
  return revoked;
}

/** Tells the service of revocations. */
export async function publishRevocations(
  desk: Desk,
  papers: Papers,
  revoked: readonly Revocation[],
): Promise<void> {
  for (const { scope, statement: signed } of revoked)
    await desk.client.putStatement(papers.id, papers.side, scope.number, 'revoke', signed);
}

/** Whether the partner's machine has signed that it knows of the end, and that it deleted what it held. */
export function receipts({ papers }: Version): {
  readonly seen: string | null;
  readonly deleted: string | null;
} {
  const at = (act: Act) => {
    const found = papers.statements.find((one) => one.act === act);
    return found ? timestamp(found.at * 1000) : null;
  };
  return { seen: at('seen'), deleted: at('deleted') };
}

/** This side's newest approved version, whatever became of it. */
function lastApproved(papers: Papers): Version | null {
  return papers.mine.filter((version) => version.papers.approved).at(-1) ?? null;
}

/** This side's version that the next one is compared with; null where the last one is over, so that nothing is granted. */
export function comparedWith(papers: Papers): Version | null {
  const last = lastApproved(papers);
  return last?.standing === 'revoked' || last?.standing === 'expired' ? null : last;
}

/** The version that is looked at: of that number, or what is in force, or else the newest that lives. */
export function versionOf(versions: readonly Version[], number: number | undefined): Version | null {
  if (number !== undefined) return versions.find((version) => version.papers.scope.number === number) ?? null;
  const inForce = versions.find(({ standing }) => standing === 'in_force');
  return inForce ?? versions.at(-1) ?? null;
}

async function say(
  desk: Desk,
  papers: Papers,
  side: Papers['side'],
  act: Act,
  version: Version,
  signer: Signer,
): Promise<void> {
  if (isSaid(version.papers, 'revoke'))
    throw new Problem('bad_argument', 'this version is revoked', 'propose a new one');
  const signed = statement(desk, papers, act, version.papers.hash, signer);
  await desk.client.putStatement(papers.id, side, version.papers.scope.number, act, signed);
}

function statement(desk: Desk, papers: Papers, act: Act, hash: Uint8Array, signer: Signer): Uint8Array {
  return signStatement(
    {
      act,
      partnership: papers.id,
      organisation: papers.parties.mine.organisation,
      scope: hash,
      roster: signer.roster,
      signer: signer.member,
      at: Math.floor(desk.now() / 1000),
    },
    signer.seed,
  );
}

function other({ side }: Papers): Papers['side'] {
  return side === 'founder' ? 'joiner' : 'founder';
}

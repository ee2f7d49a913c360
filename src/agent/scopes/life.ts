/** The steps of a scope's life as people take them: proposed, approved, accepted, revoked; each signed by whoever does it. */
import { toHex } from '../../../protocol/bytes.ts';
import { approverKey } from '../../../protocol/roster.ts';
import { type Scope, signScope } from '../../../protocol/scope.ts';
import { openPapers } from '../../../protocol/standing.ts';
import { type Act, signStatement } from '../../../protocol/statement.ts';
import { timestamp } from '../agent.ts';
import { Problem } from '../problem.ts';
import { countAccounts, listPopulations } from '../store/lists.ts';
import { getPartnership } from '../store/partnerships.ts';
import type { Desk, Papers, Signer } from './desk.ts';
import { shownAgain, withoutRoster } from './desk.ts';
import { checkPopulations, type GrantOptions, termsOf } from './draft.ts';
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
  const scope: Scope = {
    version: 1,
    partnership: papers.id,
    grantor: papers.parties.mine.organisation,
    grantee: papers.parties.theirs.organisation,
    number: (papers.mine.at(-1)?.papers.scope.number ?? 0) + 1,
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
  // What is signed must be what the other side can read; a mistake in a file shows here, before anything leaves.
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
      'each rule needs a population that the file lists; times are such as 2026-12-31T00:00:00Z, the end after the beginning',
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

/** True where this member has signed an approval of the version. */
export function hasApproved({ papers }: Version, member: Desk['member']): boolean {
  return (
    member !== null && papers.statements.some(({ act, signer }) => act === 'approve' && signer === member)
  );
}

/** Signs the approval. Gives how many have approved now, and how many it takes. */
export async function approve(
  desk: Desk,
  papers: Papers,
  version: Version,
): Promise<{ readonly approvals: number; readonly quorum: number; readonly approved: boolean }> {
  const signer = await desk.signer(papers);
  if (signer.member === null) throw withoutRoster();
  const roster = papers.rosters.mine.find(({ number }) => number === version.papers.scope.roster);
  if (!roster || roster.number !== signer.roster || !approverKey(roster, signer.member))
    throw new Problem(
      'bad_argument',
      `version ${version.papers.scope.number} was proposed under roster ${version.papers.scope.roster}, and roster ${signer.roster} stands now`,
      'propose it again: `commonground scope propose`',
    );
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
export async function accept(desk: Desk, papers: Papers, version: Version): Promise<void> {
  const signer = await desk.signer(papers);
  await say(desk, papers, other(papers), 'accept', version, signer);
}

/** A revoked version, with the paper that proves it. */
export interface Revocation {
  readonly scope: Scope;
  readonly signed: Uint8Array;
  readonly statement: Uint8Array;
}

/** Signs the end of all of this side's versions that are not over; it holds in this home from now on. */
export async function revoke(desk: Desk, papers: Papers): Promise<readonly Revocation[]> {
  const { agent } = desk;
  // Ending reveals less, so the machine may, whoever signs for the organisation.
  if (agent) return revokeHere(agent, getPartnership(agent.store, papers.id));
  const signer = await desk.signer(papers);
  const living = papers.mine.filter(
    ({ papers: { approved }, isReplaced, standing }) => approved && !isReplaced && standing !== 'revoked',
  );
  if (living.length === 0)
    throw new Problem(
      'nothing_granted',
      `nothing is granted to ${papers.alias}`,
      'see `commonground scope show`',
    );
  const revoked = living.map(({ papers: { scope, hash }, signed }) => ({
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

/**
 * What the organisation's agent signs about scopes. In a company of one it is all its people: it grants and accepts.
 * Once the organisation has a roster it only revokes, which reveals less, and gives receipts.
 */
import { equal, toBase64url, toHex } from '../../../protocol/bytes.ts';
import { type Scope, signScope } from '../../../protocol/scope.ts';
import { messageOf } from '../../../protocol/signed.ts';
import { openPapers } from '../../../protocol/standing.ts';
import { type Act, signStatement } from '../../../protocol/statement.ts';
import { type Agent, timestamp } from '../agent.ts';
import type { PartnershipView } from '../client.ts';
import { decode } from '../pinned.ts';
import { Problem } from '../problem.ts';
import { countAccounts, listPopulations } from '../store/lists.ts';
import { getPartnership, type Partnership } from '../store/partnerships.ts';
import { ownRosters } from '../store/rosters.ts';
import { ServiceRefusal } from '../transport.ts';
import { checkPopulations, checkTerms, type GrantOptions, termsOf } from './draft.ts';
import { followScopes, keepPins, newestScope, partiesOf, pinsOf, shownOf, versions } from './following.ts';
import { signersOf, type Version, type Whose, withStatement } from './papers.ts';

/** Codes by which the service says that people sign for this organisation, not its agent. */
const NOT_ALONE = ['forbidden', 'wrong_role', 'old_roster'];

/** Signs the next version of this side's scope, keeps it and publishes it: the one step of a company of one. */
export async function grantScope(
  agent: Agent,
  partnership: Partnership,
  options: GrantOptions,
  dryRun = false,
): Promise<Scope> {
  const { certificate, agentSeed } = agent.keyring;
  const parties = partiesOf(agent, partnership);
  if (ownRosters(agent.store).length > 0) throw people();
  checkPopulations(
    options.populations,
    listPopulations(agent.store).map(({ name }) => name),
  );
  let current = partnership;
  if (!dryRun) {
    // After a restore the service knows versions that this home does not.
    const view = await agent.client().partnership(partnership.id);
    current = followScopes(agent, partnership, view);
    // A version whose upload failed goes first: the next names it.
    if (await publishPapers(agent, current.id, view)) current = getPartnership(agent.store, current.id);
  }
  const mine = versions(agent, current, 'mine');
  const last = mine.filter(({ papers }) => papers.approved).at(-1)?.papers ?? null;
  const nowMs = agent.now();
  const scope: Scope = {
    version: 1,
    partnership: partnership.id,
    grantor: certificate.organisation,
    grantee: parties.theirs.organisation,
    number: (mine.at(-1)?.papers.scope.number ?? 0) + 1,
    previous: last && toHex(last.hash),
    drafter: null,
    roster: 0,
    issuedAt: timestamp(nowMs),
    ...termsOf(options, { last: last?.scope ?? null, accounts: countAccounts(agent.store), nowMs }),
  };
  checkTerms(scope, nowMs);
  const signed = signScope(scope, agentSeed);
  // What is signed must be what the other side can read; a mistake in a file shows here, before anything leaves.
  const pins = pinsOf(agent, current);
  const signers = signersOf(pins, parties);
  const check = openPapers({ signed, statements: [] }, partnership.id, signers.mine, signers.theirs);
  if (!check.ok) throw new Problem('bad_argument', `the rules do not make a valid scope (${check.reason})`);
  if (dryRun) return check.value.scope;
  const kept = { signed: toBase64url(signed), statements: [] };
  keepPins(agent, current, { ...pins, mine: { ...pins.mine, scopes: [...pins.mine.scopes, kept] } });
  try {
    await agent.client().putScope(partnership.id, scope.number, signed);
  } catch (error) {
    if (isNotAlone(error)) keepPins(agent, current, pins);
    throw isNotAlone(error) ? people() : error;
  }
  return check.value.scope;
}

/**
 * Ends this side's newest version, and any that waits: at once here, and at the service as soon as it can be reached.
 * Gives what was revoked, with the signed statements.
 */
export async function revokeScope(
  agent: Agent,
  partnership: Partnership,
): Promise<
  readonly { readonly scope: Scope; readonly signed: Uint8Array; readonly statement: Uint8Array }[]
> {
  const ended = revokeHere(agent, partnership);
  for (const { scope, statement } of ended)
    await agent.client().putStatement(partnership.id, partnership.side, scope.number, 'revoke', statement);
  return ended;
}

/** The same without telling the service; the next sync does. */
export function revokeHere(agent: Agent, partnership: Partnership) {
  const living = versions(agent, partnership, 'mine').filter(
    ({ papers, standing }) => papers.approved && standing !== 'revoked' && standing !== 'superseded',
  );
  if (living.length === 0)
    throw new Problem(
      'nothing_granted',
      `nothing is granted to ${partnership.alias}`,
      'see `commonground scope show`',
    );
  let pins = pinsOf(agent, partnership);
  const revoked = living.map(({ papers, signed }) => {
    const statement = state(agent, partnership, 'revoke', papers.hash);
    pins = withStatement(pins, 'mine', signed, statement);
    return { scope: papers.scope, signed, statement };
  });
  keepPins(agent, partnership, pins);
  return revoked;
}

/** The partner's newest version that waits for this side's acceptance; null where none does. */
export function toAccept(agent: Agent, partnership: Partnership): Version | null {
  const newest = newestScope(agent, partnership, 'theirs');
  return newest?.standing === 'approved' ? newest : null;
}

/** What a company of one may accept without its person: anything but a contract, which somebody has to read. */
export function isStandard(scope: Pick<Scope, 'agreement' | 'retentionDays'>): boolean {
  return scope.retentionDays >= 1 && scope.agreement === null;
}

/** Accepts a version of the partner's in the name of a company of one. False where people have to. */
export async function acceptAlone(
  agent: Agent,
  partnership: Partnership,
  version: Version,
): Promise<boolean> {
  if (ownRosters(agent.store).length > 0) return false;
  const { hash, scope } = version.papers;
  const statement = state(agent, partnership, 'accept', hash);
  try {
    await agent
      .client()
      .putStatement(partnership.id, otherOf(partnership), scope.number, 'accept', statement);
    return true;
  } catch (error) {
    if (isNotAlone(error)) return false;
    throw error;
  }
}

/** A signed statement of this organisation's agent. */
export function state(agent: Agent, partnership: Partnership, act: Act, hash: Uint8Array): Uint8Array {
  const { certificate, agentSeed } = agent.keyring;
  return signStatement(
    {
      act,
      partnership: partnership.id,
      organisation: certificate.organisation,
      scope: hash,
      roster: 0,
      signer: null,
      at: Math.floor(agent.now() / 1000),
    },
    agentSeed,
  );
}

/**
 * Brings to the service what this side has signed and it lacks, as after a broken connection or where it was restored
 * from a backup. True where it got anything. What people signed, people bring again.
 */
export async function publishPapers(
  agent: Agent,
  id: Partnership['id'],
  view: PartnershipView,
): Promise<boolean> {
  const partnership = getPartnership(agent.store, id);
  const due = unpublished(agent, partnership, view);
  for (const send of due) {
    try {
      await send.put();
    } catch (error) {
      if (!isNotAlone(error) || !send.byPeople) throw error;
    }
  }
  return due.some(({ byPeople }) => !byPeople);
}

/** Whether the service lacks something that the agent itself signed. */
export function isPublished(agent: Agent, partnership: Partnership, view: PartnershipView): boolean {
  return unpublished(agent, partnership, view).every(({ byPeople }) => byPeople);
}

function unpublished(agent: Agent, partnership: Partnership, view: PartnershipView) {
  const shown = shownOf(partnership, view);
  const client = agent.client();
  const pins = pinsOf(agent, partnership);
  const due: { readonly byPeople: boolean; put(): Promise<unknown> }[] = [];
  const own = { mine: ['approve', 'revoke'], theirs: ['accept', 'seen', 'deleted'] } as const;
  for (const whose of ['mine', 'theirs'] as const satisfies readonly Whose[]) {
    const side = whose === 'mine' ? partnership.side : otherOf(partnership);
    for (const { papers, signed, isReplaced } of versions(agent, partnership, whose)) {
      if (isReplaced) continue;
      const { number, roster } = papers.scope;
      const there = shown[whose].scopes.find((candidate) => equal(candidate.signed, signed));
      // With a later one the service knows that this one was replaced.
      const isLost =
        whose === 'mine' && !there && number > Math.max(0, ...shown.mine.scopes.map(shownNumber));
      if (isLost) {
        due.push(...lost(agent, partnership, number));
        due.push({ byPeople: roster > 0, put: () => client.putScope(partnership.id, number, signed) });
      }
      // A version that the service neither shows nor gets has nowhere to take a statement.
      if (!there && !isLost) continue;
      const kept = pins[whose].scopes.find((one) => one.signed === toBase64url(signed));
      papers.statements.forEach((statement, index) => {
        const text = kept?.statements[index];
        const isOwn = (own[whose] as readonly Act[]).includes(statement.act);
        const isThere = there?.statements.some((one) => toBase64url(one) === text) ?? false;
        if (!isOwn || isThere || text === undefined) return;
        // A service that forgot the end takes no receipt of it.
        const isReceipt = statement.act === 'seen' || statement.act === 'deleted';
        if (
          isReceipt &&
          !papers.statements.every((one, i) => one.act !== 'revoke' || isShown(kept, i, there))
        )
          return;
        const bytes = decode(text);
        due.push({
          byPeople: statement.signer !== null,
          put: () => client.putStatement(partnership.id, side, number, statement.act, bytes),
        });
      });
    }
  }
  return due;
}

/** Whether the service shows the statement that is kept in this place. */
function isShown(
  kept: { readonly statements: readonly string[] } | undefined,
  index: number,
  there: { readonly statements: readonly Uint8Array[] } | undefined,
): boolean {
  return there?.statements.some((one) => toBase64url(one) === kept?.statements[index]) ?? false;
}

/** Versions before a lost one that a restored service may lack too; what it has of them stays as it is. */
function lost(agent: Agent, { id, papers }: Partnership, before: number) {
  return papers.past.flatMap(({ signed }) => {
    const bytes = decode(signed);
    const number = numberOf(bytes);
    if (number >= before) return [];
    const put = async () => {
      try {
        await agent.client().putScope(id, number, bytes);
      } catch (error) {
        // It is there, or lies before one that is.
        const known =
          error instanceof ServiceRefusal && ['wrong_number', 'conflict'].includes(error.serviceCode);
        if (!known && !isNotAlone(error)) throw error;
      }
    };
    return [{ byPeople: false, put }];
  });
}

function shownNumber({ signed }: { readonly signed: Uint8Array }): number {
  return numberOf(signed);
}

/** The number that a signed scope names; nothing is checked. */
function numberOf(signed: Uint8Array): number {
  const message = messageOf(signed);
  try {
    const scope: unknown = message && JSON.parse(new TextDecoder().decode(message));
    const number = (scope as Partial<Scope> | null)?.number;
    return typeof number === 'number' ? number : 0;
  } catch {
    // What a service shows may be anything; following it raises the alarm.
    return 0;
  }
}

function otherOf({ side }: Partnership): Partnership['side'] {
  return side === 'founder' ? 'joiner' : 'founder';
}

function isNotAlone(error: unknown): boolean {
  return error instanceof ServiceRefusal && NOT_ALONE.includes(error.serviceCode);
}

function people(): Problem {
  return new Problem(
    'wrong_role',
    'people sign for this organisation: it has a roster or members',
    'a member of the role legal drafts, approves and accepts, on a home of their own: `commonground scope draft`',
  );
}

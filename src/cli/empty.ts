/** Why an answer is empty: a person must be able to tell "nothing in common" from "nothing granted" and "not synced". */
import { VIEWER_ROLES, type ViewerRole } from '../../protocol/member.ts';
import { ANY_POPULATION, type CellGrant, cellGrant, type Scope } from '../../protocol/scope.ts';
import type { Client, MatrixAnswer } from '../agent/client.ts';
import { findNamed } from '../agent/member/caller.ts';
import { myScope, newestScope, theirScope, versions } from '../agent/scopes/following.ts';
import { getPartnership, type Partnership } from '../agent/store/partnerships.ts';
import type { Viewer } from '../agent/viewer.ts';

/** What is asked, and of which of the partner's populations, where it was narrowed. */
export interface Asked {
  readonly what: 'matrix' | 'overlap' | 'whitespace';
  readonly theirs?: readonly string[] | undefined;
}

/** Why a partner's part of an answer is empty: a code for scripts, a sentence for people. */
export interface EmptyReason {
  readonly partner: string;
  readonly reason:
    | 'nothing_granted'
    | 'level'
    | 'own_limit'
    | 'accounts_not_returned'
    | 'unknown_population'
    | 'no_snapshot'
    | 'nothing_found';
  readonly message: string;
}

/** The first of what stands in the way, from the partner's newest scope and the state of the work. */
export async function emptyReason(
  viewer: Viewer,
  partnership: Partnership,
  asked: Asked,
): Promise<EmptyReason> {
  const { alias, id } = partnership;
  const because = becauseOf(alias);
  const current = getPartnership(viewer.store, id);
  const inForce = theirScope(viewer, current);
  const scope = inForce?.scope ?? newestOf(viewer, current, 'theirs');
  const granted = scope?.rules.length ? scope.populations : [];
  if (!scope || granted.length === 0) return because('nothing_granted', notInForce(viewer, current));
  const unknown = asked.theirs?.find((name) => !granted.includes(name));
  if (unknown !== undefined)
    return because(
      'unknown_population',
      `it grants you no population called ${unknown}; it grants ${granted.join(', ')}`,
    );
  const populations = asked.theirs ?? granted;
  const level = levelProblem(scope, populations, asked.what, viewer.role);
  if (level) return because('level', level);
  const view = await viewer.client().partnership(id);
  const limited = limitProblem(view.limits[viewer.role], asked.what, viewer.role, alias);
  if (limited) return because('own_limit', limited);
  const mine = myScope(viewer, current)?.scope ?? newestOf(viewer, current, 'mine');
  if (asked.what === 'whitespace' && !isReturned(scope, populations, mine, viewer.role))
    return because(
      'accounts_not_returned',
      `it grants you names, but they show only to who grants which accounts meet, too: \`commonground scope grant --partner ${alias} --preset overlap\``,
    );
  const { submissions: lists } = view;
  if (!view.snapshot && (lists.mine.matching !== null || lists.theirs.matching !== null))
    return because('no_snapshot', 'the lists are being compared; ask again in a minute');
  if (!view.snapshot)
    return because('no_snapshot', 'nothing is compared yet; both of you run `commonground sync --wait`');
  if (!inForce) return because('nothing_granted', notInForce(viewer, current));
  const found = {
    matrix: 'nothing is granted between your populations and its',
    overlap: 'no accounts in common, as far as you asked',
    whitespace: 'no account of its that you lack, as far as you asked',
  }[asked.what];
  return because('nothing_found', found);
}

/** Why a matrix is empty, as far as a home without keys is told: scopes are read where the keyring is. */
export async function memberEmptyReason(
  client: Client,
  partner: string,
  answer: MatrixAnswer,
): Promise<EmptyReason> {
  const because = becauseOf(partner);
  const { id } = findNamed(await client.partners(), partner);
  const [{ role }, { limits }] = [await client.me(), await client.partnership(id)];
  const viewer = VIEWER_ROLES.find((known) => known === role);
  const limited = viewer && limitProblem(limits[viewer], 'matrix', viewer, partner);
  if (limited) return because('own_limit', limited);
  if (!answer.snapshot)
    return because('no_snapshot', 'nothing is compared yet; it waits for both companies’ lists');
  return because('nothing_granted', 'it grants you nothing at present');
}

function becauseOf(partner: string) {
  return (reason: EmptyReason['reason'], text: string): EmptyReason => ({
    partner,
    reason,
    message: `${partner}: ${text}`,
  });
}

/** That the own organisation's limit hides what was asked for, and who can change that; null where it does not. */
function limitProblem(
  limit: CellGrant | null,
  what: Asked['what'],
  role: ViewerRole,
  partner: string,
): string | null {
  const isHidden = {
    matrix: () => limit?.level === 'none' && limit.whiteSpace === 'none',
    overlap: () => limit !== null && !showsAccounts(limit),
    // Names show only where accounts do.
    whitespace: () => limit !== null && (limit.whiteSpace !== 'names' || !showsAccounts(limit)),
  }[what]();
  if (!limit || !isHidden) return null;
  return `your own organisation limits what its people of the role ${role} are shown of it (${limitText(limit)}), and that hides this, whatever ${partner} grants; a member of the role legal can change it: \`commonground scope limit --role ${role}\``;
}

/** A limit in words. */
export function limitText({ level, fields, whiteSpace }: CellGrant): string {
  return `at most ${level}${fields.length > 0 ? ` with ${fields.join(', ')}` : ''}, white space ${whiteSpace}`;
}

/** What is about to come into force. */
function newestOf(viewer: Viewer, partnership: Partnership, whose: 'mine' | 'theirs'): Scope | null {
  return partnership.verifiedAt ? (newestScope(viewer, partnership, whose)?.papers.scope ?? null) : null;
}

/** Why nothing of the partner's is in force. */
function notInForce(viewer: Viewer, partnership: Partnership): string {
  const newest = versions(viewer, partnership, 'theirs').at(-1);
  switch (newest?.standing) {
    case 'approved':
      return `version ${newest.papers.scope.number} of what it grants you is not accepted yet: \`commonground sync\`, or a person of yours by \`commonground scope accept\``;
    case 'waits':
      return `what it grants you begins on ${newest.papers.scope.validFrom}`;
    case 'expired':
      return `what it granted you ended on ${newest.papers.scope.validUntil}`;
    case 'revoked':
      return 'it revoked what it granted you';
    default:
      return 'it grants you nothing yet; ask it for `commonground scope grant`';
  }
}

/** Names of the white space of a cell show where both sides grant which accounts meet in it. */
function isReturned(
  theirs: Scope,
  populations: readonly string[],
  mine: Scope | null,
  role: ViewerRole,
): boolean {
  return (mine?.populations ?? []).some((own) =>
    populations.some((name) => {
      const grant = cellGrant(theirs, name, own, role);
      const returned = mine && cellGrant(mine, own, name, role);
      return grant.whiteSpace === 'names' && showsAccounts(grant) && returned && showsAccounts(returned);
    }),
  );
}

function showsAccounts({ level }: CellGrant): boolean {
  return level === 'accounts' || level === 'fields';
}

function levelProblem(
  scope: Scope,
  populations: readonly string[],
  what: Asked['what'],
  role: ViewerRole,
): string | null {
  const partners = [ANY_POPULATION, ...scope.rules.map((rule) => rule.partnerPopulation)];
  const grants = populations.flatMap((name) => partners.map((own) => cellGrant(scope, name, own, role)));
  if (what === 'overlap' && !grants.some(showsAccounts))
    return `it grants you (${role}) numbers only (\`commonground matrix\`), not which accounts meet`;
  if (what === 'whitespace' && grants.every(({ whiteSpace }) => whiteSpace !== 'names'))
    return `it grants you no names of accounts that you lack${grants.some(({ whiteSpace }) => whiteSpace === 'counts') ? ', only how many (`commonground matrix`)' : ''}`;
  return null;
}

/** Why an answer is empty: a person must be able to tell "nothing in common" from "nothing granted" and "not synced". */
import { type CellGrant, cellGrant, populationGrant, type Scope } from '../../protocol/scope.ts';
import type { Agent } from '../agent/agent.ts';
import { readMine, readTheirs } from '../agent/scopes.ts';
import { getPartnership, type Partnership } from '../agent/store/partnerships.ts';

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
    | 'accounts_not_returned'
    | 'unknown_population'
    | 'no_snapshot'
    | 'nothing_found';
  readonly message: string;
}

/** The first of what stands in the way, from the partner's newest scope and the state of the work. */
export async function emptyReason(
  agent: Agent,
  partnership: Partnership,
  asked: Asked,
): Promise<EmptyReason> {
  const { alias, id } = partnership;
  const because = (reason: EmptyReason['reason'], message: string): EmptyReason => ({
    partner: alias,
    reason,
    message: `${alias}: ${message}`,
  });
  const current = getPartnership(agent.store, id);
  const scope = readTheirs(current);
  const granted = scope?.rules.length ? scope.populations : [];
  if (!scope || granted.length === 0)
    return because('nothing_granted', `it grants you nothing yet; ask it for \`commonground scope grant\``);
  if (scope.validUntil !== null && agent.now() >= Date.parse(scope.validUntil))
    return because('nothing_granted', `what it granted you ended on ${scope.validUntil}`);
  const unknown = asked.theirs?.find((name) => !granted.includes(name));
  if (unknown !== undefined)
    return because(
      'unknown_population',
      `it grants you no population called ${unknown}; it grants ${granted.join(', ')}`,
    );
  const populations = asked.theirs ?? granted;
  const level = levelProblem(scope, populations, asked.what);
  if (level) return because('level', level);
  if (asked.what === 'whitespace' && !isReturned(scope, populations, readMine(agent, current)))
    return because(
      'accounts_not_returned',
      `it grants you names, but they show only to who grants which accounts meet, too: \`commonground scope grant --partner ${alias} --preset overlap\``,
    );
  const view = await agent.client().partnership(id);
  if (!view.snapshot)
    return because('no_snapshot', 'nothing is compared yet; both of you run `commonground sync --wait`');
  const found = {
    matrix: 'nothing is granted between your populations and its',
    overlap: 'no accounts in common, as far as you asked',
    whitespace: 'no account of its that you lack, as far as you asked',
  }[asked.what];
  return because('nothing_found', found);
}

/** Names of the white space of a cell show where both sides grant which accounts meet in it. */
function isReturned(theirs: Scope, populations: readonly string[], mine: Scope | null): boolean {
  return (mine?.populations ?? []).some((own) =>
    populations.some((name) => {
      const grant = cellGrant(theirs, name, own);
      const returned = mine && cellGrant(mine, own, name);
      return grant.whiteSpace === 'names' && showsAccounts(grant) && returned && showsAccounts(returned);
    }),
  );
}

function showsAccounts({ level }: CellGrant): boolean {
  return level === 'accounts' || level === 'fields';
}

function levelProblem(scope: Scope, populations: readonly string[], what: Asked['what']): string | null {
  const grants = populations.map((name) => populationGrant(scope, name));
  if (what === 'overlap' && !grants.some(showsAccounts))
    return 'it grants you numbers only (`commonground matrix`), not which accounts meet';
  if (what === 'whitespace' && grants.every(({ whiteSpace }) => whiteSpace !== 'names'))
    return `it grants you no names of accounts that you lack${grants.some(({ whiteSpace }) => whiteSpace === 'counts') ? ', only how many (`commonground matrix`)' : ''}`;
  return null;
}

/** What about scopes waits for people of the own organisation, since no machine may do it. */
import type { Agent } from '../agent.ts';
import type { PartnershipView } from '../client.ts';
import type { Partnership } from '../store/partnerships.ts';
import { ownRosters } from '../store/rosters.ts';
import { isStandard, toAccept } from './granting.ts';

export interface ForPeople {
  /** People sign for this organisation: it has a roster, or members by the word of the service. */
  readonly sign: boolean;
  /** The partner's version that a person here has to accept, or null. */
  readonly accept: number | null;
}

export const NOTHING_FOR_PEOPLE: ForPeople = { sign: false, accept: null };

export function forPeople(agent: Agent, partnership: Partnership, view: PartnershipView): ForPeople {
  const sign = ownRosters(agent.store).length > 0 || !view.companiesOfOne[partnership.side];
  if (!partnership.partner || !partnership.verifiedAt || partnership.deadSince) return { sign, accept: null };
  const scope = toAccept(agent, partnership)?.papers.scope;
  return { sign, accept: scope && (sign || !isStandard(scope)) ? scope.number : null };
}

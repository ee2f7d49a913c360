/** The lists as they are now, read again only when they or what they are submitted under have changed. */
import { toHex } from '../../../protocol/bytes.ts';
import type { Agent } from '../agent.ts';
import { Problem } from '../problem.ts';
import { myScope } from '../scopes/following.ts';
import { listVersion } from '../store/lists.ts';
import { getPartnership, type Partnership } from '../store/partnerships.ts';
import { type ListState, scanList, stillWanted } from './list.ts';
import { normaliserOf } from './terms.ts';

/** The last scan of each partnership's list, and what it depended on. */
export type Scans = Map<Partnership['id'], { readonly of: string; readonly list: ListState }>;

/** The list as it is now. */
export async function currentList(agent: Agent, id: Partnership['id'], scans: Scans): Promise<ListState> {
  const partnership = getPartnership(agent.store, id);
  // Taken before the list is read: a change in between makes the next scan, not a missed one.
  const normaliser = normaliserOf(agent, partnership);
  if (!normaliser) throw new Error('a list is scanned once a normaliser is agreed on');
  const scope = myScope(agent, partnership);
  const of = JSON.stringify([
    listVersion(agent.store),
    normaliser.version,
    scope && toHex(scope.hash),
    partnership.epoch?.hash,
    partnership.partner?.recipient,
  ]);
  const known = scans.get(id);
  if (known?.of === of) return known.list;
  if (!scope) throw new Problem('nothing_granted', `nothing is granted to ${partnership.alias}`);
  const list = await scanList(agent.store, id, scope.scope, scope.signed, normaliser, true);
  scans.set(id, { of, list });
  return list;
}

/** After a request: fewer identifiers are wanted, and nothing else of the list is different. */
export function noteRequestOver(agent: Agent, id: Partnership['id'], scans: Scans): void {
  const known = scans.get(id);
  if (known) scans.set(id, { ...known, list: { ...known.list, wanted: stillWanted(agent.store, id) } });
}

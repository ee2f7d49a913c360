/**
 * What this side owes when a scope of the partner's has ended: the receipt that it knows, and, when the time is over for
 * which it may keep what it learned, the deletion and the receipt of it.
 */
import type { Agent } from '../agent.ts';
import { getPartnership, type Partnership, updatePartnership } from '../store/partnerships.ts';
import { keepPins, myScope, pinsOf, versions } from './following.ts';
import { state } from './granting.ts';
import { isSaid, owesReceipt, type Version, withStatement } from './papers.ts';

const DAY_MS = 86_400_000;

/** A receipt that is due. */
export interface DueReceipt {
  readonly act: 'seen' | 'deleted';
  readonly version: Version;
}

/** What is due now, in the order in which it is to be done. */
export function dueReceipts(agent: Agent, partnership: Partnership): DueReceipt[] {
  const theirs = versions(agent, partnership, 'theirs');
  const due: DueReceipt[] = theirs.filter(owesReceipt).map((version) => ({ act: 'seen', version }));
  // While a version holds, or its time to keep runs, what was learned is kept under that one.
  const keeps = theirs.some(
    (version) => version.standing === 'in_force' || keepUntilMs(version) > agent.now(),
  );
  const last = theirs.filter(({ standing }) => standing === 'revoked' || standing === 'expired').at(-1);
  if (last && !keeps && isSaid(last.papers, 'accept') && !isSaid(last.papers, 'deleted'))
    due.push({ act: 'deleted', version: last });
  return due;
}

/** Until when what was learned under an ended version may be kept, milliseconds; 0 where it has not ended. */
function keepUntilMs({ papers, standing }: Version): number {
  const { scope, statements } = papers;
  const days = scope.retentionDays * DAY_MS;
  if (standing === 'revoked') {
    // By this side's own clock: the time in the revocation is the partner's to choose.
    const seen = statements.find(({ act }) => act === 'seen');
    return seen ? seen.at * 1000 + days : Number.POSITIVE_INFINITY;
  }
  return standing === 'expired' && scope.validUntil ? Date.parse(scope.validUntil) + days : 0;
}

/** Signs the receipt, keeps it and tells the service; before the receipt of a deletion, deletes. */
export async function giveReceipt(
  agent: Agent,
  partnership: Partnership,
  { act, version }: DueReceipt,
): Promise<void> {
  if (act === 'deleted') forgetAnswers(agent, partnership);
  const { scope, hash } = version.papers;
  const statement = state(agent, partnership, act, hash);
  await agent
    .client()
    .putStatement(
      partnership.id,
      partnership.side === 'founder' ? 'joiner' : 'founder',
      scope.number,
      act,
      statement,
    );
  const current = getPartnership(agent.store, partnership.id);
  keepPins(agent, current, withStatement(pinsOf(agent, current), 'theirs', version.signed, statement));
}

/**
 * Deletes what this home holds of the partner's answers. Answers themselves are never kept; what people decided about
 * pairs is. Keys of identifiers go with it where the own list does not use them under a scope of this side's own.
 */
function forgetAnswers(agent: Agent, partnership: Partnership): void {
  const { store } = agent;
  const lists = myScope(agent, partnership) !== null;
  const tables = lists ? ['reviews'] : ['reviews', ...OF_READING];
  store.database.transaction(() => {
    for (const table of tables)
      store.database.run(`delete from ${table} where partnership = ?`, partnership.id);
    if (lists) return;
    updatePartnership(store, partnership.id, (current) => ({
      ...current,
      lastSubmission: null,
      pendingSubmission: null,
    }));
  });
  // Deleted rows would lie in free pages until these are used again.
  store.database.compact();
}

/** What reads answers, and serves nothing else once no own list stands at the service. */
const OF_READING = ['handles', 'identifiers', 'submitted', 'wanted', 'outbox', 'outgoing'] as const;

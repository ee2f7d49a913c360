/** How one partnership stands, for people who ask: nothing of the list is read and nothing is sent. */
import type { PartnershipId } from '../../../protocol/ids.ts';
import { type Agent, timestamp } from '../agent.ts';
import type { PartnershipView } from '../client.ts';
import { openPool } from '../crypto/pool.ts';
import { getPartnership, type Partnership, updatePartnership } from '../store/partnerships.ts';
import { gatherFacts } from './facts.ts';
import { type Facts, nextStep, type Waiting } from './step.ts';

/** What is waited for; or that this side's next sync has something to do; or that both lists are in. */
export type Standing = Waiting | 'sync_due' | 'up_to_date';

/** The standing by this view, and since when the same has been waited for, where something is. */
export async function standingOf(
  agent: Agent,
  id: PartnershipId,
  view: PartnershipView,
): Promise<{ readonly standing: Standing; readonly since: string | null }> {
  const pool = openPool(1);
  try {
    const facts = await gatherFacts({ agent, id, pool, progress: () => undefined }, view, null);
    const standing = judge(facts, view, getPartnership(agent.store, id).waiting?.for ?? null);
    const waiting = standing === 'sync_due' || standing === 'up_to_date' ? null : standing;
    return { standing, since: noteWaiting(agent, id, waiting) };
  } finally {
    await pool.close();
  }
}

/** Keeps since when the same thing has been waited for, and gives it. */
export function noteWaiting(agent: Agent, id: Partnership['id'], waiting: Waiting | null): string | null {
  const kept = getPartnership(agent.store, id).waiting;
  if ((kept?.for ?? null) === waiting) return kept?.since ?? null;
  const since = timestamp(agent.now());
  updatePartnership(agent.store, id, (current) => ({
    ...current,
    waiting: waiting && { for: waiting, since },
  }));
  return waiting && since;
}

/** Without reading the list, a list that is in counts as current; a sync finds what changed. */
function judge(facts: Facts, view: PartnershipView, last: string | null): Standing {
  const step = nextStep(facts);
  if (step.do === 'wait') return step.for;
  if (step.do !== 'make_submission') return 'sync_due';
  if (view.snapshot) return facts.vault === 'too_large' ? 'you_shorten' : 'up_to_date';
  if (view.submissions.mine.active !== null) return 'partner_submits';
  // The last sync knew of identifiers that only the partner's grant lets it send.
  return last === 'partner_grants' && !facts.scope.partnerGranted ? 'partner_grants' : 'sync_due';
}

/**
 * What the service holds of this side's own work and this home does not know, or the other way round: after a restore
 * from a backup, and after a kill between the service's answer and the note of it. Only this side's own signatures are
 * followed, and numbers only forwards.
 */
import { toBase64url } from '../../../protocol/bytes.ts';
import type { PartnershipView } from '../client.ts';
import { decode } from '../pinned.ts';
import { isPublished, publishPapers } from '../scopes/granting.ts';
import { getPartnership, type Partnership, updatePartnership } from '../store/partnerships.ts';
import type { Sync } from './context.ts';

/** Brings both in line; true where the service changed, so that the view has to be fetched again. */
export async function recover({ agent, id }: Sync, view: PartnershipView): Promise<boolean> {
  const partnership = getPartnership(agent.store, id);
  if (!partnership.verifiedAt || partnership.deadSince) return false;
  if (await giveBack(agent, id, view)) return true;
  dropStaleSubmission(agent.store, partnership, view);
  const { request, side } = partnership;
  const shown = view.requests[side];
  if (shown && request?.signed !== toBase64url(shown.request)) {
    // Its blinds are gone, so nobody can use its evaluations; what is still wanted is asked anew.
    await agent.client().finishRequest(id, side, shown.number);
    return true;
  }
  return false;
}

/**
 * What a restored service has forgotten of this side's signed documents is brought back before anything of the partner's
 * is judged: the partner's agent takes their absence for an alarm, and this one the absence of the partner's.
 */
async function giveBack(agent: Sync['agent'], id: Sync['id'], view: PartnershipView): Promise<boolean> {
  const partnership = getPartnership(agent.store, id);
  const { side, epoch } = partnership;
  if (!isPublished(agent, partnership, view) && (await publishPapers(agent, id, view))) return true;
  if (epoch && !view.epoch.offers[side]) {
    await agent.client().offerEpoch(id, epoch.number, decode(epoch.offer));
    return true;
  }
  return false;
}

/** A prepared list whose number was used in the meantime; the list is prepared anew. */
function dropStaleSubmission(
  store: Sync['agent']['store'],
  partnership: Partnership,
  view: PartnershipView,
): void {
  const { active, pending, lastNumber } = view.submissions.mine;
  const number = partnership.pendingSubmission?.number;
  if (number === undefined || number > lastNumber || number === active || number === pending?.number) return;
  store.database.transaction(() => {
    store.database.run('delete from outbox where partnership = ?', partnership.id);
    updatePartnership(store, partnership.id, (current) => ({ ...current, pendingSubmission: null }));
  });
}

/** What decides about the next step, gathered from the service's view and the local store. */
import { equal, toBase64url } from '../../../protocol/bytes.ts';
import type { Agent } from '../agent.ts';
import type { PartnershipView } from '../client.ts';
import { followCertificate, requireVerified } from '../pinned.ts';
import {
  followShownPapers,
  isGranting,
  myScope,
  newestScope,
  type ScopeInForce,
  shownOf,
  theirScope,
} from '../scopes/following.ts';
import { isPublished, isStandard, toAccept } from '../scopes/granting.ts';
import type { Late } from '../scopes/papers.ts';
import { dueReceipts } from '../scopes/receipts.ts';
import { getPartnership, type Partnership } from '../store/partnerships.ts';
import { ownRosters } from '../store/rosters.ts';
import { vaultState } from '../vault/upload.ts';
import { inEpoch, type Sync } from './context.ts';
import { epochFacts } from './epoch.ts';
import { dueChunks } from './evaluate.ts';
import type { ListState } from './list.ts';
import { checkRefusal, uncollected } from './request.ts';
import type { Facts } from './step.ts';
import { followTerms, termsFacts } from './terms.ts';

/** What the step function needs to know, with every signature on the way checked. */
export async function gatherFacts(
  sync: Sync,
  view: PartnershipView,
  list: ListState | null,
  alone = true,
): Promise<Facts & { readonly late: readonly Late[] }> {
  const { agent, id } = sync;
  let partnership = getPartnership(agent.store, id);
  const unanswered = partnership.side === 'founder' ? 'invited' : 'accepted';
  const introduction = partnership.partner
    ? 'known'
    : (partnership.side === 'founder' ? view.acceptance : view.opening)
      ? 'answered'
      : unanswered;
  const facts: Facts & { readonly late: readonly Late[] } = {
    introduction,
    verified: partnership.verifiedAt !== null && partnership.deadSince === null,
    epoch: { offered: false, partnerOffered: false, signed: false, partnerSigned: false },
    terms: { published: false, partnerPublished: false, agreed: false, partnerIsNewer: false },
    scope: NO_SCOPES,
    late: [],
    toEvaluate: 0,
    request: null,
    wanted: 0,
    submission: { current: false, pending: false },
    vault: 'current',
    partnerSubmitted: false,
  };
  if (partnership.deadSince) requireVerified(partnership);
  if (introduction !== 'known' || !facts.verified) return facts;
  partnership = followCertificate(agent, partnership, view);
  const followed = followShownPapers(agent, partnership, shownOf(partnership, view));
  partnership = followTerms(agent, followed.partnership, view);
  const mine = partnership.side;
  const mineInForce = myScope(agent, partnership);
  const scope = scopeFacts(agent, partnership, view, alone);
  const epoch = epochFacts(agent, partnership, view);
  const before = {
    ...facts,
    epoch,
    scope,
    late: followed.late,
    terms: termsFacts(agent, partnership, view),
  };
  if (!epoch.partnerSigned) return before;

  const inside = inEpoch(sync, view);
  await checkRefusal(inside);
  const shown = view.requests[mine];
  const request = getPartnership(agent.store, id).request;
  const left = request ? uncollected(inside) : [];
  const sent = request && shown?.number === request.number ? shown : null;
  const kept = partnership.pendingSubmission;
  return {
    ...before,
    toEvaluate: dueChunks(inside).length,
    request: request && {
      unsent: !sent || sent.missing.length > 0,
      toCollect: left.filter((index) => sent?.evaluated.includes(index)).length,
      outstanding: left.filter((index) => !sent?.evaluated.includes(index)).length,
    },
    wanted: list ? Object.values(list.wanted).reduce((sum, count) => sum + count, 0) : 0,
    submission: {
      current:
        list !== null &&
        Boolean(
          kept
            ? kept.digest === list.digest && mineInForce && kept.scope === toBase64url(mineInForce.signed)
            : isActive(partnership, view, list),
        ),
      pending: kept !== null,
    },
    vault: vaultState(inside),
    partnerSubmitted: view.submissions.theirs.active !== null,
  };
}

function isActive(partnership: Partnership, view: PartnershipView, list: ListState): boolean {
  const last = partnership.lastSubmission;
  return last !== null && last.digest === list.digest && view.submissions.mine.active === last.number;
}

/** Whether the service shows this version with as many acceptances as are pinned. */
function isAcceptedThere(
  mine: ScopeInForce,
  shown: readonly { readonly signed: Uint8Array; readonly statements: readonly Uint8Array[] }[],
): boolean {
  const there = shown.find(({ signed }) => equal(signed, mine.signed));
  // What was pinned was shown once, so that only a service that lost some shows fewer.
  const needed = mine.statements.filter(({ act }) => act === 'approve' || act === 'accept').length;
  return (there?.statements.length ?? 0) >= needed;
}

const NO_SCOPES: Facts['scope'] = {
  granted: false,
  published: true,
  partnerGranted: false,
  next: null,
  partnerNext: null,
  receiptDue: false,
};

function scopeFacts(
  agent: Agent,
  partnership: Partnership,
  view: PartnershipView,
  alone: boolean,
): Facts['scope'] {
  const waiting = toAccept(agent, partnership);
  const isAlone = alone && ownRosters(agent.store).length === 0;
  const byItself = waiting !== null && isAlone && isStandard(waiting.papers.scope);
  const nextOf = (whose: 'mine' | 'theirs') => {
    const standing = newestScope(agent, partnership, whose)?.standing;
    return standing === 'approved' || standing === 'waits' ? standing : null;
  };
  const mine = myScope(agent, partnership);
  // A restored service may lack the acceptance, and would drop what is sealed under a scope that it does not know.
  const isKnown = mine !== null && isAcceptedThere(mine, shownOf(partnership, view).mine.scopes);
  return {
    granted: isGranting(mine) && isKnown,
    published: isPublished(agent, partnership, view),
    partnerGranted: isGranting(theirScope(agent, partnership)),
    next: mine && !isKnown ? 'approved' : nextOf('mine'),
    partnerNext: byItself ? 'accept' : nextOf('theirs'),
    receiptDue: dueReceipts(agent, partnership).length > 0,
  };
}

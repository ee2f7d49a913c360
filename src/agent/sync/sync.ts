/** Syncing one partnership: fetch the view, take the next step, until nothing is due on this side. */
import { setTimeout as sleep } from 'node:timers/promises';
import { equal, toBase64url } from '../../../protocol/bytes.ts';
import { epochKeyPair, signOffer } from '../../../protocol/epoch.ts';
import { systemRandom } from '../../../protocol/hash.ts';
import { EVALUATED_KINDS } from '../../../protocol/identifiers/kind.ts';
import { signRecord, verifyRecord } from '../../../protocol/record.ts';
import type { Scope } from '../../../protocol/scope.ts';
import { openSigned } from '../../../protocol/signed.ts';
import { type Agent, timestamp } from '../agent.ts';
import type { PartnershipView } from '../client.ts';
import type { CryptoPool } from '../crypto/pool.ts';
import { followEnding } from '../ending.ts';
import { introduce, viewOf } from '../partners.ts';
import { decode, followCertificate, requireVerified } from '../pinned.ts';
import { Problem } from '../problem.ts';
import {
  followScopes,
  followShownPapers,
  isGranting,
  myScope,
  newestScope,
  type ScopeInForce,
  shownOf,
  theirScope,
} from '../scopes/following.ts';
import { acceptAlone, isPublished, isStandard, publishPapers, toAccept } from '../scopes/granting.ts';
import type { Late } from '../scopes/papers.ts';
import { type ForPeople, forPeople, NOTHING_FOR_PEOPLE } from '../scopes/people.ts';
import { dueReceipts, giveReceipt } from '../scopes/receipts.ts';
import {
  type EndedState,
  getPartnership,
  type Partnership,
  updatePartnership,
} from '../store/partnerships.ts';
import { ownRosters } from '../store/rosters.ts';
import { followHolders } from '../vault/holders.ts';
import { sendVault, vaultState } from '../vault/upload.ts';
import { EPOCH, type EpochSync, inEpoch, type Progress, readEpoch, type Sync } from './context.ts';
import { dueChunks, evaluateForPartner } from './evaluate.ts';
import type { ListState } from './list.ts';
import { recover } from './recover.ts';
import {
  checkRefusal,
  collectEvaluations,
  finishRequest,
  makeRequest,
  sendRequest,
  uncollected,
} from './request.ts';
import { currentList, noteRequestOver, type Scans } from './scans.ts';
import { whileServing } from './serve.ts';
import { type Facts, isLong, nextStep, type Step, type Waiting } from './step.ts';
import { makeSubmission, sendSubmission } from './submit.ts';
import { followTerms, normaliserOf, publishTerms, termsFacts } from './terms.ts';

/** Between two looks while the partner has to act: short at first, then longer, until something moves. */
const POLL_MS = 50;
const LONGEST_POLL_MS = 1000;
/** A restored service lacks a scope and an offer, and may show an old request; more in one sync is no restore. */
const MAX_RECOVERIES = 20;

export interface SyncReport {
  readonly partner: string;
  readonly partnership: Partnership['id'];
  /** What this side waits for, or null when all is done and current. */
  readonly waiting: Waiting | null;
  /** Since when it waits for that. */
  readonly since: string | null;
  /** Identifiers this side had evaluated, and evaluated for the partner. */
  readonly requested: number;
  readonly evaluated: number;
  /** Accounts in a submission that became active now; null where the list was unchanged. */
  readonly submitted: number | null;
  readonly snapshot: { readonly number: number; readonly at: string } | null;
  /** How many steps were taken; 0 where nothing was due. */
  readonly steps: number;
  /** Versions of the partner's scope that were accepted without a person, as in a company of one. */
  readonly accepted: readonly Scope[];
  /** Signatures about scopes that came too late to count here. */
  readonly late: readonly Late[];
  /** What about scopes a person of this side has to do, beside what is waited for. */
  readonly people: ForPeople;
  /** Set when either side ended the partnership; then nothing is ever due again. */
  readonly ended: EndedState | null;
}

export interface SyncOptions {
  readonly progress: Progress;
  /** Keep asking while the partner has to act, until then. */
  readonly waitUntilMs: number | null;
  /** Told what the partner has to do, each time that this is something else, before it is waited for. */
  readonly onWaiting?: (waiting: Waiting) => void;
  /** What earlier syncs of the same process read of the lists, so that an unchanged list is not read again. */
  readonly scans?: Scans;
  /** Called before identifiers are blinded for a request, which is the costly part; what it throws ends the sync. */
  readonly beforeRequest?: () => void;
}

/** Does whatever is due in one partnership. */
export async function syncPartnership(
  agent: Agent,
  id: Partnership['id'],
  pool: CryptoPool,
  options: SyncOptions,
): Promise<SyncReport> {
  const sync: Sync = { agent, id, pool, progress: options.progress };
  const done = {
    requested: 0,
    evaluated: 0,
    submitted: null as number | null,
    steps: 0,
    accepted: [] as Scope[],
    late: [] as readonly Late[],
  };
  // Until the service says that people sign here.
  let alone = true;
  const scans: Scans = options.scans ?? new Map();
  let recoveries = 0;
  let isFollowed = false;
  let pollMs = POLL_MS;
  let waitedFor: Waiting | null = null;
  for (;;) {
    const before = getPartnership(agent.store, id);
    if (before.ended?.told) return endedReport(before, before.ended, done);
    const view = await viewOf(agent, before);
    const { ended } = await followEnding(agent, before, view);
    if (ended) return endedReport(before, ended, done);
    if (await recover(sync, view)) {
      if (++recoveries <= MAX_RECOVERIES) continue;
      throw new Problem(
        'service_alarm',
        'the service forgets what it has just confirmed',
        'nothing is lost; call the operator of the service',
      );
    }
    if (!isFollowed && !view.companiesOfOne[before.side]) {
      await followHolders(agent);
      isFollowed = true;
    }
    followPapers(agent, id, view);
    const scanned = scannable(agent, getPartnership(agent.store, id))
      ? await currentList(agent, id, scans)
      : null;
    const facts = await gatherFacts(sync, view, scanned, alone);
    done.late = facts.late;
    const step = nextStep(facts);
    if (step.do === 'rest' || step.do === 'wait') {
      const waiting = step.do === 'wait' ? step.for : null;
      const mayWait =
        options.waitUntilMs !== null && agent.now() < options.waitUntilMs && isForPartner(waiting);
      if (!mayWait) {
        return {
          partner: getPartnership(agent.store, id).alias,
          partnership: id,
          waiting,
          since: noteWaiting(agent, id, waiting),
          ...done,
          snapshot: view.snapshot,
          people: forPeople(agent, getPartnership(agent.store, id), view),
          ended: null,
        };
      }
      if (waiting && waiting !== waitedFor) options.onWaiting?.(waiting);
      waitedFor = waiting;
      await sleep(pollMs);
      pollMs = Math.min(LONGEST_POLL_MS, pollMs * 1.5);
      continue;
    }
    pollMs = POLL_MS;
    if (step.do === 'make_request') options.beforeRequest?.();
    const work = () => perform(sync, step, view, scanned);
    if (step.do === 'accept_scope') {
      const accepted = await acceptScope(agent, id);
      if (accepted) done.accepted.push(accepted);
      else alone = false;
    }
    const counted = isLong(step)
      ? await whileServing(sync, view, work, (elements) => {
          done.evaluated += elements;
        })
      : await work();
    done.steps++;
    if (step.do === 'make_request') done.requested += counted;
    if (step.do === 'evaluate') done.evaluated += counted;
    if (step.do === 'send_submission') done.submitted = scanned?.accounts ?? 0;
    if (facts.request && getPartnership(agent.store, id).request === null) noteRequestOver(agent, id, scans);
  }
}

function endedReport(
  { alias, id }: Partnership,
  ended: EndedState,
  done: Pick<SyncReport, 'requested' | 'evaluated' | 'submitted' | 'steps' | 'accepted' | 'late'>,
): SyncReport {
  return {
    partner: alias,
    partnership: id,
    waiting: null,
    since: null,
    ...done,
    snapshot: null,
    people: NOTHING_FOR_PEOPLE,
    ended,
  };
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
  const theirs = mine === 'founder' ? 'joiner' : 'founder';
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

  function epochFacts(of: Agent, current: Partnership, shownView: PartnershipView): Facts['epoch'] {
    const offer = shownView.epoch.offers[mine];
    const partnerOffer = shownView.epoch.offers[theirs];
    const state = current.epoch;
    if (offer && toBase64url(offer) !== state?.offer) {
      const isOwn = openSigned('epoch offer', offer, of.keyring.certificate.agentKey).ok;
      if (!isOwn)
        throw new Problem('service_alarm', 'the service shows an epoch offer in your name that is not yours');
      throw new Problem(
        'store_damaged',
        `this home does not have the keys that it uses with ${current.alias}: it was restored from a backup made before them`,
        `restore a newer backup, or end this with \`commonground partner end ${current.alias}\` and invite again`,
      );
    }
    const pinned = state?.partnerOffer ?? null;
    if (pinned && partnerOffer && pinned !== toBase64url(partnerOffer)) {
      throw new Problem(
        'service_alarm',
        `the service shows another epoch offer of ${current.alias} than the one you signed`,
      );
    }
    const signature = shownView.epoch.signatures[theirs];
    const record = state?.hash && pinned ? readEpoch(of, current, decode(pinned)).record : null;
    const partnerSigned = record !== null && signature !== null;
    if (partnerSigned && !verifyRecord(record, signature, decode(requireVerified(current).agentKey))) {
      throw new Problem('partner_alarm', `the signature of ${current.alias} under the epoch does not check`);
    }
    return {
      offered: state !== null && offer !== null && toBase64url(offer) === state.offer,
      partnerOffered: partnerOffer !== null,
      signed: record !== null && shownView.epoch.signatures[mine] !== null,
      partnerSigned,
    };
  }
}

async function perform(
  sync: Sync,
  step: Step,
  view: PartnershipView,
  list: ListState | null,
): Promise<number> {
  const { agent, id } = sync;
  const inside = (): EpochSync => inEpoch(sync, view);
  switch (step.do) {
    case 'introduce':
      await introduce(agent, getPartnership(agent.store, id), view);
      return 0;
    case 'publish_scope':
      await publishPapers(agent, id, view);
      return 0;
    case 'accept_scope':
      return 0;
    case 'give_receipt': {
      const [due] = dueReceipts(agent, getPartnership(agent.store, id));
      if (due) await giveReceipt(agent, getPartnership(agent.store, id), due);
      return 0;
    }
    case 'publish_terms':
      await publishTerms(agent, id, view);
      return 0;
    case 'offer_epoch':
      await offerEpoch(agent, id);
      return 0;
    case 'sign_epoch':
      await signEpoch(agent, id, view);
      return 0;
    case 'evaluate':
      return evaluateForPartner(inside());
    case 'make_request':
      return makeRequest(inside());
    case 'send_request':
      await sendRequest(inside());
      return 0;
    case 'collect':
      return collectEvaluations(inside());
    case 'finish_request':
      await finishRequest(inside());
      return 0;
    case 'make_submission':
      if (list) await makeSubmission(inside(), list);
      return 0;
    case 'send_submission':
      await sendSubmission(inside());
      return 0;
    case 'send_vault':
      await sendVault(inside());
      return 0;
    case 'wait':
    case 'rest':
      return 0;
  }
}

/** The list can be scanned once the partner is verified, something is granted and the normaliser is agreed on. */
function scannable(agent: Agent, partnership: Partnership): boolean {
  return (
    partnership.verifiedAt !== null &&
    partnership.deadSince === null &&
    partnership.epoch?.hash != null &&
    isGranting(myScope(agent, partnership)) &&
    normaliserOf(agent, partnership) !== null
  );
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

/** Before the list is read: which scope it is read under may have changed by a signature. */
function followPapers(agent: Agent, id: Partnership['id'], view: PartnershipView): void {
  const partnership = getPartnership(agent.store, id);
  if (!partnership.partner || !partnership.verifiedAt || partnership.deadSince) return;
  followScopes(agent, followCertificate(agent, partnership, view), view);
}

/** Accepts the partner's newest version where no person has to; null where people sign here. */
async function acceptScope(agent: Agent, id: Partnership['id']): Promise<Scope | null> {
  const partnership = getPartnership(agent.store, id);
  const version = toAccept(agent, partnership);
  if (!version || !(await acceptAlone(agent, partnership, version))) return null;
  return version.papers.scope;
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

/** Makes this side's keys of the epoch, keeps them, then offers their public halves. */
async function offerEpoch(agent: Agent, id: Partnership['id']): Promise<void> {
  const partnership = updatePartnership(agent.store, id, (current) => {
    if (current.epoch) return current;
    const seed = systemRandom(32);
    const { rootKey, agentKey } = agent.keyring.certificate;
    const offer = signOffer(
      {
        partnership: id,
        epoch: EPOCH,
        side: current.side,
        rootKey,
        agentKey,
        keys: new Map(EVALUATED_KINDS.map((kind) => [kind, epochKeyPair(seed, kind).publicKey])),
      },
      agent.keyring.agentSeed,
    );
    return {
      ...current,
      epoch: {
        number: EPOCH,
        seed: toBase64url(seed),
        offer: toBase64url(offer),
        partnerOffer: null,
        hash: null,
      },
    };
  });
  await agent.client().offerEpoch(id, EPOCH, decode(partnership.epoch?.offer ?? ''));
}

/** Checks and pins the partner's offer, and signs the record of both. */
async function signEpoch(agent: Agent, id: Partnership['id'], view: PartnershipView): Promise<void> {
  const partnership = getPartnership(agent.store, id);
  const shown = view.epoch.offers[partnership.side === 'founder' ? 'joiner' : 'founder'];
  if (!shown || !partnership.epoch) throw new Problem('store_damaged', 'there is nothing to sign');
  const pinned = partnership.epoch.partnerOffer ? decode(partnership.epoch.partnerOffer) : shown;
  if (!equal(pinned, shown))
    throw new Problem(
      'service_alarm',
      `the service shows another epoch offer of ${partnership.alias} than before`,
    );
  const epoch = readEpoch(agent, partnership, shown);
  updatePartnership(agent.store, id, (current) => ({
    ...current,
    epoch: current.epoch && {
      ...current.epoch,
      partnerOffer: toBase64url(shown),
      hash: toBase64url(epoch.hash),
    },
  }));
  await agent.client().signEpoch(id, epoch.epoch, signRecord(epoch.record, agent.keyring.agentSeed));
}

function isForPartner(waiting: Waiting | null): boolean {
  return waiting?.startsWith('partner_') ?? false;
}

/** Syncing one partnership: fetch the view, take the next step, until nothing is due on this side. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Scope } from '../../../protocol/scope.ts';
import type { Agent } from '../agent.ts';
import type { PartnershipView } from '../client.ts';
import type { CryptoPool } from '../crypto/pool.ts';
import { followEnding } from '../ending.ts';
import { viewOf } from '../partners.ts';
import { followCertificate } from '../pinned.ts';
import { Problem } from '../problem.ts';
import { followScopes, isGranting, myScope } from '../scopes/following.ts';
import type { Late } from '../scopes/papers.ts';
import { type ForPeople, forPeople, NOTHING_FOR_PEOPLE } from '../scopes/people.ts';
import { type EndedState, getPartnership, type Partnership } from '../store/partnerships.ts';
import { followHolders } from '../vault/holders.ts';
import type { Progress, Sync } from './context.ts';
import { gatherFacts } from './facts.ts';
import { perform } from './perform.ts';
import { recover } from './recover.ts';
import { currentList, noteRequestOver, type Scans } from './scans.ts';
import { whileServing } from './serve.ts';
import { noteWaiting } from './standing.ts';
import { isLong, nextStep, type Waiting } from './step.ts';
import { normaliserOf } from './terms.ts';

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
    const outcome = isLong(step)
      ? await whileServing(sync, view, work, (elements) => {
          done.evaluated += elements;
        })
      : await work();
    done.steps++;
    done.requested += outcome.requested ?? 0;
    done.evaluated += outcome.evaluated ?? 0;
    done.submitted = outcome.submitted ?? done.submitted;
    if (outcome.accepted) done.accepted.push(outcome.accepted);
    if (outcome.accepted === null) alone = false;
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

/** Before the list is read: which scope it is read under may have changed by a signature. */
function followPapers(agent: Agent, id: Partnership['id'], view: PartnershipView): void {
  const partnership = getPartnership(agent.store, id);
  if (!partnership.partner || !partnership.verifiedAt || partnership.deadSince) return;
  followScopes(agent, followCertificate(agent, partnership, view), view);
}

function isForPartner(waiting: Waiting | null): boolean {
  return waiting?.startsWith('partner_') ?? false;
}

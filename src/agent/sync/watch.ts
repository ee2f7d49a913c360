/**
 * The unattended agent: every partnership in a loop of its own, so that one partner's failure is nobody else's. It is
 * told of what other processes of this home do by the store itself: a commit by another connection changes SQLite's
 * data version, and only then is anything read.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { HealthCode } from '../../../protocol/health.ts';
import type { PartnershipId } from '../../../protocol/ids.ts';
import { VERSION } from '../../version.ts';
import { type Agent, timestamp } from '../agent.ts';
import type { CryptoPool } from '../crypto/pool.ts';
import { endAgain } from '../ending.ts';
import { machineProblem, Problem } from '../problem.ts';
import { listVersion } from '../store/lists.ts';
import { getPartnership, listPartnerships, type Partnership } from '../store/partnerships.ts';
import { readVault } from '../vault/keys.ts';
import { judge, type Pace, restDelay } from './pace.ts';
import type { Scans } from './scans.ts';
import type { Waiting } from './step.ts';
import { syncPartnership } from './sync.ts';

/** A change of state, as it is logged. Partners are named as the people here call them. */
export type WatchEvent =
  | { readonly event: 'started' | 'stopped' }
  | { readonly event: 'state'; readonly partner: string; readonly state: Waiting | 'up_to_date' | 'ended' }
  | {
      readonly event: 'work';
      readonly partner: string;
      /** Elements evaluated for the partner, elements of this side's that are to be evaluated. */
      readonly evaluated: number;
      readonly requested: number;
      /** Accounts of a submission that became active. */
      readonly submitted: number | null;
    }
  | {
      readonly event: 'problem';
      /** null where it concerns the whole home. */
      readonly partner: string | null;
      readonly code: string;
      readonly message: string;
      /** False where only a restart goes on. */
      readonly retries: boolean;
    };

export interface WatchOptions {
  /** Only this partnership; all, also those yet to come, where null. */
  readonly only: PartnershipId | null;
  readonly pace: Pace;
  /** A number from 0 to 1, for jitter. */
  readonly random: () => number;
  /** Ends the watch: work under way is broken off where it can be taken up again. */
  readonly signal: AbortSignal;
  readonly onEvent: (event: WatchEvent & { readonly at: string }) => void;
}

/** One partnership's loop. */
interface Track {
  readonly id: PartnershipId;
  readonly alias: string;
  /** What other processes can change about it, as it was at the last look. */
  seen: string;
  state: string | null;
  /** What the partner was told last. */
  told: HealthCode | null;
  failures: number;
  /** Looks in a row that moved nothing. */
  quiet: number;
  /** The refusal that holds requests back, and under what it was given. */
  held: { readonly under: string; readonly problem: Problem } | null;
  ended: boolean;
  /** Something changed since the last look began. */
  woken: boolean;
  /** Ends the pause between two looks, where there is one. */
  wake: () => void;
}

/** A synchronous wait for another process's lock stops all partnerships; failing and coming back stops one. */
const BUSY_TIMEOUT_MS = 1000;
/** How long the end of the watch waits for what it breaks off, and for telling the partners. */
const GRACE_MS = 3000;
/** Between two looks whether what is ended is so at the service too. */
const END_AGAIN_MS = 3600_000;

/** Runs until the signal. Resolves when nothing works any more; the agent is the caller's to close. */
export async function watch(agent: Agent, pool: CryptoPool, options: WatchOptions): Promise<void> {
  const { signal, pace } = options;
  const { database } = agent.store;
  database.exec(`pragma busy_timeout = ${BUSY_TIMEOUT_MS}`);
  const tell = (event: WatchEvent) => options.onEvent({ ...event, at: timestamp(agent.now()) });
  const tracks = new Map<PartnershipId, Track>();
  const loops: Promise<void>[] = [];
  const scans: Scans = new Map();
  let version: number | null = null;
  let failed = false;
  tell({ event: 'started' });
  let endedAgainMs = Number.NEGATIVE_INFINITY;
  while (!signal.aborted) {
    if (agent.now() - endedAgainMs >= END_AGAIN_MS) {
      endedAgainMs = agent.now();
      void endAgain(agent).catch((error: unknown) =>
        tell(problemEvent(null, error, judge(error, 1, pace, 0).code, true)),
      );
    }
    try {
      const now = database.get<{ data_version: number }>('pragma data_version')?.data_version ?? 0;
      if (now !== version) follow();
      version = now;
      failed = false;
    } catch (error) {
      if (!failed) tell(problemEvent(null, error, judge(error, 1, pace, 0).code, true));
      failed = true;
    }
    await pause(pace.lookMs, signal);
  }
  await within(GRACE_MS, loops);
  const told = [...tracks.values()].filter((track) => track.told !== null && !track.ended);
  await within(
    GRACE_MS,
    told.map((track) => agent.client().putHealth(track.id, 'stopped', VERSION)),
  );
  tell({ event: 'stopped' });

  /** Takes up new partnerships, and looks at once at those that another process changed something of. */
  function follow(): void {
    for (const partnership of listPartnerships(agent.store)) {
      const track = tracks.get(partnership.id);
      if (track && track.seen !== changeable(agent, partnership)) {
        track.woken = true;
        track.wake();
      }
      const other = options.only !== null && options.only !== partnership.id;
      if (track || other || partnership.ended?.told) continue;
      const begun = newTrack(partnership);
      tracks.set(partnership.id, begun);
      loops.push(loop(begun));
    }
  }

  async function loop(track: Track): Promise<void> {
    while (!signal.aborted) {
      const delay = await look(track);
      if (delay === null) return;
      if (track.woken || signal.aborted) continue;
      await new Promise<void>((resolve) => {
        const timer = setTimeout(done, delay);
        signal.addEventListener('abort', done, { once: true });
        track.wake = done;
        function done(): void {
          clearTimeout(timer);
          signal.removeEventListener('abort', done);
          track.wake = () => undefined;
          resolve();
        }
      });
    }
  }

  /** Does what is due. Gives the milliseconds to the next look, or null where there is none. */
  async function look(track: Track): Promise<number | null> {
    const { id, alias } = track;
    track.woken = false;
    try {
      const before = changeable(agent, getPartnership(agent.store, id));
      // What another process changed is worth a quick succession of looks.
      if (before !== track.seen) track.quiet = 0;
      track.seen = before;
      const report = await syncPartnership(agent, id, pool, {
        progress: () => signal.throwIfAborted(),
        waitUntilMs: null,
        scans,
        beforeRequest() {
          if (track.held?.under === heldUnder(agent, id)) throw track.held.problem;
          track.held = null;
        },
      });
      track.failures = 0;
      track.quiet = report.steps > 0 ? 0 : track.quiet + 1;
      const { evaluated, requested, submitted } = report;
      if (evaluated > 0 || requested > 0 || submitted !== null)
        tell({ event: 'work', partner: alias, evaluated, requested, submitted });
      const state = report.ended ? 'ended' : (report.waiting ?? 'up_to_date');
      if (track.state !== state) tell({ event: 'state', partner: alias, state });
      track.state = state;
      track.ended = report.ended?.told ?? false;
      if (track.ended) return null;
      await tellPartner(track, toldState(state));
      return restDelay(pace, track.quiet, options.random());
    } catch (error) {
      // What breaks off because the watch ends is no failure.
      if (signal.aborted) return null;
      track.failures++;
      const verdict = judge(error, track.failures, pace, options.random());
      const isNewHold = verdict.code === 'budget_spent' && track.held?.problem !== error;
      if (isNewHold && error instanceof Problem) track.held = { under: heldUnder(agent, id), problem: error };
      // A scan is kept while its request is only held back; after anything else it is made again.
      if (track.held?.problem !== error || isNewHold) scans.delete(id);
      track.ended = verdict.retryMs === null;
      if (track.state !== verdict.code) tell(problemEvent(alias, error, verdict.code, !track.ended));
      track.state = verdict.code;
      await tellPartner(track, verdict.health);
      return verdict.retryMs;
    }
  }

  /** Reports to the partner, once it was verified and when there is something new. That it fails is no failure. */
  async function tellPartner(track: Track, code: HealthCode | null): Promise<void> {
    if (code === null || code === track.told) return;
    try {
      const { verifiedAt, deadSince, ended } = getPartnership(agent.store, track.id);
      if (verifiedAt === null || deadSince !== null || ended) return;
      await agent.client().putHealth(track.id, code, VERSION);
      track.told = code;
    } catch {
      // The next look tries again.
    }
  }
}

function newTrack({ id, alias }: Partnership): Track {
  return {
    id,
    alias,
    seen: '',
    state: null,
    told: null,
    failures: 0,
    quiet: 0,
    held: null,
    ended: false,
    woken: false,
    wake: () => undefined,
  };
}

/** Before the partner is verified nothing is reported to it. */
function toldState(state: Waiting | 'up_to_date' | 'ended'): HealthCode | null {
  switch (state) {
    case 'partner_accepts':
    case 'partner_opens':
    case 'you_verify':
    case 'ended':
      return null;
    // That members lack something here concerns nobody there.
    case 'you_shorten':
      return 'up_to_date';
    default:
      return state;
  }
}

/** Everything that other processes can change and that a sync acts upon. */
function changeable(agent: Agent, partnership: Partnership): string {
  const { papers, verifiedAt, deadSince, ended } = partnership;
  const vault = readVault(agent.store);
  const held = vault && [vault.key.number, vault.isStale, vault.holders.size];
  return JSON.stringify([listVersion(agent.store), papers.mine, verifiedAt, deadSince, ended, held]);
}

/** As long as all of this stands, a request that was declined for its size would be declined again. */
function heldUnder(agent: Agent, id: PartnershipId): string {
  const partnership = getPartnership(agent.store, id);
  const year = new Date(agent.now()).getUTCFullYear();
  return JSON.stringify([changeable(agent, partnership), partnership.papers.theirs, year]);
}

/** Only our own problems' texts are made to be shown; ids in them are cut down, and of other errors the code is enough. */
function problemEvent(partner: string | null, error: unknown, code: string, retries: boolean): WatchEvent {
  const problem = error instanceof Problem ? error : machineProblem(error);
  const text = problem?.message ?? (error instanceof Error ? error.name : 'failed');
  const message = text.replace(/(org|prt)_[0-9a-f]+/g, '$1');
  return { event: 'problem', partner, code, message, retries };
}

/** Waits until all have ended, one way or the other, but no longer than this. */
async function within(ms: number, promises: readonly Promise<unknown>[]): Promise<void> {
  const done = new AbortController();
  const settled = Promise.allSettled(promises).then(() => done.abort());
  await Promise.race([settled, pause(ms, done.signal)]);
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => undefined);
}

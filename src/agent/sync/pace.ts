/** When the unattended agent comes back to a partnership, and what a failure means for it. Pure. */
import type { HealthCode } from '../../../protocol/health.ts';
import { machineProblem, Problem } from '../problem.ts';
import { ServiceRefusal } from '../transport.ts';

/** Milliseconds. */
export interface Pace {
  /** Between two looks at a partnership while something moves. */
  readonly busyMs: number;
  /** What this grows to at rest. */
  readonly restMs: number;
  /** Between two looks at the local store for what other processes did. */
  readonly lookMs: number;
  /** The first back-off after a failure; it doubles with each further one. */
  readonly retryMs: number;
  readonly longestRetryMs: number;
}

export const PACE: Pace = {
  busyMs: 1000,
  restMs: 30_000,
  lookMs: 1000,
  retryMs: 1000,
  longestRetryMs: 60_000,
};

/** The longest that a service is left alone because it asked for it. */
const LONGEST_RETRY_AFTER_MS = 10 * 60_000;
/** The same failure so many times in a row is told to the partner; before, it may be a hiccup. */
const STUCK_AFTER = 3;

/** The pause after `quiet` looks that moved nothing, a quarter more or less so that agents do not march in step. */
export function restDelay(pace: Pace, quiet: number, random: number): number {
  return Math.min(pace.restMs, pace.busyMs * 2 ** Math.min(quiet, 20)) * (0.75 + random / 2);
}

/** Exponential back-off with full jitter after so many failures in a row. */
function retryDelay(pace: Pace, failures: number, random: number): number {
  return random * Math.min(pace.longestRetryMs, pace.retryMs * 2 ** Math.min(failures, 20));
}

export interface Verdict {
  /** For logs and scripts. */
  readonly code: string;
  /** What the partner is told; null where it is nothing of its business or cannot be told. */
  readonly health: HealthCode | null;
  /** Milliseconds to the next try; null where only a restart by a person goes on. */
  readonly retryMs: number | null;
}

/** What the unattended agent does about the `failures`th failure in a row of one partnership. */
export function judge(error: unknown, failures: number, pace: Pace, random: number): Verdict {
  const retryMs = retryDelay(pace, failures, random);
  const stuck = (code: HealthCode): HealthCode | null => (failures >= STUCK_AFTER ? code : null);
  if (error instanceof ServiceRefusal) {
    if (error.serviceCode === 'partnership_ended')
      return { code: 'partnership_ended', health: null, retryMs: null };
    const asked = Math.min(error.retryAfterMs ?? 0, LONGEST_RETRY_AFTER_MS);
    return { code: error.serviceCode, health: stuck('service_refused'), retryMs: Math.max(asked, retryMs) };
  }
  const problem = error instanceof Problem ? error : machineProblem(error);
  if (!problem) return { code: 'failed', health: stuck('local_problem'), retryMs };
  const { code } = problem;
  switch (code) {
    case 'partner_alarm':
    case 'service_alarm':
      return { code, health: code, retryMs: null };
    case 'phrase_mismatch':
    case 'partnership_ended':
    case 'unknown_partner':
      return { code, health: null, retryMs: null };
    // Somebody has to do something first, so it is only looked at as at rest.
    case 'budget_spent':
    case 'partner_expired':
      return { code, health: code, retryMs: restDelay(pace, 20, random) };
    // `busy`: an import or a person's command holds the store, or the list changed under the sync.
    case 'service_unreachable':
    case 'busy':
      return { code, health: null, retryMs };
    default:
      return { code, health: stuck('local_problem'), retryMs };
  }
}

/** What `doctor` finds: each with a code for scripts, a sentence for people, and what to do. */
import { machineProblem, Problem } from '../problem.ts';

export interface Finding {
  readonly check: 'home' | 'disk' | 'store' | 'keyring' | 'agent' | 'service' | 'partner';
  readonly code: string;
  /** `ok` and `note` need nothing done; `warning` will become a problem; `error` is one. */
  readonly level: 'ok' | 'note' | 'warning' | 'error';
  /** What the people here call the partner that it is about. */
  readonly partner: string | null;
  readonly message: string;
  /** What to do; null where there is nothing to do. */
  readonly hint: string | null;
}

/** Makes the findings of one check, about one partner or none. */
export function findings(check: Finding['check'], partner: string | null = null) {
  const make =
    (level: Finding['level']) =>
    (code: string, message: string, hint: string | null = null): Finding => ({
      check,
      code,
      level,
      partner,
      message,
      hint,
    });
  return {
    ok: make('ok'),
    note: make('note'),
    warning: make('warning'),
    error: make('error'),
    /** A failure as a finding; of errors that are no problems of ours only the kind is told. */
    failure: (error: unknown): Finding => {
      const problem = error instanceof Problem ? error : machineProblem(error);
      if (problem) return make('error')(problem.code, problem.message, problem.hint ?? null);
      const { code, name } = error as NodeJS.ErrnoException;
      return make('error')('failed', `it cannot be checked (${code ?? name})`, 'run the command again');
    },
  };
}

const DAY_MS = 86_400_000;
const WARN_DAYS = 14;

/** How a certificate's end is told: null while it is far. */
export function expiry(validUntilMs: number, nowMs: number): { readonly days: number } | null {
  const days = Math.floor((validUntilMs - nowMs) / DAY_MS);
  return days < WARN_DAYS ? { days: Math.max(0, days) } : null;
}

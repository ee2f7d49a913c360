/** What went wrong, for people: a code that scripts and tests rely on, a sentence, and what to do next. */

/** Exit codes of the command line; documented in README.md. */
export const EXIT = {
  ok: 0,
  failed: 1,
  usage: 2,
  input: 3,
  locked: 4,
  waiting: 5,
  refused: 6,
  service: 7,
  alarm: 8,
} as const;

const CODES = {
  not_initialised: EXIT.usage,
  already_initialised: EXIT.usage,
  exists: EXIT.usage,
  locked: EXIT.locked,
  wrong_passphrase: EXIT.locked,
  keyring_damaged: EXIT.failed,
  certificate_expired: EXIT.refused,
  store_damaged: EXIT.failed,
  bad_argument: EXIT.usage,
  bad_input: EXIT.input,
  unknown_population: EXIT.input,
  unknown_partner: EXIT.input,
  not_registered: EXIT.refused,
  not_verified: EXIT.refused,
  phrase_mismatch: EXIT.alarm,
  partnership_ended: EXIT.refused,
  nothing_granted: EXIT.refused,
  budget_spent: EXIT.refused,
  partner_alarm: EXIT.alarm,
  service_alarm: EXIT.alarm,
  service_refused: EXIT.service,
  service_unreachable: EXIT.service,
  busy: EXIT.failed,
} as const;

export type ProblemCode = keyof typeof CODES;

/** A failure that a person can do something about. Its message and hint never hold a secret. */
export class Problem extends Error {
  readonly code: ProblemCode;
  readonly hint: string | undefined;

  constructor(code: ProblemCode, message: string, hint?: string) {
    super(message);
    this.name = 'Problem';
    this.code = code;
    this.hint = hint;
  }

  get exitCode(): number {
    return CODES[this.code];
  }
}

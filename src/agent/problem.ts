/** What went wrong, for people: a code that scripts and tests rely on, a sentence, and what to do next. */

import { NEWER_SCHEMA } from '../migration.ts';

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
  member_home: EXIT.refused,
  logged_out: EXIT.locked,
  wrong_role: EXIT.refused,
  forbidden: EXIT.refused,
  no_vault: EXIT.refused,
  exists: EXIT.usage,
  locked: EXIT.locked,
  wrong_passphrase: EXIT.locked,
  keyring_damaged: EXIT.failed,
  certificate_expired: EXIT.refused,
  store_damaged: EXIT.failed,
  store_newer: EXIT.failed,
  disk_full: EXIT.failed,
  not_writable: EXIT.failed,
  bad_argument: EXIT.usage,
  bad_input: EXIT.input,
  unknown_population: EXIT.input,
  unknown_partner: EXIT.input,
  not_registered: EXIT.refused,
  not_verified: EXIT.refused,
  phrase_mismatch: EXIT.alarm,
  partnership_ended: EXIT.refused,
  nothing_granted: EXIT.refused,
  export_not_granted: EXIT.refused,
  not_synced: EXIT.refused,
  budget_spent: EXIT.refused,
  partner_expired: EXIT.refused,
  partner_alarm: EXIT.alarm,
  service_alarm: EXIT.alarm,
  service_refused: EXIT.service,
  service_unreachable: EXIT.service,
  busy: EXIT.failed,
} as const;

export type ProblemCode = keyof typeof CODES;

/** The next step where nothing more particular is to be said. */
const HINTS: Partial<Readonly<Record<ProblemCode, string>>> = {
  bad_argument: 'see the command’s --help',
  bad_input: 'correct it, or restore it from a backup, and run the command again',
  keyring_damaged: 'restore the home from a backup',
  store_damaged: 'restore the home from a backup',
  service_refused: 'nothing is lost; try again later, then ask the operator of the service',
  service_alarm: 'nothing of it was used; call your partner and the operator of the service',
  partner_alarm: 'nothing of it was used; call your partner',
};

/** A failure that a person can do something about. Its message and hint never hold a secret. */
export class Problem extends Error {
  readonly code: ProblemCode;
  readonly hint: string | undefined;

  constructor(code: ProblemCode, message: string, hint?: string) {
    super(message);
    this.name = 'Problem';
    this.code = code;
    this.hint = hint ?? HINTS[code];
  }

  get exitCode(): number {
    return CODES[this.code];
  }
}

/** What the machine's own errors mean to a person, by their codes in Node and SQLite; null for any other error. */
export function machineProblem(error: unknown): Problem | null {
  const { code = '', message, path } = error as NodeJS.ErrnoException;
  const where = path ?? 'the home';
  // Extended codes such as SQLITE_IOERR_WRITE begin with the plain one.
  const is = (...codes: readonly string[]) =>
    codes.some((known) => code === known || code.startsWith(`${known}_`));
  // Shared memory is the first that SQLite cannot have on a full disk.
  if (is('ENOSPC', 'EDQUOT', 'SQLITE_FULL', 'SQLITE_IOERR_SHMSIZE')) {
    return new Problem(
      'disk_full',
      'the disk is full',
      'nothing half-written was kept; free some space and run the command again',
    );
  }
  if (is('EROFS', 'EACCES', 'EPERM', 'SQLITE_READONLY', 'SQLITE_CANTOPEN')) {
    return new Problem(
      'not_writable',
      `${where} cannot be read and written (${code})`,
      'nothing was changed; check the owner, the permissions and that the disk is not mounted read-only',
    );
  }
  if (is('EIO', 'SQLITE_IOERR')) {
    return new Problem(
      'store_damaged',
      `the disk of the home fails (${code})`,
      'check the disk; restore the home from a backup on another one if it is broken',
    );
  }
  if (is('SQLITE_BUSY', 'SQLITE_LOCKED')) {
    return new Problem('busy', 'another command holds the local store', 'wait for it to end, then try again');
  }
  if (is(NEWER_SCHEMA)) {
    return new Problem('store_newer', message, 'this home was used by a newer version; update commonground');
  }
  // The queries are fixed, so whatever else SQLite objects to is in the file.
  if (code.startsWith('SQLITE_')) {
    return new Problem(
      'store_damaged',
      `the local store is damaged (${message})`,
      'nothing was sent; restore the home from a backup, and check the disk',
    );
  }
  return null;
}

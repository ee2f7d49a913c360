/**
 * What an unattended agent tells its verified partner, by way of the service: that it runs, and on what it is stuck.
 * A closed list of codes and never a text, so that nothing of a list, a machine or a person can slip in. It is not
 * signed: the service can withhold or invent it, and nothing is decided by it.
 */

/** Seen from whoever reports: `you_…` is the reporter's own turn, `partner_…` the reader's. */
export const HEALTH_CODES = [
  'up_to_date',
  'partner_verifies',
  'partner_signs_epoch',
  'partner_updates',
  'you_update',
  'you_grant',
  'partner_grants',
  'partner_accepts_scope',
  'you_accept_scope',
  'scope_begins',
  'partner_evaluates',
  'partner_submits',
  /** The reader's budget of evaluations does not suffice for the reporter's list. */
  'budget_spent',
  /** The reader's certificate has expired. */
  'partner_expired',
  /** Something of the reader's did not check; the reporter does nothing more until a person restarted it. */
  'partner_alarm',
  /** Something of the service's did not check; likewise. */
  'service_alarm',
  /** The service refuses something time after time. */
  'service_refused',
  /** Something on the reporter's own machine, which concerns nobody else further. */
  'local_problem',
  /** The unattended agent was ended by a person or by its machine. */
  'stopped',
] as const;
export type HealthCode = (typeof HEALTH_CODES)[number];

/** How an agent's version is written: three numbers. */
export const VERSION_PATTERN = /^\d{1,4}\.\d{1,4}\.\d{1,4}$/;

/** What the agents' codes mean to a person. */
import type { HealthCode } from '../../protocol/health.ts';
import type { Standing as ScopeStanding } from '../../protocol/standing.ts';
import type { ForPeople } from '../agent/scopes/people.ts';
import type { Standing } from '../agent/sync/standing.ts';
import type { Waiting } from '../agent/sync/step.ts';

/** What each kind of waiting means. */
export const WAITING_TEXTS: Readonly<Record<Waiting, string>> = {
  partner_accepts: 'waiting for the partner to accept the invitation',
  partner_opens: 'waiting for the partner to run `commonground partner verify`',
  you_verify: 'waiting for you: `commonground partner verify`',
  partner_verifies: 'waiting for the partner to verify and sync',
  partner_signs_epoch: 'waiting for the partner’s next sync',
  partner_updates:
    'waiting for the partner to update commonground: it has no version of the matching rules in common with yours',
  you_update: 'waiting for you: update commonground; the partner has only newer matching rules',
  you_grant: 'waiting for you: `commonground scope grant`',
  partner_accepts_scope: 'waiting for the partner to accept your scope',
  you_accept_scope: 'waiting for you: `commonground scope accept` of what the partner grants',
  scope_begins: 'waiting for the day on which the scope begins',
  partner_grants: 'waiting for the partner to grant a scope',
  partner_evaluates: 'waiting for the partner’s next sync',
  partner_submits: 'your list is in; waiting for the partner’s',
  you_shorten:
    'waiting for you: the lists are in, but your members are shown an older state, since the scopes and rosters of this partnership, or the names of your files’ columns, are too much to be sent them; propose scopes of fewer rules, or import from fewer files',
};

/** What is waited for, where people may sign for this organisation. */
export function waitingText(waiting: Waiting, { sign }: Pick<ForPeople, 'sign'>): string {
  return waiting === 'you_grant' && sign
    ? 'waiting for you: a member of the role legal has to run `commonground scope propose`'
    : WAITING_TEXTS[waiting];
}

/** What a person has to do about the partner's scope; null where nothing waits for one. */
export function acceptText({ sign, accept }: ForPeople, alias: string): string | null {
  if (accept === null) return null;
  const who = sign ? 'your legal people have' : 'you have';
  return `${who} to accept version ${accept} of ${alias}: \`commonground scope accept --partner ${alias}\`${sign ? ' (a member’s home names it as `commonground scope --help` says)' : ''}`;
}

/** Where a version of a scope stands. */
export const STANDING_TEXTS: Readonly<Record<ScopeStanding, string>> = {
  proposed: 'proposed, waits for approval',
  approved: 'approved, waits for acceptance by the other side',
  waits: 'accepted, not begun yet',
  in_force: 'in force',
  expired: 'ended: expired',
  superseded: 'replaced by a newer version',
  revoked: 'ended: revoked',
};

/** How a partnership stands. */
export function standingText(standing: Standing, people: ForPeople): string {
  if (standing === 'sync_due') return 'your next `commonground sync` has something to do';
  return standing === 'up_to_date' ? 'both lists are in' : waitingText(standing, people);
}

const REPORT_TEXTS: Readonly<Record<HealthCode, string>> = {
  up_to_date: 'all is up to date',
  partner_verifies: 'it waits for you to verify and sync',
  partner_signs_epoch: 'it waits for your next sync',
  partner_updates: 'it waits for you to update commonground',
  you_update: 'it waits for its own people to update commonground',
  you_grant: 'it waits for its own people to grant a scope',
  partner_grants: 'it waits for you to grant a scope',
  partner_accepts_scope: 'it waits for you to accept its scope',
  you_accept_scope: 'it waits for its own people to accept your scope',
  scope_begins: 'it waits for the day on which the scope begins',
  partner_evaluates: 'it waits for your next sync',
  partner_submits: 'it waits for your list',
  budget_spent: 'your budget of comparisons does not suffice for its list',
  partner_expired: 'your agent key has expired',
  partner_alarm: 'something of yours did not check, and it has stopped: call your partner',
  service_alarm: 'something of the service’s did not check, and it has stopped: call your partner',
  service_refused: 'the service refuses its requests',
  local_problem: 'it has a problem on its own machine',
  stopped: 'it was stopped',
};

/** What a partner's agent reports, as its partner reads it; a code of a newer version as it is. */
export function reportText(code: string): string {
  return Object.hasOwn(REPORT_TEXTS, code) ? REPORT_TEXTS[code as HealthCode] : code;
}

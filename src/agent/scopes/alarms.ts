/** What people are told where papers do not check. */
import { Problem } from '../problem.ts';
import type { Late, PapersAlarm } from './papers.ts';

/** What to do where the service shows an older state than before. */
const WENT_BACK =
  'if the service was restored from a backup, your partner’s next sync brings it up to date; if that does not help, do not go on and call your partner';

/** The alarm, in the words of the organisation whose machine raises it. */
export function papersAlarm({ whose, what, number, detail }: PapersAlarm, alias: string): Problem {
  const who = whose === 'theirs' ? alias : 'your own organisation';
  const service = (message: string, hint?: string) => new Problem('service_alarm', message, hint);
  switch (what) {
    case 'roster_hidden':
      return service(`the service hides who signs for ${who}: roster ${number} was seen before`, WENT_BACK);
    case 'other_roster':
      return service(
        `the service shows another roster ${number} of ${who} than the one that was seen before`,
      );
    case 'roster_unsigned':
      return service(
        `the roster of ${who} does not check (${detail}): neither its root key nor enough of its approvers signed it`,
        'nobody may name who signs but they themselves; nothing was used; call your partner and the operator of the service',
      );
    case 'revocation_hidden':
      return service(`the service hides that ${who} revoked version ${number} of its scope`, WENT_BACK);
    case 'scope_hidden':
      return service(`the service hides the scope of ${who} that it showed before`, WENT_BACK);
    case 'older_scope':
      return service(
        `the service shows version ${number} of the scope of ${who}, version ${detail} was seen before`,
        WENT_BACK,
      );
    case 'other_scope':
      return service(
        `the service shows another version ${number} of the scope of ${who} than the one that was seen before`,
      );
    case 'not_its_successor':
      return whose === 'theirs'
        ? new Problem('partner_alarm', `the new scope of ${who} does not follow the one that was seen before`)
        : service('the new version of your own scope does not follow the one that was seen before');
    case 'bad_papers':
      return service(
        whose === 'theirs'
          ? `the scope of ${who} does not check (${detail})`
          : `the service shows a scope in your name that is not yours (${detail})`,
      );
    case 'other_partnership':
      return service(`the service shows a scope of another partnership for ${who}`);
    case 'unapproved':
      return service(
        `the service shows version ${number} of the scope of ${who} as approved, and too few of its approvers signed it`,
      );
  }
}

/** One sentence on what was not taken, with what to do. */
export function lateText({ whose, number, act }: Late, alias: string): string {
  const what = {
    draft: 'was proposed',
    approve: 'was approved',
    accept: 'was accepted',
    revoke: 'was revoked',
    seen: 'was seen',
    deleted: 'was deleted',
  }[act];
  const who = whose === 'mine' ? 'your scope' : `the scope of ${alias}`;
  const again =
    act === 'accept'
      ? 'accept it again: `commonground scope accept`'
      : 'propose it again: `commonground scope propose`';
  return `version ${number} of ${who} ${what} by people of a roster that was replaced before this machine heard of it; it counts for nothing here: ${again}`;
}

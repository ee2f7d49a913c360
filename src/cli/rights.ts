/** Who may run a command: taken from the service's table of permissions, and asked before anything else is done. */
import { ROLES } from '../../protocol/member.ts';
import { type Home, isInitialised, isMemberHome, withoutKeyring } from '../agent/home.ts';
import { readProfile } from '../agent/member/home.ts';
import { Problem } from '../agent/problem.ts';
import { type Caller, PERMISSIONS, type Route } from '../wire/permissions.ts';

/**
 * What a command needs most: a route of the service, the keys and lists that the keyring's home alone has, or nothing,
 * as before there is a home.
 */
export type Asks = Route | 'keyring' | 'nothing';

/** Refuses where the home is of somebody who may not. The service decides in any case; here it costs no question. */
export function requireRight(home: Home, asks: Asks): void {
  const callers = callersOf(asks);
  const isMember = isMemberHome(home);
  // Without a home the command itself says so.
  if (callers.includes('anonymous') || (!isMember && !isInitialised(home))) return;
  if (isMember && callers.every((caller) => caller === 'agent')) throw withoutKeyring(home);
  // A home that was made before roles were kept in it learns its own at the next log-in.
  const role = isMember ? readProfile(home).role : 'agent';
  if (role === null || callers.includes(role)) return;
  throw new Problem(
    'wrong_role',
    `this home is ${role === 'agent' ? 'the one with the keyring' : `of a member of the role ${role}`}; this is for ${whoMay(asks)}`,
    'ask a colleague who has the role, or an admin of your organisation: `commonground member invite`',
  );
}

/** For whom it is, in words. */
export function whoMay(asks: Asks): string {
  const callers = callersOf(asks);
  if (callers.includes('anonymous')) return 'everybody';
  const roles = ROLES.filter((role) => callers.includes(role));
  const isSolo = PERMISSIONS.get(asks)?.solo ?? false;
  return [
    ...(roles.length === ROLES.length ? ['every member'] : roles),
    ...(callers.includes('agent')
      ? [
          `the home with the keyring${isSolo ? ' until the first member joined or a roster was published' : ''}`,
        ]
      : []),
  ].join(', ');
}

function callersOf(asks: Asks): readonly Caller[] {
  if (asks === 'nothing') return ['anonymous'];
  return asks === 'keyring' ? ['agent'] : (PERMISSIONS.get(asks)?.callers ?? []);
}

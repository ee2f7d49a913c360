import { type Home, isMemberHome } from '../../agent/home.ts';
import { logIn, logOut, openSeat, readProfile } from '../../agent/member/home.ts';
import { openOwnKeys } from '../../agent/member/keys.ts';
import { codeOf } from '../../agent/member/seat.ts';
import { fingerprint } from '../../agent/pinned.ts';
import { Problem } from '../../agent/problem.ts';
import { command, homeOf, withCaller } from '../command.ts';
import { note, print, printable, printJson } from '../output.ts';
import { askPassword } from '../prompt.ts';

/** `login`: a session for a member's home. */
export function loginCommand() {
  return command(
    'login',
    'POST /v1/sessions',
    'Log in as the member whose home this is. Asks for the password; the session holds for 12 hours.',
    'commonground login',
  )
    .option('--login-file <file>', 'read e-mail address and password from the two lines of a file (mode 600)')
    .action(async (options) => {
      const home = homeOf(options);
      const { member, email, name } = readProfile(home);
      const { expiresAt, role } = await logIn(home, await askPassword(options.loginFile), Date.now);
      if (options.json) return printJson({ member, email, role, expiresAt });
      print(`${email} is logged in at ${printable(name)} as ${role}`);
      note(`until ${expiresAt}; \`commonground logout\` ends it`);
    });
}

/** `logout`: ends the session. */
export function logoutCommand() {
  return command(
    'logout',
    'DELETE /v1/sessions/current',
    'End the session of this member’s home, at the service too.',
    'commonground logout\ncommonground logout --everywhere',
  )
    .option('--everywhere', 'end all your sessions, also those that a thief of one has')
    .action(async (options) => {
      await logOut(openSeat(homeOf(options), Date.now), options.everywhere ?? false);
      if (options.json) printJson({ loggedOut: true });
      else note('logged out');
    });
}

/** `whoami`: who the service takes this home for. */
export function whoamiCommand() {
  return command(
    'whoami',
    'GET /v1/me',
    'Who you are to the service: organisation, role, and the partners you work with; and of your keys four words, for whoever admits you to the vault, and the fingerprint that `member list` shows, for whoever puts you on a roster.',
    'commonground whoami',
  ).action(async (options) =>
    withCaller(options, async (caller) => {
      const me = await caller.client.me();
      if (me.organisation.id !== caller.organisation) {
        throw new Problem('service_alarm', 'the service takes you for a member of another organisation');
      }
      const { words, fingerprint: keys } = await ownKeys(homeOf(options));
      const aliases = new Map((await caller.partners()).map(({ id, alias }) => [id, alias]));
      const partners = me.member?.partnerships?.map((id) => aliases.get(id) ?? id) ?? null;
      if (options.json) return printJson({ ...me, partners, words, fingerprint: keys });
      print(`organisation  ${printable(me.organisation.name)} (${me.organisation.id})`);
      print(`role          ${me.role}${isMemberHome(homeOf(options)) ? '' : ': the home with the keyring'}`);
      if (!me.member) return;
      print(`member        ${printable(me.member.email)} (${me.member.id})`);
      print(`partners      ${partners?.join(', ') ?? 'all'}`);
      print(`words         ${words ?? '(locked: `commonground unlock` shows them)'}`);
      print(`keys          ${keys ?? '(locked: `commonground unlock` shows their fingerprint)'}`);
      note('read the words to whoever admits you to the vault; they are of your keys, and no secret');
    }),
  );
}

/** The words and the fingerprint of a member's own keys; null where the keys are locked, or the home is the organisation's. */
async function ownKeys(home: Home) {
  const none = { words: null, fingerprint: null };
  if (!isMemberHome(home)) return none;
  try {
    const own = await openOwnKeys(home, Date.now());
    return { words: codeOf(openSeat(home, Date.now), own), fingerprint: fingerprint(own.keys) };
  } catch (error) {
    if (error instanceof Problem && error.code === 'locked') return none;
    throw error;
  }
}

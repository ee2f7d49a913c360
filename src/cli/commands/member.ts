import { systemRandom } from '../../../protocol/hash.ts';
import { ROLES, type Role, VIEWER_ROLES } from '../../../protocol/member.ts';
import { Client, type ListedMember } from '../../agent/client.ts';
import { createSecretFile, refuseExisting } from '../../agent/home.ts';
import type { Lock } from '../../agent/keyring.ts';
import { openAdmission } from '../../agent/member/admission.ts';
import { findMember, inviteMember } from '../../agent/member/caller.ts';
import { joinOrganisation, refuseTaken } from '../../agent/member/home.ts';
import { readMemberInvitation } from '../../agent/member/invitation.ts';
import { fingerprint } from '../../agent/pinned.ts';
import { Problem } from '../../agent/problem.ts';
import { compareCode } from '../../agent/vault/admission.ts';
import { collect, command, group, homeOf, withCaller } from '../command.ts';
import { note, print, printable, printJson, table } from '../output.ts';
import { ask, askNewLogin, askPassphrase, readText } from '../prompt.ts';

/** `member`: the people of the organisation. */
export function memberCommand() {
  return group(
    'member',
    'The people of your organisation: invite them to a role, join, admit to the vault, list, remove.',
  )
    .addCommand(inviteCommand())
    .addCommand(joinCommand())
    .addCommand(admitCommand())
    .addCommand(listCommand())
    .addCommand(removeCommand());
}

function inviteCommand() {
  return command(
    'invite',
    'PUT /v1/members/{member}',
    `Invite somebody to a role: ${ROLES.join(', ')}. Prints a text for them to paste into \`member join\`; it serves once, for 7 days. It names nobody: their e-mail address they give when they join.

  admin       invites and removes members
  legal       proposes, approves, accepts and revokes scopes once a roster names them, limits what the own people are shown, answers requests, reads the ledger
  sales       asks questions; once \`member admit\` gave them the vault, with names
  clean-team  asks like sales; scopes can keep what is sensitive to it
  auditor     reads scopes, the ledger and the members

The home with the keyring invites the first admin.`,
    'commonground member invite --role sales\ncommonground member invite --role legal --partner borealis --out invitation.txt',
  )
    .requiredOption('--role <role>', ROLES.join(', '))
    .option('--partner <alias>', 'works with this partner only; can be given several times', collect)
    .option('--out <file>', 'write the invitation to a new file instead of standard output')
    .action(async (options) =>
      withCaller(options, async (caller) => {
        const role = roleOf(options.role);
        if (role === 'admin' && options.partner)
          throw new Problem(
            'bad_argument',
            'an admin works with all partners',
            'leave --partner away, or choose another role',
          );
        if (options.out) refuseExisting(options.out);
        const { member, text } = await inviteMember(
          caller,
          { role, partners: options.partner },
          systemRandom,
        );
        if (options.out) createSecretFile(options.out, `${text}\n`);
        if (options.json) {
          const where = options.out ? { file: options.out } : { invitation: text };
          return printJson({ member, role, partners: options.partner ?? null, ...where });
        }
        if (!options.out) print(text);
        note(
          'send this to the one person it is for, by a channel that nobody else reads; it holds for 7 days',
        );
        note(`should it go astray: \`commonground member remove ${member}\``);
      }),
    );
}

function joinCommand() {
  return command(
    'join',
    'PUT /v1/members/{member}/acceptance',
    'Become a member by an invitation: makes your own keys in a home of your own, and asks for what you will log in with. The password is for the service; the passphrase protects your keys on this machine, and the service never sees it.',
    'commonground member join\ncommonground member join invitation.txt --home ~/.commonground-aurora',
  )
    .argument('[file]', 'the invitation, or - for standard input (default: asks for it)')
    .option('--login-file <file>', 'read e-mail address and password from the two lines of a file (mode 600)')
    .option('--passphrase-file <file>', 'read the new passphrase from a file (mode 600)')
    .option('--key-file <file>', 'open your keys by this new file instead of a passphrase')
    .action(async (file, options) => {
      if (options.keyFile && options.passphraseFile)
        throw new Problem('bad_argument', 'choose --key-file or --passphrase-file, not both');
      const home = homeOf(options);
      refuseTaken(home);
      const pasted = file
        ? readText(file)
        : await ask('the invitation', { hidden: true, instead: 'name a file, or - for standard input' });
      const invitation = readMemberInvitation(pasted);
      const { operator } = await new Client(invitation.service, null, Date.now).service();
      note(
        `you join "${printable(invitation.name)}" (${invitation.organisation}) as ${invitation.role}, at ${invitation.service}, operated by ${printable(operator.name)}`,
      );
      const login = await askNewLogin(options.loginFile);
      const lock: Lock = options.keyFile
        ? { keyFile: options.keyFile }
        : {
            passphrase: await askPassphrase(
              options.passphraseFile,
              true,
              'a passphrase for your keys on this machine',
            ),
          };
      const tools = { random: systemRandom, now: Date.now };
      const { member, role, expiresAt } = await joinOrganisation(home, { invitation, ...login, lock }, tools);
      const { organisation, name } = invitation;
      if (options.json)
        return printJson({ organisation, name, member, role, home: home.directory, expiresAt });
      print(`you are ${role} at ${printable(name)}; logged in until ${expiresAt}`);
      note('`commonground whoami` tells what you may; `commonground login` begins the next session');
      if (VIEWER_ROLES.some((viewer) => viewer === role))
        note(
          `for names somebody runs \`commonground member admit ${member}\` and asks you for the words of \`whoami\``,
        );
    });
}

function admitCommand() {
  return command(
    'admit',
    'PUT /v1/members/{member}/vault/{number}',
    `Give a member of ${VIEWER_ROLES.join(' or ')} the vault key, so that the names of your accounts can be read on their machine. Ask them for the four words that \`commonground whoami\` shows there, by telephone or in person: that the words agree is what keeps anybody else out.

Where the keyring is, or from the home of a member who holds the vault.`,
    'commonground member admit ann@aurora.example\ncommonground member admit mbr_… --words "four words they said"',
  )
    .argument('<member>', 'id, as `whoami` shows it; where members can be listed, also the e-mail address')
    .option('--words <words>', 'the four words that they read out (not those shown to you)')
    .option('--show', 'only show the words of the keys that the service has for them')
    .action(async (wanted, options) => {
      const admission = await openAdmission(homeOf(options), Date.now);
      try {
        const candidate = await admission.find(wanted);
        const { id, email, role } = candidate.member;
        if (options.show || options.words === undefined) {
          if (options.show && options.json)
            return printJson({ member: id, email, role, words: candidate.code });
          print(candidate.code);
          note(
            `for ${printable(email ?? id)}, ${role}: \`commonground whoami\` there must show these same four words`,
          );
          if (options.show) return;
          note('type what you hear, not what stands here: words that nobody compared protect nobody');
        }
        compareCode(
          candidate,
          options.words ??
            (await ask('the four words that they read out', {
              instead: 'use --words "…", with what they said',
            })),
        );
        await admission.admit(candidate);
        if (options.json) return printJson({ admitted: id, email, role });
        print(`${printable(email ?? id)} holds the vault`);
        note('names can be read there after the next `commonground sync` of the home with the keyring');
      } finally {
        admission.close();
      }
    });
}

function listCommand() {
  return command(
    'list',
    'GET /v1/members',
    'The members of your organisation, with the partners they work with, the fingerprint of their keys, and who holds the vault.',
    'commonground member list',
  )
    .option('--all', 'former members too')
    .action(async (options) =>
      withCaller(options, async (caller) => {
        const aliases = new Map((await caller.partners()).map(({ id, alias }) => [id, alias]));
        const members = (await caller.client.members())
          .filter(({ state }) => options.all || state !== 'removed')
          .map((member) => ({
            id: member.id,
            email: member.email,
            role: member.role,
            state: member.state,
            partners: member.partnerships?.map((id) => aliases.get(id) ?? id) ?? null,
            fingerprint: member.keys && fingerprint(member.keys),
            vault: member.vault?.number ?? null,
            since: sinceOf(member),
          }));
        if (options.json) return printJson({ members });
        print(
          table(
            ['member', 'e-mail', 'role', 'state', 'since', 'partners', 'vault', 'keys'],
            members.map((member) => [
              member.id,
              member.email,
              member.role,
              member.state,
              member.since,
              member.partners?.join(' ') ?? 'all',
              member.vault === null ? '' : 'yes',
              member.fingerprint,
            ]),
          ),
        );
      }),
    );
}

function removeCommand() {
  return command(
    'remove',
    'DELETE /v1/members/{member}',
    'Remove a member, or take back an invitation. Sessions end at once; what the person has read stays read.',
    'commonground member remove ann@aurora.example',
  )
    .argument('<member>', 'e-mail address, or the id that `member list` shows')
    .action(async (wanted, options) =>
      withCaller(options, async (caller) => {
        const member = findMember(await caller.client.members(), wanted);
        const { id, email, vault } = member;
        await caller.remove(member);
        if (options.json) return printJson({ removed: id, email });
        print(`${printable(email ?? id)} is removed; sessions and invitation are void`);
        if (vault)
          note(
            'they held the vault: the next `commonground sync` of the home with the keyring makes a new key; what they read stays read',
          );
      }),
    );
}

function roleOf(text: string): Role {
  const role = ROLES.find((known) => known === text);
  if (role) return role;
  throw new Problem('bad_argument', `there is no role ${text}`, `roles: ${ROLES.join(', ')}`);
}

function sinceOf({ state, invitedAt, joinedAt, removedAt }: ListedMember): string {
  if (state === 'removed') return removedAt ?? invitedAt;
  return joinedAt ?? invitedAt;
}

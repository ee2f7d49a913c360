/** `scope roster`: who approves and accepts scopes for the organisation. */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { fromBase64url, toBase64url } from '../../../protocol/bytes.ts';
import type { OrganisationId } from '../../../protocol/ids.ts';
import type { Roster } from '../../../protocol/roster.ts';
import { packRoster } from '../../../protocol/roster.ts';
import { createSecretFile, readConfiguration, refuseExisting } from '../../agent/home.ts';
import { openSeat } from '../../agent/member/home.ts';
import { Problem } from '../../agent/problem.ts';
import type { Desk } from '../../agent/scopes/desk.ts';
import {
  describeRoster,
  type NextRoster,
  nextRoster,
  ownChain,
  pinnedChain,
  pinOwn,
  publishRoster,
  rosterSigner,
  signByMember,
  signByRoot,
  unsignedRoster,
} from '../../agent/scopes/roster.ts';
import { collect, command, group } from '../command.ts';
import { note, print, printJson } from '../output.ts';
import { askPassphrase, readText } from '../prompt.ts';
import { confirm, namesOf, signingCommand, withDesk } from './desk.ts';

/** Marks a roster that is passed from approver to approver. */
const PREFIX = 'commonground-roster:1:';

export function rosterCommand() {
  return group(
    'roster',
    'Who approves and accepts scopes for your organisation, and how many of them it takes. Partners see it and pin it. Without one, and before the first member joined, the keyring signs for all people: a company of one. With members and without one, nobody can sign.',
  )
    .addCommand(showCommand())
    .addCommand(setCommand())
    .addCommand(signCommand());
}

function showCommand() {
  return command(
    'show',
    'GET /v1/rosters',
    'Who approves, and how many it takes.',
    'commonground scope roster show',
  ).action(async (options) =>
    withDesk(options, async (desk) => {
      await prepare(desk);
      const chain = await ownChain(desk);
      const names = await namesOf(desk);
      const newest = chain.at(-1);
      if (options.json) return printJson({ rosters: chain.map((roster) => rosterJson(roster, names)) });
      if (!newest) {
        // A member asks here, or the keyring's home of an organisation that somebody has joined.
        if (!desk.agent || (await desk.client.members()).some(({ joinedAt }) => joinedAt !== null)) {
          print('There is no roster, and there are members: nobody can sign scopes for your organisation.');
          return note(
            'once a member of the role legal has joined: `commonground scope roster set … --root-key FILE` on the keyring’s home',
          );
        }
        print('There is no roster: the keyring signs for all people of your organisation.');
        return note(
          '`commonground scope roster set` names people; from then on the keyring alone never approves',
        );
      }
      for (const line of describeRoster(newest, desk.name, names)) print(line);
    }),
  );
}

function setCommand() {
  return signingCommand(
    'set',
    'PUT /v1/rosters/{number}',
    `Name who approves, in the place of those before. Signed by the root key, which you take from its safe for this, or by enough of the people who approve now: the first of them runs this with --out FILE, the others \`scope roster sign FILE\`.

From the first roster on, the keyring’s home approves and accepts nothing any more, and never again.
What is proposed and not yet approved has to be proposed again under the new roster.`,
    'commonground scope roster set --approver lea@aurora.example --approver lou@aurora.example --quorum 2 --root-key /media/safe/root-key.age\ncommonground scope roster set --approver lea@aurora.example --drafter-alone --out roster.txt',
  )
    .requiredOption(
      '--approver <e-mail or id>',
      'a member of the role legal; can be given several times',
      collect,
    )
    .option('--quorum <n>', 'how many of them it takes', Number, 1)
    .option(
      '--drafter-alone',
      'whoever drafted may approve alone: for a company with one lawyer; partners see it',
    )
    .option('--root-key <file>', 'the root key file that `init` made; the keyring’s home')
    .option('--passphrase-file <file>', 'read the root key’s passphrase from a file (mode 600)')
    .option('--out <file>', 'write what others have to sign too to a new file')
    .action(async (options) =>
      withDesk(options, async (desk) => {
        if (options.out) refuseExisting(options.out);
        const organisation = await prepare(desk);
        const chain = await ownChain(desk);
        const last = chain.at(-1) ?? null;
        const sign = await signing(desk, last, options);
        const next = await nextRoster(
          desk.client,
          last,
          {
            approvers: options.approver,
            quorum: options.quorum,
            drafterAlone: options.drafterAlone ?? false,
          },
          organisation,
          desk.now(),
        );
        const names = await namesOf(desk);
        for (const line of describeRoster(next.roster, desk.name, names)) note(line);
        note('compare each person’s keys with what they read out of their own `whoami`:');
        for (const { email, fingerprint } of next.people) note(`  ${email}: ${fingerprint}`);
        if (!last) note('from now on the keyring’s home approves and accepts nothing, and never again');
        await confirm('sign this roster?', options);
        await publish(desk, chain, await sign(next), next.roster, options);
      }),
    );
}

function signCommand() {
  return signingCommand(
    'sign',
    'PUT /v1/rosters/{number}',
    'Add your signature to a roster that a colleague passed on. With enough of them it is published.',
    'commonground scope roster sign roster.txt --out roster-2.txt',
  )
    .argument('<file>', 'what `scope roster set --out` wrote, or - for standard input')
    .option('--out <file>', 'write it to a new file where more have to sign')
    .action(async (file, options) =>
      withDesk(options, async (desk) => {
        if (options.out) refuseExisting(options.out);
        await prepare(desk);
        const chain = await ownChain(desk);
        const last = chain.at(-1) ?? null;
        const text = readText(file).trim();
        const packed = text.startsWith(PREFIX) ? fromBase64url(text.slice(PREFIX.length)) : null;
        const { party } = pinnedChain(desk);
        const roster = packed && party && unsignedRoster(packed, last, party);
        if (!packed || !roster)
          throw new Problem(
            'bad_input',
            `${file} is no roster that follows the one that stands`,
            'it starts with commonground-roster and is one line; make it anew with `commonground scope roster set`',
          );
        const signer = await rosterSigner(desk, last);
        for (const line of describeRoster(roster, desk.name, await namesOf(desk))) note(line);
        await confirm('sign this roster?', options);
        await publish(desk, chain, signByMember(signer, packed), roster, options);
      }),
    );
}

/** Finds by what the next roster is to be signed, before anybody is asked to; gives the signing. */
async function signing(
  desk: Desk,
  last: Roster | null,
  options: { readonly rootKey?: string | undefined; readonly passphraseFile?: string | undefined },
): Promise<(next: NextRoster) => Promise<Uint8Array>> {
  if (!desk.agent) {
    const signer = await rosterSigner(desk, last);
    return async (next) => signByMember(signer, packRoster(next.bytes, []));
  }
  const file = rootKeyFile(desk, options.rootKey);
  return async (next) => {
    const { keyFile } = readConfiguration(desk.home);
    const passphrase = keyFile ? null : await askPassphrase(options.passphraseFile, false);
    return signByRoot(desk, next, { file, passphrase });
  };
}

/** The file of the root key, which must be there before anybody is asked to sign. */
function rootKeyFile(desk: Desk, given: string | undefined): string {
  const file = given ?? desk.home.rootKeyFile;
  if (existsSync(file)) return file;
  throw new Problem(
    'bad_argument',
    given ? `there is no file ${resolve(given)}` : 'the root key is not in this home any more',
    'name its file: --root-key FILE',
  );
}

async function publish(
  desk: Desk,
  chain: readonly Roster[],
  packed: Uint8Array,
  roster: Roster,
  options: { readonly out?: string | undefined; readonly json?: boolean | undefined },
): Promise<void> {
  const published = await publishRoster(desk, chain, packed);
  const text = PREFIX + toBase64url(packed);
  if (!published && options.out) createSecretFile(options.out, `${text}\n`);
  if (options.json)
    return printJson({
      number: roster.number,
      published,
      ...(published ? {} : options.out ? { file: options.out } : { roster: text }),
    });
  if (published) {
    print(`roster ${roster.number} stands; partners see it at their next sync`);
    return note('take the root key offline again, if you used it');
  }
  if (!options.out) print(text);
  note(`others have to sign too: \`commonground scope roster sign ${options.out ?? 'FILE'}\``);
}

/** Sees to it that a member's home knows its own organisation's keys, by any partnership that shows them. */
async function prepare(desk: Desk): Promise<OrganisationId> {
  if (desk.agent) return desk.agent.keyring.certificate.organisation;
  const { profile } = openSeat(desk.home, desk.now);
  if (pinnedChain(desk).party) return profile.organisation;
  const [partner] = await desk.client.partners();
  if (!partner)
    throw new Problem(
      'unknown_partner',
      'without a partner this machine has not seen your organisation’s keys yet',
      'let the keyring’s home invite a partner first: `commonground partner invite`',
    );
  const view = await desk.client.partnership(partner.id);
  pinOwn(desk, profile.organisation, view.certificates[view.side]);
  return profile.organisation;
}

function rosterJson(roster: Roster, names: ReadonlyMap<string, string>) {
  return {
    number: roster.number,
    quorum: roster.quorum,
    drafterAlone: roster.drafterAlone,
    approvers: roster.approvers.map(({ member }) => ({ member, email: names.get(member) ?? null })),
  };
}

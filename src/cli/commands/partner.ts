import { fromBase64url } from '../../../protocol/bytes.ts';
import { systemRandom } from '../../../protocol/hash.ts';
import type { Agent } from '../../agent/agent.ts';
import { describeEnding, followEnding } from '../../agent/ending.ts';
import { createSecretFile } from '../../agent/home.ts';
import {
  acceptInvitation,
  fingerprint,
  introduce,
  invite,
  operatorNotice,
  readInvitation,
  verify,
} from '../../agent/partners.ts';
import { findPartnership, listPartnerships, type Partnership } from '../../agent/store/partnerships.ts';
import { command, group, withAgent } from '../command.ts';
import { note, print, printable, printJson, table } from '../output.ts';
import { ask, readText } from '../prompt.ts';
import { endCommand } from './end.ts';

/** `partner`: invitations and verified partners. */
export function partnerCommand() {
  return group('partner', 'Connect with a partner: invite, accept, and compare four words over the phone.')
    .addCommand(inviteCommand())
    .addCommand(acceptCommand())
    .addCommand(verifyCommand())
    .addCommand(listCommand())
    .addCommand(endCommand());
}

function inviteCommand() {
  return command(
    'invite',
    'Make an invitation for one partner. Send it by any channel; whoever holds it can answer it once.',
    'commonground partner invite borealis --out invitation.txt',
  )
    .argument('<alias>', 'what you call the partner: small letters, digits and hyphens')
    .option('--out <file>', 'write the invitation to a new file instead of standard output')
    .action(async (alias, options) =>
      withAgent(options, async (agent) => {
        const { partnership, text } = await invite(agent, alias, systemRandom);
        if (options.out) createSecretFile(options.out, `${text}\n`);
        if (options.json)
          return printJson({
            partnership: partnership.id,
            partner: alias,
            ...(options.out ? { file: options.out } : { invitation: text }),
          });
        if (!options.out) print(text);
        note('send this to your partner; it holds for 14 days');
        note(`after they accepted: \`commonground partner verify ${alias}\`, on the phone with them`);
      }),
    );
}

function acceptCommand() {
  return command(
    'accept',
    'Answer an invitation. Registers your organisation at its service where needed.',
    'commonground partner accept invitation.txt --as aurora\npbpaste | commonground partner accept - --as aurora',
  )
    .argument('<file>', 'the invitation, or - for standard input')
    .requiredOption('--as <alias>', 'what you call the partner')
    .action(async (file, options) =>
      withAgent(options, async (agent) => {
        const invitation = readInvitation(readText(file));
        const partnership = await acceptInvitation(agent, invitation, options.as, systemRandom);
        if (options.json)
          return printJson({ partnership: partnership.id, partner: options.as, service: invitation.service });
        print(`answered the invitation of "${printable(invitation.from)}" (not verified yet)`);
        note(`next: call them, and both run \`commonground partner verify ${options.as}\``);
      }),
    );
}

function verifyCommand() {
  return command(
    'verify',
    'Compare the four words with your partner over the phone. Nothing moves before both of you did this.',
    'commonground partner verify borealis\ncommonground partner verify borealis --words "apple river stone light"',
  )
    .argument('<alias>')
    .option('--words <words>', 'the four words that your partner read out (not those shown to you)')
    .option('--show', 'only show the words to read out to the partner')
    .action(async (alias, options) =>
      withAgent(options, async (agent) => {
        const partnership = await introduced(agent, findPartnership(agent.store, alias));
        if (options.show || !partnership.phrase || !partnership.partner)
          return show(agent, partnership, options.json ?? false);
        if (options.words === undefined) await show(agent, partnership, false);
        const words =
          options.words ??
          (await ask('the four words that your partner reads out', {
            instead: 'use --words "…", with what the partner read out',
          }));
        const verified = verify(agent, partnership, words);
        const notice = operatorNotice(await agent.client().service(), agent, verified.partner);
        if (options.json)
          return printJson({ partner: alias, verifiedAt: verified.verifiedAt, operator: notice });
        print(
          `${alias} is verified: ${printable(verified.partner?.name ?? '')}, ${verified.partner?.organisation}`,
        );
        note(notice.warning ? `WARNING: ${notice.text}` : notice.text);
        note(`next: \`commonground scope grant --partner ${alias} --preset overlap\``);
      }),
    );
}

async function show(agent: Agent, partnership: Partnership, json: boolean): Promise<void> {
  const partner = partnership.partner;
  if (!partner || !partnership.phrase) {
    if (json) return printJson({ partner: partnership.alias, words: null });
    return note(`${partnership.alias} has not answered yet; try again later`);
  }
  const root = fingerprint(fromBase64url(partner.rootKey) ?? new Uint8Array());
  const notice = operatorNotice(await agent.client().service(), agent, partner);
  if (json)
    return printJson({
      partner: partnership.alias,
      words: partnership.phrase,
      name: partner.name,
      organisation: partner.organisation,
      fingerprint: root,
      operator: notice,
    });
  print(partnership.phrase);
  note(`the partner calls itself "${printable(partner.name)}", fingerprint ${root}`);
  note('read the four words above to your partner, on a number that you know; then type theirs');
  note(notice.warning ? `WARNING: ${notice.text}` : notice.text);
}

function listCommand() {
  return command('list', 'Partners and how far each connection is.', 'commonground partner list').action(
    async (options) =>
      withAgent(options, async (agent) => {
        const partnerships = [];
        for (const partnership of listPartnerships(agent.store))
          partnerships.push(await current(agent, partnership));
        const rows = partnerships.map((partnership) => ({
          partner: partnership.alias,
          partnership: partnership.id,
          name: partnership.partner?.name ?? null,
          organisation: partnership.partner?.organisation ?? null,
          state: stateOf(partnership),
          verifiedAt: partnership.verifiedAt,
          ended: partnership.ended ?? null,
        }));
        if (options.json) return printJson({ partners: rows });
        print(
          table(
            ['partner', 'name', 'organisation', 'state', 'verified'],
            rows.map((row) => [row.partner, row.name, row.organisation, row.state, row.verifiedAt]),
          ),
        );
      }),
  );
}

/** Takes the introduction as far as it can go now. */
async function introduced(agent: Agent, partnership: Partnership): Promise<Partnership> {
  if (partnership.partner || partnership.deadSince || partnership.ended) return partnership;
  return introduce(agent, partnership, await agent.client().partnership(partnership.id));
}

/** The introduction as far as it can go, and an ending by the partner taken note of. */
async function current(agent: Agent, partnership: Partnership): Promise<Partnership> {
  if (partnership.ended?.told || partnership.deadSince) return partnership;
  const view = await agent.client().partnership(partnership.id);
  const followed = await followEnding(agent, partnership, view);
  return followed.ended ? followed : introduce(agent, followed, view);
}

function stateOf(partnership: Partnership): string {
  if (partnership.ended) return describeEnding(partnership.ended, partnership.alias);
  if (partnership.deadSince) return 'ended: the words differed';
  if (partnership.verifiedAt) return 'verified';
  if (partnership.partner) return 'to verify';
  return 'waiting for the partner';
}

import { rmSync } from 'node:fs';
import { fromBase64url } from '../../../protocol/bytes.ts';
import { systemRandom } from '../../../protocol/hash.ts';
import type { Agent } from '../../agent/agent.ts';
import { describeEnding, endPartnership, followEnding } from '../../agent/ending.ts';
import { createSecretFile, replaceFile } from '../../agent/home.ts';
import {
  acceptInvitation,
  introduce,
  invite,
  inviteAgain,
  readInvitation,
  verify,
  viewOf,
} from '../../agent/partners.ts';
import { fingerprint, operatorNotice } from '../../agent/pinned.ts';
import { Problem } from '../../agent/problem.ts';
import {
  findPartnership,
  listPartnerships,
  type Partnership,
  refuseEnded,
  startAnew,
} from '../../agent/store/partnerships.ts';
import { command, group, withAgent } from '../command.ts';
import { noteEnded, unfinished } from '../ended.ts';
import { note, print, printable, printJson, table } from '../output.ts';
import { ask, readText } from '../prompt.ts';
import { endCommand } from './end.ts';
import { rulesCommand } from './rules.ts';

/** `partner`: invitations and verified partners. */
export function partnerCommand() {
  return group('partner', 'Connect with a partner: invite, accept, and compare four words over the phone.')
    .addCommand(inviteCommand())
    .addCommand(acceptCommand())
    .addCommand(verifyCommand())
    .addCommand(listCommand())
    .addCommand(rulesCommand())
    .addCommand(endCommand());
}

function inviteCommand() {
  return command(
    'invite',
    'PUT /v1/partnerships/{partnership}',
    'Make an invitation for one partner. Send it by any channel; whoever holds it can answer it once.',
    'commonground partner invite borealis --out invitation.txt\ncommonground partner invite borealis --again',
  )
    .argument('<alias>', 'what you call the partner: small letters, digits and hyphens')
    .option('--out <file>', 'write the invitation to a new file instead of standard output')
    .option('--jurisdiction <name>', 'keep the partnership there, such as eu, where the service offers it')
    .option('--again', 'print the invitation once more, as long as nobody has accepted it')
    .action(async (alias, options) =>
      withAgent(options, async (agent) => {
        const { partnership, text } = await intoFile(options.out, () =>
          options.again
            ? inviteAgain(agent, findPartnership(agent.store, alias))
            : invite(agent, alias, systemRandom, options.jurisdiction),
        );
        if (options.json)
          return printJson({
            partnership: partnership.id,
            partner: alias,
            ...(options.out ? { file: options.out } : { invitation: text }),
          });
        if (!options.out) print(text);
        note(
          `send ${options.out ?? 'this line'} to your partner; it holds for 14 days from the first invitation`,
        );
        note(`after they accepted: \`commonground partner verify ${alias}\`, on the phone with them`);
      }),
    );
}

/** Writes the text to a new file that is there before the work begins, so that a taken name costs no invitation. */
async function intoFile<Made extends { readonly text: string }>(
  path: string | undefined,
  work: () => Promise<Made>,
): Promise<Made> {
  if (path === undefined) return work();
  createSecretFile(path, '');
  try {
    const made = await work();
    replaceFile(path, `${made.text}\n`);
    return made;
  } catch (error) {
    rmSync(path, { force: true });
    throw error;
  }
}

function acceptCommand() {
  return command(
    'accept',
    'PUT /v1/partnerships/{partnership}/acceptance',
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
        note(
          `next: call them. You run \`commonground partner verify ${options.as}\`; they run the same with their own name for you`,
        );
      }),
    );
}

function verifyCommand() {
  return command(
    'verify',
    'PUT /v1/partnerships/{partnership}/opening',
    'Compare the four words with your partner over the phone: both of you must have the same. Nothing moves before both of you did this.',
    'commonground partner verify borealis\ncommonground partner verify borealis --words "apple river stone light"',
  )
    .argument('<alias>')
    .option('--words <words>', 'the four words that your partner read out (not those shown to you)')
    .option('--show', 'only show the words to read out to the partner')
    .option('--differ', 'the words really differ: end this for good, and let your partner’s agent know')
    .action(async (alias, options) =>
      withAgent(options, async (agent) => {
        const found = findPartnership(agent.store, alias);
        if (options.differ) return differ(agent, found);
        const partnership = await current(agent, found);
        refuseEnded(partnership);
        if (options.show || !partnership.phrase || !partnership.partner)
          return show(agent, partnership, options.json ?? false);
        if (options.words === undefined) await show(agent, partnership, false);
        const verified =
          options.words === undefined
            ? await compare(agent, partnership)
            : verify(agent, partnership, options.words);
        const notice = operatorNotice(await agent.client().service(), agent, verified.partner);
        if (options.json)
          return printJson({ partner: alias, verifiedAt: verified.verifiedAt, operator: notice });
        print(
          `${alias} is verified: ${printable(verified.partner?.name ?? '')}, ${verified.partner?.organisation}`,
        );
        // Said above, where the words were shown.
        if (options.words !== undefined) noteOperator(notice);
        note(`next: \`commonground scope grant --partner ${alias} --preset overlap\``);
      }),
    );
}

/** Asks until the words agree or the person says that they do not. */
async function compare(agent: Agent, partnership: Partnership): Promise<Partnership> {
  for (;;) {
    const typed = await ask('the four words that your partner reads out, or `no` if they really differ', {
      instead: 'use --words "…", with what the partner read out',
    });
    if (/^\s*no\s*$/i.test(typed)) return differ(agent, partnership);
    try {
      return verify(agent, partnership, typed);
    } catch (error) {
      const again = error instanceof Problem && /^(phrase_mismatch|bad_argument)$/.test(error.code);
      if (!again) throw error;
      note(`${error.message}; nothing was decided: listen again and type them again`);
    }
  }
}

/** Ends the partnership because the words differ; the way out is always this problem. */
async function differ(agent: Agent, partnership: Partnership): Promise<never> {
  const { alias, verifiedAt, ended } = partnership;
  if (verifiedAt)
    throw new Problem(
      'bad_argument',
      `the words of ${alias} agreed on ${verifiedAt}`,
      `\`commonground partner end ${alias}\` ends it all the same`,
    );
  if (!ended || ended.told) refuseEnded(partnership);
  let untold = '';
  try {
    // Nothing works with its keys before it is verified, so a sync that is running need not be kept out.
    await endPartnership(agent, partnership, { wordsDiffer: true });
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    untold = ` The service was not told (${error.message}): run \`commonground sync\`.`;
  }
  throw new Problem(
    'phrase_mismatch',
    'the words differ: somebody may stand between you and your partner',
    `it is ended, nothing of your list was sent, and your partner’s agent will say so.${untold} Call your partner on a number you know, then ${startAnew(alias)}`,
  );
}

function noteOperator({ warning, text }: { readonly warning: boolean; readonly text: string }): void {
  note(warning ? `WARNING: ${text}` : text);
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
  noteOperator(notice);
  note(
    'both of you must have these same four words: read them out, on a number that you know, and listen to theirs',
  );
  note('type what you hear, not what stands here: words that nobody compared protect nobody');
}

function listCommand() {
  return command('list', 'keyring', 'Partners and how far each connection is.', 'commonground partner list')
    .option('--all', 'with those that are ended')
    .action(async (options) =>
      withAgent(options, async (agent) => {
        const partnerships: Partnership[] = [];
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
        const shown = new Set(unfinished(partnerships).map(({ id }) => id));
        print(
          table(
            ['partner', 'name', 'organisation', 'state', 'verified'],
            rows
              .filter(({ partnership }) => options.all || shown.has(partnership))
              .map((row) => [row.partner, row.name, row.organisation, row.state, row.verifiedAt]),
          ),
        );
        if (!options.all) noteEnded(partnerships);
      }),
    );
}

/** The introduction as far as it can go, and an ending by the partner taken note of. */
async function current(agent: Agent, partnership: Partnership): Promise<Partnership> {
  if (partnership.ended?.told || (partnership.deadSince && !partnership.ended)) return partnership;
  const view = await viewOf(agent, partnership);
  const followed = await followEnding(agent, partnership, view);
  return followed.ended ? followed : introduce(agent, followed, view);
}

function stateOf(partnership: Partnership): string {
  if (partnership.ended) return describeEnding(partnership.ended, partnership);
  if (partnership.deadSince) return 'ended: the words differed';
  if (partnership.verifiedAt) return 'verified';
  if (partnership.partner) return 'to verify';
  return 'waiting for the partner';
}

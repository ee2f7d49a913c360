import { createHash } from 'node:crypto';
import { askOverlap, type OverlapRow } from '../../agent/answers.ts';
import { Problem } from '../../agent/problem.ts';
import type { Partnership } from '../../agent/store/partnerships.ts';
import { type Decision, putDecision } from '../../agent/store/reviews.ts';
import type { Viewer } from '../../agent/viewer.ts';
import { command, group, withViewer } from '../command.ts';
import { note, print, printJson, table } from '../output.ts';
import { kindsText, ruleText } from './why.ts';

/** `review`: deciding about pairs that may be namesakes. */
export function reviewCommand() {
  return group(
    'review',
    'Decide about pairs that may be one company or only namesakes. What you decide is remembered on this machine and tells your partner nothing; that you looked stands in the ledger, as an overlap question.',
  )
    .addCommand(listCommand())
    .addCommand(decideCommand('confirm', 'They are one company: show the pair as confirmed.', 'confirmed'))
    .addCommand(decideCommand('reject', 'They are two companies: leave the pair out.', 'rejected'))
    .addCommand(decideCommand('undo', 'Forget what was decided; the pair is to review again.', null));
}

/** A pair to review, with the partnership it belongs to. */
interface Candidate {
  /** Names the pair in these commands: the first 8 hexadecimal digits of a hash of both accounts' handles. */
  readonly pair: string;
  readonly partnership: Partnership;
  readonly row: OverlapRow;
}

function listCommand() {
  return command(
    'list',
    'POST /v1/partnerships/{partnership}/overlap',
    'Pairs to review, with what they agree in and a short id to decide by.',
    'commonground review list --partner borealis\ncommonground review list --all --json',
  )
    .option('--partner <alias>', 'only this partner (default: all verified)')
    .option('--all', 'also those that were decided')
    .action(async (options) =>
      withViewer(options, async (viewer) => {
        const all = await candidates(viewer, options.partner);
        const shown = all.filter(({ row }) => options.all || row.decision === null);
        if (options.json) return printJson({ pairs: shown.map(({ pair, row }) => ({ pair, ...row })) });
        if (shown.length > 0) {
          print(
            table(
              [
                'pair',
                'partner',
                'record',
                'account',
                'their populations',
                'agree in',
                'why to review',
                'decided',
              ],
              shown.map(({ pair, row }) => [
                pair,
                row.partner,
                row.records.map(({ record }) => record).join(' '),
                row.account,
                row.theirPopulations.join(' '),
                kindsText(row.matchedBy),
                ruleText(row.reasons[0]),
                row.decision ?? '',
              ]),
            ),
          );
          note('decide with `commonground review confirm PAIR…` or `commonground review reject PAIR…`');
        }
        const decided = all.length - shown.length;
        note(
          `${shown.length} pairs to review${decided > 0 ? `, ${decided} decided (--all shows them)` : ''}`,
        );
      }),
    );
}

function decideCommand(name: 'confirm' | 'reject' | 'undo', description: string, decision: Decision | null) {
  return command(
    name,
    'POST /v1/partnerships/{partnership}/overlap',
    description,
    `commonground review ${name} 3fa29c01 77d0e1b2`,
  )
    .argument('<pair...>', 'ids of `commonground review list`')
    .option('--partner <alias>', 'only this partner (default: all verified)')
    .action(async (pairs, options) =>
      withViewer(options, async (viewer) => {
        const all = await candidates(viewer, options.partner);
        const chosen = pairs.map((pair) => chosenBy(all, pair));
        viewer.store.database.transaction(() => {
          for (const { partnership, row } of chosen) putDecision(viewer.store, partnership.id, row, decision);
        });
        if (options.json)
          return printJson({
            pairs: chosen.map(({ pair, row }) => ({ pair, record: row.record, decision })),
          });
        note(`${chosen.length} ${decision ?? 'to review again'}`);
      }),
    );
}

async function candidates(viewer: Viewer, partner: string | undefined): Promise<Candidate[]> {
  const found: Candidate[] = [];
  for (const partnership of await viewer.asked(partner)) {
    for await (const row of askOverlap(viewer, partnership, {}))
      if (row.tier === 'review') found.push({ pair: idOf(row), partnership, row });
  }
  return found;
}

function chosenBy(all: readonly Candidate[], text: string): Candidate {
  const [found, another] = all.filter(({ pair }) => text.length >= 4 && pair.startsWith(text.toLowerCase()));
  if (found && !another) return found;
  throw new Problem(
    'bad_argument',
    another ? `${text} begins the ids of several pairs` : `no pair to review has the id ${text}`,
    '`commonground review list --all` shows the ids; nothing was changed',
  );
}

function idOf({ myHandle, theirHandle }: OverlapRow): string {
  return createHash('sha256').update(`${myHandle} ${theirHandle}`).digest('hex').slice(0, 8);
}

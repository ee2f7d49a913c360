import { FIELDS } from '../../../protocol/scope.ts';
import type { Agent } from '../../agent/agent.ts';
import {
  askLedger,
  askMatrix,
  askOverlap,
  askWhiteSpace,
  type OverlapRow,
  type WhiteSpaceRow,
} from '../../agent/answers.ts';
import type { MatrixAnswer } from '../../agent/client.ts';
import { Problem } from '../../agent/problem.ts';
import { findPartnership, listPartnerships, type Partnership } from '../../agent/store/partnerships.ts';
import { collect, command, withAgent } from '../command.ts';
import { note, print, printable, printJson, table } from '../output.ts';

/** `matrix`: how many accounts meet, by population. */
export function matrixCommand() {
  return command(
    'matrix',
    'How many accounts you and a partner have in common, by population.',
    'commonground matrix --partner borealis',
  )
    .option('--partner <alias>', 'only this partner (default: all verified)')
    .action(async (options) =>
      withAgent(options, async (agent) => {
        const answers = [];
        for (const partnership of asked(agent, options.partner)) {
          answers.push({ partner: partnership.alias, ...(await askMatrix(agent, partnership)) });
        }
        if (options.json) return printJson({ partners: answers });
        for (const answer of answers) printMatrix(answer);
      }),
    );
}

/** `overlap`: the accounts both have. */
export function overlapCommand() {
  return command(
    'overlap',
    'The accounts that you and your partners both have, with your CRM record ids and what the partner grants of its side.',
    'commonground overlap --mine open-opportunities --theirs customers\ncommonground overlap --partner borealis --since 3 --json',
  )
    .option('--partner <alias>', 'only this partner (default: all verified)')
    .option('--mine <population>', 'only accounts in this population of yours', collect)
    .option('--theirs <population>', 'only accounts in this population of theirs', collect)
    .option('--since <snapshot>', 'only pairs first seen after this snapshot', Number)
    .option('--limit <n>', 'at most so many rows', Number)
    .action(async (options) =>
      withAgent(options, async (agent) => {
        checkNumbers(options);
        const rows: OverlapRow[] = [];
        const question = {
          ...(options.mine ? { mine: options.mine } : {}),
          ...(options.theirs ? { theirs: options.theirs } : {}),
          ...(options.since === undefined ? {} : { since: options.since }),
        };
        for (const partnership of asked(agent, options.partner)) {
          const page = options.limit === undefined ? {} : { limit: Math.min(500, options.limit) };
          for await (const row of askOverlap(agent, partnership, { ...question, ...page })) {
            rows.push(row);
            if (options.limit !== undefined && rows.length >= options.limit) break;
          }
        }
        rows.sort((x, y) => x.account.localeCompare(y.account));
        if (options.json) return printJson({ rows });
        printOverlap(rows);
      }),
    );
}

/** `whitespace`: the partner's accounts that you lack. */
export function whiteSpaceCommand() {
  return command(
    'whitespace',
    'Accounts of your partners that you do not have, as far as they grant their names.',
    'commonground whitespace --partner borealis --theirs customers',
  )
    .option('--partner <alias>', 'only this partner (default: all verified)')
    .option('--theirs <population>', 'only accounts in this population of theirs', collect)
    .option('--limit <n>', 'at most so many rows', Number)
    .action(async (options) =>
      withAgent(options, async (agent) => {
        checkNumbers(options);
        const rows: WhiteSpaceRow[] = [];
        for (const partnership of asked(agent, options.partner)) {
          const page = options.limit === undefined ? {} : { limit: Math.min(500, options.limit) };
          for await (const row of askWhiteSpace(agent, partnership, {
            ...(options.theirs ? { theirs: options.theirs } : {}),
            ...page,
          })) {
            rows.push(row);
            if (options.limit !== undefined && rows.length >= options.limit) break;
          }
        }
        rows.sort((a, b) => a.name.localeCompare(b.name));
        if (options.json) return printJson({ rows });
        print(
          table(
            ['partner', 'name', 'their populations'],
            rows.map((row) => [row.partner, row.name, row.theirPopulations.join(' ')]),
          ),
        );
        note(`${rows.length} accounts`);
      }),
    );
}

/** `ledger`: what was revealed to whom. */
export function ledgerCommand() {
  return command(
    'ledger',
    'What the service revealed, to whom, when and under which scope.',
    'commonground ledger --partner borealis',
  )
    .option('--partner <alias>', 'only this partner (default: all verified)')
    .action(async (options) =>
      withAgent(options, async (agent) => {
        const answers = [];
        for (const partnership of asked(agent, options.partner)) {
          answers.push({ partner: partnership.alias, entries: await askLedger(agent, partnership) });
        }
        if (options.json) return printJson({ partners: answers });
        const rows = answers.flatMap(({ partner, entries }) =>
          entries.map((entry) => [
            partner,
            entry.number,
            entry.at,
            entry.viewer === 'mine' ? 'you' : partner,
            entry.question,
            entry.rows,
            entry.cells.length > 3
              ? `${entry.cells.length} cells`
              : entry.cells.map((cell) => `${cell.granting} for ${cell.viewing}`).join(', '),
            `v${entry.scopeNumber}`,
          ]),
        );
        print(
          table(['partner', 'entry', 'time', 'shown to', 'question', 'rows', 'populations', 'scope'], rows),
        );
      }),
    );
}

/** The partners a question goes to: the named one, else all verified. */
function asked(agent: Agent, name: string | undefined): Partnership[] {
  if (name !== undefined) return [findPartnership(agent.store, name)];
  const verified = listPartnerships(agent.store).filter(
    (partnership) => partnership.verifiedAt && !partnership.deadSince,
  );
  if (verified.length === 0)
    throw new Problem('not_verified', 'there is no verified partner yet', 'see `commonground partner list`');
  return verified;
}

function printMatrix(answer: MatrixAnswer & { readonly partner: string }): void {
  const { mine, theirs } = answer.populations;
  if (!answer.snapshot) return note(`${answer.partner}: no snapshot yet; both sides have to sync`);
  if (theirs.length === 0) return note(`${answer.partner} grants you nothing at present`);
  print(`${answer.partner}, snapshot ${answer.snapshot.number} (${answer.snapshot.at})`);
  const shown = (value: number | null, exact: boolean) =>
    value === null ? '·' : exact ? String(value) : value === 0 ? 'few' : `≥${value}`;
  const rows = mine.map((row) => [
    row,
    ...theirs.map((column) => {
      const cell = answer.cells.find((candidate) => candidate.mine === row && candidate.theirs === column);
      return cell ? shown(cell.pairs, cell.exact) : '·';
    }),
  ]);
  const white = theirs.map((column) => {
    const cell = answer.cells.find(
      (candidate) => candidate.theirs === column && candidate.whiteSpace !== null,
    );
    return cell ? shown(cell.whiteSpace, cell.whiteSpaceExact) : '·';
  });
  print(table(['yours \\ theirs', ...theirs], [...rows, ['(not in your list)', ...white]]));
  if (answer.cells.some((cell) => cell.pairs !== null && !cell.exact))
    note('≥ numbers are rounded down by the partner’s scope; “few” is below its minimum; · is not granted');
}

function printOverlap(rows: readonly OverlapRow[]): void {
  const fields = FIELDS.filter((field) => rows.some((row) => row.fields[field] !== undefined));
  print(
    table(
      ['partner', 'record', 'account', 'their populations', 'matched by', ...fields],
      rows.map((row) => [
        row.partner,
        row.removed ? '(removed from your list)' : row.record,
        row.account,
        row.theirPopulations.join(' '),
        row.matchedBy.join('+'),
        ...fields.map((field) => printable(row.fields[field] ?? '')),
      ]),
    ),
  );
  note(`${rows.length} pairs`);
}

function checkNumbers(options: {
  readonly limit?: number | undefined;
  readonly since?: number | undefined;
}): void {
  for (const value of [options.limit, options.since]) {
    if (value !== undefined && (!Number.isInteger(value) || value < 0))
      throw new Problem('bad_argument', `${value} is not a whole number`);
  }
  if (options.limit === 0) throw new Problem('bad_argument', '--limit is at least 1');
}

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
import type { MatrixAnswer, Question } from '../../agent/client.ts';
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
        const rows = await overlapRows(agent, options);
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
        const rows = await whiteSpaceRows(agent, options);
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
        for (const partnership of asked(agent, options.partner, true)) {
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

/** What narrows overlap and white space, as the options are typed. */
export interface Narrowing {
  readonly partner?: string | undefined;
  readonly mine?: string[] | undefined;
  readonly theirs?: string[] | undefined;
  readonly since?: number | undefined;
  readonly limit?: number | undefined;
}

/** The overlap with all partners asked, by the own account's name. */
export function overlapRows(agent: Agent, options: Narrowing): Promise<OverlapRow[]> {
  return sortedRows(agent, options, askOverlap, (row) => row.account);
}

/** The white space of all partners asked, by name. */
export function whiteSpaceRows(agent: Agent, options: Narrowing): Promise<WhiteSpaceRow[]> {
  return sortedRows(agent, options, askWhiteSpace, (row) => row.name);
}

async function sortedRows<Row>(
  agent: Agent,
  options: Narrowing,
  ask: (agent: Agent, partnership: Partnership, question: Question) => AsyncIterable<Row>,
  nameOf: (row: Row) => string,
): Promise<Row[]> {
  checkNumbers(options);
  const { mine, theirs, since, limit } = options;
  const question: Question = {
    ...(mine ? { mine } : {}),
    ...(theirs ? { theirs } : {}),
    ...(since === undefined ? {} : { since }),
    ...(limit === undefined ? {} : { limit: Math.min(500, limit) }),
  };
  const rows: Row[] = [];
  for (const partnership of asked(agent, options.partner)) {
    if (limit !== undefined && rows.length >= limit) break;
    for await (const row of ask(agent, partnership, question)) {
      rows.push(row);
      if (limit !== undefined && rows.length >= limit) break;
    }
  }
  return rows.sort((x, y) => nameOf(x).localeCompare(nameOf(y)));
}

/** The partners a question goes to: the named one, else all verified; of ended ones the ledger stays readable. */
function asked(agent: Agent, name: string | undefined, withEnded = false): Partnership[] {
  if (name !== undefined) return [findPartnership(agent.store, name)];
  const verified = listPartnerships(agent.store).filter(
    ({ verifiedAt, deadSince, ended }) => verifiedAt && !deadSince && (!ended || withEnded),
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

function checkNumbers(options: Pick<Narrowing, 'limit' | 'since'>): void {
  for (const value of [options.limit, options.since]) {
    if (value !== undefined && (!Number.isInteger(value) || value < 0))
      throw new Problem('bad_argument', `${value} is not a whole number`);
  }
  if (options.limit === 0) throw new Problem('bad_argument', '--limit is at least 1');
}

import type { PartnershipId } from '../../../protocol/ids.ts';
import { FIELDS } from '../../../protocol/scope.ts';
import type { Agent } from '../../agent/agent.ts';
import {
  askLedger,
  askMatrix,
  askOverlap,
  askWhiteSpace,
  type OverlapRow,
  readLedger,
  type WhiteSpaceRow,
} from '../../agent/answers.ts';
import type { Client, MatrixAnswer, Question } from '../../agent/client.ts';
import { isMemberHome } from '../../agent/home.ts';
import { partnersAsked } from '../../agent/member/caller.ts';
import { openSeat } from '../../agent/member/home.ts';
import { Problem } from '../../agent/problem.ts';
import { findPartnership, listPartnerships, type Partnership } from '../../agent/store/partnerships.ts';
import type { Viewer } from '../../agent/viewer.ts';
import { collect, command, homeOf, withAgent, withViewer } from '../command.ts';
import { type EmptyReason, emptyReason, memberEmptyReason } from '../empty.ts';
import { note, print, printable, printJson, table } from '../output.ts';
import { namesOf } from '../scope/desk.ts';
import { kindsText, printWhy } from './why.ts';

/** `matrix`: how many accounts meet, by population. */
export function matrixCommand() {
  return command(
    'matrix',
    'POST /v1/partnerships/{partnership}/matrix',
    'How many accounts you and a partner have in common, by population.',
    'commonground matrix --partner borealis\ncommonground matrix --json',
  )
    .option('--partner <alias>', 'only this partner (default: all verified)')
    .action(async (options) => {
      if (isMemberHome(homeOf(options))) {
        const answers = await memberAnswers(options, false, (client, id) => client.matrix(id));
        const { client } = openSeat(homeOf(options), Date.now);
        return showMatrices(answers, options.json, ({ partner, answer }) =>
          memberEmptyReason(client, partner, answer),
        );
      }
      await withAgent(options, async (agent) => {
        const answers = [];
        for (const partnership of await agent.asked(options.partner)) {
          answers.push({ partner: partnership.alias, answer: await askMatrix(agent, partnership) });
        }
        await showMatrices(answers, options.json, ({ partner }) =>
          emptyReason(agent, findPartnership(agent.store, partner), { what: 'matrix' }),
        );
      });
    });
}

/** `overlap`: the accounts both have. */
export function overlapCommand() {
  return command(
    'overlap',
    'POST /v1/partnerships/{partnership}/overlap',
    'The accounts that you and your partners both have, with your CRM record ids and what the partner grants of its side. Confirmed pairs are one company; pairs to review may be namesakes and show no fields: `commonground review` decides about them.',
    'commonground overlap --mine open-opportunities --theirs customers\ncommonground overlap --partner borealis --since 3 --json\ncommonground overlap --partner borealis --why',
  )
    .option('--partner <alias>', 'only this partner (default: all verified)')
    .option('--mine <population>', 'only accounts in this population of yours', collect)
    .option('--theirs <population>', 'only accounts in this population of theirs', collect)
    .option('--since <snapshot>', 'only pairs first seen after this snapshot', Number)
    .option('--limit <n>', 'at most so many rows', Number)
    .option('--why', 'say of each pair which rule decided and which of your columns it rests on')
    .action(async (options) => {
      await withViewer(options, async (viewer) => {
        const { rows, empty } = await overlapRows(viewer, options);
        if (options.json) return printJson({ rows, empty });
        if (options.why) printWhy(rows);
        else if (rows.length > 0) printOverlap(rows);
        for (const { message } of empty) note(message);
      });
    });
}

/** `whitespace`: the partner's accounts that you lack. */
export function whiteSpaceCommand() {
  return command(
    'whitespace',
    'POST /v1/partnerships/{partnership}/whitespace',
    'Accounts of your partners that you do not have, as far as they grant their names. Names that stand anywhere in your own list are left out.',
    'commonground whitespace --partner borealis --theirs customers',
  )
    .option('--partner <alias>', 'only this partner (default: all verified)')
    .option('--theirs <population>', 'only accounts in this population of theirs', collect)
    .option('--limit <n>', 'at most so many rows', Number)
    .action(async (options) => {
      await withViewer(options, async (viewer) => {
        const { rows, empty, known, capped } = await whiteSpaceRows(viewer, options);
        if (options.json) return printJson({ rows, empty, known, capped });
        if (rows.length > 0) {
          print(
            table(
              ['partner', 'name', 'their populations'],
              rows.map((row) => [row.partner, row.name, row.theirPopulations.join(' ')]),
            ),
          );
          note(`${rows.length} accounts`);
        }
        noteKnown(known);
        noteCapped(capped);
        for (const { message } of empty) note(message);
      });
    });
}

/** `ledger`: what was revealed to whom. */
export function ledgerCommand() {
  return command(
    'ledger',
    'POST /v1/partnerships/{partnership}/ledger',
    'What the service revealed, to whom, when and under which scope. Of your own people it names who asked, of the partner’s the role; the role agent is a company of one, whose keyring asks.',
    'commonground ledger --partner borealis',
  )
    .option('--partner <alias>', 'only this partner (default: all verified)')
    .action(async (options) => {
      const { answers, names } = await ledgers(options);
      const partners = answers.map(({ partner, answer }) => ({ partner, entries: answer }));
      if (options.json) return printJson({ partners });
      const rows = partners.flatMap(({ partner, entries }) =>
        entries.map((entry) => [
          partner,
          entry.number,
          entry.at,
          entry.viewer === 'mine' ? 'you' : partner,
          entry.role,
          // Of the partner's people the role alone is known.
          entry.member && (names.get(entry.member) ?? entry.member),
          entry.question,
          entry.rows,
          entry.cells.length > 3
            ? `${entry.cells.length} cells`
            : entry.cells.map((cell) => `${cell.granting} for ${cell.viewing}`).join(', '),
          `v${entry.scopeNumber}`,
        ]),
      );
      print(
        table(
          [
            'partner',
            'entry',
            'time',
            'shown to',
            'role',
            'person',
            'question',
            'rows',
            'populations',
            'scope',
          ],
          rows,
        ),
      );
    });
}

/** The entries with each partner, and what the own people are called, where the caller may know. */
async function ledgers(options: Pick<Narrowing, 'partner'> & { readonly home?: string | undefined }) {
  if (isMemberHome(homeOf(options))) {
    const answers = await memberAnswers(options, true, readLedger);
    return { answers, names: await namesOf(openSeat(homeOf(options), Date.now)) };
  }
  return withAgent(options, async (agent) => {
    const answers = [];
    for (const partnership of withEnded(agent, options.partner))
      answers.push({ partner: partnership.alias, answer: await askLedger(agent, partnership) });
    return { answers, names: await namesOf({ client: agent.client() }) };
  });
}

/** What narrows overlap and white space, as the options are typed. */
export interface Narrowing {
  readonly partner?: string | undefined;
  readonly mine?: string[] | undefined;
  readonly theirs?: string[] | undefined;
  readonly since?: number | undefined;
  readonly limit?: number | undefined;
  /** With what each pair rests on; for the overlap. */
  readonly why?: boolean | undefined;
}

/** Rows of all partners asked, and why a partner has none. */
interface Rows<Row> {
  readonly rows: readonly Row[];
  readonly empty: readonly EmptyReason[];
}

/** A partner of which names are withheld, and from when on there can be more of them. */
interface CappedPartner {
  readonly partner: string;
  readonly moreFrom: string | null;
}

/** The overlap with all partners asked, by the own account's name, without the pairs that people here rejected. */
export function overlapRows(viewer: Viewer, options: Narrowing): Promise<Rows<OverlapRow>> {
  const ask: typeof askOverlap = (...to) =>
    withoutRejected(askOverlap(to[0], to[1], to[2], { why: options.why }));
  return sortedRows(viewer, options, 'overlap', ask, (row) => row.account);
}

async function* withoutRejected(rows: AsyncIterable<OverlapRow>): AsyncGenerator<OverlapRow> {
  for await (const row of rows) if (row.decision !== 'rejected') yield row;
}

/**
 * The white space of all partners asked, by name, without the accounts that the own list knows by name: those were not
 * compared, for instance because they are in no population. `known` says how many, `capped` of which
 * partners the month has no names left.
 */
export async function whiteSpaceRows(
  viewer: Viewer,
  options: Narrowing,
): Promise<Rows<WhiteSpaceRow> & { readonly known: number; readonly capped: readonly CappedPartner[] }> {
  const capped: CappedPartner[] = [];
  const ask: typeof askWhiteSpace = (of, partnership, question) =>
    askWhiteSpace(of, partnership, question, {
      onCapped: ({ moreFrom }) => capped.push({ partner: partnership.alias, moreFrom }),
    });
  const { rows, empty, asked } = await sortedRows(viewer, options, 'whitespace', ask, (row) => row.name);
  const [partnership] = asked;
  const names = rows.map(({ name }) => name);
  // The own list is the same whoever the partner is.
  const known = partnership ? await viewer.own.known(partnership, names) : new Set<string>();
  const unknown = rows.filter(({ name }) => !known.has(name));
  // Where names are withheld, "you lack none" would be wrong.
  const unexplained = empty.filter(({ partner }) => !capped.some((other) => other.partner === partner));
  return { rows: unknown, empty: unexplained, known: rows.length - unknown.length, capped };
}

/** Says of which partners names are withheld. */
export function noteCapped(capped: readonly CappedPartner[]): void {
  for (const { partner, moreFrom } of capped)
    note(
      moreFrom === null
        ? `${partner}: it has accounts that you lack, but its scope shows no names of them`
        : `${partner}: your company was shown as many names this month as its scope says; there can be more from ${moreFrom} on`,
    );
}

/** Says what `whiteSpaceRows` left out. */
export function noteKnown(known: number): void {
  if (known > 0)
    note(
      `${known} left out: accounts of that name stand in your own list, but were not compared or did not match`,
    );
}

async function sortedRows<Row>(
  viewer: Viewer,
  options: Narrowing,
  what: 'overlap' | 'whitespace',
  ask: (viewer: Viewer, partnership: Partnership, question: Question) => AsyncIterable<Row>,
  nameOf: (row: Row) => string,
): Promise<Rows<Row> & { readonly asked: readonly Partnership[] }> {
  checkNumbers(options);
  const { mine, theirs, since, limit } = options;
  const question: Question = {
    ...(mine ? { mine } : {}),
    ...(theirs ? { theirs } : {}),
    ...(since === undefined ? {} : { since }),
    ...(limit === undefined ? {} : { limit: Math.min(500, limit) }),
  };
  const rows: Row[] = [];
  const empty: EmptyReason[] = [];
  const asked = await viewer.asked(options.partner);
  for (const partnership of asked) {
    if (limit !== undefined && rows.length >= limit) break;
    const before = rows.length;
    for await (const row of ask(viewer, partnership, question)) {
      rows.push(row);
      if (limit !== undefined && rows.length >= limit) break;
    }
    if (rows.length === before) empty.push(await emptyReason(viewer, partnership, { what, theirs }));
  }
  return { rows: rows.sort((x, y) => nameOf(x).localeCompare(nameOf(y))), empty, asked };
}

interface Matrix {
  readonly partner: string;
  readonly answer: MatrixAnswer;
}

async function showMatrices(
  answers: readonly Matrix[],
  asJson: boolean | undefined,
  whyEmpty: (asked: Matrix) => Promise<EmptyReason>,
): Promise<void> {
  const empty: EmptyReason[] = [];
  for (const asked of answers) {
    const isEmpty = !asked.answer.snapshot || asked.answer.populations.theirs.length === 0;
    if (isEmpty) empty.push(await whyEmpty(asked));
    else if (!asJson) printMatrix({ partner: asked.partner, ...asked.answer });
  }
  if (asJson)
    return printJson({ partners: answers.map(({ partner, answer }) => ({ partner, ...answer })), empty });
  for (const { message } of empty) note(message);
}

/** The answers that a member is given in a home without keys; they are the service's word. */
async function memberAnswers<Answer>(
  options: { readonly home?: string | undefined; readonly partner?: string | undefined },
  withEnded: boolean,
  ask: (client: Client, id: PartnershipId) => Promise<Answer>,
): Promise<{ readonly partner: string; readonly answer: Answer }[]> {
  const { client } = openSeat(homeOf(options), Date.now);
  const answers = [];
  for (const { alias, id } of await partnersAsked(client, options.partner, withEnded)) {
    answers.push({ partner: alias, answer: await ask(client, id) });
  }
  return answers;
}

/** The partners whose ledger is read: of ended ones it stays readable. */
function withEnded(agent: Agent, name: string | undefined): Partnership[] {
  if (name !== undefined) return [findPartnership(agent.store, name)];
  const met = listPartnerships(agent.store).filter(({ verifiedAt, deadSince }) => verifiedAt && !deadSince);
  if (met.length === 0)
    throw new Problem('not_verified', 'there is no verified partner yet', 'see `commonground partner list`');
  return met;
}

function printMatrix(answer: MatrixAnswer & { readonly partner: string }): void {
  const { mine, theirs } = answer.populations;
  print(`${answer.partner}, snapshot ${answer.snapshot?.number} (${answer.snapshot?.at})`);
  const shown = (value: number | null, exact: boolean) =>
    value === null ? '·' : exact ? String(value) : value === 0 ? 'few' : `≥${value}`;
  const rows = mine.map((row) => [
    row,
    ...theirs.map((column) => {
      const cell = answer.cells.find((candidate) => candidate.mine === row && candidate.theirs === column);
      if (!cell?.confirmed) return '·';
      const confirmed = shown(cell.confirmed.accounts, cell.exact);
      return cell.review && cell.review.accounts > 0
        ? `${confirmed} (+${shown(cell.review.accounts, cell.exact)})`
        : confirmed;
    }),
  ]);
  const white = theirs.map((column) => {
    const cell = answer.cells.find(
      (candidate) => candidate.theirs === column && candidate.whiteSpace !== null,
    );
    return cell ? shown(cell.whiteSpace, cell.whiteSpaceExact) : '·';
  });
  const cells = [...rows.map(([, ...counts]) => counts), white].flat().join(' ');
  print(table(['yours \\ theirs', ...theirs], [...rows, ['(not in your list)', ...white]]));
  if (answer.cells.some((cell) => cell.review && cell.review.accounts > 0))
    note('accounts in confirmed pairs, of the side that has fewer; behind + those in pairs to review');
  const legend = [
    cells.includes('≥') ? '≥ at least so many: rounded down by the partner’s scope' : '',
    cells.includes('few') ? '“few” fewer than its scope shows' : '',
    cells.includes('·') ? '· not granted to you' : '',
  ].filter((text) => text !== '');
  if (legend.length > 0) note(legend.join('; '));
  if (answer.cells.some(({ reasons }) => reasons.some(({ code }) => code === 'own_limit')))
    note(
      'your own organisation limits what your role is shown of it, so that some of this is hidden; a member of the role legal can change it: `commonground scope limit`',
    );
}

function printOverlap(rows: readonly OverlapRow[]): void {
  const fields = FIELDS.filter((field) => rows.some((row) => row.fields[field] !== undefined));
  print(
    table(
      ['partner', 'record', 'account', 'their populations', 'tier', 'matched by', ...fields],
      rows.map((row) => [
        row.partner,
        row.removed ? '(removed from your list)' : row.records.map(({ record }) => record).join(' '),
        row.account,
        row.theirPopulations.join(' '),
        tierText(row),
        kindsText(row.matchedBy),
        ...fields.map((field) => printable(row.fields[field] ?? '')),
      ]),
    ),
  );
  const review = rows.filter((row) => row.tier === 'review' && row.decision === null).length;
  note(
    review > 0
      ? `${rows.length - review} confirmed pairs, ${review} to review with \`commonground review list\``
      : `${rows.length} pairs`,
  );
}

function tierText({ tier, decision }: OverlapRow): string {
  return decision ? `${decision} by you` : tier;
}

function checkNumbers(options: Pick<Narrowing, 'limit' | 'since'>): void {
  for (const value of [options.limit, options.since]) {
    if (value !== undefined && (!Number.isInteger(value) || value < 0))
      throw new Problem('bad_argument', `${value} is not a whole number`);
  }
  if (options.limit === 0) throw new Problem('bad_argument', '--limit is at least 1');
}

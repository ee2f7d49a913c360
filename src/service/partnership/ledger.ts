/** The ledger: what was revealed to whom. Append-only; an entry commits together with the answer it is about. */
import { sideNumber } from '../../../protocol/ids.ts';
import type { MemberId } from '../../../protocol/member.ts';
import { ok, type Result, refuse } from '../../../protocol/result.ts';
import { decide, revealsAccounts } from '../policy/decide.ts';
import type { ProblemCode } from '../problems.ts';
import { first, type PartnershipStore } from '../storage/partnership.ts';
import type { Cell, Ground } from './cells.ts';
import { type Asker, type OperationContext, sides } from './context.ts';
import { openCursor, sealCursor } from './cursor.ts';
import { scopeInForce } from './versions.ts';

const PAGE = 200;
/** How long after its first page others join an entry: whoever makes cursors up hides no later question behind it. */
const JOIN_MS = 3600_000;

/** A cell as the ledger names it: whose data, for which population of the viewer. */
export interface LedgerCell {
  readonly granting: string;
  readonly viewing: string;
}

export interface LedgerEntry {
  readonly number: number;
  readonly atMs: number;
  readonly viewer: 'mine' | 'theirs';
  /** As what somebody asked; `agent` for a company of one. */
  readonly role: Asker['role'];
  /** Who of the own people; null for the partner's, and for an agent. */
  readonly member: MemberId | null;
  readonly question: string;
  readonly cells: readonly LedgerCell[];
  readonly scopeNumber: number;
  readonly snapshot: number;
  /** How many rows the answer had; null where it had none by nature or where the partner's scope hides them. */
  readonly rows: number | null;
}

interface Disclosure {
  readonly question: 'matrix' | 'overlap' | 'whitespace';
  readonly ground: Ground;
  readonly cells: readonly Cell[];
  readonly rows: number | null;
  /** Number of the entry that the page before wrote; 0 for a first page. */
  readonly continues: number;
}

/**
 * Writes what is about to be answered, and gives the entry's number. Later pages of one question join its entry:
 * their number would tell the other side how many rows there are.
 */
export function record(context: OperationContext, disclosure: Disclosure): number {
  const { store, caller, asker, nowMs } = context;
  const { question, ground, rows } = disclosure;
  const cells = numberOfCells(store, disclosure.cells);
  const same = first<{ page: number }>(
    store,
    `select max(page) as page from ledger where number = ? and viewer = ? and role = ? and member is ?
     and question = ? and cells = ? and scope_number = ? and snapshot = ? having min(at_ms) > ?`,
    disclosure.continues,
    sideNumber(caller),
    asker.role,
    asker.member,
    question,
    cells,
    ground.scopeNumber,
    ground.snapshot.number,
    nowMs - JOIN_MS,
  );
  const last = first<{ number: number | null }>(store, 'select max(number) as number from ledger');
  const number = same ? disclosure.continues : (last?.number ?? 0) + 1;
  store.run(
    `insert into ledger (number, page, at_ms, viewer, role, member, question, cells, scope_number, snapshot, rows)
     values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    number,
    same ? same.page + 1 : 0,
    nowMs,
    sideNumber(caller),
    asker.role,
    asker.member,
    question,
    cells,
    ground.scopeNumber,
    ground.snapshot.number,
    rows,
  );
  return number;
}

/** The number that these cells stand under, which are written down once. */
function numberOfCells(store: PartnershipStore, cells: readonly Cell[]): number {
  const text = JSON.stringify(cells.map((cell) => ({ granting: cell.theirs, viewing: cell.mine })));
  const sql = 'select number from ledger_cells where cells = ?';
  const known = first<{ number: number }>(store, sql, text);
  if (known) return known.number;
  store.run('insert into ledger_cells (cells) values (?)', text);
  return numberOfCells(store, cells);
}

interface LedgerRow {
  readonly number: number;
  readonly at_ms: number;
  readonly viewer: number;
  readonly role: Asker['role'];
  readonly member: MemberId | null;
  readonly question: string;
  readonly cells: string;
  readonly scope_number: number;
  readonly snapshot: number;
  readonly rows: number | null;
}

/**
 * Both sides' questions, oldest first. How many rows the partner got of my data is itself a count of the overlap: it
 * is shown only where the partner's scope grants me the accounts of all those cells.
 */
export function ledger(
  context: OperationContext,
  input: { readonly cursor?: string | undefined },
): Result<{ readonly entries: readonly LedgerEntry[]; readonly next: string | null }, ProblemCode> {
  const { store, caller } = context;
  const from = input.cursor === undefined ? null : openCursor('ledger', caller, input.cursor);
  if (input.cursor !== undefined && !from) return refuse('invalid_request', 'cursor');
  const rows = store.all<LedgerRow>(
    `select l.number, min(l.at_ms) as at_ms, l.viewer, l.role, l.member, l.question, c.cells, l.scope_number,
       l.snapshot, sum(l.rows) as rows
     from ledger l join ledger_cells c on c.number = l.cells
     where l.number > ? group by l.number order by l.number limit ?`,
    from?.entry ?? 0,
    PAGE + 1,
  );
  const page = rows.slice(0, PAGE);
  const last = page.at(-1);
  const next =
    rows.length > PAGE && last
      ? sealCursor('ledger', caller, { snapshot: 0, entry: last.number, position: '' })
      : null;
  const isShown = shownAccounts(context);
  return ok({ entries: page.map((row) => entryOf(context, row, isShown)), next });
}

function entryOf(
  context: OperationContext,
  row: LedgerRow,
  isShown: (cell: LedgerCell) => boolean,
): LedgerEntry {
  const isMine = row.viewer === sideNumber(context.caller);
  const cells = JSON.parse(row.cells) as LedgerCell[];
  return {
    number: row.number,
    atMs: row.at_ms,
    viewer: isMine ? 'mine' : 'theirs',
    role: row.role,
    member: isMine ? row.member : null,
    question: row.question,
    cells,
    scopeNumber: row.scope_number,
    snapshot: row.snapshot,
    rows: isMine || cells.every(isShown) ? row.rows : null,
  };
}

/**
 * Whether the partner's scope grants me the accounts of a cell of the partner's, seen from the other side: its viewing
 * population is now the one asked for. Whoever reads the ledger is no viewer; what sales people may see is no secret in
 * the house, what the clean team alone may see is.
 */
function shownAccounts(context: OperationContext): (cell: LedgerCell) => boolean {
  const { store, nowMs } = context;
  const { mine, theirs } = sides(context);
  const granting = scopeInForce(store, theirs, nowMs)?.scope ?? null;
  const viewing = scopeInForce(store, mine, nowMs)?.scope ?? null;
  // The entries of a page are about the same few cells, and a decision weighs up to a hundred rules.
  const known = new Map<string, boolean>();
  return (cell) => {
    const name = `${cell.viewing} ${cell.granting}`;
    const isShown =
      known.get(name) ??
      revealsAccounts(
        decide({
          granting,
          viewing,
          ownLimit: null,
          role: 'sales',
          grantingPopulation: cell.viewing,
          viewingPopulation: cell.granting,
          nowMs,
        }).level,
      );
    known.set(name, isShown);
    return isShown;
  };
}

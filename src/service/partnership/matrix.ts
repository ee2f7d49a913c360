/** The matrix: how many pairs and accounts meet, and how much white space there is, cell by cell. */
import { ok, type Result } from '../../../protocol/result.ts';
import type { Level, WhiteSpaceLevel } from '../../../protocol/scope.ts';
import { revealsAccounts } from '../policy/decide.ts';
import type { ProblemCode } from '../problems.ts';
import { bit, type Cell, groundOf } from './cells.ts';
import type { OperationContext } from './context.ts';
import { record } from './ledger.ts';
import { type Tallies, type Tally, talliesOf, unmatchedOf } from './tallies.ts';

/** What meets in a cell, of one tier. Both sides see the same numbers, with `mine` and `theirs` exchanged. */
export interface Meeting {
  /** The smaller number of the two sides' accounts; rounded down at level `counts`. */
  readonly accounts: number;
  /** Distinct pairs; null at level `counts`, as the next two. */
  readonly pairs: number | null;
  /** My accounts in these pairs, and theirs. */
  readonly mine: number | null;
  readonly theirs: number | null;
}

export interface MatrixCell {
  readonly mine: string;
  readonly theirs: string;
  readonly level: Level;
  readonly whiteSpaceLevel: WhiteSpaceLevel;
  /** Pairs of the tier `confirmed`; null where nothing is granted. */
  readonly confirmed: Meeting | null;
  /** Pairs of the tier `review`; null where they are not granted. */
  readonly review: Meeting | null;
  /** Their accounts in no pair of any tier; null where nothing is granted. */
  readonly whiteSpace: number | null;
  /** False where rounded down to a multiple of the grantor's minimum. */
  readonly exact: boolean;
  readonly whiteSpaceExact: boolean;
}

export interface Matrix {
  readonly snapshot: { readonly number: number; readonly atMs: number } | null;
  readonly populations: { readonly mine: readonly string[]; readonly theirs: readonly string[] };
  readonly cells: readonly MatrixCell[];
}

export function matrix(context: OperationContext, _input: Record<never, never>): Result<Matrix, ProblemCode> {
  const ground = groundOf(context);
  if (!ground) return ok({ snapshot: null, populations: { mine: [], theirs: [] }, cells: [] });
  const granted = ground.cells.filter(reveals);
  // A population of the partner of which nothing is granted stays unnamed.
  const named = ground.theirs.populations.filter((name) => granted.some((cell) => cell.theirs === name));
  const { store } = context;
  const sides = [ground.mine.side, ground.theirs.side] as const;
  const confirmed = talliesOf(store, 'confirmed', ...sides);
  const review = talliesOf(store, 'review', ...sides);
  const unmatched = unmatchedOf(store, ground.theirs.side);
  const cells = ground.cells
    .filter((cell) => named.includes(cell.theirs))
    .map((cell): MatrixCell => {
      const { level, whiteSpace } = cell.decision;
      const isGranted = level !== 'none';
      const space = total(unmatched, (row) => holds(row.theirs, cell.theirsIndex));
      return {
        mine: cell.mine,
        theirs: cell.theirs,
        level,
        whiteSpaceLevel: whiteSpace,
        confirmed: isGranted ? meeting(confirmed, cell, ground.minimumCount) : null,
        review: isGranted && cell.decision.review ? meeting(review, cell, ground.minimumCount) : null,
        whiteSpace:
          whiteSpace === 'none' ? null : whiteSpace === 'names' ? space : rounded(space, ground.minimumCount),
        exact: revealsAccounts(level),
        whiteSpaceExact: whiteSpace === 'names',
      };
    });
  if (granted.length > 0) {
    record(context, { question: 'matrix', ground, cells: granted, rows: null, continues: 0 });
  }
  const snapshot = { number: ground.snapshot.number, atMs: ground.snapshot.at_ms };
  return ok({ snapshot, populations: { mine: ground.mine.populations, theirs: named }, cells });
}

function reveals({ decision }: Cell): boolean {
  return decision.level !== 'none' || decision.whiteSpace !== 'none';
}

/**
 * At level `counts` only the smaller of the two sides' numbers of accounts. Pairs would let a viewer lift one account
 * of the other side over the minimum: a target that it lists under several own accounts makes several pairs.
 */
function meeting(tallies: Tallies, cell: Cell, minimum: number): Meeting {
  const inCell = (rows: readonly Tally[]) =>
    total(rows, (row) => holds(row.mine, cell.mineIndex) && holds(row.theirs, cell.theirsIndex));
  const [pairs, mine, theirs] = [inCell(tallies.pairs), inCell(tallies.mine), inCell(tallies.theirs)];
  const accounts = Math.min(mine, theirs);
  if (revealsAccounts(cell.decision.level)) return { accounts, pairs, mine, theirs };
  return { accounts: rounded(accounts, minimum), pairs: null, mine: null, theirs: null };
}

function rounded(count: number, minimum: number): number {
  return count - (count % minimum);
}

function total(rows: readonly Tally[], isCounted: (row: Tally) => boolean): number {
  return rows.reduce((sum, row) => (isCounted(row) ? sum + row.count : sum), 0);
}

function holds(mask: number, index: number): boolean {
  return (mask & bit(index)) !== 0;
}

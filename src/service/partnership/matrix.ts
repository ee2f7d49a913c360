/** The matrix: how many pairs and accounts meet, and how much white space there is, cell by cell. */
import { ok, type Result } from '../../../protocol/result.ts';
import type { Level, WhiteSpaceLevel } from '../../../protocol/scope.ts';
import type { Reason } from '../../wire/reasons.ts';
import { type Part, rounded, roundedDown, roundedSpace, type Tally } from '../policy/counts.ts';
import { revealsAccounts } from '../policy/decide.ts';
import type { ProblemCode } from '../problems.ts';
import { bit } from './block.ts';
import { type Cell, type Ground, groundOf } from './cells.ts';
import type { OperationContext } from './context.ts';
import { record } from './ledger.ts';
import { type Lists, listsOf, type Tallies, talliesOf } from './tallies.ts';

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
  /** What decided. */
  readonly reasons: readonly Reason[];
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
  const sides = [ground.mine.side, ground.theirs.side] as const;
  const { number: snapshot } = ground.snapshot;
  const numbers = numbersOf(
    ground,
    {
      confirmed: talliesOf(context.store, snapshot, 'confirmed', ...sides),
      review: talliesOf(context.store, snapshot, 'review', ...sides),
    },
    listsOf(context.store, snapshot, ...sides),
  );
  const cells = ground.cells
    .filter((cell) => named.includes(cell.theirs))
    .map((cell): MatrixCell => {
      const { level, whiteSpace, review, reasons } = cell.decision;
      const isGranted = level !== 'none';
      return {
        mine: cell.mine,
        theirs: cell.theirs,
        level,
        whiteSpaceLevel: whiteSpace,
        confirmed: isGranted ? numbers.meeting('confirmed', cell) : null,
        review: isGranted && review ? numbers.meeting('review', cell) : null,
        whiteSpace: whiteSpace === 'none' ? null : numbers.space(cell),
        exact: revealsAccounts(level),
        whiteSpaceExact: whiteSpace === 'names',
        reasons,
      };
    });
  if (granted.length > 0) {
    record(context, { question: 'matrix', ground, cells: granted, rows: null, continues: 0 });
  }
  const of = { number: snapshot, atMs: ground.snapshot.at_ms };
  return ok({ snapshot: of, populations: { mine: ground.mine.populations, theirs: named }, cells });
}

function reveals({ decision }: Cell): boolean {
  return decision.level !== 'none' || decision.whiteSpace !== 'none';
}

/**
 * The numbers of cells, of which nothing else leaves. At level `counts` it is the smaller of the two sides' rounded numbers
 * of accounts. Pairs would let a viewer lift one account of the other side over the minimum: a target that it lists under
 * several own accounts makes several pairs.
 */
export function numbersOf(
  ground: Pick<Ground, 'cells' | 'minimumCount'>,
  tallies: Readonly<Record<'confirmed' | 'review', Tallies>>,
  lists: Lists,
): {
  readonly meeting: (tier: 'confirmed' | 'review', cell: Cell) => Meeting;
  readonly space: (cell: Cell) => number;
} {
  const { confirmed, review } = tallies;
  const minimum = ground.minimumCount;
  const shown = [
    shownBy(ground.cells, ({ level }) => revealsAccounts(level)),
    shownBy(ground.cells, (decision) => revealsAccounts(decision.level) && decision.review),
  ] as const;
  const known = { own: lists.mine, shown, minimum };
  const mine = rounded([confirmed.mine, review.mine], known);
  const theirs = rounded([confirmed.theirs, review.theirs], known);
  const meetingAny = rounded([confirmed.theirs, lists.toReviewOnly], known).flat();
  const tierIndex = { confirmed: 0, review: 1 } as const;
  /** What the viewer counts itself where it is shown one by one stands beside what is rounded. */
  const countedIn = (cell: Cell, index: 0 | 1, parts: readonly Part[] = []) =>
    parts.reduce((sum, part) => {
      if (!holds(part.mine, cell.mineIndex) || !holds(part.theirs, cell.theirsIndex)) return sum;
      return sum + (holds(shown[index](part.mine), cell.theirsIndex) ? part.exact : part.count);
    }, 0);
  return {
    meeting(tier, cell) {
      const inCell = (rows: readonly Tally[]) =>
        total(rows, (row) => holds(row.mine, cell.mineIndex) && holds(row.theirs, cell.theirsIndex));
      const all = tallies[tier];
      if (!revealsAccounts(cell.decision.level)) {
        const index = tierIndex[tier];
        const accounts = Math.min(countedIn(cell, index, mine[index]), countedIn(cell, index, theirs[index]));
        return { accounts: roundedDown(accounts, minimum), pairs: null, mine: null, theirs: null };
      }
      const [ofMine, ofTheirs] = [inCell(all.mine), inCell(all.theirs)];
      return {
        accounts: Math.min(ofMine, ofTheirs),
        pairs: inCell(all.pairs),
        mine: ofMine,
        theirs: ofTheirs,
      };
    },
    space(cell) {
      const isExact = cell.decision.whiteSpace === 'names';
      const meeting = isExact ? [...confirmed.theirs, ...lists.toReviewOnly] : meetingAny;
      const masks = [...lists.theirs].filter(([mask]) => holds(mask, cell.theirsIndex));
      return masks.reduce((sum, [mask, listed]) => {
        const inPairs = total(meeting, (row) => row.theirs === mask);
        return sum + (isExact ? listed - inPairs : roundedSpace(listed, inPairs, minimum));
      }, 0);
    },
  };
}

/** Which of the partner's populations show their accounts one by one to accounts with a mask of mine. */
function shownBy(
  cells: readonly Cell[],
  isShown: (decision: Cell['decision']) => boolean,
): (mine: number) => number {
  const shown = cells.filter(({ decision }) => isShown(decision));
  return (mine) =>
    shown.reduce((mask, cell) => (holds(mine, cell.mineIndex) ? mask | bit(cell.theirsIndex) : mask), 0);
}

function total(rows: readonly Tally[], isCounted: (row: Tally) => boolean): number {
  return rows.reduce((sum, row) => (isCounted(row) ? sum + row.count : sum), 0);
}

function holds(mask: number, index: number): boolean {
  return (mask & bit(index)) !== 0;
}

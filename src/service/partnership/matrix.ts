/** The matrix: how many pairs, and how much white space, each cell has. */
import { sideNumber } from '../../../protocol/ids.ts';
import { ok, type Result } from '../../../protocol/result.ts';
import type { Level, WhiteSpaceLevel } from '../../../protocol/scope.ts';
import { revealsAccounts } from '../policy/decide.ts';
import type { ProblemCode } from '../problems.ts';
import { first } from '../storage/partnership.ts';
import { bit, type Cell, type Ground, groundOf } from './cells.ts';
import type { OperationContext } from './context.ts';
import { record } from './ledger.ts';

export interface MatrixCell {
  readonly mine: string;
  readonly theirs: string;
  readonly level: Level;
  readonly whiteSpaceLevel: WhiteSpaceLevel;
  /** Distinct pairs; at level `counts` rather how many accounts meet; null where nothing is granted. */
  readonly pairs: number | null;
  /** Their accounts in no pair at all; null where nothing is granted. */
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

interface MaskCount {
  readonly mine: number;
  readonly theirs: number;
  readonly count: number;
}

export function matrix(context: OperationContext, _input: Record<never, never>): Result<Matrix, ProblemCode> {
  const ground = groundOf(context);
  if (!ground) return ok({ snapshot: null, populations: { mine: [], theirs: [] }, cells: [] });
  const granted = ground.cells.filter(reveals);
  // A population of the partner of which nothing is granted stays unnamed.
  const named = ground.theirs.populations.filter((name) => granted.some((cell) => cell.theirs === name));
  const pairs = pairCounts(context, ground);
  const whiteSpace = whiteSpaceCounts(context, ground);
  const cells = ground.cells
    .filter((cell) => named.includes(cell.theirs))
    .map((cell) => {
      const met = cell.decision.level === 'counts' ? meetings(context, ground, cell) : pairsIn(pairs, cell);
      return matrixCell(cell, met, whiteSpace, ground.minimumCount);
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

function matrixCell(
  cell: Cell,
  pairCount: number,
  whiteSpace: readonly MaskCount[],
  minimum: number,
): MatrixCell {
  const { level, whiteSpace: whiteSpaceLevel } = cell.decision;
  const isExact = revealsAccounts(level);
  const spaceCount = total(whiteSpace, (row) => holds(row.theirs, cell.theirsIndex));
  return {
    mine: cell.mine,
    theirs: cell.theirs,
    level,
    whiteSpaceLevel,
    pairs: shown(pairCount, level === 'none', isExact, minimum),
    whiteSpace: shown(spaceCount, whiteSpaceLevel === 'none', whiteSpaceLevel === 'names', minimum),
    exact: isExact,
    whiteSpaceExact: whiteSpaceLevel === 'names',
  };
}

function pairsIn(pairs: readonly MaskCount[], cell: Cell): number {
  return total(pairs, (row) => holds(row.mine, cell.mineIndex) && holds(row.theirs, cell.theirsIndex));
}

/**
 * The smaller of the two sides' numbers of accounts in the cell's pairs. Pairs themselves would let a viewer lift one
 * account of the other side over the minimum: a target that it lists under several own accounts makes several pairs.
 */
function meetings({ store }: OperationContext, { mine, theirs }: Ground, cell: Cell): number {
  const row = first<{ mine: number; theirs: number }>(
    store,
    `select count(distinct ${mine.side}_handle) as mine, count(distinct ${theirs.side}_handle) as theirs
     from pairs where ${mine.side}_populations & ? and ${theirs.side}_populations & ?`,
    bit(cell.mineIndex),
    bit(cell.theirsIndex),
  );
  return Math.min(row?.mine ?? 0, row?.theirs ?? 0);
}

function shown(count: number, isHidden: boolean, isExact: boolean, minimum: number): number | null {
  if (isHidden) return null;
  return isExact ? count : count - (count % minimum);
}

/** Pairs by the masks of both accounts: at most 64 × 64 rows, whatever the lists' sizes. */
function pairCounts({ store }: OperationContext, { mine, theirs }: Ground): MaskCount[] {
  return store.all<MaskCount>(
    `select ${mine.side}_populations as mine, ${theirs.side}_populations as theirs, count(*) as count
     from pairs group by 1, 2`,
  );
}

function whiteSpaceCounts({ store }: OperationContext, { theirs }: Ground): MaskCount[] {
  return store.all<MaskCount>(
    `select 0 as mine, a.populations as theirs, count(*) as count from accounts a
     where a.side = ? and a.generation = ?
       and not exists (select 1 from pairs p where p.${theirs.side}_handle = a.handle)
     group by 2`,
    sideNumber(theirs.side),
    theirs.submission,
  );
}

function total(rows: readonly MaskCount[], isCounted: (row: MaskCount) => boolean): number {
  return rows.reduce((sum, row) => (isCounted(row) ? sum + row.count : sum), 0);
}

function holds(mask: number, index: number): boolean {
  return (mask & bit(index)) !== 0;
}

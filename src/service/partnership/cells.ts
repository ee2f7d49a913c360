/** The cells of a question: my populations × theirs, each with what the policy decides for it. */
import type { Side } from '../../../protocol/ids.ts';
import { type Decision, decide } from '../policy/decide.ts';
import { currentSnapshot, newestScope, type OperationContext, type Snapshot, sides } from './context.ts';
import { activeSubmission } from './submission.ts';

export interface Cell {
  /** My population and its bit. */
  readonly mine: string;
  readonly mineIndex: number;
  readonly theirs: string;
  readonly theirsIndex: number;
  readonly decision: Decision;
}

/** What an answer is given from. */
export interface Ground {
  readonly snapshot: Snapshot;
  readonly mine: {
    readonly side: Side;
    readonly submission: number;
    readonly populations: readonly string[];
  };
  readonly theirs: {
    readonly side: Side;
    readonly submission: number;
    readonly populations: readonly string[];
    /** Their signed head, and the signed scope that it refers to. */
    readonly head: Uint8Array;
    readonly scope: Uint8Array;
  };
  /** Number of the partner's newest scope, which decides; 0 without one. */
  readonly scopeNumber: number;
  readonly minimumCount: number;
  readonly cells: readonly Cell[];
}

/**
 * The ground of a question, or null while there is no snapshot. Bits of populations are those of the scopes that the
 * active submissions were made under; what they are granted is up to the newest scopes, by name.
 */
export function groundOf(context: OperationContext): Ground | null {
  const { store, nowMs } = context;
  const { mine, theirs } = sides(context);
  const snapshot = currentSnapshot(store);
  const my = activeSubmission(store, mine);
  const their = activeSubmission(store, theirs);
  if (!snapshot || !my || !their) return null;
  const granting = newestScope(store, theirs);
  const viewing = newestScope(store, mine);
  const { populations } = my.scope.scope;
  const theirPopulations = their.scope.scope.populations;
  const cells = populations.flatMap((viewingPopulation, mineIndex) =>
    theirPopulations.map((grantingPopulation, theirsIndex) => ({
      mine: viewingPopulation,
      mineIndex,
      theirs: grantingPopulation,
      theirsIndex,
      decision: decide({
        granting: granting?.scope ?? null,
        viewing: viewing?.scope ?? null,
        grantingPopulation,
        viewingPopulation,
        nowMs,
      }),
    })),
  );
  return {
    snapshot,
    mine: { side: mine, submission: my.number, populations },
    theirs: {
      side: theirs,
      submission: their.number,
      populations: theirPopulations,
      head: their.head,
      scope: their.scope.signed,
    },
    scopeNumber: granting?.number ?? 0,
    minimumCount: granting?.scope.minimumCount ?? 1,
    cells,
  };
}

/** The cells of these populations, all where none are named. */
export function chosen(
  cells: readonly Cell[],
  filter: { readonly mine?: readonly string[] | undefined; readonly theirs?: readonly string[] | undefined },
): Cell[] {
  return cells.filter(
    (cell) =>
      (filter.mine === undefined || filter.mine.includes(cell.mine)) &&
      (filter.theirs === undefined || filter.theirs.includes(cell.theirs)),
  );
}

/** The bit of a population in a mask of populations. */
export function bit(index: number): number {
  return 2 ** index;
}

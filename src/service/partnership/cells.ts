/** The cells of a question: my populations × theirs, each with what the policy decides for it. */
import { equal } from '../../../protocol/bytes.ts';
import type { Kind } from '../../../protocol/identifiers/kind.ts';
import type { Side } from '../../../protocol/ids.ts';
import { VIEWER_ROLES, type ViewerRole } from '../../../protocol/member.ts';
import { type Decision, decide } from '../policy/decide.ts';
import { first, type PartnershipStore } from '../storage/partnership.ts';
import { type Call, currentSnapshot, type OperationContext, type Snapshot, sides } from './context.ts';
import { limitOf } from './limits.ts';
import { activeSubmission } from './submission.ts';
import { type StoredScope, scopeInForce } from './versions.ts';

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
    /** Whether it was sealed under the scope that is in force: what was sealed under another is not given out. */
    readonly isSealedNow: boolean;
  };
  /** The first snapshot of the scopes in force: no pair was seen earlier, since under others it may have been hidden. */
  readonly begun: number;
  /** Number of the partner's scope in force, which decides; 0 without one. */
  readonly scopeNumber: number;
  readonly minimumCount: number;
  /** Accounts of which white space may show the name in a month. */
  readonly namesPerMonth: number;
  /** Kinds of identifiers that open fields. */
  readonly strongKinds: readonly Kind[];
  readonly cells: readonly Cell[];
}

/** The viewer role by which a call is decided: a company of one's program asks as sales. Null: not one that asks. */
function viewerRole({ asker }: Call): ViewerRole | null {
  if (asker.role === 'agent') return 'sales';
  return VIEWER_ROLES.find((role) => role === asker.role) ?? null;
}

function begunMs({ accepted_ms, approved_ms, scope }: StoredScope): number {
  return Math.max(accepted_ms ?? 0, approved_ms ?? 0, Date.parse(scope.validFrom));
}

/** Number of the first snapshot from a time on; of the newest where there is none yet. */
function snapshotFrom(store: PartnershipStore, ms: number, newest: Snapshot): number {
  const sql = 'select min(number) as number from snapshots where at_ms >= ?';
  return first<{ number: number | null }>(store, sql, ms)?.number ?? newest.number;
}

/**
 * The ground of a question, or null while there is no snapshot. Bits of populations are those of the scopes that the
 * active submissions were made under; what they are granted is up to the scopes in force, by name.
 */
export function groundOf(context: OperationContext): Ground | null {
  const { store, nowMs } = context;
  const { mine, theirs } = sides(context);
  const snapshot = currentSnapshot(store);
  const granting = scopeInForce(store, theirs, nowMs);
  const viewing = scopeInForce(store, mine, nowMs);
  const my = activeSubmission(store, mine, viewing);
  const their = activeSubmission(store, theirs, granting);
  const role = viewerRole(context);
  if (!snapshot || !my || !their || !role) return null;
  const ownLimit = limitOf(store, mine, role);
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
        ownLimit,
        role,
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
      isSealedNow: granting !== null && equal(granting.hash, their.scope.hash),
    },
    begun: snapshotFrom(
      store,
      Math.max(...[granting, viewing].map((scope) => (scope ? begunMs(scope) : 0))),
      snapshot,
    ),
    scopeNumber: granting?.number ?? 0,
    minimumCount: granting?.scope.minimumCount ?? 1,
    namesPerMonth: granting?.scope.namesPerMonth ?? 0,
    strongKinds: granting?.scope.strongKinds ?? [],
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

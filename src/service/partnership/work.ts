/**
 * Work too long for one request, in steps that are idempotent and survive whatever ends the process between them: what has
 * had its time or is to be deleted goes, then complete submissions are checked and matched one after another.
 * Whoever keeps the partnership's database calls `work` until it says that nothing is left, and again when it is due.
 */
import { otherSide, type Side, sideNumber } from '../../../protocol/ids.ts';
import { ok, type Result } from '../../../protocol/result.ts';
import type { ProblemCode } from '../problems.ts';
import { first, type PartnershipStore } from '../storage/partnership.ts';
import { dueMs, settle } from './clearing.ts';
import { type OperationContext, sideRow } from './context.ts';
import { CHECKED_TYPES, checkPage } from './contradictions.ts';
import { deletePage, discardTables, hasGarbage } from './garbage.ts';
import { collectPage, crowdedPage, type Generations, joinPage, judgePage } from './matching.ts';
import type { WorkedPage } from './pages.ts';
import { dropGeneration } from './rows.ts';
import { abandon, cancel, nextSnapshot, type Run, runOf, WORKED_WITH } from './run.ts';
import { discardShown, showPage } from './shownpairs.ts';
import { accountsPage, tallyPage } from './tallies.ts';

/** Rows' worth that a step of its own is to do: about a second, in which nothing else of the partnership is answered. */
export const STEP_ROWS = 200_000;

const SIDES: readonly Side[] = ['founder', 'joiner'];

/** A stage of a run; the cursor is empty at its beginning. */
type Stage = (store: PartnershipStore, run: Run) => WorkedPage & { readonly contradiction?: string | null };

const bothOf = ({ founder, joiner }: Run): Generations => ({ founder: founder ?? 0, joiner: joiner ?? 0 });

/** Stages in their order; those from `join` on only where both sides have a list. */
const STAGES: ReadonlyMap<string, Stage> = new Map<string, Stage>([
  ...CHECKED_TYPES.map((type): [string, Stage] => [
    `check ${type}`,
    (store, run) => checkPage(store, type, run, run.after),
  ]),
  ['join', (store, run) => joinPage(store, bothOf(run), run.after)],
  ['crowded founder', (store, run) => crowdedPage(store, bothOf(run), 0, run.after)],
  ['crowded joiner', (store, run) => crowdedPage(store, bothOf(run), 1, run.after)],
  ['collect', (store, run) => collectPage(store, bothOf(run), run.after)],
  ['judge', (store, run) => judgePage(store, nextSnapshot(store), run.after)],
  ...SIDES.flatMap((side): (readonly [string, Stage])[] => [
    [`tally ${side}`, (store, run) => tallyPage(store, nextSnapshot(store), side, run.after)],
    [
      `accounts ${side}`,
      (store, run) => accountsPage(store, nextSnapshot(store), side, run[side] ?? 0, run.after),
    ],
    [`show ${side}`, (store, run) => showPage(store, nextSnapshot(store), bothOf(run), side, run.after)],
  ]),
]);
const NAMES = [...STAGES.keys()];
const FIRST = NAMES[0] ?? '';
/** What a run without a partner's list comes to next after its checks, as one with it after its last stage. */
const FINISH = 'finish';

/**
 * Works for about so many rows' worth, in the caller's atomic section; true while more is left that could be done now.
 * A thousand of it take some milliseconds.
 */
export function work(store: PartnershipStore, nowMs: number, rows: number): boolean {
  settle({ store, nowMs });
  let left = rows;
  while (left > 0) {
    const cost = deletePage(store) ?? advance(store, nowMs);
    if (cost === null) return false;
    left -= cost;
  }
  return hasWork(store);
}

/** A step of it; says from when on there is more to do: a time that has passed, one to come, or null. */
export function clear(
  { store, nowMs }: OperationContext,
  _input: Record<never, never>,
): Result<{ readonly dueMs: number | null }, ProblemCode> {
  return ok({ dueMs: work(store, nowMs, STEP_ROWS) ? nowMs : dueMs(store, nowMs) });
}

/** True where `work` has something to do at once. */
export function hasWork(store: PartnershipStore): boolean {
  return (
    hasGarbage(store) ||
    first(store, 'select 1 from sides where matching_submission is not null') !== undefined
  );
}

/** One page of the matching under way; null where there is none. */
function advance(store: PartnershipStore, nowMs: number): number | null {
  const run = runOf(store);
  if (!run) return begin(store);
  if (run.stage === FINISH) return finish(store, run, nowMs);
  const stage = STAGES.get(run.stage);
  if (!stage) {
    // Of another version of this program: from the beginning.
    cancel(store);
    return 1;
  }
  const { contradiction, next, cost } = stage(store, run);
  if (contradiction) return refuse(store, run, contradiction);
  if (next) store.run('update run set after = ?', next);
  else store.run("update run set stage = ?, after = x''", stageAfter(run));
  return cost;
}

function stageAfter({ stage, founder, joiner }: Run): string {
  const following = NAMES[NAMES.indexOf(stage) + 1] ?? FINISH;
  return following === 'join' && (founder === null || joiner === null) ? FINISH : following;
}

/** Begins with the next complete submission; null where there is none. */
function begin(store: PartnershipStore): number | null {
  const side = SIDES.find((one) => sideRow(store, one).matching_submission !== null);
  if (!side) return null;
  const { matching_submission: number } = sideRow(store, side);
  const { active_submission: others } = sideRow(store, otherSide(side));
  const [founder, joiner] = side === 'founder' ? [number, others] : [others, number];
  store.run('delete from tiers');
  store.run('delete from tallies where snapshot = ?', nextSnapshot(store));
  store.run(
    "insert into run (side, number, founder, joiner, stage, after) values (?, ?, ?, ?, ?, x'')",
    sideNumber(side),
    number,
    founder,
    joiner,
    FIRST,
  );
  return 1;
}

function refuse(store: PartnershipStore, { side, number }: Run, contradiction: string): number {
  const name = side === 0 ? 'founder' : 'joiner';
  abandon(store, name, number);
  const sql = 'update sides set refused_submission = ?, refusal = ? where side = ?';
  store.run(sql, number, contradiction, side);
  return 1;
}

/** Answers are given from the new submission and its snapshot from here on. */
function finish(store: PartnershipStore, run: Run, nowMs: number): number {
  const name = run.side === 0 ? 'founder' : 'joiner';
  const { active_submission } = sideRow(store, name);
  const isMatched = run.founder !== null && run.joiner !== null;
  const snapshot = isMatched ? nextSnapshot(store) : null;
  if (snapshot !== null) {
    store.run('insert into snapshots (number, at_ms) values (?, ?)', snapshot, nowMs);
    discardTables(store, WORKED_WITH);
    discardShown(store, { from: 0, to: snapshot - 1 });
    store.run('delete from tallies where snapshot < ?', snapshot);
  }
  if (active_submission !== null) dropGeneration(store, name, active_submission);
  const pointers = 'update sides set active_submission = ?, matching_submission = null where side = ?';
  store.run(pointers, run.number, run.side);
  const activated = 'update submissions set activated = 1, snapshot = ? where side = ? and number = ?';
  store.run(activated, snapshot, run.side, run.number);
  store.run('delete from run');
  // Its scope may have ended meanwhile.
  settle({ store, nowMs });
  return 1;
}

/** The overlap: the pairs of the granted cells, with the boxes that prove them and the fields that were granted. */
import type { Side } from '../../../protocol/ids.ts';
import { ok, type Result, refuse } from '../../../protocol/result.ts';
import type { Field } from '../../../protocol/scope.ts';
import { evidenceOf, type Tier, type TierRule, tierOf } from '../../../protocol/tier.ts';
import { type Decision, revealsAccounts } from '../policy/decide.ts';
import { grantedFields, openedFields } from '../policy/opening.ts';
import type { ProblemCode } from '../problems.ts';
import { first, type PartnershipStore } from '../storage/partnership.ts';
import { overlapAnswer } from './answer.ts';
import { bit } from './block.ts';
import { type Cell, chosen, type Ground, groundOf } from './cells.ts';
import { type OperationContext, timeText } from './context.ts';
import { type Cursor, openCursor, sealCursor } from './cursor.ts';
import { record } from './ledger.ts';
import { type ShownPair, shownPairs } from './pairs.ts';
import { fieldsOf, type Match, matchesOf } from './shownpairs.ts';
import { tierOfNumber } from './tallies.ts';
import { vaultRows } from './vault.ts';

export interface PageInput {
  /** The snapshot that must still be the current one. */
  readonly snapshot?: number | undefined;
  readonly cursor?: string | undefined;
  /** 1 to 1,000 rows. */
  readonly limit?: number | undefined;
}

export interface OverlapInput extends PageInput {
  readonly mine?: readonly string[] | undefined;
  readonly theirs?: readonly string[] | undefined;
  /** Only pairs first seen after this snapshot. */
  readonly since?: number | undefined;
}

/** As `answers.overlap` has it. Handles are in hexadecimal, other bytes in base64url. */
export interface OverlapRow {
  readonly mine: string;
  readonly theirs: string;
  readonly tier: Tier;
  readonly reasons: readonly TierRule[];
  /** Number and time of the snapshot in which the pair appeared in this tier. */
  readonly firstSeen: number;
  readonly firstSeenAt: string;
  /** Indexes of the page's cells in which the pair stands. */
  readonly cells: readonly number[];
  readonly matches: readonly Match[];
  readonly fields: Partial<Record<Field, string>>;
}

/** A cell that an answer is about, with what decided it. */
export interface AnsweredCell extends Decision {
  readonly mine: string;
  readonly theirs: string;
}

/** One page of an answer, with the partner's signed documents that it is to be checked against. */
export interface Page<Row> {
  readonly snapshot: { readonly number: number; readonly atMs: number } | null;
  readonly head: Uint8Array | null;
  readonly scope: Uint8Array | null;
  /** The cells that were asked for and are granted. */
  readonly cells: readonly AnsweredCell[];
  readonly rows: readonly Row[];
  readonly next: string | null;
}

const DEFAULT_LIMIT = 500;

/** A page of the overlap, as `answers.overlap` has it. A member gets the own accounts of its rows too, sealed. */
export function overlap(context: OperationContext, input: OverlapInput): Result<string, ProblemCode> {
  const page = overlapPage(context, input);
  if (!page.ok) return page;
  const handles = page.value.rows.map(({ mine }) => mine);
  return ok(overlapAnswer(page.value, context.asker.member === null ? null : vaultRows(context, handles)));
}

function overlapPage(context: OperationContext, input: OverlapInput): Result<Page<OverlapRow>, ProblemCode> {
  const ground = groundOf(context);
  const from = position(context.caller, ground, 'overlap', input);
  if (!from.ok) return from;
  if (!ground) return ok(EMPTY_PAGE);
  const cells = chosen(ground.cells, input).filter((cell) => revealsAccounts(cell.decision.level));
  if (cells.length === 0) return ok(pageOf(ground, [], [], null));
  const limit = input.limit ?? DEFAULT_LIMIT;
  const pairs = shownPairs(context, ground, cells, from.value, input.since ?? 0, limit + 1);
  const rows = rowsOf(context, ground, cells, pairs.slice(0, limit));
  const entry = record(context, {
    question: 'overlap',
    ground,
    cells,
    rows: rows.length,
    continues: from.value.entry,
  });
  const last = rows.at(-1);
  const next = pairs.length > limit && last ? { entry, position: last.mine + last.theirs } : null;
  return ok(pageOf(ground, cells, rows, next && sealed(context, 'overlap', ground, next)));
}

/** Where a page starts, its cursor and snapshot checked. */
export function position(
  viewer: Side,
  ground: Ground | null,
  question: string,
  input: PageInput,
): Result<Cursor, ProblemCode> {
  const current = ground?.snapshot.number;
  if (input.snapshot !== undefined && input.snapshot !== current) return refuse('snapshot_superseded');
  if (input.cursor === undefined) return ok({ snapshot: current ?? 0, entry: 0, position: '' });
  const cursor = openCursor(question, viewer, input.cursor);
  if (!cursor) return refuse('invalid_request', 'cursor');
  return cursor.snapshot === current ? ok(cursor) : refuse('snapshot_superseded');
}

export function sealed(
  context: OperationContext,
  question: string,
  ground: Ground,
  next: { readonly entry: number; readonly position: string },
): string {
  return sealCursor(question, context.caller, { snapshot: ground.snapshot.number, ...next });
}

/** The answer while a side has no active submission. */
export const EMPTY_PAGE: Page<never> = {
  snapshot: null,
  head: null,
  scope: null,
  cells: [],
  rows: [],
  next: null,
};

export function pageOf<Row>(
  { snapshot: { number, at_ms }, theirs: { head, scope } }: Ground,
  cells: readonly Cell[],
  rows: readonly Row[],
  next: string | null,
): Page<Row> {
  const answered = cells.map(({ mine, theirs, decision }) => ({ mine, theirs, ...decision }));
  return { snapshot: { number, atMs: at_ms }, head, scope, cells: answered, rows, next };
}

function rowsOf(
  { store }: OperationContext,
  ground: Ground,
  cells: readonly Cell[],
  pairs: readonly ShownPair[],
): OverlapRow[] {
  const timeOf = timesOfSnapshots(store);
  const reasonsOf = reasonsByEvidence();
  const standingOf = standingIn(cells);
  return pairs.map((pair) => {
    const tier = tierOfNumber(pair.tier);
    const standing = standingOf(pair, tier);
    const matches = matchesOf(pair, standing.populations);
    const opened = openedFields(
      { tier, kinds: matches.map(({ kind }) => kind), granted: standing.fields },
      { strongKinds: ground.strongKinds, isCurrent: ground.theirs.isSealedNow },
    );
    // Keys of kinds that the scope in force does not call strong stay where they are.
    const opens = ({ kind }: Match) => opened.length > 0 && ground.strongKinds.includes(kind);
    const keyed = matches.map((match) => (opens(match) ? match : { ...match, wrapped: null }));
    // Fields that no given key opens would only show their sizes.
    const isOpenable = keyed.some((match) => match.wrapped !== null);
    return {
      mine: pair.mine,
      theirs: pair.theirs,
      tier,
      reasons: reasonsOf(pair.evidence, tier),
      firstSeen: pair.first_seen,
      firstSeenAt: timeOf(pair.first_seen),
      cells: standing.cells,
      matches: keyed,
      fields: isOpenable ? fieldsOf(pair, opened) : {},
    };
  });
}

/** In which of the page's cells a pair stands, of which populations of the partner's these are, and the fields granted there. */
interface Standing {
  readonly cells: readonly number[];
  readonly populations: number;
  readonly fields: readonly Field[];
}

function standingIn(cells: readonly Cell[]): (pair: ShownPair, tier: Tier) => Standing {
  // Most pairs of a page stand in the same few sets of cells.
  const known = new Map<number, Standing>();
  return ({ mine_populations, theirs_populations, tier: number }, tier) => {
    // A mask is six bits at most, a tier one of two numbers.
    const key = (mine_populations << 8) | (theirs_populations << 2) | number;
    const standing = known.get(key) ?? standingOf(cells, mine_populations, theirs_populations, tier);
    known.set(key, standing);
    return standing;
  };
}

function standingOf(cells: readonly Cell[], mine: number, theirs: number, tier: Tier): Standing {
  const own: number[] = [];
  const decisions: Decision[] = [];
  let populations = 0;
  for (const [index, { mineIndex, theirsIndex, decision }] of cells.entries()) {
    if (!(mine & bit(mineIndex)) || !(theirs & bit(theirsIndex))) continue;
    if (tier === 'review' && !decision.review) continue;
    own.push(index);
    decisions.push(decision);
    populations |= bit(theirsIndex);
  }
  return { cells: own, populations, fields: grantedFields(decisions) };
}

/** Times of snapshots in RFC 3339; the pairs of a page are first seen in few. */
function timesOfSnapshots(store: PartnershipStore): (number: number) => string {
  const known = new Map<number, string>();
  return (number) => {
    const sql = 'select at_ms from snapshots where number = ?';
    const time = known.get(number) ?? timeText(first<{ at_ms: number }>(store, sql, number)?.at_ms ?? 0);
    known.set(number, time);
    return time;
  };
}

/** The rules that made the tier; of two verdicts that the evidence allows, the one that the matching came to. */
function reasonsByEvidence(): (evidence: number, tier: Tier) => readonly TierRule[] {
  // Most pairs of a page rest on the same few sets of evidence.
  const known = new Map<string, readonly TierRule[]>();
  return (evidence, tier) => {
    const key = `${evidence} ${tier}`;
    const verdicts = () => [false, true].map((oneToMany) => tierOf({ ...evidenceOf(evidence), oneToMany }));
    const reasons = known.get(key) ?? verdicts().find((verdict) => verdict?.tier === tier)?.reasons ?? [];
    known.set(key, reasons);
    return reasons;
  };
}

/** The overlap: the pairs of the granted cells, with the boxes that prove them and the fields that were granted. */
import { fromHex, toHex } from '../../../protocol/bytes.ts';
import { type Kind, kindOf } from '../../../protocol/identifiers/kind.ts';
import { HANDLE_BYTES, sideNumber } from '../../../protocol/ids.ts';
import { ok, type Result, refuse } from '../../../protocol/result.ts';
import { FIELDS, type Field } from '../../../protocol/scope.ts';
import { evidenceOf, type Tier, type TierRule, tierOf } from '../../../protocol/tier.ts';
import { revealsAccounts } from '../policy/decide.ts';
import type { ProblemCode } from '../problems.ts';
import { first } from '../storage/partnership.ts';
import { bit, type Cell, chosen, type Ground, groundOf } from './cells.ts';
import { currentSnapshot, type OperationContext } from './context.ts';
import { type Cursor, openCursor, sealCursor } from './cursor.ts';
import { record } from './ledger.ts';
import { tierNumber, tierOfNumber } from './tallies.ts';

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

export interface OverlapMatch {
  readonly kind: Kind;
  readonly tag: Uint8Array;
  readonly boxes: readonly { readonly population: number; readonly box: Uint8Array }[];
  readonly wrapped: Uint8Array | null;
}

export interface OverlapRow {
  /** Handles in hexadecimal. */
  readonly mine: string;
  readonly theirs: string;
  readonly tier: Tier;
  readonly reasons: readonly TierRule[];
  /** Number and time of the snapshot in which the pair appeared in this tier. */
  readonly firstSeen: number;
  readonly firstSeenAtMs: number;
  readonly matches: readonly OverlapMatch[];
  readonly fields: Readonly<Partial<Record<Field, Uint8Array>>>;
}

/** One page of an answer, with the partner's signed documents that it is to be checked against. */
export interface Page<Row> {
  readonly snapshot: { readonly number: number; readonly atMs: number } | null;
  readonly head: Uint8Array | null;
  readonly scope: Uint8Array | null;
  readonly rows: readonly Row[];
  readonly next: string | null;
}

interface PairRow {
  readonly mine: Uint8Array;
  readonly theirs: Uint8Array;
  readonly mine_populations: number;
  readonly theirs_populations: number;
  readonly evidence: number;
  readonly tier: number;
  readonly first_seen: number;
  readonly at_ms: number;
}

const DEFAULT_LIMIT = 500;
/** SQL spells out a condition for each bit, so that the statement is always the same. */
const POPULATION_BITS = [0, 1, 2, 3, 4, 5];

export function overlap(
  context: OperationContext,
  input: OverlapInput,
): Result<Page<OverlapRow>, ProblemCode> {
  const from = position(context, 'overlap', input);
  if (!from.ok) return from;
  const ground = groundOf(context);
  if (!ground) return ok(EMPTY_PAGE);
  const cells = chosen(ground.cells, input).filter((cell) => revealsAccounts(cell.decision.level));
  if (cells.length === 0) return ok(pageOf(ground, [], null));
  const limit = input.limit ?? DEFAULT_LIMIT;
  const pairs = pairsOf(context, ground, cells, from.value, input.since ?? 0, limit + 1);
  const rows = pairs.slice(0, limit).map((pair) => rowOf(context, ground, cells, pair));
  const entry = record(context, {
    question: 'overlap',
    ground,
    cells,
    rows: rows.length,
    continues: from.value.entry,
  });
  const last = rows.at(-1);
  const next = pairs.length > limit && last ? { entry, position: last.mine + last.theirs } : null;
  return ok(pageOf(ground, rows, next && sealed(context, 'overlap', ground, next)));
}

/** Where a page starts, its cursor and snapshot checked. */
export function position(
  context: OperationContext,
  question: string,
  input: PageInput,
): Result<Cursor, ProblemCode> {
  const current = currentSnapshot(context.store)?.number;
  if (input.snapshot !== undefined && input.snapshot !== current) return refuse('snapshot_superseded');
  if (input.cursor === undefined) return ok({ snapshot: current ?? 0, entry: 0, position: '' });
  const cursor = openCursor(question, context.caller, input.cursor);
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
export const EMPTY_PAGE: Page<never> = { snapshot: null, head: null, scope: null, rows: [], next: null };

export function pageOf<Row>(ground: Ground, rows: readonly Row[], next: string | null): Page<Row> {
  const snapshot = { number: ground.snapshot.number, atMs: ground.snapshot.at_ms };
  return { snapshot, head: ground.theirs.head, scope: ground.theirs.scope, rows, next };
}

function pairsOf(
  { store }: OperationContext,
  { mine, theirs }: Ground,
  cells: readonly Cell[],
  after: Cursor,
  since: number,
  limit: number,
): PairRow[] {
  const masks = (granted: readonly Cell[]) =>
    POPULATION_BITS.map((index) =>
      granted.reduce((mask, cell) => (cell.mineIndex === index ? mask | bit(cell.theirsIndex) : mask), 0),
    );
  const inCell = POPULATION_BITS.map(
    (index) => `(p.${mine.side}_populations & ${bit(index)} and p.${theirs.side}_populations & ?)`,
  );
  return store.all<PairRow>(
    `select p.${mine.side}_handle as mine, p.${theirs.side}_handle as theirs,
       p.${mine.side}_populations as mine_populations, p.${theirs.side}_populations as theirs_populations,
       p.evidence, p.tier, p.first_seen, s.at_ms
     from pairs p join snapshots s on s.number = p.first_seen
     where (p.${mine.side}_handle, p.${theirs.side}_handle) > (?, ?) and p.first_seen > ?
       and (p.tier = ${tierNumber('confirmed')} and (${inCell.join(' or ')})
         or p.tier = ${tierNumber('review')} and (${inCell.join(' or ')}))
     order by p.${mine.side}_handle, p.${theirs.side}_handle limit ?`,
    handleAt(after.position, 0),
    handleAt(after.position, 1),
    since,
    ...masks(cells),
    ...masks(cells.filter((cell) => cell.decision.review)),
    limit,
  );
}

/** The handle of this index in a position; where there is none, one zero byte, which stands before all handles. */
export function handleAt(text: string, index: number): Uint8Array {
  const digits = 2 * HANDLE_BYTES;
  const handle = fromHex(text.slice(index * digits, (index + 1) * digits));
  return handle?.length === HANDLE_BYTES ? handle : new Uint8Array(1);
}

function rowOf(context: OperationContext, ground: Ground, cells: readonly Cell[], pair: PairRow): OverlapRow {
  const tier = tierOfNumber(pair.tier);
  const own = cells.filter(
    (cell) =>
      pair.mine_populations & bit(cell.mineIndex) &&
      pair.theirs_populations & bit(cell.theirsIndex) &&
      (tier === 'confirmed' || cell.decision.review),
  );
  // Whatever a scope grants: a pair that a person has to look at first opens no fields.
  const isOpen = (field: Field) =>
    tier === 'confirmed' && own.some((cell) => cell.decision.fields.includes(field));
  const fields = FIELDS.filter(isOpen);
  const matches = matchesOf(context, ground, pair, own, fields.length > 0);
  // Fields that no given key opens would only show their sizes.
  const isOpenable = matches.some((match) => match.wrapped !== null);
  return {
    mine: toHex(pair.mine),
    theirs: toHex(pair.theirs),
    tier,
    reasons: reasonsOf(pair.evidence, tier),
    firstSeen: pair.first_seen,
    firstSeenAtMs: pair.at_ms,
    matches,
    fields: isOpenable ? fieldsOf(context, ground, pair, fields) : {},
  };
}

/** The rules that made the tier; of two verdicts that the evidence allows, the one that the matching came to. */
function reasonsOf(evidence: number, tier: Tier): readonly TierRule[] {
  const verdicts = [false, true].map((oneToMany) => tierOf({ ...evidenceOf(evidence), oneToMany }));
  return verdicts.find((verdict) => verdict?.tier === tier)?.reasons ?? [];
}

function matchesOf(
  { store }: OperationContext,
  { mine, theirs }: Ground,
  pair: PairRow,
  cells: readonly Cell[],
  withKey: boolean,
): OverlapMatch[] {
  const generation = [sideNumber(theirs.side), theirs.submission] as const;
  const rows = store.all<{ tag: Uint8Array; kind: number }>(
    `select tag, kind from matches where ${mine.side}_handle = ? and ${theirs.side}_handle = ? order by kind, tag`,
    pair.mine,
    pair.theirs,
  );
  return rows.flatMap(({ tag, kind: number }) => {
    const kind = kindOf(number);
    if (!kind) return [];
    const boxes = store
      .all<{ population: number; box: Uint8Array }>(
        `select population, box from boxes
         where side = ? and generation = ? and tag = ? and handle = ? order by population`,
        ...generation,
        tag,
        pair.theirs,
      )
      .filter((box) => cells.some((cell) => cell.theirsIndex === box.population));
    const wrap = withKey
      ? first<{ wrapped: Uint8Array }>(
          store,
          'select wrapped from wraps where side = ? and generation = ? and tag = ? and handle = ?',
          ...generation,
          tag,
          pair.theirs,
        )
      : undefined;
    return [{ kind, tag, boxes, wrapped: wrap?.wrapped ?? null }];
  });
}

function fieldsOf(
  { store }: OperationContext,
  { theirs }: Ground,
  pair: PairRow,
  granted: readonly Field[],
): Partial<Record<Field, Uint8Array>> {
  const rows = store.all<{ field: number; sealed: Uint8Array }>(
    'select field, sealed from fields where side = ? and generation = ? and handle = ? order by field',
    sideNumber(theirs.side),
    theirs.submission,
    pair.theirs,
  );
  const fields: Partial<Record<Field, Uint8Array>> = {};
  for (const row of rows) {
    // Numbers on the wire start at 1.
    const field = FIELDS[row.field - 1];
    if (field && granted.includes(field)) fields[field] = row.sealed;
  }
  return fields;
}

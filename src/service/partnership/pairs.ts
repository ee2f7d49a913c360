/** The pairs of a page as they are stored, with their matches, boxes, wrapped keys and sealed fields. */
import { concat, fromHex } from '../../../protocol/bytes.ts';
import { HANDLE_BYTES, sideNumber } from '../../../protocol/ids.ts';
import type { StoreValue } from '../storage/partnership.ts';
import { bit, type Cell, type Ground } from './cells.ts';
import type { OperationContext } from './context.ts';
import type { Cursor } from './cursor.ts';
import { tierNumber } from './tallies.ts';

export interface PairRow {
  readonly mine: Uint8Array;
  readonly theirs: Uint8Array;
  readonly mine_populations: number;
  readonly theirs_populations: number;
  readonly evidence: number;
  readonly tier: number;
  readonly first_seen: number;
  readonly at_ms: number;
}

/** SQL spells out a condition for each bit, so that the statement is always the same. */
const POPULATION_BITS = [0, 1, 2, 3, 4, 5];

/** The next pairs of these cells, in the order of their handles. */
export function pairsOf(
  { store }: OperationContext,
  { mine, theirs, begun }: Ground,
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
       p.evidence, p.tier, s.number as first_seen, s.at_ms
     from pairs p join snapshots s on s.number = max(p.first_seen, ?)
     where (p.${mine.side}_handle, p.${theirs.side}_handle) > (?, ?) and max(p.first_seen, ?) > ?
       and (p.tier = ${tierNumber('confirmed')} and (${inCell.join(' or ')})
         or p.tier = ${tierNumber('review')} and (${inCell.join(' or ')}))
     order by p.${mine.side}_handle, p.${theirs.side}_handle limit ?`,
    begun,
    handleAt(after.position, 0),
    handleAt(after.position, 1),
    begun,
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

/** A match, with one of its boxes. */
export interface Boxed {
  readonly tag: Uint8Array;
  readonly kind: number;
  readonly population: number | null;
  readonly box: Uint8Array | null;
  readonly wrapped: Uint8Array | null;
}

export interface SealedField {
  readonly field: number;
  readonly sealed: Uint8Array;
}

/** Every match of the pairs, once for each box of it. */
export function boxedOf(
  context: OperationContext,
  { mine, theirs }: Ground,
  pairs: readonly PairRow[],
): Boxed[][] {
  const generation = [sideNumber(theirs.side), theirs.submission] as const;
  return byPair<Boxed>(
    context,
    pairs,
    `select p.i, m.tag, m.kind, b.population, b.box, w.wrapped
     from pair p
     cross join matches m on m.${mine.side}_handle = p.mine and m.${theirs.side}_handle = p.theirs
     left join boxes b on b.side = ? and b.generation = ? and b.tag = m.tag and b.handle = p.theirs
     left join wraps w on w.side = ? and w.generation = ? and w.tag = m.tag and w.handle = p.theirs
     order by p.i, m.kind, m.tag, b.population`,
    ...generation,
    ...generation,
  );
}

/** All sealed fields of the pairs. */
export function sealedOf(
  context: OperationContext,
  { theirs }: Ground,
  pairs: readonly PairRow[],
): SealedField[][] {
  return byPair<SealedField>(
    context,
    pairs,
    `select p.i, f.field, f.sealed
     from pair p cross join fields f on f.side = ? and f.generation = ? and f.handle = p.theirs
     order by p.i, f.field`,
    sideNumber(theirs.side),
    theirs.submission,
  );
}

/**
 * Reads of all pairs of a page in one statement; `pair` has their handles and their index in the page, and the order of
 * cross joins is the one in which SQLite reads.
 */
function byPair<Row extends object>(
  { store }: OperationContext,
  pairs: readonly PairRow[],
  sql: string,
  ...parameters: readonly StoreValue[]
): Row[][] {
  const found: Row[][] = pairs.map(() => []);
  const [mine, theirs] = [
    concat(...pairs.map((pair) => pair.mine)),
    concat(...pairs.map((pair) => pair.theirs)),
  ];
  const rows = store.all<Row & { readonly i: number }>(
    `with recursive at(i) as (select 0 union all select i + 1 from at where i + 1 < ?),
     pair(i, mine, theirs) as materialized (
       select i, substr(?, i * ${HANDLE_BYTES} + 1, ${HANDLE_BYTES}), substr(?, i * ${HANDLE_BYTES} + 1, ${HANDLE_BYTES}) from at
     )
     ${sql}`,
    pairs.length,
    mine,
    theirs,
    ...parameters,
  );
  for (const row of rows) found[row.i]?.push(row);
  return found;
}

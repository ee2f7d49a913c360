/** The pairs of a page, as their viewer is shown them. */
import { fromHex } from '../../../protocol/bytes.ts';
import { HANDLE_BYTES, sideNumber } from '../../../protocol/ids.ts';
import { bit } from './block.ts';
import type { Cell, Ground } from './cells.ts';
import type { OperationContext } from './context.ts';
import type { Cursor } from './cursor.ts';
import type { Packed } from './shownpairs.ts';
import { tierNumber } from './tallies.ts';

/** A pair as the viewer is shown it. */
export interface ShownPair extends Packed {
  /** Handles in hexadecimal. */
  readonly mine: string;
  readonly theirs: string;
  readonly mine_populations: number;
  readonly theirs_populations: number;
  readonly evidence: number;
  readonly tier: number;
  readonly first_seen: number;
}

/** SQL spells out a condition for each bit, so that the statement is always the same. */
const POPULATION_BITS = [0, 1, 2, 3, 4, 5];

/** The next pairs of these cells, in the order of their handles. */
export function shownPairs(
  { store }: OperationContext,
  { theirs, begun, snapshot }: Ground,
  cells: readonly Cell[],
  after: Cursor,
  since: number,
  limit: number,
): ShownPair[] {
  const masks = (granted: readonly Cell[]) =>
    POPULATION_BITS.map((index) =>
      granted.reduce((mask, cell) => (cell.mineIndex === index ? mask | bit(cell.theirsIndex) : mask), 0),
    );
  const inCell = POPULATION_BITS.map(
    (index) => `(p.viewer_populations & ${bit(index)} and p.shown_populations & ?)`,
  ).join(' or ');
  return store.all<ShownPair>(
    `select lower(hex(p.viewer_handle)) as mine, lower(hex(p.shown_handle)) as theirs,
       p.viewer_populations as mine_populations, p.shown_populations as theirs_populations,
       p.evidence, p.tier, max(p.first_seen, ?) as first_seen,
       hex(p.matches) as matches, hex(o.keys) as keys, hex(o.fields) as fields
     from shown_pairs p left join openings o on o.side = p.side and o.snapshot = p.snapshot
       and o.viewer_handle = p.viewer_handle and o.shown_handle = p.shown_handle
     where p.side = ? and p.snapshot = ? and (p.viewer_handle, p.shown_handle) > (?, ?)
       and max(p.first_seen, ?) > ?
       and (p.tier = ${tierNumber('confirmed')} and (${inCell})
         or p.tier = ${tierNumber('review')} and (${inCell}))
     order by p.viewer_handle, p.shown_handle limit ?`,
    begun,
    sideNumber(theirs.side),
    snapshot.number,
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

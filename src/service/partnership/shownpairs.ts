/**
 * The pairs as each side is shown them, in the order of its own accounts, with the other side's boxes, keys and fields
 * packed beside each pair. They are made once a snapshot: what stands in many places of long tables is one range here.
 */
import { equal } from '../../../protocol/bytes.ts';
import { otherSide, type Side, sideNumber, TAG_BYTES } from '../../../protocol/ids.ts';
import { BOX_BYTES, WRAPPED_BYTES } from '../../../protocol/sizes.ts';
import type { PartnershipStore } from '../storage/partnership.ts';
import { discardRows, weightOf } from './garbage.ts';
import type { Generations } from './matching.ts';
import { PAGE_ROWS, pageOf, type WorkedPage } from './pages.ts';

/**
 * A pair's matches by kind and tag, one element for each box: the tag, its kind, the population plus one and the box; or
 * the tag, its kind and a zero for a match without boxes. `char` gives one byte below 128.
 */
const MATCHES = `group_concat(hex(m.tag) || hex(char(m.kind)) ||
  iif(b.box is null, '00', hex(char(b.population + 1)) || hex(b.box)), '' order by m.kind, m.tag, b.population)`;
/** Wrapped row keys, each behind its tag. */
const KEYS = `group_concat(hex(w.tag) || hex(w.wrapped), '' order by m.kind, m.tag)`;
/** Sealed fields, each behind its number and its length in two bytes. */
const SEALED = `group_concat(printf('%02x%04x', f.field, length(f.sealed)) || hex(f.sealed), '' order by f.field)`;

/** Packs a page of the pairs that were just judged, as the viewer is shown them in this snapshot. */
export function showPage(
  store: PartnershipStore,
  snapshot: number,
  of: Generations,
  viewer: Side,
  after: Uint8Array,
): WorkedPage {
  const shown = otherSide(viewer);
  const columns = [`${viewer}_handle`, `${shown}_handle`];
  const rows = Math.floor(PAGE_ROWS / weightOf('shown_pairs'));
  const range = pageOf(store, { table: 'pairs', columns, where: ['true'] }, after, rows);
  const generation = [sideNumber(shown), of[shown]] as const;
  const here = `m.founder_handle = p.founder_handle and m.joiner_handle = p.joiner_handle`;
  const made = store.run(
    `insert or ignore into shown_pairs (side, snapshot, viewer_handle, shown_handle, viewer_populations,
       shown_populations, evidence, tier, first_seen, matches)
     select ?, ?, p.${viewer}_handle, p.${shown}_handle, p.${viewer}_populations, p.${shown}_populations,
       p.evidence, p.tier, p.first_seen, unhex((select ${MATCHES} from matches m
         left join boxes b on b.side = ? and b.generation = ? and b.tag = m.tag and b.handle = p.${shown}_handle
         where ${here}))
     from pairs p where ${range.sql('p')} order by p.${viewer}_handle, p.${shown}_handle`,
    sideNumber(shown),
    snapshot,
    ...generation,
    ...range.parameters,
  );
  // Without a key no field of a pair opens.
  store.run(
    `insert or ignore into openings (side, snapshot, viewer_handle, shown_handle, keys, fields)
     select ?, ?, k.viewer_handle, k.shown_handle, unhex(k.keys), unhex(coalesce((select ${SEALED} from fields f
         where f.side = ? and f.generation = ? and f.handle = k.shown_handle), ''))
     from (
       select p.${viewer}_handle as viewer_handle, p.${shown}_handle as shown_handle,
         (select ${KEYS} from matches m
          cross join wraps w on w.side = ? and w.generation = ? and w.tag = m.tag and w.handle = p.${shown}_handle
          where ${here}) as keys
       from pairs p where ${range.sql('p')} order by p.${viewer}_handle, p.${shown}_handle
     ) k where k.keys is not null`,
    sideNumber(shown),
    snapshot,
    ...generation,
    ...generation,
    ...range.parameters,
  );
  return { cost: 1 + made * weightOf('shown_pairs'), next: range.next };
}

/** Gives up what both sides were shown in these snapshots. */
export function discardShown(
  store: PartnershipStore,
  snapshots: { readonly from: number; readonly to: number },
): void {
  for (const side of ['founder', 'joiner'] as const) {
    discardRows(store, side, snapshots, ['shown_pairs', 'openings']);
  }
}

/** What stands beside a pair; no keys and fields where there are none. */
export interface Packed {
  readonly matches: Uint8Array;
  readonly keys: Uint8Array | null;
  readonly fields: Uint8Array | null;
}

/** A match, with one of its boxes. */
export interface Boxed {
  readonly tag: Uint8Array;
  readonly kind: number;
  readonly population: number | null;
  readonly box: Uint8Array | null;
  readonly wrapped: Uint8Array | null;
}

/** Every match of a pair, once for each box of it. The bytes are views of those that were read. */
export function boxedOf({ matches, keys }: Packed): Boxed[] {
  const boxed: Boxed[] = [];
  for (let at = 0; at < matches.length; ) {
    const tag = matches.subarray(at, at + TAG_BYTES);
    const kind = matches[at + TAG_BYTES] ?? 0;
    const population = (matches[at + TAG_BYTES + 1] ?? 0) - 1;
    at += TAG_BYTES + 2;
    const box = population < 0 ? null : matches.subarray(at, at + BOX_BYTES);
    at += box?.length ?? 0;
    boxed.push({ tag, kind, population: box && population, box, wrapped: keys && keyOf(keys, tag) });
  }
  return boxed;
}

function keyOf(keys: Uint8Array, tag: Uint8Array): Uint8Array | null {
  for (let at = 0; at < keys.length; at += TAG_BYTES + WRAPPED_BYTES) {
    const wrapped = keys.subarray(at + TAG_BYTES, at + TAG_BYTES + WRAPPED_BYTES);
    if (equal(keys.subarray(at, at + TAG_BYTES), tag)) return wrapped;
  }
  return null;
}

export interface SealedField {
  readonly field: number;
  readonly sealed: Uint8Array;
}

/** All sealed fields of a pair; views of the bytes that were read. */
export function sealedOf({ fields }: Packed): SealedField[] {
  const sealed: SealedField[] = [];
  for (let at = 0; fields && at < fields.length; ) {
    const [field = 0, high = 0, low = 0] = fields.subarray(at, at + 3);
    const end = at + 3 + high * 256 + low;
    sealed.push({ field, sealed: fields.subarray(at + 3, end) });
    at = end;
  }
  return sealed;
}

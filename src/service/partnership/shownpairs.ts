/**
 * The pairs as each side is shown them, in the order of its own accounts, with the other side's boxes, keys and fields
 * packed beside each pair. They are made once a snapshot: what stands in many places of long tables is one range here.
 */
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

/** What stands beside a pair, in hexadecimal; no keys and fields where there are none. */
export interface Packed {
  readonly matches: string;
  readonly keys: string;
  readonly fields: string;
}

/** A match, with one of its boxes. Bytes are in hexadecimal. */
export interface Boxed {
  readonly tag: string;
  readonly kind: number;
  readonly population: number | null;
  readonly box: string | null;
  readonly wrapped: string | null;
}

/** Every match of a pair, once for each box of it. */
export function boxedOf({ matches, keys }: Packed): Boxed[] {
  const boxed: Boxed[] = [];
  for (let at = 0; at < matches.length; ) {
    const tag = partOf(matches, at, TAG_BYTES);
    const kind = numberAt(matches, at + 2 * TAG_BYTES, 1);
    const population = numberAt(matches, at + 2 * TAG_BYTES + 2, 1) - 1;
    at += 2 * TAG_BYTES + 4;
    const box = population < 0 ? null : partOf(matches, at, BOX_BYTES);
    at += box?.length ?? 0;
    boxed.push({ tag, kind, population: box === null ? null : population, box, wrapped: keyOf(keys, tag) });
  }
  return boxed;
}

function keyOf(keys: string, tag: string): string | null {
  for (let at = 0; at < keys.length; at += 2 * (TAG_BYTES + WRAPPED_BYTES)) {
    if (keys.startsWith(tag, at)) return partOf(keys, at + tag.length, WRAPPED_BYTES);
  }
  return null;
}

export interface SealedField {
  readonly field: number;
  /** Hexadecimal. */
  readonly sealed: string;
}

/** All sealed fields of a pair. */
export function sealedOf({ fields }: Packed): SealedField[] {
  const sealed: SealedField[] = [];
  for (let at = 0; at < fields.length; ) {
    const part = partOf(fields, at + 6, numberAt(fields, at + 2, 2));
    sealed.push({ field: numberAt(fields, at, 1), sealed: part });
    at += 6 + part.length;
  }
  return sealed;
}

function partOf(hexadecimal: string, at: number, bytes: number): string {
  return hexadecimal.slice(at, at + 2 * bytes);
}

function numberAt(hexadecimal: string, at: number, bytes: number): number {
  return Number.parseInt(partOf(hexadecimal, at, bytes), 16);
}

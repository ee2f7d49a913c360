/**
 * The pairs as each side is shown them, in the order of its own accounts, with the other side's boxes, keys and fields
 * packed beside each pair. They are made once a snapshot: what stands in many places of long tables is one range here.
 */
import { type Kind, kindOf } from '../../../protocol/identifiers/kind.ts';
import { otherSide, type Side, sideNumber, TAG_BYTES } from '../../../protocol/ids.ts';
import { FIELDS, type Field } from '../../../protocol/scope.ts';
import { BOX_BYTES, WRAPPED_BYTES } from '../../../protocol/sizes.ts';
import type { PartnershipStore } from '../storage/partnership.ts';
import { Block, bit } from './block.ts';
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

/** A match: its tag, its boxes and the row key that is wrapped for it. Bytes are in base64url. */
export interface Match {
  readonly kind: Kind;
  readonly tag: string;
  readonly boxes: readonly Boxed[];
  readonly wrapped: string | null;
}

export interface Boxed {
  readonly population: number;
  readonly box: string;
}

/** Every match of a pair by a kind that there is, with its boxes of these populations, a bit each. */
export function matchesOf(packed: Packed, populations: number): Match[] {
  const block = new Block(packed.matches);
  const keys = new Block(packed.keys);
  const matches: (Match & { readonly boxes: Boxed[] })[] = [];
  for (let at = 0; at < block.length; ) {
    const tag = block.text(at, TAG_BYTES);
    const kind = kindOf(block.number(at + TAG_BYTES, 1));
    const population = block.number(at + TAG_BYTES + 1, 1) - 1;
    const box = at + TAG_BYTES + 2;
    at = population < 0 ? box : box + BOX_BYTES;
    if (!kind) continue;
    const last = matches.at(-1);
    const match = last?.tag === tag ? last : { kind, tag, boxes: [], wrapped: keyOf(keys, tag) };
    if (match !== last) matches.push(match);
    const isShown = population >= 0 && populations & bit(population);
    if (isShown) match.boxes.push({ population, box: block.text(box, BOX_BYTES) });
  }
  return matches;
}

function keyOf(keys: Block, tag: string): string | null {
  for (let at = 0; at < keys.length; at += TAG_BYTES + WRAPPED_BYTES) {
    if (keys.text(at, TAG_BYTES) === tag) return keys.text(at + TAG_BYTES, WRAPPED_BYTES);
  }
  return null;
}

/** Those of a pair's sealed fields that were granted, in base64url. */
export function fieldsOf(packed: Packed, granted: readonly Field[]): Partial<Record<Field, string>> {
  const block = new Block(packed.fields);
  const fields: Partial<Record<Field, string>> = {};
  for (let at = 0; at < block.length; ) {
    // Numbers on the wire start at 1.
    const field = FIELDS[block.number(at, 1) - 1];
    const length = block.number(at + 1, 2);
    if (field && granted.includes(field)) fields[field] = block.text(at + 3, length);
    at += 3 + length;
  }
  return fields;
}

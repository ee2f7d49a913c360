/**
 * Pages as they go over the wire, JSON in UTF-8. They are made where their rows are read: the bytes of a page cross to
 * whoever answers the request at once, where its hundreds of small blobs would be copied one by one.
 */
import type * as z from 'zod';
import { toBase64url, toBase64urls, utf8 } from '../../../protocol/bytes.ts';
import type * as answers from '../../wire/answers.ts';
import { timeText } from './context.ts';
import type { OverlapRow, Page } from './overlap.ts';
import type { VaultRows } from './vault.ts';
import type { WhiteSpacePage } from './whitespace.ts';

/** A page of the overlap; `own` are the caller's own rows, null for an agent, which has them. */
export function overlapAnswer(page: Page<OverlapRow>, own: VaultRows | null): Uint8Array {
  const text = textsOf(
    page.rows.flatMap(({ matches, fields }) => [
      ...matches.flatMap(({ tag, boxes, wrapped }) => [
        tag,
        ...boxes.map(({ box }) => box),
        ...(wrapped ? [wrapped] : []),
      ]),
      ...Object.values(fields),
    ]),
  );
  const answer: z.input<typeof answers.overlap> = {
    ...about(page),
    rows: page.rows.map(({ matches, fields, ...row }) => ({
      ...row,
      reasons: [...row.reasons],
      cells: [...row.cells],
      matches: matches.map(({ kind, tag, boxes, wrapped }) => ({
        kind,
        tag: text(tag),
        boxes: boxes.map(({ population, box }) => ({ population, box: text(box) })),
        wrapped: wrapped && text(wrapped),
      })),
      fields: Object.fromEntries(Object.entries(fields).map(([field, sealed]) => [field, text(sealed)])),
    })),
    own: own && {
      key: own.key,
      rows: own.rows.map(({ handle, sealed }) => ({ handle, sealed: toBase64url(sealed) })),
    },
  };
  return utf8(JSON.stringify(answer));
}

/** A page of white space. */
export function whiteSpaceAnswer(page: WhiteSpacePage): Uint8Array {
  const { capped, moreFromMs } = page;
  const answer: z.input<typeof answers.whiteSpace> = {
    ...about(page),
    rows: page.rows.map(({ handle, names }) => ({
      handle,
      names: names.map(({ population, sealed }) => ({ population, sealed: toBase64url(sealed) })),
    })),
    capped,
    moreFrom: moreFromMs === null ? null : timeText(moreFromMs),
  };
  return utf8(JSON.stringify(answer));
}

/** What a page is about and is checked against, and where the next one begins. */
function about<Row>({ snapshot, head, scope, cells, next }: Page<Row>) {
  return {
    snapshot: snapshot && { number: snapshot.number, at: timeText(snapshot.atMs) },
    head: textOf(head),
    scope: textOf(scope),
    cells: cells.map(({ fields, reasons, ...cell }) => ({
      ...cell,
      fields: [...fields],
      reasons: [...reasons],
    })),
    next,
  };
}

/** The base64url of these byte strings, which is asked for by the very same ones. */
function textsOf(parts: readonly Uint8Array[]): (bytes: Uint8Array) => string {
  const texts = toBase64urls(parts);
  const known = new Map(parts.map((part, index) => [part, texts[index] ?? '']));
  return (bytes) => known.get(bytes) ?? toBase64url(bytes);
}

function textOf(bytes: Uint8Array | null): string | null {
  return bytes && toBase64url(bytes);
}

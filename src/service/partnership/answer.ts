/**
 * Pages as they go over the wire, JSON. They are made where their rows are read: a page crosses to whoever answers the
 * request as one text, where its hundreds of small values would be copied one by one. Bytes would cross without being
 * copied, and for each page count against the heap of the receiving thread until all of that is collected.
 */
import { toBase64url } from '../../../protocol/bytes.ts';
import { timeText } from './context.ts';
import type { OverlapRow, Page } from './overlap.ts';
import type { VaultRows } from './vault.ts';
import type { WhiteSpacePage } from './whitespace.ts';

/** `answers.overlap`: a page of the overlap; `own` are the caller's own rows, null for an agent, which has them. */
export function overlapAnswer(page: Page<OverlapRow>, own: VaultRows | null): string {
  return JSON.stringify({ ...about(page), rows: page.rows, own });
}

/** `answers.whiteSpace`: a page of white space. */
export function whiteSpaceAnswer(page: WhiteSpacePage): string {
  const { capped, moreFromMs, rows } = page;
  const moreFrom = moreFromMs === null ? null : timeText(moreFromMs);
  return JSON.stringify({ ...about(page), capped, moreFrom, rows });
}

/** What a page is about and is checked against, and where the next one begins. */
function about<Row>({ snapshot, head, scope, cells, next }: Page<Row>) {
  return {
    snapshot: snapshot && { number: snapshot.number, at: timeText(snapshot.atMs) },
    head: textOf(head),
    scope: textOf(scope),
    cells,
    next,
  };
}

function textOf(bytes: Uint8Array | null): string | null {
  return bytes && toBase64url(bytes);
}

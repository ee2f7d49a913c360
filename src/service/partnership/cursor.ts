/** Cursors: opaque to clients, bound to the question, the viewer and the snapshot. They grant nothing. */
import { fromBase64url, toBase64url, utf8 } from '../../../protocol/bytes.ts';
import type { Side } from '../../../protocol/ids.ts';

export interface Cursor {
  readonly snapshot: number;
  /** Ledger entry of the page before. */
  readonly entry: number;
  /** Hexadecimal of the last row's key. */
  readonly position: string;
}

export function sealCursor(question: string, viewer: Side, cursor: Cursor): string {
  return toBase64url(utf8([question, viewer, cursor.snapshot, cursor.entry, cursor.position].join(' ')));
}

/** The cursor, or null where it is none of this question and viewer. */
export function openCursor(question: string, viewer: Side, text: string): Cursor | null {
  const bytes = fromBase64url(text);
  if (!bytes) return null;
  const match = /^([a-z]+) ([a-z]+) (\d{1,15}) (\d{1,15}) ((?:[0-9a-f]{32}){0,2})$/.exec(
    new TextDecoder().decode(bytes),
  );
  const [, ofQuestion, ofViewer, snapshot, entry, position] = match ?? [];
  if (ofQuestion !== question || ofViewer !== viewer || position === undefined) return null;
  return { snapshot: Number(snapshot), entry: Number(entry), position };
}

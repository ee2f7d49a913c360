/** Ids of rows, given or made, and the traps that spreadsheets set around them. */
import { toHex, utf8 } from '../../../protocol/bytes.ts';
import { sha256 } from '../../../protocol/hash.ts';

/**
 * An id for a row of a file without ids: `row-` and 32 hexadecimal digits of a SHA-256 of the given parts, in
 * lower case and with single spaces. It does not depend on the row's place, so it stays when rows are sorted,
 * added or removed; it changes when one of the parts is edited.
 */
export function contentId(parts: readonly string[]): string {
  const plain = parts.map((part) => part.normalize('NFC').toLowerCase().replace(/\s+/g, ' ').trim());
  return `row-${toHex(sha256(utf8(JSON.stringify(plain)))).slice(0, 32)}`;
}

/** Why a cell cannot be a record id, or null where it can. */
export function badId(id: string): string | null {
  if (id === '') return 'no record id';
  // A spreadsheet shows long numbers so, and saves what it shows: different records then get the same id.
  if (/^\d[.,]\d+e\+\d+$/i.test(id)) return `the id ${id} was rounded by a spreadsheet`;
  return null;
}

/** Finds an id that a file has twice. Holds every id of one file: some 100 bytes for each. */
export class SeenIds {
  readonly #lines = new Map<string, number>();

  /** Notes the id; a reason for rejection where an earlier line has it, which calls it `what`. */
  add(id: string, line: number, what = `id ${id}`): string | null {
    const first = this.#lines.get(id);
    if (first !== undefined) return `the same ${what} as line ${first}`;
    this.#lines.set(id, line);
    return null;
  }
}

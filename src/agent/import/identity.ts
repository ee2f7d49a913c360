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

const SALESFORCE_ID_CHARS = 15;
/** What the last three characters of the long form are written in: each says which of five letters are capitals. */
const CAPITALS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ012345';

/**
 * The id under which a record is found. Salesforce writes one record's id with 15 characters, in which case counts, or with
 * 18, of which the last three only repeat the case: both give the longer. Any other id is itself; ids of 15 letters and digits
 * of other systems get a longer one too, which nobody is shown.
 */
export function canonicalId(id: string): string {
  if (!/^[A-Za-z0-9]{15}(?:[A-Z0-5]{3})?$/.test(id)) return id;
  const short = id.slice(0, SALESFORCE_ID_CHARS);
  let suffix = '';
  for (let at = 0; at < SALESFORCE_ID_CHARS; at += 5) {
    let bits = 0;
    for (let i = 0; i < 5; i++) if (/[A-Z]/.test(short.charAt(at + i))) bits |= 1 << i;
    suffix += CAPITALS.charAt(bits);
  }
  return id.length === SALESFORCE_ID_CHARS || id.endsWith(suffix) ? short + suffix : id;
}

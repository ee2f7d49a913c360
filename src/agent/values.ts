/** How texts of a CRM's cells are understood when they are compared: never changed, only read. */

/** Text for comparing: compatibility forms, case and runs of spaces do not count. */
export function folded(text: string): string {
  return text.normalize('NFKC').toLowerCase().replace(/\s+/g, ' ').trim();
}

/**
 * The number in a cell, or null. Currency signs, ISO currency codes and spaces between digits do not count. Of
 * commas and points, the last one is the decimal sign if both occur; one sign alone is a thousands separator where
 * it repeats, or is a comma before exactly three digits; so `1.234` is 1.234 and `1,234` is 1234.
 */
export function numberOf(text: string): number | null {
  const bare = text.trim().replace(/\p{Sc}|^[A-Z]{3}|[A-Z]{3}$|[\s'’]/gu, '');
  if (!/^[+-]?[\d.,]*\d[\d.,]*$/.test(bare)) return null;
  const point = bare.lastIndexOf('.');
  const comma = bare.lastIndexOf(',');
  let plain: string;
  if (point !== -1 && comma !== -1) {
    plain = point > comma ? bare.replaceAll(',', '') : bare.replaceAll('.', '').replace(',', '.');
  } else if (comma !== -1) {
    plain = /^[+-]?[1-9]\d{0,2}(,\d{3})+$/.test(bare) ? bare.replaceAll(',', '') : bare.replace(',', '.');
  } else {
    plain = /^[+-]?[1-9]\d{0,2}(\.\d{3}){2,}$/.test(bare) ? bare.replaceAll('.', '') : bare;
  }
  const value = Number(plain);
  return Number.isFinite(value) ? value : null;
}

/**
 * The date in a cell as `YYYY-MM-DD`, or null. Reads ISO dates, also with a time behind; `31.12.2026`; and
 * `12/31/2026`, which is month first unless the first number is above 12. Two-digit years are of this century.
 */
export function dateOf(text: string): string | null {
  const iso = /^(\d{4})-(\d{1,2})-(\d{1,2})(?:$|[T ])/.exec(text.trim());
  if (iso !== null) return date(iso[1], iso[2], iso[3]);
  const dotted = /^(\d{1,2})\.(\d{1,2})\.(\d{4}|\d{2})(?:$| )/.exec(text.trim());
  if (dotted !== null) return date(dotted[3], dotted[2], dotted[1]);
  const slashed = /^(\d{1,2})\/(\d{1,2})\/(\d{4}|\d{2})(?:$|,? )/.exec(text.trim());
  if (slashed === null) return null;
  const dayFirst = Number(slashed[1]) > 12;
  return dayFirst ? date(slashed[3], slashed[2], slashed[1]) : date(slashed[3], slashed[1], slashed[2]);
}

function date(year = '', month = '', day = ''): string | null {
  if (Number(month) < 1 || Number(month) > 12 || Number(day) < 1 || Number(day) > 31) return null;
  return `${year.padStart(4, '20')}-${month.padStart(2, '0')}-${day.padStart(2, '0')}`;
}

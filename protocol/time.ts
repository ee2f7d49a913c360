/** Times in messages: whole seconds since 1970, and RFC 3339 texts in documents that people read. */

/** True for the seconds that every machine can write as a date: up to the year 9999. */
export function isTime(seconds: number): boolean {
  return seconds <= 253_402_300_799;
}

/** True for RFC 3339 in UTC with whole seconds, of a day that exists. */
export function isTimestamp(text: string): boolean {
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(text)) return false;
  const parsed = Date.parse(text);
  return !Number.isNaN(parsed) && new Date(parsed).toISOString() === text.replace('Z', '.000Z');
}

/** A calendar month in UTC: what a scope bounds a month is counted by it. */
export interface Month {
  /** Months since the year 0. */
  readonly number: number;
  readonly startMs: number;
  /** The start of the next one. */
  readonly endMs: number;
}

export function monthAt(nowMs: number): Month {
  const now = new Date(nowMs);
  const [year, month] = [now.getUTCFullYear(), now.getUTCMonth()];
  return { number: 12 * year + month, startMs: Date.UTC(year, month), endMs: Date.UTC(year, month + 1) };
}

/**
 * Counts, so that none pins an account down. What meets is taken apart by the populations that the accounts have on either
 * side; every part is rounded down by itself, and cells and white space are totals of such parts. So no sum or difference
 * of answers, over populations that a viewer cuts as it likes, tells a part better than to the minimum.
 */

/** A number of accounts with the populations, as masks, that they have on the viewer's side and on the other. */
export interface Tally {
  readonly mine: number;
  readonly theirs: number;
  readonly count: number;
}

/** A tally of which what is hidden is rounded; `exact` is for populations that are shown one by one. */
export interface Part extends Tally {
  readonly exact: number;
}

/** What the viewer knows without any count. */
export interface Known {
  /** How many accounts the viewer's own list has of each mask of populations. */
  readonly own: ReadonlyMap<number, number>;
  /** The partner's populations whose accounts are shown one by one to accounts of mine with this mask, tier by tier. */
  readonly shown: readonly ((mine: number) => number)[];
  readonly minimum: number;
}

/**
 * The tallies of each tier, rounded. Where the viewer's own list leaves a part less room than the minimum (all five of
 * five accounts meet), the largest part is one minimum lower, so that the list's size does not tell what rounding hid.
 * Accounts that are shown one by one, by all their populations, stay as they are: the viewer counts them itself.
 */
export function rounded(tiers: readonly (readonly Tally[])[], known: Known): Part[][] {
  const shownOf = (tier: number, mine: number) => known.shown[tier]?.(mine) ?? 0;
  // My accounts of a mask that are not shown in any pair, less what the tiers before may have of them.
  const left = new Map(known.own);
  const take = (mine: number, count: number) => left.set(mine, (left.get(mine) ?? 0) - count);
  for (const [tier, rows] of tiers.entries()) {
    for (const row of rows) if (row.theirs & shownOf(tier, row.mine)) take(row.mine, row.count);
  }
  return tiers.map((rows, tier) => {
    const groups = Map.groupBy(rows, ({ mine, theirs }) => `${mine} ${theirs & shownOf(tier, mine)}`);
    return [...groups.values()].flatMap((group) => {
      const mine = group[0]?.mine ?? 0;
      const shown = shownOf(tier, mine);
      const hidden = group.filter((row) => row.theirs & ~shown);
      const isShown = group.some((row) => row.theirs & shown);
      const room = isShown ? total(group) : (left.get(mine) ?? 0);
      const parts = roundedParts(hidden, room, known.minimum);
      if (!isShown) take(mine, total(parts));
      const whole = group.filter((row) => !(row.theirs & ~shown));
      return [...whole.map((row) => ({ ...row, exact: row.count })), ...parts];
    });
  });
}

function roundedParts(parts: readonly Tally[], room: number, minimum: number): Part[] {
  const down = parts.map((part) => ({
    ...part,
    count: roundedDown(part.count, minimum),
    exact: part.count,
  }));
  const sum = total(down);
  // More than the room: several accounts of the partner meet one of mine, and the own list's size tells nothing.
  if (sum > room || sum <= room - (minimum - 1)) return down;
  const largest = down.reduce(
    (most, part, index) => (part.count > (down[most]?.count ?? 0) ? index : most),
    0,
  );
  return down.map((part, index) =>
    index === largest && part.count > 0 ? { ...part, count: part.count - minimum } : part,
  );
}

/**
 * White space of one mask of the partner's populations: its accounts less those that meet, which are rounded parts
 * already, and less what rounding may have hidden of one. It is a function of rounded parts and of the list's size
 * alone, so whoever knows the size learns nothing from it.
 */
export function roundedSpace(listed: number, meeting: number, minimum: number): number {
  return roundedDown(Math.max(0, listed - meeting - (minimum - 1)), minimum);
}

export function roundedDown(count: number, minimum: number): number {
  return count - (count % minimum);
}

function total(rows: readonly Tally[]): number {
  return rows.reduce((sum, { count }) => sum + count, 0);
}

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Level, NOTHING, type WhiteSpaceLevel } from '../../protocol/scope.ts';
import type { Cell } from '../../src/service/partnership/cells.ts';
import { numbersOf } from '../../src/service/partnership/matrix.ts';
import type { Tallies } from '../../src/service/partnership/tallies.ts';
import { rounded, type Tally } from '../../src/service/policy/counts.ts';

/**
 * What is true of two lists without duplicates: how many pairs of either tier there are by the populations (masks) of both
 * accounts, and how many accounts are listed by theirs.
 */
interface World {
  readonly confirmed: ReadonlyMap<string, number>;
  readonly review: ReadonlyMap<string, number>;
  /** The viewer's own list, which it knows. */
  readonly own: ReadonlyMap<number, number>;
  readonly theirs: ReadonlyMap<number, number>;
}
type TierName = 'confirmed' | 'review';
const TIERS: readonly TierName[] = ['confirmed', 'review'];

/** What is granted in one cell. */
interface Granted {
  readonly level: Level;
  readonly whiteSpace: WhiteSpaceLevel;
  readonly review: boolean;
}

const key = (mine: number, theirs: number) => `${mine} ${theirs}`;
const rowsOf = (pairs: ReadonlyMap<string, number>): Tally[] =>
  [...pairs].flatMap(([text, count]) => {
    const [mine = 0, theirs = 0] = text.split(' ').map(Number);
    return count > 0 ? [{ mine, theirs, count }] : [];
  });
const has = (mask: number, index: number) => ((mask >> index) & 1) === 1;
const sum = (rows: readonly Tally[], isCounted: (row: Tally) => boolean = () => true) =>
  rows.reduce((all, row) => (isCounted(row) ? all + row.count : all), 0);

function cellsOf(granted: readonly (readonly Granted[])[]): Cell[] {
  return granted.flatMap((row, mineIndex) =>
    row.map((given, theirsIndex) => ({
      mine: `mine ${mineIndex}`,
      mineIndex,
      theirs: `theirs ${theirsIndex}`,
      theirsIndex,
      decision: { ...NOTHING, ...given, reasons: [] },
    })),
  );
}

/** Everything that the viewer can ask in a snapshot, as one text. */
function viewOf(world: World, cells: readonly Cell[], minimumCount: number): string {
  const tallies = (rows: Tally[]): Tallies => ({ pairs: rows, mine: rows, theirs: rows });
  const [confirmed, review] = [rowsOf(world.confirmed), rowsOf(world.review)];
  const numbers = numbersOf(
    { cells, minimumCount },
    { confirmed: tallies(confirmed), review: tallies(review) },
    { mine: world.own, theirs: world.theirs, toReviewOnly: review },
  );
  return JSON.stringify(
    cells.map((cell) => {
      const { level, whiteSpace, review: withReview } = cell.decision;
      return [
        level === 'none' ? null : numbers.meeting('confirmed', cell),
        level === 'none' || !withReview ? null : numbers.meeting('review', cell),
        whiteSpace === 'none' ? null : numbers.space(cell),
      ];
    }),
  );
}

/** The partner's populations whose accounts a viewer sees one by one, beside own accounts with this mask. */
function shownTo(cells: readonly Cell[], tier: TierName, mine: number): number {
  return cells.reduce((mask, { mineIndex, theirsIndex, decision }) => {
    const isShown =
      ['accounts', 'fields'].includes(decision.level) && (tier === 'confirmed' || decision.review);
    return isShown && has(mine, mineIndex) ? mask | (1 << theirsIndex) : mask;
  }, 0);
}

/**
 * A world that is changed step by step. The partner's list changes with it only so far as no answer shows it: accounts of
 * which nothing is shown come out of its white space, as long as that has some.
 */
function changeable(world: World, cells: readonly Cell[]) {
  const pairs = { confirmed: new Map(world.confirmed), review: new Map(world.review) };
  const moved = new Map<number, number>();
  const add = (map: Map<unknown, number>, at: unknown, by: number) => map.set(at, (map.get(at) ?? 0) + by);
  return {
    count: (tier: TierName, mine: number, theirs: number) => pairs[tier].get(key(mine, theirs)) ?? 0,
    pair(tier: TierName, mine: number, theirs: number, by: number) {
      add(pairs[tier] as Map<unknown, number>, key(mine, theirs), by);
      const isWhole = (theirs & ~shownTo(cells, tier, mine)) === 0;
      if (isWhole) add(moved as Map<unknown, number>, theirs, by);
    },
    free(mine: number) {
      const taken = TIERS.flatMap((tier) => rowsOf(pairs[tier]).filter((row) => row.mine === mine));
      return (world.own.get(mine) ?? 0) - sum(taken);
    },
    now(): World {
      const all = [...rowsOf(pairs.confirmed), ...rowsOf(pairs.review)];
      const masks = new Set([...world.theirs.keys(), ...all.map((row) => row.theirs)]);
      const theirs = [...masks].map((mask) => {
        const listed = (world.theirs.get(mask) ?? 0) + (moved.get(mask) ?? 0);
        return [
          mask,
          Math.max(
            listed,
            sum(all, (row) => row.theirs === mask),
          ),
        ] as const;
      });
      return {
        confirmed: new Map(pairs.confirmed),
        review: new Map(pairs.review),
        own: world.own,
        theirs: new Map(theirs),
      };
    },
  };
}

/** The lowest world that looks the same: of every part that is hidden as few as its rounded number says. */
function lowestLike({ world, cells, minimum }: Sample): World {
  const shown = TIERS.map((tier) => (mine: number) => shownTo(cells, tier, mine));
  const known = { own: world.own, shown, minimum };
  const parts = rounded([rowsOf(world.confirmed), rowsOf(world.review)], known);
  const change = changeable(world, cells);
  for (const [index, tier] of TIERS.entries()) {
    for (const { mine, theirs, count } of rowsOf(world[tier])) {
      const part = parts[index]?.find((row) => row.mine === mine && row.theirs === theirs);
      const less = count - (part?.count ?? 0);
      const visible = theirs & shownTo(cells, tier, mine);
      change.pair(tier, mine, theirs, -less);
      // What is seen of an account stays, though the rest of it goes.
      if (visible && less > 0) change.pair(tier, mine, visible, less);
    }
  }
  return change.now();
}

/**
 * How many values of a cell's true number the viewer cannot tell apart, up to the minimum. The lowest and the highest are
 * shown by a world that answers alike; between them every part only grows, and so does every answer.
 */
function widthOf(
  lowest: World,
  { cells, minimum }: Sample,
  tier: TierName,
  cell: Cell,
  view: string,
): number {
  const change = changeable(lowest, cells);
  const target = 1 << cell.theirsIndex;
  let width = 1;
  for (const mine of lowest.own.keys()) {
    const shown = shownTo(cells, tier, mine);
    if (!has(mine, cell.mineIndex) || shown & target) continue;
    // Accounts that are in no pair, then such as are seen beside another population alone.
    const seen = rowsOf(lowest[tier]).filter((row) => row.mine === mine && !(row.theirs & ~shown));
    for (const from of [0, ...seen.map(({ theirs }) => theirs)]) {
      const room = from === 0 ? change.free(mine) : change.count(tier, mine, from);
      const more = Math.min(room, minimum - 1, minimum - width);
      if (more <= 0) continue;
      if (from !== 0) change.pair(tier, mine, from, -more);
      change.pair(tier, mine, from | target, more);
      width += more;
    }
  }
  expect(viewOf(change.now(), cells, minimum)).toBe(view);
  return width;
}

/** The same without any answer: how many values the viewer's own list, and what it sees one by one, leave. */
function priorOf(world: World, cells: readonly Cell[], tier: TierName, cell: Cell): number {
  const target = 1 << cell.theirsIndex;
  const masks = [...world.own.keys()].filter(
    (mine) => has(mine, cell.mineIndex) && !(shownTo(cells, tier, mine) & target),
  );
  return masks.reduce((all, mine) => {
    const visible = (of: TierName) =>
      sum(rowsOf(world[of]), (row) => row.mine === mine && (row.theirs & shownTo(cells, of, mine)) !== 0);
    const other = tier === 'confirmed' ? 'review' : 'confirmed';
    return all + (world.own.get(mine) ?? 0) - visible(other);
  }, 1);
}

const granted: fc.Arbitrary<Granted> = fc.record({
  level: fc.constantFrom('counts', 'counts', 'counts', 'none', 'accounts'),
  whiteSpace: fc.constantFrom('counts', 'counts', 'none'),
  review: fc.boolean(),
});
const onlyCounts: fc.Arbitrary<Granted> = fc.constant({
  level: 'counts',
  whiteSpace: 'counts',
  review: true,
});

interface Sample {
  readonly world: World;
  readonly cells: readonly Cell[];
  readonly minimum: number;
}

/** Lists of either side that hold their populations in whatever way, and pairs between them. */
function sampleOf(given: fc.Arbitrary<Granted>): fc.Arbitrary<Sample> {
  return fc
    .tuple(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 4 }), fc.integer({ min: 2, max: 7 }))
    .chain(([mine, theirs, minimum]) => {
      const mask = (populations: number) => fc.integer({ min: 1, max: 2 ** populations - 1 });
      const part = fc.record({
        mine: mask(mine),
        theirs: mask(theirs),
        tier: fc.constantFrom(...TIERS),
        // Just at a multiple of the minimum is where rounding is weakest.
        count: fc.oneof(
          fc.integer({ min: 0, max: 3 * minimum }),
          fc.constantFrom(minimum, 2 * minimum, minimum - 1),
        ),
      });
      const list = (populations: number) =>
        fc.array(
          fc.tuple(mask(populations), fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 3 * minimum }))),
          {
            minLength: 1,
            maxLength: 4,
          },
        );
      return fc.record({
        parts: fc.array(part, { maxLength: 7 }),
        ownSpare: list(mine),
        theirSpare: list(theirs),
        cells: fc
          .array(fc.array(given, { minLength: theirs, maxLength: theirs }), {
            minLength: mine,
            maxLength: mine,
          })
          .map(cellsOf),
        minimum: fc.constant(minimum),
      });
    })
    .map(({ parts, ownSpare, theirSpare, cells, minimum }) => {
      const gather = <Key>(entries: readonly (readonly [Key, number])[]) => {
        const all = new Map<Key, number>();
        for (const [at, count] of entries) all.set(at, (all.get(at) ?? 0) + count);
        return all;
      };
      const inTier = (tier: TierName) =>
        gather(
          parts
            .filter((one) => one.tier === tier)
            .map((one) => [key(one.mine, one.theirs), one.count] as const),
        );
      const world = {
        confirmed: inTier('confirmed'),
        review: inTier('review'),
        own: gather([...ownSpare, ...parts.map((one) => [one.mine, one.count] as const)]),
        theirs: gather([...theirSpare, ...parts.map((one) => [one.theirs, one.count] as const)]),
      };
      return { world, cells, minimum };
    });
}

/** The world as the other side has it. */
function turned({ world, cells, minimum }: Sample): Sample {
  const turn = (pairs: ReadonlyMap<string, number>) =>
    new Map(rowsOf(pairs).map(({ mine, theirs, count }) => [key(theirs, mine), count]));
  return {
    minimum,
    world: {
      confirmed: turn(world.confirmed),
      review: turn(world.review),
      own: world.theirs,
      theirs: world.own,
    },
    cells: cells.map((cell) => ({ ...cell, mineIndex: cell.theirsIndex, theirsIndex: cell.mineIndex })),
  };
}

function checkEveryCell(sample: Sample): void {
  const { world, cells, minimum } = sample;
  const view = viewOf(world, cells, minimum);
  const lowest = lowestLike(sample);
  expect(viewOf(lowest, cells, minimum)).toBe(view);
  for (const cell of cells) {
    for (const tier of TIERS) {
      if (cell.decision.level !== 'counts' || (tier === 'review' && !cell.decision.review)) continue;
      const width = widthOf(lowest, sample, tier, cell, view);
      expect(width).toBeGreaterThanOrEqual(Math.min(minimum, priorOf(world, cells, tier, cell)));
    }
  }
}

describe('what counts tell', () => {
  it('leaves every cell of 10,000 matrices as wide as the minimum, seen from either side', () => {
    fc.assert(
      fc.property(sampleOf(onlyCounts), (sample) => {
        checkEveryCell(sample);
        checkEveryCell(turned(sample));
      }),
      { numRuns: 10_000, seed: 1 },
    );
  }, 300_000);

  it('does so beside cells whose accounts are shown one by one', () => {
    fc.assert(fc.property(sampleOf(granted), checkEveryCell), { numRuns: 3000 });
  }, 120_000);
});

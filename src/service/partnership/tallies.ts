/** Tallies: what the matrix counts, counted once a snapshot, by the populations of both sides. */
import { type Side, sideNumber } from '../../../protocol/ids.ts';
import { TIERS, type Tier } from '../../../protocol/tier.ts';
import type { Tally } from '../policy/counts.ts';
import type { PartnershipStore } from '../storage/partnership.ts';

/** The number of a tier in `pairs` and `tallies`: confirmed 1, review 2; 0 is no pair. */
export function tierNumber(tier: Tier): number {
  return TIERS.indexOf(tier) + 1;
}

/** The tier of a number in `pairs`. */
export function tierOfNumber(number: number): Tier {
  const tier = TIERS[number - 1];
  if (tier) return tier;
  throw new RangeError(`${number} is the number of no tier`);
}

/** Numbers in the column `what`. */
const PAIRS = 0;
const IN_PAIRS: Readonly<Record<Side, number>> = { founder: 1, joiner: 2 };
const LISTED: Readonly<Record<Side, number>> = { founder: 3, joiner: 4 };
const TO_REVIEW_ONLY: Readonly<Record<Side, number>> = { founder: 5, joiner: 6 };

/** SQLite has no aggregate for the union of masks. */
const POPULATION_BITS = [0, 1, 2, 3, 4, 5];
const union = (column: string) => POPULATION_BITS.map((bit) => `max(${column} & ${2 ** bit})`).join(' | ');

/** Counts the pairs and accounts of the snapshot that was just matched. */
export function tally(
  store: PartnershipStore,
  generations: { readonly founder: number; readonly joiner: number },
): void {
  store.run('delete from tallies');
  const columns = 'tallies (tier, what, founder_populations, joiner_populations, count)';
  store.run(
    `insert into ${columns}
     select tier, ${PAIRS}, founder_populations, joiner_populations, count(*) from pairs group by 1, 3, 4`,
  );
  for (const side of ['founder', 'joiner'] as const) {
    const other = side === 'founder' ? 'joiner' : 'founder';
    // An account counts once a tier, for whatever populations its pairs of that tier have on the other side.
    store.run(
      `insert into ${columns}
       select tier, ${IN_PAIRS[side]}, founder_populations, joiner_populations, count(*) from (
         select tier, ${side}_populations, ${union(`${other}_populations`)} as ${other}_populations
         from pairs group by ${side}_handle, tier
       ) group by 1, 3, 4`,
    );
    store.run(
      `insert into ${columns}
       select ${tierNumber('review')}, ${TO_REVIEW_ONLY[side]}, founder_populations, joiner_populations, count(*) from (
         select ${side}_populations, ${union(`${other}_populations`)} as ${other}_populations
         from pairs group by ${side}_handle having min(tier) = ${tierNumber('review')}
       ) group by 3, 4`,
    );
    const masks = side === 'founder' ? 'populations, 0' : '0, populations';
    store.run(
      `insert into ${columns}
       select 0, ${LISTED[side]}, ${masks}, count(*) from accounts where side = ? and generation = ? group by populations`,
      sideNumber(side),
      generations[side],
    );
  }
}

/** What stands in the tallies for a viewer. */
export interface Tallies {
  readonly pairs: readonly Tally[];
  /** Accounts of the viewer's side that stand in pairs, with the union of the populations on the other side. */
  readonly mine: readonly Tally[];
  readonly theirs: readonly Tally[];
}

/** The pairs of a tier, and the accounts in them. */
export function talliesOf(store: PartnershipStore, tier: Tier, mine: Side, theirs: Side): Tallies {
  const read = (what: number) =>
    store.all<Tally>(
      `select ${mine}_populations as mine, ${theirs}_populations as theirs, count from tallies
       where tier = ? and what = ?`,
      tierNumber(tier),
      what,
    );
  return { pairs: read(PAIRS), mine: read(IN_PAIRS[mine]), theirs: read(IN_PAIRS[theirs]) };
}

/** Accounts of a side by what they are in, as masks of populations. */
export interface Lists {
  /** How many accounts the viewer's side and the other have of each mask. */
  readonly mine: ReadonlyMap<number, number>;
  readonly theirs: ReadonlyMap<number, number>;
  /** Accounts of the other side that stand in pairs to review and in no others. */
  readonly toReviewOnly: readonly Tally[];
}

export function listsOf(store: PartnershipStore, mine: Side, theirs: Side): Lists {
  const sizes = (side: Side) => {
    const sql = `select ${side}_populations as mask, count from tallies where tier = 0 and what = ?`;
    const rows = store.all<{ mask: number; count: number }>(sql, LISTED[side]);
    return new Map(rows.map(({ mask, count }) => [mask, count]));
  };
  const toReviewOnly = store.all<Tally>(
    `select ${mine}_populations as mine, ${theirs}_populations as theirs, count from tallies
     where tier = ? and what = ?`,
    tierNumber('review'),
    TO_REVIEW_ONLY[theirs],
  );
  return { mine: sizes(mine), theirs: sizes(theirs), toReviewOnly };
}

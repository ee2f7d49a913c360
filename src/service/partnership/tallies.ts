/** Tallies: what the matrix counts, counted once a snapshot, by the populations of both sides. */
import { type Side, sideNumber } from '../../../protocol/ids.ts';
import { TIERS, type Tier } from '../../../protocol/tier.ts';
import type { Tally } from '../policy/counts.ts';
import type { PartnershipStore } from '../storage/partnership.ts';
import { PAGE_ROWS, pageOf, type WorkedPage } from './pages.ts';

/** The number of a tier in the tables: confirmed 1, review 2; 0 is no pair. */
export function tierNumber(tier: Tier): number {
  return TIERS.indexOf(tier) + 1;
}

/** The tier of such a number. */
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

const COLUMNS = 'tallies (snapshot, tier, what, founder_populations, joiner_populations, count)';
const ADDED = `on conflict (snapshot, tier, what, founder_populations, joiner_populations)
  do update set count = count + excluded.count`;

/** Counts a page of the pairs that were just judged, by the accounts of one side; with the founder's, the pairs too. */
export function tallyPage(
  store: PartnershipStore,
  snapshot: number,
  side: Side,
  after: Uint8Array,
): WorkedPage {
  const column = `${side}_handle`;
  const other = side === 'founder' ? 'joiner' : 'founder';
  const range = pageOf(store, { table: 'pairs', columns: [column], where: ['true'] }, after, PAGE_ROWS);
  const inPage = range.sql('p');
  if (side === 'founder') {
    store.run(
      `insert into ${COLUMNS}
       select ?, tier, ${PAIRS}, founder_populations, joiner_populations, count(*) from pairs p where ${inPage}
       group by tier, founder_populations, joiner_populations ${ADDED}`,
      snapshot,
      ...range.parameters,
    );
  }
  // An account counts once a tier, for whatever populations its pairs of that tier have on the other side.
  store.run(
    `insert into ${COLUMNS}
     select ?, tier, ${IN_PAIRS[side]}, founder_populations, joiner_populations, count(*) from (
       select tier, ${side}_populations, ${union(`${other}_populations`)} as ${other}_populations
       from pairs p where ${inPage} group by ${column}, tier
     ) where true group by tier, founder_populations, joiner_populations ${ADDED}`,
    snapshot,
    ...range.parameters,
  );
  // All pairs of an account are in one page.
  store.run(
    `insert into ${COLUMNS}
     select ?, ${tierNumber('review')}, ${TO_REVIEW_ONLY[side]}, founder_populations, joiner_populations, count(*) from (
       select ${side}_populations, ${union(`${other}_populations`)} as ${other}_populations
       from pairs p where ${inPage} group by ${column} having min(tier) = ${tierNumber('review')}
     ) where true group by founder_populations, joiner_populations ${ADDED}`,
    snapshot,
    ...range.parameters,
  );
  return { cost: 1 + (range.next ? 3 * PAGE_ROWS : 0), next: range.next };
}

/** Counts a page of the accounts that a side listed. */
export function accountsPage(
  store: PartnershipStore,
  snapshot: number,
  side: Side,
  number: number,
  after: Uint8Array,
): WorkedPage {
  const where = ['side = ? and generation = ?', sideNumber(side), number] as const;
  const range = pageOf(store, { table: 'accounts', columns: ['handle'], where }, after, PAGE_ROWS);
  const masks = side === 'founder' ? 'populations, 0' : '0, populations';
  store.run(
    `insert into ${COLUMNS}
     select ?, 0, ${LISTED[side]}, ${masks}, count(*) from accounts a
     where side = ? and generation = ? and ${range.sql('a')} group by populations ${ADDED}`,
    snapshot,
    sideNumber(side),
    number,
    ...range.parameters,
  );
  return { cost: 1 + (range.next ? PAGE_ROWS : 0), next: range.next };
}

/** What stands in the tallies for a viewer. */
export interface Tallies {
  readonly pairs: readonly Tally[];
  /** Accounts of the viewer's side that stand in pairs, with the union of the populations on the other side. */
  readonly mine: readonly Tally[];
  readonly theirs: readonly Tally[];
}

/** The pairs of a tier, and the accounts in them. */
export function talliesOf(
  store: PartnershipStore,
  snapshot: number,
  tier: Tier,
  mine: Side,
  theirs: Side,
): Tallies {
  const read = (what: number) =>
    store.all<Tally>(
      `select ${mine}_populations as mine, ${theirs}_populations as theirs, count from tallies
       where snapshot = ? and tier = ? and what = ?`,
      snapshot,
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

export function listsOf(store: PartnershipStore, snapshot: number, mine: Side, theirs: Side): Lists {
  const sizes = (side: Side) => {
    const sql = `select ${side}_populations as mask, count from tallies
      where snapshot = ? and tier = 0 and what = ?`;
    const rows = store.all<{ mask: number; count: number }>(sql, snapshot, LISTED[side]);
    return new Map(rows.map(({ mask, count }) => [mask, count]));
  };
  const toReviewOnly = store.all<Tally>(
    `select ${mine}_populations as mine, ${theirs}_populations as theirs, count from tallies
     where snapshot = ? and tier = ? and what = ?`,
    snapshot,
    tierNumber('review'),
    TO_REVIEW_ONLY[theirs],
  );
  return { mine: sizes(mine), theirs: sizes(theirs), toReviewOnly };
}

/** Tallies: what the matrix counts, counted once a snapshot, by the populations of both sides. */
import { type Side, sideNumber } from '../../../protocol/ids.ts';
import { TIERS, type Tier } from '../../../protocol/tier.ts';
import { first, type PartnershipStore } from '../storage/partnership.ts';

/** A number of pairs or accounts, with the masks of populations that they have in common. */
export interface Tally {
  readonly mine: number;
  readonly theirs: number;
  readonly count: number;
}

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
const UNMATCHED: Readonly<Record<Side, number>> = { founder: 3, joiner: 4 };

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
    const all = byPopulation(
      store,
      'accounts where side = ? and generation = ?',
      sideNumber(side),
      generations[side],
    );
    const paired = byPopulation(
      store,
      `(select ${side}_populations as populations from pairs group by ${side}_handle)`,
    );
    for (const index of POPULATION_BITS) {
      const masks = side === 'founder' ? [2 ** index, 0] : [0, 2 ** index];
      const count = (all[index] ?? 0) - (paired[index] ?? 0);
      store.run(`insert into ${columns} values (0, ?, ?, ?, ?)`, UNMATCHED[side], ...masks, count);
    }
  }
}

/** How many of these rows are in each population; one pass without sorting, which a million accounts feel. */
function byPopulation(store: PartnershipStore, from: string, ...parameters: readonly number[]): number[] {
  const sums = POPULATION_BITS.map((bit) => `sum(populations >> ${bit} & 1) as in${bit}`);
  const row = first<Record<string, number | null>>(
    store,
    `select ${sums.join(', ')} from ${from}`,
    ...parameters,
  );
  return POPULATION_BITS.map((bit) => row?.[`in${bit}`] ?? 0);
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

/** Accounts of the other side that are in no pair of any tier, population by population. */
export function unmatchedOf(store: PartnershipStore, theirs: Side): Tally[] {
  return store.all<Tally>(
    `select 0 as mine, ${theirs}_populations as theirs, count from tallies where tier = 0 and what = ?`,
    UNMATCHED[theirs],
  );
}

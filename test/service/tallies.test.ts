import fc from 'fast-check';
import { expect, it } from 'vitest';
import { type Side, sideNumber } from '../../protocol/ids.ts';
import { accountsPage, listsOf, talliesOf, tallyPage } from '../../src/service/partnership/tallies.ts';
import type { Tally } from '../../src/service/policy/counts.ts';
import { nodePartnershipStore } from '../../src/service/storage/files.ts';
import { openDatabase } from '../../src/sqlite.ts';

/** Accounts by number with their masks of populations, and pairs of them with their tier, 1 confirmed and 2 to review. */
const world = fc.record({
  founder: fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 1, maxLength: 6 }),
  joiner: fc.array(fc.integer({ min: 1, max: 63 }), { minLength: 1, maxLength: 6 }),
  pairs: fc.uniqueArray(fc.tuple(fc.nat(5), fc.nat(5), fc.constantFrom(1, 2)), {
    selector: ([f, j]) => `${f} ${j}`,
    maxLength: 12,
  }),
});

const handle = (side: Side, index: number) =>
  new Uint8Array(16).fill(index + 1, 0, side === 'founder' ? 8 : 16);

/** Numbers of what has the same two masks, in order. */
function counted(masks: readonly (readonly [mine: number, theirs: number])[]): Tally[] {
  const all = Map.groupBy(masks, (both) => both.join(' '));
  const tallies = [...all.values()].flatMap((group) =>
    group[0] ? [{ mine: group[0][0], theirs: group[0][1], count: group.length }] : [],
  );
  return ordered(tallies);
}
const ordered = (tallies: readonly Tally[]) =>
  [...tallies].sort((a, b) => a.mine - b.mine || a.theirs - b.theirs);

it('counts pairs and accounts as a plain loop over them does', () => {
  fc.assert(
    fc.property(world, ({ founder, joiner, pairs: drawn }) => {
      const pairs = drawn.filter(([f, j]) => f < founder.length && j < joiner.length);
      const store = nodePartnershipStore(openDatabase(':memory:'));
      for (const [side, masks] of [
        ['founder', founder],
        ['joiner', joiner],
      ] as const) {
        for (const [index, mask] of masks.entries()) {
          const sql = 'insert into accounts (side, generation, handle, populations) values (?, 3, ?, ?)';
          store.run(sql, sideNumber(side), handle(side, index), mask);
        }
      }
      for (const [f, j, tier] of pairs) {
        store.run(
          `insert into pairs (founder_handle, joiner_handle, evidence, founder_populations, joiner_populations, first_seen, tier)
           values (?, ?, 1, ?, ?, 1, ?)`,
          handle('founder', f),
          handle('joiner', j),
          founder[f] ?? 0,
          joiner[j] ?? 0,
          tier,
        );
      }
      for (const side of ['founder', 'joiner'] as const) {
        expect(tallyPage(store, 1, side, new Uint8Array()).next).toBeNull();
        expect(accountsPage(store, 1, side, 3, new Uint8Array()).next).toBeNull();
      }

      const mineIn = (tier: number) => (_: number, index: number) =>
        pairs.filter(([f, , of]) => f === index && of === tier).map(([, j]) => joiner[j] ?? 0);
      const theirsIn = (tier: number) => (_: number, index: number) =>
        pairs.filter(([, j, of]) => j === index && of === tier).map(([f]) => founder[f] ?? 0);
      const union = (masks: readonly number[]) => masks.reduce((all, mask) => all | mask, 0);
      for (const [tier, name] of [
        [1, 'confirmed'],
        [2, 'review'],
      ] as const) {
        const tallies = talliesOf(store, 1, name, 'founder', 'joiner');
        const of = pairs.filter((pair) => pair[2] === tier);
        expect(ordered(tallies.pairs)).toEqual(
          counted(of.map(([f, j]) => [founder[f] ?? 0, joiner[j] ?? 0])),
        );
        const mine = founder.map((mask, i) => [mask, union(mineIn(tier)(mask, i))] as const);
        expect(ordered(tallies.mine)).toEqual(counted(mine.filter(([, others]) => others !== 0)));
        const theirs = joiner.map((mask, i) => [union(theirsIn(tier)(mask, i)), mask] as const);
        expect(ordered(tallies.theirs)).toEqual(counted(theirs.filter(([others]) => others !== 0)));
        const turned = talliesOf(store, 1, name, 'joiner', 'founder');
        const exchanged = turned.mine.map(({ mine, theirs, count }) => ({
          mine: theirs,
          theirs: mine,
          count,
        }));
        expect(ordered(exchanged)).toEqual(ordered(tallies.theirs));
      }
      const lists = listsOf(store, 1, 'founder', 'joiner');
      const sizes = (masks: readonly number[]) => counted(masks.map((mask) => [mask, 0]));
      const shown = (map: ReadonlyMap<number, number>) =>
        ordered([...map].map(([mine, count]) => ({ mine, theirs: 0, count })));
      expect([shown(lists.mine), shown(lists.theirs)]).toEqual([sizes(founder), sizes(joiner)]);
      const only = joiner
        .map((mask, i) => [union(theirsIn(2)(mask, i)), mask, theirsIn(1)(mask, i).length] as const)
        .filter(([others, , confirmed]) => others !== 0 && confirmed === 0);
      expect(ordered(lists.toReviewOnly)).toEqual(counted(only.map(([others, mask]) => [others, mask])));
    }),
    { numRuns: 150 },
  );
}, 60_000);

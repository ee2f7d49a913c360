/**
 * Matching: equal tags of equal kind, joined to pairs of accounts in a numbered snapshot, each with the tier that the
 * public rules give it. All of it is done on whole tables; only the few different sets of evidence are judged one by one.
 */
import { DISTINGUISHING_KINDS, KINDS, kindNumber } from '../../../protocol/identifiers/kind.ts';
import { CROWDED, evidenceOf, tierOf } from '../../../protocol/tier.ts';
import { first, type PartnershipStore } from '../storage/partnership.ts';
import { sideRow } from './context.ts';
import { tally, tierNumber } from './tallies.ts';

/**
 * Matches the two active submissions and writes the next snapshot; gives its number, or null while a side has none.
 * A pair keeps the snapshot in which it was first seen in its tier and populations, so that the number does not tell of
 * a population or tier that was hidden; a pair that is gone is forgotten.
 */
export function match(store: PartnershipStore, nowMs: number): number | null {
  const founder = sideRow(store, 'founder').active_submission;
  const joiner = sideRow(store, 'joiner').active_submission;
  if (founder === null || joiner === null) return null;
  const last = first<{ number: number | null }>(store, 'select max(number) as number from snapshots');
  const number = (last?.number ?? 0) + 1;
  store.run('insert into snapshots (number, at_ms) values (?, ?)', number, nowMs);
  store.run('delete from matches');
  store.run(
    `insert into matches (founder_handle, joiner_handle, tag, kind)
     select f.handle, j.handle, f.tag, f.kind
     from tags f join tags j on j.side = 1 and j.generation = ? and j.tag = f.tag and j.kind = f.kind
     where f.side = 0 and f.generation = ?`,
    joiner,
    founder,
  );
  store.run(
    `delete from pairs where not exists (select 1 from matches m
     where m.founder_handle = pairs.founder_handle and m.joiner_handle = pairs.joiner_handle)`,
  );
  collect(store, { founder, joiner }, number);
  judge(store, number);
  tally(store, { founder, joiner });
  return number;
}

/** The bits of the distinguishing kinds that matched, moved from where `kinds` has them. */
const MATCHED = DISTINGUISHING_KINDS.map(
  (kind, bit) => `((g.kinds >> ${kindNumber(kind) - 1} & 1) << ${bit})`,
).join(' | ');

/**
 * Pairs with their evidence, as evidenceOf reads it; a new one has no tier yet. The cross joins keep SQLite from joining
 * all accounts of both sides first.
 */
function collect(
  store: PartnershipStore,
  generations: { readonly founder: number; readonly joiner: number },
  snapshot: number,
): void {
  const domain = kindNumber('domain');
  store.run(
    `with crowded(tag) as materialized (
       select tag from matches where kind = ${domain} group by tag having count(*) > ${CROWDED}
         and (count(distinct founder_handle) > ${CROWDED} or count(distinct joiner_handle) > ${CROWDED})
     )
     insert into pairs
       (founder_handle, joiner_handle, evidence, founder_populations, joiner_populations, first_seen, tier)
     select g.founder_handle, g.joiner_handle,
       g.kinds | ((f.distinguishing & j.distinguishing & ~(${MATCHED})) << ${KINDS.length})
         | (g.crowded << ${KINDS.length + DISTINGUISHING_KINDS.length}),
       f.populations, j.populations, ?, 0
     from (
       select founder_handle, joiner_handle, sum(distinct 1 << (kind - 1)) as kinds,
         coalesce(min(case when kind = ${domain} then tag in (select tag from crowded) end), 0) as crowded
       from matches group by founder_handle, joiner_handle
     ) g
     cross join accounts f on f.side = 0 and f.generation = ? and f.handle = g.founder_handle
     cross join accounts j on j.side = 1 and j.generation = ? and j.handle = g.joiner_handle
     where true
     on conflict (founder_handle, joiner_handle) do update set evidence = excluded.evidence,
       first_seen = case when founder_populations = excluded.founder_populations
         and joiner_populations = excluded.joiner_populations then first_seen else excluded.first_seen end,
       founder_populations = excluded.founder_populations, joiner_populations = excluded.joiner_populations`,
    snapshot,
    generations.founder,
    generations.joiner,
  );
}

/** Gives every pair its tier; a pair whose tier changes counts as first seen now. */
function judge(store: PartnershipStore, snapshot: number): void {
  store.run('delete from tiers');
  for (const { evidence } of store.all<{ evidence: number }>('select distinct evidence from pairs')) {
    const [alone, amongOthers] = [false, true].map((oneToMany) => {
      const verdict = tierOf({ ...evidenceOf(evidence), oneToMany });
      return verdict ? tierNumber(verdict.tier) : 0;
    });
    const sql = 'insert into tiers (evidence, alone, among_others) values (?, ?, ?)';
    store.run(sql, evidence, alone ?? 0, amongOthers ?? 0);
  }
  store.run('delete from pairs where evidence in (select evidence from tiers where alone = 0)');
  const confirmed = tierNumber('confirmed');
  const isAmongOthers = (mine: string, theirs: string) =>
    `exists (select 1 from pairs o join tiers u on u.evidence = o.evidence
       where o.${mine}_handle = p.${mine}_handle and o.${theirs}_handle <> p.${theirs}_handle
         and u.alone = ${confirmed})`;
  store.run(
    `update pairs set tier = judged.tier, first_seen = ?
     from (
       select p.founder_handle, p.joiner_handle,
         case when t.alone <> t.among_others
             and (${isAmongOthers('founder', 'joiner')} or ${isAmongOthers('joiner', 'founder')})
           then t.among_others else t.alone end as tier
       from pairs p join tiers t on t.evidence = p.evidence
     ) judged
     where pairs.founder_handle = judged.founder_handle and pairs.joiner_handle = judged.joiner_handle
       and pairs.tier <> judged.tier`,
    snapshot,
  );
}

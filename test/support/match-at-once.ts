/** Matching in one go on whole tables: what the matching in steps must come to, row by row. */
import { concat, toHex, uint } from '../../protocol/bytes.ts';
import { DISTINGUISHING_KINDS, KINDS, kindNumber } from '../../protocol/identifiers/kind.ts';
import { otherSide, type Side, sideNumber } from '../../protocol/ids.ts';
import { CROWDED, evidenceOf, tierOf } from '../../protocol/tier.ts';
import { sideRow } from '../../src/service/partnership/context.ts';
import { tierNumber } from '../../src/service/partnership/tallies.ts';
import { first, type PartnershipStore } from '../../src/service/storage/partnership.ts';

/**
 * Matches the two active submissions and writes the next snapshot; gives its number, or null while a side has none.
 * A pair keeps the snapshot in which it was first seen in its tier; a pair that is gone is forgotten.
 */
export function matchAtOnce(store: PartnershipStore, nowMs: number): number | null {
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
  tally(store, { founder, joiner }, number);
  show(store, { founder, joiner }, number);
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

/** Numbers in the column `what`. */
const PAIRS = 0;
const IN_PAIRS: Readonly<Record<Side, number>> = { founder: 1, joiner: 2 };
const LISTED: Readonly<Record<Side, number>> = { founder: 3, joiner: 4 };
const TO_REVIEW_ONLY: Readonly<Record<Side, number>> = { founder: 5, joiner: 6 };

/** SQLite has no aggregate for the union of masks. */
const POPULATION_BITS = [0, 1, 2, 3, 4, 5];
const union = (column: string) => POPULATION_BITS.map((bit) => `max(${column} & ${2 ** bit})`).join(' | ');

/** Counts the pairs and accounts of the snapshot that was just matched. */
function tally(store: PartnershipStore, generations: Readonly<Record<Side, number>>, snapshot: number): void {
  store.run('delete from tallies');
  const columns = 'tallies (snapshot, tier, what, founder_populations, joiner_populations, count)';
  store.run(
    `insert into ${columns}
     select ${snapshot}, tier, ${PAIRS}, founder_populations, joiner_populations, count(*) from pairs group by 2, 4, 5`,
  );
  for (const side of ['founder', 'joiner'] as const) {
    const other = side === 'founder' ? 'joiner' : 'founder';
    // An account counts once a tier, for whatever populations its pairs of that tier have on the other side.
    store.run(
      `insert into ${columns}
       select ${snapshot}, tier, ${IN_PAIRS[side]}, founder_populations, joiner_populations, count(*) from (
         select tier, ${side}_populations, ${union(`${other}_populations`)} as ${other}_populations
         from pairs group by ${side}_handle, tier
       ) group by 2, 4, 5`,
    );
    store.run(
      `insert into ${columns}
       select ${snapshot}, ${tierNumber('review')}, ${TO_REVIEW_ONLY[side]}, founder_populations, joiner_populations, count(*) from (
         select ${side}_populations, ${union(`${other}_populations`)} as ${other}_populations
         from pairs group by ${side}_handle having min(tier) = ${tierNumber('review')}
       ) group by 4, 5`,
    );
    const masks = side === 'founder' ? 'populations, 0' : '0, populations';
    store.run(
      `insert into ${columns}
       select ${snapshot}, 0, ${LISTED[side]}, ${masks}, count(*) from accounts where side = ? and generation = ? group by populations`,
      sideNumber(side),
      generations[side],
    );
  }
}

/** What both sides are shown of the pairs, packed byte by byte. */
function show(store: PartnershipStore, generations: Readonly<Record<Side, number>>, snapshot: number): void {
  const pairs = store.all<Pair>('select * from pairs');
  const matches = grouped(
    store.all<Match>('select founder_handle, joiner_handle, tag, kind from matches order by kind, tag'),
    (row) => [row.founder_handle, row.joiner_handle],
  );
  for (const side of ['founder', 'joiner'] as const) {
    const viewer = otherSide(side);
    const of = [sideNumber(side), generations[side]];
    const rows = <Row>(table: string, order: string) =>
      store.all<Row>(`select * from ${table} where side = ? and generation = ? order by ${order}`, ...of);
    const boxes = grouped(rows<Box>('boxes', 'population'), (row) => [row.tag, row.handle]);
    const wraps = grouped(rows<Wrap>('wraps', 'tag'), (row) => [row.tag, row.handle]);
    const fields = grouped(rows<Sealed>('fields', 'field'), (row) => [row.handle]);
    store.run('delete from shown_pairs where side = ?', sideNumber(side));
    store.run('delete from openings where side = ?', sideNumber(side));
    for (const pair of pairs) {
      const shown = pair[`${side}_handle`];
      const handles = [pair[`${viewer}_handle`], shown] as const;
      const own = matches.get(nameOf([pair.founder_handle, pair.joiner_handle])) ?? [];
      const matched = own.flatMap(({ tag, kind }) => {
        const found = boxes.get(nameOf([tag, shown])) ?? [];
        if (found.length === 0) return [tag, uint(kind, 1), uint(0, 1)];
        return found.flatMap(({ population, box }) => [tag, uint(kind, 1), uint(population + 1, 1), box]);
      });
      store.run(
        'insert into shown_pairs values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)',
        sideNumber(side),
        snapshot,
        ...handles,
        pair[`${viewer}_populations`],
        pair[`${side}_populations`],
        pair.evidence,
        pair.tier,
        pair.first_seen,
        concat(...matched),
      );
      const keys = own.flatMap(({ tag }) =>
        (wraps.get(nameOf([tag, shown])) ?? []).flatMap(({ wrapped }) => [tag, wrapped]),
      );
      if (keys.length === 0) continue;
      const sealed = (fields.get(nameOf([shown])) ?? []).flatMap((row) => [
        uint(row.field, 1),
        uint(row.sealed.length, 2),
        row.sealed,
      ]);
      store.run(
        'insert into openings values (?, ?, ?, ?, ?, ?)',
        sideNumber(side),
        snapshot,
        ...handles,
        concat(...keys),
        concat(...sealed),
      );
    }
  }
}

type Pair = Readonly<
  Record<`${Side}_handle`, Uint8Array> &
    Record<`${Side}_populations` | 'evidence' | 'tier' | 'first_seen', number>
>;

interface Match {
  readonly founder_handle: Uint8Array;
  readonly joiner_handle: Uint8Array;
  readonly tag: Uint8Array;
  readonly kind: number;
}

interface Wrap {
  readonly tag: Uint8Array;
  readonly handle: Uint8Array;
  readonly wrapped: Uint8Array;
}

interface Box {
  readonly tag: Uint8Array;
  readonly handle: Uint8Array;
  readonly population: number;
  readonly box: Uint8Array;
}

interface Sealed {
  readonly handle: Uint8Array;
  readonly field: number;
  readonly sealed: Uint8Array;
}

function grouped<Row>(rows: readonly Row[], keyOf: (row: Row) => Uint8Array[]): Map<string, Row[]> {
  const groups = new Map<string, Row[]>();
  for (const row of rows) {
    const name = nameOf(keyOf(row));
    groups.set(name, [...(groups.get(name) ?? []), row]);
  }
  return groups;
}

function nameOf(parts: readonly Uint8Array[]): string {
  return parts.map(toHex).join(' ');
}

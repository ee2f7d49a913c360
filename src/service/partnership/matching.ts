/**
 * Matching: equal tags of equal kind, joined to pairs of accounts, each with the tier that the public rules give it. Done
 * page by page into tables that no answer is given from; what each side is shown of them is made after it (shownpairs.ts).
 */
import { concat } from '../../../protocol/bytes.ts';
import { DISTINGUISHING_KINDS, KINDS, kindNumber } from '../../../protocol/identifiers/kind.ts';
import { sideNumber } from '../../../protocol/ids.ts';
import { CROWDED, evidenceOf, tierOf } from '../../../protocol/tier.ts';
import { first, type PartnershipStore } from '../storage/partnership.ts';
import { PAGE_ROWS, type Paged, pageOf, type Range, type WorkedPage } from './pages.ts';
import { tierNumber } from './tallies.ts';

/** The two submissions that are matched. */
export interface Generations {
  readonly founder: number;
  readonly joiner: number;
}

const DOMAIN = kindNumber('domain');
/** Matches that one page makes at most: accounts that share a tag match each with each. */
const PAGE_MATCHES = 50_000;
const KEY_BYTES = 16;
const BEHIND_ALL_HANDLES = new Uint8Array(KEY_BYTES).fill(0xff);

/** Equal tags of equal kind. The key has the founder's tag and handle, and the joiner's handle where a page is cut. */
export function joinPage(store: PartnershipStore, of: Generations, after: Uint8Array): WorkedPage {
  const paged: Paged = {
    table: 'tags',
    columns: ['tag', 'handle'],
    where: ['side = 0 and generation = ?', of.founder],
  };
  const [tag, handle, other] = [0, 1, 2].map((i) => after.slice(i * KEY_BYTES, (i + 1) * KEY_BYTES));
  const isCut = other?.some((byte) => byte !== 0xff) ?? false;
  // Where a page was cut within an account, this account comes once more.
  const range = isCut ? null : pageOf(store, paged, after.slice(0, 2 * KEY_BYTES), PAGE_ROWS);
  const rows = range
    ? { sql: range.sql('f'), parameters: range.parameters }
    : { sql: '(f.tag, f.handle) = (?, ?) and j.handle > ?', parameters: [tag, handle, other] };
  const joined = `from tags f cross join tags j on j.side = 1 and j.generation = ? and j.tag = f.tag and j.kind = f.kind
    where f.side = 0 and f.generation = ? and ${rows.sql}`;
  const parameters = [of.joiner, of.founder, ...rows.parameters.map((part) => part ?? new Uint8Array())];
  const end = first<{ tag: Uint8Array; f: Uint8Array; j: Uint8Array }>(
    store,
    `select f.tag, f.handle as f, j.handle as j ${joined}
     order by f.tag, f.handle, j.handle limit 1 offset ${PAGE_MATCHES - 1}`,
    ...parameters,
  );
  const made = store.run(
    `insert or ignore into matches (founder_handle, joiner_handle, tag, kind)
     select f.handle, j.handle, f.tag, f.kind ${joined} ${end ? 'and (f.tag, f.handle, j.handle) <= (?, ?, ?)' : ''}`,
    ...parameters,
    ...(end ? [end.tag, end.f, end.j] : []),
  );
  const cost = 1 + (range?.next ? PAGE_ROWS : 0) + 2 * made;
  if (end) return { cost, next: concat(end.tag, end.f, end.j) };
  const next = isCut ? concat(tag ?? new Uint8Array(), handle ?? new Uint8Array()) : (range?.next ?? null);
  return { cost, next: next && concat(next, BEHIND_ALL_HANDLES) };
}

/** Tags of domains that too many accounts of one side share, as far as the other side has them too. */
export function crowdedPage(
  store: PartnershipStore,
  of: Generations,
  side: 0 | 1,
  after: Uint8Array,
): WorkedPage {
  const [own, others] = side === 0 ? [of.founder, of.joiner] : [of.joiner, of.founder];
  const where: Paged['where'] = ['side = ? and generation = ?', side, own];
  const range = pageOf(store, { table: 'tags', columns: ['tag'], where }, after, PAGE_ROWS);
  store.run(
    `insert or ignore into crowded (tag)
     select t.tag from tags t where t.side = ? and t.generation = ? and ${range.sql('t')} and t.kind = ${DOMAIN}
     group by t.tag having count(*) > ${CROWDED} and exists (select 1 from tags o
       where o.side = ? and o.generation = ? and o.tag = t.tag and o.kind = ${DOMAIN})`,
    side,
    own,
    ...range.parameters,
    1 - side,
    others,
  );
  return { cost: 1 + (range.next ? PAGE_ROWS : 0), next: range.next };
}

/** The bits of the distinguishing kinds that matched, moved from where `kinds` has them. */
const MATCHED = DISTINGUISHING_KINDS.map(
  (kind, bit) => `((g.kinds >> ${kindNumber(kind) - 1} & 1) << ${bit})`,
).join(' | ');

/**
 * Pairs with their evidence, as evidenceOf reads it, and no tier yet; what is no pair by any rule is left out. The cross
 * joins keep SQLite from joining all accounts of both sides first.
 */
export function collectPage(store: PartnershipStore, of: Generations, after: Uint8Array): WorkedPage {
  const columns = ['founder_handle', 'joiner_handle'];
  const range = pageOf(store, { table: 'matches', columns, where: ['true'] }, after, PAGE_ROWS);
  const made = store.run(
    `insert or ignore into pairs
       (founder_handle, joiner_handle, evidence, founder_populations, joiner_populations, first_seen)
     select g.founder_handle, g.joiner_handle,
       g.kinds | ((f.distinguishing & j.distinguishing & ~(${MATCHED})) << ${KINDS.length})
         | (g.crowded << ${KINDS.length + DISTINGUISHING_KINDS.length}),
       f.populations, j.populations, 0
     from (
       select founder_handle, joiner_handle, sum(distinct 1 << (kind - 1)) as kinds,
         coalesce(min(case when kind = ${DOMAIN} then tag in (select tag from crowded) end), 0) as crowded
       from matches m where ${range.sql('m')} group by founder_handle, joiner_handle
     ) g
     cross join accounts f on f.side = 0 and f.generation = ? and f.handle = g.founder_handle
     cross join accounts j on j.side = 1 and j.generation = ? and j.handle = g.joiner_handle`,
    ...range.parameters,
    of.founder,
    of.joiner,
  );
  weighEvidence(store, range);
  store.run(
    `delete from pairs where ${range.sql('pairs')}
       and evidence in (select evidence from tiers where alone = 0)`,
    ...range.parameters,
  );
  return { cost: 1 + 3 * made, next: range.next };
}

/** Judges the evidence of a page's pairs that was not seen before; there is little that differs. */
function weighEvidence(store: PartnershipStore, range: Range): void {
  const unknown = store.all<{ evidence: number }>(
    `select distinct p.evidence from pairs p where ${range.sql('p')}
       and not exists (select 1 from tiers t where t.evidence = p.evidence)`,
    ...range.parameters,
  );
  for (const { evidence } of unknown) {
    const [alone, amongOthers] = [false, true].map((oneToMany) => {
      const verdict = tierOf({ ...evidenceOf(evidence), oneToMany });
      return verdict ? tierNumber(verdict.tier) : 0;
    });
    const sql = 'insert into tiers (evidence, alone, among_others) values (?, ?, ?)';
    store.run(sql, evidence, alone ?? 0, amongOthers ?? 0);
  }
}

/**
 * Gives pairs their tier. One that stood in the same tier and populations before keeps the snapshot in which it was first
 * seen: the number does not tell of a population or tier that was hidden.
 */
export function judgePage(store: PartnershipStore, snapshot: number, after: Uint8Array): WorkedPage {
  const columns = ['founder_handle', 'joiner_handle'];
  const range = pageOf(store, { table: 'pairs', columns, where: ['true'] }, after, PAGE_ROWS);
  const confirmed = tierNumber('confirmed');
  const isAmongOthers = (mine: string, theirs: string) =>
    `exists (select 1 from pairs o join tiers u on u.evidence = o.evidence
       where o.${mine}_handle = p.${mine}_handle and o.${theirs}_handle <> p.${theirs}_handle
         and u.alone = ${confirmed})`;
  const judged = store.run(
    `update pairs set tier = judged.tier, first_seen = coalesce((select b.first_seen from shown_pairs b
       where b.side = ${sideNumber('joiner')} and b.snapshot = ?
         and b.viewer_handle = judged.founder_handle and b.shown_handle = judged.joiner_handle
         and b.tier = judged.tier and b.viewer_populations = pairs.founder_populations
         and b.shown_populations = pairs.joiner_populations), ?)
     from (
       select p.founder_handle, p.joiner_handle,
         case when t.alone <> t.among_others
             and (${isAmongOthers('founder', 'joiner')} or ${isAmongOthers('joiner', 'founder')})
           then t.among_others else t.alone end as tier
       from pairs p join tiers t on t.evidence = p.evidence where ${range.sql('p')}
     ) judged
     where pairs.founder_handle = judged.founder_handle
       and pairs.joiner_handle = judged.joiner_handle`,
    snapshot - 1,
    snapshot,
    ...range.parameters,
  );
  return { cost: 1 + 3 * judged, next: range.next };
}

/** Matching: equal tags of equal kind, joined to pairs of accounts in a numbered snapshot. */
import { first, type PartnershipStore } from '../storage/partnership.ts';
import { sideRow } from './context.ts';

/**
 * Matches the two active submissions and writes the next snapshot; gives its number, or null while a side has none.
 * A pair keeps the snapshot in which it was first seen; a pair that is gone is forgotten.
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
  store.run(
    `insert into pairs (founder_handle, joiner_handle, kinds, founder_populations, joiner_populations, first_seen)
     select m.founder_handle, m.joiner_handle, sum(distinct 1 << (m.kind - 1)), f.populations, j.populations, ?
     from matches m
     join accounts f on f.side = 0 and f.generation = ? and f.handle = m.founder_handle
     join accounts j on j.side = 1 and j.generation = ? and j.handle = m.joiner_handle
     where true
     group by m.founder_handle, m.joiner_handle
     on conflict (founder_handle, joiner_handle) do update set kinds = excluded.kinds,
       founder_populations = excluded.founder_populations, joiner_populations = excluded.joiner_populations`,
    number,
    founder,
    joiner,
  );
  return number;
}

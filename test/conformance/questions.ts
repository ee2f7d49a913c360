/** Checks of the main job's second half: matching, answers and the ledger. */
import { otherSide } from '../../protocol/ids.ts';
import { BOTH, type Check, hexOf, must, refusedAs, same, submitList, type World } from './work.ts';

interface Row {
  readonly mine: string;
  readonly theirs: string;
  readonly fields: Record<string, string>;
  readonly matches: readonly { readonly boxes: readonly unknown[] }[];
  readonly firstSeen: number;
}
interface Page {
  readonly snapshot: { readonly number: number } | null;
  readonly rows: readonly Row[];
  readonly next: string | null;
}

export function questionChecks(world: () => Promise<World>): Check[] {
  const ask = async (side: 'founder' | 'joiner', question: string, json: object = {}) =>
    await (await world()).work.as(side, 'POST', `/${question}`, { json });
  const page = async (side: 'founder' | 'joiner', question: string, json: object = {}) =>
    must(await ask(side, question, json)).json as unknown as Page;
  return [
    {
      name: 'questions answer empty until both lists are in, and two lists make a snapshot',
      async run() {
        const all = await world();
        same((await page('founder', 'overlap')).snapshot, null, 'no snapshot');
        const first = must(await submitList(all, 'founder', 3, all.lists.founder));
        same([first.json?.submission, first.json?.snapshot], [3, null], 'the first activation');
        const second = must(await submitList(all, 'joiner', 1, all.lists.joiner));
        same(second.json?.snapshot, { ...Object(second.json?.snapshot), number: 1 }, 'the snapshot');
        const view = must(await all.work.as('founder', 'GET', '')).json ?? {};
        const { mine, theirs } = view.submissions as Record<'mine' | 'theirs', { active: number }>;
        same([mine.active, theirs.active], [3, 1], 'active');
      },
    },
    {
      name: 'the matrix counts every granted cell',
      async run() {
        const { cells } = must(await ask('founder', 'matrix')).json as {
          cells: { mine: string; theirs: string; confirmed: { pairs: number } | null; whiteSpace: number }[];
        };
        same(
          cells.map((cell) => [cell.mine, cell.theirs, cell.confirmed?.pairs, cell.whiteSpace]),
          [
            ['customers', 'customers', 2, 1],
            ['customers', 'prospects', 1, 0],
            ['prospects', 'customers', 0, 1],
            ['prospects', 'prospects', 0, 0],
          ],
          'cells',
        );
      },
    },
    {
      name: 'the overlap is the same pairs on both sides, page by page, with what the scope grants',
      async run() {
        const { lists } = await world();
        for (const side of BOTH) {
          const first = await page(side, 'overlap', { limit: 2 });
          const second = await page(side, 'overlap', { limit: 2, cursor: first.next ?? '' });
          const rows = [...first.rows, ...second.rows];
          const partner = lists[otherSide(side)];
          const pairs = [0, 1, 2].map((i) => `${hexOf(lists[side][i])} ${hexOf(partner[i])}`);
          same(
            rows.map((row) => `${row.mine} ${row.theirs}`),
            pairs.sort(),
            `the ${side}'s pairs`,
          );
          same(second.next, null, 'the last page');
          for (const row of rows) {
            const isCustomer = partner.find((one) => hexOf(one) === row.theirs)?.populations[0] === 0;
            same(Object.keys(row.fields).sort(), isCustomer ? ['account_name', 'owner'] : [], 'fields');
            same(
              row.matches.map(({ boxes }) => boxes.length),
              [1],
              'boxes',
            );
          }
        }
        refusedAs(await ask('founder', 'overlap', { cursor: 'AAAA' }), 400, 'invalid_request');
        refusedAs(await ask('founder', 'overlap', { limit: 0 }), 400, 'invalid_request');
        const founders = await page('founder', 'overlap', { limit: 1 });
        refusedAs(await ask('joiner', 'overlap', { cursor: founders.next }), 400, 'invalid_request');
      },
    },
    {
      name: 'white space is the accounts in no pair, where names are granted',
      async run() {
        const { lists } = await world();
        const space = (await page('founder', 'whitespace')) as unknown as { rows: { handle: string }[] };
        same(
          space.rows.map(({ handle }) => handle),
          [hexOf(lists.joiner[3])],
          'white space',
        );
      },
    },
    {
      name: 'a new list is matched anew, pairs keep when they were first seen, and old cursors end',
      async run() {
        const all = await world();
        const before = await page('founder', 'overlap', { limit: 1 });
        const [first, second, , last] = all.lists.founder;
        if (!first || !second || !last) throw new Error('four accounts');
        must(await submitList(all, 'founder', 4, [first, second, last]));
        refusedAs(await ask('founder', 'overlap', { cursor: before.next }), 409, 'snapshot_superseded');
        refusedAs(await ask('founder', 'overlap', { snapshot: 1 }), 409, 'snapshot_superseded');
        const now = await page('founder', 'overlap');
        same([now.snapshot?.number, now.rows.map((row) => row.firstSeen)], [2, [1, 1]], 'snapshot and rows');
        must(await submitList(all, 'founder', 5, all.lists.founder));
        const since = await page('founder', 'overlap', { since: 2 });
        same(
          since.rows.map((row) => row.mine),
          [hexOf(all.lists.founder[2])],
          'new since then',
        );
      },
    },
    {
      name: 'the ledger has every answer, for both sides',
      async run() {
        const read = async (side: 'founder' | 'joiner') =>
          must(await ask(side, 'ledger')).json as { entries: { question: string; viewer: string }[] };
        const [founder, joiner] = [await read('founder'), await read('joiner')];
        same(founder.entries.length, joiner.entries.length, 'entries');
        for (const question of ['matrix', 'overlap', 'whitespace']) {
          const of = (viewer: string) =>
            founder.entries.some((entry) => entry.question === question && entry.viewer === viewer);
          same(of('mine'), true, `an entry of ${question}`);
        }
        const turned = joiner.entries.map(({ viewer }) => (viewer === 'mine' ? 'theirs' : 'mine'));
        same(
          founder.entries.map(({ viewer }) => viewer),
          turned,
          'viewers',
        );
      },
    },
  ];
}

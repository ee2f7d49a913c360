import { setImmediate as breathe } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Agent } from '../../src/agent/agent.ts';
import { parseRule } from '../../src/agent/rule.ts';
import { newestScope } from '../../src/agent/scopes/following.ts';
import { putPopulation } from '../../src/agent/store/lists.ts';
import { type ListState, scanList, stillWanted } from '../../src/agent/sync/list.ts';
import { newestNormaliser } from '../../src/agent/sync/terms.ts';
import { grantBoth, importRows, type Pair, type Row, twoOrganisations } from '../support/homes.ts';

const rows = (count: number): Row[] =>
  Array.from({ length: count }, (_, i) => [
    `a${i}`,
    '',
    `company-${i}.com`,
    i % 2 === 0 ? 'Customer' : 'Prospect',
  ]);

let pair: Pair;
beforeEach(async () => {
  pair = await twoOrganisations(rows(1200), rows(1));
  await grantBoth(pair);
});
afterEach(() => pair.close());

function scan(agent: Agent, want: boolean): Promise<ListState> {
  const partnership = pair.partnership(agent);
  const newest = newestScope(agent, partnership, 'mine');
  if (!newest) throw new Error('no scope');
  return scanList(
    agent.store,
    partnership.id,
    newest.papers.scope,
    newest.signed,
    newestNormaliser(agent, partnership),
    want,
  );
}

describe('the scan of a list', () => {
  it('lets other work go on between its pages', async () => {
    const scanning = scan(pair.a, true);
    let breaths = 0;
    let over = false;
    const done = scanning.finally(() => {
      over = true;
    });
    while (!over) {
      await breathe();
      breaths++;
    }
    expect((await done).accounts).toBe(1200);
    expect(breaths).toBeGreaterThan(2);
  });

  it('is of one state of the list, also where it changes on the way', async () => {
    const before = await scan(pair.a, true);
    const scanning = scan(pair.a, true);
    await breathe();
    // The first page was read; now half of its accounts are in no population any more.
    const rule = parseRule('type = Former');
    if (rule.ok) putPopulation(pair.a.store, { name: 'customers', text: 'type = Former', rule: rule.value });
    const seen = await scanning;
    const fresh = await scan(pair.a, true);
    expect(seen).toEqual(fresh);
    expect(seen.digest).not.toBe(before.digest);
    expect(seen).toMatchObject({ accounts: 600, byPopulation: [0, 600], wanted: { domain: 600 } });
    expect(stillWanted(pair.a.store, pair.partnership(pair.a).id)).toMatchObject({ domain: 600, name: 0 });
  });

  it('without wanting leaves alone what another scan wanted', async () => {
    await scan(pair.a, true);
    const preview = await scan(pair.a, false);
    expect(preview.wanted.domain).toBe(1200);
    expect(stillWanted(pair.a.store, pair.partnership(pair.a).id).domain).toBe(1200);
  });

  it('counts an identifier of two accounts once, and wants none that is known', async () => {
    await importRows(pair.a, pair.folder, [
      ['x', 'Same Name Holding', 'one.com'],
      ['y', 'Same Name Holding', 'two.com'],
    ]);
    expect(await scan(pair.a, true)).toMatchObject({
      accounts: 2,
      identifiers: 4,
      wanted: { domain: 2, name: 1 },
    });
    await pair.sync();
    expect((await scan(pair.a, true)).wanted).toMatchObject({ domain: 0, name: 0 });
    expect(stillWanted(pair.a.store, pair.partnership(pair.a).id).domain).toBe(0);
  });
});

import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Agent } from '../../src/agent/agent.ts';
import { askOverlap } from '../../src/agent/answers.ts';
import { collect } from '../support/files.ts';
import { grantBoth, importRows, type Pair, twoOrganisations } from '../support/homes.ts';

let pair: Pair;
beforeAll(async () => {
  pair = await twoOrganisations(
    [
      ['2', 'ACME Inc.', 'www.acme.com', 'Prospect', 'Pete'],
      ['1', 'Acme', 'acme.com', 'Customer', 'Cora'],
      ['3', 'Only Ours', 'only-ours.com'],
    ],
    [['9', 'Acme', 'acme.com', 'Customer', 'Bea']],
  );
  await grantBoth(pair);
  await pair.sync();
});
afterAll(() => pair.close());

const overlap = (agent: Agent) => collect(askOverlap(agent, pair.partnership(agent), {}));

test('records of one company are one pair for both sides, and each is named on its own', async () => {
  const [mine, ...more] = await overlap(pair.a);
  expect(more).toEqual([]);
  expect(mine).toMatchObject({ record: '1', tier: 'confirmed', fields: { owner: 'Bea' } });
  expect(mine?.records.map(({ record }) => record)).toEqual(['1', '2']);
  const theirs = await overlap(pair.b);
  expect(theirs).toHaveLength(1);
  expect(theirs[0]).toMatchObject({
    theirPopulations: ['customers', 'prospects'],
    fields: { owner: 'Cora' },
  });
});

test('where the first record goes, the company stays with the other', async () => {
  await importRows(pair.a, pair.folder, [['2', 'ACME Inc.', 'www.acme.com', 'Prospect', 'Pete']]);
  await pair.sync();
  expect((await overlap(pair.a)).map(({ records }) => records.map(({ record }) => record))).toEqual([['2']]);
  expect(await overlap(pair.b)).toMatchObject([
    { theirPopulations: ['prospects'], fields: { owner: 'Pete' } },
  ]);
});

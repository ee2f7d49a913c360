import { expect, test } from 'vitest';
import { makeWorld } from '../support/parties.ts';
import { seededRandom } from '../support/random.ts';
import { domains, run } from '../support/run.ts';

// A file of its own, so that it runs beside the others.
test('1 against 10,000', () => {
  const lists = { founder: domains('f', 7_777, 7_778), joiner: domains('j', 0, 10_000) };
  expect(run(makeWorld(seededRandom('large')), lists, 2048).pairs).toEqual(['f7777 j7777']);
});

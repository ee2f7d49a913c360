/** A short load: 50 clients at once are all answered. `test/bench/load.ts` measures it at length. */
import { expect, it } from 'vitest';
import { measureLoad } from '../bench/load.ts';

it('answers chunks and questions of 50 clients at once without an error, in bounded memory', async () => {
  const { chunks, questions, peakMegabytes } = await measureLoad(1, 500);
  for (const load of [chunks, ...questions]) {
    expect(load.failed).toBe(0);
    expect(load.answered).toBeGreaterThan(0);
  }
  expect(peakMegabytes).toBeLessThan(700);
}, 180_000);

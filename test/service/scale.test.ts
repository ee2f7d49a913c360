/** A few partnerships at once on both runtimes; `npm run bench:scale` does a thousand. */
import { expect, it } from 'vitest';
import { RUNTIMES } from '../bench/runtime.ts';
import { measureScale } from '../bench/scale.ts';

it.each(RUNTIMES)(
  'answers many partnerships at once without an error, on %s',
  async (runtime) => {
    const { errors, requests, partnerships } = await measureScale(runtime, 12, 8);
    expect([errors, partnerships]).toEqual([0, 12]);
    expect(requests).toBeGreaterThan(8 * 46 - 1);
  },
  180_000,
);

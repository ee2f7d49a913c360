/** Where the cryptography is done: little of it in the caller's thread, everything else by workers. */
import { expect, it } from 'vitest';
import { systemRandom } from '../../protocol/hash.ts';
import { newPartnershipId } from '../../protocol/ids.ts';
import { type CryptoPool, openPool } from '../../src/agent/crypto/pool.ts';

const context = {
  partnership: newPartnershipId(systemRandom),
  epoch: 1,
  epochHash: systemRandom(32),
  side: 'founder',
} as const;

it('the first elements are done at once; those after them, and a large chunk, by workers', async () => {
  /** Whether the answer was there before the event loop turned. */
  const atOnce = async (pool: CryptoPool, count: number): Promise<boolean> => {
    const values = Array.from({ length: count }, (_, i) => `company-${i}.example`);
    let answered = false;
    const answer = pool.run('blindChunk', { context, kind: 'domain', values }).then(({ blinded }) => {
      answered = true;
      return blinded.length;
    });
    // Promises settle, and the event loop does not turn: no answer of a worker comes in.
    for (let i = 0; i < 10; i++) await Promise.resolve();
    const before = answered;
    expect(await answer).toBe(count * 32);
    return before;
  };
  const pool = openPool(1);
  try {
    expect(await atOnce(pool, 513)).toBe(false);
    expect(await atOnce(pool, 500)).toBe(true);
    expect(await atOnce(pool, 12)).toBe(true);
    expect(await atOnce(pool, 1)).toBe(false);
  } finally {
    await pool.close();
  }
});

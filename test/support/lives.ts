/** Agents that end in the middle of their work, in this process. */
import { vi } from 'vitest';
import type { CryptoPool } from '../../src/agent/crypto/pool.ts';
import { syncPartnership } from '../../src/agent/sync/sync.ts';
import { onlyPartnership, openSide, type SideName, type World } from './world.ts';

/** Whether the write at which an agent dies still arrives. */
export type Death = 'before' | 'after';

/**
 * One life of an agent: it ends at rest, waiting, or with its first write to an address that fits. Gives that write. With
 * null it cannot die.
 */
export async function live(
  world: World,
  side: SideName,
  pool: CryptoPool,
  death: Death | null,
  address = /./,
): Promise<string | null> {
  const realFetch = fetch;
  const agent = await openSide(world, side);
  let die: (write: string) => void = () => undefined;
  const dead = new Promise<string>((resolve) => {
    die = resolve;
  });
  let isDead = false;
  vi.stubGlobal('fetch', async (url: string, init: RequestInit) => {
    const never = new Promise<Response>(() => undefined);
    if (isDead) return never;
    const isWrite = init.method === 'PUT' || init.method === 'DELETE';
    if (death === null || !isWrite || !address.test(new URL(url).pathname)) return realFetch(url, init);
    isDead = true;
    if (death === 'after') await (await realFetch(url, init)).arrayBuffer();
    die(`${init.method} ${new URL(url).pathname}`);
    return never;
  });
  const options = { progress: () => undefined, waitUntilMs: null };
  const sync = syncPartnership(agent, onlyPartnership(agent).id, pool, options);
  // What a dead agent still runs into is nobody's business.
  sync.catch(() => undefined);
  try {
    return await Promise.race([dead, sync.then(() => null)]);
  } finally {
    agent.close();
    vi.stubGlobal('fetch', realFetch);
  }
}

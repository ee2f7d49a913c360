import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Agent } from '../../src/agent/agent.ts';
import { grantScope } from '../../src/agent/scopes/granting.ts';
import { inEpoch } from '../../src/agent/sync/context.ts';
import { collectEvaluations, uncollected } from '../../src/agent/sync/request.ts';
import { whileServing } from '../../src/agent/sync/serve.ts';
import { syncPartnership } from '../../src/agent/sync/sync.ts';
import { EVERYTHING, grantBoth, type Pair, type Row, twoOrganisations } from '../support/homes.ts';

const A: Row[] = [['a1', 'Siemens AG', 'siemens.com']];
const B: Row[] = [['b1', 'Only Theirs Ltd', 'only-theirs.com']];

let pair: Pair;
beforeEach(async () => {
  pair = await twoOrganisations(A, B);
  await grantBoth(pair);
  // Until a's request is there, and b has not looked since.
  for (const agent of [pair.a, pair.b, pair.a])
    await syncPartnership(agent, pair.partnership(agent).id, pair.pool, {
      progress: () => undefined,
      waitUntilMs: null,
    });
  const { evaluated, missing } = await requestOf();
  expect([evaluated, missing]).toEqual([[], []]);
});
afterEach(() => pair.close());

async function requestOf() {
  const view = await pair.a.client().partnership(pair.partnership(pair.a).id);
  if (!view.requests.founder) throw new Error('a has no request');
  return view.requests.founder;
}

const sync = () => ({
  agent: pair.b,
  id: pair.partnership(pair.b).id,
  pool: pair.pool,
  progress: () => undefined,
});
const viewOfB = () => pair.b.client().partnership(pair.partnership(pair.b).id);

describe('own work that takes long', () => {
  it('does not keep the partner waiting', async () => {
    let served = 0;
    const own = async () => {
      for (let i = 0; i < 200; i++) {
        if ((await requestOf()).evaluated.length === 2) return 'own work';
        await sleep(50);
      }
      throw new Error('nothing was evaluated meanwhile');
    };
    const value = await whileServing(sync(), await viewOfB(), own, (elements) => {
      served += elements;
    });
    expect(value).toBe('own work');
    // A name and a domain, each a chunk of its own.
    expect(served).toBe(2);
  });

  it('tells its own failure first, and nothing goes on behind it', async () => {
    const failing = async () => {
      await sleep(700);
      throw new Error('own failure');
    };
    const running = whileServing(sync(), await viewOfB(), failing, () => {
      throw new Error('failure beside it');
    });
    await expect(running).rejects.toThrow('own failure');
  });

  it('tells a failure beside it', async () => {
    const running = whileServing(
      sync(),
      await viewOfB(),
      () => sleep(1500),
      () => {
        throw new Error('failure beside it');
      },
    );
    await expect(running).rejects.toThrow('failure beside it');
  });

  it('serves nobody whose documents changed since they were judged', async () => {
    const judged = await viewOfB();
    await grantScope(pair.a, pair.partnership(pair.a), { ...EVERYTHING, budget: { domain: 7, name: 7 } });
    let looks = 0;
    await whileServing(
      sync(),
      judged,
      () => sleep(1500),
      () => {
        looks++;
      },
    );
    expect(looks).toBe(0);
    expect((await requestOf()).evaluated).toEqual([]);
  });

  it('looks only while there is own work', async () => {
    const { id } = pair.partnership(pair.b);
    let looks = 0;
    const client = pair.b.client();
    const counted = Object.assign(Object.create(client) as typeof client, {
      partnership: (of: typeof id) => {
        looks++;
        return client.partnership(of);
      },
    });
    const agent: Agent = { ...pair.b, client: () => counted };
    await whileServing(
      { ...sync(), agent },
      await viewOfB(),
      () => sleep(50),
      () => undefined,
    );
    await sleep(800);
    expect(looks).toBe(0);
  });
});

describe('collecting', () => {
  it('takes also what the partner evaluates while it goes on', async () => {
    await syncPartnership(pair.b, pair.partnership(pair.b).id, pair.pool, {
      progress: () => undefined,
      waitUntilMs: null,
    });
    const { id } = pair.partnership(pair.a);
    const view = await pair.a.client().partnership(id);
    const founder = view.requests.founder;
    expect(founder?.evaluated).toEqual([0, 1]);
    const own = { agent: pair.a, id, pool: pair.pool, progress: () => undefined };
    const collectFrom = (evaluated: number[]) =>
      collectEvaluations(
        inEpoch(own, {
          ...view,
          requests: { ...view.requests, founder: founder && { ...founder, evaluated } },
        }),
      );
    expect(await collectFrom([])).toBe(0);
    expect(uncollected(inEpoch(own, view))).toEqual([0, 1]);
    // The look was taken when the partner was at its first chunk.
    expect(await collectFrom([1])).toBe(2);
    expect(uncollected(inEpoch(own, view))).toEqual([]);
  });
});

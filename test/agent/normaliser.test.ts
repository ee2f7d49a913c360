import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Agent } from '../../src/agent/agent.ts';
import { askOverlap } from '../../src/agent/answers.ts';
import { NORMALISERS, type Normaliser } from '../../src/agent/normalisers.ts';
import { type SyncReport, syncPartnership } from '../../src/agent/sync/sync.ts';
import { publishedVersions, raiseNormaliser } from '../../src/agent/sync/terms.ts';
import { openDatabase } from '../../src/sqlite.ts';
import { grantBoth, type Pair, type Row, twoOrganisations } from '../support/homes.ts';

const ROWS_A: readonly Row[] = [
  ['a1', 'Acme', 'acme.com'],
  ['a2', 'Bolt', 'bolt.com'],
  ['a3', 'Old Corner', ''],
];
const ROWS_B: readonly Row[] = [
  ['b1', 'Acme', 'acme.com'],
  ['b2', 'New Corner', ''],
];

const [CURRENT] = NORMALISERS.slice(-1) as [Normaliser];
/** A version that knows one thing more: a corner is a corner. */
const NEXT: Normaliser = {
  version: CURRENT.version + 1,
  data: new Uint8Array(32).fill(7),
  identify(facts) {
    const all = CURRENT.identify(facts);
    return {
      ...all,
      identifiers: all.identifiers.map((identifier) =>
        identifier.value.endsWith('corner') ? { ...identifier, value: 'corner' } : identifier,
      ),
      derived: [],
    };
  },
};

let pair: Pair;
beforeEach(async () => {
  pair = await twoOrganisations(ROWS_A, ROWS_B);
  await grantBoth(pair);
});
afterEach(() => pair.close());

function having(agent: Agent, ...normalisers: Normaliser[]): Agent {
  return { ...agent, normalisers };
}

/** Both one after the other until nothing moves; the last reports, with everything that was asked on the way. */
async function syncs(a: Agent, b: Agent): Promise<[SyncReport, SyncReport]> {
  let requested = [0, 0];
  for (let round = 0; round < 12; round++) {
    const reports: SyncReport[] = [];
    for (const agent of [a, b])
      reports.push(
        await syncPartnership(agent, pair.partnership(agent).id, pair.pool, {
          progress: () => undefined,
          waitUntilMs: null,
        }),
      );
    requested = requested.map((sum, i) => sum + (reports[i]?.requested ?? 0));
    const [first, second] = reports;
    if (first && second && first.steps === 0 && second.steps === 0)
      return [
        { ...first, requested: requested[0] ?? 0 },
        { ...second, requested: requested[1] ?? 0 },
      ];
  }
  throw new Error('the sync does not come to rest');
}

async function records(agent: Agent): Promise<string[]> {
  const found: string[] = [];
  for await (const row of askOverlap(agent, pair.partnership(agent), {})) found.push(row.record);
  return found.sort();
}

describe('agents with different normalisers', () => {
  it('settle on the highest version that both have', async () => {
    const newer = having(pair.a, CURRENT, NEXT);
    await syncs(newer, pair.b);
    expect(await records(newer)).toEqual(['a1']);
    const { mine, theirs } = publishedVersions(newer, pair.partnership(newer));
    expect([mine, theirs]).toEqual([[CURRENT.version, NEXT.version], [CURRENT.version]]);
  });

  it('wait for the older program where they have none in common', async () => {
    const newer = having(pair.a, NEXT);
    const [a, b] = await syncs(newer, pair.b);
    expect([a.waiting, b.waiting]).toEqual(['partner_updates', 'you_update']);
    const [later, other] = await syncs(newer, having(pair.b, CURRENT, NEXT));
    // The partner's people have to raise it: it costs evaluations, and they are asked first.
    expect([later.waiting, other.waiting]).toEqual(['partner_updates', 'you_update']);
  });
});

describe('a rise', () => {
  it('costs the changed values only, and waits until both sides want it', async () => {
    const [first] = await syncs(pair.a, pair.b);
    expect(first.requested).toBeGreaterThan(3);
    const [a, b] = [having(pair.a, CURRENT, NEXT), having(pair.b, CURRENT, NEXT)];
    expect((await syncs(a, b)).map(({ requested }) => requested)).toEqual([0, 0]);

    await raise(a);
    expect((await syncs(a, b)).map(({ requested }) => requested)).toEqual([0, 0]);
    expect(await records(a)).toEqual(['a1']);

    await raise(b);
    expect((await syncs(a, b)).map(({ requested }) => requested)).toEqual([1, 1]);
    expect(await records(a)).toEqual(['a1', 'a3']);
  });

  it('survives a service that has forgotten the terms', async () => {
    const [a, b] = [having(pair.a, CURRENT, NEXT), having(pair.b, CURRENT, NEXT)];
    await syncs(a, b);
    expect(await records(a)).toEqual(['a1', 'a3']);
    const { id, terms } = pair.partnership(a);
    await pair.down();
    const database = openDatabase(join(pair.folder, 'service', 'partnerships', `${id}.db`));
    expect(database.run('delete from terms')).toBe(2);
    database.close();
    await pair.up();
    expect((await syncs(a, b)).map(({ requested }) => requested)).toEqual([0, 0]);
    expect(pair.partnership(a).terms).toEqual(terms);
    expect((await a.client().partnership(id)).epoch.terms.joiner).not.toBeNull();
  });

  async function raise(agent: Agent): Promise<void> {
    const partnership = pair.partnership(agent);
    await raiseNormaliser(agent, partnership, await agent.client().partnership(partnership.id));
  }
});

/** Since when a pair is seen tells nothing of the time when it was hidden: worlds that differ only in that answer alike. */
import { describe, expect, it } from 'vitest';
import { systemRandom } from '../../protocol/hash.ts';
import { ruleOf } from '../support/scopes.ts';
import { grantScope, submit, testPartnership } from '../support/service-app.ts';
import { makeSignedScope } from '../support/service-parties.ts';

const POPULATIONS = ['customers', 'prospects'];
const CUSTOMERS = [ruleOf('customers', '*', { level: 'accounts' })];

/** A partnership in which the joiner's one account was in these populations first, and is a customer then. */
async function world(first: readonly number[] | null, widened: boolean) {
  const w = await testPartnership('signed');
  const scopeOf = (side: 'founder' | 'joiner', rules: typeof CUSTOMERS) =>
    makeSignedScope(w.pair, side, { rules, populations: POPULATIONS });
  const founders = scopeOf('founder', CUSTOMERS);
  const narrow = scopeOf('joiner', widened ? [ruleOf('prospects', '*', { level: 'accounts' })] : CUSTOMERS);
  await grantScope(w, 'founder', 1, founders);
  await grantScope(w, 'joiner', 1, narrow);
  const tags = [{ tag: systemRandom(16), kind: 'domain' as const }];
  const account = (populations: readonly number[]) => ({
    handle: systemRandom(16),
    populations: [...populations],
    tags,
    fields: [],
    names: [],
  });
  const theirs = account([]);
  await submit(w, 'founder', 1, founders, [account([0])]);
  await submit(w, 'joiner', 1, narrow, first ? [{ ...theirs, populations: [...first] }] : []);
  const ask = async (json: object) =>
    (await w.as('founder', 'POST', '/overlap', { json })).json?.rows as { firstSeen: number }[];
  expect(await ask({})).toEqual([]);
  w.service.clock.nowMs += 1000;
  if (widened) {
    const change = { rules: CUSTOMERS, populations: POPULATIONS, number: 2 };
    const wide = makeSignedScope(w.pair, 'joiner', change, narrow);
    await grantScope(w, 'joiner', 2, wide);
    await submit(w, 'joiner', 2, wide, [{ ...theirs, populations: [0] }]);
  } else await submit(w, 'joiner', 2, narrow, [{ ...theirs, populations: [0] }]);
  return { seen: (await ask({})).map(({ firstSeen }) => firstSeen), since: (await ask({ since: 1 })).length };
}

describe('since when a pair is seen', () => {
  it('does not tell that the account was there in a hidden population', async () => {
    const fresh = await world(null, false);
    expect(await world([1], false)).toEqual(fresh);
    expect(fresh).toEqual({ seen: [2], since: 1 });
  });

  it('does not tell that the account was there under a scope that hid it', async () => {
    const fresh = await world(null, true);
    expect(await world([0], true)).toEqual(fresh);
    expect(fresh.seen).toHaveLength(1);
  });
});

/** What a service may show of the partner's scope, and what is an alarm. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { toHex } from '../../protocol/bytes.ts';
import { systemRandom } from '../../protocol/hash.ts';
import { newPartnershipId, type OrganisationId } from '../../protocol/ids.ts';
import { type Scope, scopeHash, signScope } from '../../protocol/scope.ts';
import type { PartnershipView } from '../../src/agent/client.ts';
import { Problem } from '../../src/agent/problem.ts';
import { followScope, grantScope, readTheirs } from '../../src/agent/scopes.ts';
import { updatePartnership } from '../../src/agent/store/partnerships.ts';
import { EVERYTHING, type Pair, twoOrganisations } from '../support/homes.ts';

const STRANGER = 'org_0123456789abcdef0123456789abcdef' as OrganisationId;

let pair: Pair;
let view: PartnershipView;
let first: Scope;
/** Versions 1 to 3 as the partner signs them, each linked to the one before. */
let chain: Uint8Array[];

const sign = (scope: Scope) => signScope(scope, pair.b.keyring.agentSeed);
const linked = (scope: Scope, number: number, previous: Uint8Array) =>
  sign({ ...scope, number, previous: toHex(scopeHash(previous)), minimumCount: 5 + number });

beforeAll(async () => {
  pair = await twoOrganisations([], []);
  const { id } = pair.partnership(pair.a);
  first = await grantScope(pair.b, pair.partnership(pair.b), EVERYTHING);
  view = await pair.a.client().partnership(id);
  const one = sign(first);
  const two = linked(first, 2, one);
  chain = [one, two, linked(first, 3, two)];
});
afterAll(() => pair.close());
beforeEach(() => {
  const { id } = pair.partnership(pair.a);
  updatePartnership(pair.a.store, id, (current) => ({ ...current, scopes: { mine: null, theirs: null } }));
});

/** What `a` makes of a service that shows this as the scope of `b`: the number then kept. */
function follow(shown: Uint8Array | null): number | null {
  const partnership = pair.partnership(pair.a);
  const scopes = { ...view.scopes, [pair.partnership(pair.b).side]: shown };
  return readTheirs(followScope(pair.a, partnership, { ...view, scopes }))?.number ?? null;
}

/** The alarm that it raises, after which everything is as it was. */
function alarm(shown: Uint8Array | null): { code: string; message: string; hint: string | undefined } {
  const before = pair.partnership(pair.a).scopes;
  try {
    follow(shown);
  } catch (problem) {
    expect(pair.partnership(pair.a).scopes).toEqual(before);
    if (problem instanceof Problem)
      return { code: problem.code, message: problem.message, hint: problem.hint };
  }
  throw new Error('no alarm');
}

const at = (number: number) => chain[number - 1] ?? new Uint8Array();

describe('the partner’s scope', () => {
  it('is followed forwards, one version or several at a time, and kept', () => {
    expect(follow(null)).toBeNull();
    expect([follow(at(1)), follow(at(1)), follow(at(2)), follow(at(3))]).toEqual([1, 1, 2, 3]);
    expect(readTheirs(pair.partnership(pair.a))?.minimumCount).toBe(8);
  });

  it('may have versions between that were never seen', () => {
    expect([follow(at(1)), follow(at(3))]).toEqual([1, 3]);
  });

  it.each([1, 2])('is an alarm where it is older than the one seen before: %i', (number) => {
    follow(at(3));
    const found = alarm(at(number));
    expect(found).toMatchObject({ code: 'service_alarm' });
    expect(found.message).toMatch(new RegExp(`shows version ${number} .* version 3 was seen`));
    expect(found.hint).toMatch(/restored from a backup/);
  });

  it('is an alarm where it is hidden after it was seen', () => {
    follow(at(2));
    const found = alarm(null);
    expect(found).toMatchObject({ code: 'service_alarm' });
    expect(found.message).toContain('hides');
    expect(found.hint).toMatch(/restored from a backup/);
  });

  it('is an alarm where another document has the number that was seen', () => {
    follow(at(2));
    const other = sign({ ...first, number: 2, previous: toHex(scopeHash(at(1))), minimumCount: 50 });
    expect(alarm(other)).toMatchObject({ code: 'service_alarm' });
  });

  it('is an alarm of the partner where the next version names another predecessor', () => {
    follow(at(1));
    const unlinked = linked(first, 2, at(3));
    expect(alarm(unlinked)).toMatchObject({ code: 'partner_alarm' });
    expect(alarm(unlinked).message).toContain('does not follow');
  });

  it('is an alarm where another key signed it, or a byte was changed', () => {
    follow(at(1));
    const forged = signScope({ ...first, number: 2, previous: toHex(scopeHash(at(1))) }, systemRandom(32));
    expect(alarm(forged)).toMatchObject({ code: 'service_alarm' });
    const changed = at(2).map((byte, i, all) => (i === all.length - 1 ? byte ^ 1 : byte));
    expect(alarm(changed)).toMatchObject({ code: 'service_alarm' });
  });

  it.each<[string, () => Partial<Scope>]>([
    ['another partnership', () => ({ partnership: newPartnershipId(systemRandom) })],
    ['another grantor', () => ({ grantor: STRANGER })],
    ['another grantee', () => ({ grantee: STRANGER })],
  ])('is an alarm where it is the partner’s own and of %s', (_, change) => {
    const found = alarm(sign({ ...first, ...change() }));
    expect(found).toMatchObject({ code: 'service_alarm' });
    expect(found.message).toContain('another partnership');
  });
});

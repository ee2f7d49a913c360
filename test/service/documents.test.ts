import { describe, expect, it } from 'vitest';
import { toBase64url } from '../../protocol/bytes.ts';
import { systemRandom } from '../../protocol/hash.ts';
import type { Side } from '../../protocol/ids.ts';
import { sign } from '../../protocol/signed.ts';
import { signTerms } from '../../protocol/terms.ts';
import { putScope, submit, type TestPartnership, testPartnership } from '../support/service-app.ts';
import { makeSignedScope, makeTestPair } from '../support/service-parties.ts';
import type { TestAccount } from '../support/service-rows.ts';

function putOffer(world: TestPartnership, side: Side, offer: Uint8Array, epoch = 1) {
  return world.as(side, 'PUT', `/epochs/${epoch}/offer`, { json: { offer: toBase64url(offer) } });
}

function putSignature(world: TestPartnership, side: Side, signature: Uint8Array, epoch = 1) {
  return world.as(side, 'PUT', `/epochs/${epoch}/signature`, { json: { signature: toBase64url(signature) } });
}

describe('an epoch', () => {
  it('is two offers and two signatures, each of which may be sent again', async () => {
    const world = await testPartnership('opened');
    const { pair } = world;
    for (const side of ['founder', 'joiner', 'founder'] as const) {
      expect((await putOffer(world, side, pair.offers[side])).status).toBe(200);
    }
    for (const side of ['founder', 'joiner', 'joiner'] as const) {
      expect((await putSignature(world, side, pair.signatures[side])).status).toBe(200);
    }
    const view = await world.as('joiner', 'GET', '');
    expect(view.json?.epoch).toEqual({
      number: 1,
      offers: { founder: toBase64url(pair.offers.founder), joiner: toBase64url(pair.offers.joiner) },
      signatures: {
        founder: toBase64url(pair.signatures.founder),
        joiner: toBase64url(pair.signatures.joiner),
      },
      terms: { founder: null, joiner: null },
    });
  });

  it('keeps an offer as it was first set', async () => {
    const world = await testPartnership('opened');
    const other = makeTestPair(systemRandom);
    await putOffer(world, 'founder', world.pair.offers.founder);
    const start = world.pair.offers.founder.subarray(0, 22);
    const another = sign('epoch offer', start, world.pair.founder.agent.seed);
    expect((await putOffer(world, 'founder', another)).code).toBe('conflict');
    expect((await putOffer(world, 'founder', other.offers.founder)).code).toBe('conflict');
  });

  it('takes an offer of the caller’s own side, partnership and key only', async () => {
    const world = await testPartnership('opened');
    const { pair } = world;
    expect((await putOffer(world, 'joiner', pair.offers.founder)).code).toBe('bad_signature');
    const swapped = sign('epoch offer', pair.offers.founder.subarray(0, -64), pair.joiner.agent.seed);
    expect((await putOffer(world, 'joiner', swapped)).code).toBe('other_context');
    expect((await putOffer(world, 'joiner', new Uint8Array(64))).code).toBe('malformed');
    expect((await putOffer(world, 'joiner', pair.offers.joiner, 2)).code).toBe('wrong_number');
  });

  it('takes signatures of the record of both offers only', async () => {
    const world = await testPartnership('opened');
    const { pair } = world;
    await putOffer(world, 'founder', pair.offers.founder);
    expect((await putSignature(world, 'founder', pair.signatures.founder)).code).toBe('epoch_incomplete');
    await putOffer(world, 'joiner', pair.offers.joiner);
    expect((await putSignature(world, 'founder', pair.signatures.joiner)).code).toBe('bad_signature');
    expect((await putSignature(world, 'founder', pair.signatures.founder)).status).toBe(200);
    expect((await putSignature(world, 'founder', pair.signatures.joiner)).code).toBe('conflict');
    expect((await putSignature(world, 'founder', pair.signatures.founder, 2)).code).toBe('wrong_number');
  });
});

describe('normaliser terms', () => {
  function termsOf(world: TestPartnership, side: Side, number: number, signer = side) {
    const { partnership } = world.pair;
    const versions = [{ version: number, data: new Uint8Array(32).fill(number) }];
    return signTerms({ partnership, epoch: 1, side, number, versions }, world.pair[signer].agent.seed);
  }
  function putTerms(world: TestPartnership, side: Side, terms: Uint8Array, epoch = 1) {
    return world.as(side, 'PUT', `/epochs/${epoch}/terms`, { json: { terms: toBase64url(terms) } });
  }

  it('stand beside the epoch, and newer ones take the place of older ones', async () => {
    const world = await testPartnership('opened');
    const [first, second] = [termsOf(world, 'founder', 1), termsOf(world, 'founder', 2)];
    expect((await putTerms(world, 'founder', first)).status).toBe(200);
    expect((await putTerms(world, 'founder', first)).status).toBe(200);
    expect((await putTerms(world, 'founder', second)).status).toBe(200);
    expect((await putTerms(world, 'founder', first)).code).toBe('wrong_number');
    const view = await world.as('joiner', 'GET', '');
    expect(view.json?.epoch).toMatchObject({ terms: { founder: toBase64url(second), joiner: null } });
  });

  it('are taken of the caller’s own side, epoch and key only', async () => {
    const world = await testPartnership('opened');
    expect((await putTerms(world, 'joiner', termsOf(world, 'founder', 1))).code).toBe('bad_signature');
    expect((await putTerms(world, 'joiner', termsOf(world, 'founder', 1, 'joiner'))).code).toBe(
      'other_context',
    );
    expect((await putTerms(world, 'joiner', new Uint8Array(80))).code).toBe('bad_signature');
    expect((await putTerms(world, 'founder', termsOf(world, 'founder', 1), 2)).code).toBe('wrong_number');
  });
});

describe('a scope', () => {
  it('is one of a numbered and linked row, each of which may be sent again', async () => {
    const world = await testPartnership('signed');
    const first = makeSignedScope(world.pair, 'founder');
    const second = makeSignedScope(world.pair, 'founder', { number: 2, minimumCount: 9 }, first);
    expect((await putScope(world, 'founder', 1, first)).status).toBe(200);
    expect((await putScope(world, 'founder', 2, second)).status).toBe(200);
    expect((await putScope(world, 'founder', 1, first)).status).toBe(200);
    expect((await putScope(world, 'founder', 1, second)).code).toBe('conflict');
    const view = await world.as('joiner', 'GET', '');
    expect(view.json?.scopes).toEqual({ founder: toBase64url(second), joiner: null });
  });

  it('may leave numbers out, as after a restore of the service, and never goes back', async () => {
    const world = await testPartnership('scoped');
    const third = makeSignedScope(world.pair, 'founder', { number: 3 }, new Uint8Array(100));
    expect((await putScope(world, 'founder', 3, third)).status).toBe(200);
    const second = makeSignedScope(world.pair, 'founder', { number: 2 });
    expect((await putScope(world, 'founder', 2, second)).code).toBe('wrong_number');
  });

  it('is refused where it does not link to the one before', async () => {
    const world = await testPartnership('scoped');
    const { pair } = world;
    const unlinked = makeSignedScope(pair, 'founder', { number: 2 });
    expect((await putScope(world, 'founder', 2, unlinked)).code).toBe('other_context');
    const other = makeSignedScope(pair, 'founder', { number: 2 }, makeSignedScope(pair, 'joiner'));
    expect((await putScope(world, 'founder', 2, other)).code).toBe('other_context');
  });

  it('is of the caller, for the partner, in this partnership', async () => {
    const world = await testPartnership('signed');
    const { pair } = world;
    const other = makeTestPair(systemRandom);
    const put = async (side: Side, scope: Uint8Array, number = 1) =>
      (await putScope(world, side, number, scope)).code;
    expect(await put('joiner', makeSignedScope(pair, 'founder'))).toBe('bad_signature');
    const changes = [
      { grantor: pair.joiner.organisation, grantee: pair.founder.organisation },
      { grantee: other.joiner.organisation },
      { partnership: other.partnership },
    ];
    for (const change of changes) {
      expect(await put('founder', makeSignedScope(pair, 'founder', change))).toBe('other_context');
    }
    expect(await put('founder', makeSignedScope(pair, 'founder'), 2)).toBe('other_context');
    const cut = sign('scope', makeSignedScope(pair, 'founder').subarray(0, 100), pair.founder.agent.seed);
    expect(await put('founder', cut)).toBe('malformed');
  });
});

const account = (tag: Uint8Array): TestAccount => ({
  handle: systemRandom(16),
  populations: [0],
  tags: [{ tag, kind: 'domain' }],
  fields: ['owner'],
  names: [0],
});

async function activeOnBothSides() {
  const world = await testPartnership('scoped');
  const { pair, service } = world;
  const tag = systemRandom(16);
  const scopes = { founder: makeSignedScope(pair, 'founder'), joiner: makeSignedScope(pair, 'joiner') };
  for (const side of ['founder', 'joiner'] as const) {
    const answer = await submit(world, side, 1, scopes[side], [account(tag), account(systemRandom(16))]);
    expect(answer.status).toBe(200);
  }
  const count = (table: string, side: number) =>
    service
      .store(pair.partnership)
      .all<{ n: number }>(`select count(*) as n from ${table} where side = ?`, side)[0]?.n;
  return { world, scopes, count };
}

describe('a new scope', () => {
  it('takes the sealed rows of the old one at once, and leaves the rest', async () => {
    const { world, scopes, count } = await activeOnBothSides();
    const tables = ['accounts', 'tags', 'boxes', 'wraps', 'fields', 'names'];
    expect(tables.map((table) => count(table, 0))).toEqual([2, 2, 2, 2, 2, 2]);
    const narrowed = makeSignedScope(
      world.pair,
      'founder',
      {
        number: 2,
        rules: [
          {
            population: 'customers',
            partnerPopulation: '*',
            level: 'counts',
            fields: [],
            whiteSpace: 'none',
            review: false,
          },
        ],
      },
      scopes.founder,
    );
    expect((await putScope(world, 'founder', 2, narrowed)).status).toBe(200);
    expect(tables.map((table) => count(table, 0))).toEqual([2, 2, 2, 0, 0, 0]);
    expect(tables.map((table) => count(table, 1))).toEqual([2, 2, 2, 2, 2, 2]);
    const overlap = await world.as('joiner', 'POST', '/overlap', { json: {} });
    expect(overlap.json).toMatchObject({ rows: [], snapshot: { number: 1 } });
    const matrix = await world.as('joiner', 'POST', '/matrix', { json: {} });
    expect(matrix.json?.cells).toContainEqual(
      expect.objectContaining({
        mine: 'customers',
        theirs: 'customers',
        confirmed: { accounts: 0, pairs: null, mine: null, theirs: null },
        exact: false,
        whiteSpace: null,
      }),
    );
  });

  it('that grants nothing takes everything: rows, pairs and what was pending', async () => {
    const { world, scopes, count } = await activeOnBothSides();
    const { pair, service } = world;
    const revoked = makeSignedScope(pair, 'founder', { number: 2, rules: [] }, scopes.founder);
    expect((await putScope(world, 'founder', 2, revoked)).status).toBe(200);
    for (const table of [
      'accounts',
      'tags',
      'boxes',
      'wraps',
      'fields',
      'names',
      'submissions',
      'submission_chunks',
    ]) {
      expect([table, count(table, 0)]).toEqual([table, 0]);
      expect([table, count(table, 1)]).not.toEqual([table, 0]);
    }
    const store = service.store(pair.partnership);
    expect(store.all('select * from pairs')).toEqual([]);
    expect(store.all('select * from matches')).toEqual([]);
    const view = await world.as('founder', 'GET', '');
    expect(view.json).toMatchObject({
      submissions: { mine: { active: null, pending: null, lastNumber: 1 }, theirs: { active: 1 } },
      snapshot: null,
    });
    for (const side of ['founder', 'joiner'] as const) {
      const matrix = await world.as(side, 'POST', '/matrix', { json: {} });
      expect(matrix.json).toEqual({ snapshot: null, populations: { mine: [], theirs: [] }, cells: [] });
      const overlap = await world.as(side, 'POST', '/overlap', { json: {} });
      expect(overlap.json).toEqual({ snapshot: null, head: null, scope: null, rows: [], next: null });
    }
    expect(store.all('select * from ledger')).toEqual([]);
  });

  it('after a revocation starts with new pairs in a new snapshot', async () => {
    const { world, scopes } = await activeOnBothSides();
    const { pair } = world;
    const tag = systemRandom(16);
    const revoked = makeSignedScope(pair, 'founder', { number: 2, rules: [] }, scopes.founder);
    await putScope(world, 'founder', 2, revoked);
    const again = makeSignedScope(pair, 'founder', { number: 3 }, revoked);
    await putScope(world, 'founder', 3, again);
    const answer = await submit(world, 'founder', 2, again, [account(tag)]);
    expect(answer.json).toMatchObject({ submission: 2, snapshot: { number: 2 } });
    await submit(world, 'joiner', 2, scopes.joiner, [account(tag)]);
    const overlap = await world.as('joiner', 'POST', '/overlap', { json: {} });
    expect(overlap.json?.rows).toEqual([expect.objectContaining({ firstSeen: 3 })]);
  });
});

import { describe, expect, it } from 'vitest';
import { toBase64url } from '../../protocol/bytes.ts';
import { systemRandom } from '../../protocol/hash.ts';
import type { Side } from '../../protocol/ids.ts';
import { sign } from '../../protocol/signed.ts';
import { signTerms } from '../../protocol/terms.ts';
import { type TestPartnership, testPartnership } from '../support/service-app.ts';
import { makeTestPair } from '../support/service-parties.ts';

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

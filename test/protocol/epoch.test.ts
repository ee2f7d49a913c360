import { describe, expect, test } from 'vitest';
import { toHex } from '../../protocol/bytes.ts';
import { combineOffers, type EpochOffer, epochKeyPair, openOffer } from '../../protocol/epoch.ts';
import type { EvaluatedKind } from '../../protocol/identifiers/kind.ts';
import { newPartnershipId } from '../../protocol/ids.ts';
import { makeEpoch, makeParty, makeWorld, offerOf, type Party } from '../support/parties.ts';
import { seededRandom } from '../support/random.ts';
import { hex, reasonOf, value } from '../support/results.ts';

const world = makeWorld(seededRandom('epoch'));
const { founder, joiner, partnership, random } = world;

function read(party: Party, change: Partial<EpochOffer> = {}) {
  const { signed } = offerOf(party, partnership, 1, change);
  return openOffer(signed, expectedOf(party));
}

function expectedOf(party: Party) {
  return {
    partnership,
    epoch: 1,
    side: party.side,
    rootKey: party.root.publicKey,
    agentKey: party.agent.publicKey,
  };
}

function combined(change: Partial<EpochOffer>) {
  return reasonOf(combineOffers(offerOf(founder, partnership, 1), offerOf(joiner, partnership, 1, change)));
}

describe('an offer', () => {
  test('says what was signed', () => {
    expect(value(read(founder))).toEqual(offerOf(founder, partnership, 1).offer);
  });

  test('of another epoch, side or partnership, or with other keys than were pinned', () => {
    expect(reasonOf(read(founder, { epoch: 2 }))).toBe('other_epoch');
    expect(reasonOf(read(founder, { side: 'joiner' }))).toBe('other_side');
    expect(reasonOf(read(founder, { partnership: newPartnershipId(random) }))).toBe('other_partnership');
    expect(reasonOf(read(founder, { rootKey: joiner.root.publicKey }))).toBe('other_key');
    expect(reasonOf(read(founder, { agentKey: joiner.agent.publicKey }))).toBe('other_key');
  });

  test('signed by the service, or by the partner, in the name of a side', () => {
    const forged = offerOf({ ...founder, agent: joiner.agent }, partnership, 1, {
      agentKey: founder.agent.publicKey,
    });
    expect(reasonOf(openOffer(forged.signed, expectedOf(founder)))).toBe('bad_signature');
  });

  const identity = new Uint8Array(32);
  const smallOrder = hex(`01${'00'.repeat(31)}`);

  test.each<[string, Partial<EpochOffer>]>([
    ['the identity as its key', { keys: new Map([['domain', identity]]) }],
    ['a non-canonical key', { keys: new Map([['domain', new Uint8Array(32).fill(255)]]) }],
    ['no key', { keys: new Map() }],
    ['a root key of small order', { rootKey: smallOrder }],
    ['an agent key of small order', { agentKey: smallOrder }],
    ['epoch 0', { epoch: 0 }],
  ])('with %s', (_, change) => {
    expect(reasonOf(read(founder, change))).toBe('malformed');
  });
});

describe('two offers', () => {
  test('make the same record on both sides', () => {
    const again = makeEpoch(founder, joiner, partnership);
    expect(toHex(again.hash)).toBe(toHex(world.epoch.hash));
    expect(toHex(makeEpoch(founder, joiner, partnership, 2).hash)).not.toBe(toHex(world.epoch.hash));
  });

  test('with equal keys, also across the kinds and roles of keys', () => {
    const [domain = new Uint8Array(), name = new Uint8Array()] = [...founder.voprf.values()].map(
      (keys) => keys.publicKey,
    );
    const own = joiner.voprf.get('name')?.publicKey ?? name;
    const keysWith = (changed: Partial<Record<EvaluatedKind, Uint8Array>>) =>
      new Map([...joiner.voprf].map(([kind, keys]) => [kind, changed[kind] ?? keys.publicKey]));
    expect(combined({ keys: keysWith({ domain, name: own }) })).toBe('equal_keys');
    expect(combined({ keys: keysWith({ domain: name, name: own }) })).toBe('equal_keys');
    expect(combined({ keys: keysWith({ domain: own, name: own }) })).toBe('equal_keys');
    expect(combined({ rootKey: founder.root.publicKey })).toBe('equal_keys');
    expect(combined({ agentKey: founder.agent.publicKey })).toBe('equal_keys');
    expect(combined({ agentKey: founder.root.publicKey })).toBe('equal_keys');
  });

  test('a party with itself', () => {
    const twin = {
      ...makeParty('joiner', random),
      root: founder.root,
      agent: founder.agent,
      voprf: founder.voprf,
    };
    const reason = reasonOf(combineOffers(offerOf(founder, partnership, 1), offerOf(twin, partnership, 1)));
    expect(reason).toBe('equal_keys');
  });

  test('use the kinds that both have a key of', () => {
    const keys = new Map([...joiner.voprf].map(([kind, pair]) => [kind, pair.publicKey] as const));
    keys.delete('lei');
    const epoch = value(
      combineOffers(offerOf(founder, partnership, 1), offerOf(joiner, partnership, 1, { keys })),
    );
    expect(epoch.kinds).toEqual([...founder.voprf.keys()].filter((kind) => kind !== 'lei'));
    expect(world.epoch.kinds).toEqual([...founder.voprf.keys()]);
  });

  test('that differ in epoch or partnership or have no kind in common', () => {
    expect(combined({ keys: new Map() })).toBe('kinds_mismatch');
    expect(combined({ epoch: 2 })).toBe('other_epoch');
    expect(combined({ partnership: newPartnershipId(random) })).toBe('other_partnership');
    expect(combined({})).toBeNull();
  });

  test('of one side', () => {
    const offer = offerOf(founder, partnership, 1);
    expect(reasonOf(combineOffers(offer, offer))).toBe('other_side');
    expect(reasonOf(combineOffers(offerOf(joiner, partnership, 1), offer))).toBe('other_side');
  });
});

test('each kind has a key of its own', () => {
  const seed = random(32);
  expect(toHex(epochKeyPair(seed, 'domain').publicKey)).not.toBe(toHex(epochKeyPair(seed, 'name').publicKey));
});

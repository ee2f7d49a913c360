/** Two organisations with keys, an epoch record that both signed, and scopes: built on the protocol's functions only. */
import { issueCertificate, openCertificate } from '../../protocol/certificate.ts';
import {
  combineOffers,
  type Epoch,
  type EpochOffer,
  epochKeyPair,
  openOffer,
  signOffer,
} from '../../protocol/epoch.ts';
import type { Context } from '../../protocol/evaluation.ts';
import { type Random, signingPublicKey } from '../../protocol/hash.ts';
import { EVALUATED_KINDS, type EvaluatedKind } from '../../protocol/identifiers/kind.ts';
import {
  newPartnershipId,
  type OrganisationId,
  otherSide,
  type PartnershipId,
  type Side,
} from '../../protocol/ids.ts';
import { type Scope, scopeHash, signScope } from '../../protocol/scope.ts';
import type { KeyPair } from '../../protocol/suite.ts';
import { value } from './results.ts';
import { scopeWith } from './scopes.ts';

/** A time at which every certificate made here is valid. */
export const NOW_MS = Date.UTC(2026, 0, 15);
const NOW = NOW_MS / 1000;
/** A text of a recipient's form, which certificates take, though its checksum is wrong. */
export const RECIPIENT = `age1${'q'.repeat(58)}`;

export interface SigningKey {
  readonly seed: Uint8Array;
  readonly publicKey: Uint8Array;
}

export interface Party {
  readonly side: Side;
  readonly organisation: OrganisationId;
  readonly root: SigningKey;
  readonly agent: SigningKey;
  readonly certificate: Uint8Array;
  readonly voprf: ReadonlyMap<EvaluatedKind, KeyPair>;
}

export interface World {
  readonly partnership: PartnershipId;
  readonly epoch: Epoch;
  readonly founder: Party;
  readonly joiner: Party;
  readonly random: Random;
}

export function signingKey(random: Random): SigningKey {
  const seed = random(32);
  return { seed, publicKey: signingPublicKey(seed) };
}

export function makeParty(side: Side, random: Random): Party {
  const root = signingKey(random);
  const agent = signingKey(random);
  const certificate = issueCertificate(
    {
      name: `The ${side}`,
      agentKey: agent.publicKey,
      serial: 1,
      validFrom: NOW - 3600,
      validUntil: NOW + 86_400,
      recipient: RECIPIENT,
    },
    root,
  );
  const { organisation } = value(openCertificate(certificate, NOW_MS));
  const seed = random(32);
  const voprf = new Map(EVALUATED_KINDS.map((kind) => [kind, epochKeyPair(seed, kind)]));
  return { side, organisation, root, agent, certificate, voprf };
}

/** What a party offers for an epoch; `change` makes it another offer than an honest one. */
export function offerOf(
  party: Party,
  partnership: PartnershipId,
  number: number,
  change: Partial<EpochOffer> = {},
): { readonly signed: Uint8Array; readonly offer: EpochOffer } {
  const offer: EpochOffer = {
    partnership,
    epoch: number,
    side: party.side,
    rootKey: party.root.publicKey,
    agentKey: party.agent.publicKey,
    keys: new Map([...party.voprf].map(([kind, keys]) => [kind, keys.publicKey])),
    ...change,
  };
  return { signed: signOffer(offer, party.agent.seed), offer };
}

/** The record of an epoch, each offer read as its receiver would. */
export function makeEpoch(founder: Party, joiner: Party, partnership: PartnershipId, number = 1): Epoch {
  const [first, second] = [founder, joiner].map((party) => {
    const { signed } = offerOf(party, partnership, number);
    const expected = {
      partnership,
      epoch: number,
      side: party.side,
      rootKey: party.root.publicKey,
      agentKey: party.agent.publicKey,
    };
    return { signed, offer: value(openOffer(signed, expected)) };
  });
  if (!first || !second) throw new Error('two parties');
  return value(combineOffers(first, second));
}

export function makeWorld(random: Random): World {
  const partnership = newPartnershipId(random);
  const founder = makeParty('founder', random);
  const joiner = makeParty('joiner', random);
  return { partnership, founder, joiner, random, epoch: makeEpoch(founder, joiner, partnership) };
}

/** The same two parties in another epoch. */
export function withEpoch(world: World, number: number): World {
  return { ...world, epoch: makeEpoch(world.founder, world.joiner, world.partnership, number) };
}

export function contextOf(world: World, side: Side): Context {
  return { partnership: world.partnership, epoch: world.epoch.epoch, side, epochHash: world.epoch.hash };
}

/** The side's scope of a company of one, with two populations; `change` makes it another one. */
export function makeScope(world: World, side: Side, change: Partial<Scope> = {}): Scope {
  const { partnership } = world;
  const grantor = world[side].organisation;
  return scopeWith(change, { partnership, grantor, grantee: world[otherSide(side)].organisation });
}

/** The hash of the side's signed scope. */
export function scopeHashOf(world: World, side: Side): Uint8Array {
  return scopeHash(signScope(makeScope(world, side), world[side].agent.seed));
}

/**
 * The epoch record: both sides' VOPRF public keys a kind, signed by both agents. Each side offers its half; the record is the two offers in the founder's order, so both compute the same bytes.
 */
import { compare, concat, equal, Reader, uint } from './bytes.ts';
import { isSigningKey, PUBLIC_KEY_BYTES, sha256 } from './hash.ts';
import { EVALUATED_KINDS, type EvaluatedKind, evaluatedKindOf, kindNumber } from './identifiers/kind.ts';
import {
  label,
  messageStart,
  PARTNERSHIP_BYTES,
  type PartnershipId,
  partnershipBytes,
  type Side,
  sideOf,
  VERSION,
} from './ids.ts';
import { recordBytes } from './record.ts';
import { ok, type Result, refuse } from './result.ts';
import { messageOf, openSigned, sign } from './signed.ts';
import { ELEMENT_BYTES } from './sizes.ts';
import { isElement } from './sodium.ts';
import { deriveKeyPair, type KeyPair } from './suite.ts';

/** One side's half of an epoch record. */
export interface EpochOffer {
  readonly partnership: PartnershipId;
  /** Counts from 1. */
  readonly epoch: number;
  readonly side: Side;
  readonly rootKey: Uint8Array;
  readonly agentKey: Uint8Array;
  /** VOPRF public keys in ascending order of the kinds' numbers. */
  readonly keys: ReadonlyMap<EvaluatedKind, Uint8Array>;
}

export interface Epoch {
  readonly partnership: PartnershipId;
  readonly epoch: number;
  readonly founder: EpochOffer;
  readonly joiner: EpochOffer;
  /** Those that both sides have a key of; no identifier of another kind is used. */
  readonly kinds: readonly EvaluatedKind[];
  /** SHA-256 of the record, which every derivation of the epoch is bound to. */
  readonly hash: Uint8Array;
  /** The exact bytes that both sides sign. */
  readonly record: Uint8Array;
}

export type EpochRefusal =
  | 'malformed'
  | 'bad_signature'
  | 'other_partnership'
  | 'other_epoch'
  | 'other_side'
  | 'other_key'
  | 'kinds_mismatch'
  | 'equal_keys';

/** The VOPRF key pair of one kind, from the side's 32-byte seed of the epoch. */
export function epochKeyPair(seed: Uint8Array, kind: EvaluatedKind): KeyPair {
  return deriveKeyPair(seed, label(`voprf ${kind}`));
}

export function signOffer(offer: EpochOffer, agentSeed: Uint8Array): Uint8Array {
  const keys = [...offer.keys].sort(([a], [b]) => kindNumber(a) - kindNumber(b));
  const message = concat(
    messageStart(offer.partnership, offer.epoch, offer.side),
    offer.rootKey,
    offer.agentKey,
    uint(keys.length, 1),
    ...keys.map(([kind, key]) => concat(uint(kindNumber(kind), 1), key)),
  );
  return sign('epoch offer', message, agentSeed);
}

/** Reads one offer and checks it against the keys that were pinned for its side. */
export function openOffer(
  signed: Uint8Array,
  expected: {
    readonly partnership: PartnershipId;
    readonly epoch: number;
    readonly side: Side;
    readonly rootKey: Uint8Array;
    readonly agentKey: Uint8Array;
  },
): Result<EpochOffer, EpochRefusal> {
  const message = messageOf(signed);
  const offer = message && decodeOffer(message, expected.partnership);
  if (!offer) return refuse('malformed');
  const opened = openSigned('epoch offer', signed, expected.agentKey);
  if (!opened.ok) return opened;
  if (offer === 'other_partnership') return refuse('other_partnership');
  if (offer.epoch !== expected.epoch) return refuse('other_epoch');
  if (offer.side !== expected.side) return refuse('other_side');
  if (!equal(offer.rootKey, expected.rootKey) || !equal(offer.agentKey, expected.agentKey))
    return refuse('other_key');
  return ok(offer);
}

/** The record of two offers that were each checked. Refuses sides without a common kind or with a common key. */
export function combineOffers(
  founder: { readonly signed: Uint8Array; readonly offer: EpochOffer },
  joiner: { readonly signed: Uint8Array; readonly offer: EpochOffer },
): Result<Epoch, EpochRefusal> {
  if (founder.offer.side !== 'founder' || joiner.offer.side !== 'joiner') return refuse('other_side');
  if (founder.offer.partnership !== joiner.offer.partnership) return refuse('other_partnership');
  if (founder.offer.epoch !== joiner.offer.epoch) return refuse('other_epoch');
  const kinds = EVALUATED_KINDS.filter((kind) => founder.offer.keys.has(kind) && joiner.offer.keys.has(kind));
  if (kinds.length === 0) return refuse('kinds_mismatch');
  const keys = [founder.offer, joiner.offer].flatMap((offer) => [
    offer.rootKey,
    offer.agentKey,
    ...offer.keys.values(),
  ]);
  keys.sort(compare);
  if (keys.some((key, i) => i > 0 && equal(key, keys[i - 1]!))) return refuse('equal_keys');
  const { partnership, epoch } = founder.offer;
  const record = recordBytes(partnership, epoch, founder.signed, joiner.signed);
  return ok({
    partnership,
    epoch,
    founder: founder.offer,
    joiner: joiner.offer,
    kinds,
    hash: sha256(record),
    record,
  });
}

function decodeOffer(
  message: Uint8Array,
  partnership: PartnershipId,
): EpochOffer | 'other_partnership' | null {
  const reader = new Reader(message);
  const version = reader.uint(1);
  const forPartnership = reader.take(PARTNERSHIP_BYTES);
  const epoch = reader.uint(4);
  const side = sideOf(reader.uint(1));
  const rootKey = reader.take(PUBLIC_KEY_BYTES);
  const agentKey = reader.take(PUBLIC_KEY_BYTES);
  const keys = new Map<EvaluatedKind, Uint8Array>();
  const count = reader.uint(1);
  let last = 0;
  for (let i = 0; i < count && !reader.failed; i++) {
    const number = reader.uint(1);
    const kind = evaluatedKindOf(number);
    const key = reader.take(ELEMENT_BYTES);
    if (!kind || number <= last || !isElement(key)) return null;
    keys.set(kind, key);
    last = number;
  }
  if (!reader.done() || version !== VERSION || !side || epoch < 1 || count < 1) return null;
  if (!isSigningKey(rootKey) || !isSigningKey(agentKey)) return null;
  if (!equal(forPartnership, partnershipBytes(partnership))) return 'other_partnership';
  return { partnership, epoch, side, rootKey, agentKey, keys };
}

/** What every part of a sync works with. */
import { combineOffers, type Epoch, openOffer } from '../../../protocol/epoch.ts';
import type { Context } from '../../../protocol/evaluation.ts';
import { otherSide } from '../../../protocol/ids.ts';
import type { Agent } from '../agent.ts';
import type { PartnershipView } from '../client.ts';
import type { CryptoPool } from '../crypto/pool.ts';
import { decode, requireVerified } from '../pinned.ts';
import { Problem } from '../problem.ts';
import { getPartnership, type Partnership } from '../store/partnerships.ts';

/** The only epoch so far. */
export const EPOCH = 1;

/** Told about work that takes a while. */
export type Progress = (phase: string, done: number, total: number) => void;

export interface Sync {
  readonly agent: Agent;
  readonly id: Partnership['id'];
  readonly pool: CryptoPool;
  readonly progress: Progress;
}

/** A sync inside an epoch that both sides signed. */
export interface EpochSync extends Sync {
  readonly partnership: Partnership;
  readonly view: PartnershipView;
  readonly epoch: Epoch;
  readonly seed: Uint8Array;
  /** Context of this side's own list. */
  readonly mine: Context;
  /** Context of the partner's list. */
  readonly theirs: Context;
  /** The partner's agent key, pinned. */
  readonly partnerKey: Uint8Array;
}

/** The epoch of this side's and the partner's offers, each checked against the keys of its own time. */
export function readEpoch(agent: Agent, partnership: Partnership, partnerOffer: Uint8Array): Epoch {
  const partner = requireVerified(partnership);
  const state = partnership.epoch;
  if (!state) throw new Problem('store_damaged', 'there is no epoch to read');
  const { certificate } = agent.keyring;
  const at = { partnership: partnership.id, epoch: state.number };
  const own = decode(state.offer);
  const mine = openOffer(own, {
    ...at,
    side: partnership.side,
    rootKey: certificate.rootKey,
    agentKey: certificate.agentKey,
  });
  const theirs = openOffer(partnerOffer, {
    ...at,
    side: otherSide(partnership.side),
    rootKey: decode(partner.rootKey),
    agentKey: decode(partner.agentKey),
  });
  if (!mine.ok) throw new Problem('store_damaged', `this side's own offer does not check (${mine.reason})`);
  if (!theirs.ok)
    throw new Problem(
      'partner_alarm',
      `the offer of ${partnership.alias} does not check (${theirs.reason})`,
      'call your partner before you go on',
    );
  const sides = [
    { signed: own, offer: mine.value },
    { signed: partnerOffer, offer: theirs.value },
  ] as const;
  const [founder, joiner] = partnership.side === 'founder' ? sides : [sides[1], sides[0]];
  const epoch = combineOffers(founder, joiner);
  if (epoch.ok) return epoch.value;
  throw new Problem(
    'partner_alarm',
    `the two sides cannot agree on an epoch (${epoch.reason}${epoch.detail ? `: ${epoch.detail}` : ''})`,
    'call your partner before you go on',
  );
}

/** The contexts and keys of the signed epoch. */
export function inEpoch(sync: Sync, view: PartnershipView): EpochSync {
  const partnership = getPartnership(sync.agent.store, sync.id);
  const state = partnership.epoch;
  if (!state?.partnerOffer || !state.hash) throw new Problem('store_damaged', 'the epoch is not signed yet');
  const epoch = readEpoch(sync.agent, partnership, decode(state.partnerOffer));
  const base = { partnership: partnership.id, epoch: epoch.epoch, epochHash: epoch.hash };
  return {
    ...sync,
    partnership,
    view,
    epoch,
    seed: decode(state.seed),
    mine: { ...base, side: partnership.side },
    theirs: { ...base, side: otherSide(partnership.side) },
    partnerKey: decode(requireVerified(partnership).agentKey),
  };
}

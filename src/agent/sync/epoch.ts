/** Agreeing on the keys of the epoch: each side offers its own, and both sign the record of the two offers. */
import { equal, toBase64url } from '../../../protocol/bytes.ts';
import { epochKeyPair, signOffer } from '../../../protocol/epoch.ts';
import { systemRandom } from '../../../protocol/hash.ts';
import { EVALUATED_KINDS } from '../../../protocol/identifiers/kind.ts';
import { otherSide } from '../../../protocol/ids.ts';
import { signRecord, verifyRecord } from '../../../protocol/record.ts';
import { openSigned } from '../../../protocol/signed.ts';
import type { Agent } from '../agent.ts';
import type { PartnershipView } from '../client.ts';
import { decode, requireVerified } from '../pinned.ts';
import { Problem } from '../problem.ts';
import { getPartnership, type Partnership, updatePartnership } from '../store/partnerships.ts';
import { EPOCH, readEpoch } from './context.ts';
import type { Facts } from './step.ts';

/** How far the epoch's keys are agreed on; an alarm where the service shows others than were offered or pinned. */
export function epochFacts(
  agent: Agent,
  partnership: Partnership,
  { epoch }: PartnershipView,
): Facts['epoch'] {
  const mine = partnership.side;
  const theirs = otherSide(mine);
  const offer = epoch.offers[mine];
  const partnerOffer = epoch.offers[theirs];
  const state = partnership.epoch;
  if (offer && toBase64url(offer) !== state?.offer) {
    const isOwn = openSigned('epoch offer', offer, agent.keyring.certificate.agentKey).ok;
    if (!isOwn)
      throw new Problem('service_alarm', 'the service shows an epoch offer in your name that is not yours');
    throw new Problem(
      'store_damaged',
      `this home does not have the keys that it uses with ${partnership.alias}: it was restored from a backup made before them`,
      `restore a newer backup, or end this with \`commonground partner end ${partnership.alias}\` and invite again`,
    );
  }
  const pinned = state?.partnerOffer ?? null;
  if (pinned && partnerOffer && pinned !== toBase64url(partnerOffer)) {
    throw new Problem(
      'service_alarm',
      `the service shows another epoch offer of ${partnership.alias} than the one you signed`,
    );
  }
  const signature = epoch.signatures[theirs];
  const record = state?.hash && pinned ? readEpoch(agent, partnership, decode(pinned)).record : null;
  const partnerSigned = record !== null && signature !== null;
  if (partnerSigned && !verifyRecord(record, signature, decode(requireVerified(partnership).agentKey))) {
    throw new Problem(
      'partner_alarm',
      `the signature of ${partnership.alias} under the epoch does not check`,
    );
  }
  return {
    offered: state !== null && offer !== null && toBase64url(offer) === state.offer,
    partnerOffered: partnerOffer !== null,
    signed: record !== null && epoch.signatures[mine] !== null,
    partnerSigned,
  };
}

/** Makes this side's keys of the epoch, keeps them, then offers their public halves. */
export async function offerEpoch(agent: Agent, id: Partnership['id']): Promise<void> {
  const partnership = updatePartnership(agent.store, id, (current) => {
    if (current.epoch) return current;
    const seed = systemRandom(32);
    const { rootKey, agentKey } = agent.keyring.certificate;
    const offer = signOffer(
      {
        partnership: id,
        epoch: EPOCH,
        side: current.side,
        rootKey,
        agentKey,
        keys: new Map(EVALUATED_KINDS.map((kind) => [kind, epochKeyPair(seed, kind).publicKey])),
      },
      agent.keyring.agentSeed,
    );
    return {
      ...current,
      epoch: {
        number: EPOCH,
        seed: toBase64url(seed),
        offer: toBase64url(offer),
        partnerOffer: null,
        hash: null,
      },
    };
  });
  await agent.client().offerEpoch(id, EPOCH, decode(partnership.epoch?.offer ?? ''));
}

/** Checks and pins the partner's offer, and signs the record of both. */
export async function signEpoch(agent: Agent, id: Partnership['id'], view: PartnershipView): Promise<void> {
  const partnership = getPartnership(agent.store, id);
  const shown = view.epoch.offers[otherSide(partnership.side)];
  if (!shown || !partnership.epoch) throw new Problem('store_damaged', 'there is nothing to sign');
  const pinned = partnership.epoch.partnerOffer ? decode(partnership.epoch.partnerOffer) : shown;
  if (!equal(pinned, shown))
    throw new Problem(
      'service_alarm',
      `the service shows another epoch offer of ${partnership.alias} than before`,
    );
  const epoch = readEpoch(agent, partnership, shown);
  updatePartnership(agent.store, id, (current) => ({
    ...current,
    epoch: current.epoch && {
      ...current.epoch,
      partnerOffer: toBase64url(shown),
      hash: toBase64url(epoch.hash),
    },
  }));
  await agent.client().signEpoch(id, epoch.epoch, signRecord(epoch.record, agent.keyring.agentSeed));
}

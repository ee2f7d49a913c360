/** What a member's home pins of a partnership: what its own organisation's agent signed, and never something older. */
import { toBase64url } from '../../../protocol/bytes.ts';
import { organisationId } from '../../../protocol/ids.ts';
import { openHead, type VaultHead } from '../../../protocol/vault/head.ts';
import { timestamp } from '../agent.ts';
import type { PartnershipView } from '../client.ts';
import { followCertificate } from '../pinned.ts';
import { Problem } from '../problem.ts';
import { followScopes, keepPins } from '../scopes/following.ts';
import {
  addPartnership,
  listPartnerships,
  newPartnership,
  type Partnership,
  updatePartnership,
} from '../store/partnerships.ts';
import { readPins } from '../vault/papers.ts';
import type { Viewer } from '../viewer.ts';
import type { NamedPartner } from './caller.ts';

/** A partnership as the newest head says, and the head. */
export interface Pinned {
  readonly partnership: Partnership;
  readonly head: VaultHead;
  /** The head was not seen here before. */
  readonly isNew: boolean;
}

/** Takes over what the view's head says, once it is checked. */
export function followHead(
  viewer: Pick<Viewer, 'store' | 'keyring'>,
  { id, alias }: NamedPartner,
  view: PartnershipView,
): Pinned {
  if (view.state === 'ended')
    throw new Problem(
      'partnership_ended',
      `the partnership with ${alias} is ended`,
      'its ledger stays readable',
    );
  const known = listPartnerships(viewer.store).find((partnership) => partnership.id === id);
  if (!view.vault) throw known ? gone(alias) : notYet(alias);
  const opened = openHead(view.vault, id, viewer.keyring.certificate.agentKey);
  if (!opened.ok)
    throw new Problem(
      'service_alarm',
      `what the service shows of ${alias} was not signed by your organisation (${opened.reason})`,
    );
  const head = opened.value;
  const signed = toBase64url(view.vault);
  if (known?.vault) {
    if (known.vault.number > head.number) throw wentBack(alias);
    if (known.vault.number === head.number && known.vault.signed !== signed)
      throw new Problem('service_alarm', `there are two vaults of ${alias} with one number`);
  }
  if (known?.partner && known.partner.rootKey !== toBase64url(head.partner.rootKey))
    throw new Problem('service_alarm', `your organisation’s agent now names another root key of ${alias}`);
  const { context, partner } = head;
  if (!known) {
    const nothing = { commitment: '', certificate: '', nonce: '' };
    addPartnership(viewer.store, newPartnership({ id, alias, side: context.side, ...nothing }));
  }
  const partnership = updatePartnership(viewer.store, id, (current) => {
    const isNewer = (current.partner?.serial ?? 0) < partner.serial;
    return {
      ...current,
      alias,
      verifiedAt: timestamp(head.issuedAt * 1000),
      partner:
        current.partner && !isNewer
          ? current.partner
          : {
              organisation: organisationId(partner.rootKey),
              name: partner.name,
              rootKey: toBase64url(partner.rootKey),
              agentKey: toBase64url(partner.agentKey),
              serial: partner.serial,
              recipient: partner.recipient,
            },
      epoch: {
        number: context.epoch,
        seed: '',
        offer: '',
        partnerOffer: null,
        hash: toBase64url(context.epochHash),
      },
      vault: { number: head.number, signed, of: '' },
    };
  });
  return { partnership, head, isNew: known?.vault?.number !== head.number };
}

/**
 * Follows the papers of the view, which may go back neither behind what this home saw nor behind what the agent had seen
 * when it signed the head.
 */
export function followPartner(
  viewer: Viewer,
  { partnership, head, isNew }: Pinned,
  view: PartnershipView,
): Partnership {
  const current = followCertificate(viewer, partnership, view);
  const pins = readPins(head.papers);
  if (!pins)
    throw new Problem(
      'store_newer',
      `the vault of ${partnership.alias} was written by another version of commonground`,
      'bring this machine and the one with the keyring to the same version',
    );
  // All or nothing: what this home saw stays pinned where what the agent saw is not shown.
  return viewer.store.database.transaction(() => {
    if (!isNew) return followScopes(viewer, current, view);
    followScopes(viewer, current, view);
    return followScopes(viewer, keepPins(viewer, current, pins), view);
  });
}

function notYet(alias: string): Problem {
  return new Problem(
    'not_synced',
    `the home with the keyring has not told its members of ${alias} yet`,
    'ask whoever keeps it to run `commonground sync`, then try again',
  );
}

/** Whoever revokes what was granted takes the own rows away too; a service that hides them gives no answer, and no wrong one. */
function gone(alias: string): Problem {
  return new Problem(
    'not_synced',
    `your list is not at the service for ${alias} any more: your side revoked what it granted, or the service hides it`,
    'ask whoever keeps the keyring; after a new scope is in force, its next `commonground sync` brings the list back',
  );
}

function wentBack(alias: string): Problem {
  return new Problem(
    'service_alarm',
    `the service shows an older vault of ${alias} than before`,
    'if it was restored from a backup, the next sync of the home with the keyring brings it up to date; if that does not help, do not go on',
  );
}

/** The partner as this machine has verified it: its keys are pinned and follow its own renewals only. */
import { equal, fromBase64url, toBase64url, toHex } from '../../protocol/bytes.ts';
import { openCertificate } from '../../protocol/certificate.ts';
import { sha256 } from '../../protocol/hash.ts';
import type { Agent } from './agent.ts';
import type { PartnershipView, ServiceView } from './client.ts';
import { Problem } from './problem.ts';
import {
  type Partnership,
  type PinnedPartner,
  refuseEnded,
  updatePartnership,
} from './store/partnerships.ts';
import type { Viewer } from './viewer.ts';

/** Throws unless the partner was verified on this machine. */
export function requireVerified(partnership: Partnership): PinnedPartner {
  refuseEnded(partnership);
  if (!partnership.verifiedAt || !partnership.partner) {
    throw new Problem(
      'not_verified',
      `${partnership.alias} is not verified on this machine`,
      `run \`commonground partner verify ${partnership.alias}\` with your partner on the phone`,
    );
  }
  return partnership.partner;
}

/** Follows a renewal of the partner's agent key: the same root key must vouch for it with a higher serial number. */
export function followCertificate(
  agent: Viewer,
  partnership: Partnership,
  view: PartnershipView,
): Partnership {
  const partner = partnership.partner;
  const current = view.certificates[partnership.side === 'founder' ? 'joiner' : 'founder'];
  if (!partner || !current) return partnership;
  const certificate = openCertificate(current, agent.now());
  if (!certificate.ok) {
    if (certificate.reason === 'expired') {
      throw new Problem(
        'partner_expired',
        `the agent key of ${partnership.alias} has expired`,
        'ask the partner to renew it',
      );
    }
    throw new Problem(
      'service_alarm',
      `the service shows an invalid certificate of ${partnership.alias}: ${certificate.reason}`,
    );
  }
  const { rootKey, serial, agentKey, recipient } = certificate.value;
  if (!equal(rootKey, decode(partner.rootKey))) {
    throw new Problem(
      'service_alarm',
      `the service shows another root key for ${partnership.alias} than the one you verified`,
      'do not go on; call your partner',
    );
  }
  if (serial === partner.serial && !equal(agentKey, decode(partner.agentKey))) {
    throw new Problem(
      'partner_alarm',
      `${partnership.alias} shows two different agent keys of one number`,
      'do not go on; call your partner',
    );
  }
  if (serial <= partner.serial) return partnership;
  return updatePartnership(agent.store, partnership.id, (before) => ({
    ...before,
    partner: { ...partner, serial, agentKey: toBase64url(agentKey), recipient },
  }));
}

/** What to tell people of who runs the service, in one sentence; a warning where it is one of the two. */
export function operatorNotice(
  service: ServiceView,
  agent: Agent,
  partner: PinnedPartner | null,
): { text: string; warning: boolean } {
  const { name, organisation } = service.operator;
  if (organisation && partner && organisation === partner.organisation) {
    return {
      warning: true,
      text: `your partner ${partner.name} operates this service: levels, counts and the record of disclosures rest on its word. What your own machine never sends stays hidden all the same: unmatched accounts, and fields you do not grant.`,
    };
  }
  if (organisation === agent.keyring.certificate.organisation) {
    return {
      warning: false,
      text: 'your own organisation operates this service: your partner relies on you for levels, counts and the record of disclosures.',
    };
  }
  return {
    warning: false,
    text: `the service is operated by ${name}, by its own account. It matches blinded sets and enforces levels; it cannot read a list. Together with one of you it could set the levels aside.`,
  };
}

/** The root key's fingerprint in groups, as people compare it. */
export function fingerprint(rootKey: Uint8Array): string {
  return (toHex(sha256(rootKey)).slice(0, 40).match(/.{4}/g) ?? []).join(' ');
}

/** The bytes of a text of the local store. */
export function decode(text: string): Uint8Array {
  const bytes = fromBase64url(text);
  if (bytes) return bytes;
  throw new Problem(
    'store_damaged',
    'the local store holds a value that is not base64url',
    'restore the home from a backup',
  );
}

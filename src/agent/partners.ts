/**
 * Partners: invitation, acceptance, opening and the phrase. Until `verify` was done on this machine nothing is offered,
 * evaluated, sealed or submitted in the partnership.
 */

import * as z from 'zod';
import { equal, fromBase64url, toBase64url, utf8 } from '../../protocol/bytes.ts';
import type { Certificate } from '../../protocol/certificate.ts';
import { type Random, sha256 } from '../../protocol/hash.ts';
import { newPartnershipId, type PartnershipId, parsePartnershipId } from '../../protocol/ids.ts';
import {
  accept,
  commitment,
  INVITATION_NONCE_BYTES,
  type Introduction,
  open,
  phrase,
  readAcceptance,
  readOpening,
} from '../../protocol/invitation.ts';
import { parsePhrase } from '../../protocol/words.ts';
import { type Agent, timestamp } from './agent.ts';
import { Client, type PartnershipView } from './client.ts';
import { writeConfiguration } from './home.ts';
import { decode } from './pinned.ts';
import { Problem } from './problem.ts';
import {
  addPartnership,
  isLive,
  listPartnerships,
  newPartnership,
  type Partnership,
  refuseEnded,
  removePartnership,
  startAnew,
  updatePartnership,
} from './store/partnerships.ts';
import { ServiceRefusal } from './transport.ts';

const PREFIX = 'commonground-invitation:1:';
const CODE_BYTES = 16;

const invitationContent = z.strictObject({
  service: z.url(),
  partnership: z.string(),
  commitment: z.string(),
  code: z.string(),
  from: z.string(),
});

/** What an invitation text carries: where to answer, to what, and the code that lets its holder answer. */
export interface Invitation {
  readonly service: string;
  readonly partnership: PartnershipId;
  readonly commitment: Uint8Array;
  readonly code: Uint8Array;
  /** What the inviter calls itself; unverified. */
  readonly from: string;
}

/** Makes a partnership and the text to send to the partner. The text is a secret until it was accepted. */
export async function invite(
  agent: Agent,
  alias: string,
  random: Random,
  jurisdiction?: string,
): Promise<{ partnership: Partnership; text: string }> {
  refuseTakenAlias(agent, alias);
  const client = agent.client();
  if (jurisdiction !== undefined) await refuseUnoffered(client, jurisdiction);
  const service = agent.configuration.service ?? '';
  const id = newPartnershipId(random);
  const mine: Introduction = {
    certificate: agent.keyring.signedCertificate,
    nonce: random(INVITATION_NONCE_BYTES),
  };
  const committed = commitment(id, mine);
  const code = random(CODE_BYTES);
  const partnership = newPartnership({
    id,
    alias,
    side: 'founder',
    commitment: toBase64url(committed),
    certificate: toBase64url(mine.certificate),
    nonce: toBase64url(mine.nonce),
  });
  const content = {
    service,
    partnership: id,
    commitment: toBase64url(committed),
    code: toBase64url(code),
    from: agent.keyring.certificate.name,
  };
  const text = PREFIX + toBase64url(utf8(JSON.stringify(content)));
  await client.invite(id, committed, sha256(code), jurisdiction);
  addPartnership(agent.store, { ...partnership, invitation: text });
  return { partnership, text };
}

async function refuseUnoffered(client: Client, jurisdiction: string): Promise<void> {
  const { jurisdictions } = await client.service();
  if (jurisdictions.includes(jurisdiction)) return;
  throw new Problem(
    'bad_argument',
    `the service keeps no partnership in a jurisdiction "${jurisdiction}"`,
    jurisdictions.length > 0
      ? `it offers: ${jurisdictions.join(', ')}`
      : 'it offers none; invite without --jurisdiction, or use a service that does',
  );
}

/** The text of an invitation that nobody has accepted yet, once more. */
export async function inviteAgain(
  agent: Agent,
  partnership: Partnership,
): Promise<{ partnership: Partnership; text: string }> {
  refuseEnded(partnership);
  const { alias, invitation: text } = partnership;
  const view = partnership.partner ? null : await viewOf(agent, partnership);
  if (!text || view?.state !== 'invited')
    throw new Problem(
      'bad_argument',
      partnership.side === 'joiner' ? `${alias} invited you` : `${alias} has accepted the invitation already`,
      `compare the words: \`commonground partner verify ${alias}\``,
    );
  return { partnership, text };
}

/** Reads an invitation as it was pasted. */
export function readInvitation(text: string): Invitation {
  const bad = new Problem(
    'bad_input',
    'this is not a commonground invitation',
    `it starts with ${PREFIX} and is one line; paste it whole`,
  );
  const compact = text.replace(/\s+/g, '');
  const content = compact.startsWith(PREFIX) ? fromBase64url(compact.slice(PREFIX.length)) : null;
  if (!content) throw bad;
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder().decode(content));
  } catch {
    throw bad;
  }
  const parsed = invitationContent.safeParse(json);
  const partnership = parsed.success ? parsePartnershipId(parsed.data.partnership) : null;
  const committed = parsed.success ? fromBase64url(parsed.data.commitment) : null;
  const code = parsed.success ? fromBase64url(parsed.data.code) : null;
  if (!parsed.success || !partnership || committed?.length !== 32 || code?.length !== CODE_BYTES) throw bad;
  return { service: parsed.data.service, partnership, commitment: committed, code, from: parsed.data.from };
}

/**
 * Registers where needed and answers an invitation. What is answered is kept first, so that a killed process answers
 * the same when it is run again: a second, different answer would be refused.
 */
export async function acceptInvitation(
  agent: Agent,
  invitation: Invitation,
  alias: string,
  random: Random,
): Promise<Partnership> {
  const configured = agent.configuration.service;
  if (configured && configured !== invitation.service) {
    throw new Problem(
      'bad_argument',
      `this home is registered at ${configured}, the invitation is for ${invitation.service}`,
      'use another --home for another service',
    );
  }
  const known = listPartnerships(agent.store).find(({ id }) => id === invitation.partnership);
  if (known && (known.side === 'founder' || known.alias !== alias)) {
    throw new Problem(
      'bad_argument',
      `this invitation is in this home already, as ${known.alias}`,
      'an organisation cannot accept its own invitation, nor one twice',
    );
  }
  const partnership = known ?? answerTo(agent, invitation, alias, random);
  const client = new Client(invitation.service, agent.keyring, agent.now);
  await client.register({
    invitation: { partnership: invitation.partnership, code: toBase64url(invitation.code) },
  });
  if (!configured) writeConfiguration(agent.home, { ...agent.configuration, service: invitation.service });
  try {
    await client.accept(invitation.partnership, decode(partnership.acceptance ?? ''), invitation.code);
  } catch (error) {
    // Used by another, expired, withdrawn or deleted: this answer will never be taken.
    if (error instanceof Problem && error.code === 'service_refused')
      removePartnership(agent.store, partnership.id);
    throw isUnknown(error)
      ? new ServiceRefusal(
          error,
          error.serviceCode,
          'the service does not know this invitation',
          'it expired long ago or was withdrawn; ask your partner for a new one',
        )
      : error;
  }
  return partnership;
}

/**
 * How the work stands at the service. An invitation that nobody accepted is deleted there some weeks after its end,
 * which is told apart from a partnership that the service forgot.
 */
export async function viewOf(agent: Agent, { id, alias, partner }: Partnership): Promise<PartnershipView> {
  try {
    return await agent.client().partnership(id);
  } catch (error) {
    if (partner || !isUnknown(error)) throw error;
    throw new ServiceRefusal(
      error,
      error.serviceCode,
      `the service does not know the invitation of ${alias} any more`,
      `nobody accepted it in time; \`commonground partner end ${alias}\` removes it here, then invite again`,
    );
  }
}

/** True for the answer that there is no such thing at the service. */
export function isUnknown(error: unknown): error is ServiceRefusal {
  return error instanceof ServiceRefusal && error.serviceCode === 'not_found';
}

function answerTo(agent: Agent, invitation: Invitation, alias: string, random: Random): Partnership {
  refuseTakenAlias(agent, alias);
  const mine: Introduction = {
    certificate: agent.keyring.signedCertificate,
    nonce: random(INVITATION_NONCE_BYTES),
  };
  const acceptance = accept(invitation.partnership, invitation.commitment, mine, agent.keyring.agentSeed);
  const partnership = {
    ...newPartnership({
      id: invitation.partnership,
      alias,
      side: 'joiner',
      commitment: toBase64url(invitation.commitment),
      certificate: toBase64url(mine.certificate),
      nonce: toBase64url(mine.nonce),
    }),
    acceptance: toBase64url(acceptance),
  };
  addPartnership(agent.store, partnership);
  return partnership;
}

/**
 * Takes the introduction one step further if the other side has moved: the founder opens its commitment for the first
 * acceptance it sees and for no other, the joiner checks the opening. Both then know the phrase.
 */
export async function introduce(
  agent: Agent,
  partnership: Partnership,
  view: PartnershipView,
): Promise<Partnership> {
  if (partnership.partner) return partnership;
  const committed = decode(partnership.commitment);
  const mine = { certificate: decode(partnership.certificate), nonce: decode(partnership.nonce) };
  if (partnership.side === 'founder') {
    if (!view.acceptance) return partnership;
    const accepted = readAcceptance(view.acceptance, partnership.id, committed, agent.now());
    if (!accepted.ok) throw introductionAlarm(partnership.alias, accepted.reason);
    if (accepted.value.certificate.organisation === agent.keyring.certificate.organisation)
      throw introductionAlarm(partnership.alias, 'same_organisation');
    // Written before the opening leaves, so that a killed process never opens for a second acceptance.
    const bound = updatePartnership(agent.store, partnership.id, (current) => ({
      ...current,
      acceptance: current.acceptance ?? toBase64url(view.acceptance ?? new Uint8Array()),
    }));
    if (!equal(decode(bound.acceptance ?? ''), view.acceptance))
      throw introductionAlarm(partnership.alias, 'other_acceptance');
    await agent
      .client()
      .open(partnership.id, open(partnership.id, view.acceptance, mine, agent.keyring.agentSeed));
    const words = phrase(partnership.id, mine, accepted.value.introduction);
    return pin(agent, partnership.id, words, accepted.value.certificate);
  }
  if (!view.opening) return partnership;
  const acceptance = decode(partnership.acceptance ?? '');
  const opened = readOpening(view.opening, partnership.id, committed, acceptance, agent.now());
  if (!opened.ok) throw introductionAlarm(partnership.alias, opened.reason);
  if (opened.value.certificate.organisation === agent.keyring.certificate.organisation)
    throw introductionAlarm(partnership.alias, 'same_organisation');
  return pin(
    agent,
    partnership.id,
    phrase(partnership.id, opened.value.introduction, mine),
    opened.value.certificate,
  );
}

/**
 * Compares the words that the partner read out. Words that differ decide nothing: the transcript stands since before
 * they were shown, so typing them again gives nobody another guess. That they really differ is for the people to say,
 * and ends the partnership (see `endPartnership`).
 */
export function verify(agent: Agent, partnership: Partnership, typed: string): Partnership {
  refuseEnded(partnership);
  if (!partnership.phrase || !partnership.partner) {
    throw new Problem(
      'not_verified',
      `${partnership.alias} has not answered yet`,
      'run `commonground partner list` after the partner has accepted',
    );
  }
  const words = parsePhrase(typed);
  if (!words)
    throw new Problem(
      'bad_argument',
      'these are not four words of the list',
      'type the four words that your partner reads out; nothing was decided',
    );
  if (words !== partnership.phrase)
    throw new Problem(
      'phrase_mismatch',
      `these are not the four words that this machine has for ${partnership.alias}`,
      `nothing was decided: listen again and type theirs again; if they really differ, somebody may stand between you: \`commonground partner verify ${partnership.alias} --differ\``,
    );
  return updatePartnership(agent.store, partnership.id, (current) => ({
    ...current,
    verifiedAt: current.verifiedAt ?? timestamp(agent.now()),
  }));
}

function pin(agent: Agent, id: PartnershipId, words: string, certificate: Certificate): Partnership {
  return updatePartnership(agent.store, id, (current) => ({
    ...current,
    phrase: words,
    invitation: null,
    partner: {
      organisation: certificate.organisation,
      name: certificate.name,
      rootKey: toBase64url(certificate.rootKey),
      agentKey: toBase64url(certificate.agentKey),
      serial: certificate.serial,
      recipient: certificate.recipient,
    },
  }));
}

function refuseTakenAlias(agent: Agent, alias: string): void {
  if (!/^[a-z0-9][a-z0-9-]{0,39}$/.test(alias)) {
    throw new Problem(
      'bad_argument',
      `"${alias}" cannot be a partner's short name`,
      'use small letters, digits and hyphens',
    );
  }
  const known = listPartnerships(agent.store).find((other) => other.alias === alias && isLive(other));
  if (!known) return;
  throw new Problem(
    'bad_argument',
    `there is a partner called ${alias} already`,
    known.invitation
      ? `print its invitation once more with \`commonground partner invite ${alias} --again\`, or choose another short name`
      : 'choose another short name',
  );
}

function introductionAlarm(alias: string, reason: string): Problem {
  return new Problem(
    'service_alarm',
    `the introduction of ${alias} does not check (${reason})`,
    `nothing was sent; call your partner, end this with \`commonground partner end ${alias}\` and ${startAnew(alias)}`,
  );
}

/** Whoever uses a home: the organisation's agent where the keyring is, or a member. What both can do is asked here. */
import { type Random, sha256 } from '../../../protocol/hash.ts';
import type { OrganisationId, PartnershipId } from '../../../protocol/ids.ts';
import { type MemberId, newMemberId, type Role } from '../../../protocol/member.ts';
import { type Agent, openAgent } from '../agent.ts';
import type { Client, ListedMember, ListedPartnership } from '../client.ts';
import { type Home, isMemberHome } from '../home.ts';
import { Problem } from '../problem.ts';
import { findPartnership, listPartnerships } from '../store/partnerships.ts';
import { isViewer } from '../vault/admission.ts';
import { takeOut } from '../vault/keys.ts';
import { openSeat } from './home.ts';
import { MEMBER_CODE_BYTES, type MemberInvitation, writeMemberInvitation } from './invitation.ts';

/** A partner by the name that it has in this home. */
export interface NamedPartner {
  readonly alias: string;
  readonly id: PartnershipId;
}

export interface Caller {
  readonly organisation: OrganisationId;
  readonly name: string;
  readonly service: string;
  readonly client: Client;
  /** The partner that is called so; a problem where there is none. */
  partner(name: string): Promise<NamedPartner>;
  /** Removes a member; where the keyring is, the next sync then makes a new vault key. */
  remove(member: Pick<ListedMember, 'id' | 'role' | 'keys'>): Promise<void>;
  /** Every partner by its id, for showing. */
  partners(): Promise<readonly NamedPartner[]>;
  close(): void;
}

export async function openCaller(home: Home, now: () => number): Promise<Caller> {
  return isMemberHome(home) ? memberCaller(home, now) : agentCaller(await openAgent(home, now));
}

function agentCaller(agent: Agent): Caller {
  const { organisation, name } = agent.keyring.certificate;
  return {
    organisation,
    name,
    service: agent.configuration.service ?? '',
    client: agent.client(),
    partner: async (wanted) => findPartnership(agent.store, wanted),
    partners: async () => listPartnerships(agent.store),
    async remove({ id, role, keys }) {
      await agent.client().removeMember(id);
      if (isViewer(role) && keys !== null) takeOut(agent.store, [id]);
    },
    close: () => agent.close(),
  };
}

function memberCaller(home: Home, now: () => number): Caller {
  const { profile, service, client } = openSeat(home, now);
  return {
    organisation: profile.organisation,
    name: profile.name,
    service,
    client,
    partner: async (wanted) => findNamed(await client.partners(), wanted),
    partners: async () => namedPartners(await client.partners()),
    async remove({ id }) {
      await client.removeMember(id);
    },
    close: () => undefined,
  };
}

/**
 * What a member calls partners: the name that each gives itself, in small letters and hyphens; where two would be called
 * alike, their partnership's id. Aliases and what was verified on the phone are in the keyring's home alone.
 */
function namedPartners(listed: readonly ListedPartnership[]): NamedPartner[] {
  const slugs = listed.map(({ partner }) => slugOf(partner?.name ?? ''));
  return listed.map(({ id }, index) => {
    const slug = slugs[index] ?? '';
    const isOwn = slug !== '' && slugs.indexOf(slug) === slugs.lastIndexOf(slug);
    return { alias: isOwn ? slug : id, id };
  });
}

/** The partner that a member calls so. */
export function findNamed(listed: readonly ListedPartnership[], wanted: string): NamedPartner {
  const named = namedPartners(listed);
  const found = named.find(({ alias, id }) => alias === wanted || id === wanted);
  const known = named.map(({ alias }) => alias).join(', ') || 'none yet';
  if (!found) throw new Problem('unknown_partner', `no partner ${wanted}`, `partners here: ${known}`);
  return found;
}

/** The partners that a member's question goes to: the named one, else all; of ended ones the ledger stays readable. */
export async function partnersAsked(
  client: Client,
  wanted: string | undefined,
  withEnded: boolean,
): Promise<NamedPartner[]> {
  const listed = await client.partners();
  if (wanted !== undefined) return [findNamed(listed, wanted)];
  const asked = new Set(
    listed
      // Without a partner it ended as an invitation, and nothing was ever revealed.
      .filter(({ state, partner }) => state === 'opened' || (withEnded && state === 'ended' && partner))
      .map(({ id }) => id),
  );
  if (asked.size > 0) return namedPartners(listed).filter(({ id }) => asked.has(id));
  throw new Problem(
    'unknown_partner',
    'there is no partner that you work with yet',
    'ask an admin of your organisation',
  );
}

function slugOf(name: string): string {
  return name
    .normalize('NFKD')
    .toLowerCase()
    .replace(/\p{M}/gu, '')
    .replace(/[^\p{L}\p{N}]+/gu, '-')
    .replace(/^-|-$/g, '');
}

/** Makes an invitation known to the service and gives its text. Without partners the member works with all of them. */
export async function inviteMember(
  caller: Caller,
  { role, partners }: { readonly role: Role; readonly partners: readonly string[] | undefined },
  random: Random,
): Promise<{ readonly member: MemberId; readonly text: string }> {
  const partnerships = partners
    ? await Promise.all(partners.map(async (name) => (await caller.partner(name)).id))
    : null;
  const member = newMemberId(random);
  const code = random(MEMBER_CODE_BYTES);
  await caller.client.inviteMember(member, { role, partnerships, codeHash: sha256(code) });
  const { service, organisation, name } = caller;
  const invitation: MemberInvitation = { service, organisation, name, member, role, code };
  return { member, text: writeMemberInvitation(invitation) };
}

/** The member with this id or e-mail address who is one, or is invited. */
export function findMember(members: readonly ListedMember[], wanted: string): ListedMember {
  const email = wanted.normalize('NFC').trim().toLowerCase();
  const found = members.find(
    ({ id, email: own, state }) => state !== 'removed' && (id === wanted || own === email),
  );
  if (found) return found;
  throw new Problem('bad_argument', `there is no member ${wanted}`, 'see `commonground member list`');
}

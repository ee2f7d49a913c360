/** People of the test organisations: invited by the organisation's agent, joined and logged in over the API. */
import { toBase64url } from '../../protocol/bytes.ts';
import { sha256, systemRandom } from '../../protocol/hash.ts';
import type { OrganisationId, PartnershipId } from '../../protocol/ids.ts';
import { type MemberId, newMemberId, type Role, signMemberKeys } from '../../protocol/member.ts';
import type { Person } from './scopes.ts';
import type { Answer, CalledService } from './service-app.ts';
import { type SigningKey, signingKey } from './service-parties.ts';

export const PASSWORD = 'seven purple boats 4';

export interface TestInvitation {
  readonly member: MemberId;
  readonly organisation: OrganisationId;
  readonly code: Uint8Array;
  readonly answer: Answer;
}

export interface Invited {
  readonly organisation: OrganisationId;
  /** Of the organisation's agent, or of an admin. */
  readonly token: string;
  readonly role: Role;
  readonly partnerships?: readonly PartnershipId[] | null;
}

export async function inviteMember(service: CalledService, invited: Invited): Promise<TestInvitation> {
  const member = newMemberId(systemRandom);
  const code = systemRandom(16);
  const { organisation, token, role, partnerships = null } = invited;
  const json = { role, partnerships, codeHash: toBase64url(sha256(code)) };
  const answer = await service.call('PUT', `/v1/members/${member}`, { token, json });
  return { member, organisation, code, answer };
}

/** What a person sends to join; `keys` are signed keys of their own. */
export function joiningOf(
  invitation: Pick<TestInvitation, 'member' | 'organisation' | 'code'>,
  email: string,
  own: SigningKey = signingKey(systemRandom),
) {
  const { member, organisation, code } = invitation;
  const keys = signMemberKeys(
    { organisation, member, signingKey: own.publicKey, recipient: `age1${'q'.repeat(58)}` },
    own.seed,
  );
  return { code: toBase64url(code), email, password: PASSWORD, keys: toBase64url(keys) };
}

export function joinAs(service: CalledService, member: MemberId, json: object): Promise<Answer> {
  return service.call('PUT', `/v1/members/${member}/acceptance`, { json });
}

export function logInAs(
  service: CalledService,
  organisation: OrganisationId,
  email: string,
  password = PASSWORD,
): Promise<Answer> {
  return service.call('POST', '/v1/sessions', { json: { organisation, email, password } });
}

/** A member who is logged in, with the key by which they sign. */
export async function makeMember(
  service: CalledService,
  invited: Invited,
): Promise<Person & { readonly email: string; readonly token: string }> {
  const invitation = await inviteMember(service, invited);
  if (invitation.answer.status !== 201) throw new Error(`not invited: ${invitation.answer.code}`);
  const email = `${invitation.member.slice(0, 12)}@people.example`;
  const own = signingKey(systemRandom);
  const joined = await joinAs(service, invitation.member, joiningOf(invitation, email, own));
  if (joined.status !== 200) throw new Error(`not joined: ${joined.code}`);
  const session = await logInAs(service, invited.organisation, email);
  if (session.status !== 200) throw new Error(`not logged in: ${session.code}`);
  const { member } = invitation;
  return { member, seed: own.seed, key: own.publicKey, email, token: String(session.json?.token) };
}

/** Admitting a member to the vault: two people compare four words, and the key is wrapped to the member's own keys. */
import { sealTo } from '../../../protocol/age.ts';
import { sha256 } from '../../../protocol/hash.ts';
import type { OrganisationId } from '../../../protocol/ids.ts';
import {
  type MemberId,
  type MemberKeys,
  memberCode,
  openMemberKeys,
  VIEWER_ROLES,
} from '../../../protocol/member.ts';
import { signWrap, type VaultKey, vaultKeyId } from '../../../protocol/vault/key.ts';
import { parsePhrase } from '../../../protocol/words.ts';
import type { ListedMember } from '../client.ts';
import { Problem } from '../problem.ts';

/** Somebody who can be admitted, with keys that are signed by themselves and say nothing of whose they are. */
export interface Candidate {
  readonly member: ListedMember;
  readonly keys: MemberKeys;
  /** SHA-256 of the signed keys. */
  readonly keysHash: Uint8Array;
  /** Four words that the member's own home shows too. */
  readonly code: string;
}

/** Whoever wraps a vault key. */
export interface Granter {
  readonly organisation: OrganisationId;
  /** null for the organisation's agent. */
  readonly member: MemberId | null;
  readonly seed: Uint8Array;
}

/** True where the member is one who asks, and may so hold the vault. */
export function mayHold({ state, role }: Pick<ListedMember, 'state' | 'role'>): boolean {
  return state === 'joined' && isViewer(role);
}

/** True for the roles that ask questions. */
export function isViewer(role: ListedMember['role'] | 'agent'): boolean {
  return VIEWER_ROLES.some((viewer) => viewer === role);
}

/** Reads the keys that the service shows for the member; a problem where they are none, or the role does not ask. */
export function candidateOf(organisation: OrganisationId, member: ListedMember): Candidate {
  const who = member.email ?? member.id;
  if (member.state !== 'joined')
    throw new Problem('bad_argument', `${who} has not joined yet`, 'see `commonground member list`');
  if (!mayHold(member))
    throw new Problem(
      'bad_argument',
      `${who} is ${member.role}: only ${VIEWER_ROLES.join(' and ')} ask for names, so nobody else holds the vault`,
      'invite them to one of these roles',
    );
  const { keys, keysHash, signed } = keysOf(organisation, member);
  return { member, keys, keysHash, code: memberCode(signed, { organisation, member: member.id }) };
}

/** A member's keys, checked for their own signature. */
export function keysOf(organisation: OrganisationId, member: ListedMember) {
  const signed = member.keys ?? new Uint8Array();
  const keys = openMemberKeys(signed, { organisation, member: member.id });
  if (!keys.ok)
    throw new Problem(
      'service_alarm',
      `the keys of ${member.email ?? member.id} do not check (${keys.reason})`,
    );
  return { keys: keys.value, keysHash: sha256(signed), signed };
}

/** Throws where the typed words are not the member's. */
export function compareCode({ code, member }: Candidate, typed: string): void {
  const words = parsePhrase(typed);
  if (!words) throw new Problem('bad_argument', 'these are not four words of the list', 'check the spelling');
  if (words === code) return;
  throw new Problem(
    'phrase_mismatch',
    `the words are not those of the keys that the service shows for ${member.email ?? member.id}`,
    'nothing was given away; listen again, and if they really differ do not admit anybody and call the operator of the service',
  );
}

/** The vault key for this member, signed by who gives it. */
export async function wrapFor(
  { organisation, member: by, seed }: Granter,
  { number, key }: VaultKey,
  to: { readonly keys: MemberKeys; readonly keysHash: Uint8Array },
): Promise<Uint8Array> {
  const { member, recipient } = to.keys;
  const wrapped = await sealTo(recipient, key);
  if (!wrapped) throw new Problem('service_alarm', `${member} has no valid age recipient`);
  const keyId = vaultKeyId(key);
  return signWrap({ organisation, number, keyId, member, keysHash: to.keysHash, by, wrapped }, seed);
}

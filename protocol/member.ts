/** A member's own keys: a person makes them at the first log-in, and the service keeps their public halves for others. */
import { concat, equal, fromHex, prefixed, Reader, toHex, uint, utf8 } from './bytes.ts';
import { isSigningKey, PUBLIC_KEY_BYTES, type Random, stretch } from './hash.ts';
import { label, type OrganisationId, VERSION } from './ids.ts';
import { ok, type Result, refuse } from './result.ts';
import { messageOf, openSigned, sign } from './signed.ts';
import { wordsOf } from './words.ts';

declare const brand: unique symbol;
/** `mbr_` and 32 hexadecimal digits, random. */
export type MemberId = string & { readonly [brand]: 'MemberId' };

/** What people are in their organisation. */
export const ROLES = ['admin', 'legal', 'sales', 'clean-team', 'auditor'] as const;
export type Role = (typeof ROLES)[number];

/** Those of them who ask what is shared; the clean team is the one to which competitors keep what is sensitive. */
export const VIEWER_ROLES = ['sales', 'clean-team'] as const satisfies readonly Role[];
export type ViewerRole = (typeof VIEWER_ROLES)[number];

const ID_BYTES = 16;

export interface MemberKeys {
  readonly organisation: OrganisationId;
  readonly member: MemberId;
  /** Ed25519; signs what this member approves. */
  readonly signingKey: Uint8Array;
  /** age recipient (`age1…`) to which the organisation's vault key is wrapped for this member. */
  readonly recipient: string;
}

export type MemberKeysRefusal = 'malformed' | 'bad_signature' | 'other_context';

export function newMemberId(random: Random): MemberId {
  return `mbr_${toHex(random(ID_BYTES))}` as MemberId;
}

export function parseMemberId(text: string): MemberId | null {
  return /^mbr_[0-9a-f]{32}$/.test(text) ? (text as MemberId) : null;
}

/** Signed by the seed of the signing key itself, so that nobody registers a key that is another's. */
export function signMemberKeys(keys: MemberKeys, seed: Uint8Array): Uint8Array {
  const message = concat(
    uint(VERSION, 1),
    idBytes(keys.organisation),
    idBytes(keys.member),
    keys.signingKey,
    prefixed(utf8(keys.recipient)),
  );
  return sign('member keys', message, seed);
}

/** Reads the keys of this member of this organisation and checks that their holder signed them. */
export function openMemberKeys(
  signed: Uint8Array,
  expected: Pick<MemberKeys, 'organisation' | 'member'>,
): Result<MemberKeys, MemberKeysRefusal> {
  const unchecked = messageOf(signed);
  if (!unchecked) return refuse('malformed');
  const reader = new Reader(unchecked);
  const version = reader.uint(1);
  const organisation = reader.take(ID_BYTES);
  const member = reader.take(ID_BYTES);
  const signingKey = reader.take(PUBLIC_KEY_BYTES);
  const recipient = reader.text();
  if (!reader.done() || version !== VERSION || !isSigningKey(signingKey)) return refuse('malformed');
  if (!/^age1[0-9a-z]{20,2000}$/.test(recipient)) return refuse('malformed');
  const opened = openSigned('member keys', signed, signingKey);
  if (!opened.ok) return opened;
  const isExpected =
    equal(organisation, idBytes(expected.organisation)) && equal(member, idBytes(expected.member));
  return isExpected ? ok({ ...expected, signingKey, recipient }) : refuse('other_context');
}

/**
 * Four words of a member's signed keys, which two people compare before one gives the other the vault key. The service
 * could try keys until their words are the same, were a try not so slow (`stretch`).
 */
export function memberCode(signed: Uint8Array, of: Pick<MemberKeys, 'organisation' | 'member'>): string {
  const salt = concat(label('member code'), idBytes(of.organisation), idBytes(of.member));
  return wordsOf(stretch(signed, salt));
}

/** The 16 bytes of an organisation's or a member's id. */
export function idBytes(id: OrganisationId | MemberId): Uint8Array {
  return fromHex(id.slice(4)) ?? new Uint8Array();
}

/** Names of organisations, partnerships, accounts and sides. */
import { concat, fromHex, toHex, uint, utf8 } from './bytes.ts';
import { type Random, sha256 } from './hash.ts';

declare const brand: unique symbol;
type Brand<Base, Name extends string> = Base & { readonly [brand]: Name };

/** `org_` and 32 hexadecimal digits: the fingerprint of the organisation's root key. */
export type OrganisationId = Brand<string, 'OrganisationId'>;
/** `prt_` and 32 hexadecimal digits, random. */
export type PartnershipId = Brand<string, 'PartnershipId'>;
/** 32 hexadecimal digits: 16 random bytes that name one account in one partnership and epoch. */
export type Handle = Brand<string, 'Handle'>;
/** The founder sent the invitation; the joiner accepted it. On the wire a side is one byte, 0 or 1. */
export type Side = 'founder' | 'joiner';

export const HANDLE_BYTES = 16;
export const TAG_BYTES = 16;
export const PARTNERSHIP_BYTES = 16;
/** The version of every message and derivation of this specification. */
export const VERSION = 1;

/** A derivation or message label of this protocol version: `commonground/1 <name>`. */
export function label(name: string): Uint8Array {
  return utf8(`commonground/${VERSION} ${name}`);
}

export function organisationId(rootKey: Uint8Array): OrganisationId {
  const digest = sha256(concat(label('organisation'), rootKey));
  return `org_${toHex(digest.subarray(0, 16))}` as OrganisationId;
}

export function parseOrganisationId(text: string): OrganisationId | null {
  return /^org_[0-9a-f]{32}$/.test(text) ? (text as OrganisationId) : null;
}

export function newPartnershipId(random: Random): PartnershipId {
  return partnershipId(random(PARTNERSHIP_BYTES));
}

/** The text form of the 16 bytes that messages carry. */
export function partnershipId(bytes: Uint8Array): PartnershipId {
  if (bytes.length !== PARTNERSHIP_BYTES) throw new RangeError('a partnership id is 16 bytes');
  return `prt_${toHex(bytes)}` as PartnershipId;
}

export function parsePartnershipId(text: string): PartnershipId | null {
  return /^prt_[0-9a-f]{32}$/.test(text) ? (text as PartnershipId) : null;
}

export function partnershipBytes(id: PartnershipId): Uint8Array {
  return fromHex(id.slice(4)) ?? new Uint8Array();
}

export function handleFrom(bytes: Uint8Array): Handle {
  if (bytes.length !== HANDLE_BYTES) throw new RangeError('a handle is 16 bytes');
  return toHex(bytes) as Handle;
}

export function sideNumber(side: Side): 0 | 1 {
  return side === 'founder' ? 0 : 1;
}

export function sideOf(number: number): Side | null {
  if (number === 0) return 'founder';
  return number === 1 ? 'joiner' : null;
}

export function otherSide(side: Side): Side {
  return side === 'founder' ? 'joiner' : 'founder';
}

/** The first bytes of every message of an epoch: version, partnership, epoch and the side that it speaks of. */
export function messageStart(partnership: PartnershipId, epoch: number, side: Side): Uint8Array {
  return concat(uint(VERSION, 1), partnershipBytes(partnership), uint(epoch, 4), uint(sideNumber(side), 1));
}

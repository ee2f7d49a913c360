/**
 * The vault key: 32 random bytes, numbered, under which an organisation's own accounts stand at the service for those of
 * its members who ask. It is wrapped for each of them; who wrapped it for whom is signed.
 */
import { concat, equal, prefixed, Reader, toHex, tuple, uint } from '../bytes.ts';
import type { Context } from '../evaluation.ts';
import { expand, HASH_BYTES } from '../hash.ts';
import { label, type OrganisationId, partnershipBytes, sideNumber, VERSION } from '../ids.ts';
import { idBytes, type MemberId, parseMemberId } from '../member.ts';
import { ok, type Result, refuse } from '../result.ts';
import { messageOf, openSigned, sign } from '../signed.ts';

export const VAULT_KEY_BYTES = 32;
const ID_BYTES = 16;
const MAX_WRAPPED_BYTES = 4096;
/** Stands for the organisation's agent where a wrap names who made it. */
const AGENT = new Uint8Array(ID_BYTES);

export interface VaultKey {
  /** Counts from 1; rises when a member who held the last one leaves. */
  readonly number: number;
  readonly key: Uint8Array;
}

/** A vault key for one member. */
export interface VaultWrap {
  readonly organisation: OrganisationId;
  /** Number and name of the wrapped key. */
  readonly number: number;
  readonly keyId: Uint8Array;
  readonly member: MemberId;
  /** SHA-256 of the member's signed keys, so that nobody else's recipient takes their place. */
  readonly keysHash: Uint8Array;
  /** The member who wrapped it; null for the organisation's agent. */
  readonly by: MemberId | null;
  /** An age file for the member's recipient. */
  readonly wrapped: Uint8Array;
}

export type VaultRefusal = 'malformed' | 'bad_signature' | 'other_context';

/** 32 bytes that name a vault key and tell nothing of it: whoever can open something of that name has the very key. */
export function vaultKeyId(key: Uint8Array): Uint8Array {
  return expand(key, label('vault key'));
}

/** The key for one use in one epoch of a partnership; `context` has the own side. */
export function vaultUseKey({ key, number }: VaultKey, use: string, context: Context): Uint8Array {
  return expand(
    key,
    tuple(
      label(use),
      uint(number, 4),
      partnershipBytes(context.partnership),
      uint(context.epoch, 4),
      uint(sideNumber(context.side), 1),
      context.epochHash,
    ),
  );
}

/** Signed by the agent key or, where `by` names a member, by that member's signing key. */
export function signWrap(wrap: VaultWrap, seed: Uint8Array): Uint8Array {
  const message = concat(
    uint(VERSION, 1),
    idBytes(wrap.organisation),
    uint(wrap.number, 4),
    wrap.keyId,
    idBytes(wrap.member),
    wrap.keysHash,
    wrap.by ? idBytes(wrap.by) : AGENT,
    prefixed(wrap.wrapped),
  );
  return sign('vault wrap', message, seed);
}

/** Reads a wrap of this organisation without checking who signed it: `by` says whose key has to. */
export function readWrap(signed: Uint8Array, organisation: OrganisationId): VaultWrap | null {
  const message = messageOf(signed);
  if (!message) return null;
  const reader = new Reader(message);
  const version = reader.uint(1);
  const of = reader.take(ID_BYTES);
  const number = reader.uint(4);
  const keyId = reader.take(HASH_BYTES);
  const member = memberOf(reader.take(ID_BYTES));
  const keysHash = reader.take(HASH_BYTES);
  const signer = reader.take(ID_BYTES);
  const wrapped = reader.prefixed();
  if (!reader.done() || version !== VERSION || !member || number < 1) return null;
  if (!equal(of, idBytes(organisation)) || wrapped.length > MAX_WRAPPED_BYTES) return null;
  const by = equal(signer, AGENT) ? null : memberOf(signer);
  return { organisation, number, keyId, member, keysHash, by, wrapped };
}

/** Reads a wrap and checks that this key signed it. */
export function openWrap(
  signed: Uint8Array,
  organisation: OrganisationId,
  signer: Uint8Array,
): Result<VaultWrap, VaultRefusal> {
  const wrap = readWrap(signed, organisation);
  if (!wrap) return refuse('malformed');
  const opened = openSigned('vault wrap', signed, signer);
  return opened.ok ? ok(wrap) : opened;
}

function memberOf(bytes: Uint8Array): MemberId | null {
  return parseMemberId(`mbr_${toHex(bytes)}`);
}

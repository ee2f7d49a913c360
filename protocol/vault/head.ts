/**
 * The head of a vault: what an organisation's agent has pinned of one partnership, signed for its own members, so that
 * they check answers against their own organisation and not against what the service says. The secret part is sealed
 * under the vault key; a head without one serves the members who do not ask for names.
 */
import { concat, prefixed, Reader, uint, utf8 } from '../bytes.ts';
import { type Context, frame } from '../evaluation.ts';
import { HASH_BYTES, isSigningKey, PUBLIC_KEY_BYTES } from '../hash.ts';
import { PARTNERSHIP_BYTES, type PartnershipId, partnershipId, sideOf, VERSION } from '../ids.ts';
import { ok, type Result, refuse } from '../result.ts';
import { messageOf, openSigned, sign } from '../signed.ts';
import type { VaultRefusal } from './key.ts';

/** The largest signed head. */
export const MAX_HEAD_BYTES = 700 * 1024;
const MAX_SEALED_BYTES = 0xffff;

export interface VaultHead {
  /** Own side, epoch and its record's hash. */
  readonly context: Context;
  /** Counts from 1; a reader never goes back to a lower one. */
  readonly number: number;
  /** When it was signed, seconds since 1970. */
  readonly issuedAt: number;
  /** The partner as people verified it. */
  readonly partner: {
    readonly rootKey: Uint8Array;
    readonly agentKey: Uint8Array;
    readonly serial: number;
    readonly recipient: string;
    readonly name: string;
  };
  /** Both sides' rosters and scopes with what was signed about them, as the agent has pinned them: a text of its own form. */
  readonly papers: string;
  /** The own submission whose accounts stand in the vault; 0 before any. */
  readonly submission: number;
  /** Version of the normaliser by which the known names are made. */
  readonly normaliser: number;
  /** Number and name of the vault key; number 0 where nobody holds one. */
  readonly key: { readonly number: number; readonly id: Uint8Array };
  /** In how many pieces the own list's names stand in the vault (names.ts); 0 for none. */
  readonly pieces: number;
  /** What only holders of the vault key read, sealed; empty without one. */
  readonly sealed: Uint8Array;
}

/** The signed head, or null where it is too large: its papers by what is read of a head, or what is sealed by its length's two bytes. */
export function signHead(head: VaultHead, agentSeed: Uint8Array): Uint8Array | null {
  if (head.sealed.length > MAX_SEALED_BYTES) return null;
  const message = concat(
    frame(head.context, head.number),
    uint(head.issuedAt, 8),
    head.partner.rootKey,
    head.partner.agentKey,
    uint(head.partner.serial, 4),
    prefixed(utf8(head.partner.recipient)),
    prefixed(utf8(head.partner.name)),
    uint(utf8(head.papers).length, 4),
    utf8(head.papers),
    uint(head.submission, 4),
    uint(head.normaliser, 2),
    uint(head.key.number, 4),
    head.key.id,
    uint(head.pieces, 2),
    prefixed(head.sealed),
  );
  const signed = sign('vault head', message, agentSeed);
  return signed.length > MAX_HEAD_BYTES ? null : signed;
}

/** Reads a head of this partnership and checks that the organisation's own agent signed it. */
export function openHead(
  signed: Uint8Array,
  partnership: PartnershipId,
  agentKey: Uint8Array,
): Result<VaultHead, VaultRefusal> {
  const message = signed.length > MAX_HEAD_BYTES ? null : messageOf(signed);
  const head = message && decode(message);
  if (!head) return refuse('malformed');
  const opened = openSigned('vault head', signed, agentKey);
  if (!opened.ok) return opened;
  return head.context.partnership === partnership ? ok(head) : refuse('other_context');
}

function decode(message: Uint8Array): VaultHead | null {
  const reader = new Reader(message);
  const version = reader.uint(1);
  const partnership = reader.take(PARTNERSHIP_BYTES);
  const epoch = reader.uint(4);
  const side = sideOf(reader.uint(1));
  const epochHash = reader.take(HASH_BYTES);
  const number = reader.uint(4);
  const issuedAt = reader.uint(8);
  const rootKey = reader.take(PUBLIC_KEY_BYTES);
  const agentKey = reader.take(PUBLIC_KEY_BYTES);
  const serial = reader.uint(4);
  const recipient = reader.text();
  const name = reader.text();
  const papers = textOf(reader.take(reader.uint(4)));
  const submission = reader.uint(4);
  const normaliser = reader.uint(2);
  const key = { number: reader.uint(4), id: reader.take(HASH_BYTES) };
  const pieces = reader.uint(2);
  const sealed = reader.prefixed();
  if (!reader.done() || version !== VERSION || !side || epoch < 1 || number < 1) return null;
  if (!isSigningKey(rootKey) || !isSigningKey(agentKey)) return null;
  if (papers === null) return null;
  return {
    context: { partnership: partnershipId(partnership), epoch, side, epochHash },
    number,
    issuedAt,
    partner: { rootKey, agentKey, serial, recipient, name },
    papers,
    submission,
    normaliser,
    key,
    pieces,
    sealed,
  };
}

function textOf(bytes: Uint8Array): string | null {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return null;
  }
}

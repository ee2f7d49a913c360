/** Signed messages: the exact bytes, then an Ed25519 signature over a label and those bytes. */
import { concat, prefixed } from './bytes.ts';
import { SIGNATURE_BYTES, signBytes, verifyBytes } from './hash.ts';
import { label } from './ids.ts';
import { ok, type Result, refuse } from './result.ts';

/** One label a message type, so that no signature serves for another. */
export type MessageType =
  | 'certificate'
  | 'acceptance'
  | 'opening'
  | 'epoch offer'
  | 'epoch record'
  | 'normaliser terms'
  | 'evaluation request'
  | 'evaluation'
  | 'evaluation refusal'
  | 'submission'
  | 'scope'
  | 'scope statement'
  | 'roster'
  | 'ending'
  | 'member keys'
  | 'vault wrap'
  | 'vault head'
  | 'login';

/** The largest signed message that is read: an evaluation of a full chunk and its frame. */
export const MAX_SIGNED_BYTES = 1 << 20;

export function sign(type: MessageType, message: Uint8Array, seed: Uint8Array): Uint8Array {
  return concat(message, signBytes(seed, signedBytes(type, message)));
}

/** The message of a signed byte string, once its signature is checked. */
export function openSigned(
  type: MessageType,
  signed: Uint8Array,
  publicKey: Uint8Array,
): Result<Uint8Array, 'malformed' | 'bad_signature'> {
  const message = messageOf(signed);
  if (!message) return refuse('malformed');
  const signature = signed.subarray(message.length);
  if (!verifyBytes(publicKey, signedBytes(type, message), signature)) return refuse('bad_signature');
  return ok(message);
}

/** The message of a signed byte string without any check: only to find out which key has to have signed it. */
export function messageOf(signed: Uint8Array): Uint8Array | null {
  if (signed.length <= SIGNATURE_BYTES || signed.length > MAX_SIGNED_BYTES) return null;
  return signed.subarray(0, signed.length - SIGNATURE_BYTES);
}

function signedBytes(type: MessageType, message: Uint8Array): Uint8Array {
  return concat(prefixed(label(type)), message);
}

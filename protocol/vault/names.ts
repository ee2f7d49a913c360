/**
 * The names that an organisation's whole own list knows, as keyed hashes in sealed pieces: a member leaves them out of a
 * partner's white space without having the list.
 */
import { concat, uint, utf8 } from '../bytes.ts';
import type { Context } from '../evaluation.ts';
import { hmac, type Random } from '../hash.ts';
import { type VaultKey, vaultUseKey } from './key.ts';
import { openInVault, sealInVault } from './sealing.ts';
import { LARGEST_PIECE_BYTES, MAX_PIECES } from './upload.ts';

export const NAME_HASH_BYTES = 8;
/** A piece is padded to a multiple of so many hashes. */
const PADDED_HASHES = 512;
/** How many hashes a piece is to have, about. */
const USUAL_HASHES = 4 * PADDED_HASHES;

/** Makes 8-byte keyed hashes of names as they are compared. */
export function nameHasher(key: VaultKey, context: Context): (value: string) => Uint8Array {
  const use = vaultUseKey(key, 'vault name hashes', context);
  return (value) => hmac(use, utf8(value)).subarray(0, NAME_HASH_BYTES);
}

/** In how many pieces so many names are kept: a power of two. */
export function piecesFor(names: number): number {
  let pieces = 1;
  while (pieces < MAX_PIECES && names / pieces > USUAL_HASHES) pieces *= 2;
  return pieces;
}

/**
 * The number of the piece that a hash belongs to: of so many pieces they are numbered from `pieces` on, so that a number
 * says of how many it is one.
 */
export function pieceOf(hash: Uint8Array, pieces: number): number {
  const top = ((hash[0] ?? 0) << 8) | (hash[1] ?? 0);
  return pieces + Math.floor((top * pieces) / 65_536);
}

/** Nonce and ciphertext of one piece: its count, its hashes, and zeros; null where it is too large. */
export function sealPiece(
  key: VaultKey,
  context: Context,
  index: number,
  hashes: readonly Uint8Array[],
  random: Random,
): Uint8Array | null {
  const room = Math.max(1, Math.ceil(hashes.length / PADDED_HASHES)) * PADDED_HASHES;
  const padding = new Uint8Array((room - hashes.length) * NAME_HASH_BYTES);
  const plain = concat(uint(hashes.length, 4), ...hashes, padding);
  if (plain.length > LARGEST_PIECE_BYTES) return null;
  return sealInVault(key, 'vault names', context, uint(index, 4), plain, random);
}

/** The hashes of a piece, packed; null where key, place or bytes do not fit. */
export function openPiece(
  key: VaultKey,
  context: Context,
  index: number,
  sealed: Uint8Array,
): Uint8Array | null {
  const plain = openInVault(key, 'vault names', context, uint(index, 4), sealed);
  if (!plain) return null;
  const count = new DataView(plain.buffer, plain.byteOffset).getUint32(0);
  const end = 4 + count * NAME_HASH_BYTES;
  return end <= plain.length ? plain.subarray(4, end) : null;
}

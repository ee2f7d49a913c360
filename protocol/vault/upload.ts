/** How rows of the vault travel: some at a time, each behind its handle and length; without the cryptography. */
import { concat, Reader, toHex, uint } from '../bytes.ts';
import { HANDLE_BYTES } from '../ids.ts';
import { AEAD_NONCE_BYTES, AEAD_TAG_BYTES } from '../sizes.ts';

/** The largest padded row, and what an encryption adds to it. */
export const LARGEST_ROW_BYTES = 1 << 18;
const SEALED_MORE = AEAD_NONCE_BYTES + AEAD_TAG_BYTES;
/** The largest piece of names, and in how many they are at most. */
export const LARGEST_PIECE_BYTES = 1 << 17;
export const MAX_PIECES = 1 << 12;
export const MAX_SEALED_PIECE_BYTES = LARGEST_PIECE_BYTES + SEALED_MORE;

/** One sealed row; null takes the handle's row away. */
export interface UploadedRow {
  /** 16 bytes. */
  readonly handle: Uint8Array;
  readonly sealed: Uint8Array | null;
}

/** Bytes that a row takes in an upload. */
export function uploadedBytes({ sealed }: UploadedRow): number {
  return HANDLE_BYTES + 4 + (sealed?.length ?? 0);
}

export function packRows(rows: readonly UploadedRow[]): Uint8Array {
  const nothing = new Uint8Array();
  return concat(
    ...rows.flatMap(({ handle, sealed }) => [handle, uint(sealed?.length ?? 0, 4), sealed ?? nothing]),
  );
}

/** The rows of an upload, at least one, each handle once; null where it is anything else. */
export function unpackRows(bytes: Uint8Array): UploadedRow[] | null {
  const reader = new Reader(bytes);
  const rows: UploadedRow[] = [];
  const seen = new Set<string>();
  do {
    const handle = reader.take(HANDLE_BYTES);
    const length = reader.uint(4);
    const sealed = length === 0 ? null : reader.take(length);
    if (reader.failed || length > LARGEST_ROW_BYTES + SEALED_MORE) return null;
    if (sealed && sealed.length <= SEALED_MORE) return null;
    rows.push({ handle, sealed });
    seen.add(toHex(handle));
  } while (reader.remaining() > 0);
  return seen.size === rows.length ? rows : null;
}

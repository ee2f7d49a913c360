/**
 * A row of the vault: one own account as an answer about it shows it, with the keys of its identifiers in the partner's
 * direction: they check the partner's boxes and open what it sealed, and make neither. K is not in it.
 */
import * as z from 'zod/mini';
import { concat, prefixed, Reader, uint, utf8 } from '../bytes.ts';
import type { Context } from '../evaluation.ts';
import { HASH_BYTES, type Random } from '../hash.ts';
import { isStrong, type Kind, kindNumber, kindOf } from '../identifiers/kind.ts';
import { HANDLE_BYTES, TAG_BYTES } from '../ids.ts';
import type { VaultKey } from './key.ts';
import { openInVault, sealInVault } from './sealing.ts';
import { LARGEST_ROW_BYTES } from './upload.ts';

const facts = z.strictObject({
  /** What the account is called; empty where its record is gone. */
  name: z.string(),
  /** Its records, the one that answers name first; none where they are gone. */
  records: z.array(z.strictObject({ record: z.string(), source: z.string() })),
  /** The own populations that it is in. */
  populations: z.array(z.string()),
  /** Who owns it here; empty where that is not known. */
  owner: z.string(),
});

export interface VaultIdentifier {
  readonly kind: Kind;
  /** 16 bytes. */
  readonly tag: Uint8Array;
  /** The partner's confirm key (keys.ts). */
  readonly confirm: Uint8Array;
  /** The partner's wrap key; null for kinds that open nothing. */
  readonly wrap: Uint8Array | null;
  /** The identifier as it is compared. */
  readonly value: string;
}

export interface VaultRow extends z.infer<typeof facts> {
  readonly identifiers: readonly VaultIdentifier[];
}

const SMALLEST_BUCKET = 512;
const MOST = 0xffff;

/** Nonce and ciphertext of the padded row, bound to its place; null where it is too large. */
export function sealRow(
  key: VaultKey,
  context: Context,
  handle: Uint8Array,
  row: VaultRow,
  random: Random,
): Uint8Array | null {
  if (handle.length !== HANDLE_BYTES) throw new RangeError('a handle is 16 bytes');
  const encoded = encode(row);
  const padded = encoded && pad(encoded);
  return padded && sealInVault(key, 'vault rows', context, handle, padded, random);
}

/** The row, or null where key, place or bytes do not fit. */
export function openRow(
  key: VaultKey,
  context: Context,
  handle: Uint8Array,
  sealed: Uint8Array,
): VaultRow | null {
  const padded = openInVault(key, 'vault rows', context, handle, sealed);
  return padded && decode(padded);
}

/** The row before it is padded; null where its facts or identifiers are more than two bytes can count. */
function encode(row: VaultRow): Uint8Array | null {
  const { identifiers, ...rest } = row;
  const text = utf8(JSON.stringify(rest));
  if (text.length > MOST || identifiers.length > MOST) return null;
  return concat(
    prefixed(text),
    uint(identifiers.length, 2),
    ...identifiers.map(({ kind, tag, confirm, wrap, value }) =>
      concat(
        uint(kindNumber(kind), 1),
        tag,
        confirm,
        ...(isStrong(kind) && wrap ? [wrap] : []),
        prefixed(utf8(value)),
      ),
    ),
  );
}

/** Zeros up to the next power of two: a row says of its length what its bucket says. */
function pad(bytes: Uint8Array): Uint8Array | null {
  let size = SMALLEST_BUCKET;
  while (size < bytes.length) size *= 2;
  if (size > LARGEST_ROW_BYTES) return null;
  const padded = new Uint8Array(size);
  padded.set(bytes);
  return padded;
}

function decode(padded: Uint8Array): VaultRow | null {
  const reader = new Reader(padded);
  const text = reader.text();
  const count = reader.uint(2);
  const identifiers: VaultIdentifier[] = [];
  for (let i = 0; i < count && !reader.failed; i++) {
    const kind = kindOf(reader.uint(1));
    if (!kind) return null;
    const tag = reader.take(TAG_BYTES);
    const confirm = reader.take(HASH_BYTES);
    const wrap = isStrong(kind) ? reader.take(HASH_BYTES) : null;
    identifiers.push({ kind, tag, confirm, wrap, value: reader.text() });
  }
  if (reader.failed || reader.take(reader.remaining()).some((byte) => byte !== 0)) return null;
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return null;
  }
  const parsed = facts.safeParse(json);
  return parsed.success ? { ...parsed.data, identifiers } : null;
}

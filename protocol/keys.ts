/**
 * The key schedule of one identifier: from both parties' outputs to the tag that is compared, and to the keys that
 * confirm and unwrap. K itself never leaves the party's machine.
 */
import { concat, equal, tuple, uint, utf8 } from './bytes.ts';
import type { Context } from './evaluation.ts';
import { expand, extract, HASH_BYTES, hmac } from './hash.ts';
import { type DerivedKind, kindNumber } from './identifiers/kind.ts';
import { HANDLE_BYTES, label, partnershipBytes, type Side, sideNumber, TAG_BYTES } from './ids.ts';
import { BOX_BYTES, OUTPUT_BYTES } from './sizes.ts';

/** K(x) = HKDF-Expand(HKDF-Extract(F_founder(x) ‖ F_joiner(x)), label ‖ hash of the epoch record): 32 bytes. */
export function identifierKey(
  founderOutput: Uint8Array,
  joinerOutput: Uint8Array,
  epochHash: Uint8Array,
): Uint8Array {
  if (founderOutput.length !== OUTPUT_BYTES || joinerOutput.length !== OUTPUT_BYTES) {
    throw new RangeError('an output is 64 bytes');
  }
  if (epochHash.length !== HASH_BYTES) throw new RangeError('an epoch hash is 32 bytes');
  return expand(extract(concat(founderOutput, joinerOutput)), tuple(label('key'), epochHash));
}

/**
 * K' of a derived identifier = HKDF-Expand(K(name), label ‖ kind ‖ value): 32 bytes, used like any K. Only who has the
 * name's key can make it, and makes it without the partner.
 */
export function derivedKey(nameKey: Uint8Array, kind: DerivedKind, value: string): Uint8Array {
  return expand(nameKey, tuple(label('derived'), uint(kindNumber(kind), 1), utf8(value)));
}

/** 16 bytes that equal the partner's tag exactly for the same identifier in the same epoch. */
export function tagOf(key: Uint8Array): Uint8Array {
  return expand(key, label('tag'), TAG_BYTES);
}

/** The key under which `side` confirms that it wrote a row for this identifier. */
export function confirmKey(key: Uint8Array, side: Side): Uint8Array {
  return expand(key, concat(label('confirm'), uint(sideNumber(side), 1)));
}

/** The key from which `side`'s row-key wraps for this identifier are derived. */
export function wrapKey(key: Uint8Array, side: Side): Uint8Array {
  return expand(key, concat(label('wrap'), uint(sideNumber(side), 1)));
}

/** What a confirmation box vouches for: this account of that side is in this population since this submission. */
export interface BoxContent {
  /** 16 bytes. */
  readonly handle: Uint8Array;
  /** Index of the population in the scope of the side that wrote the row. */
  readonly population: number;
  /** Number of the submission that wrote the row. */
  readonly submission: number;
}

/**
 * A confirmation box: 16 bytes of HMAC-SHA-256. One a tag **and population**: a box over all populations at once could
 * only be checked by someone who is told all of them, also those that the scope hides.
 */
export function confirmationBox(confirm: Uint8Array, context: Context, content: BoxContent): Uint8Array {
  if (content.handle.length !== HANDLE_BYTES) throw new RangeError('a handle is 16 bytes');
  const message = tuple(
    label('box'),
    partnershipBytes(context.partnership),
    uint(context.epoch, 4),
    uint(sideNumber(context.side), 1),
    content.handle,
    uint(content.population, 1),
    uint(content.submission, 4),
  );
  return hmac(confirm, message).subarray(0, BOX_BYTES);
}

/** True when the box was made by a party that holds the same identifier, for exactly this content. */
export function verifyBox(
  confirm: Uint8Array,
  context: Context,
  content: BoxContent,
  box: Uint8Array,
): boolean {
  return equal(confirmationBox(confirm, context, content), box);
}

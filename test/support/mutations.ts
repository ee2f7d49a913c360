import fc from 'fast-check';
import { concat } from '../../protocol/bytes.ts';

/** Random bytes of no meaning. */
export const noise = fc.uint8Array({ maxLength: 600 });

/** Bytes with one bit flipped, cut short at either end, or extended at either end. */
export function mutations(valid: Uint8Array): fc.Arbitrary<Uint8Array> {
  const extra = fc.uint8Array({ minLength: 1, maxLength: 40 });
  return fc.oneof(
    fc.nat(valid.length * 8 - 1).map((bit) => flip(valid, bit)),
    fc.nat(valid.length - 1).map((length) => valid.slice(0, length)),
    fc.integer({ min: 1, max: valid.length }).map((from) => valid.slice(from)),
    extra.map((bytes) => concat(valid, bytes)),
    extra.map((bytes) => concat(bytes, valid)),
    fc
      .tuple(fc.nat(valid.length), extra)
      .map(([at, bytes]) => concat(valid.subarray(0, at), bytes, valid.subarray(at))),
  );
}

function flip(bytes: Uint8Array, bit: number): Uint8Array {
  const flipped = bytes.slice();
  flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
  return flipped;
}

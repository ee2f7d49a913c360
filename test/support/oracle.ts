import { ristretto255_oprf } from '@noble/curves/ed25519.js';
import { toHex } from '../../protocol/bytes.ts';
import { hex } from './results.ts';

/** noble's VOPRF; its declarations leave out Evaluate, which it has in every mode. */
export const noble = ristretto255_oprf.voprf as typeof ristretto255_oprf.voprf & {
  evaluate(secretKey: Uint8Array, input: Uint8Array): Uint8Array;
};

/** The order of ristretto255, little-endian hexadecimal. */
export const ORDER = 'edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010';

/** The same scalar plus the order, so another encoding of it; little-endian hexadecimal. */
export function plusOrder(scalar: string): string {
  const order = hex(ORDER);
  let carry = 0;
  const sum = hex(scalar).map((byte, i) => {
    carry += byte + (order[i] ?? 0);
    const low = carry & 255;
    carry >>= 8;
    return low;
  });
  return toHex(sum);
}

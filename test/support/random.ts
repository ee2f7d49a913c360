import { concat, uint, utf8 } from '../../protocol/bytes.ts';
import { hmac, type Random } from '../../protocol/hash.ts';

/** Deterministic bytes: HMAC-SHA-256 under the seed of an 8-byte counter, block after block. For vectors and tests only. */
export function seededRandom(seed: string): Random {
  const key = utf8(seed);
  let counter = 0;
  let rest: Uint8Array = new Uint8Array();
  return (length) => {
    const parts = [rest];
    for (let have = rest.length; have < length; have += 32) parts.push(hmac(key, uint(counter++, 8)));
    const bytes = concat(...parts);
    rest = bytes.slice(length);
    return bytes.slice(0, length);
  };
}

/** Gives exactly these draws, one after another; throws on another length or a further draw. */
export function fixedRandom(draws: readonly Uint8Array[]): Random {
  const left = [...draws];
  return (length) => {
    const draw = left.shift();
    if (draw?.length !== length) throw new Error(`a draw of ${length} bytes was not foreseen`);
    return draw;
  };
}

/** A whole number from 0 up to before `below`. */
export type Dice = (below: number) => number;

/** Deterministic numbers for plans of faults; below 2^32, near enough to even. */
export function dice(seed: string): Dice {
  const random = seededRandom(seed);
  return (below) => new DataView(random(4).buffer).getUint32(0) % below;
}

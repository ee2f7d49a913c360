/** The weighted sums of a batch proof (RFC 9497 section 2.2), by the fastest means that is right here. */
import { concat, equal, utf8 } from './bytes.ts';
import { openKernel, type Sums, type WeightedSums } from './kernel/kernel.ts';
import { ELEMENT_BYTES } from './sizes.ts';
import {
  addElements,
  elementFromUniform,
  isElement,
  multiplyElement,
  reduceScalar,
  sha512,
} from './sodium.ts';

let trusted: WeightedSums | null = null;

/** As WeightedSums, but null also where a sum is the identity. */
export function weightedSums(weights: Uint8Array, first: Uint8Array, second: Uint8Array): Sums | null {
  trusted ??= trustedSums(openKernel);
  const sums = trusted(weights, first, second);
  return sums && isElement(sums.first) && isElement(sums.second) ? sums : null;
}

/** What `open` gives, where it can and where that agrees with libsodium about a small batch; else libsodium's sums. */
export function trustedSums(open: () => WeightedSums): WeightedSums {
  try {
    const sums = open();
    if (isRight(sums)) return sums;
  } catch {
    // No WebAssembly with SIMD, no leave to compile it, or one that traps: slower, and still right.
  }
  return sodiumSums;
}

/** The sums with libsodium, one term after another: some 280 µs for each weight. */
export function sodiumSums(weights: Uint8Array, first: Uint8Array, second: Uint8Array): Sums | null {
  const sums = [first, second].map((elements) => {
    let sum: Uint8Array | null = null;
    for (let at = 0; at < weights.length; at += ELEMENT_BYTES) {
      const end = at + ELEMENT_BYTES;
      const term = multiplyElement(weights.subarray(at, end), elements.subarray(at, end));
      if (!term) return null;
      sum = sum ? addElements(sum, term) : term;
    }
    return sum;
  });
  return sums[0] && sums[1] ? { first: sums[0], second: sums[1] } : null;
}

/** Known answers: a batch of four as libsodium sums it, and the refusal of an encoding that is none. */
function isRight(sums: WeightedSums): boolean {
  const uniform = (name: string) => [0, 1, 2, 3].map((i) => sha512(utf8(`known answer ${name} ${i}`)));
  const weights = concat(...uniform('weight').map(reduceScalar));
  const first = concat(...uniform('first').map(elementFromUniform));
  const second = concat(...uniform('second').map(elementFromUniform));
  const expected = sodiumSums(weights, first, second);
  const given = sums(weights, first, second);
  if (!expected || !given) return false;
  if (!equal(given.first, expected.first) || !equal(given.second, expected.second)) return false;
  const invalid = second.with(ELEMENT_BYTES, (second[ELEMENT_BYTES] ?? 0) ^ 1);
  return sums(weights, first, invalid) === null;
}

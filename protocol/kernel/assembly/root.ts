/** Inverse square roots modulo p, for both lanes at once (SQRT_RATIO_M1 of RFC 9496 section 4.2 with u = 1). */
import { MINUS_ONE, ONE, SQRT_M1 } from './constants';
import { multiply, PAIR, square } from './field';
import { copyLane, isEqual } from './lane';

const CUBE = memory.data(<i32>PAIR, 16);
const POWER = memory.data(<i32>PAIR, 16);
const CHECK = memory.data(<i32>PAIR, 16);
const TURNED = memory.data(<i32>PAIR, 16);
const T0 = memory.data(<i32>PAIR, 16);
const T1 = memory.data(<i32>PAIR, 16);
const T2 = memory.data(<i32>PAIR, 16);

/**
 * Sets `out` to a square root of 1/v, either of the two, and gives a bit for each lane that has one: 3 for both. A lane
 * where v is zero gets zero and no bit; a lane where v is no square gets a number of no use and no bit. `v` is tight.
 */
export function inverseRoot(out: usize, v: usize): i32 {
  square(CUBE, v);
  multiply(CUBE, CUBE, v);
  square(POWER, CUBE);
  multiply(POWER, POWER, v);
  raise(POWER);
  // r = v^3 (v^7)^((p - 5) / 8): then v r^2 is a fourth root of one where v is not zero.
  multiply(out, CUBE, POWER);
  square(CHECK, out);
  multiply(CHECK, CHECK, v);
  multiply(TURNED, out, SQRT_M1);
  let squares = 0;
  for (let lane = 0; lane < 2; lane++) {
    if (isEqual(CHECK, ONE, lane)) {
      squares |= 1 << lane;
    } else if (isEqual(CHECK, MINUS_ONE, lane)) {
      copyLane(out, TURNED, lane);
      squares |= 1 << lane;
    }
  }
  return squares;
}

/** Raises a tight pair to (p - 5) / 8 = 2^252 - 3. */
function raise(z: usize): void {
  square(T0, z); // z^2
  squareTimes(T1, T0, 2); // z^8
  multiply(T1, T1, z); // z^9
  multiply(T0, T0, T1); // z^11
  square(T0, T0); // z^22
  multiply(T0, T0, T1); // z^(2^5 - 1)
  squareTimes(T1, T0, 5);
  multiply(T0, T1, T0); // z^(2^10 - 1)
  squareTimes(T1, T0, 10);
  multiply(T1, T1, T0); // z^(2^20 - 1)
  squareTimes(T2, T1, 20);
  multiply(T1, T2, T1); // z^(2^40 - 1)
  squareTimes(T1, T1, 10);
  multiply(T0, T1, T0); // z^(2^50 - 1)
  squareTimes(T1, T0, 50);
  multiply(T1, T1, T0); // z^(2^100 - 1)
  squareTimes(T2, T1, 100);
  multiply(T1, T2, T1); // z^(2^200 - 1)
  squareTimes(T1, T1, 50);
  multiply(T0, T1, T0); // z^(2^250 - 1)
  squareTimes(T0, T0, 2);
  multiply(z, T0, z); // z^(2^252 - 3)
}

function squareTimes(out: usize, f: usize, times: i32): void {
  square(out, f);
  for (let i = 1; i < times; i++) square(out, out);
}

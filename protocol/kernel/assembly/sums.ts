/**
 * Weighted sums of ristretto255 elements: sum of w_i F_i in lane 0 and sum of w_i S_i in lane 1, for the batch proof of RFC
 * 9497 section 2.2, by Pippenger's method. Weights and elements are public, and how long it takes depends on them: NO
 * SECRET MAY EVER ENTER this module.
 */
import { addPoint, addTerm, POINT, setNeutral, TERM } from './point';
import { decode, encode } from './ristretto';

/** Terms of a sum at most. */
export const MAX_TERMS: i32 = 4096;

/** Where the caller writes weights and both lists of elements, 32 bytes each, and reads the two sums. */
export const WEIGHTS: usize = memory.data(32 * MAX_TERMS, 16);
export const FIRST: usize = memory.data(32 * MAX_TERMS, 16);
export const SECOND: usize = memory.data(32 * MAX_TERMS, 16);
export const SUMS: usize = memory.data(64, 16);

/** All digits of one window are at most 2^8, so that there are as many buckets. */
const MAX_WIDTH: i32 = 9;
const TERMS: usize = memory.data(<i32>TERM * MAX_TERMS, 16);
const BUCKETS: usize = memory.data((<i32>POINT) << (MAX_WIDTH - 1), 16);
const RUNNING: usize = memory.data(<i32>POINT, 16);
const WINDOW: usize = memory.data(<i32>POINT, 16);
const TOTAL: usize = memory.data(<i32>POINT, 16);

/**
 * Writes the two sums of so many terms to SUMS; a sum that is the identity gives 32 zero bytes. False, without sums, where
 * an element is invalid or the identity, a weight is 2^253 or more, or the count is none of 1 to MAX_TERMS.
 */
export function sum(count: i32): bool {
  if (count < 1 || count > MAX_TERMS) return false;
  for (let i = 0; i < count; i++) {
    if (load<u8>(WEIGHTS + 32 * i, 31) >= 0x20) return false;
    if (!decode(TERMS + TERM * i, FIRST + 32 * i, SECOND + 32 * i)) return false;
  }
  const width = bestWidth(count);
  setNeutral(TOTAL);
  for (let window = windowsOf(width) - 1; window >= 0; window--) {
    for (let i = 0; i < width; i++) addPoint(TOTAL, TOTAL);
    fillBuckets(window, width, count);
    addBuckets(1 << (width - 1));
    addPoint(TOTAL, WINDOW);
  }
  encode(SUMS, TOTAL);
  return true;
}

/** Adds every term to the bucket of its digit: bucket b holds what counts b + 1 times. */
function fillBuckets(window: i32, width: i32, count: i32): void {
  for (let i = 0; i < 1 << (width - 1); i++) setNeutral(BUCKETS + POINT * i);
  for (let i = 0; i < count; i++) {
    const digit = digitOf(WEIGHTS + 32 * i, window, width);
    if (digit !== 0) addTerm(BUCKETS + POINT * (abs(digit) - 1), TERMS + TERM * i, digit < 0);
  }
}

/** Sets WINDOW to the sum of b + 1 times bucket b: the sum of the running sums from the last bucket on. */
function addBuckets(buckets: i32): void {
  setNeutral(RUNNING);
  setNeutral(WINDOW);
  for (let i = buckets - 1; i >= 0; i--) {
    addPoint(RUNNING, BUCKETS + POINT * i);
    addPoint(WINDOW, RUNNING);
  }
}

/** Windows so that their bits are 254 or more: a weight has 253, and the sign of the last digit needs one. */
function windowsOf(width: i32): i32 {
  return 253 / width + 1;
}

/**
 * One signed digit of a weight, -2^(width - 1) to 2^(width - 1) (Booth's recoding): the bits of the window, plus the bit
 * below it, minus 2^width where its highest bit is set. That bit is what the next window gets as the bit below it.
 */
function digitOf(weight: usize, window: i32, width: i32): i32 {
  let bits = load<u64>(weight) << 1;
  if (window > 0) {
    const start = window * width - 1;
    // At most byte 24, so that nothing behind the weight is read: then what is missing at the top is zero.
    const byte = min(start >> 3, 24);
    bits = load<u64>(weight + byte) >> (start - 8 * byte);
  }
  const raw = <i32>bits & ((2 << width) - 1);
  return ((raw + 1) >> 1) - ((raw >> width) << width);
}

/** The width with the fewest multiplications: 7 a term, 9 each time that two points are added. */
function bestWidth(count: i32): i32 {
  let best = 0;
  let least = i32.MAX_VALUE;
  for (let width = 2; width <= MAX_WIDTH; width++) {
    const cost = windowsOf(width) * (7 * count + 9 * ((1 << width) + width + 1));
    if (cost >= least) continue;
    best = width;
    least = cost;
  }
  return best;
}

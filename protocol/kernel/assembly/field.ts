/**
 * Arithmetic modulo p = 2^255 - 19 on two numbers at once, one in each lane. A pair of numbers is 80 bytes of memory:
 * limb i of lane 0 at byte 8i and of lane 1 at byte 8i + 4, each an unsigned 32-bit integer. The value of a lane is
 *   limb0 + 2^26 limb1 + 2^51 limb2 + 2^77 limb3 + 2^102 limb4 + ... + 2^230 limb9:
 * even limbs stand for 26 bits and odd ones for 25, but they may hold more. Nothing here carries a sign. The bounds, and
 * who promises them:
 *
 *   tight   even < 2^26           odd < 2^25 + 2^12       what multiply, square and fromBytes give; below 2p
 *   loose   even < 3 * 2^26       odd < 3 * 2^25 + 2^14   a sum of up to three tight pairs, a difference of two
 *   wide    even < 2^28           odd < 2^27 + 2^13       a sum of two tight pairs minus a tight one
 *
 * multiply takes one wide and one loose operand, square a loose one, toBytes (lane.ts) a tight one. Operands and result
 * may be the same memory. Everything may take variable time: all numbers are public.
 */

/** The bytes of one pair. */
export const PAIR: usize = 80;

// From memory, since the engine would build such a constant anew at every use.
const LOW_26 = memory.data<u64>([0x3ffffff, 0x3ffffff], 16);
const LOW_25 = memory.data<u64>([0x1ffffff, 0x1ffffff], 16);
const NINETEEN = memory.data<u32>([19, 19, 19, 19], 16);

// Two limbs of 2p at a time, both lanes: each is above every tight limb, so that no difference falls below zero.
const TWO_P_FIRST = memory.data<u32>([0x7ffffda, 0x7ffffda, 0x3fffffe, 0x3fffffe], 16);
const TWO_P_REST = memory.data<u32>([0x7fffffe, 0x7fffffe, 0x3fffffe, 0x3fffffe], 16);

/** 64-bit products of one limb by one limb in both lanes. */
function by(a: v128, b: v128): v128 {
  return i64x2.extmul_low_i32x4_u(a, b);
}

function plus(a: v128, b: v128): v128 {
  return i64x2.add(a, b);
}

function twice(limb: v128): v128 {
  return i32x4.shl(limb, 1);
}

/** The product modulo p: `f` wide, `g` loose, the result tight. */
export function multiply(out: usize, f: usize, g: usize): void {
  const nineteen = v128.load(NINETEEN);
  const f0 = v128.load64_zero(f, 0);
  const f1 = v128.load64_zero(f, 8);
  const f2 = v128.load64_zero(f, 16);
  const f3 = v128.load64_zero(f, 24);
  const f4 = v128.load64_zero(f, 32);
  const f5 = v128.load64_zero(f, 40);
  const f6 = v128.load64_zero(f, 48);
  const f7 = v128.load64_zero(f, 56);
  const f8 = v128.load64_zero(f, 64);
  const f9 = v128.load64_zero(f, 72);
  const g0 = v128.load64_zero(g, 0);
  const g1 = v128.load64_zero(g, 8);
  const g2 = v128.load64_zero(g, 16);
  const g3 = v128.load64_zero(g, 24);
  const g4 = v128.load64_zero(g, 32);
  const g5 = v128.load64_zero(g, 40);
  const g6 = v128.load64_zero(g, 48);
  const g7 = v128.load64_zero(g, 56);
  const g8 = v128.load64_zero(g, 64);
  const g9 = v128.load64_zero(g, 72);
  // Odd by odd is worth twice its place: limb 1 squared counts 2^52, and limb 2 stands at 2^51. 2^28 + 2^14 fits 32 bits.
  const d1 = twice(f1);
  const d3 = twice(f3);
  const d5 = twice(f5);
  const d7 = twice(f7);
  const d9 = twice(f9);
  // What passes 2^255 returns at the bottom 19 fold. Loose: 19 * 3 * 2^26 < 2^31.9 fits 32 bits.
  const n1 = i32x4.mul(g1, nineteen);
  const n2 = i32x4.mul(g2, nineteen);
  const n3 = i32x4.mul(g3, nineteen);
  const n4 = i32x4.mul(g4, nineteen);
  const n5 = i32x4.mul(g5, nineteen);
  const n6 = i32x4.mul(g6, nineteen);
  const n7 = i32x4.mul(g7, nineteen);
  const n8 = i32x4.mul(g8, nineteen);
  const n9 = i32x4.mul(g9, nineteen);
  // The largest sum is h0, below 2^62.6: f0 g0, then four products below 2^28 * 2^31.84 and five of half that size.
  let h0 = by(f0, g0);
  h0 = plus(h0, by(d1, n9));
  h0 = plus(h0, by(f2, n8));
  h0 = plus(h0, by(d3, n7));
  h0 = plus(h0, by(f4, n6));
  h0 = plus(h0, by(d5, n5));
  h0 = plus(h0, by(f6, n4));
  h0 = plus(h0, by(d7, n3));
  h0 = plus(h0, by(f8, n2));
  h0 = plus(h0, by(d9, n1));
  let h1 = by(f0, g1);
  h1 = plus(h1, by(f1, g0));
  h1 = plus(h1, by(f2, n9));
  h1 = plus(h1, by(f3, n8));
  h1 = plus(h1, by(f4, n7));
  h1 = plus(h1, by(f5, n6));
  h1 = plus(h1, by(f6, n5));
  h1 = plus(h1, by(f7, n4));
  h1 = plus(h1, by(f8, n3));
  h1 = plus(h1, by(f9, n2));
  let h2 = by(f0, g2);
  h2 = plus(h2, by(d1, g1));
  h2 = plus(h2, by(f2, g0));
  h2 = plus(h2, by(d3, n9));
  h2 = plus(h2, by(f4, n8));
  h2 = plus(h2, by(d5, n7));
  h2 = plus(h2, by(f6, n6));
  h2 = plus(h2, by(d7, n5));
  h2 = plus(h2, by(f8, n4));
  h2 = plus(h2, by(d9, n3));
  let h3 = by(f0, g3);
  h3 = plus(h3, by(f1, g2));
  h3 = plus(h3, by(f2, g1));
  h3 = plus(h3, by(f3, g0));
  h3 = plus(h3, by(f4, n9));
  h3 = plus(h3, by(f5, n8));
  h3 = plus(h3, by(f6, n7));
  h3 = plus(h3, by(f7, n6));
  h3 = plus(h3, by(f8, n5));
  h3 = plus(h3, by(f9, n4));
  let h4 = by(f0, g4);
  h4 = plus(h4, by(d1, g3));
  h4 = plus(h4, by(f2, g2));
  h4 = plus(h4, by(d3, g1));
  h4 = plus(h4, by(f4, g0));
  h4 = plus(h4, by(d5, n9));
  h4 = plus(h4, by(f6, n8));
  h4 = plus(h4, by(d7, n7));
  h4 = plus(h4, by(f8, n6));
  h4 = plus(h4, by(d9, n5));
  let h5 = by(f0, g5);
  h5 = plus(h5, by(f1, g4));
  h5 = plus(h5, by(f2, g3));
  h5 = plus(h5, by(f3, g2));
  h5 = plus(h5, by(f4, g1));
  h5 = plus(h5, by(f5, g0));
  h5 = plus(h5, by(f6, n9));
  h5 = plus(h5, by(f7, n8));
  h5 = plus(h5, by(f8, n7));
  h5 = plus(h5, by(f9, n6));
  let h6 = by(f0, g6);
  h6 = plus(h6, by(d1, g5));
  h6 = plus(h6, by(f2, g4));
  h6 = plus(h6, by(d3, g3));
  h6 = plus(h6, by(f4, g2));
  h6 = plus(h6, by(d5, g1));
  h6 = plus(h6, by(f6, g0));
  h6 = plus(h6, by(d7, n9));
  h6 = plus(h6, by(f8, n8));
  h6 = plus(h6, by(d9, n7));
  let h7 = by(f0, g7);
  h7 = plus(h7, by(f1, g6));
  h7 = plus(h7, by(f2, g5));
  h7 = plus(h7, by(f3, g4));
  h7 = plus(h7, by(f4, g3));
  h7 = plus(h7, by(f5, g2));
  h7 = plus(h7, by(f6, g1));
  h7 = plus(h7, by(f7, g0));
  h7 = plus(h7, by(f8, n9));
  h7 = plus(h7, by(f9, n8));
  let h8 = by(f0, g8);
  h8 = plus(h8, by(d1, g7));
  h8 = plus(h8, by(f2, g6));
  h8 = plus(h8, by(d3, g5));
  h8 = plus(h8, by(f4, g4));
  h8 = plus(h8, by(d5, g3));
  h8 = plus(h8, by(f6, g2));
  h8 = plus(h8, by(d7, g1));
  h8 = plus(h8, by(f8, g0));
  h8 = plus(h8, by(d9, n9));
  let h9 = by(f0, g9);
  h9 = plus(h9, by(f1, g8));
  h9 = plus(h9, by(f2, g7));
  h9 = plus(h9, by(f3, g6));
  h9 = plus(h9, by(f4, g5));
  h9 = plus(h9, by(f5, g4));
  h9 = plus(h9, by(f6, g3));
  h9 = plus(h9, by(f7, g2));
  h9 = plus(h9, by(f8, g1));
  h9 = plus(h9, by(f9, g0));
  tighten(out, h0, h1, h2, h3, h4, h5, h6, h7, h8, h9);
}

/** The square modulo p: `f` loose, the result tight. The same sums with equal products taken together. */
export function square(out: usize, f: usize): void {
  const nineteen = v128.load(NINETEEN);
  const f0 = v128.load64_zero(f, 0);
  const f1 = v128.load64_zero(f, 8);
  const f2 = v128.load64_zero(f, 16);
  const f3 = v128.load64_zero(f, 24);
  const f4 = v128.load64_zero(f, 32);
  const f5 = v128.load64_zero(f, 40);
  const f6 = v128.load64_zero(f, 48);
  const f7 = v128.load64_zero(f, 56);
  const f8 = v128.load64_zero(f, 64);
  const f9 = v128.load64_zero(f, 72);
  const d0 = twice(f0);
  const d1 = twice(f1);
  const d2 = twice(f2);
  const d3 = twice(f3);
  const d4 = twice(f4);
  const d5 = twice(f5);
  const d6 = twice(f6);
  const d7 = twice(f7);
  // 38 fold for odd limbs, 19 fold for even ones: below 2^31.9 as above.
  const n5 = i32x4.mul(d5, nineteen);
  const n6 = i32x4.mul(f6, nineteen);
  const n7 = i32x4.mul(d7, nineteen);
  const n8 = i32x4.mul(f8, nineteen);
  const n9 = i32x4.mul(twice(f9), nineteen);
  let h0 = by(f0, f0);
  h0 = plus(h0, by(d1, n9));
  h0 = plus(h0, by(d2, n8));
  h0 = plus(h0, by(d3, n7));
  h0 = plus(h0, by(d4, n6));
  h0 = plus(h0, by(f5, n5));
  let h1 = by(d0, f1);
  h1 = plus(h1, by(f2, n9));
  h1 = plus(h1, by(d3, n8));
  h1 = plus(h1, by(f4, n7));
  h1 = plus(h1, by(d5, n6));
  let h2 = by(d0, f2);
  h2 = plus(h2, by(d1, f1));
  h2 = plus(h2, by(d3, n9));
  h2 = plus(h2, by(d4, n8));
  h2 = plus(h2, by(d5, n7));
  h2 = plus(h2, by(f6, n6));
  let h3 = by(d0, f3);
  h3 = plus(h3, by(d1, f2));
  h3 = plus(h3, by(f4, n9));
  h3 = plus(h3, by(d5, n8));
  h3 = plus(h3, by(f6, n7));
  let h4 = by(d0, f4);
  h4 = plus(h4, by(d1, d3));
  h4 = plus(h4, by(f2, f2));
  h4 = plus(h4, by(d5, n9));
  h4 = plus(h4, by(d6, n8));
  h4 = plus(h4, by(f7, n7));
  let h5 = by(d0, f5);
  h5 = plus(h5, by(d1, f4));
  h5 = plus(h5, by(d2, f3));
  h5 = plus(h5, by(f6, n9));
  h5 = plus(h5, by(d7, n8));
  let h6 = by(d0, f6);
  h6 = plus(h6, by(d1, d5));
  h6 = plus(h6, by(d2, f4));
  h6 = plus(h6, by(d3, f3));
  h6 = plus(h6, by(d7, n9));
  h6 = plus(h6, by(f8, n8));
  let h7 = by(d0, f7);
  h7 = plus(h7, by(d1, f6));
  h7 = plus(h7, by(d2, f5));
  h7 = plus(h7, by(d3, f4));
  h7 = plus(h7, by(f8, n9));
  let h8 = by(d0, f8);
  h8 = plus(h8, by(d1, d7));
  h8 = plus(h8, by(d2, f6));
  h8 = plus(h8, by(d3, d5));
  h8 = plus(h8, by(f4, f4));
  h8 = plus(h8, by(f9, n9));
  let h9 = by(d0, f9);
  h9 = plus(h9, by(d1, f8));
  h9 = plus(h9, by(d2, f7));
  h9 = plus(h9, by(d3, f6));
  h9 = plus(h9, by(d4, f5));
  tighten(out, h0, h1, h2, h3, h4, h5, h6, h7, h8, h9);
}

/**
 * Stores ten sums of products as a tight pair: each passes what is above its bits to the next one. The sums h0, h1, ...
 * are below 2^62.6, of which h3 is below 2^61.6 and h9, which takes nothing 19 fold, below 2^58.
 */
function tighten(
  out: usize,
  h0: v128,
  h1: v128,
  h2: v128,
  h3: v128,
  h4: v128,
  h5: v128,
  h6: v128,
  h7: v128,
  h8: v128,
  h9: v128,
): void {
  const low26 = v128.load(LOW_26);
  const low25 = v128.load(LOW_25);
  // Two chains, from 0 and from 4, which do not wait for one another. No carry is above 2^37.
  h1 = plus(h1, i64x2.shr_u(h0, 26));
  h5 = plus(h5, i64x2.shr_u(h4, 26));
  h0 = v128.and(h0, low26);
  h4 = v128.and(h4, low26);
  h2 = plus(h2, i64x2.shr_u(h1, 25));
  h6 = plus(h6, i64x2.shr_u(h5, 25));
  h1 = v128.and(h1, low25);
  h5 = v128.and(h5, low25);
  h3 = plus(h3, i64x2.shr_u(h2, 26));
  h7 = plus(h7, i64x2.shr_u(h6, 26));
  h2 = v128.and(h2, low26);
  h6 = v128.and(h6, low26);
  h4 = plus(h4, i64x2.shr_u(h3, 25));
  h8 = plus(h8, i64x2.shr_u(h7, 25));
  h3 = v128.and(h3, low25);
  h7 = v128.and(h7, low25);
  h9 = plus(h9, i64x2.shr_u(h8, 26));
  h8 = v128.and(h8, low26);
  // h4 is below 2^26 + 2^37, so that h5 gets less than 2^12 more and is tight.
  h5 = plus(h5, i64x2.shr_u(h4, 26));
  h4 = v128.and(h4, low26);
  // 2^255 is 19, and h9 < 2^58.1: h0 is below 2^26 + 19 * 2^33.1 < 2^37.4, so that h1 gets less than 2^12 more and is tight.
  const top = i64x2.shr_u(h9, 25);
  h0 = plus(h0, plus(top, plus(i64x2.shl(top, 1), i64x2.shl(top, 4))));
  h9 = v128.and(h9, low25);
  h1 = plus(h1, i64x2.shr_u(h0, 26));
  h0 = v128.and(h0, low26);
  storeSum(out, h0);
  storeSum(out + 8, h1);
  storeSum(out + 16, h2);
  storeSum(out + 24, h3);
  storeSum(out + 32, h4);
  storeSum(out + 40, h5);
  storeSum(out + 48, h6);
  storeSum(out + 56, h7);
  storeSum(out + 64, h8);
  storeSum(out + 72, h9);
}

function storeSum(out: usize, sum: v128): void {
  v128.store64_lane(out, v128.shuffle<i32>(sum, sum, 0, 2, 0, 2), 0);
}

/** The sum, loose: `f` and `g` tight, or one of them a sum of two that are. */
export function add(out: usize, f: usize, g: usize): void {
  for (let i: usize = 0; i < PAIR; i += 16) {
    v128.store(out + i, i32x4.add(v128.load(f + i), v128.load(g + i)));
  }
}

/** The difference as f - g + 2p: loose where `f` is tight, wide where `f` is a sum of two tight pairs. `g` is tight. */
export function subtract(out: usize, f: usize, g: usize): void {
  for (let i: usize = 0; i < PAIR; i += 16) {
    const twoP = v128.load(i === 0 ? TWO_P_FIRST : TWO_P_REST);
    v128.store(out + i, i32x4.add(i32x4.sub(v128.load(f + i), v128.load(g + i)), twoP));
  }
}

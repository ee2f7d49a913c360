/**
 * Points of edwards25519 (RFC 8032 section 5.1.4), two at once, one in each lane. The formulas are complete: they hold
 * for all points, equal, opposite and neutral ones too. A point is X, Y, Z, T with x = X/Z, y = Y/Z, xy = T/Z, four tight
 * pairs. A term, which is only ever added to a point, is y + x and y - x, both loose, and 2dxy, tight.
 */
import { ONE, TWICE_D, ZERO } from './constants';
import { add, multiply, PAIR, subtract } from './field';

/** The bytes of two points; X, Y, Z and T follow one another. */
export const POINT: usize = 4 * PAIR;
/** The bytes of two terms. */
export const TERM: usize = 3 * PAIR;

/** Where Y, Z and T of a point are, and the other two parts of a term. */
export const Y: usize = PAIR;
export const Z: usize = 2 * PAIR;
export const T: usize = 3 * PAIR;
export const MINUS: usize = PAIR;
export const PRODUCT: usize = 2 * PAIR;

const A = memory.data(<i32>PAIR, 16);
const B = memory.data(<i32>PAIR, 16);
const C = memory.data(<i32>PAIR, 16);
const TWICE_Z = memory.data(<i32>PAIR, 16);
const E = memory.data(<i32>PAIR, 16);
const H = memory.data(<i32>PAIR, 16);
const DIFFERENCE = memory.data(<i32>PAIR, 16);
const SUM = memory.data(<i32>PAIR, 16);
const OTHER = memory.data(<i32>PAIR, 16);

/** The neutral point in both lanes. */
export function setNeutral(point: usize): void {
  memory.copy(point, ZERO, PAIR);
  memory.copy(point + Y, ONE, PAIR);
  memory.copy(point + Z, ONE, PAIR);
  memory.copy(point + T, ZERO, PAIR);
}

/** Adds `other` to `point`; the two may be the same, which doubles it. */
export function addPoint(point: usize, other: usize): void {
  subtract(A, point + Y, point);
  subtract(OTHER, other + Y, other);
  multiply(A, A, OTHER);
  add(B, point + Y, point);
  add(OTHER, other + Y, other);
  multiply(B, B, OTHER);
  multiply(C, point + T, other + T);
  multiply(C, C, TWICE_D);
  multiply(TWICE_Z, point + Z, other + Z);
  add(TWICE_Z, TWICE_Z, TWICE_Z);
  finish(point, false);
}

/** Adds a term to a point, or takes it away: -(x, y) is (-x, y), so that y + x and y - x change places and 2dxy its sign. */
export function addTerm(point: usize, term: usize, isNegative: bool): void {
  subtract(A, point + Y, point);
  multiply(A, A, isNegative ? term : term + MINUS);
  add(B, point + Y, point);
  multiply(B, B, isNegative ? term + MINUS : term);
  multiply(C, point + T, term + PRODUCT);
  add(TWICE_Z, point + Z, point + Z);
  finish(point, isNegative);
}

/** The second half of both additions. Where C has the wrong sign, F and G change places. */
function finish(point: usize, isNegative: bool): void {
  subtract(E, B, A);
  add(H, B, A);
  // DIFFERENCE is wide, so it always is the first operand; E, H and SUM are loose.
  subtract(DIFFERENCE, TWICE_Z, C);
  add(SUM, TWICE_Z, C);
  multiply(point, isNegative ? SUM : DIFFERENCE, E);
  multiply(point + Y, isNegative ? DIFFERENCE : SUM, H);
  multiply(point + Z, DIFFERENCE, SUM);
  multiply(point + T, E, H);
}

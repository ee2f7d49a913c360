/**
 * Encodings of ristretto255 (RFC 9496), two elements at once. Decoding is strict and refuses the identity too, as RFC 9497
 * section 2.1 does. Names of values are those of RFC 9496.
 */
import { D, INVSQRT_A_MINUS_D, MINUS_ONE, ONE, SQRT_M1, TWICE_D, ZERO } from './constants';
import { add, multiply, PAIR, square, subtract } from './field';
import { copyLane, fromBytes, isEqual, isNegative, isSame, toBytes } from './lane';
import { MINUS, PRODUCT, T, Y, Z } from './point';
import { inverseRoot } from './root';

const S = memory.data(<i32>PAIR, 16);
const SS = memory.data(<i32>PAIR, 16);
const U1 = memory.data(<i32>PAIR, 16);
const U2 = memory.data(<i32>PAIR, 16);
const U2_SQR = memory.data(<i32>PAIR, 16);
const V = memory.data(<i32>PAIR, 16);
const INVSQRT = memory.data(<i32>PAIR, 16);
const DEN1 = memory.data(<i32>PAIR, 16);
const DEN2 = memory.data(<i32>PAIR, 16);
const DEN_INV = memory.data(<i32>PAIR, 16);
const Z_INV = memory.data(<i32>PAIR, 16);
const IX = memory.data(<i32>PAIR, 16);
const IY = memory.data(<i32>PAIR, 16);
const POINT_X = memory.data(<i32>PAIR, 16);
const POINT_Y = memory.data(<i32>PAIR, 16);
const PRODUCTS = memory.data(<i32>PAIR, 16);
const NEGATED = memory.data(<i32>PAIR, 16);
const BYTES = memory.data(32, 8);

/** Decodes two encodings of 32 bytes to terms (section 4.3.1); false where either is invalid or the identity. */
export function decode(term: usize, first: usize, second: usize): bool {
  fromBytes(S, 0, first);
  fromBytes(S, 1, second);
  if (!isCanonical(first, 0) || !isCanonical(second, 1)) return false;
  square(SS, S);
  subtract(U1, ONE, SS);
  add(U2, ONE, SS);
  square(U2_SQR, U2);
  // v = -(D u1^2) - u2^2
  square(V, U1);
  multiply(V, V, D);
  add(V, V, U2_SQR);
  multiply(V, V, MINUS_ONE);
  multiply(PRODUCTS, V, U2_SQR);
  const squares = inverseRoot(INVSQRT, PRODUCTS);
  multiply(DEN1, INVSQRT, U2);
  multiply(DEN2, INVSQRT, DEN1);
  multiply(DEN2, DEN2, V);
  add(POINT_X, S, S);
  multiply(POINT_X, POINT_X, DEN1);
  makeNonNegative(POINT_X);
  multiply(POINT_Y, U1, DEN2);
  multiply(PRODUCTS, POINT_X, POINT_Y);
  if (squares !== 3) return false;
  for (let lane = 0; lane < 2; lane++) {
    if (isNegative(PRODUCTS, lane) || isEqual(POINT_Y, ZERO, lane)) return false;
  }
  add(term, POINT_Y, POINT_X);
  subtract(term + MINUS, POINT_Y, POINT_X);
  multiply(term + PRODUCT, PRODUCTS, TWICE_D);
  return true;
}

/** Whether S came from the one encoding of a number that is neither negative nor zero. */
function isCanonical(bytes: usize, lane: usize): bool {
  toBytes(BYTES, S, lane);
  return isSame(bytes, BYTES) && !isNegative(S, lane) && !isEqual(S, ZERO, lane);
}

/** Encodes two points, 32 bytes each one after the other (section 4.3.2); the identity is 32 zero bytes. */
export function encode(bytes: usize, point: usize): void {
  add(U1, point + Z, point + Y);
  subtract(PRODUCTS, point + Z, point + Y);
  multiply(U1, U1, PRODUCTS);
  multiply(U2, point, point + Y);
  square(PRODUCTS, U2);
  multiply(PRODUCTS, PRODUCTS, U1);
  // Always a square, or zero for the identity: there all that follows is zero.
  inverseRoot(INVSQRT, PRODUCTS);
  multiply(DEN1, INVSQRT, U1);
  multiply(DEN2, INVSQRT, U2);
  multiply(Z_INV, DEN1, DEN2);
  multiply(Z_INV, Z_INV, point + T);
  multiply(IX, point, SQRT_M1);
  multiply(IY, point + Y, SQRT_M1);
  multiply(DEN_INV, DEN1, INVSQRT_A_MINUS_D);
  multiply(PRODUCTS, point + T, Z_INV);
  memory.copy(POINT_X, IY, PAIR);
  memory.copy(POINT_Y, IX, PAIR);
  for (let lane = 0; lane < 2; lane++) {
    if (isNegative(PRODUCTS, lane)) continue;
    // Not rotated.
    copyLane(POINT_X, point, lane);
    copyLane(POINT_Y, point + Y, lane);
    copyLane(DEN_INV, DEN2, lane);
  }
  multiply(PRODUCTS, POINT_X, Z_INV);
  multiply(NEGATED, POINT_Y, MINUS_ONE);
  for (let lane = 0; lane < 2; lane++) {
    if (isNegative(PRODUCTS, lane)) copyLane(POINT_Y, NEGATED, lane);
  }
  subtract(S, point + Z, POINT_Y);
  multiply(S, S, DEN_INV);
  makeNonNegative(S);
  toBytes(bytes, S, 0);
  toBytes(bytes + 32, S, 1);
}

/** CT_ABS of both lanes, tight. */
function makeNonNegative(f: usize): void {
  multiply(NEGATED, f, MINUS_ONE);
  for (let lane = 0; lane < 2; lane++) if (isNegative(f, lane)) copyLane(f, NEGATED, lane);
}

/** One lane of a pair: copies, encodings, and questions that need the canonical form. */
import { PAIR } from './field';

const BITS_26: u64 = 0x3ffffff;
const BITS_25: u64 = 0x1ffffff;

const BYTES = memory.data(32, 8);
const OTHER_BYTES = memory.data(32, 8);

/** Copies one lane of a pair. */
export function copyLane(out: usize, f: usize, lane: usize): void {
  for (let i: usize = 4 * lane; i < PAIR; i += 8) store<u32>(out + i, load<u32>(f + i));
}

/** Sets one lane, tight, to the 255 low bits of 32 little-endian bytes, which may be p or more. */
export function fromBytes(out: usize, lane: usize, bytes: usize): void {
  const a = load<u64>(bytes);
  const b = load<u64>(bytes, 8);
  const c = load<u64>(bytes, 16);
  const d = load<u64>(bytes, 24);
  const to = out + 4 * lane;
  store<u32>(to, <u32>(a & BITS_26));
  store<u32>(to, <u32>((a >> 26) & BITS_25), 8);
  store<u32>(to, <u32>(((a >> 51) | (b << 13)) & BITS_26), 16);
  store<u32>(to, <u32>((b >> 13) & BITS_25), 24);
  store<u32>(to, <u32>(b >> 38), 32);
  store<u32>(to, <u32>(c & BITS_25), 40);
  store<u32>(to, <u32>((c >> 25) & BITS_26), 48);
  store<u32>(to, <u32>(((c >> 51) | (d << 13)) & BITS_25), 56);
  store<u32>(to, <u32>((d >> 12) & BITS_26), 64);
  store<u32>(to, <u32>((d >> 38) & BITS_25), 72);
}

/** The one canonical encoding of a lane, 32 little-endian bytes below p. `f` is tight, so below 2p. */
export function toBytes(bytes: usize, f: usize, lane: usize): void {
  const from = f + 4 * lane;
  let h0: u64 = load<u32>(from);
  let h1: u64 = load<u32>(from, 8);
  let h2: u64 = load<u32>(from, 16);
  let h3: u64 = load<u32>(from, 24);
  let h4: u64 = load<u32>(from, 32);
  let h5: u64 = load<u32>(from, 40);
  let h6: u64 = load<u32>(from, 48);
  let h7: u64 = load<u32>(from, 56);
  let h8: u64 = load<u32>(from, 64);
  let h9: u64 = load<u32>(from, 72);
  // Whether the value is p or more: whether 19 more pass 2^255. Then adding 19 and dropping 2^255 takes p away.
  let carry = (h0 + 19) >> 26;
  carry = (h1 + carry) >> 25;
  carry = (h2 + carry) >> 26;
  carry = (h3 + carry) >> 25;
  carry = (h4 + carry) >> 26;
  carry = (h5 + carry) >> 25;
  carry = (h6 + carry) >> 26;
  carry = (h7 + carry) >> 25;
  carry = (h8 + carry) >> 26;
  carry = (h9 + carry) >> 25;
  h0 += 19 * carry;
  h1 += h0 >> 26;
  h2 += h1 >> 25;
  h3 += h2 >> 26;
  h4 += h3 >> 25;
  h5 += h4 >> 26;
  h6 += h5 >> 25;
  h7 += h6 >> 26;
  h8 += h7 >> 25;
  h9 += h8 >> 26;
  h0 &= BITS_26;
  h1 &= BITS_25;
  h2 &= BITS_26;
  h3 &= BITS_25;
  h4 &= BITS_26;
  h5 &= BITS_25;
  h6 &= BITS_26;
  h7 &= BITS_25;
  h8 &= BITS_26;
  h9 &= BITS_25;
  store<u64>(bytes, h0 | (h1 << 26) | (h2 << 51));
  store<u64>(bytes, (h2 >> 13) | (h3 << 13) | (h4 << 38), 8);
  store<u64>(bytes, h5 | (h6 << 25) | (h7 << 51), 16);
  store<u64>(bytes, (h7 >> 13) | (h8 << 12) | (h9 << 38), 24);
}

/** Whether the 32 bytes are the same. */
export function isSame(bytes: usize, others: usize): bool {
  for (let i: usize = 0; i < 32; i += 8) if (load<u64>(bytes + i) !== load<u64>(others + i)) return false;
  return true;
}

/** Whether one lane of two tight pairs is the same number. */
export function isEqual(f: usize, g: usize, lane: usize): bool {
  toBytes(BYTES, f, lane);
  toBytes(OTHER_BYTES, g, lane);
  return isSame(BYTES, OTHER_BYTES);
}

/** Whether one lane of a tight pair is odd when reduced, which RFC 9496 section 3 calls negative. */
export function isNegative(f: usize, lane: usize): bool {
  toBytes(BYTES, f, lane);
  return (load<u8>(BYTES) & 1) === 1;
}

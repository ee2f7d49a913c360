import { compile } from '../../protocol/kernel/build.ts';

/** The modulus of the kernel's field. */
export const P = 2n ** 255n - 19n;

/** How many bits each limb stands for, and where they begin. */
const BITS = Array.from({ length: 10 }, (_, i) => (i % 2 === 0 ? 26 : 25));
const SHIFTS = BITS.map((_, i) => BITS.slice(0, i).reduce((sum, bits) => sum + bits, 0));

/** Ten limbs of one lane. */
export type Limbs = readonly number[];

/** What every kernel source exports and takes: addresses. */
export interface Part {
  /** Calls an exported function; addresses of pairs and bytes are from `at`. */
  readonly call: (name: string, ...args: readonly number[]) => number;
  /** The value of an exported constant. */
  readonly constant: (name: string) => number;
  /** Memory that the part does not use: the address of the nth area of 1,024 bytes. */
  readonly at: (n: number) => number;
  readonly write: (address: number, lanes: readonly [Limbs, Limbs]) => void;
  readonly read: (address: number) => [Limbs, Limbs];
  readonly bytes: (address: number, length: number) => Uint8Array;
}

/** One source of the kernel, compiled on its own, with memory to call it on. */
export function openPart(source: string): Part {
  const module = new WebAssembly.Module(Uint8Array.from(compile(source)));
  const { memory, ...exported } = new WebAssembly.Instance(module).exports;
  if (!(memory instanceof WebAssembly.Memory)) throw new Error('no memory');
  const free = memory.grow(1) * 65_536;
  const view = new DataView(memory.buffer);
  return {
    call: (name, ...args) => Number((exported[name] as (...all: readonly number[]) => unknown)(...args)),
    constant: (name) => (exported[name] as WebAssembly.Global<'i32'>).value,
    at: (n) => free + 1024 * n,
    write: (address, lanes) => {
      for (const [lane, limbs] of lanes.entries()) {
        for (const [i, limb] of limbs.entries()) view.setUint32(address + 8 * i + 4 * lane, limb, true);
      }
    },
    read: (address) => {
      const lane = (n: number) => BITS.map((_, i) => view.getUint32(address + 8 * i + 4 * n, true));
      return [lane(0), lane(1)];
    },
    bytes: (address, length) => new Uint8Array(memory.buffer, address, length),
  };
}

/** What limbs stand for, not reduced. */
export function numberOf(limbs: Limbs): bigint {
  return limbs.reduce((sum, limb, i) => sum + (BigInt(limb) << BigInt(SHIFTS[i] ?? 0)), 0n);
}

/** The limbs of a number below 2^256, each below its power of two, the last as large as it takes. */
export function limbsOf(value: bigint): Limbs {
  return BITS.map((bits, i) => {
    const rest = value >> BigInt(SHIFTS[i] ?? 0);
    return Number(i === 9 ? rest : BigInt.asUintN(bits, rest));
  });
}

/** 32 little-endian bytes. */
export function littleEndian(value: bigint): Uint8Array {
  return Uint8Array.from({ length: 32 }, (_, i) => Number((value >> BigInt(8 * i)) & 255n));
}

/** The number that little-endian bytes are. */
export function fromLittleEndian(bytes: Uint8Array): bigint {
  return bytes.reduceRight((value, byte) => (value << 8n) | BigInt(byte), 0n);
}

/** base^exponent modulo p. */
export function power(base: bigint, exponent: bigint): bigint {
  let result = 1n;
  let square = base % P;
  for (let rest = exponent; rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = (result * square) % P;
    square = (square * square) % P;
  }
  return result;
}

/**
 * The WebAssembly kernel: the weighted sums of elements in a batch proof, an order of magnitude faster than one by one
 * with libsodium. It takes variable time, so it gets public values only; every secret scalar stays with libsodium. Its
 * sources are in assembly/, in AssemblyScript; module.ts holds them compiled.
 */
import { fromBase64url } from '../bytes.ts';
import { ELEMENT_BYTES } from '../sizes.ts';
import { MODULE } from './module.ts';

/** One element each, 32 bytes. */
export interface Sums {
  readonly first: Uint8Array;
  readonly second: Uint8Array;
}

/**
 * The sums of w_i F_i and of w_i S_i for packed weights, F and S of equal number, 1 to MAX_BATCH. Weights are canonical and
 * not zero. Null where an element is invalid or the identity. A sum that is the identity is 32 zero bytes.
 */
export type WeightedSums = (weights: Uint8Array, first: Uint8Array, second: Uint8Array) => Sums | null;

interface Exports {
  readonly memory: WebAssembly.Memory;
  readonly MAX_TERMS: WebAssembly.Global<'i32'>;
  readonly WEIGHTS: WebAssembly.Global<'i32'>;
  readonly FIRST: WebAssembly.Global<'i32'>;
  readonly SECOND: WebAssembly.Global<'i32'>;
  readonly SUMS: WebAssembly.Global<'i32'>;
  readonly sum: (count: number) => number;
}

/**
 * The kernel's sums. Throws where the engine has no WebAssembly with SIMD or does not let it be compiled, as edge
 * services do.
 */
export function openKernel(): WeightedSums {
  const module = fromBase64url(MODULE);
  if (!module) throw new Error('the kernel is damaged');
  const instance = new WebAssembly.Instance(new WebAssembly.Module(Uint8Array.from(module)));
  const kernel = instance.exports as unknown as Exports;
  const memory = new Uint8Array(kernel.memory.buffer);
  return (weights, first, second): Sums | null => {
    const count = weights.length / ELEMENT_BYTES;
    const isWhole = Number.isInteger(count) && count >= 1 && count <= kernel.MAX_TERMS.value;
    if (!isWhole || first.length !== weights.length || second.length !== weights.length) {
      throw new RangeError('the lists to sum differ in length or are too long');
    }
    memory.set(weights, kernel.WEIGHTS.value);
    memory.set(first, kernel.FIRST.value);
    memory.set(second, kernel.SECOND.value);
    if (kernel.sum(count) === 0) return null;
    const at = kernel.SUMS.value;
    return {
      first: memory.slice(at, at + ELEMENT_BYTES),
      second: memory.slice(at + ELEMENT_BYTES, at + 2 * ELEMENT_BYTES),
    };
  };
}

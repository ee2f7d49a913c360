/**
 * What is packed: bytes as they leave SQLite and as they go over the wire, and populations in a mask. Bytes leave SQLite
 * in hexadecimal: text costs its binding a third of what blobs do, each of which is a memory block of its own. Node's
 * Buffer, which workerd has too, turns them into base64url.
 */
import { Buffer } from 'node:buffer';

/** A byte string whose parts are numbers and other byte strings. */
export class Block {
  readonly #bytes: Buffer;
  readonly length: number;

  constructor(hexadecimal: string) {
    this.#bytes = Buffer.from(hexadecimal, 'hex');
    this.length = this.#bytes.length;
  }

  /** A number of one or two bytes, big-endian. */
  number(at: number, bytes: 1 | 2): number {
    return this.#bytes.readUIntBE(at, bytes);
  }

  /** A part as base64url without padding (RFC 4648 section 5). */
  text(from: number, bytes: number): string {
    return this.#bytes.toString('base64url', from, from + bytes);
  }
}

/** All of the bytes as base64url without padding. */
export function wireText(hexadecimal: string): string {
  return Buffer.from(hexadecimal, 'hex').toString('base64url');
}

/** The bit of a population in a mask of populations. */
export function bit(index: number): number {
  return 1 << index;
}

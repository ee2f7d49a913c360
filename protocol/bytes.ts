/** Byte strings: joining, comparing, text encodings and a strict reader. All integers are unsigned and big-endian. */

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** UTF-8 bytes of a text. */
export function utf8(text: string): Uint8Array {
  return encoder.encode(text);
}

/** The byte strings one after another. */
export function concat(...parts: readonly Uint8Array[]): Uint8Array {
  let length = 0;
  for (const part of parts) length += part.length;
  const joined = new Uint8Array(length);
  let offset = 0;
  for (const part of parts) {
    joined.set(part, offset);
    offset += part.length;
  }
  return joined;
}

/** The number as `size` big-endian bytes (I2OSP, RFC 8017 section 4.1). Throws when it does not fit. */
export function uint(value: number, size: 1 | 2 | 4 | 8): Uint8Array {
  if (!Number.isSafeInteger(value) || value < 0 || value >= 256 ** size) {
    throw new RangeError(`${value} does not fit ${size} bytes`);
  }
  const bytes = new Uint8Array(size);
  let rest = value;
  for (let i = size - 1; i >= 0; i--) {
    bytes[i] = rest % 256;
    rest = Math.floor(rest / 256);
  }
  return bytes;
}

/** The bytes behind their length as two bytes. Throws above 65,535 bytes. */
export function prefixed(bytes: Uint8Array): Uint8Array {
  return concat(uint(bytes.length, 2), bytes);
}

/** Every part behind its two-byte length: an injective encoding of the list for a fixed number of parts. */
export function tuple(...parts: readonly Uint8Array[]): Uint8Array {
  return concat(...parts.map(prefixed));
}

/** Compares without an early exit; the length is not secret. */
export function equal(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  let difference = 0;
  for (let i = 0; i < a.length; i++) difference |= (a[i] ?? 0) ^ (b[i] ?? 0);
  return difference === 0;
}

/** Orders two byte strings of equal length: negative, zero or positive. Not for secrets. */
export function compare(a: Uint8Array, b: Uint8Array): number {
  for (let i = 0; i < a.length && i < b.length; i++) {
    const difference = (a[i] ?? 0) - (b[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

const HEXADECIMAL = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

/** Lower-case hexadecimal. */
export function toHex(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += HEXADECIMAL[byte];
  return text;
}

/** Bytes of lower-case hexadecimal, or null where it is not exactly that. */
export function fromHex(text: string): Uint8Array | null {
  if (text.length % 2 !== 0 || !/^[0-9a-f]*$/.test(text)) return null;
  const bytes = new Uint8Array(text.length / 2);
  for (let i = 0; i < bytes.length; i++) bytes[i] = Number.parseInt(text.slice(2 * i, 2 * i + 2), 16);
  return bytes;
}

const BASE64_DIGITS = utf8('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_');

/** base64url without padding (RFC 4648 section 5). */
export function toBase64url(bytes: Uint8Array): string {
  const digits = new Uint8Array(Math.ceil((bytes.length * 4) / 3));
  for (let i = 0, at = 0; i < bytes.length; i += 3) {
    const group = ((bytes[i] ?? 0) << 16) | ((bytes[i + 1] ?? 0) << 8) | (bytes[i + 2] ?? 0);
    // What stands behind the end of the digits is not kept.
    for (let shift = 18; shift >= 0; shift -= 6) digits[at++] = BASE64_DIGITS[(group >> shift) & 63] ?? 0;
  }
  return decoder.decode(digits);
}

/** Bytes of canonical base64url, or null: other alphabets, padding and non-zero trailing bits are refused. */
export function fromBase64url(text: string): Uint8Array | null {
  if (!/^[A-Za-z0-9_-]*$/.test(text) || text.length % 4 === 1) return null;
  const binary = atob(text.replaceAll('-', '+').replaceAll('_', '/'));
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < binary.length; i++) bytes[i] = binary.charCodeAt(i);
  // Only the last, incomplete group can have bits that stand for nothing.
  const rest = toBase64url(bytes.subarray(bytes.length - (bytes.length % 3)));
  return text.endsWith(rest) ? bytes : null;
}

/**
 * Reads a byte string front to back. After any read past the end `failed` is true and every further read gives
 * empty values, so a decoder may check once, with `done`, at its end.
 */
export class Reader {
  readonly #bytes: Uint8Array;
  #offset = 0;
  failed = false;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** A copy of the next `length` bytes. */
  take(length: number): Uint8Array {
    if (this.failed || length > this.#bytes.length - this.#offset) {
      this.failed = true;
      return new Uint8Array(0);
    }
    const part = this.#bytes.slice(this.#offset, this.#offset + length);
    this.#offset += length;
    return part;
  }

  uint(size: 1 | 2 | 4 | 8): number {
    let value = 0;
    for (const byte of this.take(size)) value = value * 256 + byte;
    if (!Number.isSafeInteger(value)) this.failed = true;
    return this.failed ? 0 : value;
  }

  /** Bytes behind their two-byte length. */
  prefixed(): Uint8Array {
    return this.take(this.uint(2));
  }

  /** UTF-8 text behind its two-byte length; ill-formed UTF-8 fails. */
  text(): string {
    const bytes = this.prefixed();
    try {
      return decoder.decode(bytes);
    } catch {
      this.failed = true;
      return '';
    }
  }

  remaining(): number {
    return this.#bytes.length - this.#offset;
  }

  /** True when nothing failed and no byte is left over. */
  done(): boolean {
    return !this.failed && this.remaining() === 0;
  }
}

/**
 * Writes JSON. Its bytes are kept until the end, so that an answer of hundreds of short byte strings is made without a
 * string and an array for each.
 */

const FIRST_BYTES = 64 * 1024;
const BASE64_DIGITS = codesOf('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_');
const HEX_VALUES = new Uint8Array(128);
for (let value = 0; value < 16; value++) {
  for (const text of [value.toString(16), value.toString(16).toUpperCase()]) {
    HEX_VALUES[text.charCodeAt(0)] = value;
  }
}
const [OPENED_OBJECT, OPENED_LIST] = codesOf('{[');
const encoder = new TextEncoder();
const decoder = new TextDecoder();

export class JsonWriter {
  #bytes = new Uint8Array(FIRST_BYTES);
  #length = 0;

  value(value: unknown): this {
    return this.#text(JSON.stringify(value));
  }

  /** Begins an object, with these members where there are any. */
  open(members?: object): this {
    return this.#text(members ? JSON.stringify(members).slice(0, -1) : '{');
  }

  /** The name of the next member, whose value follows. A name needs no escapes. */
  member(name: string): this {
    this.#separate();
    return this.#text(`"${name}":`);
  }

  close(): this {
    return this.#text('}');
  }

  /** A list, each of its values written by `write`. */
  list<Item>(items: readonly Item[], write: (item: Item) => void): this {
    this.#text('[');
    for (const item of items) {
      this.#separate();
      write(item);
    }
    return this.#text(']');
  }

  /** Bytes, given in hexadecimal, as a string of base64url without padding (RFC 4648 section 5). */
  bytes(hexadecimal: string | null): this {
    if (hexadecimal === null) return this.value(null);
    this.#text('"');
    this.#reserve(hexadecimal.length + 2);
    const bytes = this.#bytes;
    let at = this.#length;
    // Three hexadecimal digits are two of base64.
    for (let i = 0; i < hexadecimal.length; i += 3) {
      const bits =
        (valueAt(hexadecimal, i) << 8) | (valueAt(hexadecimal, i + 1) << 4) | valueAt(hexadecimal, i + 2);
      bytes[at++] = BASE64_DIGITS[bits >> 6] ?? 0;
      bytes[at++] = BASE64_DIGITS[bits & 63] ?? 0;
    }
    // What stands behind the end of the digits is written over.
    this.#length += Math.ceil((2 * hexadecimal.length) / 3);
    return this.#text('"');
  }

  /** All that was written. */
  taken(): string {
    return decoder.decode(this.#bytes.subarray(0, this.#length));
  }

  #separate(): void {
    const last = this.#bytes[this.#length - 1];
    if (last !== OPENED_OBJECT && last !== OPENED_LIST) this.#text(',');
  }

  #text(text: string): this {
    this.#reserve(text.length);
    const bytes = this.#bytes;
    let at = this.#length;
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i);
      if (code > 127) return this.#append(encoder.encode(text));
      bytes[at++] = code;
    }
    this.#length = at;
    return this;
  }

  #append(encoded: Uint8Array): this {
    this.#reserve(encoded.length);
    this.#bytes.set(encoded, this.#length);
    this.#length += encoded.length;
    return this;
  }

  #reserve(bytes: number): void {
    if (this.#length + bytes <= this.#bytes.length) return;
    const larger = new Uint8Array(2 * (this.#length + bytes));
    larger.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = larger;
  }
}

/** Of one digit; 0 behind the end. */
function valueAt(hexadecimal: string, index: number): number {
  return index < hexadecimal.length ? (HEX_VALUES[hexadecimal.charCodeAt(index)] ?? 0) : 0;
}

function codesOf(ascii: string): Uint8Array {
  return Uint8Array.from(ascii, (character) => character.charCodeAt(0));
}

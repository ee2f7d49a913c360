/** Bytes as they leave SQLite, against the protocol's own base64url and big-endian numbers. */
import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { concat, toBase64url, toHex } from '../../protocol/bytes.ts';
import { Block, wireText } from '../../src/service/partnership/block.ts';

const bytes = fc.uint8Array({ maxLength: 70 });

it('gives any part as base64url, in whatever case the digits come', () => {
  fc.assert(
    fc.property(fc.array(bytes), fc.boolean(), (parts, isUpper) => {
      const digits = toHex(concat(...parts));
      const block = new Block(isUpper ? digits.toUpperCase() : digits);
      const texts: string[] = [];
      let at = 0;
      for (const { length } of parts) {
        texts.push(block.text(at, length));
        at += length;
      }
      expect(block.length).toBe(at);
      expect(texts).toEqual(parts.map(toBase64url));
    }),
  );
});

it('gives the whole as base64url', () => {
  fc.assert(
    fc.property(bytes, (all) => {
      expect(wireText(toHex(all))).toBe(toBase64url(all));
    }),
  );
});

it('reads numbers of one and two bytes, and none behind its end', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 65_535 }), (number) => {
      const block = new Block(toHex(Uint8Array.of(number >> 8, number & 255, 0)));
      expect([block.number(0, 2), block.number(0, 1), block.number(1, 1)]).toEqual([
        number,
        number >> 8,
        number & 255,
      ]);
      expect(() => block.number(2, 2)).toThrow(RangeError);
    }),
  );
});

/** JSON that is written piece by piece, against JSON.stringify and the protocol's own base64url. */
import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { toBase64url, toHex } from '../../protocol/bytes.ts';
import { JsonWriter } from '../../src/service/partnership/jsonwriter.ts';

const bytes = fc.uint8Array({ maxLength: 70 });
const members = fc.dictionary(fc.constantFrom('a', 'b', 'longer'), fc.jsonValue());

it('writes any bytes as base64url, in whatever case their digits come', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(bytes, fc.boolean())), (parts) => {
      const writer = new JsonWriter();
      writer.list(parts, ([part, isUpper]) => {
        const digits = toHex(part);
        writer.bytes(isUpper ? digits.toUpperCase() : digits);
      });
      expect(writer.taken()).toBe(JSON.stringify(parts.map(([part]) => toBase64url(part))));
    }),
  );
});

it('writes objects, lists and texts of any script as JSON.stringify does', () => {
  fc.assert(
    fc.property(members, fc.array(fc.jsonValue()), fc.option(bytes), (first, values, sealed) => {
      const writer = new JsonWriter().open(first).member('values');
      writer.list(values, (value) => writer.value(value));
      writer
        .member('sealed')
        .bytes(sealed && toHex(sealed))
        .member('none')
        .open()
        .close()
        .close();
      const value = { ...first, values, sealed: sealed && toBase64url(sealed), none: {} };
      expect(writer.taken()).toBe(JSON.stringify(value));
    }),
  );
});

it('grows with what is written, whatever is written first', () => {
  for (const text of ['x'.repeat(200_000), 'ü'.repeat(70_000), '\u{1F600}"'.repeat(40_000)]) {
    const writer = new JsonWriter();
    writer.list([1, 2], () => writer.value(text));
    expect(writer.taken()).toBe(JSON.stringify([text, text]));
  }
});

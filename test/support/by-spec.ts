/** What protocol.md and wire.md say, once more: by node's cryptography alone, so that vectors are checked by another implementation. */
import { createHmac, createPublicKey, verify } from 'node:crypto';
import { toHex } from '../../protocol/bytes.ts';

/** As wire.md numbers them, from 1. */
export const KINDS_ON_THE_WIRE = [
  'domain',
  'name',
  'lei',
  'vat',
  'duns',
  'isin',
  'registry',
  'name_country',
  'name_city',
  'name_site',
  'name_full',
];

/** Two-byte length and bytes, for each part. */
export function tuple(...parts: readonly Uint8Array[]): Buffer {
  return Buffer.concat(parts.flatMap((part) => [Buffer.from([part.length >> 8, part.length & 255]), part]));
}

/** A label of the protocol. */
export function label(name: string): Buffer {
  return Buffer.from(`commonground/1 ${name}`);
}

/** HKDF-Expand of one block by its definition in RFC 5869. */
export function expand(key: Uint8Array, info: Uint8Array, length: number): string {
  return toHex(
    createHmac('sha256', key)
      .update(info)
      .update(Buffer.from([1]))
      .digest()
      .subarray(0, length),
  );
}

/** Four bytes, big-endian. */
export function number(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

/** Verifies `message ‖ signature` by node's own Ed25519 and the label rule of wire.md. */
export function isSigned(type: string, signed: Uint8Array, agentKey: string): boolean {
  const message = signed.subarray(0, -64);
  const key = createPublicKey({
    key: { kty: 'OKP', crv: 'Ed25519', x: Buffer.from(agentKey, 'hex').toString('base64url') },
    format: 'jwk',
  });
  return verify(null, Buffer.concat([tuple(label(type)), message]), key, signed.subarray(-64));
}

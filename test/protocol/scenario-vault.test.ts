/** The vault's vectors, by this implementation, and once more by node's cryptography and the layout of wire.md. */
import { createHash, createHmac, scryptSync } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { openWith } from '../../protocol/age.ts';
import { toHex } from '../../protocol/bytes.ts';
import { signingPublicKey } from '../../protocol/hash.ts';
import { partnershipId } from '../../protocol/ids.ts';
import { openHead } from '../../protocol/vault/head.ts';
import { openWrap } from '../../protocol/vault/key.ts';
import { openPiece } from '../../protocol/vault/names.ts';
import { openRow } from '../../protocol/vault/row.ts';
import { openInVault } from '../../protocol/vault/sealing.ts';
import { wordsOf } from '../../protocol/words.ts';
import { expand, isSigned, KINDS_ON_THE_WIRE, label, number, tuple } from '../support/by-spec.ts';
import { hex } from '../support/results.ts';
import { vaultOf } from '../support/vault-scenario.ts';
import { VAULT, type VaultFile } from '../support/vectors.ts';

const file = new URL(`../../protocol/vectors/scenario-${VAULT}.json`, import.meta.url);
const { input, values } = JSON.parse(readFileSync(file, 'utf8')) as VaultFile;
const key = { number: input.key.number, key: hex(input.key.bytes) };
const context = {
  partnership: partnershipId(hex(input.partnership)),
  epoch: input.epoch,
  side: input.side,
  epochHash: hex(input.epochHash),
};
/** Reads fields one after another, as the tables of wire.md list them. */
const fields = (bytes: string, sizes: readonly (number | 'short' | 'long')[]): string[] => {
  let rest = bytes;
  const take = (size: number) => {
    const taken = rest.slice(0, 2 * size);
    rest = rest.slice(2 * size);
    return taken;
  };
  const lengths = { short: 2, long: 4 } as const;
  const found = sizes.map((size) =>
    take(typeof size === 'number' ? size : Number.parseInt(take(lengths[size]), 16)),
  );
  expect(rest).toBe('');
  return found;
};
const u = (value: number, size: number) => value.toString(16).padStart(2 * size, '0');

test('every value follows from the input', () => {
  expect(JSON.parse(JSON.stringify(vaultOf(input)))).toEqual(values);
});

test('keys are derived for each use, and names are hashed by one of them', () => {
  expect(values.keyId).toBe(expand(key.key, label('vault key'), 32));
  const use = (name: string) =>
    expand(
      key.key,
      tuple(
        label(name),
        number(input.key.number),
        hex(input.partnership),
        number(input.epoch),
        Buffer.from([1]),
        hex(input.epochHash),
      ),
      32,
    );
  expect(values.uses).toEqual({
    rows: use('vault rows'),
    names: use('vault names'),
    head: use('vault head'),
    nameHashes: use('vault name hashes'),
  });
  for (const { name, hash, piece } of values.names) {
    const expected = createHmac('sha256', hex(values.uses.nameHashes)).update(name).digest('hex');
    expect(hash).toBe(expected.slice(0, 16));
    expect(piece).toBe(2 + (Number.parseInt(hash.slice(0, 2), 16) >> 7));
  }
  expect(new Set(values.names.map(({ piece }) => piece))).toEqual(new Set([2, 3]));
});

test('a row has its layout, and travels behind its handle and length', () => {
  const { identifiers, handle, nonce, ...facts } = input.row;
  const padded = values.row.padded;
  const length = Number.parseInt(padded.slice(0, 4), 16);
  expect(JSON.parse(Buffer.from(padded.slice(4, 4 + 2 * length), 'hex').toString())).toEqual(facts);
  const listed = identifiers.map(
    ({ kind, tag, confirm, wrap, value }) =>
      u(KINDS_ON_THE_WIRE.indexOf(kind) + 1, 1) +
      tag +
      confirm +
      (wrap ?? '') +
      tuple(Buffer.from(value)).toString('hex'),
  );
  const rest = u(identifiers.length, 2) + listed.join('');
  expect(padded.slice(4 + 2 * length)).toBe(rest.padEnd(padded.length - 4 - 2 * length, '0'));
  expect(padded.length / 2).toBe(512);
  expect(values.row.sealed.slice(0, 48)).toBe(nonce);
  expect(values.row.sealed.length / 2).toBe(24 + 512 + 16);
  expect(values.upload).toBe(
    handle + u(values.row.sealed.length / 2, 4) + values.row.sealed + input.gone + u(0, 4),
  );
  expect(openRow(key, context, hex(handle), hex(values.row.sealed))).toMatchObject(facts);
});

test('pieces have the hashes in order', () => {
  for (const { index, sealed } of values.pieces) {
    const own = values.names.filter(({ piece }) => piece === index).map(({ hash }) => hash);
    expect(toHex(openPiece(key, context, index, hex(sealed)) ?? new Uint8Array())).toBe(own.sort().join(''));
    expect(sealed.length / 2).toBe(24 + 4 + 512 * 8 + 16);
  }
});

test('the wrap names the key, the member and its keys, and opens to the key', async () => {
  expect(isSigned('vault wrap', hex(values.wrap), values.agentKey)).toBe(true);
  expect(fields(values.wrap, [1, 16, 4, 32, 16, 32, 16, 'short', 64]).slice(0, -1)).toEqual([
    '01',
    values.organisation.slice(4),
    u(3, 4),
    values.keyId,
    input.member.id.slice(4),
    createHash('sha256').update(hex(values.member.keys)).digest('hex'),
    '0'.repeat(32),
    input.member.wrapped,
  ]);
  expect(openWrap(hex(values.wrap), values.organisation, hex(values.agentKey)).ok).toBe(true);
  const opened = await openWith(input.member.recipientIdentity, hex(input.member.wrapped));
  expect(toHex(opened ?? new Uint8Array())).toBe(input.key.bytes);
  expect(
    isSigned('member keys', hex(values.member.keys), toHex(signingPublicKey(hex(input.member.seed)))),
  ).toBe(true);
  const salt = Buffer.concat([
    label('member code'),
    hex(values.organisation.slice(4)),
    hex(input.member.id.slice(4)),
  ]);
  const stretched = scryptSync(hex(values.member.keys), salt, 32, {
    N: 2 ** 15,
    r: 8,
    p: 1,
    maxmem: 2 ** 26,
  });
  expect(values.member.words).toBe(wordsOf(stretched));
});

test('the head has its layout, signed by the agent', () => {
  expect(isSigned('vault head', hex(values.head), values.agentKey)).toBe(true);
  const { partner, ...head } = input.head;
  const frame = [1, 16, 4, 1, 32, 4] as const;
  const partnerSizes = [32, 32, 4, 'short', 'short'] as const;
  const found = fields(values.head, [...frame, 8, ...partnerSizes, 'long', 4, 2, 4, 32, 2, 'short', 64]);
  expect(found.slice(0, 10)).toEqual([
    '01',
    input.partnership,
    u(input.epoch, 4),
    '01',
    input.epochHash,
    u(head.number, 4),
    u(head.issuedAt, 8),
    partner.rootKey,
    partner.agentKey,
    u(partner.serial, 4),
  ]);
  expect(found.slice(10, 13).map((bytes) => Buffer.from(bytes, 'hex').toString())).toEqual([
    partner.recipient,
    partner.name,
    head.papers,
  ]);
  expect(found.slice(13, 18)).toEqual([
    u(head.submission, 4),
    u(head.normaliser, 2),
    u(3, 4),
    values.keyId,
    u(2, 2),
  ]);
  const opened = openHead(hex(values.head), context.partnership, hex(values.agentKey));
  const sealed = opened.ok ? opened.value.sealed : new Uint8Array();
  expect(toHex(sealed)).toBe(found[18]);
  const secrets = openInVault(key, 'vault head', context, number(head.number), sealed);
  expect(Buffer.from(secrets ?? []).toString()).toBe(head.secrets);
});

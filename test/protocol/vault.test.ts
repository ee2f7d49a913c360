/** The vault's formats: what is bound to what, what lengths tell, and what decoders refuse. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { toHex, utf8 } from '../../protocol/bytes.ts';
import type { Context } from '../../protocol/evaluation.ts';
import { sha256, signingPublicKey, systemRandom } from '../../protocol/hash.ts';
import { newPartnershipId, type OrganisationId } from '../../protocol/ids.ts';
import { memberCode, newMemberId, signMemberKeys } from '../../protocol/member.ts';
import { MAX_HEAD_BYTES, openHead, signHead, type VaultHead } from '../../protocol/vault/head.ts';
import { openWrap, readWrap, signWrap, type VaultKey, vaultKeyId } from '../../protocol/vault/key.ts';
import { nameHasher, openPiece, pieceOf, piecesFor, sealPiece } from '../../protocol/vault/names.ts';
import { openRow, sealRow, type VaultRow } from '../../protocol/vault/row.ts';
import { openInVault, sealInVault } from '../../protocol/vault/sealing.ts';
import { packRows, unpackRows } from '../../protocol/vault/upload.ts';
import { parsePhrase } from '../../protocol/words.ts';
import { whole } from '../support/results.ts';

const key: VaultKey = { number: 3, key: systemRandom(32) };
const context: Context = {
  partnership: newPartnershipId(systemRandom),
  epoch: 1,
  side: 'founder',
  epochHash: systemRandom(32),
};
/** Every other place that something could be moved to. */
const ELSEWHERE: readonly (readonly [string, VaultKey, Context])[] = [
  ['partnership', key, { ...context, partnership: newPartnershipId(systemRandom) }],
  ['epoch', key, { ...context, epoch: 2 }],
  ['side', key, { ...context, side: 'joiner' }],
  ['record', key, { ...context, epochHash: systemRandom(32) }],
  ['number', { ...key, number: 4 }, context],
  ['key', { ...key, key: systemRandom(32) }, context],
];
const handle = systemRandom(16);
const row: VaultRow = {
  name: 'Siemens AG',
  records: [{ record: 'a1', source: 'crm' }],
  populations: ['customers'],
  owner: 'Ann Owner',
  identifiers: [
    {
      kind: 'domain',
      tag: systemRandom(16),
      confirm: systemRandom(32),
      wrap: systemRandom(32),
      value: 'siemens.com',
    },
    { kind: 'name', tag: systemRandom(16), confirm: systemRandom(32), wrap: null, value: 'siemens' },
  ],
};

describe('a row', () => {
  it('opens in its place, and nowhere else', () => {
    const sealed = sealRow(key, context, handle, row, systemRandom);
    if (!sealed) throw new Error('too large');
    expect(openRow(key, context, handle, sealed)).toEqual(row);
    for (const [what, otherKey, other] of ELSEWHERE)
      expect([what, openRow(otherKey, other, handle, sealed)]).toEqual([what, null]);
    expect(openRow(key, context, systemRandom(16), sealed)).toBeNull();
    for (const at of [0, 30, sealed.length - 1]) {
      const changed = Uint8Array.from(sealed);
      changed[at] = (changed[at] ?? 0) ^ 1;
      expect(openRow(key, context, handle, changed)).toBeNull();
    }
    expect(openRow(key, context, handle, sealed.subarray(0, 10))).toBeNull();
  });

  it('tells its bucket by its length, a power of two, and no more', () => {
    const lengthOf = (name: string) => sealRow(key, context, handle, { ...row, name }, systemRandom)?.length;
    expect(lengthOf('x')).toBe(512 + 40);
    expect(lengthOf('x'.repeat(120))).toBe(512 + 40);
    expect(lengthOf('x'.repeat(400))).toBe(1024 + 40);
    const identifier = row.identifiers[1];
    if (!identifier) throw new Error('there is one');
    const many = { ...row, identifiers: Array.from({ length: 5000 }, () => identifier) };
    expect(sealRow(key, context, handle, many, systemRandom)).toBeNull();
    const recorded = (count: number) => {
      const records = Array.from({ length: count }, () => ({ record: 'a1', source: 'crm' }));
      return sealRow(key, context, handle, { ...row, records }, systemRandom);
    };
    expect(recorded(1900)?.length).toBe(65_536 + 40);
    expect(recorded(3000)).toBeNull();
  });

  it('of any text comes back as it was', () => {
    const text = fc.string({ unit: 'binary', maxLength: 300 });
    fc.assert(
      fc.property(text, text, fc.array(text, { maxLength: 5 }), (name, owner, records) => {
        const given = { ...row, name, owner, records: records.map((record) => ({ record, source: 'crm' })) };
        const sealed = sealRow(key, context, handle, given, systemRandom);
        const opened = sealed && openRow(key, context, handle, sealed);
        const wellFormed = JSON.parse(JSON.stringify(given.name)) as string;
        expect(opened?.name).toBe(wellFormed);
        expect(opened?.records).toHaveLength(records.length);
      }),
      { numRuns: 50 },
    );
  });
});

describe('the names that the own list knows', () => {
  it('are found by keyed hash in the piece that their hash says', () => {
    const names = Array.from({ length: 9000 }, (_, i) => `company ${i}`);
    const hash = nameHasher(key, context);
    const pieces = piecesFor(names.length);
    expect(pieces).toBe(8);
    const sorted = new Map<number, Uint8Array[]>();
    for (const name of names) {
      const piece = pieceOf(hash(name), pieces);
      expect(piece).toBeGreaterThanOrEqual(pieces);
      expect(piece).toBeLessThan(2 * pieces);
      sorted.set(piece, [...(sorted.get(piece) ?? []), hash(name)]);
    }
    expect(sorted.size).toBe(pieces);
    for (const [index, hashes] of sorted) {
      const sealed = sealPiece(key, context, index, hashes, systemRandom);
      const opened = sealed && openPiece(key, context, index, sealed);
      expect(opened && toHex(opened)).toBe(hashes.map(toHex).join(''));
      expect(sealed && openPiece(key, context, index ^ 1, sealed)).toBeNull();
      // Padded to whole 512 hashes.
      expect(((sealed?.length ?? 0) - 44) % 4096).toBe(0);
    }
    expect(toHex(nameHasher({ ...key, key: systemRandom(32) }, context)('company 1'))).not.toBe(
      toHex(hash('company 1')),
    );
  });
});

describe('a head', () => {
  const seed = systemRandom(32);
  const head: VaultHead = {
    context,
    number: 7,
    issuedAt: 1_700_000_000,
    partner: {
      rootKey: signingPublicKey(systemRandom(32)),
      agentKey: signingPublicKey(systemRandom(32)),
      serial: 2,
      recipient: `age1${'q'.repeat(58)}`,
      name: 'Borealis',
    },
    papers: '{"mine":{}}',
    submission: 4,
    normaliser: 1,
    key: { number: 3, id: vaultKeyId(key.key) },
    pieces: 1,
    sealed: sealInVault(key, 'vault head', context, utf8('7'), utf8('secrets'), systemRandom),
  };
  const signed = whole(signHead(head, seed));

  it('comes back as it was signed, and is refused cut, longer or of another key', () => {
    expect(openHead(signed, context.partnership, signingPublicKey(seed))).toEqual({ ok: true, value: head });
    const other = openHead(signed, newPartnershipId(systemRandom), signingPublicKey(seed));
    expect(other).toMatchObject({ reason: 'other_context' });
    const stranger = openHead(signed, context.partnership, signingPublicKey(systemRandom(32)));
    expect(stranger).toMatchObject({ reason: 'bad_signature' });
    for (let length = 0; length < signed.length; length += 7) {
      expect(openHead(signed.subarray(0, length), context.partnership, signingPublicKey(seed)).ok).toBe(
        false,
      );
    }
    const longer = new Uint8Array([...signed.subarray(0, -64), 0, ...signed.subarray(-64)]);
    expect(openHead(longer, context.partnership, signingPublicKey(seed)).ok).toBe(false);
  });

  it('is not made longer than it is read', () => {
    const of = (papers: number, sealed: number) =>
      signHead({ ...head, papers: 'p'.repeat(papers), sealed: new Uint8Array(sealed) }, seed);
    const most = MAX_HEAD_BYTES - whole(of(0, 0)).length;
    expect(openHead(whole(of(most, 0)), context.partnership, signingPublicKey(seed)).ok).toBe(true);
    expect(of(most + 1, 0)).toBeNull();
    expect(of(0, 0xffff)).not.toBeNull();
    expect(of(0, 0x10000)).toBeNull();
  });

  it('keeps its secrets from another place, use or key', () => {
    const { sealed } = head;
    expect(openInVault(key, 'vault head', context, utf8('7'), sealed)).toEqual(utf8('secrets'));
    expect(openInVault(key, 'vault head', context, utf8('8'), sealed)).toBeNull();
    expect(openInVault(key, 'vault rows', context, utf8('7'), sealed)).toBeNull();
    for (const [what, otherKey, other] of ELSEWHERE)
      expect([what, openInVault(otherKey, 'vault head', other, utf8('7'), sealed)]).toEqual([what, null]);
  });
});

describe('a wrap', () => {
  const organisation = `org_${'1'.repeat(32)}` as OrganisationId;
  const wrap = {
    organisation,
    number: 3,
    keyId: vaultKeyId(key.key),
    member: newMemberId(systemRandom),
    keysHash: systemRandom(32),
    by: newMemberId(systemRandom),
    wrapped: systemRandom(200),
  };

  it('names key, member, keys and who gave it, under a signature', () => {
    const seed = systemRandom(32);
    for (const by of [wrap.by, null]) {
      const signed = signWrap({ ...wrap, by }, seed);
      const opened = openWrap(signed, organisation, signingPublicKey(seed));
      expect(opened).toEqual({ ok: true, value: { ...wrap, by } });
      expect(openWrap(signed, organisation, signingPublicKey(systemRandom(32))).ok).toBe(false);
      expect(readWrap(signed, `org_${'2'.repeat(32)}` as OrganisationId)).toBeNull();
      for (let length = 0; length < signed.length; length += 5)
        expect(openWrap(signed.subarray(0, length), organisation, signingPublicKey(seed)).ok).toBe(false);
    }
  });

  it('names a key without telling it', () => {
    expect(toHex(vaultKeyId(key.key))).not.toContain(toHex(key.key).slice(0, 8));
    expect(toHex(vaultKeyId(key.key))).not.toBe(toHex(sha256(key.key)));
  });
});

describe('an upload', () => {
  it('of rows comes back as it was; nothing, a repeat, a cut or a rest are refused', () => {
    const rows = [
      { handle: systemRandom(16), sealed: systemRandom(552) },
      { handle: systemRandom(16), sealed: null },
    ];
    const packed = packRows(rows);
    expect(unpackRows(packed)).toEqual(rows);
    const bad = [
      new Uint8Array(),
      packed.subarray(1),
      packed.subarray(0, -1),
      new Uint8Array([...packed, 1]),
    ];
    for (const bytes of [...bad, packRows([...rows, ...rows])]) expect(unpackRows(bytes)).toBeNull();
  });
});

it('the words of a member’s keys depend on the member, the organisation and each byte of the keys', () => {
  const seed = systemRandom(32);
  const organisation = `org_${'1'.repeat(32)}` as OrganisationId;
  const member = newMemberId(systemRandom);
  const recipient = `age1${'q'.repeat(58)}`;
  const keys = signMemberKeys({ organisation, member, signingKey: signingPublicKey(seed), recipient }, seed);
  const code = memberCode(keys, { organisation, member });
  expect(parsePhrase(code)).toBe(code);
  expect(memberCode(keys, { organisation, member })).toBe(code);
  const changed = Uint8Array.from(keys);
  changed[60] = (changed[60] ?? 0) ^ 1;
  expect(memberCode(changed, { organisation, member })).not.toBe(code);
  expect(memberCode(keys, { organisation, member: newMemberId(systemRandom) })).not.toBe(code);
});

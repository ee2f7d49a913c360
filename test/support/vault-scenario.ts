/**
 * The scenario of the vault: a key, its wrap for a member, a row, the names that a list knows, the head, and rows as they
 * are uploaded. From its `input` alone all `values` follow.
 */
import { toHex, utf8 } from '../../protocol/bytes.ts';
import type { Context } from '../../protocol/evaluation.ts';
import { type Random, sha256, signingPublicKey } from '../../protocol/hash.ts';
import { organisationId, partnershipId, type Side } from '../../protocol/ids.ts';
import { type MemberId, memberCode, newMemberId, signMemberKeys } from '../../protocol/member.ts';
import { signHead, type VaultHead } from '../../protocol/vault/head.ts';
import { signWrap, type VaultKey, vaultKeyId, vaultUseKey } from '../../protocol/vault/key.ts';
import { nameHasher, pieceOf, sealPiece } from '../../protocol/vault/names.ts';
import { sealRow, type VaultIdentifier, type VaultRow } from '../../protocol/vault/row.ts';
import { openInVault, sealInVault } from '../../protocol/vault/sealing.ts';
import { packRows } from '../../protocol/vault/upload.ts';
import { AGE_FIXTURE } from './age-fixture.ts';
import { fixedRandom } from './random.ts';
import { hex, whole } from './results.ts';

/** Byte strings are hexadecimal. */
export interface VaultInput {
  readonly partnership: string;
  readonly epoch: number;
  /** Own side. */
  readonly side: Side;
  readonly epochHash: string;
  /** Of the own organisation. */
  readonly rootKey: string;
  readonly agentSeed: string;
  readonly key: { readonly number: number; readonly bytes: string };
  readonly member: {
    readonly id: MemberId;
    readonly seed: string;
    readonly recipient: string;
    readonly recipientIdentity: string;
    /** The key, as an age file for the recipient. */
    readonly wrapped: string;
  };
  readonly row: Omit<VaultRow, 'identifiers'> & {
    readonly handle: string;
    readonly nonce: string;
    readonly identifiers: readonly Hex<VaultIdentifier>[];
  };
  /** Handle of an account that left the list. */
  readonly gone: string;
  readonly names: readonly string[];
  /** One for each piece; in practice names are so few in one. */
  readonly pieceNonces: readonly string[];
  readonly head: Hex<Pick<VaultHead, 'partner'>> &
    Pick<VaultHead, 'number' | 'issuedAt' | 'papers' | 'submission' | 'normaliser'> & {
      readonly nonce: string;
      readonly secrets: string;
    };
}

type Hex<Value> = Value extends Uint8Array
  ? string
  : Value extends object
    ? { readonly [Key in keyof Value]: Hex<Value[Key]> }
    : Value;

/** Every value that follows from the input. */
export function vaultOf(input: VaultInput) {
  const key: VaultKey = { number: input.key.number, key: hex(input.key.bytes) };
  const context: Context = {
    partnership: partnershipId(hex(input.partnership)),
    epoch: input.epoch,
    side: input.side,
    epochHash: hex(input.epochHash),
  };
  const organisation = organisationId(hex(input.rootKey));
  const use = (name: string) => toHex(vaultUseKey(key, name, context));
  const { member } = input;
  const memberKeys = signMemberKeys(
    {
      organisation,
      member: member.id,
      signingKey: signingPublicKey(hex(member.seed)),
      recipient: member.recipient,
    },
    hex(member.seed),
  );
  const wrap = signWrap(
    {
      organisation,
      number: key.number,
      keyId: vaultKeyId(key.key),
      member: member.id,
      keysHash: sha256(memberKeys),
      by: null,
      wrapped: hex(member.wrapped),
    },
    hex(input.agentSeed),
  );
  const { handle: at, nonce, identifiers, ...facts } = input.row;
  const handle = hex(at);
  const row = {
    ...facts,
    identifiers: identifiers.map(({ kind, tag, confirm, wrap: opens, value }) => ({
      kind,
      tag: hex(tag),
      confirm: hex(confirm),
      wrap: opens === null ? null : hex(opens),
      value,
    })),
  };
  const sealed = whole(sealRow(key, context, handle, row, fixedRandom([hex(nonce)])));
  const hash = nameHasher(key, context);
  const count = input.pieceNonces.length;
  const hashes = input.names.map((name) => ({ name, hash: hash(name), piece: pieceOf(hash(name), count) }));
  const pieces = input.pieceNonces.map((pieceNonce, i) => {
    const index = count + i;
    const own = hashes.filter(({ piece }) => piece === index).map((one) => toHex(one.hash));
    const packed = sealPiece(key, context, index, own.sort().map(hex), fixedRandom([hex(pieceNonce)]));
    return { index, sealed: toHex(whole(packed)) };
  });
  const { nonce: headNonce, secrets, partner, ...head } = input.head;
  const place = hex(head.number.toString(16).padStart(8, '0'));
  const sealedSecrets = sealInVault(
    key,
    'vault head',
    context,
    place,
    utf8(secrets),
    fixedRandom([hex(headNonce)]),
  );
  const signedHead = signHead(
    {
      ...head,
      context,
      partner: { ...partner, rootKey: hex(partner.rootKey), agentKey: hex(partner.agentKey) },
      key: { number: key.number, id: vaultKeyId(key.key) },
      pieces: count,
      sealed: sealedSecrets,
    },
    hex(input.agentSeed),
  );
  return {
    organisation,
    agentKey: toHex(signingPublicKey(hex(input.agentSeed))),
    keyId: toHex(vaultKeyId(key.key)),
    uses: {
      rows: use('vault rows'),
      names: use('vault names'),
      head: use('vault head'),
      nameHashes: use('vault name hashes'),
    },
    member: { keys: toHex(memberKeys), words: memberCode(memberKeys, { organisation, member: member.id }) },
    wrap: toHex(wrap),
    row: {
      padded: toHex(openInVault(key, 'vault rows', context, handle, sealed) ?? new Uint8Array()),
      sealed: toHex(sealed),
    },
    upload: toHex(
      packRows([
        { handle, sealed },
        { handle: hex(input.gone), sealed: null },
      ]),
    ),
    names: hashes.map(({ name, hash: bytes, piece }) => ({ name, hash: toHex(bytes), piece })),
    pieces,
    head: toHex(whole(signedHead)),
  };
}

export type VaultValues = ReturnType<typeof vaultOf>;

/** The input of the file, its bytes drawn from `random`. */
export function vaultInput(random: Random): VaultInput {
  const bytes = (length: number) => toHex(random(length));
  const publicKey = () => toHex(signingPublicKey(random(32)));
  return {
    partnership: bytes(16),
    epoch: 1,
    side: 'joiner',
    epochHash: bytes(32),
    rootKey: publicKey(),
    agentSeed: bytes(32),
    key: { number: 3, bytes: AGE_FIXTURE.namesKey },
    member: {
      id: newMemberId(random),
      seed: bytes(32),
      recipient: AGE_FIXTURE.recipient,
      recipientIdentity: AGE_FIXTURE.identity,
      wrapped: AGE_FIXTURE.sealedNamesKey,
    },
    row: {
      handle: bytes(16),
      nonce: bytes(24),
      name: 'Grüße & Söhne 株式会社',
      records: [
        { record: '0015e00002', source: 'crm' },
        { record: '17', source: 'erp' },
      ],
      populations: ['customers', 'open-opportunities'],
      owner: 'Ana',
      identifiers: [
        { kind: 'domain', tag: bytes(16), confirm: bytes(32), wrap: bytes(32), value: 'grüße.example' },
        { kind: 'name', tag: bytes(16), confirm: bytes(32), wrap: null, value: 'grüße söhne' },
        { kind: 'name_country', tag: bytes(16), confirm: bytes(32), wrap: null, value: 'JP' },
      ],
    },
    gone: bytes(16),
    names: ['grüße söhne', 'acme', 'delta', 'epsilon'],
    pieceNonces: [bytes(24), bytes(24)],
    head: {
      number: 7,
      issuedAt: Date.UTC(2026, 0, 2) / 1000,
      partner: {
        rootKey: publicKey(),
        agentKey: publicKey(),
        serial: 2,
        recipient: AGE_FIXTURE.recipient,
        name: 'Founder Inc.',
      },
      papers: '{"mine":{"rosters":[],"scopes":[]},"theirs":{"rosters":[],"scopes":[]}}',
      submission: 4,
      normaliser: 1,
      nonce: bytes(24),
      secrets: JSON.stringify({
        ageIdentity: AGE_FIXTURE.identity,
        columns: { crm: { name: ['Account Name'], domain: ['Website'] }, erp: { name: ['KUNNR'] } },
      }),
    },
  };
}

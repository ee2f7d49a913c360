/** A vault as the service sees it: wraps, heads and rows, the ciphertexts random bytes. */
import { sha256 } from '../../protocol/hash.ts';
import { otherSide, type Side } from '../../protocol/ids.ts';
import type { MemberId } from '../../protocol/member.ts';
import { signHead, type VaultHead } from '../../protocol/vault/head.ts';
import { signWrap, type VaultWrap, vaultKeyId } from '../../protocol/vault/key.ts';
import { whole } from './results.ts';
import type { TestPair } from './service-parties.ts';

/** A wrap by the side's agent for a member with these signed keys; `change` makes it another, `seed` signs it. */
export function makeWrap(
  pair: TestPair,
  side: Side,
  to: { readonly member: MemberId; readonly keys: Uint8Array },
  change: Partial<VaultWrap> = {},
  seed: Uint8Array = pair[side].agent.seed,
): Uint8Array {
  const wrap: VaultWrap = {
    organisation: pair[side].organisation,
    number: 1,
    keyId: vaultKeyId(new Uint8Array(32)),
    member: to.member,
    keysHash: sha256(to.keys),
    by: null,
    wrapped: pair.random(200),
    ...change,
  };
  return signWrap(wrap, seed);
}

export function makeHead(
  pair: TestPair,
  side: Side,
  number: number,
  change: Partial<VaultHead> = {},
  seed: Uint8Array = pair[side].agent.seed,
): Uint8Array {
  const partner = pair[otherSide(side)];
  const head: VaultHead = {
    context: { partnership: pair.partnership, epoch: 1, side, epochHash: pair.epochHash },
    number,
    issuedAt: 0,
    partner: {
      rootKey: partner.root.publicKey,
      agentKey: partner.agent.publicKey,
      serial: 1,
      recipient: `age1${'q'.repeat(58)}`,
      name: partner.name,
    },
    papers: '{}',
    submission: 1,
    normaliser: 1,
    key: { number: 1, id: vaultKeyId(new Uint8Array(32)) },
    pieces: 1,
    sealed: pair.random(100),
    ...change,
  };
  return whole(signHead(head, seed));
}

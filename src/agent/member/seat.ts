/** What a member's home asks by: the words of its keys, the store of what it pinned and decided, and the vault keys it holds. */
import { openWith } from '../../../protocol/age.ts';
import { equal } from '../../../protocol/bytes.ts';
import { type Certificate, openCertificate } from '../../../protocol/certificate.ts';
import { expand, sha256 } from '../../../protocol/hash.ts';
import { label } from '../../../protocol/ids.ts';
import { memberCode } from '../../../protocol/member.ts';
import { readWrap, VAULT_KEY_BYTES, type VaultKey, vaultKeyId } from '../../../protocol/vault/key.ts';
import type { Home } from '../home.ts';
import { Problem } from '../problem.ts';
import { changeDocument } from '../store/documents.ts';
import { openStore, type Store } from '../store/store.ts';
import type { MemberSeat } from './home.ts';
import type { OwnKeys } from './keys.ts';

/** The four words that whoever admits this member is to hear. */
export function codeOf(seat: MemberSeat, { keys }: OwnKeys): string {
  return memberCode(keys, seat.profile);
}

/** The store of a member's home, sealed under keys that are derived from the member's own. */
export function openSeatStore(home: Home, { seed }: OwnKeys): Store {
  return openStore(home, {
    dataKey: expand(seed, label('member store')),
    lookupKey: expand(seed, label('member lookup')),
  });
}

/** What the service gives a member of the own organisation, checked. */
export interface OwnOrganisation {
  readonly certificate: Certificate;
  /** The vault keys that were wrapped for this member, the newest last. */
  readonly keys: readonly VaultKey[];
  /** Number of the newest wrap, whether it opens or not. */
  readonly newest: number;
}

/** Fetches certificate and vault keys. The organisation's id, which the invitation named, is its root key's fingerprint. */
export async function openOrganisation(
  seat: MemberSeat,
  own: OwnKeys,
  store: Store,
  nowMs: number,
): Promise<OwnOrganisation> {
  const shown = await seat.client.vault();
  const certificate = openCertificate(shown.certificate, nowMs);
  if (!certificate.ok && certificate.reason === 'expired')
    throw new Problem(
      'certificate_expired',
      'the agent key of your organisation has expired',
      'ask whoever keeps the keyring to run `commonground renew`',
    );
  if (!certificate.ok || certificate.value.organisation !== seat.profile.organisation)
    throw new Problem('service_alarm', 'the service shows a certificate that is not your organisation’s');
  pinSerial(store, certificate.value.serial);
  const opened: VaultKey[] = [];
  let newest = 0;
  for (const signed of shown.wraps) {
    const wrap = readWrap(signed, seat.profile.organisation);
    newest = Math.max(newest, wrap?.number ?? 0);
    const isMine = wrap?.member === seat.profile.member && equal(wrap.keysHash, sha256(own.keys));
    const key = wrap && isMine ? await openWith(own.ageIdentity, wrap.wrapped) : null;
    // Who wrapped it needs no check: the agent's head names the key, and only who has it can have wrapped it.
    if (wrap && key?.length === VAULT_KEY_BYTES && equal(vaultKeyId(key), wrap.keyId))
      opened.push({ number: wrap.number, key });
  }
  return { certificate: certificate.value, keys: opened, newest };
}

function pinSerial(store: Store, serial: number): void {
  changeDocument<number>(store, 'own serial', (seen) => {
    if (seen === null || serial >= seen) return serial;
    throw new Problem(
      'service_alarm',
      'the service shows an older certificate of your organisation than before',
    );
  });
}

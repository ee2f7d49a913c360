/** Values of the local store are sealed one by one under the keyring's data key and looked up by keyed hashes. */
import { createHmac, createSecretKey } from 'node:crypto';
import { concat, tuple, utf8 } from '../../../protocol/bytes.ts';
import { systemRandom } from '../../../protocol/hash.ts';
import { AEAD_NONCE_BYTES } from '../../../protocol/sizes.ts';
import { aeadOpen, aeadSeal } from '../../../protocol/sodium.ts';
import { Problem } from '../problem.ts';

export interface Vault {
  /** Seals bytes for one place; opened from another place they fail. */
  seal(place: string, plaintext: Uint8Array): Uint8Array;
  open(place: string, sealed: Uint8Array): Uint8Array;
  /** Seals any JSON value. */
  sealJson(place: string, value: unknown): Uint8Array;
  openJson<Value>(place: string, sealed: Uint8Array): Value;
  /** A keyed hash of texts, 16 bytes: finds a row without telling what it is about. */
  lookup(...texts: readonly string[]): Uint8Array;
}

export function openVault(keys: { readonly dataKey: Uint8Array; readonly lookupKey: Uint8Array }): Vault {
  const decoder = new TextDecoder();
  // Bytes would be made a key object anew for every hash, which takes four times as long as the hash.
  const lookupKey = createSecretKey(keys.lookupKey);
  const seal = (place: string, plaintext: Uint8Array) => {
    const nonce = systemRandom(AEAD_NONCE_BYTES);
    return concat(nonce, aeadSeal(keys.dataKey, nonce, plaintext, utf8(place)));
  };
  const open = (place: string, sealed: Uint8Array) => {
    // A damaged file may hold anything where SQLite's own check is not made.
    if (!(sealed instanceof Uint8Array)) throw damaged(place);
    const nonce = sealed.subarray(0, AEAD_NONCE_BYTES);
    const plaintext = aeadOpen(keys.dataKey, nonce, sealed.subarray(AEAD_NONCE_BYTES), utf8(place));
    if (plaintext) return plaintext;
    throw damaged(place);
  };
  return {
    seal,
    open,
    sealJson: (place, value) => seal(place, utf8(JSON.stringify(value))),
    openJson: <Value>(place: string, sealed: Uint8Array) =>
      JSON.parse(decoder.decode(open(place, sealed))) as Value,
    lookup: (...texts) =>
      new Uint8Array(
        createHmac('sha256', lookupKey)
          .update(tuple(...texts.map(utf8)))
          .digest()
          .subarray(0, 16),
      ),
  };
}

function damaged(place: string): Problem {
  return new Problem(
    'store_damaged',
    `a value of the local store (${place}) does not open`,
    'it was changed, or belongs to another keyring; restore the home from a backup',
  );
}

/** Encryption under a vault key, each use and place under a key of its own. */
import { concat } from '../bytes.ts';
import type { Context } from '../evaluation.ts';
import type { Random } from '../hash.ts';
import { AEAD_NONCE_BYTES } from '../sizes.ts';
import { aeadOpen, aeadSeal } from '../sodium.ts';
import { type VaultKey, vaultUseKey } from './key.ts';

/** What stands in the vault; `context` has the own side, `place` tells places of one use apart. */
type Use = 'vault rows' | 'vault names' | 'vault head';

/** A list has one key and context for all of its rows, and each derivation costs as much as sealing some of them. */
const DERIVED = new WeakMap<VaultKey, WeakMap<Context, Map<Use, Uint8Array>>>();

function useKey(key: VaultKey, use: Use, context: Context): Uint8Array {
  const ofKey = DERIVED.get(key) ?? new WeakMap<Context, Map<Use, Uint8Array>>();
  const ofContext = ofKey.get(context) ?? new Map<Use, Uint8Array>();
  const derived = ofContext.get(use) ?? vaultUseKey(key, use, context);
  DERIVED.set(key, ofKey.set(context, ofContext.set(use, derived)));
  return derived;
}

/** Nonce and ciphertext. */
export function sealInVault(
  key: VaultKey,
  use: Use,
  context: Context,
  place: Uint8Array,
  plaintext: Uint8Array,
  random: Random,
): Uint8Array {
  const nonce = random(AEAD_NONCE_BYTES);
  return concat(nonce, aeadSeal(useKey(key, use, context), nonce, plaintext, place));
}

/** The plaintext, or null where key, use, context, place or bytes do not fit. */
export function openInVault(
  key: VaultKey,
  use: Use,
  context: Context,
  place: Uint8Array,
  sealed: Uint8Array,
): Uint8Array | null {
  if (sealed.length < AEAD_NONCE_BYTES) return null;
  const nonce = sealed.subarray(0, AEAD_NONCE_BYTES);
  return aeadOpen(useKey(key, use, context), nonce, sealed.subarray(AEAD_NONCE_BYTES), place);
}

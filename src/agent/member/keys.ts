/** A member's own secret keys, opened on this machine alone. */
import { readFileSync } from 'node:fs';
import * as z from 'zod';
import { openWith } from '../../../protocol/age.ts';
import { fromBase64url } from '../../../protocol/bytes.ts';
import { type Home, readConfiguration } from '../home.ts';
import { identityOf } from '../keyring.ts';
import { Problem } from '../problem.ts';

/** member-keys.age, opened. */
export interface OwnKeys {
  /** Ed25519 seed; signs what this member approves. */
  readonly seed: Uint8Array;
  /** To which vault keys are wrapped. */
  readonly ageIdentity: string;
  /** The signed public halves. */
  readonly keys: Uint8Array;
}

const content = z.strictObject({
  version: z.literal(1),
  seed: z.string(),
  ageIdentity: z.string(),
  keys: z.string(),
});

/** Opens the keys with the configured key file, or with what `unlock` left for this session. */
export async function openOwnKeys(home: Home, nowMs: number): Promise<OwnKeys> {
  const identity = identityOf(home, readConfiguration(home), nowMs);
  const plain = await openWith(identity, readFileSync(home.memberKeysFile));
  const parsed = plain && content.safeParse(jsonOf(plain));
  const seed = parsed?.success ? fromBase64url(parsed.data.seed) : null;
  const keys = parsed?.success ? fromBase64url(parsed.data.keys) : null;
  if (parsed?.success && seed && keys) return { seed, keys, ageIdentity: parsed.data.ageIdentity };
  throw new Problem(
    'keyring_damaged',
    `${home.memberKeysFile} does not open`,
    'it belongs to another key or was changed; ask an admin of your organisation to invite you anew',
  );
}

function jsonOf(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return undefined;
  }
}

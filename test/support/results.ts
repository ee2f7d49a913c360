import { fromHex } from '../../protocol/bytes.ts';
import type { Result } from '../../protocol/result.ts';

/** The value of a result that must have one; throws with the reason otherwise. */
export function value<Value>(result: Result<Value>): Value {
  if (!result.ok) throw new Error(`refused: ${result.reason} ${result.detail ?? ''}`);
  return result.value;
}

/** What is null where it would be too large, of something that is not. */
export function whole(bytes: Uint8Array | null): Uint8Array {
  if (!bytes) throw new Error('too large');
  return bytes;
}

/** The reason of a refusal, or null where there was none. */
export function reasonOf(result: Result<unknown>): string | null {
  return result.ok ? null : result.reason;
}

/** The bytes of hexadecimal that a test states. */
export function hex(text: string): Uint8Array {
  const bytes = fromHex(text);
  if (!bytes) throw new Error('not hexadecimal');
  return bytes;
}

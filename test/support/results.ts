import { fromHex } from '../../protocol/bytes.ts';
import type { Result } from '../../protocol/result.ts';

/** The value of a result that must have one; throws with the reason otherwise. */
export function value<Value>(result: Result<Value>): Value {
  if (!result.ok) throw new Error(`refused: ${result.reason} ${result.detail ?? ''}`);
  return result.value;
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

/** What each side's unattended agent says of itself: its version and one code of a closed list. Only the newest is kept. */
import type { HealthCode } from '../../../protocol/health.ts';
import { type Side, sideNumber } from '../../../protocol/ids.ts';
import { ok, type Result } from '../../../protocol/result.ts';
import type { ProblemCode } from '../problems.ts';
import { first, type PartnershipStore } from '../storage/partnership.ts';
import type { OperationContext } from './context.ts';

export interface Health {
  readonly code: HealthCode;
  readonly version: string;
  /** Since when the agent has reported just this. */
  readonly sinceMs: number;
}

/** Keeps the caller's report. The same again writes nothing. */
export function putHealth(
  { store, caller, nowMs }: OperationContext,
  { code, version }: Pick<Health, 'code' | 'version'>,
): Result<null, ProblemCode> {
  const before = healthOf(store, caller);
  if (before?.code === code && before.version === version) return ok(null);
  store.run(
    'insert or replace into health (side, code, version, since_ms) values (?, ?, ?, ?)',
    sideNumber(caller),
    code,
    version,
    nowMs,
  );
  return ok(null);
}

/** What a side's agent reported last. */
export function healthOf(store: PartnershipStore, side: Side): Health | null {
  const sql = 'select code, version, since_ms as sinceMs from health where side = ?';
  return first<Health>(store, sql, sideNumber(side)) ?? null;
}

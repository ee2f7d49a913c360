/** Normaliser terms: each side's newest signed word on which versions of the normaliser it can use. */
import { equal } from '../../../protocol/bytes.ts';
import { type Side, sideNumber } from '../../../protocol/ids.ts';
import { ok, type Result, refuse } from '../../../protocol/result.ts';
import { openTerms } from '../../../protocol/terms.ts';
import type { ProblemCode } from '../problems.ts';
import { first, type PartnershipStore } from '../storage/partnership.ts';
import { EPOCH, type OperationContext } from './context.ts';

/** Stores the caller's terms in the place of its earlier ones; numbers only rise. */
export function putTerms(
  context: OperationContext,
  input: { readonly epoch: number; readonly terms: Uint8Array },
): Result<null, ProblemCode> {
  const { store, caller, parties, partnership } = context;
  if (input.epoch !== EPOCH) return refuse('wrong_number');
  const expected = { partnership, epoch: EPOCH, side: caller };
  const opened = openTerms(input.terms, expected, parties[caller].agentKey);
  if (!opened.ok) return opened;
  const { number } = opened.value;
  const before = first<{ number: number; signed: Uint8Array }>(
    store,
    'select number, signed from terms where side = ?',
    sideNumber(caller),
  );
  if (before && equal(before.signed, input.terms)) return ok(null);
  if (before && number <= before.number) return refuse('wrong_number');
  store.run(
    `insert into terms (side, number, signed) values (?, ?, ?)
     on conflict (side) do update set number = excluded.number, signed = excluded.signed`,
    sideNumber(caller),
    number,
    input.terms,
  );
  return ok(null);
}

export function termsOf(store: PartnershipStore, side: Side): Uint8Array | null {
  const sql = 'select signed from terms where side = ?';
  return first<{ signed: Uint8Array }>(store, sql, sideNumber(side))?.signed ?? null;
}

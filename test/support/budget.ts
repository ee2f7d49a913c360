/** Budgets of a scope. */
import { EVALUATED_KINDS, type EvaluatedKind } from '../../protocol/identifiers/kind.ts';

/** The same number of comparisons a year for every kind. */
export function budgetOf(count: number): Record<EvaluatedKind, number> {
  return Object.fromEntries(EVALUATED_KINDS.map((kind) => [kind, count])) as Record<EvaluatedKind, number>;
}

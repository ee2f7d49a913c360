/** Which fields of a pair open. Pure; whatever the scope grants, a pair that may be two companies opens none. */
import type { Kind } from '../../../protocol/identifiers/kind.ts';
import { type CellGrant, FIELDS, type Field } from '../../../protocol/scope.ts';
import type { Tier } from '../../../protocol/tier.ts';

export interface Pair {
  readonly tier: Tier;
  /** Kinds of which both accounts have an equal identifier. */
  readonly kinds: readonly Kind[];
  /** What is granted in the cells that the pair stands in. */
  readonly cells: readonly Pick<CellGrant, 'fields'>[];
}

export interface Sealed {
  /** The kinds that the scope in force calls strong. */
  readonly strongKinds: readonly Kind[];
  /** Whether the partner's rows were sealed under the scope in force, and not under one before. */
  readonly isCurrent: boolean;
}

/** The granted fields of a confirmed pair that matches by a strong kind; otherwise none. */
export function openedFields(pair: Pair, sealed: Sealed): Field[] {
  if (pair.tier !== 'confirmed' || !sealed.isCurrent) return [];
  if (!pair.kinds.some((kind) => sealed.strongKinds.includes(kind))) return [];
  return FIELDS.filter((field) => pair.cells.some((cell) => cell.fields.includes(field)));
}

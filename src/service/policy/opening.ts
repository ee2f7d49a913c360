/** Which fields of a pair open. Pure; whatever the scope grants, a pair that may be two companies opens none. */
import type { Kind } from '../../../protocol/identifiers/kind.ts';
import { type CellGrant, FIELDS, type Field } from '../../../protocol/scope.ts';
import type { Tier } from '../../../protocol/tier.ts';

export interface Pair {
  readonly tier: Tier;
  /** Kinds of which both accounts have an equal identifier. */
  readonly kinds: readonly Kind[];
  /** Those that are granted in any of its cells. */
  readonly granted: readonly Field[];
}

export interface Sealed {
  /** The kinds that the scope in force calls strong. */
  readonly strongKinds: readonly Kind[];
  /** Whether the partner's rows were sealed under the scope in force, and not under one before. */
  readonly isCurrent: boolean;
}

/** The fields that are granted in any of the cells which a pair stands in. */
export function grantedFields(cells: readonly Pick<CellGrant, 'fields'>[]): Field[] {
  return FIELDS.filter((field) => cells.some((cell) => cell.fields.includes(field)));
}

/** The granted fields of a confirmed pair that matches by a strong kind; otherwise none. */
export function openedFields(pair: Pair, sealed: Sealed): readonly Field[] {
  if (pair.tier !== 'confirmed' || !sealed.isCurrent) return [];
  if (!pair.kinds.some((kind) => sealed.strongKinds.includes(kind))) return [];
  return pair.granted;
}

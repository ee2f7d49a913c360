/** The versions of the normaliser that this program has, and which of them a partnership uses. */

import {
  type AccountFacts,
  type Identity,
  identify,
  NORMALISER_VERSION,
} from '../../protocol/identifiers/index.ts';
import type { EvaluatedKind } from '../../protocol/identifiers/kind.ts';
import { agreedVersion, type NormaliserTerm, normaliserDataHash } from '../../protocol/terms.ts';

export interface Normaliser extends NormaliserTerm {
  readonly identify: (facts: AccountFacts) => Identity;
}

/** What this program can use, in ascending order of the versions. */
export const NORMALISERS: readonly Normaliser[] = [
  { version: NORMALISER_VERSION, data: normaliserDataHash(), identify },
];

/** The newest of `known` that both sides' terms have; null where they have none in common. */
export function agreedNormaliser(
  known: readonly Normaliser[],
  mine: readonly NormaliserTerm[],
  theirs: readonly NormaliserTerm[],
): Normaliser | null {
  const own = known.filter(({ version }) => mine.some((term) => term.version === version));
  const version = agreedVersion(own, theirs);
  return own.find((normaliser) => normaliser.version === version) ?? null;
}

/** The normaliser without identifiers of other kinds, which one of the sides has no key for. */
export function ofKinds(normaliser: Normaliser, kinds: readonly EvaluatedKind[]): Normaliser {
  return {
    ...normaliser,
    identify(facts) {
      const all = normaliser.identify(facts);
      return {
        ...all,
        identifiers: all.identifiers.filter(({ kind }) => kinds.includes(kind)),
        derived: kinds.includes('name') ? all.derived : [],
      };
    },
  };
}

/** What a scenario of the vectors starts from; byte strings are hexadecimal. */
import type { DerivedIdentifier, EvaluatedKind, Identifier } from '../../protocol/identifiers/kind.ts';
import type { Side } from '../../protocol/ids.ts';
import type { Field, Scope } from '../../protocol/scope.ts';

export interface AccountInput {
  readonly handle: string;
  /** Indexes in the scope's populations. */
  readonly populations: readonly number[];
  /** `wrapNonce` stands beside the strong kinds where fields are sealed. */
  readonly identifiers: readonly (Identifier & { readonly wrapNonce?: string })[];
  /** What refines its names; never asked. */
  readonly derived?: readonly DerivedIdentifier[];
  readonly rowKey: string;
  readonly fields: Readonly<Partial<Record<Field, string>>>;
  /** The name that is sealed for the populations of `namedIn`. */
  readonly name?: string;
  readonly namedIn?: readonly number[];
}

/** What the two grant each other; a scenario has one version of each side, of a company of one. */
export type ScopeTerms = Omit<Scope, 'version' | 'partnership' | 'grantor' | 'grantee'>;

export interface SideInput {
  readonly name: string;
  readonly rootSeed: string;
  readonly agentSeed: string;
  readonly voprfSeed: string;
  readonly invitationNonce: string;
  readonly recipient: string;
  /** The age identity of `recipient`, which opens the partner's `sealedNamesKey`. */
  readonly recipientIdentity: string;
  readonly scope: ScopeTerms;
  /** What is asked, chunk by chunk; `proofNonce` is the evaluator's. */
  readonly chunks: readonly {
    readonly kind: EvaluatedKind;
    readonly values: readonly string[];
    readonly blinds: readonly string[];
    readonly proofNonce: string;
  }[];
  readonly accounts: readonly AccountInput[];
  readonly submission: number;
  readonly namesKey: string;
  readonly sealedNamesKey: string;
}

export interface ScenarioInput {
  readonly partnership: string;
  readonly epoch: number;
  readonly serial: number;
  readonly validFrom: number;
  readonly validUntil: number;
  readonly founder: SideInput;
  readonly joiner: SideInput;
}

/** The same for each side. */
export function bySide<Value>(make: (side: Side) => Value): Record<Side, Value> {
  return { founder: make('founder'), joiner: make('joiner') };
}

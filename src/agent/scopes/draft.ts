/** What a scope says, before it is numbered and signed. */
import { EVALUATED_KINDS, type EvaluatedKind, STRONG_KINDS } from '../../../protocol/identifiers/kind.ts';
import { MAX_POPULATIONS, type Scope, type ScopeRule } from '../../../protocol/scope.ts';
import { timestamp } from '../agent.ts';
import { Problem } from '../problem.ts';
import { DEFAULT_NAMES_PER_MONTH, type PresetTerms, presetTerms } from './presets.ts';
import { grantsNames } from './sentences.ts';
import type { Terms } from './terms.ts';

/** Below this a count is not shown, and every count is rounded down to a multiple of it. */
const DEFAULT_MINIMUM_COUNT = 5;
/** Comparisons a year that a partner of a small list may ask for. */
const LEAST_BUDGET = 10_000;

/** What is granted; what is left out is as in the version before, or usual. */
export interface GrantOptions extends Partial<Omit<Terms, 'rules' | 'populations' | 'evaluationBudget'>> {
  readonly rules: ScopeRule[];
  readonly populations: readonly string[];
  /** Elements a year that this side evaluates for the partner. */
  readonly budget?: Readonly<Partial<Record<EvaluatedKind, number>>>;
}

/** What a scope says where neither a person nor the version before says otherwise. */
export interface Usual {
  readonly last: Scope | null;
  /** Of the own list. */
  readonly accounts: number;
  readonly nowMs: number;
}

/** The whole terms of a grant. */
export function termsOf(options: GrantOptions, { last, accounts, nowMs }: Usual): Terms {
  const usual: PresetTerms = last ?? presetTerms('overlap');
  const elements = Math.max(LEAST_BUDGET, 3 * accounts);
  return {
    validFrom: options.validFrom ?? timestamp(nowMs),
    validUntil: options.validUntil ?? null,
    purpose: options.purpose ?? usual.purpose,
    agreement: options.agreement ?? last?.agreement ?? null,
    populations: [...options.populations],
    rules: [...options.rules],
    competitors: options.competitors ?? usual.competitors,
    reciprocity: options.reciprocity ?? last?.reciprocity ?? false,
    minimumCount: options.minimumCount ?? last?.minimumCount ?? DEFAULT_MINIMUM_COUNT,
    snapshotsPerMonth: options.snapshotsPerMonth ?? usual.snapshotsPerMonth,
    namesPerMonth: options.namesPerMonth ?? usualNames(options.rules, last),
    strongKinds: [...(options.strongKinds ?? last?.strongKinds ?? STRONG_KINDS)],
    retentionDays: options.retentionDays ?? usual.retentionDays,
    export: options.export ?? usual.export,
    evaluationBudget: Object.fromEntries(
      EVALUATED_KINDS.map((kind) => {
        const plenty = kind === 'name' ? 2 * elements : elements;
        return [kind, options.budget?.[kind] ?? last?.evaluationBudget[kind] ?? plenty];
      }),
    ) as Scope['evaluationBudget'],
  };
}

/** As before where names were granted before; none where none are. */
function usualNames(rules: readonly ScopeRule[], last: Scope | null): number {
  if (!grantsNames(rules)) return 0;
  return last && grantsNames(last.rules) ? last.namesPerMonth : DEFAULT_NAMES_PER_MONTH;
}

/** Throws where a population is not there, or there are too many. */
export function checkPopulations(populations: readonly string[], known: readonly string[]): void {
  const unknown = populations.find((population) => !known.includes(population));
  if (unknown !== undefined) {
    throw new Problem(
      'unknown_population',
      `there is no population ${unknown}`,
      `populations here: ${known.join(', ') || 'none'}; add one with \`commonground population add\``,
    );
  }
  if (populations.length > MAX_POPULATIONS) {
    throw new Problem(
      'bad_argument',
      `a scope names at most ${MAX_POPULATIONS} populations`,
      'choose with --population',
    );
  }
}

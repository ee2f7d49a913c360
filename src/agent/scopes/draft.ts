/** What a scope says, before it is numbered and signed. */
import { EVALUATED_KINDS, type EvaluatedKind, STRONG_KINDS } from '../../../protocol/identifiers/kind.ts';
import { ANY_POPULATION, MAX_POPULATIONS, type Scope, type ScopeRule } from '../../../protocol/scope.ts';
import { isTimestamp } from '../../../protocol/time.ts';
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

/** Throws where terms contradict themselves, in the words of whoever wrote them. */
export function checkTerms(terms: Terms, nowMs: number): void {
  const { populations, rules, validFrom, validUntil } = terms;
  const bad = (message: string, hint: string) => new Problem('bad_argument', message, hint);
  for (const [index, { population }] of rules.entries())
    if (!populations.includes(population))
      throw bad(
        `rule ${index + 1} speaks of your list ${population}, which is not among the populations of the scope`,
        `they are: ${populations.join(', ') || 'none'}; add it under "populations", or correct the rule`,
      );
  for (const [name, time] of Object.entries({ validFrom, validUntil }))
    if (time !== null && !isTimestamp(time))
      throw bad(`${name} is “${time}”, which is no time`, 'write it in UTC, such as 2026-12-31T00:00:00Z');
  if (validUntil === null) return;
  const later = 'choose a later end, or null for until it is revoked';
  if (Date.parse(validUntil) <= nowMs)
    throw bad(`the scope would have ended already, on ${validUntil}`, later);
  if (Date.parse(validUntil) <= Date.parse(validFrom))
    throw bad(`the scope would end on ${validUntil}, before it begins on ${validFrom}`, later);
}

/** Lists that this home has heard of. */
interface KnownLists {
  /** The own ones; where the list itself is not here, those of earlier scopes. Null where they were checked. */
  readonly mine: readonly string[] | null;
  /** Those that the partner's scopes named. */
  readonly theirs: readonly string[];
}

/** The lists that versions of a scope name. */
export function listsNamed(versions: readonly { readonly papers: { readonly scope: Scope } }[]): string[] {
  return [...new Set(versions.flatMap(({ papers }) => papers.scope.populations))];
}

/** What may be a slip of the pen: a list that nobody here knows grants nothing, and nobody would notice. */
export function listWarnings({ populations, rules }: Terms, known: KnownLists, partner: string): string[] {
  const { mine, theirs } = known;
  const own = mine ? populations.filter((name) => !mine.includes(name)) : [];
  const others = [...new Set(rules.map((rule) => rule.partnerPopulation))].filter(
    (name) => name !== ANY_POPULATION && !theirs.includes(name),
  );
  const named = theirs.length > 0 ? `it named ${theirs.join(', ')}` : 'it has named none of its lists yet';
  return [
    ...own.map(
      (name) =>
        `no scope of yours for ${partner} spoke of a list ${name} before, and this machine does not see your lists: \`commonground population list\` where the keyring is shows whether there is one`,
    ),
    ...others.map(
      (name) => `${partner} never named a list ${name} (${named}); where it has none, nothing shows`,
    ),
  ];
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

/** Which of the own accounts are in which populations, and what those in none have in common: these are not compared. */
import type { Rule } from './population.ts';
import { describeRule } from './rule.ts';
import { eachCompany } from './store/companies.ts';
import { listPopulations, populationsOf } from './store/lists.ts';
import type { Store } from './store/store.ts';

/** Records of one company are one account, and in a population with any of them, as partners are shown it. */
export interface Placement {
  readonly accounts: number;
  /** Accounts by population, in the order of `listPopulations`. */
  readonly byPopulation: readonly number[];
  /** Accounts that are in no population. */
  readonly unplaced: number;
  /** What tells them apart, the largest group first. */
  readonly groups: readonly UnplacedGroup[];
}

export interface UnplacedGroup {
  readonly accounts: number;
  /** Such as `type is empty`: a rule that holds for the group, and for nothing that has another value. */
  readonly rule: string;
}

/** Columns in which CRMs say what an account is to the company. */
const SORTS = ['type', 'lifecycle_stage'] as const;
/** Columns with more values than this are no sort; the rest of them is not told. */
const MAX_VALUES = 1000;

/** Reads the whole list. */
export function placement(store: Store): Placement {
  const populations = listPopulations(store);
  const byPopulation = populations.map(() => 0);
  const filled = { type: 0, lifecycle_stage: 0 };
  const values = { type: new Map<string, number>(), lifecycle_stage: new Map<string, number>() };
  let accounts = 0;
  let unplaced = 0;
  for (const records of eachCompany(store)) {
    accounts++;
    const names = new Set(records.flatMap((account) => populationsOf(account, populations)));
    populations.forEach(({ name }, i) => {
      if (names.has(name)) byPopulation[i] = (byPopulation[i] ?? 0) + 1;
    });
    if (names.size === 0) unplaced++;
    for (const field of SORTS) {
      const value = records.find(({ record }) => record.fields[field])?.record.fields[field] ?? '';
      if (value !== '') filled[field]++;
      if (names.size > 0) continue;
      const known = values[field];
      if (known.has(value) || known.size < MAX_VALUES) known.set(value, (known.get(value) ?? 0) + 1);
    }
  }
  const field = filled.lifecycle_stage > filled.type ? 'lifecycle_stage' : 'type';
  const groups = [...values[field]]
    .sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1))
    .map(([value, count]) => ({ accounts: count, rule: describeRule(ruleFor(field, value)) }));
  return { accounts, byPopulation, unplaced, groups };
}

function ruleFor(field: string, value: string): Rule {
  return value === '' ? { kind: 'empty', field } : { kind: 'in', field, values: [value] };
}

/**
 * "As their sales user, what would I see?": a scope tried on the own list of the side that would grant it, before anybody
 * signs. Nothing leaves the machine. What the partner's list holds is not known here, so it shows what would be seen of
 * the accounts that the partner turns out to have too, and of those that it lacks.
 */
import type { ViewerRole } from '../../../protocol/member.ts';
import {
  ANY_POPULATION,
  type CellGrant,
  cellGrant,
  FIELDS,
  type Field,
  type Scope,
} from '../../../protocol/scope.ts';
import type { Normaliser } from '../normalisers.ts';
import type { Store } from '../store/store.ts';
import { sharedPages } from '../sync/share.ts';
import type { Terms } from './terms.ts';

const EXAMPLES = 3;

/** One population as the role would see it where it meets one of the partner's. */
export interface SimulatedCell {
  readonly population: string;
  readonly partnerPopulation: string;
  readonly level: CellGrant['level'];
  readonly whiteSpace: CellGrant['whiteSpace'];
  readonly review: boolean;
  readonly fields: readonly Field[];
  /** Own accounts in it that could be met. */
  readonly accounts: number;
  /** Of them, how many have each field. */
  readonly filled: Readonly<Partial<Record<Field, number>>>;
  /** As rows of the partner's answer would look, those with most fields first; none where only numbers show. */
  readonly examples: readonly Readonly<Partial<Record<Field, string>>>[];
  /** Names that would show where the partner lacks the account. */
  readonly names: readonly string[];
  /** The number that would show at most, where only numbers do. */
  readonly shownCount: number | null;
}

/** Every cell of a scope as a role of the partner's would see it. Reads the whole list. */
export function simulate(
  store: Store,
  normaliser: Normaliser,
  terms: Terms,
  role: ViewerRole,
): SimulatedCell[] {
  // Which accounts leave, and which fields of them, is decided by the same code as in a sync.
  const scope = terms as Scope;
  const cells = cellsOf(scope, role);
  const seen = cells.map(() => ({
    accounts: 0,
    filled: {} as Partial<Record<Field, number>>,
    examples: [] as Partial<Record<Field, string>>[],
    names: [] as string[],
  }));
  for (const page of sharedPages(store, scope, normaliser)) {
    for (const account of page) {
      cells.forEach(({ population, grant }, index) => {
        const cell = seen[index];
        if (!cell || !account.populations.includes(scope.populations.indexOf(population))) return;
        cell.accounts++;
        // Details open only by kinds that the scope takes for proof.
        const opens = account.identifiers.some(({ kind }) =>
          scope.strongKinds.some((strong) => strong === kind),
        );
        const row: Partial<Record<Field, string>> = {};
        for (const field of opens ? grant.fields : []) {
          const value = account.fields[field];
          if (!value) continue;
          cell.filled[field] = (cell.filled[field] ?? 0) + 1;
          row[field] = value;
        }
        if (grant.level === 'fields') cell.examples = fullest([...cell.examples, row]);
        const names = account.name.populations.includes(scope.populations.indexOf(population));
        if (
          grant.whiteSpace === 'names' &&
          names &&
          cell.names.length < Math.min(EXAMPLES, scope.namesPerMonth)
        )
          cell.names.push(account.name.text);
      });
    }
  }
  return cells.map(({ population, partnerPopulation, grant }, index) => {
    const cell = seen[index] ?? { accounts: 0, filled: {}, examples: [], names: [] };
    return {
      population,
      partnerPopulation,
      level: grant.level,
      whiteSpace: grant.whiteSpace,
      review: grant.review,
      fields: FIELDS.filter((field) => grant.fields.includes(field)),
      ...cell,
      shownCount:
        grant.level === 'counts' ? Math.floor(cell.accounts / scope.minimumCount) * scope.minimumCount : null,
    };
  });
}

/** The rows that show most: an empty one tells nobody anything. */
function fullest(rows: readonly Partial<Record<Field, string>>[]): Partial<Record<Field, string>>[] {
  return rows
    .filter((row) => Object.keys(row).length > 0)
    .sort((a, b) => Object.keys(b).length - Object.keys(a).length)
    .slice(0, EXAMPLES);
}

function cellsOf(scope: Scope, role: ViewerRole) {
  const partners = [...new Set([ANY_POPULATION, ...scope.rules.map((rule) => rule.partnerPopulation)])];
  return scope.populations.flatMap((population) =>
    partners
      .filter((partner) =>
        scope.rules.some((rule) => rule.population === population && rule.partnerPopulation === partner),
      )
      .map((partnerPopulation) => ({
        population,
        partnerPopulation,
        grant: cellGrant(scope, population, partnerPopulation, role),
      })),
  );
}

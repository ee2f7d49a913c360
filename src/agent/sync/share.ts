/** The own accounts as a scope lets them leave: one for each company, in its populations, with its identifiers and fields. */
import type { DerivedIdentifier, Identifier } from '../../../protocol/identifiers/index.ts';
import { type Field, populationGrant, type Scope } from '../../../protocol/scope.ts';
import type { Normaliser } from '../normalisers.ts';
import { Problem } from '../problem.ts';
import { ownList } from '../quality/own.ts';
import { shareableFields } from '../shareable.ts';
import { eachCompany } from '../store/companies.ts';
import { type Account, listPopulations, populationsOf } from '../store/lists.ts';
import type { Store } from '../store/store.ts';

/** Accounts read at once: some hundredths of a second of work between two breaths of the event loop. */
const PAGE_ACCOUNTS = 500;

/** One account as it may leave under the scope: a company, with all of its records that are granted. */
export interface SharedAccount {
  /** The first of its records, by record id, of which anything is granted. */
  readonly account: Account;
  /** Indexes in the scope's populations, ascending. */
  readonly populations: readonly number[];
  readonly identifiers: readonly Identifier[];
  /** What refines its names; made from their keys, so never asked for. */
  readonly derived: readonly DerivedIdentifier[];
  /** Every field granted for one of its populations, empty where the account has none. */
  readonly fields: Readonly<Partial<Record<Field, string>>>;
  readonly name: { readonly text: string; readonly populations: readonly number[] };
}

/**
 * The accounts of which anything is granted; the others do not leave in any form. Each page is what is shared of the
 * next 500 companies, and may be empty.
 */
export function* sharedPages(store: Store, scope: Scope, normaliser: Normaliser): Generator<SharedAccount[]> {
  const known = listPopulations(store);
  const populations = scope.populations.map((name) => {
    const population = known.find((candidate) => candidate.name === name);
    if (population) return population;
    throw new Problem(
      'unknown_population',
      `the scope names the population ${name}, which is not there any more`,
      'add it again, or grant a new scope',
    );
  });
  const grants = scope.populations.map((name) => populationGrant(scope, name));
  let page: SharedAccount[] = [];
  let read = 0;
  const own = ownList(store, normaliser.identify);
  for (const records of eachCompany(store)) {
    const shared = shareOf(records);
    if (shared) page.push(shared);
    if (++read % PAGE_ACCOUNTS > 0) continue;
    yield page;
    page = [];
  }
  yield page;

  /** The records of one company as one account: only what the grants of their own populations let out of each. */
  function shareOf(records: readonly Account[]): SharedAccount | null {
    const members = records.flatMap((account) => {
      const indexes = grantedTo(account);
      return indexes.length === 0 ? [] : [{ account, indexes }];
    });
    const [first] = members;
    if (!first || own.isExcluded(records)) return null;
    const { identifiers, derived } = own.identity(members.map(({ account }) => account));
    if (identifiers.length === 0) return null;
    const indexes = scope.populations.flatMap((_, index) =>
      members.some((member) => member.indexes.includes(index)) ? [index] : [],
    );
    const fields: Partial<Record<Field, string>> = {};
    for (const field of new Set(indexes.flatMap((index) => [...(grants[index]?.fields ?? [])]))) {
      const granting = members.filter((member) =>
        member.indexes.some((index) => grants[index]?.fields.includes(field)),
      );
      fields[field] = fieldOf(
        field,
        granting.map(({ account }) => account),
      );
    }
    // Where none may be shown, none leaves.
    const named = indexes.filter((index) => scope.namesPerMonth > 0 && grants[index]?.whiteSpace === 'names');
    const naming = members.find((member) => member.indexes.some((index) => named.includes(index))) ?? first;
    return {
      account: first.account,
      populations: indexes,
      identifiers,
      derived,
      fields,
      name: { text: nameOf(naming.account), populations: named },
    };
  }

  function grantedTo(account: Account): number[] {
    const names = populationsOf(account, populations);
    return scope.populations.flatMap((name, index) => {
      const grant = grants[index];
      const granted = grant && (grant.level !== 'none' || grant.whiteSpace !== 'none');
      return granted && names.includes(name) ? [index] : [];
    });
  }
}

/** Fields that are all of one opportunity. */
const OF_OPPORTUNITY: readonly Field[] = ['stage', 'amount', 'amount_band', 'close_date'];

function nameOf({ record }: Account): string {
  return record.names[0] ?? record.domains[0] ?? '';
}

/** The field of the first record; what belongs to an opportunity, of the first that has an open one. */
function fieldOf(field: Field, records: readonly Account[]): string {
  const [first] = records;
  if (field === 'account_name') return first ? nameOf(first) : '';
  const values = records.map(({ record, opportunities }) => shareableFields(record, opportunities));
  const ofOpportunity = OF_OPPORTUNITY.includes(field);
  const chosen = ofOpportunity ? values.find(({ stage }) => stage !== undefined) : values[0];
  return chosen?.[field] ?? '';
}

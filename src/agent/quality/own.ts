/** What a company of the own list is compared by, with the tuning in force. */
import type { AccountFacts, Identity } from '../../../protocol/identifiers/account.ts';
import { identify } from '../../../protocol/identifiers/index.ts';
import { findParent } from '../store/companies.ts';
import type { Account } from '../store/records.ts';
import type { Store } from '../store/store.ts';
import { getTuning } from '../store/tuning.ts';
import { identityOf, mergeFacts } from './identity.ts';
import { tuner } from './tuning.ts';

/** How far up a chain of parents is followed; a cycle ends there too. */
const MAX_PARENTS = 10;

/** Knows the identities of the own list. */
export interface OwnList {
  /** False where nothing is excluded. */
  readonly excludes: boolean;
  /** The facts of the records together, as they stand and as the tuning extends them. */
  facts(records: readonly Account[]): AccountFacts;
  /** What the records are compared by together. */
  identity(records: readonly Account[]): Identity;
  /** True where the company must not leave, because of any of its records. */
  isExcluded(records: readonly Account[]): boolean;
}

/** Reads the tuning once. */
export function ownList(store: Store, normalise: (facts: AccountFacts) => Identity = identify): OwnList {
  const tuned = tuner(getTuning(store));
  const facts = (records: readonly Account[]): AccountFacts => {
    const own = tuned.extend(mergeFacts(records.map(({ record }) => identityOf(record))));
    const parents = tuned.level === 'group' ? records.flatMap((account) => topParent(store, account)) : [];
    const known = parents.filter((parent) => !tuned.isExcluded(parent, []));
    if (known.length === 0) return own;
    // Ids are not taken over: a register's number names one legal entity, and this is another.
    const names = known.flatMap((parent) => [...parent.names, ...(parent.formerNames ?? [])]);
    return {
      ...own,
      formerNames: [...new Set([...(own.formerNames ?? []), ...names])],
      domains: [...new Set([...own.domains, ...known.flatMap((parent) => parent.domains)])],
    };
  };
  return {
    excludes: tuned.excludes,
    facts,
    identity: (records) => normalise(facts(records)),
    isExcluded: (records) =>
      tuned.excludes &&
      tuned.isExcluded(
        facts(records),
        records.map(({ record }) => record.id),
      ),
  };
}

/** The facts of the topmost parent that is known; of one that is not in the list, its name. */
function topParent(store: Store, account: Account): AccountFacts[] {
  let top: AccountFacts | null = null;
  let current: Account | null = account;
  const seen = new Set<string>();
  for (let depth = 0; current !== null && depth < MAX_PARENTS; depth++) {
    const { source, record }: Account = current;
    seen.add(`${source} ${record.id}`);
    const given: readonly string[] = record.parents ?? [];
    const found: Account | undefined =
      given
        .map((text) => findParent(store, source, text))
        .find((parent) => parent !== null && !seen.has(`${parent.source} ${parent.record.id}`)) ?? undefined;
    if (found) top = identityOf(found.record);
    else if (given.length > 0 && current === account) {
      const name = given.find((text) => !looksLikeId(text));
      if (name !== undefined) top = { names: [name], domains: [] };
    }
    current = found ?? null;
  }
  return top === null ? [] : [top];
}

/** An id of a record that is not in the list is no name. */
function looksLikeId(text: string): boolean {
  return /^[\w{}-]*\d[\w{}-]*$/.test(text) && text.length >= 6;
}

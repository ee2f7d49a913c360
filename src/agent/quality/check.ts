/** Looks through the own list before anything of it is shared. Memory does not grow with the list: what is counted is on disk. */
import { identify } from '../../../protocol/identifiers/index.ts';
import { KINDS, type Kind } from '../../../protocol/identifiers/kind.ts';
import { CROWDED, type Tier, type TierRule } from '../../../protocol/tier.ts';
import { companyRecords, countCompanies, eachCompany, refreshGroups } from '../store/companies.ts';
import { countAccounts } from '../store/lists.ts';
import type { Store } from '../store/store.ts';
import { bestOf, domainsOf, FINDINGS, factsOf, fits, kindsOf, type Sort } from './findings.ts';
import { ownList } from './own.ts';
import { nameValues } from './tuning.ts';

/** Groups of accounts that deserve a look, by what they have in common; the largest first. */
export interface Suspicion {
  /** The domain that they have in common, or the name as the first of them spells it. */
  readonly value: string;
  readonly accounts: number;
  /** Record ids of the first ten of them. */
  readonly records: readonly string[];
}

/** What a check found. Lists of examples are cut, numbers are not. */
export interface CheckReport {
  /** Rows as imported, and accounts as partners may be shown them: records of one company are one. */
  readonly records: number;
  readonly accounts: number;
  /** Accounts that the own exclude file keeps back; they are in none of the numbers below. */
  readonly excluded: number;
  /** Accounts that have an identifier of the kind. */
  readonly have: Readonly<Record<Kind, number>>;
  /** What a partner with the same account could make of it at best. */
  readonly best: Readonly<Record<Tier | 'none', number>>;
  readonly bestBy: Readonly<Partial<Record<TierRule, number>>>;
  /** Domains of more than `CROWDED` accounts. */
  readonly crowded: readonly Suspicion[];
  /** Domains of several accounts that have no word of the name of some of them; these are listed. */
  readonly foreign: readonly Suspicion[];
  /** Accounts that may be one company, and are not merged: an equal name, or a domain of two or three that fits all. */
  readonly likelyDuplicates: {
    readonly byName: readonly Suspicion[];
    readonly byDomain: readonly Suspicion[];
  };
  /** What to mend, that first by which most accounts gain a better match. */
  readonly fixes: readonly {
    readonly code: string;
    readonly accounts: number;
    /** Accounts of these that cannot be confirmed as they are. */
    readonly gain: number;
    readonly say: string;
    readonly records: readonly string[];
  }[];
}

const LISTED = 20;
const EXAMPLES = 10;
/** Of either file in memory: every page is wanted once, so more would only be held. */
const CACHE_KB = 4000;
/** So many accounts of one domain may be one company that was entered several times; more are a group's. */
const FEW = 3;

/** Checks the whole list. `progress` is told how many companies were looked at. */
export function checkList(store: Store, progress: (done: number, total: number) => void): CheckReport {
  const { database } = store;
  refreshGroups(store);
  const cache = database.get<{ cache_size: number }>('pragma main.cache_size')?.cache_size ?? -2000;
  database.exec(
    `pragma main.cache_size = -${CACHE_KB};
     pragma temp.cache_size = -${CACHE_KB};
     create temp table check_accounts (account integer primary key, record blob not null, facts integer not null) strict;
     create temp table check_values (
       kind text not null, key blob not null, account integer not null, fits integer not null,
       primary key (kind, key, account)
     ) strict, without rowid;`,
  );
  try {
    const total = countCompanies(store);
    const excluded = collect(store, total, progress);
    // Accounts that have a domain of few accounts, and those with a name of their own.
    database.exec(
      `create temp table check_own as
         select account, max(kind = 'domain') as domain, max(kind = 'name') as name from check_values
         where (kind, key) in (
           select kind, key from check_values group by kind, key having count(*) <= iif(kind = 'name', 1, ${CROWDED})
         ) group by account;
       create unique index temp.check_own_accounts on check_own (account);`,
    );
    return {
      records: countAccounts(store),
      accounts: total,
      excluded,
      ...summary(store),
      ...suspicions(store),
    };
  } finally {
    database.exec(`pragma main.cache_size = ${cache}`);
    for (const name of ['check_accounts', 'check_values', 'check_own'])
      database.exec(`drop table if exists temp.${name}`);
  }
}

/** How many accounts go into one transaction of the temporary file. */
const BATCH = 1000;

/** Puts down what every company has; gives the number of those that are excluded. */
function collect(store: Store, total: number, progress: (done: number, total: number) => void): number {
  const { database, vault } = store;
  const own = ownList(store);
  let excluded = 0;
  let done = 0;
  const note = (account: number, kind: string, value: string, fit: boolean) =>
    database.run(
      'insert or ignore into check_values (kind, key, account, fits) values (?, ?, ?, ?)',
      kind,
      vault.lookup('check', kind, value),
      account,
      fit ? 1 : 0,
    );
  const companies = eachCompany(store);
  for (let more = true; more; ) {
    more = database.transaction(() => {
      for (let i = 0; i < BATCH; i++) {
        const next = companies.next();
        if (next.done) return false;
        progress(++done, total);
        const [first] = next.value;
        if (!first) continue;
        if (own.isExcluded(next.value)) {
          excluded++;
          continue;
        }
        const facts = own.facts(next.value);
        const identity = identify(facts);
        database.run('insert into check_accounts values (?, ?, ?)', done, first.key, factsOf(identity));
        for (const domain of domainsOf(identity)) note(done, 'domain', domain, fits(domain, facts));
        for (const name of facts.names.flatMap(nameValues)) note(done, 'name', name, true);
      }
      return true;
    });
  }
  return excluded;
}

function summary(store: Store): Pick<CheckReport, 'have' | 'best' | 'bestBy' | 'fixes'> {
  const from = 'from check_accounts a left join check_own o on o.account = a.account';
  const columns = 'facts, coalesce(o.domain, 0) as domain, coalesce(o.name, 0) as name';
  const sorts = store.database
    .all<{ facts: number; domain: number; name: number; n: number }>(
      `select ${columns}, count(*) as n ${from} group by 1, 2, 3`,
    )
    .map(({ facts, domain, name, n }) => ({ facts, ownDomain: domain === 1, ownName: name === 1, n }));
  const have = Object.fromEntries(KINDS.map((kind) => [kind, 0])) as Record<Kind, number>;
  const best = { confirmed: 0, review: 0, none: 0 };
  const bestBy: Partial<Record<TierRule, number>> = {};
  for (const sort of sorts) {
    for (const kind of kindsOf(sort.facts)) have[kind] += sort.n;
    const found = bestOf(sort);
    best[found?.tier ?? 'none'] += sort.n;
    if (found) bestBy[found.by] = (bestBy[found.by] ?? 0) + sort.n;
  }
  const examples = (of: readonly Sort[]) =>
    of
      .flatMap(({ facts, ownDomain, ownName }) =>
        store.database.all<{ account: number; record: Uint8Array }>(
          `select a.account, record ${from} where facts = ? and coalesce(o.domain, 0) = ? and coalesce(o.name, 0) = ?
           order by a.account limit ?`,
          facts,
          ownDomain ? 1 : 0,
          ownName ? 1 : 0,
          EXAMPLES,
        ),
      )
      .sort((a, b) => a.account - b.account)
      .slice(0, EXAMPLES)
      .map(({ record }) => recordId(store, record));
  const sum = (of: readonly { readonly n: number }[]) => of.reduce((total, { n }) => total + n, 0);
  const fixes = FINDINGS.map(({ code, holds, say }) => {
    const of = sorts.filter(holds);
    const gaining = of.filter((sort) => bestOf(sort)?.tier !== 'confirmed');
    const rest = of.filter((sort) => !gaining.includes(sort));
    const records = [...examples(gaining), ...examples(rest)].slice(0, EXAMPLES);
    return { code, accounts: sum(of), gain: sum(gaining), say, records };
  })
    .filter(({ accounts }) => accounts > 0)
    .sort((a, b) => b.gain - a.gain || b.accounts - a.accounts);
  return { have, best, bestBy, fixes };
}

function suspicions(store: Store): Pick<CheckReport, 'crowded' | 'foreign' | 'likelyDuplicates'> {
  const largest = (kind: string, having: string) =>
    store.database.all<{ key: Uint8Array; n: number; misfits: number }>(
      `select key, count(*) as n, sum(1 - fits) as misfits from check_values where kind = ?
         group by key having ${having} order by n desc, key limit ${LISTED}`,
      kind,
    );
  const listed = (kind: string, rows: readonly { key: Uint8Array; n: number }[], which = '') =>
    rows.map(({ key, n }): Suspicion => {
      const members = store.database.all<{ record: Uint8Array }>(
        `select record from check_values v join check_accounts a on a.account = v.account
         where kind = ? and key = ? ${which} order by v.account limit ${EXAMPLES}`,
        kind,
        key,
      );
      return {
        value: sharedValue(store, kind, key, members[0]?.record),
        accounts: n,
        records: members.map(({ record }) => recordId(store, record)),
      };
    });
  const foreign = largest('domain', `n > 1 and misfits > 0`).map(({ key, misfits }) => ({ key, n: misfits }));
  return {
    crowded: listed('domain', largest('domain', `n > ${CROWDED}`)),
    foreign: listed('domain', foreign, 'and fits = 0'),
    likelyDuplicates: {
      byName: listed('name', largest('name', 'n > 1')),
      byDomain: listed('domain', largest('domain', `n between 2 and ${FEW} and misfits = 0`)),
    },
  };
}

function recordId(store: Store, key: Uint8Array): string {
  return companyRecords(store, key)[0]?.record.id ?? '';
}

/** Only a keyed hash was put down; the account that has the value tells it: the domain, or its name as it is spelled. */
function sharedValue(store: Store, kind: string, key: Uint8Array, record: Uint8Array | undefined): string {
  const records = record ? companyRecords(store, record) : [];
  if (kind === 'name') return records[0]?.record.names[0] ?? '';
  const wanted = Buffer.from(key);
  const found = ownList(store)
    .identity(records)
    .identifiers.find(
      (one) => one.kind === kind && wanted.equals(store.vault.lookup('check', kind, one.value)),
    );
  return found?.value ?? '';
}

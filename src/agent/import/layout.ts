/** Recognises what the columns of an export mean. */
import { ID_KINDS, type IdKind } from '../../../protocol/identifiers/kind.ts';
import {
  attributeKey,
  COMPARED,
  type ComparedMeaning,
  FOREIGN_IDS,
  headerKey,
  MEANINGS,
  type Meaning,
  SEVERAL,
  SHARED_NOTE,
} from './columns.ts';
import { ImportError } from './errors.ts';
import {
  ACCOUNT_COLUMNS,
  FALLBACK_NAMES,
  HUBSPOT_MARKS,
  OPPORTUNITY_COLUMNS,
  OPPORTUNITY_MARKS,
  SALESFORCE_MARKS,
} from './headers.ts';

/** How the columns of one file are read. Columns are given by their position, from 0. */
export interface Layout {
  readonly name:
    | 'salesforce accounts'
    | 'salesforce opportunities'
    | 'hubspot companies'
    | 'hubspot deals'
    | 'generic accounts'
    | 'generic opportunities';
  readonly what: 'accounts' | 'opportunities';
  /** The column of the record id; null where rows get an id made of their content. */
  readonly id: number | null;
  /** Accounts only: the columns with names and with domains, in the file's order. */
  readonly names: readonly number[];
  readonly domains: readonly number[];
  readonly country: number | null;
  /** Accounts only: the columns with former and other names, with the parent company, and with ids by their kind. */
  readonly otherNames: readonly number[];
  readonly parents: readonly number[];
  readonly companyIds: ReadonlyMap<number, IdKind>;
  /** Opportunities only: the column of the account's id, or of several ids separated by semicolons. */
  readonly accountId: number | null;
  /** Every other column that is kept, under its meaning or, for an unknown one, under its `attributeKey`. */
  readonly fields: ReadonlyMap<number, string>;
}

/** Columns by name, or by a name that differs in case, spaces and signs only, and what each is to mean. */
export type ColumnMap = Readonly<Record<string, Meaning>>;

/** Reads the arguments of `--map`, each `column=meaning`. Throws `bad_map`. */
export function parseMap(texts: readonly string[]): ColumnMap {
  const map = new Map<string, Meaning>();
  for (const text of texts) {
    const at = text.lastIndexOf('=');
    const meaning = MEANINGS.find((known) => known === text.slice(at + 1).trim());
    if (at < 1 || meaning === undefined) {
      const hint = `Write --map "column=meaning" with one of ${MEANINGS.join(', ')}.`;
      throw new ImportError('bad_map', `"${text}" does not say what a column means`, hint);
    }
    map.set(text.slice(0, at).trim(), meaning);
  }
  return Object.fromEntries(map);
}

/**
 * Tells from the header which export this is and what each column means. `map` goes before what is recognised: a
 * mapped column means only that, and the other columns stay recognised except that a meaning for one column is
 * taken from `map` alone. Throws `bad_map`; `no_identity` where accounts have neither name nor domain, without which
 * nothing can be matched; `no_account` where opportunities have no account's id.
 */
export function recogniseLayout(columns: readonly string[], map: ColumnMap = {}): Layout {
  const mapped = mappedColumns(columns, map);
  const keys = columns.map(headerKey);
  const what = kindOf(keys, [...mapped.values()]);
  const meanings = assign(keys, mapped, what);
  if (what === 'accounts' && !meanings.includes('id')) {
    const own = ownId(columns, meanings);
    if (own !== -1) meanings[own] = 'id';
  }
  demand(what, columns, meanings);
  const single = (meaning: Meaning) => {
    const at = meanings.indexOf(meaning);
    return at === -1 ? null : at;
  };
  const all = (meaning: Meaning) =>
    what === 'accounts' ? columns.flatMap((_, i) => (meanings[i] === meaning ? [i] : [])) : [];
  return {
    name: layoutName(keys, what),
    what,
    id: single('id'),
    names: all('name'),
    domains: all('domain'),
    country: what === 'accounts' ? single('country') : null,
    otherNames: all('other_name'),
    parents: all('parent'),
    companyIds: new Map(ID_KINDS.flatMap((kind) => all(kind).map((column) => [column, kind]))),
    accountId: what === 'opportunities' ? single('account_id') : null,
    fields: fieldKeys(columns, meanings, what),
  };
}

/** The names of the columns that an account is compared by, by their meaning. */
export function comparedColumns(
  columns: readonly string[],
  layout: Layout,
): Partial<Record<ComparedMeaning, readonly string[]>> {
  const at: Partial<Record<ComparedMeaning, readonly number[]>> = {
    name: layout.names,
    other_name: layout.otherNames,
    domain: layout.domains,
    country: layout.country === null ? [] : [layout.country],
  };
  for (const meaning of ['state', 'city'] as const)
    at[meaning] = [...layout.fields].flatMap(([column, key]) => (key === meaning ? [column] : []));
  for (const kind of ID_KINDS)
    at[kind] = [...layout.companyIds].flatMap(([column, id]) => (id === kind ? [column] : []));
  const named = COMPARED.map((meaning) => [
    meaning,
    (at[meaning] ?? []).map((column) => columns[column] ?? ''),
  ]);
  return Object.fromEntries(named.filter(([, names]) => (names?.length ?? 0) > 0));
}

function mappedColumns(columns: readonly string[], map: ColumnMap): Map<number, Meaning> {
  const mapped = new Map<number, Meaning>();
  for (const [column, meaning] of Object.entries(map)) {
    let at = columns.indexOf(column);
    if (at === -1) at = columns.findIndex((seen) => headerKey(seen) === headerKey(column));
    if (at === -1) {
      throw new ImportError(
        'bad_map',
        `there is no column "${column}"`,
        `The columns are ${quoted(columns)}.`,
      );
    }
    const repeats = meaning === 'ignore' || SEVERAL.includes(meaning);
    if (mapped.has(at) || (!repeats && [...mapped.values()].includes(meaning))) {
      const hint = `Give each column one meaning; only ${SEVERAL.join(', ')} and ignore may be given to several.`;
      throw new ImportError('bad_map', `"${column}=${meaning}" contradicts another --map`, hint);
    }
    mapped.set(at, meaning);
  }
  return mapped;
}

function kindOf(keys: readonly string[], mapped: readonly Meaning[]): Layout['what'] {
  if (mapped.includes('account_id') || mapped.includes('opportunity_name')) return 'opportunities';
  if (keys.some((key) => OPPORTUNITY_MARKS.includes(key))) return 'opportunities';
  const has = (meaning: Meaning) => keys.some((key) => OPPORTUNITY_COLUMNS[meaning]?.includes(key));
  const opportunity = has('account_id') && has('stage') && (has('amount') || has('close_date'));
  return opportunity ? 'opportunities' : 'accounts';
}

/** The meaning of every column; undefined for an unknown one. */
function assign(
  keys: readonly string[],
  mapped: ReadonlyMap<number, Meaning>,
  what: Layout['what'],
): (Meaning | undefined)[] {
  const meanings: (Meaning | undefined)[] = keys.map((_, i) => mapped.get(i));
  const known = what === 'accounts' ? ACCOUNT_COLUMNS : OPPORTUNITY_COLUMNS;
  for (const meaning of MEANINGS) {
    const several = what === 'accounts' && SEVERAL.includes(meaning);
    for (const key of known[meaning] ?? []) {
      if (!several && meanings.includes(meaning)) break;
      keys.forEach((seen, i) => {
        if (seen === key && meanings[i] === undefined && (several || !meanings.includes(meaning))) {
          meanings[i] = meaning;
        }
      });
    }
  }
  if (what === 'accounts' && !meanings.includes('name')) {
    const at = keys.findIndex((key, i) => meanings[i] === undefined && FALLBACK_NAMES.includes(key));
    if (at !== -1) meanings[at] = 'name';
  }
  return meanings;
}

/** The column of a name like `a_id`: the first of the file, or the only one. Otherwise -1. */
function ownId(columns: readonly string[], meanings: readonly (Meaning | undefined)[]): number {
  const candidates = columns.flatMap((column, i) => {
    const key = attributeKey(column);
    return meanings[i] === undefined && key.endsWith('_id') && !FOREIGN_IDS.test(key) ? [i] : [];
  });
  if (candidates[0] === 0 || candidates.length === 1) return candidates[0] ?? -1;
  return -1;
}

function demand(
  what: Layout['what'],
  columns: readonly string[],
  meanings: readonly (Meaning | undefined)[],
): void {
  const identities: readonly Meaning[] = ['name', 'other_name', 'domain'];
  if (what === 'accounts' && !identities.some((meaning) => meanings.includes(meaning))) {
    const message = `no column names the company; the columns are ${quoted(columns)}`;
    throw new ImportError(
      'no_identity',
      message,
      'Say which does: --map "COLUMN=name" or --map "COLUMN=domain".',
    );
  }
  if (what === 'opportunities' && !meanings.includes('account_id')) {
    const message = `no column has the id of the opportunity's account; the columns are ${quoted(columns)}`;
    const hint = 'Export the account id too, or say which it is: --map "COLUMN=account_id".';
    throw new ImportError('no_account', message, hint);
  }
}

function layoutName(keys: readonly string[], what: Layout['what']): Layout['name'] {
  const score = (marks: readonly string[]) => marks.filter((mark) => keys.includes(mark)).length;
  const hubspot = score(HUBSPOT_MARKS);
  const salesforce = score(SALESFORCE_MARKS);
  if (hubspot > salesforce) return what === 'accounts' ? 'hubspot companies' : 'hubspot deals';
  return salesforce > 0 ? `salesforce ${what}` : `generic ${what}`;
}

/** Names that rules already give to parts of a record. */
const OWN_KEYS = {
  accounts: ['id', 'name', 'other_name', 'domain', 'country', 'parent', ...ID_KINDS],
  opportunities: ['id', 'account_id'],
} as const;

/** Meanings that become other parts of a record than its fields. */
const NOT_FIELDS: Readonly<Record<Layout['what'], readonly Meaning[]>> = {
  accounts: [...OWN_KEYS.accounts, 'ignore'],
  opportunities: ['id', 'account_id', 'ignore'],
};

function fieldKeys(
  columns: readonly string[],
  meanings: readonly (Meaning | undefined)[],
  what: Layout['what'],
): Map<number, string> {
  const fields = new Map<number, string>();
  const taken = new Set<string>(OWN_KEYS[what]);
  for (const meaning of meanings) if (meaning !== undefined && meaning !== 'note') taken.add(meaning);
  columns.forEach((column, i) => {
    const meaning = meanings[i];
    if (meaning !== undefined) {
      if (!NOT_FIELDS[what].includes(meaning)) fields.set(i, meaning === 'note' ? SHARED_NOTE : meaning);
      return;
    }
    // Two columns under one key: the later gets a number, so that neither hides the other.
    const base = attributeKey(column);
    let key = base;
    for (let number = 2; taken.has(key); number++) key = `${base}_${number}`;
    taken.add(key);
    fields.set(i, key);
  });
  return fields;
}

function quoted(columns: readonly string[]): string {
  return columns.map((column) => `"${column}"`).join(', ');
}

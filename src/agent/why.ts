/** Why a pair is one: what of the own list made it, and in which columns of the own export that stands. */
import { toHex } from '../../protocol/bytes.ts';
import type { Identity } from '../../protocol/identifiers/index.ts';
import type { Kind } from '../../protocol/identifiers/kind.ts';
import { derivedKey, tagOf } from '../../protocol/keys.ts';
import type { Agent } from './agent.ts';
import type { ComparedMeaning } from './import/columns.ts';
import { ownList } from './quality/own.ts';
import { type Account, listSources } from './store/lists.ts';
import type { Partnership } from './store/partnerships.ts';
import { identifierLookup, knownIdentifier } from './sync/list.ts';
import { normaliserOf } from './sync/terms.ts';

/** One thing that both lists say of the pair. */
export interface Evidence {
  readonly kind: Kind;
  /** The value as it is compared. */
  readonly value: string;
  /** The columns of the own export that it can come from. */
  readonly columns: readonly string[];
}

/** The meanings of columns that an identifier of the kind can come from. */
const COLUMNS_OF: Readonly<Record<Kind, readonly ComparedMeaning[]>> = {
  domain: ['domain'],
  name: ['name', 'other_name', 'domain'],
  lei: ['lei'],
  vat: ['vat'],
  duns: ['duns'],
  isin: ['isin'],
  registry: ['registry'],
  name_country: ['country', 'state'],
  name_city: ['city'],
  name_site: ['name', 'domain'],
  name_full: ['name', 'other_name'],
};

/** Explains pairs of one partnership; reads the tuning and the sources once. */
export function explainer(agent: Agent, partnership: Partnership) {
  const { store } = agent;
  const normaliser = normaliserOf(agent, partnership);
  const own = ownList(store, normaliser?.identify);
  const sources = new Map(listSources(store).map((source) => [source.name, source]));
  const epoch = partnership.epoch?.number ?? 0;

  /** What of these records is in the pair: `tags` are those of its evaluated identifiers, in hexadecimal. */
  return (records: readonly Account[], kinds: readonly Kind[], tags: ReadonlySet<string>): Evidence[] => {
    const identity: Identity = own.identity(records);
    const matched = identity.identifiers.filter((identifier) => {
      const lookup = identifierLookup(store, partnership.id, epoch, identifier);
      const known = knownIdentifier(store, partnership.id, epoch, lookup);
      return known !== null && tags.has(toHex(known.tag));
    });
    const names = new Set(matched.filter(({ kind }) => kind === 'name').map(({ value }) => value));
    const refined = identity.derived.filter(({ kind, of }) => kinds.includes(kind) && names.has(of));
    return [...matched, ...refined].map(({ kind, value }) => ({
      kind,
      value,
      columns: columnsOf(kind, records, (source) => sources.get(source)?.columns),
    }));
  };
}

/** The columns of a source by what they mean. */
export type Columns = Readonly<Partial<Record<ComparedMeaning, readonly string[]>>>;

/** The columns of the records' sources that an identifier of the kind can come from. */
export function columnsOf(
  kind: Kind,
  records: readonly { readonly source: string }[],
  columnsIn: (source: string) => Columns | undefined,
): string[] {
  const columns = records.flatMap(({ source }) =>
    COLUMNS_OF[kind].flatMap((meaning) => columnsIn(source)?.[meaning] ?? []),
  );
  return [...new Set(columns)];
}

/** The values of an account's identifiers by their tags, in hexadecimal: what the vault says of them to members. */
export function valuesByTag(agent: Agent, partnership: Partnership) {
  const { store } = agent;
  const own = ownList(store, normaliserOf(agent, partnership)?.identify);
  const epoch = partnership.epoch?.number ?? 0;
  return (records: readonly Account[]): Map<string, string> => {
    const values = new Map<string, string>();
    const nameKeys = new Map<string, Uint8Array>();
    const identity = own.identity(records);
    for (const identifier of identity.identifiers) {
      const lookup = identifierLookup(store, partnership.id, epoch, identifier);
      const known = knownIdentifier(store, partnership.id, epoch, lookup);
      if (!known) continue;
      values.set(toHex(known.tag), identifier.value);
      if (identifier.kind === 'name') nameKeys.set(identifier.value, known.key);
    }
    for (const { kind, value, of } of identity.derived) {
      const key = nameKeys.get(of);
      if (key) values.set(toHex(tagOf(derivedKey(key, kind, value))), value);
    }
    return values;
  };
}

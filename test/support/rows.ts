/** What a side uploads of its accounts, what a service joins, and what the partner reads of a pair. */
import { compare, concat, toHex, uint } from '../../protocol/bytes.ts';
import { sha256 } from '../../protocol/hash.ts';
import type { Identifier } from '../../protocol/identifiers/kind.ts';
import { isStrong, type Kind, kindNumber, kindOf } from '../../protocol/identifiers/kind.ts';
import { otherSide, type Side } from '../../protocol/ids.ts';
import { confirmationBox, confirmKey, tagOf, verifyBox, wrapKey } from '../../protocol/keys.ts';
import { FIELDS, type Field, fieldNumber } from '../../protocol/scope.ts';
import { openField, type RowContext, sealField, unwrapRowKey, wrapRowKey } from '../../protocol/seal.ts';
import {
  encodeChunkList,
  encodeSubmissionChunk,
  openChunkList,
  openSubmission,
  openSubmissionChunk,
  RECORD_KEY_BYTES,
  RECORD_TYPES,
  type RecordType,
  type SubmissionChunk,
  type SubmissionHead,
  signSubmission,
} from '../../protocol/submission.ts';
import { type Keys, keyName } from './exchange.ts';
import { contextOf, scopeHashOf, type World } from './parties.ts';
import { value } from './results.ts';

export interface Account {
  readonly id: string;
  /** Indexes of populations in the side's scope. */
  readonly populations: readonly number[];
  readonly identifiers: readonly Identifier[];
  readonly fields?: Partial<Record<Field, string>>;
}

export interface Upload {
  readonly head: Uint8Array;
  readonly list: Uint8Array;
  readonly chunks: readonly Uint8Array[];
  /** Stays at home: the account behind each handle. */
  readonly accounts: ReadonlyMap<string, Account>;
  readonly keys: Keys;
}

/** Records of every type as key and value in hexadecimal. */
export type Rows = Readonly<Record<RecordType, ReadonlyMap<string, Uint8Array>>> & {
  readonly number: number;
};

export interface Pair {
  readonly founder: string;
  readonly joiner: string;
  readonly matches: readonly { readonly kind: Kind; readonly tag: Uint8Array }[];
}

export function upload(
  world: World,
  side: Side,
  accounts: readonly Account[],
  keys: Keys,
  options: { readonly number?: number; readonly chunkRecords?: number } = {},
): Upload {
  const { number = 1, chunkRecords = 100 } = options;
  const context = contextOf(world, side);
  const records = Object.fromEntries(RECORD_TYPES.map((type) => [type, []])) as unknown as Record<
    RecordType,
    Uint8Array[]
  >;
  const handles = new Map<string, Account>();
  const scopeHash = scopeHashOf(world, side);
  for (const account of accounts) {
    const handle = world.random(16);
    const rowKey = world.random(32);
    const row = { context, handle, submission: number, scopeHash };
    handles.set(toHex(handle), account);
    const mask = account.populations.reduce((bits, population) => bits | (1 << population), 0);
    records.accounts.push(concat(handle, uint(mask, 1), uint(0, 1)));
    const identifiers = new Map(account.identifiers.map((identifier) => [keyName(identifier), identifier]));
    for (const [name, identifier] of identifiers) {
      const key = keys.get(name);
      if (!key) throw new Error(`no key for ${name}`);
      const tag = tagOf(key);
      records.tags.push(concat(tag, handle, uint(kindNumber(identifier.kind), 1)));
      for (const population of account.populations) {
        const box = confirmationBox(confirmKey(key, side), context, {
          handle,
          population,
          submission: number,
        });
        records.boxes.push(concat(tag, handle, uint(population, 1), box));
      }
      if (!account.fields || !isStrong(identifier.kind)) continue;
      records.wraps.push(concat(tag, handle, wrapRowKey(wrapKey(key, side), row, tag, rowKey, world.random)));
    }
    for (const [field, text] of Object.entries(account.fields ?? {})) {
      const position = uint(fieldNumber(field as Field), 1);
      records.fields.push(concat(handle, position, sealField(rowKey, row, field, text)));
    }
  }
  const packed = RECORD_TYPES.flatMap((type) => pack(type, records[type], chunkRecords));
  const chunks = packed.map((chunk, index) => encodeSubmissionChunk(context, number, index, chunk));
  const listed: SubmissionChunk[] = packed.map(({ type, records: bytes, recordBytes }, index) => ({
    type,
    records: bytes.length / recordBytes,
    hash: sha256(chunks[index] ?? new Uint8Array()),
  }));
  const list = encodeChunkList(listed);
  const head: SubmissionHead = {
    number,
    scopeHash,
    listHash: sha256(list),
    sealedNamesKey: new Uint8Array(),
  };
  return {
    head: signSubmission(context, head, world[side].agent.seed),
    list,
    chunks,
    accounts: handles,
    keys,
  };
}

/** Records of one type in chunks of one size, each in ascending order of the keys. */
function pack(type: RecordType, records: readonly Uint8Array[], chunkRecords: number) {
  const sizes = new Set(records.map((record) => record.length));
  return [...sizes].flatMap((recordBytes) => {
    const sorted = records.filter((record) => record.length === recordBytes).sort(compare);
    const count = Math.ceil(sorted.length / chunkRecords);
    return Array.from({ length: count }, (_, i) => ({
      type,
      recordBytes,
      records: concat(...sorted.slice(i * chunkRecords, (i + 1) * chunkRecords)),
    }));
  });
}

/** Everything the service checks of an upload, and its rows. */
export function receive(world: World, side: Side, submission: Upload): Rows {
  const context = contextOf(world, side);
  const head = value(openSubmission(submission.head, context, world[side].agent.publicKey));
  const list = value(openChunkList(submission.list, head));
  const rows = Object.fromEntries(RECORD_TYPES.map((type) => [type, new Map()])) as unknown as Record<
    RecordType,
    Map<string, Uint8Array>
  >;
  for (const [index, listed] of list.entries()) {
    const bytes = submission.chunks[index] ?? new Uint8Array();
    const { type, recordBytes, records } = value(
      openSubmissionChunk(bytes, context, head.number, listed, index),
    );
    for (let at = 0; at < records.length; at += recordBytes) {
      const split = at + RECORD_KEY_BYTES[type];
      rows[type].set(toHex(records.subarray(at, split)), records.subarray(split, at + recordBytes));
    }
  }
  return { ...rows, number: head.number };
}

/** Joins equal tags of equal kinds, as the service does. */
export function join(founder: Rows, joiner: Rows): Pair[] {
  const byTag = new Map<string, string[]>();
  for (const key of joiner.tags.keys()) {
    const tag = key.slice(0, 32);
    byTag.set(tag, [...(byTag.get(tag) ?? []), key]);
  }
  const pairs = new Map<string, Pair & { matches: { kind: Kind; tag: Uint8Array }[] }>();
  for (const [key, number] of founder.tags) {
    for (const other of byTag.get(key.slice(0, 32)) ?? []) {
      const kind = kindOf(number[0] ?? 0);
      if (!kind || joiner.tags.get(other)?.[0] !== number[0]) continue;
      const pair = { founder: key.slice(32), joiner: other.slice(32), matches: [] };
      const name = `${pair.founder} ${pair.joiner}`;
      const known = pairs.get(name) ?? pair;
      known.matches.push({ kind, tag: Uint8Array.from(Buffer.from(key.slice(0, 32), 'hex')) });
      pairs.set(name, known);
    }
  }
  return [...pairs.values()];
}

/** What one side reads of the partner's account in a pair: populations whose boxes hold, and fields. */
export function readPair(
  world: World,
  side: Side,
  mine: Upload,
  theirs: Rows,
  pair: Pair,
): { readonly populations: readonly number[]; readonly fields: Partial<Record<Field, string>> } {
  const partner = otherSide(side);
  const context = contextOf(world, partner);
  const theirHandle = Buffer.from(pair[partner], 'hex');
  const account = mine.accounts.get(pair[side]);
  const row: RowContext = {
    context,
    handle: theirHandle,
    submission: theirs.number,
    scopeHash: scopeHashOf(world, partner),
  };
  const populations = new Set<number>();
  const fields: Partial<Record<Field, string>> = {};
  for (const identifier of account?.identifiers ?? []) {
    const key = mine.keys.get(keyName(identifier));
    if (!key) throw new Error('no key for an own identifier');
    const tag = tagOf(key);
    if (!pair.matches.some((match) => compare(match.tag, tag) === 0)) continue;
    const address = `${toHex(tag)}${pair[partner]}`;
    for (let population = 0; population < 8; population++) {
      const box = theirs.boxes.get(`${address}${toHex(uint(population, 1))}`);
      const content = { handle: theirHandle, population, submission: theirs.number };
      if (box && verifyBox(confirmKey(key, partner), context, content, box)) populations.add(population);
    }
    const wrapped = theirs.wraps.get(address);
    const rowKey = wrapped && unwrapRowKey(wrapKey(key, partner), row, tag, wrapped);
    if (!rowKey) continue;
    for (const field of FIELDS) {
      const sealed = theirs.fields.get(`${pair[partner]}${toHex(uint(fieldNumber(field), 1))}`);
      const text = sealed && openField(rowKey, row, field, sealed);
      if (typeof text === 'string') fields[field] = text;
    }
  }
  return { populations: [...populations].sort((a, b) => a - b), fields };
}

/** Pairs of account ids that share an identifier: what the protocol has to find. */
export function plaintextPairs(founder: readonly Account[], joiner: readonly Account[]): string[] {
  const found = new Set<string>();
  const byName = new Map<string, string[]>();
  for (const account of joiner) {
    for (const identifier of account.identifiers) {
      const name = keyName(identifier);
      byName.set(name, [...(byName.get(name) ?? []), account.id]);
    }
  }
  for (const account of founder)
    for (const identifier of account.identifiers)
      for (const id of byName.get(keyName(identifier)) ?? []) found.add(`${account.id} ${id}`);
  return [...found].sort();
}

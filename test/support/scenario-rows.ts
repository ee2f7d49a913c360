/** The second half of a scenario: from outputs to keys, rows and submissions, and what a match reveals. */
import { compare, concat, toHex, uint } from '../../protocol/bytes.ts';
import type { Context } from '../../protocol/evaluation.ts';
import { sha256 } from '../../protocol/hash.ts';
import {
  type DerivedIdentifier,
  DISTINGUISHING_KINDS,
  isStrong,
  type Kind,
  kindNumber,
} from '../../protocol/identifiers/kind.ts';
import { otherSide, type Side } from '../../protocol/ids.ts';
import {
  confirmationBox,
  confirmKey,
  derivedKey,
  identifierKey,
  tagOf,
  verifyBox,
  wrapKey,
} from '../../protocol/keys.ts';
import { type Field, fieldNumber, scopeHash } from '../../protocol/scope.ts';
import {
  openField,
  openName,
  type RowContext,
  sealField,
  sealName,
  unwrapRowKey,
  wrapRowKey,
} from '../../protocol/seal.ts';
import {
  encodeChunkList,
  encodeSubmissionChunk,
  RECORD_TYPES,
  type RecordType,
  signSubmission,
} from '../../protocol/submission.ts';
import { CROWDED, type Evidence, tierOf } from '../../protocol/tier.ts';
import { fixedRandom } from './random.ts';
import { hex } from './results.ts';
import { type AccountInput, bySide, type ScenarioInput, type SideInput } from './scenario-input.ts';

const SIDES = ['founder', 'joiner'] as const;

interface IdentifierValue extends Record<Side, { readonly confirmKey: string; readonly wrapKey: string }> {
  readonly kind: Kind;
  readonly value: string;
  /** The name that it refines, where it is a derived one. */
  readonly of?: string;
  readonly key: string;
  readonly tag: string;
}

type IdentifierValues = readonly IdentifierValue[];
type RowValues = ReturnType<typeof rowsOf>;

interface AskedValues {
  readonly chunks: readonly {
    readonly kind: Kind;
    readonly elements: readonly {
      readonly value: string;
      readonly ownOutput: string;
      readonly partnerOutput: string;
    }[];
  }[];
}

export function identifiersOf(side: Side, request: AskedValues, epochHash: Uint8Array): IdentifierValue[] {
  return request.chunks.flatMap(({ kind, elements }) =>
    elements.map((element) => {
      const outputs = [hex(element.ownOutput), hex(element.partnerOutput)] as const;
      const [founder, joiner] = side === 'founder' ? outputs : [outputs[1], outputs[0]];
      const key = identifierKey(founder, joiner, epochHash);
      return { kind, value: element.value, ...keysOf(key) };
    }),
  );
}

/** What the accounts derive from the names that were asked, each once. */
export function derivedOf(accounts: readonly AccountInput[], asked: IdentifierValues): IdentifierValue[] {
  const derived = new Map<string, DerivedIdentifier>();
  for (const one of accounts.flatMap((account) => account.derived ?? []))
    derived.set(`${one.kind} ${one.of} ${one.value}`, one);
  return [...derived.values()].map(({ kind, value: text, of }) => {
    const name = asked.find((one) => one.kind === 'name' && one.value === of);
    if (!name) throw new Error(`the name ${of} was not asked`);
    return { kind, value: text, of, ...keysOf(derivedKey(hex(name.key), kind, text)) };
  });
}

function keysOf(key: Uint8Array) {
  return {
    key: toHex(key),
    tag: toHex(tagOf(key)),
    ...bySide((direction) => ({
      confirmKey: toHex(confirmKey(key, direction)),
      wrapKey: toHex(wrapKey(key, direction)),
    })),
  };
}

export function rowsOf(
  account: AccountInput,
  side: SideInput,
  context: Context,
  grantedBy: Uint8Array,
  known: IdentifierValues,
) {
  const row: RowContext = {
    context,
    handle: hex(account.handle),
    submission: side.submission,
    scopeHash: grantedBy,
  };
  const all: readonly (AccountInput['identifiers'][number] | DerivedIdentifier)[] = [
    ...account.identifiers,
    ...(account.derived ?? []),
  ];
  const tags = all.map((one) => {
    const { kind, value: text } = one;
    const wrapNonce = 'wrapNonce' in one ? one.wrapNonce : undefined;
    const of = 'of' in one ? one.of : undefined;
    const identifier = known.find((other) => other.kind === kind && other.value === text && other.of === of);
    if (!identifier) throw new Error(`${kind} ${text} was not asked`);
    const own = identifier[context.side];
    const boxes = account.populations.map((population) => {
      const content = { handle: row.handle, population, submission: side.submission };
      return { population, box: toHex(confirmationBox(hex(own.confirmKey), context, content)) };
    });
    const tag = hex(identifier.tag);
    const wrapped = wrapNonce
      ? toHex(wrapRowKey(hex(own.wrapKey), row, tag, hex(account.rowKey), fixedRandom([hex(wrapNonce)])))
      : null;
    return { kind, tag: identifier.tag, boxes, wrapped };
  });
  // Fields that no wrapped row key opens would serve nobody: they are not sealed at all.
  const opens = tags.some(({ wrapped }) => wrapped !== null);
  const fields = Object.entries(opens ? account.fields : {}).map(([field, text]) => ({
    field: field as Field,
    sealed: toHex(sealField(hex(account.rowKey), row, field, text)),
  }));
  const names = (account.namedIn ?? []).map((population) => ({
    population,
    sealed: toHex(sealName(hex(side.namesKey), row, population, account.name ?? '')),
  }));
  return { handle: account.handle, populations: account.populations, tags, fields, names };
}

export function submissionOf(
  side: SideInput,
  context: Context,
  grantedBy: Uint8Array,
  rows: readonly RowValues[],
) {
  const records: Record<RecordType, Uint8Array[]> = {
    accounts: rows.map((row) =>
      concat(
        hex(row.handle),
        uint(mask(row.populations), 1),
        uint(mask(distinguishing(row, rows).map((kind) => DISTINGUISHING_KINDS.indexOf(kind))), 1),
      ),
    ),
    tags: rows.flatMap((row) =>
      row.tags.map((tag) => concat(hex(tag.tag), hex(row.handle), uint(kindNumber(tag.kind), 1))),
    ),
    boxes: rows.flatMap((row) =>
      row.tags.flatMap(({ tag, boxes }) =>
        boxes.map(({ population, box }) => concat(hex(tag), hex(row.handle), uint(population, 1), hex(box))),
      ),
    ),
    wraps: rows.flatMap((row) =>
      row.tags.flatMap(({ tag, wrapped }) =>
        wrapped ? [concat(hex(tag), hex(row.handle), hex(wrapped))] : [],
      ),
    ),
    fields: rows.flatMap((row) =>
      row.fields.map(({ field, sealed }) =>
        concat(hex(row.handle), uint(fieldNumber(field), 1), hex(sealed)),
      ),
    ),
    names: rows.flatMap((row) =>
      row.names.map(({ population, sealed }) => concat(hex(row.handle), uint(population, 1), hex(sealed))),
    ),
  };
  const packed = RECORD_TYPES.flatMap((type) => {
    const sizes = [...new Set(records[type].map((record) => record.length))].sort((a, b) => a - b);
    return sizes.map((recordBytes) => {
      const list = records[type].filter((record) => record.length === recordBytes).sort(compare);
      return { type, recordBytes, count: list.length, records: concat(...list) };
    });
  });
  const chunks = packed.map((chunk, index) => encodeSubmissionChunk(context, side.submission, index, chunk));
  const list = encodeChunkList(
    packed.map(({ type, count }, index) => ({
      type,
      records: count,
      hash: sha256(chunks[index] ?? new Uint8Array()),
    })),
  );
  const head = {
    number: side.submission,
    scopeHash: grantedBy,
    listHash: sha256(list),
    sealedNamesKey: hex(side.sealedNamesKey),
  };
  return {
    head: toHex(signSubmission(context, head, hex(side.agentSeed))),
    list: toHex(list),
    chunks: chunks.map(toHex),
  };
}

function mask(indexes: readonly number[]): number {
  return indexes.reduce((bits, index) => bits | (1 << index), 0);
}

type Distinguishing = (typeof DISTINGUISHING_KINDS)[number];

/** The kinds of the account that may speak against a pair; a domain only if no other account of the list has it. */
function distinguishing(row: RowValues, rows: readonly RowValues[]): Distinguishing[] {
  return DISTINGUISHING_KINDS.filter((kind) =>
    row.tags.some((tag) => tag.kind === kind && (kind !== 'domain' || carriers(tag.tag, rows) === 1)),
  );
}

function carriers(tag: string, rows: readonly RowValues[]): number {
  return rows.filter((row) => row.tags.some((one) => one.tag === tag)).length;
}

/** What the service joins, and what each side then reads of the other's rows. */
export function resultOf(
  input: ScenarioInput,
  contexts: Record<Side, Context>,
  scopes: Record<Side, Uint8Array>,
  identifiers: Record<Side, IdentifierValues>,
  rows: Record<Side, RowValues[]>,
) {
  const rowContext = (writer: Side, handle: string): RowContext => ({
    context: contexts[writer],
    handle: hex(handle),
    submission: input[writer].submission,
    scopeHash: scopeHash(scopes[writer]),
  });
  /** What `reader` reads of the partner's row through the identifiers that both have. */
  const read = (reader: Side, row: RowValues, shared: readonly string[]) => {
    const writer = otherSide(reader);
    const at = rowContext(writer, row.handle);
    const populations = new Set<number>();
    const fields: Partial<Record<Field, string>> = {};
    for (const { tag, boxes, wrapped } of row.tags) {
      const own = identifiers[reader].find((one) => one.tag === tag);
      if (!shared.includes(tag) || !own) continue;
      for (const { population, box } of boxes) {
        const content = { handle: at.handle, population, submission: at.submission };
        if (verifyBox(hex(own[writer].confirmKey), at.context, content, hex(box)))
          populations.add(population);
      }
      const rowKey = wrapped && unwrapRowKey(hex(own[writer].wrapKey), at, hex(tag), hex(wrapped));
      for (const { field, sealed } of rowKey ? row.fields : []) {
        fields[field] = (rowKey && openField(rowKey, at, field, hex(sealed))) ?? undefined;
      }
    }
    return { populations: [...populations], fields };
  };
  const pairs = rows.founder.flatMap((mine) =>
    rows.joiner.flatMap((theirs) => {
      const matches = mine.tags.filter((one) =>
        theirs.tags.some((other) => other.tag === one.tag && other.kind === one.kind),
      );
      if (matches.length === 0) return [];
      const shared = matches.map((match) => match.tag);
      return [
        {
          founder: mine.handle,
          joiner: theirs.handle,
          matches: matches.map(({ kind, tag }) => ({ kind, tag, strong: isStrong(kind) })),
          founderReads: read('founder', theirs, shared),
          joinerReads: read('joiner', mine, shared),
        },
      ];
    }),
  );
  const judged = pairs.map((pair) => ({ ...pair, verdict: verdictOf(pair, pairs, rows) }));
  const whiteSpace = SIDES.flatMap((writer) =>
    rows[writer]
      .filter((row) => !pairs.some((pair) => pair[writer] === row.handle))
      .flatMap((row) =>
        row.names.map(({ population, sealed }) => ({
          reader: otherSide(writer),
          handle: row.handle,
          population,
          name: openName(
            hex(input[writer].namesKey),
            rowContext(writer, row.handle),
            population,
            hex(sealed),
          ),
        })),
      ),
  );
  return { pairs: judged, whiteSpace };
}

type Matched = Record<Side, string> & {
  readonly matches: readonly { readonly kind: Kind; readonly tag: string }[];
};

/** The tier of a pair among all pairs, by the rules of protocol.md. */
function verdictOf(pair: Matched, pairs: readonly Matched[], rows: Record<Side, RowValues[]>) {
  const isConfirmed = (other: Matched) =>
    tierOf({ ...evidenceIn(other, rows), oneToMany: false })?.tier === 'confirmed';
  const oneToMany = pairs.some(
    (other) => other !== pair && SIDES.some((side) => other[side] === pair[side]) && isConfirmed(other),
  );
  return tierOf({ ...evidenceIn(pair, rows), oneToMany });
}

function evidenceIn(pair: Matched, rows: Record<Side, RowValues[]>): Omit<Evidence, 'oneToMany'> {
  const kinds = [...new Set(pair.matches.map(({ kind }) => kind))];
  const [mine, theirs] = SIDES.map((side) => {
    const row = rows[side].find(({ handle }) => handle === pair[side]);
    return row ? distinguishing(row, rows[side]) : [];
  });
  const domains = pair.matches.filter(({ kind }) => kind === 'domain');
  return {
    kinds,
    differs: DISTINGUISHING_KINDS.filter(
      (kind) => mine?.includes(kind) && theirs?.includes(kind) && !kinds.includes(kind),
    ),
    crowded:
      domains.length > 0 &&
      domains.every(({ tag }) => SIDES.some((side) => carriers(tag, rows[side]) > CROWDED)),
  };
}

/**
 * The heavy cryptography as pure tasks over packed bytes: what a worker runs for one chunk. Nothing here knows of files,
 * networks or time.
 */
import { concat, fromHex } from '../../../protocol/bytes.ts';
import { epochKeyPair } from '../../../protocol/epoch.ts';
import { type Context, oprfInput } from '../../../protocol/evaluation.ts';
import { systemRandom } from '../../../protocol/hash.ts';
import {
  type DerivedKind,
  DISTINGUISHING_KINDS,
  type EvaluatedKind,
  type Kind,
  kindNumber,
} from '../../../protocol/identifiers/kind.ts';
import { TAG_BYTES } from '../../../protocol/ids.ts';
import {
  confirmationBox,
  confirmKey,
  derivedKey,
  identifierKey,
  tagOf,
  wrapKey,
} from '../../../protocol/keys.ts';
import { ok, type Result } from '../../../protocol/result.ts';
import { FIELDS, type Field, fieldNumber } from '../../../protocol/scope.ts';
import { sealField, sealName, wrapRowKey } from '../../../protocol/seal.ts';
import { KEY_BYTES, OUTPUT_BYTES, ROW_KEY_BYTES } from '../../../protocol/sizes.ts';
import type { PackedRecords, RecordType } from '../../../protocol/submission.ts';
import {
  type Blinding,
  blind,
  type Evaluation,
  evaluate,
  evaluateOwn,
  finalize,
  type SuiteRefusal,
} from '../../../protocol/suite.ts';

export interface BlindTask {
  readonly context: Context;
  readonly kind: EvaluatedKind;
  readonly values: readonly string[];
}

/** Blinds one chunk of identifiers, each with a fresh scalar. */
export function blindChunk(task: BlindTask): Blinding {
  return blind(inputsOf(task), systemRandom);
}

export interface EvaluateTask {
  /** This side's 32-byte seed of the epoch. */
  readonly seed: Uint8Array;
  readonly kind: EvaluatedKind;
  readonly blinded: Uint8Array;
}

/** Evaluates one chunk of the partner's with a batch proof. */
export function evaluateChunk(task: EvaluateTask): Result<Evaluation, SuiteRefusal> {
  return evaluate(epochKeyPair(task.seed, task.kind), task.blinded, systemRandom);
}

export interface FinalizeTask extends BlindTask {
  readonly seed: Uint8Array;
  /** The partner's pinned key of this kind. */
  readonly partnerKey: Uint8Array;
  readonly blinding: Blinding;
  readonly evaluation: Evaluation;
}

export interface IdentifierKeys {
  /** K(x), 32 bytes each, packed. */
  readonly keys: Uint8Array;
  /** 16 bytes each, packed. */
  readonly tags: Uint8Array;
}

/** Verifies and unblinds one chunk, evaluates it with the own key, and derives keys and tags. */
export function finalizeChunk(task: FinalizeTask): Result<IdentifierKeys, SuiteRefusal> {
  const inputs = inputsOf(task);
  const theirs = finalize(inputs, task.blinding, task.evaluation, task.partnerKey);
  if (!theirs.ok) return theirs;
  const ours = evaluateOwn(epochKeyPair(task.seed, task.kind).secretKey, inputs);
  const [founder, joiner] = task.context.side === 'founder' ? [ours, theirs.value] : [theirs.value, ours];
  const keys = new Uint8Array(inputs.length * KEY_BYTES);
  const tags = new Uint8Array(inputs.length * TAG_BYTES);
  for (let i = 0; i < inputs.length; i++) {
    const key = identifierKey(
      founder.subarray(i * OUTPUT_BYTES, (i + 1) * OUTPUT_BYTES),
      joiner.subarray(i * OUTPUT_BYTES, (i + 1) * OUTPUT_BYTES),
      task.context.epochHash,
    );
    keys.set(key, i * KEY_BYTES);
    tags.set(tagOf(key), i * TAG_BYTES);
  }
  return ok({ keys, tags });
}

/** One account as it is about to leave: only handles, keys and what the scope grants. */
export interface OutgoingAccount {
  /** Hexadecimal. */
  readonly handle: string;
  /** Indexes in the scope's populations. */
  readonly populations: readonly number[];
  readonly identifiers: readonly {
    readonly kind: EvaluatedKind;
    readonly tag: Uint8Array;
    readonly key: Uint8Array;
    /** Of no other account of the list. */
    readonly sole: boolean;
    /** Such, and of a kind that the scope takes for strong: may open the row's fields. */
    readonly opens: boolean;
  }[];
  readonly derived: readonly {
    readonly kind: DerivedKind;
    readonly value: string;
    /** K of the name that it refines. */
    readonly nameKey: Uint8Array;
  }[];
  readonly fields: Readonly<Partial<Record<Field, string>>>;
  /** The name, with the populations for which white space shows it. */
  readonly name: { readonly text: string; readonly populations: readonly number[] };
}

export interface RecordsTask {
  readonly context: Context;
  readonly submission: number;
  readonly scopeHash: Uint8Array;
  readonly namesKey: Uint8Array;
  readonly accounts: readonly OutgoingAccount[];
}

/** Tag and key of a derived identifier of one account. */
export interface DerivedRow {
  /** Hexadecimal. */
  readonly handle: string;
  readonly kind: DerivedKind;
  readonly tag: Uint8Array;
  readonly key: Uint8Array;
}

interface OutgoingRecord {
  readonly type: RecordType;
  /** Key, then value. */
  readonly bytes: Uint8Array;
}

/**
 * Tags, boxes, wrapped row keys, sealed fields and names of some accounts, packed by type and size, not sorted; and
 * what was derived on the way.
 */
export function makeRecords(task: RecordsTask): {
  readonly packed: PackedRecords[];
  readonly derived: DerivedRow[];
} {
  const groups = new Map<string, { type: RecordType; recordBytes: number; records: Uint8Array[] }>();
  const derived: DerivedRow[] = [];
  for (const account of task.accounts) {
    const refined = derivedRows(account);
    derived.push(...refined);
    for (const { type, bytes } of recordsOf(task, account, refined)) {
      const group = groups.get(`${type} ${bytes.length}`) ?? { type, recordBytes: bytes.length, records: [] };
      group.records.push(bytes);
      groups.set(`${type} ${bytes.length}`, group);
    }
  }
  const packed = [...groups.values()].map((group) => ({ ...group, records: concat(...group.records) }));
  return { packed, derived };
}

/** A mask of the kinds that may speak against a pair; a domain that other own accounts carry too is none of its own. */
function distinguishing({ identifiers, derived }: OutgoingAccount): number {
  const kinds = new Set<Kind>([
    ...identifiers.flatMap(({ kind, sole }) => (kind !== 'domain' || sole ? [kind] : [])),
    ...derived.map(({ kind }) => kind),
  ]);
  return DISTINGUISHING_KINDS.reduce((mask, kind, bit) => mask | (kinds.has(kind) ? 1 << bit : 0), 0);
}

function derivedRows({ handle, derived }: OutgoingAccount): DerivedRow[] {
  return derived.map(({ kind, value, nameKey }) => {
    const key = derivedKey(nameKey, kind, value);
    return { handle, kind, tag: tagOf(key), key };
  });
}

function recordsOf(
  task: RecordsTask,
  account: OutgoingAccount,
  derived: readonly DerivedRow[],
): OutgoingRecord[] {
  const handle = fromHex(account.handle) ?? new Uint8Array();
  const row = { context: task.context, handle, submission: task.submission, scopeHash: task.scopeHash };
  const mask = account.populations.reduce((bits, population) => bits | (1 << population), 0);
  const records: OutgoingRecord[] = [
    { type: 'accounts', bytes: concat(handle, Uint8Array.of(mask, distinguishing(account))) },
  ];
  // A fresh row key for every sealing: each field's key encrypts one text in its life.
  const rowKey = systemRandom(ROW_KEY_BYTES);
  const fields = FIELDS.filter((field) => account.fields[field] !== undefined);
  // What refines a name is guessed from it, so it opens nothing either.
  const refined = derived.map((row) => ({ ...row, opens: false }));
  for (const { kind, tag, key, opens } of [...account.identifiers, ...refined]) {
    records.push({ type: 'tags', bytes: concat(tag, handle, Uint8Array.of(kindNumber(kind))) });
    const confirm = confirmKey(key, task.context.side);
    for (const population of account.populations) {
      const box = confirmationBox(confirm, task.context, { handle, population, submission: task.submission });
      records.push({ type: 'boxes', bytes: concat(tag, handle, Uint8Array.of(population), box) });
    }
    if (opens && fields.length > 0) {
      const wrapped = wrapRowKey(wrapKey(key, task.context.side), row, tag, rowKey, systemRandom);
      records.push({ type: 'wraps', bytes: concat(tag, handle, wrapped) });
    }
  }
  if (account.identifiers.some((identifier) => identifier.opens)) {
    for (const field of fields) {
      const sealed = sealField(rowKey, row, field, account.fields[field] ?? '');
      records.push({ type: 'fields', bytes: concat(handle, Uint8Array.of(fieldNumber(field)), sealed) });
    }
  }
  for (const population of account.name.populations) {
    const sealed = sealName(task.namesKey, row, population, account.name.text);
    records.push({ type: 'names', bytes: concat(handle, Uint8Array.of(population), sealed) });
  }
  return records;
}

function inputsOf(task: BlindTask): Uint8Array[] {
  return task.values.map((value) => oprfInput(task.context, task.kind, value));
}

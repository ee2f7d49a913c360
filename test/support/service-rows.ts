/** Submissions from plain rows, packed and signed as an agent does it. Runs on every runtime. */
import { compare, concat, uint } from '../../protocol/bytes.ts';
import { sha256 } from '../../protocol/hash.ts';
import { DISTINGUISHING_KINDS, type Kind } from '../../protocol/identifiers/kind.ts';
import type { Side } from '../../protocol/ids.ts';
import { type Field, fieldNumber, scopeHash } from '../../protocol/scope.ts';
import {
  encodeChunkList,
  encodeSubmissionChunk,
  RECORD_TYPES,
  type RecordType,
  signSubmission,
} from '../../protocol/submission.ts';
import { contextOf, kindByte, type TestPair } from './service-parties.ts';

/** One account as it is uploaded. */
export interface TestAccount {
  readonly handle: Uint8Array;
  /** Indexes in the scope's populations. */
  readonly populations: readonly number[];
  readonly tags: readonly { readonly tag: Uint8Array; readonly kind: Kind }[];
  /** Fields to seal; the row key is then wrapped for every domain. */
  readonly fields?: readonly Field[];
  /** Populations to seal the name for. */
  readonly names?: readonly number[];
}

export interface TestSubmission {
  readonly number: number;
  readonly head: Uint8Array;
  readonly list: Uint8Array;
  readonly chunks: readonly Uint8Array[];
}

export type TestRecords = Record<RecordType, Uint8Array[]>;

export function recordsOf(pair: TestPair, accounts: readonly TestAccount[]): TestRecords {
  const { random } = pair;
  const records: TestRecords = { accounts: [], tags: [], boxes: [], wraps: [], fields: [], names: [] };
  for (const account of accounts) {
    const { handle } = account;
    const mask = account.populations.reduce((bits, population) => bits | (1 << population), 0);
    const distinguishing = DISTINGUISHING_KINDS.reduce(
      (bits, kind, bit) => bits | (account.tags.some((tag) => tag.kind === kind) ? 1 << bit : 0),
      0,
    );
    records.accounts.push(concat(handle, uint(mask, 1), uint(distinguishing, 1)));
    for (const { tag, kind } of account.tags) {
      records.tags.push(concat(tag, handle, kindByte(kind)));
      for (const population of account.populations) {
        records.boxes.push(concat(tag, handle, uint(population, 1), random(16)));
      }
      if (account.fields && kind === 'domain') records.wraps.push(concat(tag, handle, random(72)));
    }
    for (const field of account.fields ?? []) {
      records.fields.push(concat(handle, uint(fieldNumber(field), 1), random(48)));
    }
    for (const population of account.names ?? []) {
      records.names.push(concat(handle, uint(population, 1), random(48)));
    }
  }
  return records;
}

export function submissionOf(
  pair: TestPair,
  side: Side,
  number: number,
  scope: Uint8Array,
  records: TestRecords,
  chunkRecords = 100,
): TestSubmission {
  const context = contextOf(pair, side);
  const packed = RECORD_TYPES.flatMap((type) => {
    const sorted = [...records[type]].sort(compare);
    const recordBytes = sorted[0]?.length ?? 0;
    return Array.from({ length: Math.ceil(sorted.length / chunkRecords) }, (_, i) => ({
      type,
      recordBytes,
      records: concat(...sorted.slice(i * chunkRecords, (i + 1) * chunkRecords)),
    }));
  });
  const chunks = packed.map((chunk, index) => encodeSubmissionChunk(context, number, index, chunk));
  const list = encodeChunkList(
    packed.map(({ type, recordBytes, records: bytes }, index) => ({
      type,
      records: bytes.length / recordBytes,
      hash: sha256(chunks[index] ?? new Uint8Array()),
    })),
  );
  const head = {
    number,
    scopeHash: scopeHash(scope),
    listHash: sha256(list),
    sealedNamesKey: new Uint8Array(),
  };
  return { number, list, chunks, head: signSubmission(context, head, pair[side].agent.seed) };
}

/** A submission of these accounts. */
export function makeSubmission(
  pair: TestPair,
  side: Side,
  number: number,
  scope: Uint8Array,
  accounts: readonly TestAccount[],
  chunkRecords = 100,
): TestSubmission {
  return submissionOf(pair, side, number, scope, recordsOf(pair, accounts), chunkRecords);
}

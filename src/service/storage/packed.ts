/**
 * Packed records into their table, a whole chunk in one statement: the records are taken apart in SQL, which is twice
 * as fast as a statement a record and the same on every adapter.
 */
import { RECORD_KEY_BYTES, type RecordType } from '../../../protocol/submission.ts';
import type { PartnershipStore } from './partnership.ts';

/** Where the single bytes of a record stand for numbers: `instr` finds a byte's value plus one in this blob. */
const BYTES = `x'${Array.from({ length: 128 }, (_, byte) => byte.toString(16).padStart(2, '0')).join('')}'`;

interface Column {
  readonly name: string;
  readonly bytes: number | 'rest';
  readonly number?: true;
}

const COLUMNS: Readonly<Record<RecordType, readonly Column[]>> = {
  accounts: [
    { name: 'handle', bytes: 16 },
    { name: 'populations', bytes: 1, number: true },
    { name: 'distinguishing', bytes: 1, number: true },
  ],
  tags: [
    { name: 'tag', bytes: 16 },
    { name: 'handle', bytes: 16 },
    { name: 'kind', bytes: 1, number: true },
  ],
  boxes: [
    { name: 'tag', bytes: 16 },
    { name: 'handle', bytes: 16 },
    { name: 'population', bytes: 1, number: true },
    { name: 'box', bytes: 'rest' },
  ],
  wraps: [
    { name: 'tag', bytes: 16 },
    { name: 'handle', bytes: 16 },
    { name: 'wrapped', bytes: 'rest' },
  ],
  fields: [
    { name: 'handle', bytes: 16 },
    { name: 'field', bytes: 1, number: true },
    { name: 'sealed', bytes: 'rest' },
  ],
  names: [
    { name: 'handle', bytes: 16 },
    { name: 'population', bytes: 1, number: true },
    { name: 'sealed', bytes: 'rest' },
  ],
};

/** Of which rows the records become part. */
export interface Generation {
  /** 0 or 1. */
  readonly side: number;
  readonly number: number;
}

/**
 * Inserts the records and gives the number of rows that are new; fewer than the records where a key stands already.
 * Single bytes are below 128, which the caller has checked.
 */
export function insertPacked(
  store: PartnershipStore,
  type: RecordType,
  { side, number }: Generation,
  recordBytes: number,
  records: Uint8Array,
): number {
  const count = records.length / recordBytes;
  if (recordBytes <= RECORD_KEY_BYTES[type] || !Number.isInteger(count)) {
    throw new RangeError(`${records.length} bytes are no whole records of ${recordBytes} bytes`);
  }
  if (count === 0) return 0;
  const columns = COLUMNS[type];
  let offset = 1;
  const parts = columns.map((column) => {
    const bytes = column.bytes === 'rest' ? recordBytes - offset + 1 : column.bytes;
    const part = `substr(?, i * ${recordBytes} + ${offset}, ${bytes})`;
    offset += bytes;
    return column.number ? `instr(${BYTES}, ${part}) - 1` : part;
  });
  // The blob is bound once a column: through a common table expression it would be copied for every record.
  return store.run(
    `insert or ignore into ${type} (side, generation, ${columns.map((column) => column.name).join(', ')})
     with recursive at(i) as (select 0 union all select i + 1 from at where i + 1 < ?)
     select ?, ?, ${parts.join(', ')} from at`,
    count,
    side,
    number,
    ...columns.map(() => records),
  );
}

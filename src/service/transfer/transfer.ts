/**
 * A partnership out of one service and into another, whatever runtime each has: as lines of JSON, with a count and a hash
 * of every table. After both, every record is read once more and compared.
 */
import type { PartnershipId } from '../../../protocol/ids.ts';
import { parsePartnershipId } from '../../../protocol/ids.ts';
import type { DirectoryRows } from './directory.ts';
import {
  type Digest,
  digestOf,
  NOTHING,
  type PortablePage,
  type PortableRow,
  TABLES,
  type Table,
} from './tables.ts';

const FORMAT = 1;

/** Where a partnership is kept. */
export interface Place {
  directory(id: PartnershipId): Promise<DirectoryRows>;
  putDirectory(id: PartnershipId, rows: DirectoryRows): Promise<void>;
  /** Throws while work is left behind there. */
  page(id: PartnershipId, table: Table, after: PortableRow | null): Promise<PortablePage>;
  /** True where nothing of the partnership stands there yet. */
  isFresh(id: PartnershipId): Promise<boolean>;
  put(id: PartnershipId, table: Table, rows: readonly PortableRow[]): Promise<void>;
}

/** How many records were moved. */
export interface Moved {
  readonly partnership: PartnershipId;
  readonly records: number;
}

interface Header {
  readonly commonground: 'partnership';
  readonly format: number;
  readonly partnership: string;
  readonly directory: DirectoryRows;
}

/** Writes the partnership line by line. Throws where it changed meanwhile: nobody must work with it then. */
export async function exportPartnership(
  from: Place,
  id: PartnershipId,
  write: (line: string) => void,
): Promise<Moved> {
  const directory = await from.directory(id);
  if (directory.partnerships.length !== 1) throw new Error('there is no such partnership');
  const header: Header = { commonground: 'partnership', format: FORMAT, partnership: id, directory };
  write(JSON.stringify(header));
  const written = await digests(from, id, (table, rows) => write(JSON.stringify({ table, rows })));
  const again = await digests(from, id, () => undefined);
  if (JSON.stringify(written) !== JSON.stringify(again)) {
    throw new Error('the partnership changed while it was read; stop its agents and try again');
  }
  write(JSON.stringify({ end: true, tables: written }));
  return { partnership: id, records: recordsOf(written, directory) };
}

/** Reads lines of an export into a place that has nothing of the partnership, then compares every record. */
export async function importPartnership(
  to: Place,
  lines: AsyncIterable<string> | Iterable<string>,
): Promise<Moved> {
  let header: Header | null = null;
  let id: PartnershipId | null = null;
  let expected: Record<string, Digest> | null = null;
  for await (const line of lines) {
    if (line === '') continue;
    const read = JSON.parse(line) as Record<string, unknown>;
    if (!header || !id) {
      header = read as unknown as Header;
      id = parsePartnershipId(String(header.partnership));
      if (header.commonground !== 'partnership' || header.format !== FORMAT || !id) {
        throw new Error('this is no export of a partnership');
      }
      if (!(await to.isFresh(id))) throw new Error('the partnership is there already');
      await to.putDirectory(id, header.directory);
    } else if (read.end) {
      expected = read.tables as Record<string, Digest>;
    } else {
      if (!TABLES.includes(read.table as Table))
        throw new Error('the export has a table that is not known here');
      await to.put(id, read.table as Table, read.rows as PortableRow[]);
    }
  }
  if (!header || !id || !expected) throw new Error('the export is cut off');
  const there = await digests(to, id, () => undefined);
  for (const table of TABLES) {
    if (JSON.stringify(there[table]) !== JSON.stringify(expected[table])) {
      throw new Error(`the records of ${table} are not those of the export`);
    }
  }
  const directory = await to.directory(id);
  for (const [table, rows] of Object.entries(header.directory)) {
    const found = new Set(directory[table as keyof DirectoryRows].map((row) => canonical(row)));
    if (!rows.every((row: PortableRow) => found.has(canonical(row)))) {
      throw new Error(`another record of ${table} was there already`);
    }
  }
  return { partnership: id, records: recordsOf(there, header.directory) };
}

async function digests(
  place: Place,
  id: PartnershipId,
  each: (table: Table, rows: readonly PortableRow[]) => void,
): Promise<Record<string, Digest>> {
  const made: Record<string, Digest> = {};
  for (const table of TABLES) {
    let digest = NOTHING;
    let after: PortableRow | null = null;
    do {
      const page: PortablePage = await place.page(id, table, after);
      digest = digestOf(digest, page.rows);
      if (page.rows.length > 0) each(table, page.rows);
      after = page.next;
    } while (after);
    made[table] = digest;
  }
  return made;
}

function canonical(row: PortableRow): string {
  return JSON.stringify(Object.entries(row).sort(([a], [b]) => (a < b ? -1 : 1)));
}

function recordsOf(tables: Readonly<Record<string, Digest>>, directory: DirectoryRows): number {
  const inTables = Object.values(tables).reduce((sum, { rows }) => sum + rows, 0);
  return inTables + Object.values(directory).reduce((sum, rows) => sum + rows.length, 0);
}

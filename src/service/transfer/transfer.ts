/**
 * A partnership out of one service and into another, whatever runtime each has: as lines of JSON, with a count and a hash
 * of every table. After both, every record is read once more and compared. The directory comes last: before it nobody can
 * ask for the partnership, and what an import that fails put in is taken away.
 */
import type { PartnershipId } from '../../../protocol/ids.ts';
import { DIRECTORY_TABLES, type DirectoryRows } from './directory.ts';
import {
  checkFile,
  type Digests,
  differing,
  directoryDigests,
  endLine,
  headerLine,
  type Lines,
  pageLine,
  pagesOf,
} from './file.ts';
import {
  type Digest,
  digestOf,
  NOTHING,
  type PortablePage,
  type PortableRow,
  TABLES,
  type Table,
} from './tables.ts';

/** Which partnership, and where the platform is to keep it. */
export interface Kept {
  readonly id: PartnershipId;
  readonly jurisdiction: string | null;
}

/** Where a partnership is kept. */
export interface Place {
  directory(id: PartnershipId): Promise<DirectoryRows>;
  /** Throws while work is left behind there. */
  page(kept: Kept, table: Table, after: PortableRow | null): Promise<PortablePage>;
  /** Begins an import, in the place of one that failed. Throws where the partnership stands already. */
  begin(kept: Kept): Promise<void>;
  put(kept: Kept, table: Table, rows: readonly PortableRow[]): Promise<void>;
  /** Makes the partnership known. Throws, and changes nothing, where the directory has something else under the same keys. */
  finish(kept: Kept, rows: DirectoryRows): Promise<void>;
  /** Takes away what an import put in that did not finish; what the directory knows stays, and is finished. */
  abandon(kept: Kept): Promise<void>;
}

/** What an import is refused with where the partnership stands. */
export function alreadyThere(id: PartnershipId): Error {
  return new Error(`the partnership ${id} is there already`);
}

/** How many records were moved. */
export interface Moved {
  readonly partnership: PartnershipId;
  readonly records: number;
}

/** Writes the partnership line by line. Throws where it changed meanwhile: nobody must work with it then. */
export async function exportPartnership(
  from: Place,
  id: PartnershipId,
  write: (line: string) => void,
): Promise<Moved> {
  const directory = await from.directory(id);
  if (directory.partnerships.length !== 1) throw new Error(`there is no partnership ${id}`);
  const kept = keptOf(id, directory);
  write(headerLine(id, directory));
  const written = await digests(from, kept, (table, rows) => write(pageLine({ table, rows })));
  const again = await digests(from, kept, () => undefined);
  if (differing(written, again) !== null) {
    throw new Error('the partnership changed while it was read; stop its agents and try again');
  }
  write(endLine(directory, written));
  return { partnership: id, records: recordsOf(written, directory) };
}

/** Reads an export into a place that has nothing of the partnership, and compares every record; all of it or nothing. */
export async function importPartnership(to: Place, lines: Lines): Promise<Moved> {
  const { id, directory, tables } = await checkFile(lines);
  const kept = keptOf(id, directory);
  await to.begin(kept);
  try {
    for await (const { table, rows } of pagesOf(lines)) await to.put(kept, table, rows);
    const changed = differing(await digests(to, kept, () => undefined), tables);
    if (changed !== null)
      throw new Error(`the records of ${changed} came to stand otherwise than in the export`);
    await to.finish(kept, directory);
  } catch (error) {
    // Where that fails too, the next import does it.
    await to.abandon(kept).catch(() => undefined);
    throw error;
  }
  const there = await to.directory(id);
  for (const table of DIRECTORY_TABLES) {
    const found = new Set(there[table].map(canonical));
    if (!directory[table].every((row) => found.has(canonical(row)))) {
      throw new Error(`the records of ${table} came to stand otherwise than in the export`);
    }
  }
  return { partnership: id, records: recordsOf(tables, directory) };
}

function keptOf(id: PartnershipId, directory: DirectoryRows): Kept {
  const jurisdiction = directory.partnerships[0]?.jurisdiction;
  return { id, jurisdiction: typeof jurisdiction === 'string' ? jurisdiction : null };
}

async function digests(
  place: Place,
  kept: Kept,
  each: (table: Table, rows: readonly PortableRow[]) => void,
): Promise<Digests> {
  const made: Record<string, Digest> = {};
  for (const table of TABLES) {
    let digest = NOTHING;
    let after: PortableRow | null = null;
    do {
      const page: PortablePage = await place.page(kept, table, after);
      digest = digestOf(digest, page.rows);
      if (page.rows.length > 0) each(table, page.rows);
      after = page.next;
    } while (after);
    made[table] = digest;
  }
  return made;
}

function canonical(row: PortableRow): string {
  return digestOf(NOTHING, [row]).hash;
}

function recordsOf(tables: Digests, directory: DirectoryRows): number {
  const all = [...Object.values(tables), ...Object.values(directoryDigests(directory))];
  return all.reduce((sum, { rows }) => sum + rows, 0);
}

/** The file of an export: lines of JSON, and what is checked of them before any is put anywhere. */
import { type PartnershipId, parsePartnershipId } from '../../../protocol/ids.ts';
import { checkRows, DIRECTORY_TABLES, type DirectoryRows } from './directory.ts';
import { type Digest, digestOf, NOTHING, type PortableRow, TABLES, type Table } from './tables.ts';

const FORMAT = 1;

/** A count and a hash of every table, by its name. */
export type Digests = Readonly<Record<string, Digest>>;

/** What the file holds beside the partnership's own records. */
export interface Export {
  readonly id: PartnershipId;
  readonly directory: DirectoryRows;
  readonly tables: Digests;
}

/** A page of a table's records. */
export interface Page {
  readonly table: Table;
  readonly rows: readonly PortableRow[];
}

/** Lines of a file, from its beginning each time. */
export type Lines = () => AsyncIterable<string> | Iterable<string>;

/** The first line. */
export function headerLine(id: PartnershipId, directory: DirectoryRows): string {
  return JSON.stringify({ commonground: 'partnership', format: FORMAT, partnership: id, directory });
}

/** The line of a page. */
export function pageLine({ table, rows }: Page): string {
  return JSON.stringify({ table, rows });
}

/** The last line, which tells what all before it came to. */
export function endLine(directory: DirectoryRows, tables: Digests): string {
  return JSON.stringify({ end: true, directory: directoryDigests(directory), tables });
}

export function directoryDigests(directory: DirectoryRows): Digests {
  return Object.fromEntries(DIRECTORY_TABLES.map((table) => [table, digestOf(NOTHING, directory[table])]));
}

/** The name of a table whose records are not the same; null where all are. */
export function differing(one: Digests, other: Digests): string | null {
  const names = new Set([...Object.keys(one), ...Object.keys(other)]);
  const name = [...names].find((table) => {
    const [mine, theirs] = [one[table], other[table]];
    return mine?.rows !== theirs?.rows || mine?.hash !== theirs?.hash;
  });
  return name ?? null;
}

/** Reads the whole file. Throws where a line is missing, changed or none of an export's. */
export async function checkFile(lines: Lines): Promise<Export> {
  const iterator = numbered(lines);
  const { value: first } = await iterator.next();
  const id = parsePartnershipId(String(first?.line.partnership));
  if (first?.line.commonground !== 'partnership' || !id)
    throw new Error('this is no export of a partnership');
  if (first.line.format !== FORMAT) throw new Error('the export is of another version of this program');
  const directory = (first.line.directory ?? {}) as DirectoryRows;
  if (!DIRECTORY_TABLES.every((table) => Array.isArray(directory[table]))) {
    throw new Error('the first line of the export is not whole: make the export again');
  }
  const found: Record<string, Digest> = Object.fromEntries(TABLES.map((table) => [table, NOTHING]));
  let end: Record<string, unknown> | null = null;
  for await (const { line, number } of iterator) {
    if (end) throw new Error(`the export goes on behind its end, in line ${number}`);
    if (line.end === true) end = line;
    else {
      const { table, rows } = pageOf(line, number);
      found[table] = digestOf(found[table] ?? NOTHING, rows);
    }
  }
  const { directory: told, tables } = end ?? {};
  if (!isDigests(told) || !isDigests(tables)) throw new Error('the export is cut off: make it again');
  const changed = differing(directoryDigests(directory), told) ?? differing(found, tables);
  if (changed !== null)
    throw new Error(`records of ${changed} were changed or are missing: make the export again`);
  checkRows(id, directory);
  return { id, directory, tables: found };
}

function isDigests(value: unknown): value is Digests {
  return typeof value === 'object' && value !== null;
}

/** The pages of a file that was checked. */
export async function* pagesOf(lines: Lines): AsyncIterable<Page> {
  for await (const { line, number } of numbered(lines)) {
    if ('table' in line) yield pageOf(line, number);
  }
}

function pageOf(line: Readonly<Record<string, unknown>>, number: number): Page {
  const { table, rows } = line;
  if (!TABLES.includes(table as Table) || !Array.isArray(rows)) {
    throw new Error(`line ${number} of the export is not known to this version of the program`);
  }
  return { table: table as Table, rows: rows as PortableRow[] };
}

async function* numbered(lines: Lines) {
  let number = 0;
  for await (const text of lines()) {
    number++;
    if (text !== '') yield { line: parsed(text, number), number };
  }
}

function parsed(text: string, number: number): Record<string, unknown> {
  try {
    const line: unknown = JSON.parse(text);
    if (typeof line === 'object' && line !== null) return line as Record<string, unknown>;
  } catch {
    // Told below.
  }
  throw new Error(`line ${number} of the export is cut off or no JSON`);
}

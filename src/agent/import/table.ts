/** Reads a delimited file (CSV, TSV and their kin) as a stream of rows. The only importer of csv-parse. */
import { pipeline } from 'node:stream';
import { CsvError, parse } from 'csv-parse';
import { ImportError } from './errors.ts';
import { decodeText, detectEncoding, fileBytes, type TextEncoding } from './text.ts';

/** The longest cell that is read, in UTF-16 units: the longest text field that Salesforce has. */
export const MAX_CELL_CHARS = 131_072;

/** The longest record, in bytes of UTF-8: the bound of memory where a quote is never closed. */
const MAX_RECORD_BYTES = 8 * 1024 * 1024;

/** The longest header line that is looked at for the delimiter, in UTF-16 units. */
const MAX_HEADER_CHARS = 262_144;

const DELIMITERS = [',', ';', '\t', '|'];

/** A row of the file with the line, from 1, that it begins on; or why it was left out. */
export type TableRow =
  | { readonly line: number; readonly cells: readonly string[] }
  | { readonly line: number; readonly rejected: string };

/** A delimited file. `rows` reads the file anew, as a stream, each time that it is iterated. */
export interface Table {
  /** Header cells, trimmed; an empty one is called `column N`. */
  readonly columns: readonly string[];
  readonly encoding: TextEncoding;
  readonly delimiter: string;
  readonly rows: AsyncIterable<TableRow>;
}

/**
 * Opens a delimited file. The encoding is detected (see `detectEncoding`), the delimiter too, from the header,
 * unless given: comma, semicolon, tab or pipe (`tab` may be given by name). Rows with a wrong number of cells, a zero byte
 * or a cell above `MAX_CELL_CHARS` are rejected, rows without any content skipped; cells are otherwise as they stand.
 * Throws `ImportError`, as do the rows while they are iterated.
 */
export async function readTable(path: string, options: { delimiter?: string } = {}): Promise<Table> {
  const encoding = await detectEncoding(fileBytes(path));
  const start = await tableStart(fileBytes(path), encoding, options.delimiter);
  return {
    columns: start.columns,
    encoding,
    delimiter: start.delimiter,
    rows: {
      [Symbol.asyncIterator]: () => tableRows(fileBytes(path), encoding, start)[Symbol.asyncIterator](),
    },
  };
}

/** What the beginning of a table tells; `skip` is 1 where a spreadsheet's `sep=;` line goes before the header. */
export interface TableStart {
  readonly columns: readonly string[];
  readonly delimiter: string;
  readonly skip: 0 | 1;
}

/** Reads as far as the header. Throws `empty`, `bad_delimiter` and `bad_header`. */
export async function tableStart(
  bytes: AsyncIterable<Uint8Array>,
  encoding: TextEncoding,
  given?: string,
): Promise<TableStart> {
  const head = await headText(decodeText(bytes, encoding));
  const declared = /^"?sep=([^\n])"?\n/i.exec(head);
  const skip = declared === null ? 0 : 1;
  const text = declared === null ? head : head.slice(declared[0].length);
  const delimiter = given === undefined ? (declared?.[1] ?? detectDelimiter(text)) : givenDelimiter(given);
  for await (const { cells, line } of records(once(text), delimiter, skip)) {
    return { columns: checkedColumns(cells, line), delimiter, skip };
  }
  throw new ImportError('empty', 'the file has no header line', 'The first line must name the columns.');
}

/** The rows after the header. Only as much is read ahead as a few chunks of the bytes hold. */
export async function* tableRows(
  bytes: AsyncIterable<Uint8Array>,
  encoding: TextEncoding,
  start: TableStart,
): AsyncGenerator<TableRow> {
  let header = true;
  const text = start.skip === 1 ? withoutFirstLine(decodeText(bytes, encoding)) : decodeText(bytes, encoding);
  for await (const { cells, line, raw } of records(text, start.delimiter, start.skip)) {
    if (header) {
      header = false;
      continue;
    }
    if (cells.every((cell) => cell.trim() === '')) continue;
    const rejected = rejection(cells, raw, start.columns);
    yield rejected === null ? { line, cells } : { line, rejected };
  }
}

function rejection(cells: readonly string[], raw: string, columns: readonly string[]): string | null {
  if (cells.some((cell) => swallowed(cell, raw)))
    return 'a quote is opened and not closed before the line ends';
  if (cells.length !== columns.length) {
    return `${cells.length} cells where the header has ${columns.length}`;
  }
  if (cells.some((cell) => cell.includes('\0'))) return 'a cell has a zero byte';
  const long = cells.findIndex((cell) => cell.length > MAX_CELL_CHARS);
  if (long === -1) return null;
  return `the cell of "${columns[long]}" has ${cells[long]?.length} characters, more than ${MAX_CELL_CHARS}`;
}

/**
 * True for a cell that ran into following lines because its closing quote is missing. The parser keeps a misplaced
 * quote as text, which is right for `"Acme" Ltd`; such a cell is not quoted in the file the way it would have to be.
 */
function swallowed(cell: string, raw: string): boolean {
  return cell.startsWith('"') && cell.includes('\n') && !raw.includes(`"${cell.replaceAll('"', '""')}"`);
}

interface ParsedRecord {
  readonly line: number;
  readonly cells: readonly string[];
  /** The record as it stands in the file, with its quotes. */
  readonly raw: string;
}

async function* records(
  text: AsyncIterable<string>,
  delimiter: string,
  skippedLines: number,
): AsyncGenerator<ParsedRecord> {
  const parser = parse({
    delimiter,
    record_delimiter: '\n',
    info: true,
    raw: true,
    ltrim: true,
    relax_quotes: true,
    relax_column_count: true,
    skip_empty_lines: true,
    max_record_size: MAX_RECORD_BYTES,
  });
  // The callback may stay empty: pipeline destroys the parser with the error, and the loop below throws it.
  pipeline(text, parser, () => {});
  let lastLine = skippedLines;
  try {
    for await (const parsed of parser) {
      const { info, record, raw } = parsed as { info: { lines: number }; record: string[]; raw: string };
      const breaks = record.reduce((sum, cell) => sum + newlines(cell), 0);
      lastLine = skippedLines + info.lines;
      yield { line: lastLine - breaks, cells: record, raw };
    }
  } catch (error) {
    throw error instanceof CsvError ? unreadable(error, lastLine + 1) : error;
  }
}

function unreadable(error: CsvError, line: number): ImportError {
  const hint = `Look for a quote without its pair from line ${line} on.`;
  if (error.code === 'CSV_QUOTE_NOT_CLOSED') {
    return new ImportError('quote_not_closed', `a quote is open at the file's end`, hint, line, error);
  }
  if (error.code === 'CSV_MAX_RECORD_SIZE') {
    return new ImportError(
      'record_too_long',
      `a row has more than ${MAX_RECORD_BYTES} bytes`,
      hint,
      line,
      error,
    );
  }
  throw error;
}

function newlines(cell: string): number {
  let count = 0;
  for (let at = cell.indexOf('\n'); at !== -1; at = cell.indexOf('\n', at + 1)) count++;
  return count;
}

/** The text up to the end of the first line with content, quoted line ends not counted. */
async function headText(text: AsyncIterable<string>): Promise<string> {
  let head = '';
  for await (const part of text) {
    head += part;
    const blank = head.length - head.trimStart().length;
    const end = headerEnd(head, blank, /^"?sep=/i.test(head) ? 2 : 1);
    if (end !== -1) return head.slice(0, end);
    if (head.length > MAX_HEADER_CHARS) {
      const hint = 'The first line must name the columns; look for a quote without its pair in it.';
      throw new ImportError('bad_header', 'the header line does not end', hint, 1);
    }
  }
  return head;
}

function headerEnd(text: string, from: number, lines: number): number {
  let quoted = false;
  let left = lines;
  for (let at = from; at < text.length; at++) {
    if (text[at] === '"') quoted = !quoted;
    else if (text[at] === '\n' && !quoted && --left === 0) return at + 1;
  }
  return -1;
}

/** The candidate that stands most often outside quotes; a comma where there is none. */
function detectDelimiter(header: string): string {
  const outside = header.replace(/"[^"]*"/g, '');
  let best = ',';
  for (const candidate of DELIMITERS) {
    if (outside.split(candidate).length > outside.split(best).length) best = candidate;
  }
  return best;
}

function givenDelimiter(given: string): string {
  const delimiter = given === 'tab' || given === '\\t' ? '\t' : given;
  if (/^[^"\r\n]$/.test(delimiter)) return delimiter;
  const message = `"${given}" is not a delimiter`;
  throw new ImportError('bad_delimiter', message, 'Give one character, or "tab".');
}

function checkedColumns(cells: readonly string[], line: number): string[] {
  const columns = cells.map((cell, i) => cell.trim().replace(/\s+/g, ' ') || `column ${i + 1}`);
  if (cells.every((cell) => cell.trim() === '')) {
    throw new ImportError(
      'bad_header',
      'no column has a name',
      'The first line must name the columns.',
      line,
    );
  }
  const seen = new Set<string>();
  const twice = columns.filter((column) => {
    const key = column.toLowerCase();
    if (seen.has(key)) return true;
    seen.add(key);
    return false;
  });
  if (twice.length > 0) {
    const names = [...new Set(twice)].map((name) => `"${name}"`).join(', ');
    const hint = 'Rename or remove the duplicated columns.';
    throw new ImportError('bad_header', `columns stand more than once: ${names}`, hint, line);
  }
  return columns;
}

async function* once(text: string): AsyncGenerator<string> {
  if (text !== '') yield text;
}

async function* withoutFirstLine(text: AsyncIterable<string>): AsyncGenerator<string> {
  let head: string | null = '';
  for await (const part of text) {
    if (head === null) {
      yield part;
      continue;
    }
    head += part;
    const end = head.indexOf('\n');
    if (end === -1) continue;
    yield head.slice(end + 1);
    head = null;
  }
}

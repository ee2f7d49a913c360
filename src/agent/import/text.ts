/** From the bytes of an exported file to text: which encoding it has, and decoding it as a stream. */
import { createReadStream } from 'node:fs';
import { concat } from '../../../protocol/bytes.ts';
import { ImportError } from './errors.ts';

/** The encodings that CRM and spreadsheet exports come in, by their WHATWG names. */
export type TextEncoding = 'utf-8' | 'utf-16le' | 'utf-16be' | 'windows-1252';

const EXPORT_HINT = 'Export the list as CSV in UTF-8; a workbook (.xlsx) cannot be read.';

/** Where zero bytes show a binary file, or UTF-16 without its mark; one further on is a slip in a single row. */
const HEAD_BYTES = 512;

/** Small, so that the rows parsed from one chunk are used before the garbage collector takes them for long-lived. */
const READ_BYTES = 8192;

/** The file's bytes, a chunk at a time; every call opens the file anew. Throws `not_readable`. */
export async function* fileBytes(path: string): AsyncGenerator<Uint8Array> {
  try {
    for await (const chunk of createReadStream(path, { highWaterMark: READ_BYTES }))
      yield chunk as Uint8Array;
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new ImportError('not_readable', `${path} cannot be read: ${why}`, 'Check the path.', 0, cause);
  }
}

/**
 * Tells the encoding: a byte order mark decides; else UTF-8 if the whole file is valid UTF-8, else Windows-1252.
 * Validity cannot be told from the first bytes, so this reads the bytes to their end unless there is a mark.
 * Throws `empty` for no bytes at all and `not_text` for a workbook or another binary file.
 */
export async function detectEncoding(bytes: AsyncIterable<Uint8Array>): Promise<TextEncoding> {
  const utf8 = new TextDecoder('utf-8', { fatal: true });
  let head: Uint8Array | null = new Uint8Array(0);
  let valid = true;
  let seen = 0;
  for await (const chunk of bytes) {
    let part = chunk;
    if (head !== null) {
      part = concat(head, chunk);
      head = part.length < 2 ? part : null;
      if (head !== null) continue;
      const marked = byteOrderMark(part);
      if (marked !== null) return marked;
    }
    if (seen < HEAD_BYTES) refuseBinary(part.subarray(0, HEAD_BYTES - seen));
    seen += part.length;
    valid = valid && decodes(utf8, part);
  }
  if (head?.length === 0) throw new ImportError('empty', 'the file is empty', EXPORT_HINT);
  if (head !== null) valid = decodes(utf8, head);
  return valid && decodes(utf8) ? 'utf-8' : 'windows-1252';
}

function byteOrderMark(head: Uint8Array): TextEncoding | null {
  if (head[0] === 0xff && head[1] === 0xfe) return 'utf-16le';
  if (head[0] === 0xfe && head[1] === 0xff) return 'utf-16be';
  return null;
}

function refuseBinary(head: Uint8Array): void {
  if (head.includes(0)) {
    throw new ImportError('not_text', 'the file is not text: it begins with zero bytes', EXPORT_HINT);
  }
}

function decodes(decoder: TextDecoder, chunk?: Uint8Array): boolean {
  try {
    decoder.decode(chunk, { stream: chunk !== undefined });
    return true;
  } catch {
    return false;
  }
}

/**
 * Decodes the bytes, without a byte order mark and with every line end (CR LF, lone CR) as one LF: so files that
 * mix line ends parse, and line numbers are those of an editor. Throws `not_text` where the bytes are not in the
 * encoding, which after `detectEncoding` means that the file changed meanwhile.
 */
export async function* decodeText(
  bytes: AsyncIterable<Uint8Array>,
  encoding: TextEncoding,
): AsyncGenerator<string> {
  const decoder = new TextDecoder(encoding, { fatal: encoding === 'utf-8' });
  let held = '';
  for await (const chunk of bytes) {
    let text = held + decoded(decoder, chunk);
    // A CR at the very end may be half of a CR LF.
    held = text.endsWith('\r') ? '\r' : '';
    if (held !== '') text = text.slice(0, -1);
    if (text !== '') yield text.replace(/\r\n?/g, '\n');
  }
  const rest = (held + decoded(decoder)).replace(/\r\n?/g, '\n');
  if (rest !== '') yield rest;
}

function decoded(decoder: TextDecoder, chunk?: Uint8Array): string {
  try {
    return decoder.decode(chunk, { stream: chunk !== undefined });
  } catch (cause) {
    throw new ImportError('not_text', 'the file is not valid UTF-8 any more', 'Import it again.', 0, cause);
  }
}

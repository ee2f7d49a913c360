/** What stops an import as a whole. A single bad row never does: it is handed on as a rejected row. */

/**
 * Reasons of an `ImportError`. `not_readable`: the file cannot be opened or read; `not_text`: binary or wrongly
 * encoded; `empty`: nothing in it; `bad_delimiter`; `bad_header`: no usable or duplicated column names;
 * `quote_not_closed` and `record_too_long`: the rest of the file cannot be told apart into rows; `bad_map`: a
 * `--map` that fits no column, no meaning or another `--map`; `no_identity`: no column names the company;
 * `no_account`: opportunities without the id of their account.
 */
export type ImportErrorCode =
  | 'not_readable'
  | 'not_text'
  | 'empty'
  | 'bad_delimiter'
  | 'bad_header'
  | 'quote_not_closed'
  | 'record_too_long'
  | 'bad_map'
  | 'no_identity'
  | 'no_account';

/**
 * A file that cannot be imported. Thrown on opening, or by an iterator half way: then nothing that it gave
 * before may be kept, because the file was not read to its end.
 */
export class ImportError extends Error {
  readonly code: ImportErrorCode;
  /** The line of the file, from 1, or 0 where the error is about the file as a whole. */
  readonly line: number;
  /** What the user can do about it, one sentence. */
  readonly hint: string;

  constructor(code: ImportErrorCode, message: string, hint: string, line = 0, cause?: unknown) {
    super(message, { cause });
    this.name = 'ImportError';
    this.code = code;
    this.line = line;
    this.hint = hint;
  }
}

/** Reads the files of a tuning. Every mistake is told with the line that it stands on, all of them at once. */
import { readFileSync } from 'node:fs';
import { normaliseDomain } from '../../../protocol/identifiers/domain.ts';
import { readTable } from '../import/table.ts';
import { Problem } from '../problem.ts';
import { type Alias, type Exclusions, nameValues } from './tuning.ts';

/** At most so many lines a file: a list of exceptions, not another list of accounts. */
const MAX_LINES = 20_000;
const MAX_TOLD = 10;

class Mistakes {
  readonly #found: string[] = [];
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
  }

  add(line: number, what: string): void {
    this.#found.push(`line ${line}: ${what}`);
  }

  /** Throws `bad_input` where there are any. */
  tell(hint: string): void {
    if (this.#found.length === 0) return;
    const more = this.#found.length - MAX_TOLD;
    const told = [...this.#found.slice(0, MAX_TOLD), ...(more > 0 ? [`and ${more} more`] : [])];
    throw new Problem('bad_input', `${this.#path}: ${told.join('; ')}`, hint);
  }
}

const ALIAS_HINT =
  'write CSV with the columns name, alias and domain: "Google,Alphabet Inc,abc.xyz"; several in one cell are separated by ;';

/** An alias file: CSV with the columns `name`, and `alias` or `domain` or both. Throws `bad_input`, `ImportError`. */
export async function readAliases(path: string): Promise<Alias[]> {
  const { columns, rows } = await readTable(path);
  const at = (name: string) => columns.findIndex((column) => column.toLowerCase() === name);
  const [name, alias, domain] = [at('name'), at('alias'), at('domain')];
  if (name === -1 || (alias === -1 && domain === -1))
    throw new Problem(
      'bad_input',
      `${path}: line 1: the columns name, and alias or domain, are not there`,
      ALIAS_HINT,
    );
  const mistakes = new Mistakes(path);
  const aliases: Alias[] = [];
  for await (const row of rows) {
    if ('rejected' in row) {
      mistakes.add(row.line, row.rejected);
      continue;
    }
    const list = (column: number) =>
      (row.cells[column] ?? '').split(/[;|\n]+/).flatMap((part) => (part.trim() === '' ? [] : [part.trim()]));
    const entry = { name: row.cells[name]?.trim() ?? '', names: list(alias), domains: list(domain) };
    const wrong = aliasMistake(entry);
    if (wrong !== null) mistakes.add(row.line, wrong);
    aliases.push(entry);
    if (aliases.length > MAX_LINES) {
      mistakes.add(row.line, `more than ${MAX_LINES} aliases`);
      break;
    }
  }
  mistakes.tell(ALIAS_HINT);
  return aliases;
}

function aliasMistake({ name, names, domains }: Alias): string | null {
  if (nameValues(name).length === 0) return `"${name}" is no company's name`;
  if (names.length + domains.length === 0) return 'neither an alias nor a domain';
  const empty = names.find((other) => nameValues(other).length === 0);
  if (empty !== undefined) return `"${empty}" is no company's name`;
  for (const domain of domains) {
    const value = normaliseDomain(domain);
    if (!value.ok) return `${domain} cannot be a company's domain (${value.reason.replaceAll('_', ' ')})`;
  }
  return null;
}

const EXCLUDE_HINT =
  'write one a line: a domain, "name: Acme Ltd" or "record: 0018d00000OrL5e"; # begins a comment';

/**
 * An exclude file: a domain a line, or `domain:`, `name:` or `record:` and what it names. Domains come back normalised.
 * Throws `bad_input`.
 */
export function readExclusions(path: string): Exclusions {
  const mistakes = new Mistakes(path);
  const found = { records: new Set<string>(), domains: new Set<string>(), names: new Set<string>() };
  for (const { line, text } of lines(path, mistakes)) {
    const [, said, rest] = /^(record|domain|name)\s*:\s*(.*)$/i.exec(text) ?? [];
    const value = rest ?? text;
    switch (said?.toLowerCase()) {
      case 'record':
        if (value === '') mistakes.add(line, 'no record id');
        else found.records.add(value);
        break;
      case 'name':
        if (nameValues(value).length === 0) mistakes.add(line, `"${value}" is no company's name`);
        else found.names.add(value);
        break;
      default: {
        const domain = normaliseDomain(value);
        if (domain.ok) found.domains.add(domain.value);
        else mistakes.add(line, `"${value}" is no company's domain; for a name or a record id say which`);
      }
    }
  }
  mistakes.tell(EXCLUDE_HINT);
  return { records: [...found.records], domains: [...found.domains], names: [...found.names] };
}

/** A file of stop words: a word or phrase a line. Throws `bad_input`. */
export function readStopWords(path: string): string[] {
  const mistakes = new Mistakes(path);
  const words = new Set<string>();
  for (const { line, text } of lines(path, mistakes)) {
    if (/[\p{L}\p{N}]/u.test(text) && !/[,;|]/.test(text)) words.add(text);
    else mistakes.add(line, `"${text}" is not one word or phrase`);
  }
  mistakes.tell('write one word or phrase a line; # begins a comment');
  return [...words];
}

function lines(path: string, mistakes: Mistakes): { line: number; text: string }[] {
  let content: string;
  try {
    content = new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(path));
  } catch (cause) {
    const why = cause instanceof TypeError ? 'it is not text in UTF-8' : 'check the path and its permissions';
    throw new Problem('bad_input', `cannot read ${path}`, why);
  }
  const all = content.split(/\r\n|\r|\n/).flatMap((raw, i) => {
    const text = raw.replace(/^\s*#.*$|\s#.*$/, '').trim();
    return text === '' ? [] : [{ line: i + 1, text }];
  });
  const beyond = all[MAX_LINES];
  if (beyond) mistakes.add(beyond.line, `more than ${MAX_LINES} entries`);
  return all.slice(0, MAX_LINES);
}

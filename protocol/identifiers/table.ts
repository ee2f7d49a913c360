/**
 * Reads a data table: entries are separated by white space or, with `'lines'`, by line ends; a line that
 * starts with `#` is a comment. The canonical form that `NORMALISER_DATA` hashes is the entries sorted
 * and joined by line feeds.
 */
export function table(text: string, separator: 'words' | 'lines' = 'words'): ReadonlySet<string> {
  const entries = new Set<string>();
  for (const line of text.split('\n').map((part) => part.trim())) {
    if (line === '' || line.startsWith('#')) continue;
    for (const entry of separator === 'lines' ? [line] : line.split(/ +/)) entries.add(entry);
  }
  return entries;
}

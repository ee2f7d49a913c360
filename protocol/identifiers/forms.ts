import { fold, words } from './fold.ts';

/** Words between a name and a former, other or trading one; each stands alone. */
const MARKERS = [
  'd/b/a',
  'd\\.b\\.a\\.?',
  'dba',
  't/a',
  'o/a',
  'f/k/a',
  'fka',
  'n/k/a',
  'nka',
  'a/k/a',
  'aka',
  'doing business as',
  'trading as',
  'operating as',
  '(?:also|formerly|previously|now) known as',
  'formerly',
  'previously',
  'vormals',
  'ehemals',
  'firmierend als',
  'anciennement',
  'antes conocida como',
  'anteriormente',
  'già denominata',
  'voorheen',
  'dawniej',
  'tidigare',
  'ранее',
  'бывш(?:ее|ий|ая)',
];
/** Words that mark a name only directly behind a parenthesis or comma: "(now Acme)", "(ex-Acme)". */
const BRACKETED = ['now', 'ex', 'previous', 'former', 'was', 'jetzt', 'früher', 'antes', 'già', 'ex-'];
const MARKER = new RegExp(
  `[,;([–-]?\\s*(?<![\\p{L}\\p{N}])(?:${MARKERS.join('|')}|(?<=[([,;]\\s*)(?:${BRACKETED.join('|')}))(?![\\p{L}\\p{N}])[:\\s]*`,
  'giu',
);
/** ", a Microsoft company", "(a division of Acme)": whose the company is. */
const PARENT =
  /\s*[,(–-]\s*(?:an?\s+[^,()]{2,40}\s(?:company|brand|business)|(?:an?\s+)?(?:division|subsidiary|brand|member|part) of\s[^()]*)\)?$/iu;
/** Without an `and`: initials skip it. */
const CONNECTORS = new Set(
  'and und et y e of the de la du del des di da do dos van von der fur for'.split(' '),
);

/**
 * The names that one text gives, as it spells them, the main one first: what stands behind "formerly", "d/b/a" and the
 * like is a name of its own, and so is an acronym in parentheses that the name explains.
 */
export function nameForms(raw: string): string[] {
  if (raw.length > 1000) return [raw];
  const forms: string[] = [];
  let tail = '';
  for (const [i, part] of raw.split(MARKER).entries()) {
    // A parenthesis that opened before the marker closes in this part: what follows it belongs to the main name.
    const close = i === 0 ? -1 : part.search(/[)\]]/);
    const opened = close >= 0 && !/[([]/.test(part.slice(0, close));
    if (opened) tail += ` ${part.slice(close + 1)}`;
    forms.push((opened ? part.slice(0, close) : part).trim());
  }
  const main = `${forms[0] ?? ''}${tail}`.trim().replace(PARENT, '');
  const found = [main, ...forms.slice(1)].filter((form) => /[\p{L}\p{N}]/u.test(form));
  const acronym = explained(main);
  if (acronym !== null) found.push(acronym);
  return found.length > 0 ? found : [raw];
}

/** The acronym in parentheses that consists of the name's initials, or the name in parentheses that explains an acronym. */
function explained(name: string): string | null {
  const match = /^([^()]+)\(([^()]+)\)/.exec(name);
  const [before, inside] = [match?.[1]?.trim() ?? '', match?.[2]?.trim() ?? ''];
  return isAcronym(inside, before) || isAcronym(before, inside) ? inside : null;
}

/** True if the short text is one word of three or more letters, the initials of the long one's words. */
export function isAcronym(short: string, long: string): boolean {
  const letters = words(fold(short)).join('');
  if (letters.length < 3 || /\s/.test(short.trim())) return false;
  const list = words(fold(long));
  const initials = (chosen: readonly string[]) => chosen.map((word) => word.charAt(0)).join('');
  if (list.length < 3) return false;
  const bare = list.filter((word) => !CONNECTORS.has(word));
  return [initials(list), initials(bare)].some(
    (text) => text === letters || (letters.length > 3 && text.startsWith(letters)),
  );
}

/** Letters that have no canonical decomposition but are written as plain Latin ones. */
const LETTERS: Readonly<Record<string, string>> = {
  ß: 'ss',
  æ: 'ae',
  œ: 'oe',
  ø: 'o',
  đ: 'd',
  ð: 'd',
  þ: 'th',
  ł: 'l',
  ħ: 'h',
  ı: 'i',
  ŧ: 't',
  ς: 'σ',
};

/** Apostrophes, and characters that are not seen (soft hyphen, joiners, variation selectors). */
const DROPPED = /['`´‘’‛′ʹʻʼʽ\p{Default_Ignorable_Code_Point}]/gu;

/** Without the controls, some of which are not seen. */
const ASCII = /^[\t\n\r -~]*$/;

/**
 * The text in lower case, NFKC, without apostrophes, invisible characters and the diacritics of Latin, Greek and
 * Cyrillic letters (U+0300 to U+036F only: marks of other scripts carry meaning). Punctuation stays.
 */
export function fold(raw: string): string {
  // Most texts: the steps below leave nothing else of them.
  if (ASCII.test(raw)) return raw.replace(/['`]/g, '').toLowerCase();
  return (
    raw
      // Before NFKC, which turns an acute accent that stands alone into a space and a mark.
      .replace(DROPPED, '')
      .normalize('NFKC')
      .toLowerCase()
      .normalize('NFKD')
      .replace(DROPPED, '')
      .replace(/[\u0300-\u036f]/g, '')
      .replace(/[ßæœøđðþłħıŧς]/g, (letter) => LETTERS[letter] ?? letter)
      .normalize('NFKC')
  );
}

/** A letter or digit of any script: what makes a word one. */
export const LETTER = /[\p{L}\p{N}]/u;

/**
 * The words of a folded text: `&` and `+` are the word "and", dotted acronyms are joined (u.s. is us, s.p.a. is spa),
 * everything but letters, marks and digits separates.
 */
export function words(folded: string): string[] {
  return folded
    .replace(/(?<![\p{L}\p{M}\p{N}])\p{L}(?:\.\p{L})+(?![\p{L}\p{M}\p{N}])/gu, (acronym) =>
      acronym.replaceAll('.', ''),
    )
    .replace(/[&+]/g, ' and ')
    .split(/[^\p{L}\p{M}\p{N}]+/u)
    .filter((part) => LETTER.test(part));
}

/** The words with every run of single Latin letters as one word (a o smith is ao smith). */
export function joinInitials(list: readonly string[]): string[] {
  const joined: string[] = [];
  let single = false;
  for (const word of list) {
    const letter = /^[a-z]$/.test(word);
    if (letter && single) joined.push(`${joined.pop()}${word}`);
    else joined.push(word);
    single = letter;
  }
  return joined;
}

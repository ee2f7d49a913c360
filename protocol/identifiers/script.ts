import anyAscii from 'any-ascii';

/** Alphabets whose letters each have a Latin value, so that both sides write the same. */
const ALPHABET = /[\p{Script=Cyrillic}\p{Script=Greek}\p{Script=Armenian}\p{Script=Georgian}]/u;
/** Scripts that are romanised for comparison only: several words may sound the same. */
const SYLLABLES = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}ー]/u;
const PLAIN = /^[a-z0-9]*$/;

/** A folded word with Cyrillic, Greek, Armenian and Georgian letters in Latin ones; others as they are. */
export function romanise(word: string): string {
  return PLAIN.test(word) || !ALPHABET.test(word) ? word : latin(word);
}

/** The same for Chinese characters, Kana and Hangul, too. */
export function romaniseAll(word: string): string {
  return !PLAIN.test(word) && (ALPHABET.test(word) || SYLLABLES.test(word)) ? latin(word) : word;
}

/** Keeps the word where nothing of it can be written in Latin letters, though a mark may be left. */
function latin(word: string): string {
  const ascii = word.replace(/[\p{L}\p{N}]/gu, (letter) =>
    anyAscii(letter)
      .toLowerCase()
      .replace(/[^a-z0-9]/g, ''),
  );
  return /[a-z0-9]/.test(ascii) ? ascii : word;
}

/** Words that two people read to each other: 11 bits each, from the English list of BIP 39. */
import { wordlist } from '@scure/bip39/wordlists/english.js';

export const PHRASE_WORDS = 4;

/** The first 44 bits of a digest as four words. */
export function wordsOf(digest: Uint8Array): string {
  const bits = [...digest.subarray(0, 6)].map((byte) => byte.toString(2).padStart(8, '0')).join('');
  const words = Array.from(
    { length: PHRASE_WORDS },
    (_, i) => wordlist[Number.parseInt(bits.slice(11 * i, 11 * i + 11), 2)],
  );
  return words.join(' ');
}

/** Words as a person types them, in canonical form; null where one is not of the list (a typing error, no attack). */
export function parsePhrase(typed: string): string | null {
  const words = typed
    .trim()
    .toLowerCase()
    .split(/[\s,-]+/);
  return words.length === PHRASE_WORDS && words.every((word) => wordlist.includes(word))
    ? words.join(' ')
    : null;
}

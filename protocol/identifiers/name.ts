import { utf8 } from '../bytes.ts';
import { ok, type Result, refuse } from '../result.ts';
import { fold, joinInitials, LETTER, words } from './fold.ts';
import { LEGAL_FORMS } from './legal-forms.ts';

/** Why a raw value gives no name. */
export type NameProblem = 'empty' | 'nothing_left' | 'too_long';

/** The longest name in UTF-8 bytes; a longer text is no company's name and is refused, not cut. */
const MAX_NAME_BYTES = 200;
/** The longest raw text in UTF-16 code units, so that no input takes long. */
const MAX_RAW_LENGTH = 1000;

const END = phrases('end');
const START = phrases('start');
const LISTING = phrases('listing');
/** Longest first, so that the affix within an affix is not the one removed. */
const AFFIXES = [...phrases('affix')].sort().sort((a, b) => b.length - a.length);
const LONGEST_PHRASE = 5;

/** A registrant's state or country tag: "/DE/", "\\DE\\", without a closing slash after two or more words. */
const TAG = /[/\\] *[a-z]{2,3} *([/\\]?)$/;
/** One-letter signs for a legal form, as NFKC opens them. */
const SIGNS: readonly (readonly [RegExp, string])[] = [
  [/\(株\)/g, '株式会社'],
  [/\(有\)/g, '有限会社'],
  [/\(주\)/g, '주식회사'],
];

/**
 * A company's name without what lists spell differently: case, diacritics, punctuation, articles, legal
 * forms and the description of a listed security. Idempotent. See spec/normaliser.md.
 */
export function normaliseName(raw: string): Result<string, NameProblem> {
  const text = raw.trim();
  if (text === '') return refuse('empty');
  if (text.length > MAX_RAW_LENGTH) return refuse('too_long');
  let folded = fold(text).trim();
  for (const [sign, form] of SIGNS) folded = folded.replace(sign, form);
  const plain = words(withoutTag(folded.replace(/\([^()]*\)/g, ' ').trim()));
  const all = plain.length > 0 ? plain : words(folded);
  if (all.length === 0) return refuse('nothing_left');
  const value = strip(all).join(' ');
  return utf8(value).length > MAX_NAME_BYTES ? refuse('too_long') : ok(value);
}

function withoutTag(folded: string): string {
  const tag = TAG.exec(folded);
  if (tag === null) return folded;
  const rest = folded.slice(0, tag.index);
  return rest !== '' && (tag[1] !== '' || /\S\s+\S/.test(rest)) ? rest : folded;
}

/** Removes what does not tell companies apart until nothing more can go; at least one word stays. */
function strip(all: readonly string[]): string[] {
  let rest = [...all];
  for (;;) {
    const shorter = withoutAffix(withoutEnd(withoutClass(withoutListing(withoutStart(joinInitials(rest))))));
    if (shorter.join(' ') === rest.join(' ')) return rest;
    rest = shorter;
  }
}

function withoutStart(list: string[]): string[] {
  const length = list[0] === 'the' ? 1 : phraseAt(list, 0, START);
  return length < list.length ? list.slice(length) : list;
}

function withoutListing(list: string[]): string[] {
  for (let i = 1; i < list.length; i++) if (phraseAt(list, i, LISTING) > 0) return list.slice(0, i);
  return list;
}

/** "… class a", "… series b" */
function withoutClass(list: string[]): string[] {
  const [word, mark] = list.slice(-2);
  const found = (word === 'class' || word === 'series') && /^[a-z0-9]$/.test(mark ?? '');
  return found && list.length > 2 ? list.slice(0, -2) : list;
}

function withoutEnd(list: string[]): string[] {
  if (list.length > 1 && list.at(-1) === 'the') return list.slice(0, -1);
  for (let length = Math.min(LONGEST_PHRASE, list.length - 1); length > 0; length--) {
    const start = list.length - length;
    if (!END.has(list.slice(start).join(' '))) continue;
    if (list[start - 1] !== 'and') return list.slice(0, start);
    if (list[start] !== 'co' && list[start] !== 'company') return list;
    // "and co" is part of a one-word name (Merck & Co. is not Merck KGaA) and noise after a longer one.
    return start > 2 ? list.slice(0, start - 1) : [...list.slice(0, start), 'co'];
  }
  return list;
}

/** Legal forms of scripts without spaces, at either end of the name. */
function withoutAffix(list: string[]): string[] {
  for (const affix of AFFIXES) {
    const [first = '', last = ''] = [list[0], list.at(-1)];
    if (last.endsWith(affix)) return replaced(list, list.length - 1, last.slice(0, -affix.length));
    if (first.startsWith(affix)) return replaced(list, 0, first.slice(affix.length));
  }
  return list;
}

/**
 * The list with another word at the index, or without it where no letter is left of it; a list of one keeps its
 * word.
 */
function replaced(list: string[], index: number, word: string): string[] {
  if (LETTER.test(word)) return list.with(index, word);
  return list.length > 1 ? list.toSpliced(index, 1) : list;
}

/** The number of words of the longest phrase of the set that stands at the index, or 0. */
function phraseAt(list: readonly string[], index: number, set: ReadonlySet<string>): number {
  for (let length = LONGEST_PHRASE; length > 0; length--) {
    const part = list.slice(index, index + length);
    if (part.length === length && set.has(part.join(' '))) return length;
  }
  return 0;
}

function phrases(use: string): ReadonlySet<string> {
  const found = [...LEGAL_FORMS].filter((line) => line.startsWith(`${use} `));
  return new Set(found.map((line) => line.slice(use.length + 1)));
}

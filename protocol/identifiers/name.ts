import { utf8 } from '../bytes.ts';
import { ok, type Result, refuse } from '../result.ts';
import { CANONICAL, GIVEN_NAMES } from './abbreviations.ts';
import { fold, joinInitials, LETTER, words } from './fold.ts';
import { LEGAL_FORMS } from './legal-forms.ts';
import { spellNumber } from './numbers.ts';
import { isPlace } from './places.ts';
import { romanise } from './script.ts';

/** Why a raw value gives no name. */
export type NameProblem = 'empty' | 'nothing_left' | 'too_long';

/** The longest name in UTF-8 bytes; a longer text is no company's name and is refused, not cut. */
const MAX_NAME_BYTES = 200;
/** The longest raw text in UTF-16 code units, so that no input takes long. */
const MAX_RAW_LENGTH = 1000;

const END = phrases('end', 'any');
const START = phrases('start', 'any');
const LISTING = phrases('listing');
const LISTING_BEGINS = new Set([...LISTING].map((phrase) => phrase.split(' ', 1)[0]));
const START_BEGINS = new Set(['the', ...[...START].map((phrase) => phrase.split(' ', 1)[0])]);
const END_ENDS = new Set([...END].map((phrase) => phrase.slice(phrase.lastIndexOf(' ') + 1)));
/** A word that describes a security where it stands behind a legal form ("Inc. Units", "Corp. New"). */
const SECURITY = phrases('security');
/** Longest first, so that the affix within an affix is not the one removed. */
const AFFIXES = [...phrases('affix')].sort().sort((a, b) => b.length - a.length);
/** Of alphabets that are written in Latin letters afterwards, where they would be words (ао, a o smith). */
const NATIVE = phrases('native');
/** Alone they name nobody: what is left of a placeholder, or of a name that was cut. */
const GENERIC = phrases('generic');
const LONGEST_PHRASE = Math.max(...[...START, ...LISTING, ...END].map((phrase) => phrase.split(' ').length));

/** What may be a register's tag at the end: "/DE/", "\\DE\\", "/Cayman Islands", "/NEW/". */
const TAG = /[/\\] *(\p{L}[\p{L}. ]*) *([/\\]?)$/u;
/** Tags that are no place. */
const TAG_WORDS = new Set(['adv', 'bd', 'can', 'fi', 'new', 'ta', 'old', 'pred']);
/** "SiemensAG": a legal form in capitals that follows a small letter. */
const GLUED = /(?<=\p{Ll})(?=(?:AG|GmbH|SE|LLC|PLC|Inc|Ltd)\.?$)/u;
/** One-letter signs for a legal form, as NFKC opens them. */
const SIGNS: readonly (readonly [RegExp, string])[] = [
  [/\(株\)/g, '株式会社'],
  [/\(有\)/g, '有限会社'],
  [/\(주\)/g, '주식회사'],
];

/** A name, and its words as web addresses are made of them. */
export interface Name {
  readonly value: string;
  /** Like the value's words, but abbreviations, numbers and their order stay. */
  readonly bare: readonly string[];
}

/**
 * A company's name without what lists spell differently: case, diacritics, punctuation, articles, legal forms,
 * abbreviations, numbers, a register's order of words and the description of a listed security; Cyrillic, Greek,
 * Armenian and Georgian in Latin letters. Idempotent. See spec/normaliser.md.
 */
export function normaliseName(raw: string): Result<string, NameProblem> {
  const name = readName(raw);
  return name.ok ? ok(name.value.value) : name;
}

/** The same with the words as they are written. */
export function readName(raw: string): Result<Name, NameProblem> {
  const text = raw.trim();
  if (text === '') return refuse('empty');
  if (text.length > MAX_RAW_LENGTH) return refuse('too_long');
  const all = plainWords(text);
  if (all.length === 0) return refuse('nothing_left');
  const value = once(strip(all)).join(' ');
  if (GENERIC.has(value)) return refuse('nothing_left');
  return fits(value) ? ok({ value, bare: strip(all, false) }) : refuse('too_long');
}

/** A unit of UTF-16 takes at most three bytes of UTF-8. */
function fits(value: string): boolean {
  return 3 * value.length <= MAX_NAME_BYTES || utf8(value).length <= MAX_NAME_BYTES;
}

/** The folded words outside of parentheses, without a register's tag and other alphabets. */
function plainWords(text: string): string[] {
  let folded = fold(text.replace(GLUED, ' ')).trim();
  for (const [sign, form] of SIGNS) folded = folded.replace(sign, form);
  const outside = withoutTag(folded.replace(/\([^()]*\)/g, ' ').trim());
  const plain = words(outside);
  return withoutNative(plain.length > 0 ? plain : words(folded)).map(romanise);
}

function withoutTag(folded: string): string {
  const tag = TAG.exec(folded);
  if (tag === null) return folded;
  const rest = folded.slice(0, tag.index);
  const text = (tag[1] ?? '').trim();
  const closed = tag[2] !== '' && /^[a-z]{2,3}$/.test(text);
  const known = TAG_WORDS.has(text) || isPlace(text);
  const short = /^[a-z]{2,3}$/.test(text) && /\S\s+\S/.test(rest);
  return rest.trim() !== '' && (closed || short || (known && /\S\s+\S/.test(rest))) ? rest : folded;
}

/** Removes what does not tell companies apart until nothing more can go; at least one word stays. */
function strip(all: readonly string[], spelling = true): string[] {
  let rest = [...all];
  for (;;) {
    const begun = withoutStart(rest);
    const joined = joinInitials(spelling ? reordered(begun) : begun);
    const bare = withoutAffix(withoutEnd(withoutClass(withoutListing(joined))));
    const shorter = spelling ? spelt(bare) : bare;
    if (equal(shorter, rest)) return rest;
    rest = shorter;
  }
}

function withoutNative(list: string[]): string[] {
  let [start, end] = [0, list.length];
  while (end - start > 1 && NATIVE.has(list[start] ?? '')) start++;
  while (end - start > 1 && NATIVE.has(list[end - 1] ?? '')) end--;
  return list.slice(start, end);
}

function withoutStart(list: string[]): string[] {
  if (!START_BEGINS.has(list[0] ?? '')) return list;
  const length = list[0] === 'the' ? 1 : phraseAt(list, 0, START);
  return length < list.length ? list.slice(length) : list;
}

function withoutListing(list: string[]): string[] {
  for (let i = 1; i < list.length; i++) {
    if (LISTING_BEGINS.has(list[i] ?? '') && phraseAt(list, i, LISTING) > 0) return list.slice(0, i);
  }
  return list;
}

/** "… class a", "… series b" */
function withoutClass(list: string[]): string[] {
  const [word, mark] = list.slice(-2);
  const found = (word === 'class' || word === 'series') && /^[a-z0-9]$/.test(mark ?? '');
  return found && list.length > 2 ? list.slice(0, -2) : list;
}

function withoutEnd(list: string[]): string[] {
  const last = list.at(-1) ?? '';
  if (list.length > 1 && last === 'the') return list.slice(0, -1);
  if (SECURITY.has(last) && endPhrase(list.slice(0, -1)) > 0) return list.slice(0, -1);
  const length = endPhrase(list);
  if (length === 0) return list;
  const start = list.length - length;
  if (list[start - 1] !== 'and') return list.slice(0, start);
  if (list[start] !== 'co' && list[start] !== 'company') return list;
  // "and co" is part of a one-word name (Merck & Co. is not Merck KGaA) and noise after a longer one.
  return start > 2 ? list.slice(0, start - 1) : [...list.slice(0, start), 'co'];
}

/** The number of words of the longest `end` phrase before which a word stands, or 0. */
function endPhrase(list: readonly string[]): number {
  if (!END_ENDS.has(list.at(-1) ?? '')) return 0;
  for (let length = Math.min(LONGEST_PHRASE, list.length - 1); length > 0; length--) {
    if (END.has(list.slice(list.length - length).join(' '))) return length;
  }
  return 0;
}

/** Legal forms of scripts without spaces, at either end of the name. */
function withoutAffix(list: string[]): string[] {
  if (/^[\0-\u02ff]*$/.test(`${list[0]}${list.at(-1)}`)) return list;
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

/** A register's surname first: "smith a o", "sanfilippo john b and son", "schwab charles" begin with the given name. */
function reordered(list: string[]): string[] {
  const [surname = '', given = ''] = list;
  if (!/^[a-z]{3,}$/.test(surname) || GIVEN_NAMES.has(surname)) return list;
  const named = GIVEN_NAMES.has(given) ? 1 : 0;
  let end = 1 + named;
  while (/^[a-z]$/.test(list[end] ?? '')) end++;
  if ((named === 0 && end < 3) || END.has(list.slice(1 + named, end).join(''))) return list;
  return [...list.slice(1, end), surname, ...list.slice(end)];
}

/** Every word in the spelling that stands for all. */
function spelt(list: readonly string[]): string[] {
  const all: string[] = [];
  for (const [i, word] of list.entries()) {
    if (word === 'st' && list.length > 1) all.push(i < list.length - 1 ? 'saint' : 'street');
    else all.push(...spellNumber(CANONICAL.get(word) ?? word, i === 0));
  }
  return all;
}

/** A name that is written twice in a row ("Acme Steel Inc. Acme Steel Inc."), once. */
function once(list: string[]): string[] {
  for (let i = 2; i < list.length - 1; i++) {
    if (list[i] !== list[0]) continue;
    const rest = strip(list.slice(i));
    if (rest.length > 1 && strip(list.slice(0, i)).join(' ') === rest.join(' ')) return once(rest);
  }
  return list;
}

/** The number of words of the longest phrase of the set that stands at the index, or 0. */
function phraseAt(list: readonly string[], index: number, set: ReadonlySet<string>): number {
  for (let length = Math.min(LONGEST_PHRASE, list.length - index); length > 0; length--) {
    if (set.has(list.slice(index, index + length).join(' '))) return length;
  }
  return 0;
}

function phrases(...uses: string[]): ReadonlySet<string> {
  const lines = [...LEGAL_FORMS].map((line) => [line.slice(0, line.indexOf(' ')), line] as const);
  return new Set(
    lines.flatMap(([use, line]) => (uses.includes(use) ? line.slice(use.length + 1).split('|') : [])),
  );
}

function equal(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((word, i) => word === b[i]);
}

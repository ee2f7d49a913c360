const SMALL =
  'zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen'.split(
    ' ',
  );
const TENS = 'twenty thirty forty fifty sixty seventy eighty ninety'.split(' ');
const ORDINALS =
  'zeroth first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth fifteenth sixteenth seventeenth eighteenth nineteenth'.split(
    ' ',
  );
/** Roman numbers that are no usual word, initials or state; a single letter is not taken for one. */
const ROMAN = new Map(
  Object.entries({ ii: 'two', iii: 'three', iv: 'four', vi: 'six', vii: 'seven', viii: 'eight', ix: 'nine' }),
);
/** Misspelled so often that lists agree on it. */
const SPELLING = new Map(Object.entries({ fourty: 'forty', ninty: 'ninety', fivety: 'fifty' }));

const NINE = '9'.charCodeAt(0);

/**
 * A word that is a number up to 99 in figures, an ordinal up to 99th or (but for a first word) a Roman number, spelled
 * out in English in one or two words; other words as they are.
 */
export function spellNumber(word: string, first: boolean): string[] {
  const begins = word.charCodeAt(0);
  const figures = begins > NINE ? null : /^([1-9]?\d)(st|nd|rd|th)?$/.exec(word);
  if (figures !== null) return spelled(Number(figures[1]), figures[2] !== undefined);
  const roman = first ? undefined : ROMAN.get(word);
  return [roman ?? SPELLING.get(word) ?? word];
}

function spelled(value: number, ordinal: boolean): string[] {
  const ones = ordinal ? ORDINALS : SMALL;
  if (value < 20) return [ones[value] ?? ''];
  const tens = TENS[Math.floor(value / 10) - 2] ?? '';
  const rest = value % 10;
  if (rest > 0) return [tens, ones[rest] ?? ''];
  return [ordinal ? tens.replace(/y$/, 'ieth') : tens];
}

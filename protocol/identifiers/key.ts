import { romaniseAll } from './script.ts';

/** Words that join others and that lists leave out or write as a sign. */
const CONNECTORS = new Set('and und et y e og och of de del des du di the'.split(' '));

/** A name of fewer letters is compared letter by letter. */
const SHORT = 6;
/** A word of fewer letters is an acronym as often as not: a doubled one counts. */
const LEAST_DOUBLED = 4;

/**
 * What names are compared by: a normalised name without spaces, words that only join others and doubled letters, with
 * ae, oe, ue as a, o, u, and behind the first letter y as i and z as s: "Good Will" is "Goodwill", "Mueller" "Müller",
 * "organisation" "organization". Chinese, Japanese and Korean are in Latin letters.
 */
export function nameKey(name: string): string {
  const [first = '', ...rest] = name.split(' ');
  const kept = rest.filter((word, i) => !(CONNECTORS.has(word) && i < rest.length - 1));
  const list = [first, ...kept].map(romaniseAll);
  const joined = list.join('');
  if (joined.length < SHORT) return joined;
  return list
    .map((word) => (word.length < LEAST_DOUBLED ? word : word.replace(/([a-z])\1+/g, '$1')))
    .join('')
    .replace(/(?<=.)([aou])e/g, '$1')
    .replace(/(?<=.)y/g, 'i')
    .replace(/(?<=.)z/g, 's');
}

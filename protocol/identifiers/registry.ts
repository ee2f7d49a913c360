import { ok, type Result, refuse } from '../result.ts';
import { digits, luhn, type NumberProblem, plainNumber, weighted } from './check-digits.ts';
import { fold, words } from './fold.ts';
import { normaliseVat } from './vat.ts';

/** Stands between the country and the number; no normalised number contains it. */
const SEPARATOR = '\u001f';

/** A form of number, and its check. */
type Rule = readonly [form: RegExp, check: (number: string) => boolean];

const RULES: Readonly<Record<string, Rule>> = {
  AT: [/^\d{1,6}[A-Z]$/, () => true],
  AU: [/^(?:\d{9}|[1-9]\d{10})$/, australian],
  BR: [/^\d{14}$/, brazilian],
  CZ: [/^\d{8}$/, (n) => vatNumber('CZ', n)],
  EE: [/^\d{8}$/, estonian],
  FR: [/^\d{9}$/, luhn],
  GB: [/^(?:\d{8}|[A-Z]{2}\d{6})$/, () => true],
  IN: [/^[LU]\d{5}[A-Z]{2}\d{4}[A-Z]{3}\d{6}$/, () => true],
  JP: [/^[1-9]\d{12}$/, japanese],
  LV: [/^[459]\d{10}$/, (n) => vatNumber('LV', n)],
  NL: [/^\d{8}$/, (n) => !/^0+$/.test(n)],
  PL: [/^0{2,}\d+$/, (n) => n.length === 10],
  RU: [/^[15]\d{12}$/, (n) => (Number(n.slice(0, 12)) % 11) % 10 === Number(n.at(-1))],
  SE: [/^\d{10}$/, luhn],
  SG: [/^(?:\d{8}|\d{9}|[TSR]\d{2}[A-Z]{2}\d{4})[A-Z]$/, () => true],
  SK: [/^\d{8}$/, (n) => vatNumber('CZ', n)],
};

/** Countries whose register gives the number that the tax office prefixes. */
const SAME_AS_VAT = new Set(['BE', 'CH', 'DK', 'ES', 'FI', 'HR', 'IT', 'LT', 'NO', 'SI']);

/**
 * A national register's number as the country's ISO 3166 code, U+001F and the number: of the countries whose number is
 * told from others by its form or a check digit, and of German courts with the court's name. Without a country a number
 * says nothing.
 */
export function normaliseRegistry(raw: string, country: string | null): Result<string, NumberProblem> {
  const text = plainNumber(raw);
  if (text === '') return refuse('empty');
  if (country === null) return refuse('unknown_country');
  if (country === 'DE') return german(raw);
  if (SAME_AS_VAT.has(country)) {
    const vat = normaliseVat(raw.replace(/^\s*(?:CVR|UID|KBO|BCE|NIF|CIF|OIB|ORG)\b\D*/i, ''), country);
    return vat.ok ? ok(`${country}${SEPARATOR}${vat.value.slice(2)}`) : vat;
  }
  const rule = RULES[country];
  if (rule === undefined) return refuse('unknown_country');
  const number = complete(country, text);
  if (!rule[0].test(number)) return refuse('wrong_form');
  return rule[1](number) ? ok(`${country}${SEPARATOR}${number}`) : refuse('wrong_check_digit');
}

/** "Amtsgericht München, HRB 42243": numbers are given by court. */
function german(raw: string): Result<string, NumberProblem> {
  const spaced = raw
    .replace(/\([^()]*\)/g, ' ')
    .replace(/(HR[AB]|GNR|PR|VR)(?=\d)/i, '$1 ')
    .replace(/(\d)(?=[A-Z]\b)/i, '$1 ');
  const list = words(fold(spaced));
  const at = list.findIndex((word) => /^(?:hra|hrb|gnr|pr|vr)$/.test(word));
  const number = list[at + 1] ?? '';
  if (at < 0 || !/^\d{1,7}$/.test(number)) return refuse('wrong_form');
  const letter = /^[a-z]$/.test(list[at + 2] ?? '') ? 1 : 0;
  const court = [...list.slice(0, at), ...list.slice(at + 2 + letter)].filter(
    (word) =>
      !/^(?:amtsgericht|registergericht|ag|nr|nummer|handelsregister|beim|des|der|eingetragen|im)$/.test(
        word,
      ),
  );
  if (court.length === 0) return refuse('wrong_form');
  const end = letter === 1 ? (list[at + 2] ?? '').toUpperCase() : '';
  return ok(`DE${SEPARATOR}${court.join(' ')} ${(list[at] ?? '').toUpperCase()} ${number}${end}`);
}

/** The number as its rule has it: lost leading zeros, a branch's digits, the name of the register. */
function complete(country: string, text: string): string {
  switch (country) {
    case 'AT':
      return text.replace(/^FN/, '').replace(/^0+(?=\d)/, '');
    case 'AU':
      return text.replace(/^A[BC]N/, '');
    case 'BR':
      return text.replace(/^CNPJ/, '').padStart(14, '0');
    case 'FR': {
      const number = text.replace(/^(?:SIREN|SIRET|RCS)?[A-Z]*/, '');
      return number.length === 14 ? number.slice(0, 9) : number;
    }
    case 'GB': {
      const [, letters = '', number = ''] = /^([A-Z]{2})?(\d+)$/.exec(text.replace(/^CRN/, '')) ?? [];
      return number === '' || number.length < 5 - letters.length
        ? text
        : letters + number.padStart(8 - letters.length, '0');
    }
    case 'CZ':
    case 'SK':
      return text.replace(/^ICO?/, '').padStart(8, '0');
    case 'NL':
      return text.replace(/^KVK/, '').padStart(8, '0');
    case 'PL':
      return text.replace(/^KRS/, '').padStart(10, '0');
    case 'SE': {
      const number = text.replace(/^ORG(?:NR)?/, '');
      return /^16\d{10}$/.test(number) ? number.slice(2) : number;
    }
    default:
      return text.replace(/^(?:OGRN|REG|UEN|CIN)/, '');
  }
}

function vatNumber(prefix: string, number: string): boolean {
  return normaliseVat(prefix + number, null).ok;
}

function australian(n: string): boolean {
  if (n.length === 9) return (10 - (weighted(n, [8, 7, 6, 5, 4, 3, 2, 1]) % 10)) % 10 === Number(n.at(-1));
  const [first = 0, ...rest] = digits(n);
  return weighted([first - 1, ...rest].join(''), [10, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19]) % 89 === 0;
}

function brazilian(n: string): boolean {
  const check = (weights: readonly number[]) => ((11 - (weighted(n, weights) % 11)) % 11) % 10;
  const first = [5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2];
  return check(first) === Number(n.charAt(12)) && check([6, ...first]) === Number(n.charAt(13));
}

function estonian(n: string): boolean {
  const first = weighted(n, [1, 2, 3, 4, 5, 6, 7]) % 11;
  const check = first < 10 ? first : weighted(n, [3, 4, 5, 6, 7, 8, 9]) % 11;
  return check % 10 === Number(n.at(-1));
}

function japanese(n: string): boolean {
  const sum = digits(n.slice(1))
    .reverse()
    .reduce((total, digit, i) => total + digit * (i % 2 === 0 ? 1 : 2), 0);
  return 9 - (sum % 9) === Number(n.charAt(0));
}

import { ok, type Result, refuse } from '../result.ts';
import {
  digits,
  luhn,
  mod11,
  mod1110,
  type NumberProblem,
  plainNumber,
  remainder,
  weighted,
} from './check-digits.ts';

/** A country's form of number behind its prefix, and its check. */
type Rule = readonly [form: RegExp, check: (number: string) => boolean];

const DOWN_FROM_8 = [8, 7, 6, 5, 4, 3, 2];
const DOWN_FROM_9 = [9, 8, 7, 6, 5, 4, 3, 2];
const IRISH = 'WABCDEFGHIJKLMNOPQRSTUV';
const SPANISH_PERSON = 'TRWAGMYFPDXBNJZSQVHLCKE';
const SPANISH_COMPANY = 'JABCDEFGHI';
const CYPRIOT = [1, 0, 5, 7, 9, 13, 15, 17, 19, 21];

/**
 * The forms and check digits by prefix: the European Commission's VIES for its members (prefix EL for Greece, XI for
 * Northern Ireland), the national rules for Britain, Norway and Switzerland.
 */
const RULES: Readonly<Record<string, Rule>> = {
  AT: [/^U\d{8}$/, (n) => (96 - austrian(n.slice(1))) % 10 === Number(n.at(-1))],
  BE: [/^[01]\d{9}$/, belgian],
  BG: [/^\d{9,10}$/, (n) => n.length === 10 || bulgarian(n)],
  CH: [/^E\d{9}$/, (n) => mod11(n.slice(1), [5, 4, 3, 2, 7, 6, 5, 4])],
  CY: [/^\d{8}[A-Z]$/, cypriot],
  CZ: [/^\d{8,10}$/, (n) => n.length > 8 || czech(n)],
  DE: [/^[1-9]\d{8}$/, mod1110],
  DK: [/^\d{8}$/, (n) => weighted(n, [2, 7, 6, 5, 4, 3, 2, 1]) % 11 === 0],
  EE: [/^\d{9}$/, (n) => weighted(n, [3, 7, 1, 3, 7, 1, 3, 7, 1]) % 10 === 0],
  EL: [/^\d{9}$/, (n) => (weighted(n, [256, 128, 64, 32, 16, 8, 4, 2]) % 11) % 10 === Number(n.at(-1))],
  ES: [/^[A-Z0-9]\d{7}[A-Z0-9]$/, spanish],
  FI: [/^\d{8}$/, (n) => mod11(n, [7, 9, 10, 5, 8, 4, 2])],
  FR: [/^[A-HJ-NP-Z0-9]{2}\d{9}$/, french],
  GB: [/^\d{9}(?:\d{3})?$/, british],
  HR: [/^\d{11}$/, mod1110],
  HU: [/^\d{8}$/, (n) => weighted(n, [9, 7, 3, 1, 9, 7, 3, 1]) % 10 === 0],
  IE: [/^\d[A-Z0-9]\d{5}[A-W][A-I]?$/, irish],
  IT: [/^\d{11}$/, luhn],
  LT: [/^\d{9}(?:\d{3})?$/, lithuanian],
  LU: [/^\d{8}$/, (n) => Number(n.slice(0, 6)) % 89 === Number(n.slice(6))],
  LV: [/^\d{11}$/, (n) => Number(n.charAt(0)) < 4 || latvian(n)],
  MT: [/^\d{8}$/, (n) => 37 - (weighted(n, [3, 4, 6, 7, 8, 9]) % 37) === Number(n.slice(6))],
  NL: [
    /^\d{9}B\d{2}$/,
    (n) => weighted(n, DOWN_FROM_9) % 11 === Number(n.charAt(8)) || remainder(`NL${n}`, 97) === 1,
  ],
  NO: [/^\d{9}$/, (n) => mod11(n, [3, 2, 7, 6, 5, 4, 3, 2])],
  PL: [/^\d{10}$/, (n) => weighted(n, [6, 5, 7, 2, 3, 4, 5, 6, 7]) % 11 === Number(n.at(-1))],
  PT: [/^[1-9]\d{8}$/, (n) => ((11 - (weighted(n, DOWN_FROM_9) % 11)) % 11) % 10 === Number(n.at(-1))],
  RO: [
    /^[1-9]\d{1,9}$/,
    (n) => ((10 * weighted(n.padStart(10, '0'), [7, 5, 3, 2, 1, 7, 5, 3, 2])) % 11) % 10 === Number(n.at(-1)),
  ],
  SE: [/^\d{10}01$/, (n) => luhn(n.slice(0, 10))],
  SI: [
    /^[1-9]\d{7}$/,
    (n) =>
      (11 - (weighted(n, DOWN_FROM_8) % 11)) % 10 === Number(n.at(-1)) && weighted(n, DOWN_FROM_8) % 11 !== 0,
  ],
  SK: [/^[1-9]\d{9}$/, (n) => Number(n) % 11 === 0],
  XI: [/^\d{9}(?:\d{3})?$/, british],
};

/**
 * A number for value added tax, prefix included ("DE136695976"). Without a prefix the account's country, an ISO 3166
 * code, gives it. What stands behind Norwegian and Swiss numbers (MVA, MWST, TVA, IVA) is left out.
 */
export function normaliseVat(raw: string, country: string | null): Result<string, NumberProblem> {
  const text = plainNumber(raw).replace(/^VAT(?:NO|NR|ID)?/, '');
  if (text === '') return refuse('empty');
  const own = country === 'GR' ? 'EL' : country;
  const [prefix, number] = split(text, own);
  const rule = RULES[prefix ?? ''];
  if (prefix === null || rule === undefined) return refuse('unknown_country');
  const found = complete(prefix, number);
  if (!rule[0].test(found)) return refuse('wrong_form');
  return rule[1](found) ? ok(prefix + found) : refuse('wrong_check_digit');
}

function split(text: string, own: string | null): [string | null, string] {
  const prefix = text.slice(0, 2) === 'GR' ? 'EL' : text.slice(0, 2);
  // "ES B12345674" has the prefix twice to the eye only; a French key or an Irish number may begin with two letters.
  const bare = own !== null && own !== prefix && RULES[own]?.[0].test(complete(own, text));
  return RULES[prefix] && !bare ? [prefix, text.slice(2)] : [own, text];
}

/** The number as its rule has it: a lost leading zero, a missing mark, a superfluous end. */
function complete(prefix: string, number: string): string {
  if (prefix === 'BE' && /^\d{9}$/.test(number)) return `0${number}`;
  if (prefix === 'AT' && /^\d{8}$/.test(number)) return `U${number}`;
  if (prefix === 'SE' && /^\d{10}$/.test(number)) return `${number}01`;
  if (prefix === 'NO') return number.replace(/MVA$/, '');
  if (prefix === 'CH') return number.replace(/(?:MWST|TVA|IVA|VAT)$/, '').replace(/^(?:CHE|HE)?(?=\d)/, 'E');
  if (prefix === 'GB' || prefix === 'XI') return number.length === 12 ? number.slice(0, 9) : number;
  return number;
}

function austrian(eight: string): number {
  return digits(eight.slice(0, 7)).reduce((sum, digit, i) => {
    const value = i % 2 === 0 ? digit : 2 * digit;
    return sum + Math.floor(value / 10) + (value % 10);
  }, 0);
}

function belgian(n: string): boolean {
  return 97 - (Number(n.slice(0, 8)) % 97) === Number(n.slice(8));
}

function bulgarian(n: string): boolean {
  const first = weighted(n, [1, 2, 3, 4, 5, 6, 7, 8]) % 11;
  const check = first < 10 ? first : weighted(n, [3, 4, 5, 6, 7, 8, 9, 10]) % 11;
  return check % 10 === Number(n.at(-1));
}

function cypriot(n: string): boolean {
  const sum = digits(n.slice(0, 8)).reduce(
    (total, digit, i) => total + (i % 2 === 0 ? (CYPRIOT[digit] ?? 0) : digit),
    0,
  );
  return String.fromCharCode(65 + (sum % 26)) === n.at(-1);
}

function czech(n: string): boolean {
  return (
    ((11 - (weighted(n, DOWN_FROM_8) % 11)) % 11 || (weighted(n, DOWN_FROM_8) % 11 === 0 ? 1 : 0)) % 10 ===
    Number(n.at(-1))
  );
}

function spanish(n: string): boolean {
  const first = n.charAt(0);
  const last = n.charAt(8);
  if (/^[0-9XYZ]$/.test(first)) {
    const number = Number(n.slice(0, 8).replace('X', '0').replace('Y', '1').replace('Z', '2'));
    return SPANISH_PERSON.charAt(number % 23) === last;
  }
  if (!/^[A-HJNP-SUVWKLM]$/.test(first)) return false;
  if (/^[KLM]$/.test(first)) return /^[A-Z]$/.test(last);
  const sum = digits(n.slice(1, 8)).reduce((total, digit, i) => {
    const value = i % 2 === 0 ? 2 * digit : digit;
    return total + Math.floor(value / 10) + (value % 10);
  }, 0);
  const check = (10 - (sum % 10)) % 10;
  return last === String(check) || last === SPANISH_COMPANY.charAt(check);
}

function french(n: string): boolean {
  const siren = n.slice(2);
  if (!luhn(siren)) return false;
  return !/^\d{2}$/.test(n.slice(0, 2)) || (12 + 3 * (Number(siren) % 97)) % 97 === Number(n.slice(0, 2));
}

function british(n: string): boolean {
  const rest = (weighted(n, DOWN_FROM_8) + Number(n.slice(7, 9))) % 97;
  return rest === 0 || rest === 42;
}

function irish(n: string): boolean {
  const old = /^\d[A-Z]/.test(n);
  const number = old ? `0${n.slice(2, 7)}${n.charAt(0)}` : n.slice(0, 7);
  const second = n.length > 8 ? 9 * (n.charCodeAt(8) - 64) : 0;
  return IRISH.charAt((weighted(number, DOWN_FROM_8) + second) % 23) === n.charAt(7);
}

function lithuanian(n: string): boolean {
  const weights = (from: number) => Array.from({ length: n.length - 1 }, (_, i) => ((from - 1 + i) % 9) + 1);
  const first = weighted(n, weights(1)) % 11;
  const check = first < 10 ? first : weighted(n, weights(3)) % 11;
  return check % 10 === Number(n.at(-1));
}

function latvian(n: string): boolean {
  const rest = weighted(n, [9, 1, 4, 8, 3, 10, 2, 5, 7, 6]) % 11;
  if (rest === 4)
    return n.charAt(0) === '9'
      ? 4 - ((weighted(n, [9, 1, 4, 8, 3, 10, 2, 5, 7, 6]) - 45) % 11) === Number(n.at(-1))
      : Number(n.at(-1)) === 0;
  return (rest > 4 ? 14 - rest : 3 - rest) === Number(n.at(-1));
}

import { ok, type Result, refuse } from '../result.ts';
import { type NumberProblem, plainNumber } from './check-digits.ts';

const LENGTH = 9;
/** A spreadsheet loses leading zeros; a number that lost more than three is more likely another one. */
const LEAST_LENGTH = 6;

/**
 * A D-U-N-S number: nine digits, with the leading zeros that a spreadsheet lost. It has had no check digit since 2006.
 * One digit over and over is what people type where a number is asked for.
 */
export function normaliseDuns(raw: string): Result<string, NumberProblem> {
  const text = plainNumber(raw.replace(/^\s*D-?U-?N-?S\b/i, '').replace(/\.0+\s*$/, ''));
  if (text === '') return refuse('empty');
  if (!/^\d+$/.test(text) || text.length < LEAST_LENGTH || text.length > LENGTH) return refuse('wrong_form');
  const number = text.padStart(LENGTH, '0');
  return /^(\d)\1*$/.test(text) || number === '123456789' ? refuse('wrong_form') : ok(number);
}

import { ok, type Result, refuse } from '../result.ts';
import { luhn, type NumberProblem, plainNumber } from './check-digits.ts';

/** A security's number (ISO 6166): a country's two letters, nine letters or digits and a check digit by Luhn. */
export function normaliseIsin(raw: string): Result<string, NumberProblem> {
  const text = plainNumber(raw.replace(/^\s*ISIN\b/i, ''));
  if (text === '') return refuse('empty');
  if (!/^[A-Z]{2}[A-Z0-9]{9}\d$/.test(text)) return refuse('wrong_form');
  const spelled = Array.from(text, (character) => Number.parseInt(character, 36)).join('');
  return luhn(spelled) ? ok(text) : refuse('wrong_check_digit');
}

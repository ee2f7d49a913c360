import { ok, type Result, refuse } from '../result.ts';
import { type NumberProblem, plainNumber, remainder } from './check-digits.ts';

/** A legal entity identifier (ISO 17442): 18 capitals or digits and two check digits (ISO/IEC 7064, mod 97-10). */
export function normaliseLei(raw: string): Result<string, NumberProblem> {
  const text = plainNumber(raw.replace(/^\s*LEI\b/i, ''));
  if (text === '') return refuse('empty');
  if (!/^[A-Z0-9]{18}\d{2}$/.test(text)) return refuse('wrong_form');
  return remainder(text, 97) === 1 ? ok(text) : refuse('wrong_check_digit');
}

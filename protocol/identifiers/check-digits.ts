/** Why a number of a register is none. */
export type NumberProblem = 'empty' | 'wrong_form' | 'wrong_check_digit' | 'unknown_country';

/** The digits of a text. */
export function digits(text: string): number[] {
  return Array.from(text, Number);
}

/** The sum of the digits times the weights, position by position; what has no weight does not count. */
export function weighted(text: string, weights: readonly number[]): number {
  return weights.reduce((sum, weight, i) => sum + weight * Number(text.charAt(i)), 0);
}

/** True if the digits end with the check digit of Luhn (ISO/IEC 7812-1). */
export function luhn(text: string): boolean {
  const sum = digits(text)
    .reverse()
    .reduce((total, digit, i) => total + (i % 2 === 0 ? digit : digit > 4 ? 2 * digit - 9 : 2 * digit), 0);
  return sum % 10 === 0;
}

/** The remainder by a small number of a text of digits and capitals, with A as 10 to Z as 35 (ISO/IEC 7064, 13616). */
export function remainder(text: string, modulus: number): number {
  let rest = 0;
  for (const character of text) {
    const value = Number.parseInt(character, 36);
    rest = (rest * (value > 9 ? 100 : 10) + value) % modulus;
  }
  return rest;
}

/** True if the digits end with the check digit of ISO/IEC 7064, mod 11,10. */
export function mod1110(text: string): boolean {
  let product = 10;
  for (const digit of digits(text.slice(0, -1))) {
    const sum = (digit + product) % 10 || 10;
    product = (2 * sum) % 11;
  }
  return (11 - product) % 10 === Number(text.at(-1));
}

/** True if 11 less the weighted sum's remainder by 11 is the last digit; 11 stands for 0 and 10 is never one. */
export function mod11(text: string, weights: readonly number[]): boolean {
  return (11 - (weighted(text, weights) % 11)) % 11 === Number(text.at(-1));
}

/** Capitals and digits only: what people put between them is left out. */
export function plainNumber(raw: string): string {
  return raw
    .normalize('NFKC')
    .toUpperCase()
    .replace(/[^A-Z0-9]/g, '');
}

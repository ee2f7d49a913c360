/** Texts that people wrote and others are shown. */

/** One line in NFC, without space at its ends and without control or direction characters: it cannot disguise itself. */
export function isLine(text: string): boolean {
  return text === text.normalize('NFC').trim() && !/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u.test(text);
}

/**
 * What people log in with: the form of an address, and which passwords are taken. The service decides; a home says it
 * first, before anything is made for it.
 */
import * as z from 'zod';

/** An e-mail address, checked for its form alone: whether it is somebody's cannot be known. */
export const email = z.email().max(254);

/** Of the longest password that the service's library hashes, characters. */
const MAX_PASSWORD_LENGTH = 128;
const MIN_PASSWORD_LENGTH = 12;
const MIN_DISTINCT = 6;
const MIN_NAME_LENGTH = 4;

/**
 * Guessing is limited too, so this keeps out what is guessed first.
 * Why a password is refused, for the person who chose it; null where it is taken.
 */
export function passwordRefusal(password: string, email: string): string | null {
  const { length } = password;
  if (length < MIN_PASSWORD_LENGTH) return `at least ${MIN_PASSWORD_LENGTH} characters`;
  if (length > MAX_PASSWORD_LENGTH) return `at most ${MAX_PASSWORD_LENGTH} characters`;
  if (new Set(password).size < MIN_DISTINCT) return `at least ${MIN_DISTINCT} different characters`;
  const parts = email.split(/[@.]/).filter((part) => part.length >= MIN_NAME_LENGTH);
  const lower = password.toLowerCase();
  return parts.some((part) => lower.includes(part)) ? 'nothing of the e-mail address' : null;
}

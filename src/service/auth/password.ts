/** Which passwords are taken. Guessing is limited too, so this keeps out what is guessed first. */
import { MAX_PASSWORD_LENGTH } from './login.ts';

const MIN_PASSWORD_LENGTH = 12;
const MIN_DISTINCT = 6;
const MIN_NAME_LENGTH = 4;

/** Why a password is refused, for the person who chose it; null where it is taken. */
export function passwordRefusal(password: string, email: string): string | null {
  const { length } = password;
  if (length < MIN_PASSWORD_LENGTH) return `at least ${MIN_PASSWORD_LENGTH} characters`;
  if (length > MAX_PASSWORD_LENGTH) return `at most ${MAX_PASSWORD_LENGTH} characters`;
  if (new Set(password).size < MIN_DISTINCT) return `at least ${MIN_DISTINCT} different characters`;
  const parts = email.split(/[@.]/).filter((part) => part.length >= MIN_NAME_LENGTH);
  const lower = password.toLowerCase();
  return parts.some((part) => lower.includes(part)) ? 'nothing of the e-mail address' : null;
}

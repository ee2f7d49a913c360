/**
 * Which Node this runs on. Imports nothing, so that an old Node gets as far as saying so: native modules that it loads
 * all the same end it without a word.
 */

/** As `engines` in package.json. */
export const OLDEST_NODE = '22.18.0';

/** What to tell where this version of Node is too old; null where it is not. */
export function nodeProblem(version: string): string | null {
  const numbers = (text: string) => text.split('.').map((part) => Number.parseInt(part, 10) || 0);
  const [major = 0, minor = 0] = numbers(version);
  const [oldestMajor = 0, oldestMinor = 0] = numbers(OLDEST_NODE);
  if (major > oldestMajor || (major === oldestMajor && minor >= oldestMinor)) return null;
  return `this needs Node ${oldestMajor}.${oldestMinor} or later; this is ${version}\nhint: install a newer Node (https://nodejs.org), then run the same again`;
}

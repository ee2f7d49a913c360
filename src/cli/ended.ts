/** Ended partnerships: commands that speak of all partners leave them out and say so in one line. */
import { isLive, type Partnership } from '../agent/store/partnerships.ts';
import { note } from './output.ts';

/** Those that work is left for: live ones, and ended ones that the service was not told of. */
export function unfinished(partnerships: readonly Partnership[]): Partnership[] {
  return partnerships.filter((partnership) => isLive(partnership) || partnership.ended?.told === false);
}

/** One line for all that are over. */
export function noteEnded(partnerships: readonly Partnership[]): void {
  const count = partnerships.length - unfinished(partnerships).length;
  if (count > 0)
    note(
      `${count} ${count === 1 ? 'partnership' : 'partnerships'} ended (\`commonground partner list --all\`)`,
    );
}

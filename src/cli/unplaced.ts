/** Says that accounts are in no population, which an import does not show and a partner's answer does not tell. */
import type { Placement } from '../agent/placement.ts';
import { note, printable } from './output.ts';

/** So many groups are told. */
const GROUPS = 3;

/** A warning with a command that can be pasted; nothing where every account is in some population. */
export function noteUnplaced({ accounts, unplaced, groups }: Placement): void {
  const [largest] = groups;
  if (unplaced === 0 || !largest) return;
  const told = groups.slice(0, GROUPS).map((group) => `${group.accounts} with ${printable(group.rule)}`);
  const more = groups.length > GROUPS ? ', …' : '';
  note(
    `${unplaced} of ${accounts} accounts are in no population and will not be compared: ${told.join(', ')}${more}`,
  );
  note(
    `to compare them, put them into one: commonground population add others --where ${shellWord(printable(largest.rule))}`,
  );
}

function shellWord(text: string): string {
  return text.includes("'") ? `"${text.replaceAll(/["\\$`]/g, '\\$&')}"` : `'${text}'`;
}

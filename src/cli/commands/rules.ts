import type { Agent } from '../../agent/agent.ts';
import { lockHome } from '../../agent/home.ts';
import { viewOf } from '../../agent/partners.ts';
import { Problem } from '../../agent/problem.ts';
import { myScope } from '../../agent/scopes/following.ts';
import {
  findPartnership,
  getPartnership,
  type Partnership,
  refuseEnded,
} from '../../agent/store/partnerships.ts';
import { type ListState, scanList } from '../../agent/sync/list.ts';
import {
  followTerms,
  newestNormaliser,
  normaliserOf,
  publishedVersions,
  raiseNormaliser,
} from '../../agent/sync/terms.ts';
import { command, withAgent } from '../command.ts';
import { note, print, printJson } from '../output.ts';
import { ask } from '../prompt.ts';

/** `partner rules`: by which version of the rules names and domains are compared, and a rise to a newer one. */
export function rulesCommand() {
  return command(
    'rules',
    'keyring',
    'By which version of the matching rules you and a partner compare. An updated program keeps the version it has with a partner until both of you raise it, because values that the newer rules write otherwise are compared anew, within the partner’s budget.',
    'commonground partner rules borealis\ncommonground partner rules borealis --raise',
  )
    .argument('<alias>')
    .option('--raise', 'offer the partner the newest version of this program, after showing what it costs')
    .option('--yes', 'do not ask')
    .action(async (alias, options) =>
      withAgent(options, async (agent) => {
        const found = findPartnership(agent.store, alias);
        refuseEnded(found);
        const view = await viewOf(agent, found);
        const partnership = followTerms(agent, found, view);
        const before = await standing(agent, partnership);
        if (!options.raise) return options.json ? printJson(before) : show(before);
        if (before.canRise && !options.yes) await confirm(before);
        const unlock = lockHome(agent.home);
        try {
          if (before.canRise) await raiseNormaliser(agent, partnership, view);
        } finally {
          unlock();
        }
        const after = await standing(agent, getPartnership(agent.store, partnership.id));
        if (options.json) return printJson(after);
        show(after);
        note(
          after.version === after.newest
            ? 'the next `commonground sync` compares by them'
            : `${partnership.alias} has to raise them, too`,
        );
      }),
    );
}

interface Standing {
  readonly partner: string;
  readonly partnership: Partnership['id'];
  /** The version in use; null before both have met. */
  readonly version: number | null;
  /** What each side offers. */
  readonly mine: readonly number[];
  readonly theirs: readonly number[];
  readonly newest: number;
  /** The newest of this program is not offered yet. */
  readonly canRise: boolean;
  /** Identifiers that the newest version would have compared, by kind; null where nothing is granted. */
  readonly cost: ListState['wanted'] | null;
}

async function standing(agent: Agent, partnership: Partnership): Promise<Standing> {
  const newest = newestNormaliser(agent, partnership);
  const versions = publishedVersions(agent, partnership);
  const mine = myScope(agent, partnership);
  const list = mine
    ? await scanList(agent.store, partnership.id, mine.scope, mine.signed, newest, false)
    : null;
  return {
    partner: partnership.alias,
    partnership: partnership.id,
    version: normaliserOf(agent, partnership)?.version ?? null,
    ...versions,
    newest: newest.version,
    canRise: versions.mine.length > 0 && !versions.mine.includes(newest.version),
    cost: list?.wanted ?? null,
  };
}

function show({ partner, version, mine, theirs, newest, canRise, cost }: Standing): void {
  print(
    version === null
      ? `${partner}: no version in common yet (you: ${listed(mine)}; they: ${listed(theirs)})`
      : `${partner}: version ${version} (you: ${listed(mine)}; they: ${listed(theirs)})`,
  );
  if (canRise) note(`this program has version ${newest}; ${costText(cost)}; raise it with --raise`);
}

async function confirm({ partner, newest, cost }: Standing): Promise<void> {
  note(`version ${newest} with ${partner}: ${costText(cost)}`);
  const typed = await ask('raise it? yes, or anything else to stop', { instead: 'use --yes' });
  if (typed.trim() !== 'yes') throw new Problem('bad_argument', 'not raised', 'nothing was changed');
}

function costText(cost: Standing['cost']): string {
  const kinds = Object.entries(cost ?? {}).filter(([, count]) => count > 0);
  if (kinds.length === 0) return 'nothing has to be compared anew';
  return `it compares ${kinds.map(([kind, count]) => `${count} ${kind}`).join(', ')} values anew, from their budget`;
}

function listed(versions: readonly number[]): string {
  return versions.join(', ') || 'none yet';
}

import { describeEnding, endPartnership } from '../../agent/ending.ts';
import { lockHome } from '../../agent/home.ts';
import { Problem } from '../../agent/problem.ts';
import { findPartnership } from '../../agent/store/partnerships.ts';
import { command, withAgent } from '../command.ts';
import { note, print, printJson } from '../output.ts';
import { ask } from '../prompt.ts';

/** `partner end`: for good. */
export function endCommand() {
  return command(
    'end',
    'PUT /v1/partnerships/{partnership}/ending',
    'End a partnership for good. Your keys for it and everything compared with them are deleted here, the work of both sides is deleted at the service, and your partner’s agent deletes its side when it learns of it.',
    'commonground partner end borealis\ncommonground partner end borealis --yes',
  )
    .argument('<alias>')
    .option('--yes', 'do not ask')
    .action(async (alias, options) =>
      withAgent(options, async (agent) => {
        const partnership = findPartnership(agent.store, alias);
        if (!options.yes && !partnership.ended) {
          note('this cannot be undone: to compare again, both of you start from a new invitation');
          const typed = await ask(`type ${partnership.alias} to end it`, { instead: 'use --yes' });
          if (typed.trim() !== partnership.alias)
            throw new Problem('bad_argument', 'that is another name', 'nothing was changed');
        }
        // A sync under way has the keys in its memory.
        const unlock = lockHome(agent.home);
        try {
          const { ended } = await endPartnership(agent, partnership);
          if (options.json)
            return printJson({ partner: partnership.alias, partnership: partnership.id, ended });
          if (ended) print(`${partnership.alias}: ${describeEnding(ended, partnership)}`);
          note('keys and compared data are deleted here and at the service; the ledger stays readable');
        } finally {
          unlock();
        }
      }),
    );
}

/** Clearing in all partnerships where it is due: what scopes that ended by themselves leave behind, in steps. */
import { duePartnerships, noteCleared } from './directory/partnerships.ts';
import { callOf, type Dependencies } from './routes/http.ts';

const PARTNERSHIPS_A_RUN = 100;
const STEPS_A_RUN = 100;

/** Runs the steps that are due, as many as fit one run; those left are due the next time. Throws the first error, at the end. */
export async function clearDue(
  dependencies: Pick<Dependencies, 'directory' | 'partnerships' | 'limits' | 'now'>,
  isClosing: () => boolean = () => false,
): Promise<void> {
  const { directory, partnerships, now } = dependencies;
  let steps = 0;
  let failure: unknown = null;
  for (const row of await duePartnerships(directory, now(), PARTNERSHIPS_A_RUN)) {
    try {
      const asker = { role: 'agent', member: null } as const;
      const call = await callOf(dependencies, { row, side: 'founder' }, asker, 'clear');
      let dueMs: number | null = null;
      do {
        if (steps >= STEPS_A_RUN || isClosing()) return;
        // Where it is ended or not opened there is nothing to clear.
        const cleared = call.ok ? await partnerships(row.id).run('clear', call.value, {}) : call;
        dueMs = cleared.ok ? cleared.value.dueMs : null;
        steps++;
      } while (dueMs !== null && dueMs <= now());
      await noteCleared(directory, row, dueMs);
    } catch (error) {
      // One database that cannot be used does not keep the others from being cleared.
      failure ??= error;
    }
  }
  if (failure !== null) throw failure;
}

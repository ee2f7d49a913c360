/** `sync --watch`: the unattended agent in the foreground, for a service manager to run. */
import type { Agent } from '../../agent/agent.ts';
import { openPool } from '../../agent/crypto/pool.ts';
import { lockHome } from '../../agent/home.ts';
import { EXIT } from '../../agent/problem.ts';
import { findPartnership } from '../../agent/store/partnerships.ts';
import { PACE } from '../../agent/sync/pace.ts';
import { type WatchEvent, watch } from '../../agent/sync/watch.ts';
import { note, printJson } from '../output.ts';
import { WAITING_TEXTS } from '../states.ts';

/** Runs until SIGTERM or SIGINT; a second signal ends the process at once. */
export async function watchHome(
  agent: Agent,
  options: { readonly partner?: string | undefined; readonly json?: true | undefined },
): Promise<void> {
  const only = options.partner ? findPartnership(agent.store, options.partner).id : null;
  const unlock = lockHome(agent.home);
  const pool = openPool();
  const ending = new AbortController();
  const end = () => ending.abort();
  process.once('SIGTERM', end).once('SIGINT', end);
  // Whoever restarts what failed is to restart this, too, when its reader is gone.
  process.exitCode = EXIT.failed;
  try {
    await watch(agent, pool, {
      only,
      pace: PACE,
      random: Math.random,
      signal: ending.signal,
      onEvent: ({ at, ...event }) =>
        options.json ? printJson({ at, ...event }) : note(`${at} ${describe(event)}`),
    });
    process.exitCode = EXIT.ok;
  } finally {
    process.off('SIGTERM', end).off('SIGINT', end);
    await pool.close();
    unlock();
  }
}

function describe(event: WatchEvent): string {
  switch (event.event) {
    case 'started':
      return 'watching; end with SIGTERM';
    case 'stopped':
      return 'stopped';
    case 'state':
      return `${event.partner}: ${stateText(event.state)}`;
    case 'work': {
      const parts: string[] = [];
      if (event.evaluated > 0) parts.push(`evaluated ${event.evaluated} blinded identifiers for the partner`);
      if (event.requested > 0) parts.push(`sent ${event.requested} blinded identifiers for evaluation`);
      if (event.submitted !== null) parts.push(`submitted ${event.submitted} accounts`);
      return `${event.partner}: ${parts.join('; ')}`;
    }
    case 'problem': {
      const next = event.retries ? 'trying again' : 'stopped for this partner until a restart';
      return `${event.partner ? `${event.partner}: ` : ''}${event.code}: ${event.message} (${next})`;
    }
  }
}

function stateText(state: Extract<WatchEvent, { event: 'state' }>['state']): string {
  if (state === 'up_to_date') return 'up to date';
  return state === 'ended' ? 'the partnership is ended' : WAITING_TEXTS[state];
}

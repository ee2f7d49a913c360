import { fromBase64url } from '../../../protocol/bytes.ts';
import { populationGrant } from '../../../protocol/scope.ts';
import type { Agent } from '../../agent/agent.ts';
import { openPool } from '../../agent/crypto/pool.ts';
import { describeEnding } from '../../agent/ending.ts';
import { lockHome } from '../../agent/home.ts';
import { requireVerified } from '../../agent/partners.ts';
import { EXIT, Problem } from '../../agent/problem.ts';
import { grantsAnything, readMine } from '../../agent/scopes.ts';
import { findPartnership, listPartnerships, type Partnership } from '../../agent/store/partnerships.ts';
import type { Progress } from '../../agent/sync/context.ts';
import { scanList } from '../../agent/sync/list.ts';
import { type SyncReport, syncPartnership } from '../../agent/sync/sync.ts';
import { command, withAgent } from '../command.ts';
import { note, print, printJson, progressBar, table } from '../output.ts';
import { WAITING_TEXTS } from '../states.ts';
import { watchHome } from './watch.ts';

/** `sync`: whatever is due with the partners. */
export function syncCommand() {
  return command(
    'sync',
    'Bring your list to the partners, blinded, and evaluate theirs. Does what is due and can be repeated at any time.',
    'commonground sync\ncommonground sync --partner borealis --wait 300\ncommonground sync --dry-run\ncommonground sync --watch',
  )
    .option('--partner <alias>', 'only this partner (default: all)')
    .option('--wait [seconds]', 'keep going while a partner has to act, at most so long (default 600)')
    .option('--watch', 'stay and do whatever becomes due, unattended, until SIGTERM or SIGINT')
    .option('--dry-run', 'show what would leave, to whom and under which scope; send nothing')
    .action(async (options) =>
      withAgent(options, async (agent) => {
        if (options.watch && (options.wait !== undefined || options.dryRun))
          throw new Problem('bad_argument', '--watch goes with neither --wait nor --dry-run');
        if (options.watch) return watchHome(agent, options);
        const partnerships = options.partner
          ? [findPartnership(agent.store, options.partner)]
          : listPartnerships(agent.store);
        if (partnerships.length === 0) note('there is no partner yet: `commonground partner invite`');
        if (options.dryRun) return dryRun(agent, partnerships, options.json ?? false);
        const seconds =
          options.wait === true ? 600 : options.wait === undefined ? null : Number(options.wait);
        const reports = await syncAll(
          agent,
          partnerships,
          seconds === null ? null : Date.now() + seconds * 1000,
        );
        if (options.json) printJson({ partners: reports });
        else for (const report of reports) print(describe(report));
        if (reports.some((report) => report.waiting !== null)) process.exitCode = EXIT.waiting;
      }),
    );
}

/** All partners at once: while one has to act, the others' work goes on. */
async function syncAll(
  agent: Agent,
  partnerships: readonly Partnership[],
  waitUntilMs: number | null,
): Promise<SyncReport[]> {
  const unlock = lockHome(agent.home);
  const pool = openPool();
  const bar = progressBar();
  try {
    const syncs = partnerships.map(({ id, alias }) => {
      const progress: Progress = (phase, done, total) =>
        bar.update(partnerships.length > 1 ? `${alias}: ${phase}` : phase, done, total);
      return syncPartnership(agent, id, pool, { progress, waitUntilMs });
    });
    // One partner's problem must not cut another's work short.
    const outcomes = await Promise.allSettled(syncs);
    const failed = outcomes.find((outcome) => outcome.status === 'rejected');
    if (failed) throw failed.reason;
    return outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []));
  } finally {
    bar.stop();
    await pool.close();
    unlock();
  }
}

function describe(report: SyncReport): string {
  if (report.ended) return `${report.partner}: ${describeEnding(report.ended, report.partner)}`;
  const parts: string[] = [];
  if (report.evaluated > 0) parts.push(`evaluated ${report.evaluated} blinded identifiers for the partner`);
  if (report.requested > 0) parts.push(`had ${report.requested} blinded identifiers evaluated`);
  if (report.submitted !== null) parts.push(`submitted ${report.submitted} accounts`);
  parts.push(
    report.waiting
      ? `${WAITING_TEXTS[report.waiting]} (since ${report.since})`
      : `up to date${report.snapshot ? `, snapshot ${report.snapshot.number}` : ''}`,
  );
  return `${report.partner}: ${parts.join('; ')}`;
}

function dryRun(agent: Agent, partnerships: readonly Partnership[], json: boolean): void {
  const plans = partnerships.map((partnership) => plan(agent, partnership));
  if (json) return printJson({ dryRun: true, partners: plans });
  for (const entry of plans) {
    print(
      `${entry.partner}: ${entry.blocked ?? `under version ${entry.scope} of your scope, ${entry.accounts} accounts would be in the list`}`,
    );
    if (entry.blocked) continue;
    print(
      table(
        ['  population', 'accounts', 'level', 'fields', 'white space'],
        entry.populations.map((row) => [
          `  ${row.name}`,
          row.accounts,
          row.level,
          row.fields.join(' ') || '-',
          row.whiteSpace,
        ]),
      ),
    );
    print(
      `  blinded for the partner to evaluate: ${entry.wanted.domain} domains, ${entry.wanted.name} names (of ${entry.identifiers} identifiers)`,
    );
    print(
      '  the service gets handles, populations, tags and sealed fields; no name, domain or record id leaves this machine in the clear',
    );
  }
  note('nothing was sent (--dry-run)');
}

function plan(agent: Agent, partnership: Partnership) {
  const nothing = {
    partner: partnership.alias,
    scope: null,
    accounts: 0,
    identifiers: 0,
    wanted: { domain: 0, name: 0 },
    populations: [],
  };
  if (partnership.ended) return { ...nothing, blocked: describeEnding(partnership.ended, partnership.alias) };
  if (!partnership.verifiedAt || partnership.deadSince)
    return { ...nothing, blocked: 'not verified; nothing would leave' };
  const scope = readMine(agent, partnership);
  if (!scope || !partnership.scopes.mine || !grantsAnything(scope, agent.now()))
    return { ...nothing, blocked: 'nothing is granted; nothing would leave' };
  requireVerified(partnership);
  const list = scanList(
    agent.store,
    partnership.id,
    scope,
    fromBase64url(partnership.scopes.mine) ?? new Uint8Array(),
    false,
  );
  const populations = scope.populations.map((name, index) => ({
    name,
    accounts: list.byPopulation[index] ?? 0,
    ...populationGrant(scope, name),
  }));
  return {
    partner: partnership.alias,
    blocked: null,
    scope: scope.number,
    accounts: list.accounts,
    identifiers: list.identifiers,
    wanted: list.wanted,
    populations,
  };
}

import { EVALUATED_KINDS, type EvaluatedKind } from '../../../protocol/identifiers/kind.ts';
import { populationGrant } from '../../../protocol/scope.ts';
import { type Agent, timestamp } from '../../agent/agent.ts';
import { openPool } from '../../agent/crypto/pool.ts';
import { describeEnding, endAgain } from '../../agent/ending.ts';
import { lockHome } from '../../agent/home.ts';
import { EXIT, Problem } from '../../agent/problem.ts';
import { lateText } from '../../agent/scopes/alarms.ts';
import { isGranting, myScope, newestScope } from '../../agent/scopes/following.ts';
import { describeTerms, KIND_TEXTS } from '../../agent/scopes/sentences.ts';
import { countCompanies } from '../../agent/store/companies.ts';
import {
  findPartnership,
  getPartnership,
  listPartnerships,
  type Partnership,
} from '../../agent/store/partnerships.ts';
import type { Progress } from '../../agent/sync/context.ts';
import { countsOf, scanList } from '../../agent/sync/list.ts';
import type { Waiting } from '../../agent/sync/step.ts';
import { type SyncReport, syncPartnership } from '../../agent/sync/sync.ts';
import { newestNormaliser, normaliserOf } from '../../agent/sync/terms.ts';
import { command, withAgent } from '../command.ts';
import { noteEnded, unfinished } from '../ended.ts';
import { note, print, printJson, progressBar, table } from '../output.ts';
import { acceptText, STANDING_TEXTS, WAITING_TEXTS, waitingText } from '../states.ts';
import { watchHome } from './watch.ts';

/** `sync`: whatever is due with the partners. */
export function syncCommand() {
  return command(
    'sync',
    'PUT /v1/partnerships/{partnership}/submissions/{number}',
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
        const all = listPartnerships(agent.store);
        const partnerships = options.partner
          ? [findPartnership(agent.store, options.partner)]
          : unfinished(all);
        if (partnerships.length === 0)
          note('there is no partner yet: `commonground partner invite`, or `partner accept` an invitation');
        if (!options.partner && !options.json) noteEnded(all);
        if (options.dryRun) return dryRun(agent, partnerships, options.json ?? false);
        const seconds =
          options.wait === true ? 600 : options.wait === undefined ? null : Number(options.wait);
        if (seconds !== null && !(seconds >= 0))
          throw new Problem('bad_argument', `--wait ${options.wait} is not a number of seconds`);
        const untilMs = seconds === null ? null : Date.now() + seconds * 1000;
        let reports: SyncReport[];
        try {
          reports = await syncAll(agent, partnerships, untilMs);
        } finally {
          // Of partnerships that are over; no other's result waits for it.
          await endAgain(agent).catch((error: Error) =>
            note(`an ending was not told again: ${error.message}`),
          );
        }
        if (options.json) printJson({ partners: reports });
        else for (const report of reports) print(describe(agent, report));
        for (const report of reports) noteScopes(report);
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
  const until =
    waitUntilMs === null ? '' : `; until ${timestamp(waitUntilMs)}, or stop with Ctrl-C and come back later`;
  try {
    const syncs = partnerships.map(({ id, alias }) => {
      const progress: Progress = (phase, done, total) =>
        bar.update(partnerships.length > 1 ? `${alias}: ${phase}` : phase, done, total);
      const onWaiting = (waiting: Waiting) => {
        bar.stop();
        note(`${alias}: ${WAITING_TEXTS[waiting]}${until}`);
      };
      return syncPartnership(agent, id, pool, { progress, waitUntilMs, onWaiting });
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

function describe(agent: Agent, report: SyncReport): string {
  if (report.ended)
    return `${report.partner}: ${describeEnding(report.ended, getPartnership(agent.store, report.partnership))}`;
  const parts: string[] = [];
  if (report.evaluated > 0) parts.push(`evaluated ${report.evaluated} blinded identifiers for the partner`);
  if (report.requested > 0) parts.push(`had ${report.requested} blinded identifiers evaluated`);
  if (report.submitted !== null) parts.push(`submitted ${report.submitted} accounts`);
  parts.push(
    report.waiting
      ? `${waitingText(report.waiting, report.people)} (since ${report.since})`
      : `up to date${report.snapshot ? `, snapshot ${report.snapshot.number}` : ''}`,
  );
  return `${report.partner}: ${parts.join('; ')}`;
}

/** What happened to scopes without a person is said to the people. */
function noteScopes({ partner, accepted, late, people }: SyncReport): void {
  for (const scope of accepted) {
    note(
      `${partner}: you accepted version ${scope.number} of what it grants you, as your company has no other members:`,
    );
    for (const sentence of describeTerms(scope, 'your company', partner)) note(`  ${sentence}`);
  }
  for (const one of late) note(`${partner}: ${lateText(one, partner)}`);
  const toAccept = acceptText(people, partner);
  if (toAccept) note(`${partner}: ${toAccept}`);
}

async function dryRun(agent: Agent, partnerships: readonly Partnership[], json: boolean): Promise<void> {
  const plans: Awaited<ReturnType<typeof plan>>[] = [];
  for (const partnership of partnerships) plans.push(await plan(agent, partnership));
  if (json) return printJson({ dryRun: true, partners: plans });
  for (const entry of plans) {
    print(
      `${entry.partner}: ${entry.blocked ?? `under version ${entry.scope} of your scope${entry.pending ? ` (${STANDING_TEXTS[entry.pending]})` : ''}, ${entry.accounts} accounts would be in the list`}`,
    );
    if (entry.blocked) continue;
    print(
      table(
        ['  population', 'accounts', 'level', 'fields', 'white space'],
        [
          ...entry.populations.map((row) => [
            `  ${row.name}`,
            row.accounts,
            row.level,
            row.fields.join(' ') || '-',
            row.whiteSpace,
          ]),
          ...(entry.unlisted > 0 ? [['  (in none of these)', entry.unlisted, 'not compared', '', '']] : []),
        ],
      ),
    );
    print(
      `  blinded for the partner to evaluate: ${wantedText(entry.wanted)} (of ${entry.identifiers} identifiers)`,
    );
    print(
      '  the service gets a random number for each account, the populations it is in, and encrypted values; no name, domain or record id leaves this machine in the clear',
    );
  }
  note('nothing was sent (--dry-run)');
}

function wantedText(wanted: Readonly<Partial<Record<EvaluatedKind, number>>>): string {
  const parts = EVALUATED_KINDS.flatMap((kind) => {
    const count = wanted[kind] ?? 0;
    return count > 0 ? [`${count} ${KIND_TEXTS[kind]}`] : [];
  });
  return parts.join(', ') || 'nothing new';
}

async function plan(agent: Agent, partnership: Partnership) {
  const nothing = {
    partner: partnership.alias,
    scope: null,
    pending: null,
    accounts: 0,
    unlisted: 0,
    identifiers: 0,
    wanted: countsOf(new Map()),
    populations: [],
  };
  if (partnership.ended) return { ...nothing, blocked: describeEnding(partnership.ended, partnership) };
  if (!partnership.verifiedAt || partnership.deadSince)
    return { ...nothing, blocked: 'not verified; nothing would leave' };
  // What is not accepted yet is what is about to leave.
  const next = newestScope(agent, partnership, 'mine');
  const inForce = myScope(agent, partnership);
  const planned = inForce ?? (next && { ...next.papers, signed: next.signed });
  if (!planned || !isGranting(planned))
    return { ...nothing, blocked: 'nothing is granted; nothing would leave' };
  const { scope } = planned;
  const list = await scanList(
    agent.store,
    partnership.id,
    scope,
    planned.signed,
    normaliserOf(agent, partnership) ?? newestNormaliser(agent, partnership),
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
    /** Where the scope stands while it is not in force: nothing leaves before. */
    pending: inForce || !next ? null : next.standing,
    accounts: list.accounts,
    unlisted: countCompanies(agent.store) - list.accounts,
    identifiers: list.identifiers,
    wanted: list.wanted,
    populations,
  };
}

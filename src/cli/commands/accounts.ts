import { basename, resolve } from 'node:path';
import { type Agent, timestamp } from '../../agent/agent.ts';
import { MEANINGS } from '../../agent/import/columns.ts';
import { openExport } from '../../agent/import/export.ts';
import { parseMap } from '../../agent/import/layout.ts';
import { placement } from '../../agent/placement.ts';
import { PRESET_RULES } from '../../agent/population.ts';
import { Problem } from '../../agent/problem.ts';
import { parseRule } from '../../agent/rule.ts';
import {
  type Account,
  eachAccount,
  type ImportSummary,
  importSource,
  listPopulations,
  listSources,
  MAX_REJECTED,
  populationsOf,
  putPopulation,
  removeSource,
  type Source,
} from '../../agent/store/lists.ts';
import { collect, command, group, withAgent } from '../command.ts';
import { note, print, printJson, table } from '../output.ts';
import { noteUnplaced } from '../unplaced.ts';
import { checkCommand, testCommand, tuneCommand } from './quality.ts';

/** `accounts`: the organisation's own lists. */
export function accountsCommand() {
  return group(
    'accounts',
    'Your lists of accounts and opportunities. They never leave this machine in the clear.',
  )
    .addCommand(importCommand())
    .addCommand(sourcesCommand())
    .addCommand(removeCommand())
    .addCommand(listCommand())
    .addCommand(checkCommand())
    .addCommand(tuneCommand())
    .addCommand(testCommand());
}

function importCommand() {
  return command(
    'import',
    'keyring',
    [
      'Read CRM exports (CSV or TSV; Salesforce, HubSpot, Dynamics 365 and Pipedrive are recognised, also in German, French',
      'and Spanish). Each file replaces what it replaced the last time. The more columns say who a company is (website, city,',
      'country, former names, LEI, VAT, DUNS, ISIN, register), the more is matched; records of one company become one account.',
    ].join('\n'),
    'commonground accounts import accounts.csv opportunities.csv\ncommonground accounts import customers.tsv --map "Firma=name" --map "Netz=domain"\ncommonground accounts import accounts.csv --dry-run',
  )
    .argument('<files...>', 'accounts, and opportunities that name their account')
    .option('--map <column=meaning>', `say what a column means: ${MEANINGS.join(', ')}`, collect)
    .option('--source <name>', 'name of the source that is replaced (default: the file name)')
    .option('--dry-run', 'show what would change and change nothing')
    .action(async (files, options) =>
      withAgent(options, async (agent) => {
        if (options.source && files.length > 1)
          throw new Problem('bad_argument', '--source names one source', 'import the files one by one');
        const before = listSources(agent.store);
        const summaries: ImportSummary[] = [];
        for (const file of files) {
          const opened = await openExport(resolve(file), options.map ? { map: parseMap(options.map) } : {});
          const summary = await importSource(agent.store, options.source ?? basename(file), opened, {
            keep: !options.dryRun,
            now: timestamp(Date.now()),
            progress: (rows) => {
              if (rows % 10_000 === 0) note(`${basename(file)}: ${rows} rows`);
            },
          });
          summaries.push(summary);
        }
        const populations = options.dryRun ? [] : addPresets(agent);
        const placed = options.dryRun ? null : placement(agent.store);
        if (options.json)
          return printJson({
            kept: !options.dryRun,
            files: summaries,
            populationsAdded: populations,
            ...(placed
              ? { unplaced: placed.unplaced, unplacedGroups: placed.groups.slice(0, MAX_REJECTED) }
              : {}),
          });
        print(
          table(
            ['source', 'what', 'layout', 'added', 'changed', 'removed', 'unchanged', 'rejected', 'merged'],
            summaries.map((summary) => [
              summary.source,
              summary.what,
              summary.layout,
              summary.added,
              summary.changed,
              summary.removed,
              summary.unchanged,
              summary.rejectedCount,
              summary.merged.count,
            ]),
          ),
        );
        for (const summary of summaries) {
          printRejected(summary);
          printMerged(summary);
        }
        if (populations.length > 0)
          note(`populations made: ${populations.join(', ')} (see \`commonground population list\`)`);
        if (placed) noteUnplaced(placed);
        for (const summary of summaries) noteNewSource(summary, before);
        if (options.dryRun) note('nothing was changed (--dry-run)');
      }),
    );
}

function sourcesCommand() {
  return command(
    'sources',
    'keyring',
    'What was imported, and when.',
    'commonground accounts sources',
  ).action(async (options) =>
    withAgent(options, async (agent) => {
      const sources = listSources(agent.store);
      if (options.json) return printJson({ sources });
      print(
        table(
          ['source', 'what', 'layout', 'records', 'imported'],
          sources.map((source) => [
            source.name,
            source.what,
            source.layout,
            source.records,
            source.importedAt,
          ]),
        ),
      );
    }),
  );
}

function removeCommand() {
  return command(
    'remove',
    'keyring',
    'Remove a source with its records, such as one that was imported under a second name.',
    'commonground accounts remove accounts-copy.csv',
  )
    .argument('<source>', 'as `accounts sources` names it')
    .action(async (source, options) =>
      withAgent(options, async (agent) => {
        const records = removeSource(agent.store, source);
        if (records === null)
          throw new Problem(
            'bad_argument',
            `there is no source ${source}`,
            'see `commonground accounts sources`',
          );
        if (options.json) return printJson({ removed: source, records });
        note(`${source} removed with ${records} records; the next sync takes them from what is compared`);
      }),
    );
}

const LIST_LIMIT = 100;

function listCommand() {
  return command(
    'list',
    'keyring',
    'The accounts that were imported, with the populations they are in. Nothing is asked of the service.',
    'commonground accounts list --population customers\ncommonground accounts list --limit 100000 --json',
  )
    .option('--population <name>', 'only accounts in this population')
    .option('--limit <n>', `at most so many rows (default ${LIST_LIMIT})`, Number)
    .action(async (options) =>
      withAgent(options, async (agent) => {
        const limit = options.limit ?? LIST_LIMIT;
        if (!Number.isInteger(limit) || limit < 1)
          throw new Problem('bad_argument', '--limit is a whole number, at least 1');
        const populations = listPopulations(agent.store);
        if (options.population && !populations.some(({ name }) => name === options.population))
          throw new Problem(
            'unknown_population',
            `there is no population ${options.population}`,
            'see `commonground population list`',
          );
        const accounts = [];
        let total = 0;
        for (const account of eachAccount(agent.store)) {
          const names = populationsOf(account, populations);
          if (options.population && !names.includes(options.population)) continue;
          total++;
          if (accounts.length < limit) accounts.push(listed(account, names));
        }
        if (options.json) return printJson({ accounts, total });
        print(
          table(
            ['record', 'name', 'domain', 'country', 'populations', 'source'],
            accounts.map((account) => [
              account.record,
              account.names[0] ?? '',
              account.domains[0] ?? '',
              account.country ?? '',
              account.populations.join(' '),
              account.source,
            ]),
          ),
        );
        note(
          total > accounts.length ? `${accounts.length} of ${total} records (--limit)` : `${total} records`,
        );
      }),
    );
}

function listed({ source, record, opportunities }: Account, populations: readonly string[]) {
  const { id, names, domains, country, fields } = record;
  return {
    record: id,
    source,
    names,
    domains,
    country: country ?? null,
    fields,
    opportunities: opportunities.length,
    populations,
  };
}

/** A first import makes the usual populations; they share nothing before a scope grants it. */
function addPresets(agent: Agent): string[] {
  if (listPopulations(agent.store).length > 0) return [];
  return Object.entries(PRESET_RULES).map(([name, text]) => {
    const rule = parseRule(text);
    if (!rule.ok) throw new Error(`the built-in rule ${name} does not parse`);
    putPopulation(agent.store, { name, text, rule: rule.value });
    return name;
  });
}

/** A renamed export is a second source of the same records, which nobody means. */
function noteNewSource({ source, what }: ImportSummary, before: readonly Source[]): void {
  const others = before.filter((known) => known.what === what).map(({ name }) => name);
  const [other] = others;
  if (other === undefined || others.includes(source)) return;
  note(
    `${source} is a new source beside ${others.join(', ')}; if it is the same export under another name, import it with --source ${other}, and empty the new one with \`accounts remove\``,
  );
}

function printRejected(summary: ImportSummary): void {
  for (const { line, reason } of summary.rejected.slice(0, 10))
    note(`${summary.source} line ${line}: ${reason}; not taken`);
  const more = summary.rejectedCount - Math.min(10, summary.rejected.length);
  if (more > 0)
    note(`${summary.source}: ${more} more rejected rows (--json lists the first ${MAX_REJECTED})`);
}

/** The latest import's view: a file that comes later may merge more. */
function printMerged({ source, merged }: ImportSummary): void {
  for (const { line, record, into } of merged.rows.slice(0, 10))
    note(
      `${source} line ${line}: record ${record} is the same company as ${into}; together they are one account`,
    );
  const more = merged.count - Math.min(10, merged.rows.length);
  if (more > 0) note(`${source}: ${more} more records of companies that stand there already`);
}

import { basename } from 'node:path';
import { type Agent, timestamp } from '../../agent/agent.ts';
import { openExport } from '../../agent/import/export.ts';
import { parseMap } from '../../agent/import/layout.ts';
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
} from '../../agent/store/lists.ts';
import { collect, command, group, withAgent } from '../command.ts';
import { note, print, printJson, table } from '../output.ts';

/** `accounts`: the organisation's own lists. */
export function accountsCommand() {
  return group(
    'accounts',
    'Your lists of accounts and opportunities. They never leave this machine in the clear.',
  )
    .addCommand(importCommand())
    .addCommand(sourcesCommand())
    .addCommand(listCommand());
}

function importCommand() {
  return command(
    'import',
    'Read CRM exports (CSV or TSV; Salesforce and HubSpot are recognised). Each file replaces what it replaced the last time.',
    'commonground accounts import accounts.csv opportunities.csv\ncommonground accounts import customers.tsv --map "Firma=name" --map "Netz=domain"\ncommonground accounts import accounts.csv --dry-run',
  )
    .argument('<files...>', 'accounts, and opportunities that name their account')
    .option(
      '--map <column=meaning>',
      'say what a column means (id, name, domain, country, type, owner, …)',
      collect,
    )
    .option('--source <name>', 'name of the source that is replaced (default: the file name)')
    .option('--dry-run', 'show what would change and change nothing')
    .action(async (files, options) =>
      withAgent(options, async (agent) => {
        if (options.source && files.length > 1)
          throw new Problem('bad_argument', '--source names one source', 'import the files one by one');
        const summaries: ImportSummary[] = [];
        for (const file of files) {
          const opened = await openExport(file, options.map ? { map: parseMap(options.map) } : {});
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
        if (options.json)
          return printJson({ kept: !options.dryRun, files: summaries, populationsAdded: populations });
        print(
          table(
            ['source', 'what', 'layout', 'added', 'changed', 'removed', 'unchanged', 'rejected'],
            summaries.map((summary) => [
              summary.source,
              summary.what,
              summary.layout,
              summary.added,
              summary.changed,
              summary.removed,
              summary.unchanged,
              summary.rejectedCount,
            ]),
          ),
        );
        for (const summary of summaries) printRejected(summary);
        if (populations.length > 0)
          note(`populations made: ${populations.join(', ')} (see \`commonground population list\`)`);
        if (options.dryRun) note('nothing was changed (--dry-run)');
      }),
    );
}

function sourcesCommand() {
  return command('sources', 'What was imported, and when.', 'commonground accounts sources').action(
    async (options) =>
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

const LIST_LIMIT = 100;

function listCommand() {
  return command(
    'list',
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
          total > accounts.length ? `${accounts.length} of ${total} accounts (--limit)` : `${total} accounts`,
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

function printRejected(summary: ImportSummary): void {
  for (const { line, reason } of summary.rejected.slice(0, 10))
    note(`${summary.source} line ${line}: ${reason}; not taken`);
  const more = summary.rejectedCount - Math.min(10, summary.rejected.length);
  if (more > 0)
    note(`${summary.source}: ${more} more rejected rows (--json lists the first ${MAX_REJECTED})`);
}

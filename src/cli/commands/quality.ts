import type { Agent } from '../../agent/agent.ts';
import { Problem } from '../../agent/problem.ts';
import { type CheckReport, checkList, type Suspicion } from '../../agent/quality/check.ts';
import { readAliases, readExclusions, readStopWords } from '../../agent/quality/files.ts';
import { ownList } from '../../agent/quality/own.ts';
import { readSample, type SampleResult, trySample } from '../../agent/quality/sample.ts';
import { LEVELS, type Tuning, UNTUNED } from '../../agent/quality/tuning.ts';
import { eachCompany } from '../../agent/store/companies.ts';
import { getTuning, putTuning } from '../../agent/store/tuning.ts';
import { command, withAgent } from '../command.ts';
import { note, print, printable, printJson, progressBar, table } from '../output.ts';

/** Work that is over sooner needs no bar. */
const QUIET_MS = 1000;

/** `accounts check`: what partners could make of the list, and what to mend first. */
export function checkCommand() {
  return command(
    'check',
    'keyring',
    'Look through your list before anything is shared: what partners could match, what cannot be right, what to mend first. Nothing leaves this machine.',
    'commonground accounts check\ncommonground accounts check --json > check.json',
  ).action(async (options) =>
    withAgent(options, async (agent) => {
      const bar = progressBar();
      const begun = Date.now();
      const report = checkList(agent.store, (done, total) => {
        if (Date.now() - begun > QUIET_MS) bar.update('checking', done, total);
      });
      bar.stop();
      if (options.json) return printJson(report);
      printCheck(report);
    }),
  );
}

function printCheck(report: CheckReport): void {
  const { accounts, records, excluded, best, have, fixes } = report;
  const checked = accounts - excluded;
  const merged = records === accounts ? '' : ` from ${records} records (records of one company count once)`;
  print(`${accounts} accounts${merged}${excluded > 0 ? `, ${excluded} of them excluded` : ''}`);
  print('\nWhat a partner that has the same account could make of it, at best');
  const share = (n: number) => (checked === 0 ? '' : `${((100 * n) / checked).toFixed(1)} %`);
  print(
    table(
      ['match', 'accounts', 'share'],
      [
        ['confirmed', best.confirmed, share(best.confirmed)],
        ['review', best.review, share(best.review)],
        ['none', best.none, share(best.none)],
      ],
    ),
  );
  print('\nWhat they are known by');
  print(
    table(
      ['identifier', 'accounts', 'share'],
      Object.entries(have).flatMap(([kind, n]) => (n > 0 ? [[kind, n, share(n)]] : [])),
    ),
  );
  if (fixes.length > 0) print('\nWhat to mend first');
  for (const { code, accounts: n, gain, say, records: ids } of fixes) {
    print(`${n} accounts ${say}${gain > 0 ? ` (${gain} would be matched better)` : ''} [${code}]`);
    print(`  records ${ids.join(', ')}${n > ids.length ? ', …' : ''}`);
  }
  printSuspicions('Domains of several accounts: they confirm nothing without the name', report.crowded);
  printSuspicions('Domains that do not fit the name, on several accounts: are they right?', report.foreign);
  printSuspicions('Accounts of one name: duplicates, or namesakes?', report.likelyDuplicates.byName);
  printSuspicions('Accounts of one domain under different names', report.likelyDuplicates.byDomain);
}

function printSuspicions(title: string, list: readonly Suspicion[]): void {
  if (list.length === 0) return;
  print(`\n${title}`);
  print(
    table(
      ['value', 'accounts', 'records'],
      list.map(({ value, accounts, records }) => [
        value,
        accounts,
        records.join(', ') + (accounts > records.length ? ', …' : ''),
      ]),
    ),
  );
}

interface TuningFiles {
  readonly aliases?: string | undefined;
  readonly exclude?: string | undefined;
  readonly stopWords?: string | undefined;
  readonly level?: string | undefined;
}

const FILE_OPTIONS = {
  aliases: [
    '--aliases <file>',
    'CSV with the columns name, alias, domain: further names and domains of your accounts',
  ],
  exclude: [
    '--exclude <file>',
    'a domain, "name: …" or "record: …" a line: accounts that never leave in any form',
  ],
  stopWords: [
    '--stop-words <file>',
    'a word or phrase a line: names are compared without them too, never only without them',
  ],
  level: ['--level <level>', `what counts as one account: ${LEVELS.join(', ')}`],
} as const;

async function changed(before: Tuning, files: TuningFiles): Promise<Tuning> {
  const level = LEVELS.find((known) => known === files.level);
  if (files.level !== undefined && !level)
    throw new Problem('bad_argument', `"${files.level}" is no level`, `it is one of ${LEVELS.join(', ')}`);
  return {
    aliases: files.aliases === undefined ? before.aliases : await readAliases(files.aliases),
    exclude: files.exclude === undefined ? before.exclude : readExclusions(files.exclude),
    stopWords: files.stopWords === undefined ? before.stopWords : readStopWords(files.stopWords),
    level: level ?? before.level,
  };
}

function isChange(files: TuningFiles): boolean {
  return [files.aliases, files.exclude, files.stopWords, files.level].some((given) => given !== undefined);
}

/** `accounts tune`: own aliases, exclusions, stop words and the level. */
export function tuneCommand() {
  return command(
    'tune',
    'keyring',
    [
      'Say what only you know of your accounts, to be found better or not at all. Each file replaces the one before;',
      'they are kept sealed on this machine and your partner never sees them. Try them with `accounts test` first.',
      '--level site keeps records of one company in different cities apart, company (the default) takes them as one,',
      'group adds the names and domains of the topmost parent (column parent) to every account: nothing that matched before is lost.',
    ].join('\n'),
    'commonground accounts tune --aliases aliases.csv --exclude never.txt --stop-words words.txt\ncommonground accounts tune --level group\ncommonground accounts tune --show\ncommonground accounts tune --clear',
  )
    .option(...FILE_OPTIONS.aliases)
    .option(...FILE_OPTIONS.exclude)
    .option(...FILE_OPTIONS.stopWords)
    .option(...FILE_OPTIONS.level)
    .option('--show', 'show what is in force, as it was given')
    .option('--clear', 'forget all of it')
    .action(async (options) =>
      withAgent(options, async (agent) => {
        if (Number(isChange(options)) + Number(options.show ?? false) + Number(options.clear ?? false) !== 1)
          throw new Problem('bad_argument', 'say what to tune, or --show, or --clear alone');
        if (options.clear) putTuning(agent.store, null);
        else if (!options.show) putTuning(agent.store, await changed(getTuning(agent.store), options));
        const tuning = getTuning(agent.store);
        const keptBack = countExcluded(agent);
        if (options.json) return printJson({ ...tuning, accountsExcluded: keptBack });
        const { aliases, exclude, stopWords, level } = tuning;
        print(
          table(
            ['setting', 'entries'],
            [
              ['aliases', aliases.length],
              ['excluded records', exclude.records.length],
              ['excluded domains', exclude.domains.length],
              ['excluded names', exclude.names.length],
              ['stop words', stopWords.length],
            ],
          ),
        );
        print(`level: ${level}`);
        if (options.show) for (const line of contents(tuning)) print(printable(line));
        note(`${keptBack} accounts are kept back by it`);
        if (!options.show) note('the next `commonground sync` submits what is different by it');
      }),
    );
}

function contents({ aliases, exclude, stopWords }: Tuning): string[] {
  return [
    ...aliases.map(({ name, names, domains }) => `alias ${name}: ${[...names, ...domains].join('; ')}`),
    ...exclude.records.map((id) => `exclude record: ${id}`),
    ...exclude.domains.map((domain) => `exclude domain: ${domain}`),
    ...exclude.names.map((name) => `exclude name: ${name}`),
    ...stopWords.map((word) => `stop word: ${word}`),
  ];
}

function countExcluded(agent: Agent): number {
  const own = ownList(agent.store);
  if (!own.excludes) return 0;
  let excluded = 0;
  for (const records of eachCompany(agent.store)) if (own.isExcluded(records)) excluded++;
  return excluded;
}

/** `accounts test`: the effect of a tuning on labelled pairs. */
export function testCommand() {
  return command(
    'test',
    'keyring',
    [
      'Try a tuning on pairs that you know: CSV with the columns a_name, a_domain (yours), b_name, b_domain (as the partner may',
      'write it) and label (1 the same company, 0 another). Shows how many are found, and rightly, before and after; nothing',
      'is kept and nothing leaves. Without options: nothing tuned against what is in force.',
    ].join('\n'),
    'commonground accounts test pairs.csv --aliases aliases.csv\ncommonground accounts test pairs.csv --json',
  )
    .argument('<sample>', 'the labelled pairs')
    .option(...FILE_OPTIONS.aliases)
    .option(...FILE_OPTIONS.exclude)
    .option(...FILE_OPTIONS.stopWords)
    .action(async (sample, options) =>
      withAgent(options, async (agent) => {
        const pairs = await readSample(sample);
        const inForce = getTuning(agent.store);
        const before = trySample(pairs, isChange(options) ? inForce : UNTUNED);
        const after = trySample(pairs, await changed(inForce, options));
        const matches = pairs.filter(({ match }) => match).length;
        if (options.json) return printJson({ pairs: pairs.length, matches, before, after });
        print(
          table(
            ['', 'tier', 'found', 'right', 'recall', 'precision'],
            [...scoreRows('before', before), ...scoreRows('after', after)],
          ),
        );
        note(`${pairs.length} pairs, ${matches} of them the same company`);
        if (after.excluded > 0) note(`${after.excluded} of them are excluded and never leave`);
        for (const { line, mistake, tier, by } of after.mistakes.slice(0, 10)) {
          const found = tier ? `found as ${tier} (${by ?? ''})` : 'not found';
          note(
            `line ${line}: ${mistake === 'missed' ? 'the same company' : 'not the same company'}, ${found}`,
          );
        }
        if (after.mistakes.length > 10) note('--json lists the first 100 of them');
      }),
    );
}

function scoreRows(when: string, { confirmed, both }: SampleResult): (string | number)[][] {
  const percent = (part: number) => `${(100 * part).toFixed(1)} %`;
  return [
    [
      when,
      'confirmed',
      confirmed.found,
      confirmed.right,
      percent(confirmed.recall),
      percent(confirmed.precision),
    ],
    ['', 'with review', both.found, both.right, percent(both.recall), percent(both.precision)],
  ];
}

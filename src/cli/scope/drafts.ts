/** `scope presets`, `draft`, `defaults`, `simulate` and `grant`: what a scope is to say, before anybody signs it. */
import { existsSync, rmSync } from 'node:fs';
import { EVALUATED_KINDS } from '../../../protocol/identifiers/kind.ts';
import { VIEWER_ROLES } from '../../../protocol/member.ts';
import { ANY_POPULATION, FIELDS, LEVELS, WHITE_SPACE_LEVELS } from '../../../protocol/scope.ts';
import type { Agent } from '../../agent/agent.ts';
import { createSecretFile, type Home, isMemberHome, replaceFile } from '../../agent/home.ts';
import { requireVerified } from '../../agent/pinned.ts';
import { Problem } from '../../agent/problem.ts';
import {
  checkPopulations,
  checkTerms,
  type GrantOptions,
  listsNamed,
  listWarnings,
  termsOf,
} from '../../agent/scopes/draft.ts';
import { type Draft, draftOf, grantOf, readDraft } from '../../agent/scopes/file.ts';
import { newestScope, versions } from '../../agent/scopes/following.ts';
import { grantScope } from '../../agent/scopes/granting.ts';
import {
  PRESET_ADVICE,
  PRESET_TEXTS,
  PRESETS,
  presetRules,
  presetTerms,
} from '../../agent/scopes/presets.ts';
import { describeScope, FIELD_TEXTS, namesText, ruleSentences } from '../../agent/scopes/sentences.ts';
import { type SimulatedCell, simulate } from '../../agent/scopes/simulation.ts';
import type { Terms } from '../../agent/scopes/terms.ts';
import { countAccounts, listPopulations } from '../../agent/store/lists.ts';
import { findPartnership } from '../../agent/store/partnerships.ts';
import { collect, command, homeOf, withAgent } from '../command.ts';
import { note, print, printable, printJson, table } from '../output.ts';
import { readText } from '../prompt.ts';
import { countOf, parseBudget, parseRule, presetOf, REVIEW, readRules, roleOf } from './rules.ts';

const PRESET_LINES = PRESETS.map((preset) => `  ${preset.padEnd(10)}  ${PRESET_TEXTS[preset]}`).join('\n');

export function presetsCommand() {
  return command(
    'presets',
    'nothing',
    'The ready-made scopes, and what a lawyer should know of each.',
    'commonground scope presets',
  ).action((options) => {
    if (options.json) {
      const presets = PRESETS.map((name) => ({
        name,
        grants: PRESET_TEXTS[name],
        advice: PRESET_ADVICE[name],
        terms: presetTerms(name),
        rules: presetRules(name, ['customers', 'open-opportunities']),
      }));
      return printJson({ presets });
    }
    for (const name of PRESETS) {
      const { retentionDays, namesPerMonth, export: mayExport } = presetTerms(name);
      print(`${name}: ${PRESET_TEXTS[name]}`);
      print(`  ${PRESET_ADVICE[name]}`);
      for (const rule of presetRules(name, ['customers', 'open-opportunities']))
        for (const sentence of ruleSentences(rule, { minimumCount: 5 }, 'the partner'))
          print(`  - ${sentence}`);
      if (namesPerMonth > 0) print(`  - ${namesText({ namesPerMonth }, 'the partner')}`);
      print(
        `  - Kept for ${retentionDays} days after its end; ${mayExport ? 'may' : 'may not'} be taken out as files. No preset shares free text or exact amounts.`,
      );
    }
    note('`commonground scope draft --preset NAME` writes one as a file that you can change');
  });
}

const DRAFT_HELP = `The file is JSON; everything in it can be changed before it is proposed:
  to                  short names of the partners it is for; checked when it is proposed, not before
  purpose             why; the partner accepts this, the next two and what may be exported
  retentionDays       how long after the end the partner may keep what it derived
  export              true: the partner may take answers out as files
  agreement           null, or {"reference": "NDA of 2026-01-15", "sha256": "…of the document"}
  validFrom           a time such as 2026-12-31T00:00:00Z; null: from the agreement on
  validUntil          a later time; null: until it is revoked
  competitors         true: open opportunities and details of deals reach the clean team alone
  reciprocity         true: the partner gets no more than it grants back
  minimumCount        smaller numbers are not shown, others are rounded down to its multiples
  snapshotsPerMonth   how often a month the lists may be compared anew
  namesPerMonth       how many names of accounts they lack your partner’s people are shown a month, together
  strongKinds         what proves two accounts the same, so that details show
  comparisonsPerYear  how many identifiers of each kind the partner may have compared
  populations         your lists that it speaks of, at most six
  rules               for each of your lists (population) and each of theirs (partnerPopulation, * for any), what each role learns (roles: sales, clean-team); what no rule grants is denied, and where several speak of the same, the narrowest holds

What a role learns:
  level       ${LEVELS.join(', ')}
  fields      ${FIELDS.join(', ')}
  whiteSpace  of accounts they lack: ${WHITE_SPACE_LEVELS.join(', ')}
  review      true: possible matches too`;

export function draftCommand() {
  return command(
    'draft',
    'nothing',
    `Write a scope as a file to read, change and discuss. Nothing is signed and nothing leaves this machine.\n\nPresets:\n${PRESET_LINES}\n\n${DRAFT_HELP}`,
    'commonground scope draft --preset overlap --to borealis,cumulus --out overlap.json\ncommonground scope propose overlap.json',
  )
    .option('--preset <preset>', `${PRESETS.join(', ')} (default: what \`scope defaults\` says)`)
    .option(
      '--to <partners>',
      'short names of the partners, separated by commas; they are checked at `scope propose`',
    )
    .option('--population <name>', 'only these of your lists (default: all)', collect)
    .option('--out <file>', 'write to a new file instead of standard output')
    .action(async (options) => {
      const home = homeOf(options);
      const to = options.to?.split(',').map((name) => name.trim()) ?? [];
      const known = isMemberHome(home) ? null : await withAgent(options, async (agent) => listOf(agent));
      const populations = options.population ?? known?.populations;
      const defaults = readDefaults(home);
      let draft: Draft;
      if (!options.preset && defaults) draft = { ...defaults, to };
      else {
        if (!options.preset)
          throw new Problem(
            'bad_argument',
            'choose a preset, or set what is usual in this home',
            '`commonground scope presets` explains them; `commonground scope defaults --set FILE`',
          );
        if (!populations || populations.length === 0)
          throw new Problem(
            'bad_argument',
            'name your lists that it speaks of',
            'with --population, once for each; `commonground population list` in the home with the keyring shows them',
          );
        const preset = presetOf(options.preset);
        if (known) checkPopulations(populations, known.populations);
        const grant = { ...presetTerms(preset), rules: presetRules(preset, populations), populations };
        draft = draftOf(
          termsOf(grant, { last: null, accounts: known?.accounts ?? 0, nowMs: Date.now() }),
          to,
        );
      }
      const text = JSON.stringify(draft, null, 2);
      if (options.out) createSecretFile(options.out, `${text}\n`);
      if (options.json) return printJson(options.out ? { file: options.out, draft } : { draft });
      if (!options.out) return print(text);
      for (const sentence of describeScope(termsFrom(draft), 'the partner')) print(sentence);
      note(`read and change ${options.out}; then \`commonground scope propose ${options.out}\``);
    });
}

export function defaultsCommand() {
  return command(
    'defaults',
    'nothing',
    'What your organisation usually grants new partners: a draft that `scope draft` starts from. It is kept in this home alone; a colleague takes the same file with --set in theirs.',
    'commonground scope defaults --set overlap.json\ncommonground scope defaults',
  )
    .option('--set <file>', 'take this draft')
    .option('--clear', 'have none')
    .action((options) => {
      const home = homeOf(options);
      if (options.set && options.clear)
        throw new Problem('bad_argument', 'choose --set or --clear, not both', 'see --help');
      if (options.set) {
        const draft = { ...readDraft(readText(options.set), options.set), to: [] };
        replaceFile(home.scopeDefaultsFile, `${JSON.stringify(draft, null, 2)}\n`);
      }
      if (options.clear) rmSync(home.scopeDefaultsFile, { force: true });
      const draft = readDefaults(home);
      if (options.json) return printJson({ defaults: draft });
      if (!draft)
        return note('nothing is usual in this home; `commonground scope defaults --set FILE` takes a draft');
      for (const sentence of describeScope(termsFrom(draft), 'A new partner')) print(sentence);
      note(
        `kept in this home alone (${home.scopeDefaultsFile}); \`scope draft\` starts from it here. A colleague’s home has its own: send them the file`,
      );
    });
}

export function simulateCommand() {
  return command(
    'simulate',
    'keyring',
    '"As their sales user, what would I see?" Tries a scope on your own list before anybody signs it: how many accounts of each list could be met, which fields, and the three rows that show most, as they would look. Nothing leaves this machine, and what the partner has is not known here.\n\nIt reads your list, so it runs in the home with the keyring: a member of the role legal sends the draft there.',
    'commonground scope simulate --role sales --file overlap.json\ncommonground scope simulate --role clean-team --partner borealis',
  )
    .requiredOption('--role <role>', VIEWER_ROLES.join(', '))
    .option('--file <file>', 'a draft; else the newest scope of --partner')
    .option('--partner <alias>')
    .action(async (options) =>
      withAgent(options, async (agent) => {
        const role = roleOf(options.role);
        const terms = options.file
          ? termsFrom(readDraft(readText(options.file), options.file))
          : newestTerms(agent, options.partner);
        if (options.file) {
          checkPopulations(terms.populations, listOf(agent).populations);
          checkTerms(terms, agent.now());
        }
        const normaliser = agent.normalisers.at(-1);
        if (!normaliser) throw new Error('a program has a normaliser');
        const cells = simulate(agent.store, normaliser, terms, role);
        if (options.json) return printJson({ role, cells });
        for (const cell of cells) showCell(cell, role, terms);
        note(
          'nothing left this machine; only accounts that the partner has too would show, or, by name, that it lacks',
        );
      }),
    );
}

export function grantCommand() {
  return command(
    'grant',
    'keyring',
    `Draft, sign and publish in one step: for a company whose keyring signs for all its people. It holds once the partner has accepted it; until then the version before stands. Where people sign, they use \`scope propose\`.\n\nPresets:\n${PRESET_LINES}`,
    'commonground scope grant --partner borealis --preset overlap\ncommonground scope grant --partner borealis --preset co-sell --population customers --population open-opportunities\ncommonground scope grant --partner borealis --rule "customers:prospects:fields:owner,industry" --budget domain=50000',
  )
    .requiredOption('--partner <alias>')
    .option('--preset <preset>', PRESETS.join(', '))
    .option('--file <file>', 'a draft, as `scope draft` writes it')
    .option('--population <name>', 'only these of your populations (default: all)', collect)
    .option(
      '--rule <mine:theirs:level[:fields[:white space[:review]]]>',
      `one rule; levels ${LEVELS.join(', ')}; white space ${WHITE_SPACE_LEVELS.join(', ')}; ${REVIEW} adds possible matches; theirs may be ${ANY_POPULATION}`,
      collect,
    )
    .option('--role <role>', `for whom --rule holds: ${VIEWER_ROLES.join(', ')} (default: all)`, collect)
    .option('--rules-file <file>', 'rules as a JSON array, as `scope show --json` prints them')
    .option(
      '--minimum-count <n>',
      'counts below it are not shown and others are rounded down to its multiples',
      countOf,
    )
    .option(
      '--budget <kind=n>',
      `comparisons a year that the partner may ask for; kinds ${EVALUATED_KINDS.join(', ')}`,
      collect,
    )
    .option('--until <time>', 'end of the scope, RFC 3339 in UTC')
    .option('--dry-run', 'show what would be granted and grant nothing')
    .action(async (options) =>
      withAgent(options, async (agent) => {
        const partnership = findPartnership(agent.store, options.partner);
        const partner = requireVerified(partnership);
        const chosen = chosenGrant(options, agent);
        const scope = await grantScope(
          agent,
          partnership,
          {
            ...chosen,
            ...(options.minimumCount === undefined ? {} : { minimumCount: options.minimumCount }),
            ...(options.budget ? { budget: { ...chosen.budget, ...parseBudget(options.budget) } } : {}),
            ...(options.until === undefined ? {} : { validUntil: options.until }),
          },
          options.dryRun ?? false,
        );
        if (options.json) return printJson({ granted: !options.dryRun, scope });
        for (const sentence of describeScope(scope, partner.name)) print(sentence);
        const known = { mine: null, theirs: listsNamed(versions(agent, partnership, 'theirs')) };
        for (const warning of listWarnings(scope, known, printable(partner.name))) note(`mind: ${warning}`);
        note(
          options.dryRun
            ? 'nothing was granted (--dry-run)'
            : `version ${scope.number} is signed and published; it holds once ${partner.name} has accepted it (its next sync, where one keyring signs for it). \`commonground sync\` brings your list under it`,
        );
        if (!options.dryRun && scope.number > 1)
          note('until then the version before holds; to end it at once: `commonground scope revoke`');
      }),
    );
}

/** What a draft says, as it is described and simulated. */
export function termsFrom(draft: Draft): Terms {
  return termsOf(grantOf(draft), { last: null, accounts: 0, nowMs: Date.now() });
}

function chosenGrant(
  options: {
    readonly preset?: string | undefined;
    readonly file?: string | undefined;
    readonly rule?: string[] | undefined;
    readonly rulesFile?: string | undefined;
    readonly role?: string[] | undefined;
    readonly population?: string[] | undefined;
  },
  agent: Agent,
): GrantOptions {
  const given = [options.preset, options.rule, options.rulesFile, options.file];
  if (given.filter((value) => value !== undefined).length !== 1)
    throw new Problem(
      'bad_argument',
      'choose one of --preset, --rule, --rules-file and --file',
      'see `commonground scope grant --help`',
    );
  if (options.file) return grantOf(readDraft(readText(options.file), options.file));
  const populations = options.population ?? listOf(agent).populations;
  const preset = options.preset === undefined ? null : presetOf(options.preset);
  const rules =
    options.rule?.map((text) => parseRule(text, options.role?.map(roleOf))) ??
    (options.rulesFile ? readRules(options.rulesFile) : preset ? presetRules(preset, populations) : []);
  return {
    ...(preset ? presetTerms(preset) : {}),
    rules,
    populations: [...new Set(rules.map((rule) => rule.population))],
  };
}

function listOf(agent: Agent): { readonly populations: string[]; readonly accounts: number } {
  return {
    populations: listPopulations(agent.store).map(({ name }) => name),
    accounts: countAccounts(agent.store),
  };
}

function newestTerms(agent: Agent, partner: string | undefined): Terms {
  const partnership = findPartnership(agent.store, partner);
  const newest = newestScope(agent, partnership, 'mine');
  if (newest) return newest.papers.scope;
  throw new Problem(
    'nothing_granted',
    `nothing is granted to ${partnership.alias}`,
    'try a draft: `commonground scope simulate --file FILE`',
  );
}

function readDefaults(home: Home): Draft | null {
  if (!existsSync(home.scopeDefaultsFile)) return null;
  return readDraft(readText(home.scopeDefaultsFile), home.scopeDefaultsFile);
}

function showCell(
  cell: SimulatedCell,
  role: string,
  { minimumCount, namesPerMonth }: Pick<Terms, 'minimumCount' | 'namesPerMonth'>,
): void {
  const theirs =
    cell.partnerPopulation === ANY_POPULATION ? 'any list of theirs' : `their ${cell.partnerPopulation}`;
  print(`our ${cell.population} × ${theirs}, as their ${role}:`);
  const most = {
    none: 'nothing of accounts that both have',
    counts: `only a number, in steps of ${minimumCount}; at most ${cell.shownCount}`,
    accounts: `up to ${cell.accounts} accounts, by the partner’s own names for them, without fields`,
    fields: `up to ${cell.accounts} accounts, by the partner’s own names for them, with fields`,
  }[cell.level];
  print(`  ${most}${cell.review && cell.level !== 'none' ? '; possible matches without fields' : ''}`);
  if (cell.level === 'fields' && cell.fields.length > 0) {
    print(
      `  filled: ${cell.fields.map((field) => `${FIELD_TEXTS[field]} ${cell.filled[field] ?? 0}`).join(', ')}`,
    );
    const header = cell.fields.map((field) => `  ${FIELD_TEXTS[field]}`);
    const rows = cell.examples.map((row) => cell.fields.map((field) => `  ${printable(row[field] ?? '-')}`));
    if (rows.length > 0) print(table(header, rows));
    const bands = cell.examples.flatMap(({ amount_band: band }) => band ?? []);
    if (bands.some((band) => !band.includes(' ')))
      note(
        'a band without a currency: your list names none for that amount; import it with a column such as Currency (ISO codes)',
      );
  }
  if (cell.whiteSpace === 'names')
    print(
      `  names of accounts they lack, such as: ${cell.names.map(printable).join(', ') || 'none'}; at most ${namesPerMonth} a month`,
    );
  if (cell.whiteSpace === 'counts') print('  and how many accounts they lack, rounded');
}

import * as z from 'zod';
import { EVALUATED_KINDS, type EvaluatedKind } from '../../../protocol/identifiers/kind.ts';
import {
  ANY_POPULATION,
  FIELDS,
  type Field,
  LEVELS,
  type ScopeRule,
  WHITE_SPACE_LEVELS,
} from '../../../protocol/scope.ts';
import { requireVerified } from '../../agent/pinned.ts';
import { Problem } from '../../agent/problem.ts';
import {
  describeScope,
  followScope,
  grantScope,
  PRESET_TEXTS,
  PRESETS,
  presetRules,
  readMine,
  readTheirs,
  revokeScope,
} from '../../agent/scopes.ts';
import { listPopulations } from '../../agent/store/lists.ts';
import { findPartnership } from '../../agent/store/partnerships.ts';
import { collect, command, group, withAgent } from '../command.ts';
import { note, print, printJson } from '../output.ts';
import { readText } from '../prompt.ts';

/** `scope`: what a partner may learn. */
export function scopeCommand() {
  return group('scope', 'Sharing scopes: what a partner may learn. Without one in force, nothing.')
    .addCommand(grantCommand())
    .addCommand(showCommand())
    .addCommand(revokeCommand());
}

function grantCommand() {
  const presets = PRESETS.map((preset) => `  ${preset.padEnd(8)} ${PRESET_TEXTS[preset]}`).join('\n');
  return command(
    'grant',
    `Sign and publish the next version of what one partner may learn; it replaces the last one at once.\n\nPresets:\n${presets}`,
    'commonground scope grant --partner borealis --preset overlap\ncommonground scope grant --partner borealis --preset co-sell --population customers --population open-opportunities\ncommonground scope grant --partner borealis --rule "customers:prospects:fields:owner,industry" --budget domain=50000',
  )
    .requiredOption('--partner <alias>')
    .option('--preset <preset>', PRESETS.join(', '))
    .option('--population <name>', 'only these of your populations (default: all)', collect)
    .option(
      '--rule <mine:theirs:level[:fields[:white space[:review]]]>',
      `one rule; levels ${LEVELS.join(', ')}; white space ${WHITE_SPACE_LEVELS.join(', ')}; ${REVIEW} adds possible matches; theirs may be ${ANY_POPULATION}`,
      collect,
    )
    .option('--rules-file <file>', 'rules as a JSON array, as `scope show --json` prints them')
    .option(
      '--minimum-count <n>',
      'counts below it are not shown and others are rounded down to its multiples',
      Number,
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
        const populations = options.population ?? listPopulations(agent.store).map(({ name }) => name);
        const rules = rulesOf(options, populations);
        const grant = {
          rules,
          populations: [...new Set(rules.map((rule) => rule.population))],
          ...(options.minimumCount === undefined ? {} : { minimumCount: options.minimumCount }),
          ...(options.budget ? { budget: parseBudget(options.budget) } : {}),
          validUntil: options.until ?? null,
        };
        const scope = await grantScope(agent, partnership, grant, options.dryRun ?? false);
        if (options.json) return printJson({ granted: !options.dryRun, scope });
        for (const sentence of describeScope(scope, partner.name)) print(sentence);
        note(
          options.dryRun
            ? 'nothing was granted (--dry-run)'
            : `version ${scope.number} is in force; \`commonground sync\` brings your list under it`,
        );
      }),
    );
}

function showCommand() {
  return command(
    'show',
    'What you grant a partner and what it grants you, in sentences.',
    'commonground scope show --partner borealis',
  )
    .option('--partner <alias>')
    .action(async (options) =>
      withAgent(options, async (agent) => {
        const found = findPartnership(agent.store, options.partner);
        const partner = requireVerified(found);
        const partnership = followScope(agent, found, await agent.client().partnership(found.id));
        const mine = readMine(agent, partnership);
        const theirs = readTheirs(partnership);
        if (options.json) return printJson({ partner: partnership.alias, mine, theirs });
        print(`You grant ${partner.name}${mine ? ` (version ${mine.number}, ${mine.issuedAt})` : ''}:`);
        for (const sentence of mine ? describeScope(mine, partner.name) : ['nothing.'])
          print(`  ${sentence}`);
        print(
          `${partner.name} grants you${theirs ? ` (version ${theirs.number}, ${theirs.issuedAt})` : ''}:`,
        );
        for (const sentence of theirs ? describeScope(theirs, 'your organisation') : ['nothing.'])
          print(`  ${sentence}`);
      }),
    );
}

function revokeCommand() {
  return command(
    'revoke',
    'Grant nothing from now on. The service stops answering at once and deletes your rows; what was read cannot be taken back.',
    'commonground scope revoke --partner borealis',
  )
    .requiredOption('--partner <alias>')
    .action(async (options) =>
      withAgent(options, async (agent) => {
        const scope = await revokeScope(agent, findPartnership(agent.store, options.partner));
        if (options.json) return printJson({ revoked: true, scope });
        note(
          `${options.partner} is granted nothing from now on (version ${scope.number}); your rows at the service are deleted`,
        );
        note('what the partner read before stays read');
      }),
    );
}

/** Stands at the end of a rule that grants pairs of the tier `review` too. */
const REVIEW = 'review';

const ruleFile = z.array(
  z.strictObject({
    population: z.string(),
    partnerPopulation: z.string(),
    level: z.enum(LEVELS),
    fields: z.array(z.enum(FIELDS)),
    whiteSpace: z.enum(WHITE_SPACE_LEVELS),
    review: z.boolean().default(false),
  }),
);

function rulesOf(
  options: {
    readonly preset?: string | undefined;
    readonly rule?: string[] | undefined;
    readonly rulesFile?: string | undefined;
  },
  populations: readonly string[],
): ScopeRule[] {
  const given = [options.preset, options.rule, options.rulesFile].filter((value) => value !== undefined);
  if (given.length !== 1)
    throw new Problem(
      'bad_argument',
      'choose one of --preset, --rule and --rules-file',
      'see `commonground scope grant --help`',
    );
  if (options.rule) return options.rule.map(parseRuleText);
  if (options.rulesFile) {
    let json: unknown;
    try {
      json = JSON.parse(readText(options.rulesFile));
    } catch {
      throw new Problem('bad_input', `${options.rulesFile} is not JSON`);
    }
    const parsed = ruleFile.safeParse(json);
    if (parsed.success) return parsed.data;
    const issue = parsed.error.issues[0];
    throw new Problem('bad_input', `${options.rulesFile}: ${issue?.path.join('.')}: ${issue?.message}`);
  }
  const preset = PRESETS.find((known) => known === options.preset);
  if (!preset)
    throw new Problem(
      'bad_argument',
      `there is no preset ${options.preset}`,
      `presets: ${PRESETS.join(', ')}`,
    );
  return presetRules(preset, populations);
}

function parseRuleText(text: string): ScopeRule {
  const [population = '', partnerPopulation = '', level = '', fields = '', whiteSpace = 'none', review = ''] =
    text.split(':');
  const named = fields === '' ? [] : fields.split(',').map((field) => field.trim());
  const wrong = (what: string, value: string, known: readonly string[]) =>
    new Problem(
      'bad_argument',
      `--rule ${text}: ${what} ${value || '(empty)'} is unknown`,
      `known: ${known.join(', ')}`,
    );
  const knownLevel = LEVELS.find((known) => known === level);
  if (!knownLevel) throw wrong('level', level, LEVELS);
  const knownWhiteSpace = WHITE_SPACE_LEVELS.find((known) => known === whiteSpace);
  if (!knownWhiteSpace) throw wrong('white space', whiteSpace, WHITE_SPACE_LEVELS);
  if (review !== '' && review !== REVIEW) throw wrong('last part', review, [REVIEW]);
  const knownReview = review === REVIEW;
  const knownFields = named.map((field): Field => {
    const known = FIELDS.find((candidate) => candidate === field);
    if (!known) throw wrong('field', field, FIELDS);
    return known;
  });
  if (!population || !partnerPopulation)
    throw new Problem(
      'bad_argument',
      `--rule ${text}: two populations and a level are needed`,
      'such as customers:*:accounts',
    );
  return {
    population,
    partnerPopulation,
    level: knownLevel,
    fields: knownFields,
    whiteSpace: knownWhiteSpace,
    review: knownReview,
  };
}

function parseBudget(entries: readonly string[]): Partial<Record<EvaluatedKind, number>> {
  const budget: Partial<Record<EvaluatedKind, number>> = {};
  for (const entry of entries) {
    const match = /^([a-z]+)=(\d{1,9})$/.exec(entry);
    const kind = EVALUATED_KINDS.find((known) => known === match?.[1]);
    if (!kind)
      throw new Problem(
        'bad_argument',
        `--budget ${entry} is not understood`,
        `give KIND=N with one of ${EVALUATED_KINDS.join(', ')}`,
      );
    budget[kind] = Number(match?.[2]);
  }
  return budget;
}

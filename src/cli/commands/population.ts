import { placement } from '../../agent/placement.ts';
import { matches, PRESET_RULES, populationFromList, type Rule } from '../../agent/population.ts';
import { Problem } from '../../agent/problem.ts';
import { describeRule, parseRule } from '../../agent/rule.ts';
import { eachCompany } from '../../agent/store/companies.ts';
import { type Account, listPopulations, putPopulation, removePopulation } from '../../agent/store/lists.ts';
import { command, group, withAgent } from '../command.ts';
import { note, print, printJson, table } from '../output.ts';
import { readText } from '../prompt.ts';
import { noteUnplaced } from '../unplaced.ts';

/** `population`: named rules over the own accounts. */
export function populationCommand() {
  return group(
    'population',
    'Named parts of your list, such as customers: what scopes grant and questions compare.',
  )
    .addCommand(addCommand())
    .addCommand(listCommand())
    .addCommand(removeCommand());
}

function addCommand() {
  return command(
    'add',
    'keyring',
    'Add or change a population.',
    'commonground population add strategic --where "type = Customer and billing_country in (DE, AT, CH)"\ncommonground population add renewals --where "any opportunity (stage = Renewal and open)"\ncommonground population add pilot --ids pilot-ids.txt',
  )
    .argument('<name>', 'small letters, digits and hyphens')
    .option('--where <rule>', 'a rule over columns of the import; `all` takes every account')
    .option('--ids <file>', 'CRM record ids, one a line, or - for standard input')
    .action(async (name, options) =>
      withAgent(options, async (agent) => {
        if (!/^[a-z0-9][a-z0-9-]{0,39}$/.test(name))
          throw new Problem(
            'bad_argument',
            `"${name}" cannot be a population's name`,
            'use small letters, digits and hyphens',
          );
        const rule = ruleOf(name, options);
        let accounts = 0;
        for (const records of eachCompany(agent.store)) if (isIn(rule, records)) accounts++;
        putPopulation(agent.store, { name, text: describeRule(rule), rule });
        if (options.json) return printJson({ name, rule: describeRule(rule), accounts });
        print(`${name}: ${accounts} accounts`);
        if (accounts === 0)
          note(
            'no account matches; check column names with `commonground population list` and the header of your file',
          );
      }),
    );
}

/** An account is in a population with any of its records, as partners are shown it. */
function isIn(rule: Rule, records: readonly Account[]): boolean {
  return records.some(({ record, opportunities }) => matches(rule, record, opportunities));
}

function ruleOf(
  name: string,
  options: { readonly where?: string | undefined; readonly ids?: string | undefined },
): Rule {
  if (options.ids) {
    return populationFromList(
      readText(options.ids)
        .split(/\r?\n/)
        .map((line) => line.trim())
        .filter((line) => line !== ''),
    );
  }
  const preset = Object.entries(PRESET_RULES).find(([known]) => known === name);
  const text = options.where ?? preset?.[1];
  if (!text)
    throw new Problem('bad_argument', 'say which accounts belong to it', 'with --where RULE or --ids FILE');
  const rule = parseRule(text);
  if (rule.ok) return rule.value;
  throw new Problem(
    'bad_input',
    `the rule is not understood: ${rule.detail ?? rule.reason}`,
    'see `commonground population add --help` for examples',
  );
}

function listCommand() {
  return command(
    'list',
    'keyring',
    'Populations, their rules and how many accounts each has.',
    'commonground population list\ncommonground population list --full',
  )
    .option('--full', 'rules at their whole length')
    .action(async (options) =>
      withAgent(options, async (agent) => {
        const populations = listPopulations(agent.store);
        const placed = placement(agent.store);
        const counts = placed.byPopulation;
        if (options.json) {
          return printJson({
            populations: populations.map(({ name, text }, i) => ({ name, rule: text, accounts: counts[i] })),
            unplaced: placed.unplaced,
          });
        }
        print(
          table(
            ['population', 'accounts', 'rule'],
            [
              ...populations.map(({ name, text }, i) => [
                name,
                counts[i] ?? 0,
                shortened(text, options.full),
              ]),
              ...(placed.unplaced > 0 ? [['(in none)', placed.unplaced, 'not compared']] : []),
            ],
          ),
        );
        noteUnplaced(placed);
      }),
    );
}

/** So much of a rule fits into a line. */
const RULE_LENGTH = 70;

function shortened(rule: string, full: true | undefined): string {
  return full || rule.length <= RULE_LENGTH ? rule : `${rule.slice(0, RULE_LENGTH - 1)}… (--full)`;
}

function removeCommand() {
  return command(
    'remove',
    'keyring',
    'Remove a population. Scopes that name it have to be granted anew.',
    'commonground population remove pilot',
  )
    .argument('<name>')
    .action(async (name, options) =>
      withAgent(options, async (agent) => {
        if (!removePopulation(agent.store, name))
          throw new Problem('unknown_population', `there is no population ${name}`);
        if (options.json) return printJson({ removed: name });
        note(`${name} removed`);
      }),
    );
}

/** The command line of an organisation. */
import { flushCompileCache } from 'node:module';
import { setFlagsFromString } from 'node:v8';
import { Command, CommanderError } from '@commander-js/extra-typings';
import { ImportError } from '../agent/import/errors.ts';
import { EXIT, machineProblem, Problem } from '../agent/problem.ts';
import { VERSION } from '../version.ts';
import { accountsCommand } from './commands/accounts.ts';
import { backupCommand, restoreCommand } from './commands/backup.ts';
import { completionCommand } from './commands/completion.ts';
import { doctorCommand } from './commands/doctor.ts';
import { exportCommand } from './commands/export.ts';
import { initCommand, lockCommand, registerCommand, renewCommand, unlockCommand } from './commands/init.ts';
import { loginCommand, logoutCommand, whoamiCommand } from './commands/login.ts';
import { memberCommand } from './commands/member.ts';
import { partnerCommand } from './commands/partner.ts';
import { populationCommand } from './commands/population.ts';
import { ledgerCommand, matrixCommand, overlapCommand, whiteSpaceCommand } from './commands/questions.ts';
import { reviewCommand } from './commands/review.ts';
import { scopeCommand } from './commands/scope.ts';
import { statusCommand } from './commands/status.ts';
import { syncCommand } from './commands/sync.ts';
import { HELP } from './help.ts';
import { note, printJson } from './output.ts';

/** The whole command line; `run` is what starts it. */
export const program = new Command('commonground')
  .exitOverride()
  .configureHelp(HELP)
  .description(
    'Compare your customer list with a partner’s without showing it to the partner or to the service between you.',
  )
  .version(VERSION)
  .showSuggestionAfterError()
  .addHelpText(
    'after',
    `
From nothing to the overlap:
  commonground init --name "Aurora Analytics"
  commonground accounts import accounts.csv opportunities.csv
  commonground register --service https://commonground.example
  commonground partner invite borealis          (they: partner accept)
  commonground partner verify borealis          (both, on the phone)
  commonground scope grant --partner borealis --preset overlap
  commonground sync --wait
  commonground overlap --mine open-opportunities --theirs customers

Your people, each with a home of their own:
  commonground member invite --role sales       (they: member join, then matrix)

Exit codes: 0 done, 1 failed, 2 wrong usage, 3 bad input, 4 locked,
5 done and waiting for the partner, 6 refused by policy,
7 service unreachable or refusing,
8 something does not check: call your partner.`,
  );
for (const entry of [
  initCommand(),
  unlockCommand(),
  lockCommand(),
  registerCommand(),
  renewCommand(),
  accountsCommand(),
  populationCommand(),
  partnerCommand(),
  scopeCommand(),
  syncCommand(),
  matrixCommand(),
  overlapCommand(),
  reviewCommand(),
  whiteSpaceCommand(),
  exportCommand(),
  ledgerCommand(),
  memberCommand(),
  loginCommand(),
  logoutCommand(),
  whoamiCommand(),
  statusCommand(),
  doctorCommand(),
  backupCommand(),
  restoreCommand(),
  completionCommand(program as Command),
]) {
  program.addCommand(entry as Command);
}

/** Does what the process was called for, and sets its exit code. */
export async function run(): Promise<void> {
  // What a compile cache (NODE_COMPILE_CACHE) holds counts only for the flags that it was kept under.
  flushCompileCache();
  // Else V8 lets the garbage of a long list, and the native memory that hangs on it, grow to several times what is in use
  // before it looks. Not before the program is loaded: to collect so often then takes a fifth of the start.
  setFlagsFromString('--optimize-for-size');
  try {
    await program.parseAsync();
  } catch (error) {
    process.exitCode = report(error);
  }
}

/** Tells what went wrong and what to do next; with --json as one document on standard output too. */
function report(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
  const { code, message, hint, exitCode } = describe(error);
  note(message);
  if (hint) note(`hint: ${hint}`);
  if (process.argv.includes('--json')) printJson({ error: { code, message, hint: hint ?? null } });
  return exitCode;
}

function describe(error: unknown): {
  code: string;
  message: string;
  hint: string | undefined;
  exitCode: number;
} {
  if (error instanceof Problem)
    return { code: error.code, message: error.message, hint: error.hint, exitCode: error.exitCode };
  if (error instanceof ImportError) {
    const line = error.line > 0 ? `line ${error.line}: ` : '';
    return { code: error.code, message: line + error.message, hint: error.hint, exitCode: EXIT.input };
  }
  const known = machineProblem(error);
  if (known) return describe(known);
  const { code, message } = error as NodeJS.ErrnoException;
  const hint = 'this is a bug or a broken machine; nothing half-written was kept';
  return { code: code ?? 'failed', message: message ?? String(error), hint, exitCode: EXIT.failed };
}

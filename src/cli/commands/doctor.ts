import { statfsSync } from 'node:fs';
import { examine } from '../../agent/doctor/doctor.ts';
import { EXIT } from '../../agent/problem.ts';
import { VERSION } from '../../version.ts';
import { command, homeOf } from '../command.ts';
import { print, printable, printJson } from '../output.ts';
import { acceptText, reportText, standingText } from '../states.ts';

/** `doctor`: what is wrong, and what to do. */
export function doctorCommand() {
  return command(
    'doctor',
    'keyring',
    'Check the home, the keys, the service and every partner; say what is wrong and what to do. Exit code 0 when all is well, 1 otherwise.',
    'commonground doctor\ncommonground doctor --json',
  ).action(async (options) => {
    const found = await examine(homeOf(options), {
      now: Date.now,
      freeBytes(directory) {
        const { bavail, bsize } = statfsSync(directory);
        return bavail * bsize;
      },
      version: VERSION,
      standingText,
      acceptText,
      reportText,
    });
    const isWell = found.every(({ level }) => level === 'ok' || level === 'note');
    if (!isWell) process.exitCode = EXIT.failed;
    if (options.json) return printJson({ ok: isWell, findings: found });
    for (const { level, check, partner, code, message, hint } of found) {
      print(`${level.padEnd(7)}  ${(partner ?? check).padEnd(12)}  ${printable(message)} [${code}]`);
      if (hint && level !== 'ok') print(`${' '.repeat(23)}→ ${hint}`);
    }
    const wrong = found.filter(({ level }) => level === 'warning' || level === 'error');
    print(
      isWell ? 'all is well' : `to be done: ${wrong.map(({ message }) => printable(message)).join('; ')}`,
    );
  });
}

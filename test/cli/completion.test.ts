import { execFileSync } from 'node:child_process';
import { Command } from '@commander-js/extra-typings';
import { describe, expect, it } from 'vitest';
import { placesOf, SHELLS, script } from '../../src/cli/completion.ts';
import { commonground, document } from '../support/cli.ts';

/** What bash offers for the last of these words. */
function offered(text: string, words: readonly string[]): string[] {
  const line = `${text}
COMP_WORDS=(${words.map((word) => `'${word}'`).join(' ')})
COMP_CWORD=${words.length - 1}
_commonground
printf '%s\\n' "\${COMPREPLY[@]}"`;
  return execFileSync('bash', ['--norc', '-c', line], { encoding: 'utf8' })
    .split('\n')
    .filter(Boolean)
    .sort();
}

describe('completion', () => {
  it('offers commands, subcommands, choices and options in bash', async () => {
    const { stdout } = await commonground('none', ['completion', 'bash']);
    expect(offered(stdout, ['commonground', 'pa'])).toEqual(['partner']);
    expect(offered(stdout, ['commonground', 'partner', ''])).toEqual([
      '--help',
      'accept',
      'end',
      'invite',
      'list',
      'rules',
      'verify',
    ]);
    expect(offered(stdout, ['commonground', 'scope', 'grant', '--p'])).toEqual([
      '--partner',
      '--population',
      '--preset',
    ]);
    expect(offered(stdout, ['commonground', 'export', '--partner', 'borealis', 'over'])).toEqual(['overlap']);
    expect(offered(stdout, ['commonground', 'sync', 'partner', 'e'])).toEqual([]);
    expect(offered(stdout, ['commonground', 'completion', ''])).toEqual(expect.arrayContaining([...SHELLS]));
  });

  it('names every command in every shell', async () => {
    const program = await commonground('none', ['--help']);
    const commands = [...program.stdout.matchAll(/^ {2}([a-z]+) /gm)].map(([, name]) => name ?? '');
    expect(commands).toContain('restore');
    for (const shell of SHELLS) {
      const { script: text } = document<{ script: string }>(
        await commonground('none', ['completion', shell, '--json']),
      );
      for (const command of commands)
        if (command !== 'commonground' && command !== 'help') expect(text).toContain(command);
    }
    expect((await commonground('none', ['completion', 'tcsh'])).code).toBe(2);
  });

  it('quotes what descriptions hold', () => {
    const program = new Command('tool').description('x');
    program.command('run').description("a 'quoted' $(touch x): `y` \\. And more");
    const places = placesOf(program as Command);
    expect(places.map(({ name }) => name)).toEqual(['tool', 'tool run']);
    expect(script('fish', 'tool', places)).toContain("-a 'run' -d 'a \\'quoted\\' $(touch x): `y` \\\\'");
    expect(script('zsh', 'tool', places)).toContain("'run:a '\\''quoted'\\'' $(touch x): `y` \\'");
    expect(script('bash', 'tool', places)).not.toContain('touch');
  });
});

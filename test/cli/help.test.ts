/** What `--help` looks like on a terminal of 80 columns: of every command there is. */
import type { Command } from '@commander-js/extra-typings';
import { describe, expect, it } from 'vitest';
import { example } from '../../src/cli/help.ts';
import { program } from '../../src/cli/program.ts';

const all = (of: Command): Command[] => [of, ...of.commands.flatMap((one) => all(one as Command))];

function helpOf(of: Command): string[] {
  let text = '';
  of.configureOutput({ getOutHelpWidth: () => 80, writeOut: (part) => (text += part) });
  of.outputHelp();
  return text.split('\n');
}

describe('help', () => {
  it.each(all(program as Command).map((of) => [of.name(), of] as const))('%s fits', (_, of) => {
    const lines = helpOf(of);
    expect(lines.length).toBeGreaterThan(5);
    expect(lines.filter((line) => line.length > 80)).toEqual([]);
    expect(lines.filter((line) => /\s$/.test(line))).toEqual([]);
  });

  it('hangs what goes on under itself, and repeats no paragraph in a list', () => {
    const named = (name: string) => all(program as Command).find((of) => of.name() === name);
    const draft = named('draft');
    const scope = named('scope');
    if (!draft || !scope) throw new Error('these commands are there');
    expect(helpOf(draft)).toContain(
      '              the amount as a band; names of accounts the partner lacks',
    );
    expect(helpOf(scope).join('\n')).not.toContain('Presets:');
  });

  it('continues an example before an option alone, so that it can be pasted', () => {
    const long = `a --reason "${'why '.repeat(15)}--this" --partner borealis`;
    expect(example(long)).toBe(
      `  a \\\n    --reason "${'why '.repeat(15)}--this" \\\n    --partner borealis`,
    );
    expect(example('a --b\nc')).toBe('  a --b\n  c');
  });
});

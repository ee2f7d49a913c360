/** How `--help` is laid out: within the terminal's columns, no word broken, what hangs under its term. */
import type { Command, Help, HelpConfiguration } from '@commander-js/extra-typings';

/** Where the output is no terminal. */
const COLUMNS = 80;
/** Of the terms of a list; what is longer has its description on the next line. */
const MAX_TERM_WIDTH = 30;

export const HELP: HelpConfiguration = {
  boxWrap: wrapped,
  // In the list of a group the first paragraph is enough.
  subcommandDescription: (of) => of.description().split('\n')[0] ?? '',
  padWidth: (of, helper) => Math.min(MAX_TERM_WIDTH, longestTerm(of as Command, helper)),
  formatItem(term, termWidth, description, helper) {
    const head = `  ${term}`;
    if (description === '') return head;
    const indent = ' '.repeat(termWidth + 4);
    const text = wrapped(description, (helper.helpWidth ?? COLUMNS) - indent.length);
    const lines = text.split('\n').map((line) => indent + line);
    if (term.length > termWidth) return [head, ...lines].join('\n');
    return head.padEnd(indent.length) + lines.join('\n').slice(indent.length);
  },
};

/** A command as one types it, in several lines where it is longer than the terminal is wide. */
export function example(text: string): string {
  return text.split('\n').map(exampleLine).join('\n');
}

function exampleLine(line: string): string {
  const lines = [''];
  // Only before an option, and not within quotes.
  for (const part of line.split(/ (?=--?[a-z])(?=(?:[^"]*"[^"]*")*[^"]*$)/)) {
    const last = lines.at(-1) ?? '';
    const longer = last === '' ? `  ${part}` : `${last} ${part}`;
    // There has to be room for the sign that the line goes on.
    if (last !== '' && longer.length > COLUMNS - 2) lines.push(`    ${part}`);
    else lines[lines.length - 1] = longer;
  }
  return lines.join(' \\\n');
}

/** Wraps each line at spaces; in `  term  what it means` the meaning goes on under itself. */
export function wrapped(text: string, width = COLUMNS): string {
  return text
    .split('\n')
    .flatMap((line) => {
      const [, lead = ''] = /^(\s+\S.*?\s{2,}|\s*)/.exec(line) ?? [];
      const hanging = ' '.repeat(lead.length > width / 2 ? 4 : lead.length);
      const lines = [''];
      for (const word of line.slice(lead.length).split(' ')) {
        const last = lines.at(-1) ?? '';
        const before = lines.length === 1 ? lead : hanging;
        const longer = last === '' ? word : `${last} ${word}`;
        if (last !== '' && before.length + longer.length > width) lines.push(word);
        else lines[lines.length - 1] = longer;
      }
      return lines.map((one, index) => (index === 0 ? lead : hanging) + one);
    })
    .join('\n');
}

function longestTerm(of: Command, helper: Help): number {
  return Math.max(
    helper.longestOptionTermLength(of, helper),
    helper.longestSubcommandTermLength(of, helper),
    helper.longestArgumentTermLength(of, helper),
  );
}

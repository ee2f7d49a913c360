/** Completion scripts, made of the program's own commands and options, so that they are never behind it. */
import type { Command } from '@commander-js/extra-typings';

export const SHELLS = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof SHELLS)[number];

interface Word {
  readonly text: string;
  readonly description: string;
}

/** Where the line stands, such as `commonground scope grant`, and what can come next. */
export interface Place {
  readonly name: string;
  readonly words: readonly Word[];
}

/** All places of a program, its own first. */
export function placesOf(program: Command, parent = ''): Place[] {
  const name = parent === '' ? program.name() : `${parent} ${program.name()}`;
  const commands = program.commands.map((child) => ({
    text: child.name(),
    description: firstSentence(child.description()),
  }));
  const choices = program.registeredArguments
    .flatMap((argument) => argument.argChoices ?? [])
    .map((text) => ({ text, description: '' }));
  const options = program.options.flatMap(({ long, description }) =>
    long ? [{ text: long, description: firstSentence(description) }] : [],
  );
  const help = { text: '--help', description: 'display help for command' };
  return [
    { name, words: [...commands, ...choices, ...options, help] },
    ...program.commands.flatMap((child) => placesOf(child as Command, name)),
  ];
}

/** The script for a shell. Where nothing of the program fits, the shell completes file names. */
export function script(shell: Shell, program: string, places: readonly Place[]): string {
  switch (shell) {
    case 'bash':
      return bash(program, places);
    case 'zsh':
      return zsh(program, places);
    case 'fish':
      return fish(program, places);
  }
}

/** Each shell walks the words before the cursor and goes to a deeper place where one is named; options stay where they are. */
function bash(program: string, places: readonly Place[]): string {
  return `# bash completion of ${program}
_${program}() {
  local place='${program}' word words=''
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "$place $word" in
      ${deeper(places).map(quote).join('|')}) place="$place $word" ;;
    esac
  done
  case "$place" in
${places.map(({ name, words }) => `    ${quote(name)}) words=${quote(words.map((word) => word.text).join(' '))} ;;`).join('\n')}
  esac
  COMPREPLY=($(compgen -W "$words" -- "\${COMP_WORDS[COMP_CWORD]}"))
}
complete -o default -F _${program} ${program}`;
}

function zsh(program: string, places: readonly Place[]): string {
  const described = ({ text, description }: Word) =>
    quote(`${text.replaceAll(':', '\\:')}${description ? `:${description}` : ''}`);
  return `#compdef ${program}
_${program}() {
  local place='${program}' word
  local -a following
  for word in "\${(@)words[2,CURRENT-1]}"; do
    case "$place $word" in
      (${deeper(places).map(quote).join('|')}) place="$place $word" ;;
    esac
  done
  case "$place" in
${places.map(({ name, words }) => `    (${quote(name)}) following=(${words.map(described).join(' ')}) ;;`).join('\n')}
  esac
  _describe '${program}' following || _files
}
if [[ "\${funcstack[1]}" == _${program} ]]; then _${program} "$@"; else compdef _${program} ${program}; fi`;
}

function fish(program: string, places: readonly Place[]): string {
  const lines = places.flatMap(({ name, words }) =>
    words.map(({ text, description }) => {
      const what = text.startsWith('--') ? `-l ${text.slice(2)}` : `-a ${fishQuote(text)}`;
      const at = fishQuote(`__${program}_at ${fishQuote(name)}`);
      // Where a command is expected, no file name is.
      const only = places.some((place) => place.name.startsWith(`${name} `)) ? ' -f' : '';
      return `complete -c ${program} -n ${at}${only} ${what}${description ? ` -d ${fishQuote(description)}` : ''}`;
    }),
  );
  return `# fish completion of ${program}
function __${program}_at
    set -l place ${fishQuote(program)}
    set -l before (commandline -opc)
    for word in $before[2..-1]
        if contains -- "$place $word" ${deeper(places).map(fishQuote).join(' ')}
            set place "$place $word"
        end
    end
    test "$place" = "$argv[1]"
end
${lines.join('\n')}`;
}

/** All places but the program itself. */
function deeper(places: readonly Place[]): string[] {
  return places.slice(1).map((place) => place.name);
}

function firstSentence(text: string): string {
  return (text.split(/\n|\. |\.$/)[0] ?? '').trim();
}

/** In bash and zsh. */
function quote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

function fishQuote(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", `\\'`)}'`;
}

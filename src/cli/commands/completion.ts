import { Argument, type Command } from '@commander-js/extra-typings';
import { command } from '../command.ts';
import { placesOf, SHELLS, script } from '../completion.ts';
import { print, printJson } from '../output.ts';

/** `completion`: a script that completes all commands and options of this program. */
export function completionCommand(program: Command) {
  return command(
    'completion',
    'nothing',
    'Print a script that completes commands and options in your shell.',
    'source <(commonground completion bash)\ncommonground completion zsh > ~/.zfunc/_commonground\ncommonground completion fish > ~/.config/fish/completions/commonground.fish',
  )
    .addArgument(new Argument('<shell>').choices(SHELLS))
    .action((shell, options) => {
      const text = script(shell, program.name(), placesOf(program));
      if (options.json) printJson({ shell, script: text });
      else print(text);
    });
}

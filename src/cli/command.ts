/** What all commands share: the home, JSON output, an open agent. */
import { Command } from '@commander-js/extra-typings';
import { type Agent, openAgent } from '../agent/agent.ts';
import { type Home, homeAt } from '../agent/home.ts';
import { type Caller, openCaller } from '../agent/member/caller.ts';
import { openViewer } from '../agent/member/viewer.ts';
import type { Viewer } from '../agent/viewer.ts';
import { example, HELP, wrapped } from './help.ts';
import { type Asks, requireRight, whoMay } from './rights.ts';

const ASKED = new WeakMap<object, Asks>();

/** A subcommand with `--home` and `--json`; under its help for whom it is, which is enforced, and an example. */
export function command(name: string, asks: Asks, description: string, examples: string) {
  const made = new Command(name)
    .exitOverride()
    .configureHelp(HELP)
    .description(description)
    .option('--home <dir>', 'folder of keys and lists (default: $COMMONGROUND_HOME or ~/.commonground)')
    .option('--json', 'print one JSON document on standard output')
    .addHelpText('after', `\n${wrapped(`For: ${whoMay(asks)}`)}\n\nExample:\n${example(examples)}`)
    .hook('preAction', (self) => requireRight(homeOf(self.opts()), asks));
  ASKED.set(made, asks);
  return made;
}

/** What a command asks; null of a group. */
export function asksOf(of: Command): Asks | null {
  return ASKED.get(of) ?? null;
}

/** A group of subcommands. */
export function group(name: string, description: string): Command {
  return new Command(name).exitOverride().configureHelp(HELP).description(description);
}

export function homeOf(options: { readonly home?: string | undefined }): Home {
  return homeAt(options.home);
}

/** Opens the home for one command and closes it afterwards. */
export async function withAgent<Value>(
  options: { readonly home?: string | undefined },
  work: (agent: Agent) => Promise<Value>,
): Promise<Value> {
  const agent = await openAgent(homeOf(options), Date.now);
  try {
    return await work(agent);
  } finally {
    agent.close();
  }
}

/** Opens a home of either kind, the organisation's or a member's, for one command. */
export async function withCaller<Value>(
  options: { readonly home?: string | undefined },
  work: (caller: Caller) => Promise<Value>,
): Promise<Value> {
  const caller = await openCaller(homeOf(options), Date.now);
  try {
    return await work(caller);
  } finally {
    caller.close();
  }
}

/** Opens a home of either kind to ask questions, for one command. */
export async function withViewer<Value>(
  options: { readonly home?: string | undefined },
  work: (viewer: Viewer) => Promise<Value>,
): Promise<Value> {
  const viewer = await openViewer(homeOf(options), Date.now);
  try {
    return await work(viewer);
  } finally {
    viewer.close();
  }
}

/** For options that may be given several times. */
export function collect(value: string, before: string[] | undefined): string[] {
  return [...(before ?? []), value];
}

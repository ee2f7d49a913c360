#!/usr/bin/env node
/** The entry of `commonground`. What it does stands in program.ts, which only a Node that can run it is to load. */
import { nodeProblem } from '../runtime.ts';

// A reader such as `head` that has enough closes the pipe: the work was done, and nobody is left to tell. What goes on has
// set an exit code before.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit();
});
// Progress that nobody reads any more ends no sync.
process.stderr.on('error', () => undefined);

const problem = nodeProblem(process.versions.node);
if (problem === null) {
  const { env } = process;
  // `npm run commonground` works in the package's folder; the paths that a person types are meant where they stand.
  if (env.npm_lifecycle_event === 'commonground' && env.npm_package_name === 'commonground' && env.INIT_CWD)
    process.chdir(env.INIT_CWD);
  const { run } = await import('./program.ts');
  await run();
} else {
  console.error(`commonground: ${problem}`);
  process.exitCode = 1;
}

#!/usr/bin/env node
/** The entry of `commonground-service`. What it does stands in node.ts, which only a Node that can run it is to load. */
import { nodeProblem } from '../runtime.ts';

const problem = nodeProblem(process.versions.node);
if (problem === null) {
  const { main } = await import('./node.ts');
  await main(process.argv.slice(2));
} else {
  console.error(`commonground: ${problem}`);
  process.exitCode = 1;
}

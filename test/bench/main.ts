/**
 * `npm run bench`: the cryptography an element, the storage, questions, and whole mappings beside @openmined/psi.js, in one run.
 * `-- --full` adds 100,000 accounts a side and the mix of identifiers that real lists give. The results go to one JSON
 * file, and the last line is the same JSON.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { benchAllCores, benchElements, benchPool } from './elements.ts';
import { type Mapping, mapLists } from './mapping.ts';
import { benchNormaliser } from './normalise.ts';
import { benchPsi, type PsiRun } from './psi.ts';
import { benchQuestions } from './questions.ts';
import { benchStorage } from './storage.ts';

const { values: options } = parseArgs({
  options: {
    full: { type: 'boolean' },
    huge: { type: 'boolean' },
    quick: { type: 'boolean' },
    accounts: { type: 'string' },
    help: { type: 'boolean', short: 'h' },
  },
});
if (options.help) {
  console.log(
    'npm run bench [-- --quick | --full | --huge | --accounts N]\n\n--quick: only elements, storage and questions. --full: also 100,000 × 100,000 and real identifiers. --huge: as --full, and 300,000 × 300,000 for its memory. --accounts N: only the mapping of N × N accounts.',
  );
  process.exit(0);
}

const machine = `${cpus()[0]?.model ?? 'unknown processor'}, ${cpus().length} cores, Node ${process.version}`;
console.log(machine);

if (options.accounts !== undefined) {
  const { mapping } = show(await mapLists(Number(options.accounts), 'domain'), null);
  console.log(JSON.stringify({ machine, mapping }));
  process.exit(0);
}

const steps = benchElements();
console.log('\nµs an element, one thread');
for (const { name, micros, noble } of steps) {
  const beside =
    noble === null ? '' : `   noble ${noble.toFixed(0)} (${(noble / micros).toFixed(1)} times as long)`;
  console.log(`  ${name.padEnd(36)}${micros.toFixed(1).padStart(8)}${beside}`);
}
const sum = (...names: string[]) =>
  steps.filter(({ name }) => names.includes(name)).reduce((total, { micros }) => total + micros, 0);
const ownElement = Math.round(sum('blind', 'verify and finalize', 'own evaluation'));
const partnerElement = Math.round(sum('evaluate and prove'));
console.log(`  own element ${ownElement}, partner's element ${partnerElement}`);

const allCores = await benchAllCores();
console.log('\nµs an element, all cores');
for (const { name, micros } of allCores) console.log(`  ${name.padEnd(36)}${micros.toFixed(1).padStart(8)}`);

const pool = await benchPool();
console.log(`\n${pool.threads} workers: ${pool.speedup.toFixed(2)} times one`);

const normaliser = benchNormaliser(options.quick ? 100_000 : 1_000_000);
console.log(
  `\n${normaliser.rows} accounts normalised on one thread in ${normaliser.seconds.toFixed(1)} s, memory grew by ${normaliser.grownMegabytes} MB`,
);

const storage = benchStorage(1_000_000);
console.log(
  `\n1,000,000 tags stored in ${storage.insertSeconds.toFixed(2)} s (${storage.rowsPerSecond} a second), joined in ${storage.joinSeconds.toFixed(2)} s`,
);

const questions = await benchQuestions(1_000_000, 100_000, options.quick ? 5 : 30);
console.log(
  `\nquestions to 1,000,000 × 1,000,000 accounts with ${questions.pairs} pairs: a decision ${questions.decisionMicros.toFixed(1)} µs, a matrix of 5 × 5 ${questions.matrixMs.toFixed(1)} ms, a page of 100 overlaps ${questions.pageCpuMs.toFixed(1)} ms of CPU time`,
);
for (const { viewers, everySeconds, asked, p50Ms, p99Ms } of questions.pages) {
  console.log(
    `  ${viewers} viewers turning a page every ${everySeconds} s over HTTP: ${p50Ms.toFixed(1)} ms, 99th percentile ${p99Ms.toFixed(1)} ms (${asked} pages, after 3,000 others)`,
  );
}

const mappings: { mapping: Mapping; psi: PsiRun | null }[] = [];
if (!options.quick) {
  for (const accounts of options.full || options.huge ? [10_000, 100_000] : [10_000]) {
    mappings.push(show(await mapLists(accounts, 'domain'), await benchPsi(accounts)));
  }
  if (options.full || options.huge) mappings.push(show(await mapLists(20_000, 'real'), null));
  // psi.js would run for a quarter of an hour beside it and tell nothing new.
  if (options.huge) mappings.push(show(await mapLists(300_000, 'domain'), null));
}

const results = {
  machine,
  at: new Date().toISOString(),
  steps,
  allCores,
  ownElement,
  partnerElement,
  pool,
  normaliser,
  storage,
  questions,
  mappings,
};
mkdirSync('.state', { recursive: true });
writeFileSync('.state/bench.json', `${JSON.stringify(results, null, 2)}\n`);
console.log('\nresults in .state/bench.json');
console.log(JSON.stringify(results));

function show(mapping: Mapping, psi: PsiRun | null): { mapping: Mapping; psi: PsiRun | null } {
  const { accounts, identifiers, syncSeconds, agentMegabytes, serviceMegabytes, pairs } = mapping;
  console.log(
    `\n${accounts} × ${accounts} accounts, ${identifiers.toFixed(2)} identifiers each: ${syncSeconds.toFixed(1)} s, ${pairs} pairs; agent ${agentMegabytes} MB, service ${serviceMegabytes} MB at most`,
  );
  if (psi)
    console.log(
      `  psi.js, one side learns, nothing proved: ${psi.seconds.toFixed(1)} s (${(psi.seconds / syncSeconds).toFixed(2)} times as long), ${psi.pairs} pairs`,
    );
  return { mapping, psi };
}

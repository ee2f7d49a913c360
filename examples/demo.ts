/**
 * The main job on the shipped lists, from nothing to the overlap: a service, two organisations in homes of their own,
 * and the same commands that people type; then people with roles, and a revocation (roles.ts). `--keep` leaves the service
 * and the homes; `--json` ends with one JSON line; `--edge` runs the service on workerd.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { parseArgs } from 'node:util';
import { openExport } from '../src/agent/import/export.ts';
import { startEdge } from '../src/service/edge/local.ts';
import { startService } from '../src/service/node.ts';
import { rolesPart } from './roles.ts';

const { values: options } = parseArgs({
  options: {
    keep: { type: 'boolean' },
    json: { type: 'boolean' },
    edge: { type: 'boolean' },
    help: { type: 'boolean', short: 'h' },
  },
});
if (options.help) {
  console.log(
    'npm run demo [-- --keep] [-- --json] [-- --edge]\n\nTwo companies map the lists in examples/ through a real service on this machine; with --edge it runs on workerd.',
  );
  process.exit(0);
}

const CLI = new URL('../src/cli/main.ts', import.meta.url).pathname;
const LISTS = new URL('.', import.meta.url).pathname;
const folder = mkdtempSync(join(tmpdir(), 'commonground-demo-'));
const timings: Record<string, number> = {};

interface Outcome {
  readonly code: number;
  readonly stdout: string;
}

/** Runs one command of the command line in one organisation's home, and shows it as it would be typed. */
function run(organisation: string, args: readonly string[], input = '', show = true): Promise<Outcome> {
  const quoted = args.map((arg) => (/^[\w./:*=,-]+$/.test(arg) ? arg : `"${arg}"`)).join(' ');
  if (show)
    say(
      `\n${organisation} $ commonground ${quoted.replaceAll(LISTS, 'examples/').replaceAll(`${folder}/`, '')}`,
    );
  return new Promise((resolve, reject) => {
    const child = spawn(
      process.execPath,
      ['--disable-warning=ExperimentalWarning', CLI, ...args, '--home', join(folder, organisation)],
      {
        stdio: ['pipe', 'pipe', 'pipe'],
      },
    );
    let stdout = '';
    child.stdout.on('data', (chunk: Buffer) => {
      stdout += chunk.toString();
    });
    child.stderr.on('data', (chunk: Buffer) => show && say(indent(chunk.toString())));
    child.on('error', reject);
    child.on('close', (code) => {
      if (show && stdout) say(indent(stdout));
      if (code === 0) resolve({ code, stdout });
      // 5: done, and waiting for the partner.
      else if (code === 5) resolve({ code, stdout });
      else reject(new Error(`commonground ${quoted} ended with ${code}: ${stdout}`));
    });
    child.stdin.end(input);
  });
}

async function stage<Value>(name: string, work: () => Promise<Value>): Promise<Value> {
  const begun = performance.now();
  const value = await work();
  timings[name] = Math.round(performance.now() - begun) / 1000;
  return value;
}

async function json<Value>(organisation: string, args: readonly string[]): Promise<Value> {
  return JSON.parse((await run(organisation, [...args, '--json'], '', false)).stdout) as Value;
}

const OPERATOR = 'the demo on this machine';
const data = join(folder, 'service');
const service = options.edge
  ? await startEdge({ data, variables: { OPERATOR } })
  : await startService({ port: 0, data, operator: { name: OPERATOR, organisation: null } });
try {
  say(`service on ${service.url}, everything in ${folder}`);

  await stage('keys', async () => {
    await run('aurora', ['init', '--name', 'Aurora Analytics', '--key-file', join(folder, 'aurora.key')]);
    await run('borealis', [
      'init',
      '--name',
      'Borealis Security',
      '--key-file',
      join(folder, 'borealis.key'),
    ]);
  });
  await stage('import', async () => {
    await run('aurora', [
      'accounts',
      'import',
      `${LISTS}aurora/accounts.csv`,
      `${LISTS}aurora/opportunities.csv`,
    ]);
    await run('borealis', [
      'accounts',
      'import',
      `${LISTS}borealis/companies.csv`,
      `${LISTS}borealis/deals.csv`,
    ]);
  });
  await stage('connect', async () => {
    const code = join(folder, 'registration-code');
    writeFileSync(code, await service.registrationCode(), { mode: 0o600 });
    await run('aurora', ['register', '--service', service.url, '--code-file', code]);
    await run('aurora', ['partner', 'invite', 'borealis', '--out', join(folder, 'invitation.txt')]);
    await run('borealis', ['partner', 'accept', join(folder, 'invitation.txt'), '--as', 'aurora']);
    say('\nBoth sides read the four words to each other over the phone:');
    const aurora = await json<{ words: string }>('aurora', ['partner', 'verify', 'borealis', '--show']);
    const borealis = await json<{ words: string }>('borealis', ['partner', 'verify', 'aurora', '--show']);
    await run('aurora', ['partner', 'verify', 'borealis', '--words', borealis.words]);
    await run('borealis', ['partner', 'verify', 'aurora', '--words', aurora.words]);
  });
  await stage('grant', async () => {
    await run('aurora', ['scope', 'grant', '--partner', 'borealis', '--preset', 'overlap']);
    await run('borealis', ['scope', 'grant', '--partner', 'aurora', '--preset', 'co-sell']);
    await run('aurora', ['sync', '--dry-run']);
  });
  await stage('sync', () =>
    Promise.all([run('aurora', ['sync', '--wait']), run('borealis', ['sync', '--wait'])]),
  );
  await stage('questions', async () => {
    await run('aurora', ['matrix']);
    await run('aurora', ['overlap', '--mine', 'open-opportunities', '--theirs', 'customers', '--limit', '8']);
    await run('borealis', [
      'overlap',
      '--mine',
      'customers',
      '--theirs',
      'open-opportunities',
      '--limit',
      '5',
    ]);
    await run('aurora', ['whitespace', '--theirs', 'customers', '--limit', '5']);
    say('\nWhat was disclosed to whom:');
    await run('aurora', ['ledger']);
  });

  const overlap = await json<{ rows: { tier: string }[] }>('aurora', ['overlap']);
  const confirmed = overlap.rows.filter(({ tier }) => tier === 'confirmed').length;
  const review = overlap.rows.length - confirmed;
  const whiteSpace = await json<{ rows: unknown[] }>('aurora', ['whitespace']);
  const matrix = await json<{ partners: unknown[] }>('aurora', ['matrix']);
  const roles = await stage('roles', () => rolesPart({ folder, run, json, say }));
  const searched = await searchService();
  say(
    `\nThe service's files were searched for ${searched.needles} names, domains and record ids of both lists: ${searched.found} found.`,
  );
  say(
    `Aurora and Borealis have ${confirmed} confirmed pairs of accounts in common, and ${review} that a person has to review; Borealis shows Aurora ${whiteSpace.rows.length} names of accounts that Aurora lacks.`,
  );
  say(
    `Asked the same, Aurora's sales people are shown ${roles.sales} accounts and its clean team ${roles.cleanTeam}; after the revocation ${roles.afterRevocation}.`,
  );
  say(
    `Seconds a stage: ${Object.entries(timings)
      .map(([name, seconds]) => `${name} ${seconds}`)
      .join(', ')}`,
  );
  if (searched.found > 0) throw new Error(`the service holds clear text: ${searched.example}`);
  if (options.json) {
    console.log(
      JSON.stringify({
        overlap: overlap.rows.length,
        confirmed,
        review,
        whiteSpace: whiteSpace.rows.length,
        roles,
        clearTextFound: searched.found,
        matrix: matrix.partners,
        seconds: timings,
      }),
    );
  }
  if (options.keep) {
    say(
      `\nLeft running: ${service.url}. Try: npm run commonground -- overlap --home ${relative(process.cwd(), join(folder, 'aurora'))}\nStop with ctrl-C; the files stay in ${folder}.`,
    );
    await new Promise((resolve) => process.once('SIGINT', resolve));
  }
} finally {
  await service.close();
  if (!options.keep) rmSync(folder, { recursive: true, force: true });
}

/** Searches every file of the service for what the two lists hold in the clear. */
async function searchService(): Promise<{ needles: number; found: number; example: string }> {
  const needles = new Set<string>();
  for (const file of ['aurora/accounts.csv', 'borealis/companies.csv']) {
    const opened = await openExport(LISTS + file);
    if (opened.what !== 'accounts') continue;
    for await (const row of opened.rows) {
      if (!('record' in row)) continue;
      // Short texts occur by chance in random bytes.
      for (const text of [row.record.id, ...row.record.names, ...row.record.domains])
        if (text.length >= 7) needles.add(text.toLowerCase());
    }
  }
  let found = 0;
  let example = '';
  for (const entry of readdirSync(join(folder, 'service'), { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const content = contentOf(join(entry.parentPath, entry.name));
    for (const needle of needles) {
      if (!content.includes(Buffer.from(needle).toString('latin1'))) continue;
      found++;
      example = needle;
    }
  }
  return { needles: needles.size, found, example };
}

/** Of a file that SQLite took away meanwhile: nothing. */
function contentOf(file: string): string {
  try {
    return readFileSync(file).toString('latin1').toLowerCase();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw error;
  }
}

function say(text: string): void {
  // With --json, standard output is one line for programs.
  (options.json ? process.stderr : process.stdout).write(`${text}\n`);
}

function indent(text: string): string {
  return text.trimEnd().replace(/^/gm, '    ');
}

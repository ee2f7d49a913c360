import { execFile } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { CommandUnknownOpts } from '@commander-js/extra-typings';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { program } from '../../src/cli/program.ts';
import { type Service, startService } from '../../src/service/node.ts';
import { commonground, document, type Outcome } from '../support/cli.ts';

const CLI = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));
let folder: string;
let service: Service;
const home = (name: string) => join(folder, name);
const run = (name: string, ...args: string[]) => commonground(home(name), args);

async function done(outcome: Promise<Outcome>): Promise<Outcome> {
  const result = await outcome;
  expect(result.stderr + result.stdout).not.toMatch(/AGE-SECRET-KEY|at file:|node:internal/);
  expect(result.code, result.stderr).toBe(0);
  return result;
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'commonground-cli-'));
  service = await startService({ port: 0, data: join(folder, 'service') });
});
afterAll(async () => {
  await service.close();
  rmSync(folder, { recursive: true, force: true });
});

function list(name: string, rows: readonly string[]): string {
  const path = join(folder, name);
  writeFileSync(path, ['Account ID,Account Name,Website,Type,Account Owner', ...rows].join('\n'));
  return path;
}

/** The commands that do something, at any depth below. */
function leaves(command: CommandUnknownOpts): CommandUnknownOpts[] {
  return command.commands.length === 0 ? [command] : command.commands.flatMap(leaves);
}

function pathOf(command: CommandUnknownOpts): string {
  return command.parent?.parent ? `${pathOf(command.parent)} ${command.name()}` : command.name();
}

function helpOf(command: CommandUnknownOpts): string {
  let text = '';
  command.configureOutput({ writeOut: (part) => (text += part) }).outputHelp();
  return text;
}

describe('help', () => {
  const commands = leaves(program);

  it.each(commands.map((command) => [pathOf(command), command] as const))('of %s teaches', (_, command) => {
    const help = helpOf(command);
    expect(help).toContain('Example:');
    expect(help).toContain('--json');
  });

  it('names every command', async () => {
    const { stdout } = await run('none', '--help');
    for (const command of program.commands) expect(stdout).toContain(`  ${command.name()} `);
  });
});

describe('what goes wrong', () => {
  it('a reader that has enough is no error', async () => {
    await done(run('a-reader', 'init', '--name', 'Reader', '--key-file', join(folder, 'reader.key')));
    // `true` has closed the pipe long before the command prints.
    const script = `{ "${process.execPath}" --disable-warning=ExperimentalWarning "${CLI}" status --json; echo "exit $?" >&2; } | true`;
    const env = { ...process.env, COMMONGROUND_HOME: home('a-reader') };
    const { stderr } = await promisify(execFile)('sh', ['-c', script], { env });
    expect(stderr).toBe('exit 0\n');
  });

  it('has a code, a hint and an exit code', async () => {
    const nowhere = await run('none', 'overlap', '--json');
    expect(nowhere.code).toBe(2);
    expect(document(nowhere)).toMatchObject({
      error: { code: 'not_initialised', hint: expect.stringContaining('init') },
    });
    expect(nowhere.stderr).toMatch(/^commonground: /);
    expect((await run('none', 'bogus')).code).toBe(2);
    expect((await run('none', 'init')).code).toBe(2);
  });

  it('a locked keyring and a wrong passphrase', async () => {
    const file = join(folder, 'pass');
    writeFileSync(file, 'correct horse battery staple\n', { mode: 0o600 });
    await done(run('locked', 'init', '--name', 'Locked Ltd', '--passphrase-file', file));
    await done(run('locked', 'status'));
    await done(run('locked', 'lock'));
    const locked = await run('locked', 'status', '--json');
    expect(locked.code).toBe(4);
    expect(document(locked)).toMatchObject({ error: { code: 'locked' } });
    const wrong = join(folder, 'wrong');
    writeFileSync(wrong, 'incorrect horse battery\n', { mode: 0o600 });
    const refused = await run('locked', 'unlock', '--passphrase-file', wrong, '--json');
    expect(refused.code).toBe(4);
    expect(document(refused)).toMatchObject({ error: { code: 'wrong_passphrase' } });
    await done(run('locked', 'unlock', '--passphrase-file', file));
    await done(
      run('locked', 'renew', '--root-key', join(home('locked'), 'root-key.age'), '--passphrase-file', file),
    );
    chmodSync(file, 0o644);
    expect((await run('locked', 'unlock', '--passphrase-file', file)).code).toBe(3);
    await done(run('locked', 'lock'));
  });

  it('a second init overwrites nothing, and its files are the owner’s alone', async () => {
    await done(run('once', 'init', '--name', 'Once Ltd', '--key-file', join(folder, 'once.key')));
    const before = readFileSync(join(home('once'), 'keyring.age'));
    const again = await run('once', 'init', '--name', 'Once Ltd', '--key-file', join(folder, 'other.key'));
    expect(again.code).toBe(2);
    expect(readFileSync(join(home('once'), 'keyring.age'))).toEqual(before);
    for (const name of ['keyring.age', 'root-key.age', 'config.json']) {
      expect(statSync(join(home('once'), name)).mode & 0o777, name).toBe(0o600);
    }
    expect(statSync(home('once')).mode & 0o777).toBe(0o700);
  });

  it('a name that disguises itself', async () => {
    const { code } = await run(
      'bidi',
      'init',
      '--name',
      'Good \u202eliveE',
      '--key-file',
      join(folder, 'bidi.key'),
    );
    expect(code).toBe(2);
  });
});

describe('imports', () => {
  it('name the line of a rejected row, preview, and replace a source whole', async () => {
    await done(run('imports', 'init', '--name', 'Imports', '--key-file', join(folder, 'imports.key')));
    const first = list('list.csv', [
      '1,Siemens,siemens.com,Customer,Ann',
      '2,,,Customer,Ann',
      '3,Nestle,nestle.com,Prospect,Ann',
    ]);
    const preview = await done(run('imports', 'accounts', 'import', first, '--dry-run', '--json'));
    expect(document(preview)).toMatchObject({ kept: false, files: [{ added: 2, rejectedCount: 1 }] });
    const imported = await done(run('imports', 'accounts', 'import', first));
    expect(imported.stderr).toContain('line 3');
    list('list.csv', ['1,Siemens AG,siemens.com,Customer,Ann', '4,Unilever,unilever.com,Customer,Ann']);
    const second = await done(run('imports', 'accounts', 'import', first, '--json'));
    expect(document(second)).toMatchObject({ files: [{ added: 1, changed: 1, removed: 1, unchanged: 0 }] });
    const status = await done(run('imports', 'status', '--json'));
    expect(document(status)).toMatchObject({ accounts: 2 });
  });

  it('an unreadable file leaves everything as it was', async () => {
    const bad = join(folder, 'bad.csv');
    writeFileSync(bad, 'Account ID,Account Name\n1,"never closed\n');
    const refused = await run('imports', 'accounts', 'import', bad, '--source', 'list.csv', '--json');
    expect(refused.code).toBe(3);
    expect(document(await done(run('imports', 'status', '--json')))).toMatchObject({ accounts: 2 });
  });

  it('a rule that is not understood points at the place', async () => {
    const refused = await run(
      'imports',
      'population',
      'add',
      'odd',
      '--where',
      'type = = Customer',
      '--json',
    );
    expect(refused.code).toBe(3);
    expect(document<{ error: { message: string } }>(refused).error.message).toMatch(/column|position|\d/);
  });
});

describe('the main job, as two people type it', () => {
  beforeAll(async () => {
    const a = list('a.csv', [
      'a1,Siemens AG,siemens.com,Customer,Ann',
      'a2,Nestlé,nestle.com,Prospect,Ann',
      'a3,Ours,only-ours.com,Customer,Ann',
    ]);
    const b = list('b.csv', [
      'b1,Siemens,www.siemens.com,Prospect,Bea',
      'b2,NESTLE SA,nestle.com,Customer,Bob',
      'b3,Theirs,only-theirs.com,Customer,Bea',
    ]);
    for (const [name, file] of [
      ['a', a],
      ['b', b],
    ] as const) {
      await done(
        run(name, 'init', '--name', `Organisation ${name}`, '--key-file', join(folder, `${name}.key`)),
      );
      await done(run(name, 'accounts', 'import', file));
    }
  });

  it('connects: nothing before both compared the words', async () => {
    const refused = await commonground(
      home('a'),
      ['register', '--service', service.url, '--code-file', '-', '--json'],
      { input: 'not-a-code' },
    );
    expect(refused.code).toBe(7);
    const code = await service.registrationCode();
    const registered = await commonground(
      home('a'),
      ['register', '--service', service.url, '--code-file', '-'],
      { input: code },
    );
    expect(registered.code, registered.stderr).toBe(0);
    const invitation = join(folder, 'invitation.txt');
    await done(run('a', 'partner', 'invite', 'bee', '--out', invitation));
    expect(statSync(invitation).mode & 0o777).toBe(0o600);
    await done(run('b', 'partner', 'accept', invitation, '--as', 'ay'));
    const stolen = await run('imports', 'partner', 'accept', invitation, '--as', 'thief');
    expect(stolen.code).toBe(7);
    const early = await run('a', 'scope', 'grant', '--partner', 'bee', '--preset', 'overlap', '--json');
    expect(early.code).toBe(6);
    expect(document(early)).toMatchObject({ error: { code: 'not_verified' } });
    const shown = document<{ words: string }>(
      await done(run('a', 'partner', 'verify', 'bee', '--show', '--json')),
    );
    const typo = await run('b', 'partner', 'verify', 'ay', '--words', 'four of no list');
    expect(typo.code).toBe(2);
    await done(run('b', 'partner', 'verify', 'ay', '--words', shown.words.toUpperCase()));
    await done(run('a', 'partner', 'verify', 'bee', '--words', shown.words));
  });

  it('tells what would leave, and syncs through a kill -9 of either side', async () => {
    await done(run('a', 'scope', 'grant', '--partner', 'bee', '--preset', 'co-sell'));
    await done(
      run(
        'b',
        'scope',
        'grant',
        '--partner',
        'ay',
        '--rule',
        'customers:*:fields:owner:names',
        '--rule',
        'prospects:*:accounts',
      ),
    );
    const plan = document(await done(run('a', 'sync', '--dry-run', '--json')));
    expect(plan).toMatchObject({
      partners: [{ partner: 'bee', accounts: 3, wanted: { domain: 3, name: 3 } }],
    });
    for (const killAfterMs of [300, 450, 600, 750, 900]) {
      await Promise.all([
        commonground(home('a'), ['sync', '--wait', '20'], { killAfterMs }),
        commonground(home('b'), ['sync', '--wait', '20'], { killAfterMs: 1350 - killAfterMs }),
      ]);
    }
    for (let round = 0; round < 4; round++) for (const name of ['a', 'b']) await run(name, 'sync');
    const finished = await done(run('a', 'sync', '--json'));
    expect(document(finished)).toMatchObject({
      partners: [{ waiting: null, requested: 0, submitted: null }],
    });
    // Nothing was paid twice: three domains and three names each way.
    const status = document<{ partners: { budget: { used: number }[] }[] }>(
      await done(run('b', 'status', '--json')),
    );
    expect(status.partners[0]?.budget.filter(({ used }) => used > 0)).toMatchObject([
      { kind: 'domain', used: 3 },
      { kind: 'name', used: 3 },
    ]);
  });

  it('answers by role of populations, and records what was shown', async () => {
    const overlap = document<{ rows: { record: string; fields: object }[] }>(
      await done(run('a', 'overlap', '--json')),
    );
    expect(overlap.rows.map((row) => [row.record, row.fields])).toEqual([
      ['a2', { owner: 'Bob' }],
      ['a1', {}],
    ]);
    const other = document<{ rows: { record: string; fields: { owner?: string } }[] }>(
      await done(run('b', 'overlap', '--json')),
    );
    expect(other.rows.map((row) => [row.record, row.fields.owner])).toEqual([
      ['b2', 'Ann'],
      ['b1', 'Ann'],
    ]);
    const white = document<{ rows: { name: string }[] }>(await done(run('a', 'whitespace', '--json')));
    expect(white.rows.map((row) => row.name)).toEqual(['Theirs']);
    const matrix = await done(run('a', 'matrix'));
    expect(matrix.stdout).toContain('snapshot');
    const ledger = document<{ partners: { entries: { question: string; viewer: string }[] }[] }>(
      await done(run('b', 'ledger', '--json')),
    );
    expect(ledger.partners[0]?.entries.map((entry) => [entry.viewer, entry.question])).toEqual([
      ['theirs', 'overlap'],
      ['mine', 'overlap'],
      ['theirs', 'whitespace'],
      ['theirs', 'matrix'],
    ]);
    expect((await run('a', 'overlap', '--since', '1', '--json')).stdout).toContain('"rows":[]');
  });

  it('revokes at once', async () => {
    await done(run('b', 'scope', 'revoke', '--partner', 'ay'));
    expect(document(await done(run('a', 'overlap', '--json')))).toMatchObject({
      rows: [],
      empty: [{ partner: 'bee', reason: 'nothing_granted' }],
    });
    const shown = await done(run('a', 'scope', 'show'));
    expect(shown.stdout).toContain('is granted nothing');
  });

  it('has no second sync of one home at a time', async () => {
    writeFileSync(join(home('a'), 'sync.lock'), String(process.pid));
    const refused = await run('a', 'sync', '--json');
    expect(document(refused)).toMatchObject({ error: { code: 'busy' } });
    // A lock whose holder is gone is taken over.
    writeFileSync(join(home('a'), 'sync.lock'), '999999999');
    expect((await run('a', 'sync')).code).toBe(5);
  });

  it('says who operates the service, and warns where it is the partner', async () => {
    const { organisation } = document<{ organisation: string }>(await done(run('a', 'status', '--json')));
    const owned = await startService({
      port: 0,
      data: join(folder, 'owned'),
      registration: 'open',
      operator: { name: 'Organisation a', organisation },
    });
    try {
      const copy = (name: string) => join(folder, `${name}-owned`);
      for (const name of ['a', 'b']) {
        const { cpSync } = await import('node:fs');
        cpSync(home(name), copy(name), { recursive: true });
        rmSync(join(copy(name), 'store.db'));
        writeFileSync(
          join(copy(name), 'config.json'),
          JSON.stringify({ service: null, keyFile: join(folder, `${name}.key`) }),
          { mode: 0o600 },
        );
      }
      const invitation = join(folder, 'owned.txt');
      await done(commonground(copy('a'), ['register', '--service', owned.url]));
      await done(commonground(copy('a'), ['partner', 'invite', 'bee', '--out', invitation]));
      await done(commonground(copy('b'), ['partner', 'accept', invitation, '--as', 'ay']));
      const { words } = document<{ words: string }>(
        await done(commonground(copy('a'), ['partner', 'verify', 'bee', '--show', '--json'])),
      );
      const warned = await done(commonground(copy('b'), ['partner', 'verify', 'ay', '--words', words]));
      expect(warned.stderr).toContain('WARNING: your partner Organisation a operates this service');
    } finally {
      await owned.close();
    }
  });
});

/** What people who type the commands for the first time run into: each way out is told, and nothing is lost on it. */
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pace } from '../../src/cli/output.ts';
import { type Service, startService } from '../../src/service/node.ts';
import { commonground, document, type Outcome } from '../support/cli.ts';

let folder: string;
let service: Service;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'commonground-newcomer-'));
  service = await startService({ port: 0, data: join(folder, 'service') });
});
afterAll(async () => {
  await service.close();
  rmSync(folder, { recursive: true, force: true });
});

const file = (name: string) => join(folder, name);
const run = (name: string, ...args: string[]) => commonground(file(name), args);
async function done(outcome: Promise<Outcome>): Promise<Outcome> {
  const result = await outcome;
  expect(result.code, result.stderr).toBe(0);
  return result;
}
function list(name: string, rows: readonly string[]): string {
  writeFileSync(file(name), ['Account ID,Account Name,Website,Type,Account Owner', ...rows].join('\n'));
  return file(name);
}

describe('before a partner is there', () => {
  it('init does not ask for a passphrase where a home is already', async () => {
    for (const name of ['a', 'b'])
      await done(run(name, 'init', '--name', `Organisation ${name}`, '--key-file', file(`${name}.key`)));
    const again = await run('a', 'init', '--name', 'Again', '--json');
    expect([again.code, document(again)]).toMatchObject([2, { error: { code: 'already_initialised' } }]);
  });

  it('an import says what is in no population, with a command that puts it into one', async () => {
    const rows = ['a1,Siemens,siemens.com,Customer,Ann', 'a2,S&P Global Inc.,spglobal.com,,Ann'];
    const imported = await done(
      run('a', 'accounts', 'import', list('a.csv', [...rows, 'a3,Nestlé,nestle.com,,Ann'])),
    );
    expect(imported.stderr).toContain('2 of 3 accounts are in no population and will not be compared');
    const where = /population add others --where '(.+)'/.exec(imported.stderr)?.[1] ?? '';
    expect(where).toBe('type is empty');
    const before = await done(run('a', 'population', 'list'));
    expect(before.stdout).toMatch(/\(in none\)\s+2 {2}not compared/);
    expect(before.stdout.split('\n').every((line) => line.length < 120)).toBe(true);
    expect((await done(run('a', 'population', 'list', '--full'))).stdout).toContain(
      'lifecycle_stage in (Customer, Evangelist)',
    );
    await done(run('a', 'population', 'add', 'others', '--where', where));
    const after = document<{ unplaced: number }>(await done(run('a', 'population', 'list', '--json')));
    expect(after.unplaced).toBe(0);
    await done(run('a', 'population', 'remove', 'others'));
  });

  it('a renamed export is told to be a second source, which can be removed', async () => {
    const copy = list('a-copy.csv', ['a1,Siemens,siemens.com,Customer,Ann']);
    const imported = await done(run('a', 'accounts', 'import', copy));
    expect(imported.stderr).toContain('a-copy.csv is a new source beside a.csv');
    await done(run('a', 'accounts', 'remove', 'a-copy.csv'));
    expect(document(await done(run('a', 'accounts', 'list', '--json')))).toMatchObject({ total: 3 });
    expect((await run('a', 'accounts', 'remove', 'a-copy.csv')).code).toBe(2);
  });

  it('a wrong registration code is told from a service that is to be tried again', async () => {
    const register = (code: string) =>
      commonground(file('a'), ['register', '--service', service.url, '--code-file', '-'], { input: code });
    const wrong = await register('cgr_wrong');
    expect([wrong.code, wrong.stderr]).toEqual([
      7,
      expect.stringContaining('the registration code is wrong or used'),
    ]);
    expect(wrong.stderr).toMatch(/hint: ask the operator for a new code/);
    expect((await register(await service.registrationCode())).code).toBe(0);
  });

  it('paths are meant from where the person stands, and told whole', async () => {
    const there = file('there');
    mkdirSync(there);
    list('there/list.csv', [
      'b1,Siemens,siemens.com,Customer,Bea',
      'b2,S&P Global,other.example,Customer,Bea',
      'b3,Theirs,theirs.com,Customer,Bea',
    ]);
    const cli = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));
    const npm = (lifecycle: string, path: string) =>
      new Promise<[number | null, string]>((resolve) => {
        const child = spawn(
          process.execPath,
          ['--disable-warning=ExperimentalWarning', cli, 'accounts', 'import', path],
          {
            cwd: folder,
            env: {
              ...process.env,
              COMMONGROUND_HOME: file('b'),
              INIT_CWD: there,
              npm_lifecycle_event: lifecycle,
              npm_package_name: 'commonground',
            },
            stdio: ['ignore', 'ignore', 'pipe'],
          },
        );
        let stderr = '';
        child.stderr.on('data', (chunk: Buffer) => {
          stderr += chunk.toString();
        });
        child.on('close', (code) => resolve([code, stderr]));
      });
    expect(await npm('test', 'list.csv')).toEqual([3, expect.stringContaining(file('list.csv'))]);
    expect(await npm('commonground', 'nowhere.csv')).toEqual([
      3,
      expect.stringContaining(join(there, 'nowhere.csv')),
    ]);
    expect((await npm('commonground', 'list.csv'))[0]).toBe(0);
    const unread = await run('b', 'partner', 'accept', 'nowhere.txt', '--as', 'a');
    expect(unread.stderr).toMatch(/cannot read \/.*\/nowhere\.txt/);
  });
});

describe('an invitation', () => {
  const invitation = () => file('invitation.txt');

  it('is not made where its file cannot be', async () => {
    writeFileSync(invitation(), 'something else');
    expect((await run('a', 'partner', 'invite', 'bee', '--out', invitation())).code).toBe(2);
    expect(readFileSync(invitation(), 'utf8')).toBe('something else');
    expect(document(await done(run('a', 'partner', 'list', '--json')))).toEqual({ partners: [] });
    const bad = await run('a', 'partner', 'invite', 'Not A Name', '--out', file('never.txt'));
    expect([bad.code, existsSync(file('never.txt'))]).toEqual([2, false]);
  });

  it('can be printed again until it is accepted', async () => {
    rmSync(invitation());
    const made = await done(run('a', 'partner', 'invite', 'bee', '--out', invitation()));
    expect(made.stderr).toContain(`send ${invitation()} to your partner`);
    const taken = await run('a', 'partner', 'invite', 'bee');
    expect([taken.code, taken.stderr]).toEqual([2, expect.stringContaining('partner invite bee --again')]);
    const again = await done(run('a', 'partner', 'invite', 'bee', '--again'));
    expect(again.stdout).toBe(readFileSync(invitation(), 'utf8'));
    const accepted = await done(run('b', 'partner', 'accept', invitation(), '--as', 'ay'));
    expect(accepted.stderr).toContain('their own name for you');
    const late = await run('a', 'partner', 'invite', 'bee', '--again');
    expect([late.code, late.stderr]).toEqual([
      2,
      expect.stringContaining('has accepted the invitation already'),
    ]);
  });

  it('that was accepted waits for the words, not for an acceptance', async () => {
    expect((await done(run('b', 'status'))).stdout).toContain(
      'ay: waiting for the partner to run `commonground partner verify`',
    );
    const began = Date.now();
    const waited = await run('b', 'sync', '--wait', '1');
    expect([waited.code, waited.stderr]).toEqual([
      5,
      expect.stringMatching(/ay: waiting for the partner to run .*; until 2\d{3}-/),
    ]);
    expect(Date.now() - began).toBeLessThan(20_000);
    expect((await run('b', 'sync', '--wait', 'soon')).code).toBe(2);
  });
});

describe('the four words', () => {
  const other = 'abandon abandon abandon abandon';

  it('that differ decide nothing by themselves', async () => {
    const shown = await done(run('a', 'partner', 'verify', 'bee', '--show'));
    expect(shown.stderr).toContain('both of you must have these same four words');
    const typo = await run('b', 'partner', 'verify', 'ay', '--words', other);
    expect([typo.code, typo.stderr]).toEqual([8, expect.stringContaining('partner verify ay --differ')]);
    expect(typo.stderr).toContain('nothing was decided');
    expect((await done(run('b', 'partner', 'list'))).stdout).toContain('to verify');
  });

  it('that really differ end it on both sides, and free the name', async () => {
    const differ = await run('a', 'partner', 'verify', 'bee', '--differ');
    expect([differ.code, differ.stderr]).toEqual([
      8,
      expect.stringContaining('`commonground partner invite bee`'),
    ]);
    for (const args of [['--show'], ['--words', other], ['--differ']]) {
      const over = await run('a', 'partner', 'verify', 'bee', ...args);
      expect([over.code, over.stderr], args[0]).toEqual([
        6,
        expect.stringContaining('the words of bee differed on 2'),
      ]);
    }
    const told = await done(run('b', 'sync'));
    expect(told.stdout).toMatch(/^ay: ended by ay on \S+, before you compared the words: call them\n$/);
    expect((await done(run('a', 'partner', 'list', '--all'))).stdout).toContain(
      'the words differed; ended by you on 2',
    );
    const findings = document<{ findings: { code: string; level: string }[] }>(
      await run('a', 'doctor', '--json'),
    ).findings;
    expect(findings.filter(({ code }) => code === 'ended')).toMatchObject([{ level: 'note' }]);
  });

  it('that the other side does not know yet are told to it all the same', async () => {
    await done(run('a', 'partner', 'invite', 'bee', '--out', file('second.txt')));
    await done(run('b', 'partner', 'accept', file('second.txt'), '--as', 'ay'));
    await done(run('a', 'partner', 'list'));
    expect((await run('a', 'partner', 'verify', 'bee', '--differ')).code).toBe(8);
    const listed = await done(run('b', 'partner', 'list', '--all'));
    expect(listed.stdout.match(/before you compared the words/g)).toHaveLength(2);
  });

  it('that agree begin the work', async () => {
    await done(run('a', 'partner', 'invite', 'bee', '--out', file('third.txt')));
    await done(run('b', 'partner', 'accept', file('third.txt'), '--as', 'ay'));
    const { words } = document<{ words: string }>(
      await done(run('a', 'partner', 'verify', 'bee', '--show', '--json')),
    );
    await done(run('b', 'partner', 'verify', 'ay', '--words', words));
    const verified = await done(run('a', 'partner', 'verify', 'bee', '--words', words));
    expect(verified.stderr.match(/operated by/g)).toHaveLength(1);
    expect((await run('a', 'partner', 'verify', 'bee', '--differ')).code).toBe(2);
    const status = await done(run('a', 'status'));
    expect(status.stderr).toBe('commonground: 2 partnerships ended (`commonground partner list --all`)\n');
    expect(status.stdout).toContain('you grant nothing, you are granted nothing');
    expect((await run('a', 'scope', 'show', '--partner', 'cee')).stderr).toMatch(/partners here: bee\n/);
  });
});

describe('an answer that is empty says why', () => {
  const reason = async (name: string, ...args: string[]) => {
    const { empty } = document<{ empty: { reason: string }[] }>(await done(run(name, ...args, '--json')));
    return empty.map((entry) => entry.reason);
  };

  it('nothing is granted, nothing is compared, only numbers are granted', async () => {
    expect(await reason('a', 'overlap')).toEqual(['nothing_granted']);
    expect((await done(run('a', 'matrix'))).stderr).toContain('it grants you nothing yet');
    expect(await reason('a', 'matrix')).toEqual(['nothing_granted']);
    await done(run('b', 'scope', 'grant', '--partner', 'ay', '--preset', 'counts'));
    expect(await reason('a', 'overlap')).toEqual(['level']);
    await done(run('b', 'scope', 'grant', '--partner', 'ay', '--preset', 'overlap'));
    expect(await reason('a', 'overlap')).toEqual(['no_snapshot']);
    expect(await reason('a', 'whitespace')).toEqual(['level']);
    expect(await reason('a', 'matrix')).toEqual(['no_snapshot']);
    expect((await done(run('a', 'whitespace'))).stderr).toMatch(
      /^commonground: bee: it grants you no names .*, only how many/,
    );
    expect(await reason('a', 'overlap', '--theirs', 'custmers')).toEqual(['unknown_population']);
    const exported = await done(run('a', 'export', 'overlap', '--format', 'csv', '--out', '-'));
    expect(exported.stderr).toContain('nothing is compared yet');
  });

  it('and white space leaves out what the own list knows by name', async () => {
    await done(run('b', 'scope', 'grant', '--partner', 'ay', '--preset', 'co-sell'));
    await done(run('a', 'scope', 'grant', '--partner', 'bee', '--preset', 'counts'));
    const plan = await done(run('a', 'sync', '--dry-run'));
    expect(plan.stdout).toMatch(/\(in none of these\)\s+2 {2}not compared/);
    expect(plan.stdout).not.toMatch(/handles|tags/);
    await Promise.all(['a', 'b'].map((name) => done(run(name, 'sync', '--wait', '100'))));
    expect(await reason('a', 'whitespace')).toEqual(['accounts_not_returned']);
    await done(
      run(
        'a',
        'scope',
        'grant',
        '--partner',
        'bee',
        '--rule',
        'customers:*:accounts',
        '--rule',
        'prospects:*:counts',
      ),
    );
    for (const name of ['a', 'b', 'a']) await run(name, 'sync');
    const white = await done(run('a', 'whitespace', '--theirs', 'customers'));
    expect(white.stdout).toContain('Theirs');
    expect(white.stdout).not.toContain('S&P');
    expect(white.stderr).toContain('1 left out: accounts of that name stand in your own list');
    const matrix = await done(run('b', 'matrix'));
    expect(matrix.stdout).toContain('few');
    expect(await reason('b', 'matrix')).toEqual([]);
    expect(matrix.stderr).toContain('“few” fewer than its scope shows');
    expect(await reason('a', 'overlap', '--mine', 'prospects')).toEqual(['nothing_found']);
  }, 120_000);

  it('the own organisation’s limit hides it, and who can change that', async () => {
    const limit = (...to: string[]) =>
      done(run('a', 'scope', 'limit', '--role', 'sales', '--partner', 'bee', ...to));
    await limit('--to', 'counts');
    expect(await reason('a', 'overlap')).toEqual(['own_limit']);
    expect(await reason('a', 'whitespace')).toEqual(['own_limit']);
    expect((await done(run('a', 'matrix'))).stderr).toContain('your own organisation limits what');
    await limit('--to', 'none');
    expect((await done(run('a', 'matrix'))).stderr).toMatch(
      /bee: your own organisation limits .*sales .*at most none.*the role legal .*`commonground scope limit/,
    );
    await limit('--none');
    expect(await reason('a', 'overlap', '--mine', 'prospects')).toEqual(['nothing_found']);
    await done(run('b', 'scope', 'revoke', '--partner', 'ay'));
    expect((await done(run('b', 'status'))).stdout).toMatch(/this year, domain: \d; nothing is granted/);
  }, 120_000);
});

describe('progress', () => {
  it.each([
    [0, 10, 100, ''],
    [0, 10, 9000, ''],
    [5, 10, 100, ''],
    [10, 100, 1000, '  10/s  9 s left'],
    [1, 100, 10_000, '  0.1/s  17 min left'],
    [1, 10_000, 10_000, '  0.1/s  28 h left'],
    [10, 10, 1000, '  10/s'],
  ])('%d of %d after %d ms is "%s"', (did, total, ms, text) => expect(pace(did, total, ms)).toBe(text));
});

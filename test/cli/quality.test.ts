import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { commonground, document, type Outcome } from '../support/cli.ts';

let folder: string;
const run = (...args: string[]) => commonground(join(folder, 'home'), args);
const file = (name: string, text: string) => {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
};

async function done(outcome: Promise<Outcome>): Promise<Outcome> {
  const result = await outcome;
  expect(result.code, result.stderr).toBe(0);
  return result;
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'commonground-quality-'));
  await done(run('init', '--name', 'Quality', '--key-file', join(folder, 'key')));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('accounts import', () => {
  it('reads German columns and says which records are one company', async () => {
    const list = file(
      'liste.csv',
      'Kundennummer;Firma;Webseite;Ort;Land;USt-IdNr.\n1;Siemens AG;siemens.com;München;Deutschland;\n2;SIEMENS;www.siemens.com;;;\n3;Acme;;Berlin;Deutschland;DE1\n4;Bolt;linkedin.com/company/bolt;;;\n',
    );
    const { stdout, stderr } = await done(run('accounts', 'import', list));
    expect(stdout).toMatch(/merged\nliste\.csv .* 4 +0 +0 +0 +0 +1$/m);
    expect(stderr).toContain(
      'liste.csv line 3: record 2 is the same company as 1; together they are one account',
    );
    const again = document(await done(run('accounts', 'import', list, '--json')));
    expect(again).toMatchObject({
      files: [{ unchanged: 4, merged: { count: 1, rows: [{ line: 3, record: '2', into: '1' }] } }],
    });
    expect(document(await done(run('status', '--json')))).toMatchObject({ accounts: 3, records: 4 });
  });

  it('names every meaning where a --map has none', async () => {
    const { code, stderr } = await run('accounts', 'import', join(folder, 'liste.csv'), '--map', 'Ort=place');
    expect(code).toBe(3);
    for (const meaning of ['other_name', 'parent', 'lei', 'registry']) expect(stderr).toContain(meaning);
  });
});

describe('accounts check', () => {
  it('tells what partners could match and what to mend', async () => {
    const { stdout, stderr } = await done(run('accounts', 'check'));
    expect(stdout).toContain('3 accounts from 4 records (records of one company count once)');
    expect(stdout).toMatch(/confirmed +\d+ /);
    expect(stdout).toMatch(/1 accounts have an id with a typing mistake .*\[wrong_id\]\n {2}records 3\n/);
    expect(stdout).toMatch(/\[website_on_shared_host\]\n {2}records 4\n/);
    expect(stderr).toBe('');
  });

  it('as one document', async () => {
    const report = document(await done(run('accounts', 'check', '--json')));
    expect(report).toMatchObject({ records: 4, accounts: 3, excluded: 0, have: { domain: 1, name: 3 } });
  });
});

describe('accounts tune and test', () => {
  const sample = () =>
    file(
      'pairs.csv',
      'a_name,a_domain,b_name,b_domain,label\nGoogle,,Alphabet,abc.xyz,1\nBolt,bolt.com,Bolt,bolt.com,1\nNut,nut.com,Screw,screw.com,0\n',
    );
  const aliases = () =>
    file('aliases.csv', 'name,alias,domain\nGoogle,Alphabet Inc,abc.xyz\nAcme,,acme.com\n');

  it('shows the effect before it is used, and keeps nothing', async () => {
    const { stdout, stderr } = await done(run('accounts', 'test', sample(), '--aliases', aliases()));
    expect(stdout).toMatch(/before +confirmed +1 +1 +50\.0 % +100\.0 %/);
    expect(stdout).toMatch(/after +confirmed +2 +2 +100\.0 % +100\.0 %/);
    expect(stderr).toContain('3 pairs, 2 of them the same company');
    expect(document(await done(run('accounts', 'tune', '--show', '--json')))).toMatchObject({ aliases: [] });
  });

  it('is kept, shown, and cleared; each file replaces the one before', async () => {
    const words = file('words.txt', 'Deutschland\n');
    await done(run('accounts', 'tune', '--aliases', aliases(), '--stop-words', words));
    const never = file('never.txt', 'siemens.com\n');
    const { stderr } = await done(run('accounts', 'tune', '--exclude', never, '--level', 'group'));
    expect(stderr).toContain('1 accounts are kept back by it');
    const { stdout } = await done(run('accounts', 'tune', '--show'));
    for (const line of [
      'level: group',
      'alias Google: Alphabet Inc; abc.xyz',
      'exclude domain: siemens.com',
      'stop word: Deutschland',
    ])
      expect(stdout).toContain(`${line}\n`);
    const report = document(await done(run('accounts', 'check', '--json')));
    expect(report).toMatchObject({ accounts: 3, excluded: 1, have: { domain: 1 } });
    expect(document(await done(run('accounts', 'test', sample(), '--json')))).toMatchObject({
      before: { confirmed: { found: 1 } },
      after: { confirmed: { found: 2 } },
    });
    const cleared = document(await done(run('accounts', 'tune', '--clear', '--json')));
    expect(cleared).toMatchObject({ aliases: [], level: 'company', accountsExcluded: 0 });
  });

  it('mistakes are told with their lines, and nothing is changed', async () => {
    const bad = file('bad.txt', 'acme.de\nBolt AG\n\nname:\n');
    const refused = await run('accounts', 'tune', '--exclude', bad, '--json');
    expect(refused.code).toBe(3);
    expect(document(refused)).toMatchObject({
      error: { code: 'bad_input', message: expect.stringMatching(/line 2: .*line 4: /) },
    });
    const codes = await Promise.all(
      [
        ['tune'],
        ['tune', '--show', '--clear'],
        ['tune', '--level', 'galaxy'],
        ['test', bad],
        ['test', 'nowhere.csv'],
      ].map(async (args) => (await run('accounts', ...args)).code),
    );
    expect(codes).toEqual([2, 2, 2, 3, 3]);
    expect(document(await done(run('accounts', 'tune', '--show', '--json')))).toMatchObject({
      exclude: { domains: [] },
    });
  });
});

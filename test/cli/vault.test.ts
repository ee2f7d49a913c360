/** A seller on a second machine: admitted to the vault, the same answers as where the keyring is, and out again. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parsePhrase } from '../../protocol/words.ts';
import { askOverlap, askWhiteSpace, type OverlapRow } from '../../src/agent/answers.ts';
import { openDatabase } from '../../src/sqlite.ts';
import { commonground, document, type Outcome } from '../support/cli.ts';
import { collect } from '../support/files.ts';
import { EVERYTHING, grantBoth, importRows, type Pair, twoOrganisations } from '../support/homes.ts';

const PASSWORD = 'nine green lamps 17';

let pair: Pair;
let folder: string;
/** What the agent was answered while the organisation was a company of one. */
let before: { overlap: OverlapRow[]; names: string[] };
const home = (name: string) => join(folder, name);
const run = (name: string, ...args: string[]) => commonground(home(name), args);
const keyring = (...args: string[]) => commonground(pair.a.home.directory, args);

async function done<Value>(outcome: Promise<Outcome>): Promise<Value> {
  const result = await outcome;
  expect(result.stderr + result.stdout).not.toMatch(/AGE-SECRET-KEY|cgs_|at file:|node:internal/);
  expect(result.code, result.stderr + result.stdout).toBe(0);
  return document<Value>(result);
}

async function problem(outcome: Promise<Outcome>): Promise<[number | null, string, string]> {
  const result = await outcome;
  const { error } = document<{ error: { code: string; message: string } }>(result);
  return [result.code, error.code, error.message];
}

/** Somebody with a role and a home of this name; gives the id. */
async function makeMember(name: string, role: string): Promise<string> {
  const invitation = join(folder, `${name}.invitation`);
  await done(keyring('member', 'invite', '--role', role, '--out', invitation, '--json'));
  const login = join(folder, `${name}.login`);
  writeFileSync(login, `${name}@a.example\n${PASSWORD}\n`, { mode: 0o600 });
  const key = join(folder, `${name}.key`);
  const args = ['member', 'join', invitation, '--login-file', login, '--key-file', key, '--json'];
  return (await done<{ member: string }>(run(name, ...args))).member;
}

const wordsOf = async (name: string) => (await done<{ words: string }>(run(name, 'whoami', '--json'))).words;
type Rows = { rows: OverlapRow[]; empty: unknown[] };

beforeAll(async () => {
  pair = await twoOrganisations(
    [
      ['a1', 'Acme', 'acme.com'],
      ['a2', 'Globex', 'globex.com'],
      ['a3', 'Initech GmbH', 'initech.com', 'Prospect'],
      ['a4', 'Delta', 'wings-example.com'],
      ['a5', 'Umbrella', '', 'Other'],
    ],
    [
      ['b1', 'Acme Inc', 'acme.com'],
      ['b2', 'Hooli', 'hooli.com'],
      ['b3', 'Initech', 'initech.com'],
      ['b4', 'Delta', 'faucets-example.com'],
      ['b5', 'Umbrella', 'umbrella.com'],
    ],
  );
  folder = mkdtempSync(join(tmpdir(), 'commonground-vault-'));
  await grantBoth(pair, EVERYTHING);
  await pair.sync();
  const partnership = pair.partnership(pair.a);
  before = {
    overlap: await collect(askOverlap(pair.a, partnership, {}, { why: true })),
    names: (await collect(askWhiteSpace(pair.a, partnership, {}))).map(({ name }) => name).sort(),
  };
}, 120_000);
afterAll(async () => {
  await pair.close();
  rmSync(folder, { recursive: true, force: true });
});

describe('a seller on a second machine', () => {
  let seller: string;

  it('joins, and is told that the vault is missing', async () => {
    expect(before.overlap).toHaveLength(3);
    seller = await makeMember('ann', 'sales');
    await done(keyring('sync', '--json'));
    expect((await problem(run('ann', 'overlap', '--json'))).slice(0, 2)).toEqual([6, 'no_vault']);
  });

  it('is admitted only by the words of the own keys', async () => {
    const words = await wordsOf('ann');
    expect(parsePhrase(words)).toBe(words);
    expect(await done(keyring('member', 'admit', 'ann@a.example', '--show', '--json'))).toMatchObject({
      words,
    });
    const wrong = ['member', 'admit', seller, '--words', 'zoo zoo zoo zoo', '--json'];
    expect((await problem(keyring(...wrong))).slice(0, 2)).toEqual([8, 'phrase_mismatch']);
    expect((await problem(run('ann', 'overlap', '--json')))[1]).toBe('no_vault');
    await done(keyring('member', 'admit', seller, '--words', words, '--json'));
    await done(keyring('sync', '--json'));
    const { members } = await done<{ members: { email: string; vault: number | null }[] }>(
      keyring('member', 'list', '--json'),
    );
    expect(members.map(({ email, vault }) => [email, vault])).toEqual([['ann@a.example', 1]]);
  });

  it('is answered what the agent was answered', async () => {
    const { rows } = await done<Rows>(run('ann', 'overlap', '--why', '--json'));
    const byRecord = (x: OverlapRow, y: OverlapRow) => x.record.localeCompare(y.record);
    const named = (all: readonly OverlapRow[]) => all.map((row) => ({ ...row, partner: '' })).sort(byRecord);
    expect(named(rows)).toEqual(JSON.parse(JSON.stringify(named(before.overlap))));
    const white = await done<{ rows: { name: string }[]; known: number }>(run('ann', 'whitespace', '--json'));
    expect(white.rows.map(({ name }) => name)).toEqual(['Hooli']);
    // Umbrella is in no population, so it was never compared; the vault knows its name all the same.
    expect(white.known).toBe(before.names.length - 1);
  });
});

describe('the home with the keyring', () => {
  it('is a mailbox now: it asks nothing itself', async () => {
    for (const question of [['matrix'], ['overlap'], ['whitespace'], ['ledger'], ['review', 'list']]) {
      const [code, name, message] = await problem(keyring(...question, '--json'));
      expect([question[0], code, name]).toEqual([question[0], 6, 'forbidden']);
      expect(message).toContain('members');
    }
    const text = await keyring('overlap');
    expect(text.stderr).toContain('commonground login');
  });

  it('brings a changed list, and the member sees it', async () => {
    await importRows(pair.a, pair.folder, [
      ['a1', 'Acme Corporation', 'acme.com'],
      ['a3', 'Initech GmbH', 'initech.com', 'Prospect'],
      ['a6', 'Hooli', 'hooli.com'],
    ]);
    await pair.sync();
    const { rows } = await done<Rows>(run('ann', 'overlap', '--json'));
    expect(rows.map(({ account }) => account)).toEqual(['Acme Corporation', 'Hooli', 'Initech GmbH']);
    expect(vaultRows()).toBe(3);
  });
});

describe('a member who holds the vault', () => {
  it('admits another, who reads the same', async () => {
    const id = await makeMember('bea', 'clean-team');
    const words = await wordsOf('bea');
    const email = run('ann', 'member', 'admit', 'bea@a.example', '--words', words, '--json');
    expect((await problem(email)).slice(0, 2)).toEqual([2, 'bad_argument']);
    await done(run('ann', 'member', 'admit', id, '--words', words, '--json'));
    const { rows } = await done<Rows>(run('bea', 'overlap', '--json'));
    expect(rows).toHaveLength(3);
  });

  it('cannot admit who does not ask, and nobody can who does not hold it', async () => {
    const legal = await makeMember('leo', 'legal');
    const refused = run('ann', 'member', 'admit', legal, '--words', await wordsOf('leo'), '--json');
    expect((await problem(refused)).slice(0, 2)).toEqual([2, 'bad_argument']);
    const seller = await makeMember('cid', 'sales');
    const other = run('cid', 'member', 'admit', seller, '--words', await wordsOf('cid'), '--json');
    expect((await problem(other))[1]).toBe('no_vault');
    for (const name of ['leo']) {
      for (const question of [['overlap'], ['whitespace'], ['review', 'list']])
        expect((await problem(run(name, ...question, '--json'))).slice(0, 2)).toEqual([6, 'wrong_role']);
    }
  });

  it('decides about pairs on its own machine, and exports', async () => {
    const { pairs } = await done<{ pairs: { pair: string }[] }>(run('ann', 'review', 'list', '--json'));
    expect(pairs).toHaveLength(0);
    const out = join(folder, 'overlap.csv');
    await done(run('ann', 'export', 'overlap', '--format', 'csv', '--out', out, '--json'));
    expect(readFileSync(out, 'utf8')).toContain('Acme Corporation');
  });
});

describe('when a holder leaves', () => {
  it('the next sync seals everything under another key, for those who stay', async () => {
    await done(keyring('member', 'remove', 'bea@a.example', '--json'));
    expect((await problem(run('bea', 'overlap', '--json')))[1]).toBe('logged_out');
    expect(wraps()).toEqual([1]);
    await pair.sync();
    expect(wraps()).toEqual([2]);
    const { rows } = await done<Rows>(run('ann', 'overlap', '--json'));
    expect(rows).toHaveLength(3);
    expect(keyNumbers()).toEqual([2]);
  });

  it('the last one, everything is taken out', async () => {
    await done(keyring('member', 'remove', 'ann@a.example', '--json'));
    await pair.sync();
    expect([vaultRows(), wraps()]).toEqual([0, []]);
  });
});

function service<Row>(file: RegExp, sql: string): Row[] {
  const folderOf = join(pair.folder, 'service');
  const found = readdirSync(folderOf, { recursive: true, encoding: 'utf8' }).find((path) => file.test(path));
  const database = openDatabase(join(folderOf, found ?? ''));
  try {
    return database.all<Row>(sql);
  } finally {
    database.close();
  }
}
const vaultRows = () => service<{ n: number }>(/prt_.*\.db$/, 'select count(*) as n from vault_rows')[0]?.n;
const keyNumbers = () =>
  service<{ n: number }>(/prt_.*\.db$/, 'select distinct key_number as n from vault_rows').map(({ n }) => n);
const wraps = () =>
  service<{ n: number }>(/directory\.db$/, 'select distinct number as n from vault_wraps').map(({ n }) => n);

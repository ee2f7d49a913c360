/** Members on machines of their own: invited, joined, asking by role, and out at once. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openWith } from '../../protocol/age.ts';
import { fromBase64url, toHex } from '../../protocol/bytes.ts';
import { sha256, signingPublicKey } from '../../protocol/hash.ts';
import type { OrganisationId } from '../../protocol/ids.ts';
import { type MemberId, openMemberKeys } from '../../protocol/member.ts';
import { homeAt } from '../../src/agent/home.ts';
import { readIdentity } from '../../src/agent/keyring.ts';
import { commonground, document, type Outcome } from '../support/cli.ts';
import { grantBoth, type Pair, twoOrganisations } from '../support/homes.ts';

const PASSWORD = 'nine green lamps 17';

let pair: Pair;
let folder: string;
const home = (name: string) => join(folder, name);
const run = (name: string, ...args: string[]) => commonground(home(name), args);
/** In the home that holds the keyring. */
const keyring = (...args: string[]) => commonground(pair.a.home.directory, args);

async function done<Value>(outcome: Promise<Outcome>): Promise<Value> {
  const result = await outcome;
  expect(result.stderr + result.stdout).not.toMatch(/AGE-SECRET-KEY|cgs_|at file:|node:internal/);
  expect(result.stderr + result.stdout).not.toContain(PASSWORD);
  expect(result.code, result.stderr).toBe(0);
  return document<Value>(result);
}

async function problem(outcome: Promise<Outcome>): Promise<[number | null, string, string]> {
  const result = await outcome;
  const { error } = document<{ error: { code: string; message: string } }>(result);
  return [result.code, error.code, error.message];
}

function loginFile(name: string, email: string, password = PASSWORD): string {
  const path = join(folder, `${name}.login`);
  writeFileSync(path, `${email}\n${password}\n`, { mode: 0o600 });
  return path;
}

interface Joined {
  readonly member: MemberId;
  readonly organisation: OrganisationId;
  readonly role: string;
}

/** Invites somebody and joins in a home of this name. */
async function makeMember(
  name: string,
  invite: (...args: string[]) => Promise<Outcome>,
  ...options: string[]
): Promise<Joined> {
  const invitation = join(folder, `${name}.invitation`);
  await done(invite('member', 'invite', ...options, '--out', invitation, '--json'));
  expect(statSync(invitation).mode & 0o777).toBe(0o600);
  const login = loginFile(name, `${name}@a.example`);
  const key = join(folder, `${name}.key`);
  const joining = ['member', 'join', invitation, '--login-file', login, '--key-file', key, '--json'];
  return await done<Joined>(run(name, ...joining));
}

beforeAll(async () => {
  pair = await twoOrganisations(
    [
      ['a1', 'Acme', 'acme.com'],
      ['a2', 'Globex', 'globex.com'],
    ],
    [['b1', 'Acme Inc', 'acme.com']],
  );
  folder = mkdtempSync(join(tmpdir(), 'commonground-member-'));
  await grantBoth(pair);
  await pair.sync();
}, 120_000);
afterAll(async () => {
  await pair.close();
  rmSync(folder, { recursive: true, force: true });
});

describe('members', () => {
  it('begin with an admin, whom the home with the keyring invites', async () => {
    const admin = await makeMember('admin', keyring, '--role', 'admin');
    expect(admin.role).toBe('admin');
    const me = await done<{ role: string; organisation: { name: string } }>(run('admin', 'whoami', '--json'));
    expect(me).toMatchObject({ role: 'admin', organisation: { name: 'Organisation a' }, partners: null });
    expect(await done(keyring('whoami', '--json'))).toMatchObject({ role: 'agent', member: null });
  });

  it('are invited by an admin, to all partners or to some', async () => {
    const invite = (...args: string[]) => run('admin', ...args);
    await makeMember('sales', invite, '--role', 'sales', '--partner', 'organisation-b');
    await makeMember('legal', invite, '--role', 'legal');
    const { members } = await done<{ members: { email: string; partners: string[] | null }[] }>(
      run('admin', 'member', 'list', '--json'),
    );
    expect(members.map(({ email, partners }) => [email, partners])).toEqual([
      ['admin@a.example', null],
      ['sales@a.example', ['organisation-b']],
      ['legal@a.example', null],
    ]);
    const unknown = run('admin', 'member', 'invite', '--role', 'sales', '--partner', 'nobody', '--json');
    expect((await problem(unknown)).slice(0, 2)).toEqual([3, 'unknown_partner']);
    const narrowed = run(
      'admin',
      'member',
      'invite',
      '--role',
      'admin',
      '--partner',
      'organisation-b',
      '--json',
    );
    expect(await problem(narrowed)).toEqual([2, 'bad_argument', 'an admin works with all partners']);
    const boss = run('admin', 'member', 'invite', '--role', 'boss', '--json');
    expect((await problem(boss)).slice(0, 2)).toEqual([2, 'bad_argument']);
    expect(
      (await problem(run('sales', 'member', 'invite', '--role', 'sales', '--json'))).slice(0, 2),
    ).toEqual([6, 'wrong_role']);
  });

  it('have keys of their own, sealed, with the public ones at the service', async () => {
    const { memberKeysFile, memberFile, sessionFile, directory } = homeAt(home('sales'));
    expect(readdirSync(directory).sort()).toEqual([
      'config.json',
      'member-keys.age',
      'member.json',
      'session.json',
    ]);
    for (const file of [memberKeysFile, memberFile, sessionFile]) {
      expect(statSync(file).mode & 0o777).toBe(0o600);
    }
    const plain = await openWith(readIdentity(join(folder, 'sales.key')), readFileSync(memberKeysFile));
    const own = JSON.parse(new TextDecoder().decode(plain ?? new Uint8Array())) as {
      seed: string;
      keys: string;
    };
    const profile = JSON.parse(readFileSync(memberFile, 'utf8')) as Joined;
    const signed = fromBase64url(own.keys) ?? new Uint8Array();
    const keys = openMemberKeys(signed, profile);
    const seed = fromBase64url(own.seed) ?? new Uint8Array();
    expect(keys.ok && toHex(keys.value.signingKey)).toBe(toHex(signingPublicKey(seed)));
    const { members } = await done<{ members: { id: string; fingerprint: string }[] }>(
      run('admin', 'member', 'list', '--json'),
    );
    const listed = members.find(({ id }) => id === profile.member);
    expect(listed?.fingerprint.replaceAll(' ', '')).toBe(toHex(sha256(signed)).slice(0, 40));
  });

  it('cannot join twice by one text, nor in a home that is one', async () => {
    const invitation = join(folder, 'sales.invitation');
    const args = (name: string) => [
      'member',
      'join',
      invitation,
      '--login-file',
      loginFile(name, `${name}@a.example`),
      '--key-file',
      join(folder, `${name}.key`),
      '--json',
    ];
    expect((await problem(run('thief', ...args('thief'))))[1]).toBe('service_refused');
    expect(existsSync(homeAt(home('thief')).configurationFile)).toBe(false);
    expect(existsSync(join(folder, 'thief.key'))).toBe(false);
    expect((await problem(run('sales', ...args('again')))).slice(0, 2)).toEqual([2, 'already_initialised']);
    const typed = (email: string, password?: string) =>
      args('typed').with(4, loginFile('typed', email, password));
    const noAddress = await problem(run('typed', ...typed('ann at a.example')));
    expect(noAddress).toEqual([
      3,
      'bad_input',
      expect.stringContaining('its first line is no e-mail address'),
    ]);
    // It may be the password, where the lines were swapped.
    expect(noAddress[2]).not.toContain('ann at a.example');
    const weak = await problem(run('typed', ...typed('ann@a.example', 'short')));
    expect(weak).toEqual([3, 'bad_input', expect.stringContaining('at least 12 characters')]);
    expect(existsSync(home('typed'))).toBe(false);
    writeFileSync(join(folder, 'cut'), readFileSync(invitation, 'utf8').slice(0, 80));
    const cut = args('cut').with(2, join(folder, 'cut'));
    expect((await problem(run('cut', ...cut))).slice(0, 2)).toEqual([3, 'bad_input']);
  });
});

describe('a member’s home', () => {
  it('asks what the role may, and no more', async () => {
    type Matrix = {
      partners: { partner: string; snapshot: object; cells: { confirmed: { pairs: number } | null }[] }[];
    };
    const matrix = await done<Matrix>(run('sales', 'matrix', '--json'));
    expect(matrix.partners).toHaveLength(1);
    expect(matrix.partners[0]).toMatchObject({ partner: 'organisation-b', snapshot: { number: 1 } });
    expect(matrix.partners[0]?.cells.some(({ confirmed }) => confirmed?.pairs === 1)).toBe(true);
    const limit = (...to: string[]) =>
      done(run('legal', 'scope', 'limit', '--role', 'sales', ...to, '--json'));
    await limit('--to', 'none');
    expect((await run('sales', 'matrix')).stderr).toMatch(/organisation-b: your own organisation limits/);
    const hidden = await done<{ empty: object[] }>(run('sales', 'matrix', '--json'));
    expect(hidden.empty).toMatchObject([{ partner: 'organisation-b', reason: 'own_limit' }]);
    await limit('--none');
    expect((await run('sales', 'matrix')).stderr).not.toContain('limits');
    expect((await problem(run('sales', 'ledger', '--json'))).slice(0, 2)).toEqual([6, 'wrong_role']);
    const ledger = await done<{ partners: { entries: { question: string; viewer: string }[] }[] }>(
      run('legal', 'ledger', '--partner', 'organisation-b', '--json'),
    );
    expect(ledger.partners[0]?.entries[0]).toMatchObject({ question: 'matrix', viewer: 'mine' });
    const text = await run('legal', 'ledger');
    expect(text.stdout).toMatch(/^partner +entry +time +shown to +role +person /);
    expect(text.stdout).toMatch(/ you +sales +sales@a\.example +matrix /);
    // Of scopes a seller reads what stands, in a list as one by one; a lawyer all there was.
    const list = await run('sales', 'scope', 'list');
    expect([list.code, list.stderr]).toEqual([0, expect.stringContaining('this is what stands')]);
    expect(list.stdout).toMatch(/you +1 .* in force\nOrganisation b +1 .* in force/);
    expect((await run('legal', 'scope', 'list')).stderr).not.toContain('this is what stands');
    for (const name of ['legal', 'admin']) {
      expect((await problem(run(name, 'matrix', '--json'))).slice(0, 2)).toEqual([6, 'wrong_role']);
    }
  });

  it('says that names need the vault, and that the home with the keyring has to sync first', async () => {
    const questions = [['overlap'], ['overlap', '--why'], ['whitespace'], ['review', 'list']];
    questions.push(['export', 'overlap', '--format', 'csv', '--out', join(folder, 'x.csv')]);
    const refusals = async () =>
      await Promise.all(questions.map((question) => problem(run('sales', ...question, '--json'))));
    for (const refusal of await refusals()) expect(refusal.slice(0, 2)).toEqual([6, 'not_synced']);
    await pair.sync();
    // The first to ask makes the home's store.
    expect((await problem(run('sales', 'overlap', '--json')))[1]).toBe('no_vault');
    for (const refusal of await refusals()) {
      expect(refusal.slice(0, 2)).toEqual([6, 'no_vault']);
      expect(refusal[2]).toContain('vault');
    }
  });

  it('neither syncs nor has lists, and does not become an organisation', async () => {
    for (const command of [
      ['sync'],
      ['status'],
      ['accounts', 'list'],
      ['accounts', 'check'],
      ['accounts', 'tune', '--show'],
      ['accounts', 'test', join(folder, 'pairs.csv')],
      ['accounts', 'remove', 'accounts.csv'],
      ['renew', '--root-key', join(folder, 'root-key.age')],
      ['partner', 'rules', 'organisation-b'],
      ['backup', join(folder, 'x.age')],
    ]) {
      const key = command[0] === 'backup' ? ['--passphrase-file', loginFile('pass', 'a passphrase')] : [];
      const [code, name, message] = await problem(run('sales', ...command, ...key, '--json'));
      expect([command[0], code, name]).toEqual([command[0], 6, 'member_home']);
      expect(message).toContain('it has no keyring');
    }
    const init = run('sales', 'init', '--name', 'X', '--key-file', join(folder, 'x.key'), '--json');
    expect((await problem(init)).slice(0, 2)).toEqual([2, 'already_initialised']);
  });

  it('asks nothing once it is logged out', async () => {
    await done(run('sales', 'logout', '--json'));
    expect((await problem(run('sales', 'matrix', '--json'))).slice(0, 2)).toEqual([4, 'logged_out']);
    const wrong = loginFile('wrong', 'sales@a.example', 'not the password');
    const refused = await problem(run('sales', 'login', '--login-file', wrong, '--json'));
    expect(refused[2]).toContain('wrong');
    await done(run('sales', 'login', '--login-file', join(folder, 'sales.login'), '--json'));
    await done(run('sales', 'matrix', '--json'));
  });

  it('is shut at once when the member is removed', async () => {
    const sales = ['member', 'remove', 'Sales@A.example', '--json'];
    expect((await problem(run('legal', ...sales))).slice(0, 2)).toEqual([6, 'wrong_role']);
    await done(run('admin', ...sales));
    expect((await problem(run('sales', 'matrix', '--json'))).slice(0, 2)).toEqual([4, 'logged_out']);
    const again = run('sales', 'login', '--login-file', join(folder, 'sales.login'), '--json');
    expect((await problem(again))[1]).toBe('service_refused');
    const { members } = await done<{ members: { state: string }[] }>(
      run('legal', 'member', 'list', '--all', '--json'),
    );
    expect(members.map(({ state }) => state)).toEqual(['joined', 'removed', 'joined']);
    await done(keyring('member', 'remove', 'admin@a.example', '--json'));
    expect((await problem(run('admin', 'member', 'list', '--json')))[1]).toBe('logged_out');
  });
});

describe('people', () => {
  it('read tables and sentences', async () => {
    const text = await run('legal', 'whoami');
    expect(text.stdout).toContain('role          legal');
    expect((await keyring('member', 'list')).stdout).toMatch(/legal@a\.example +legal +joined/);
    const invited = await keyring('member', 'invite', '--role', 'auditor');
    expect(invited.stdout).toMatch(/^commonground-member:1:[A-Za-z0-9_-]+\n$/);
    expect(invited.stderr).toContain('commonground member remove mbr_');
  });
});

import { spawn } from 'node:child_process';
import {
  appendFileSync,
  chmodSync,
  closeSync,
  cpSync,
  existsSync,
  mkdtempSync,
  openSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { systemRandom } from '../../protocol/hash.ts';
import { openAgent } from '../../src/agent/agent.ts';
import { type DoctorTools, examine } from '../../src/agent/doctor/doctor.ts';
import type { Finding } from '../../src/agent/doctor/finding.ts';
import { type Home, homeAt, lockHome, readConfiguration, writeConfiguration } from '../../src/agent/home.ts';
import { createKeyring } from '../../src/agent/keyring.ts';
import { invite } from '../../src/agent/partners.ts';
import { removePopulation } from '../../src/agent/store/lists.ts';
import { updatePartnership } from '../../src/agent/store/partnerships.ts';
import { startService } from '../../src/service/node.ts';
import { VERSION } from '../../src/version.ts';
import { commonground, document } from '../support/cli.ts';
import { EVERYTHING, grantBoth, type Pair, twoOrganisations } from '../support/homes.ts';

const DAY_MS = 86_400_000;
const A = [
  ['a1', 'Siemens AG', 'siemens.com'],
  ['a2', 'Nestlé S.A.', 'nestle.com'],
] as const;
const B = [['b1', 'Siemens', 'siemens.com']] as const;

let pair: Pair;
let home: Home;
beforeAll(async () => {
  pair = await twoOrganisations(A, B);
  ({ home } = pair.a);
  rmSync(home.rootKeyFile);
  chmodSync(home.directory, 0o700);
  await grantBoth(pair, { ...EVERYTHING, budget: { domain: 100, name: 100 } });
  await pair.sync();
});
afterAll(() => pair.close());

const tools = (changes: Partial<DoctorTools> = {}): DoctorTools => ({
  now: Date.now,
  freeBytes: () => 1e12,
  version: VERSION,
  standingText: (standing) => standing,
  acceptText: () => null,
  reportText: (code) => code,
  ...changes,
});

async function found(changes: Partial<DoctorTools> = {}, of: Home = home): Promise<Finding[]> {
  return await examine(of, tools(changes));
}

function copyOf(name: string): Home {
  const copy = homeAt(join(pair.folder, name));
  cpSync(home.directory, copy.directory, { recursive: true });
  chmodSync(copy.directory, 0o700);
  return copy;
}

/** Everything that is not well, as "level code". */
function wrong(list: readonly Finding[]): string[] {
  return list
    .filter(({ level }) => level === 'warning' || level === 'error')
    .map(({ level, code }) => `${level} ${code}`);
}

describe('doctor finds', () => {
  it('nothing wrong where all is well', async () => {
    const list = await found();
    expect(wrong(list)).toEqual([]);
    const codes = list.map(({ code }) => code);
    for (const code of [
      'home_ok',
      'disk_ok',
      'store_ok',
      'keyring_ok',
      'service_ok',
      'clock_ok',
      'registered',
    ])
      expect(codes).toContain(code);
    expect(list.at(-1)).toMatchObject({ check: 'partner', partner: 'b', code: 'up_to_date', level: 'ok' });
  });

  it('no home at all', async () => {
    expect(wrong(await found({}, homeAt(join(pair.folder, 'nowhere'))))).toEqual(['error not_initialised']);
  });

  it('files that others can read, and the root key in the home', async () => {
    chmodSync(home.directory, 0o755);
    chmodSync(home.configurationFile, 0o644);
    writeFileSync(home.rootKeyFile, 'x', { mode: 0o600 });
    const list = await found();
    expect(wrong(list)).toEqual(['warning home_open', 'warning files_open', 'warning root_key_here']);
    expect(list.find(({ code }) => code === 'files_open')).toMatchObject({
      message: expect.stringMatching(/: config\.json$/),
      hint: `chmod 600 ${home.configurationFile}`,
    });
    chmodSync(home.directory, 0o700);
    chmodSync(home.configurationFile, 0o600);
    rmSync(home.rootKeyFile);
  });

  it('a disk that is nearly full, or full', async () => {
    expect(wrong(await found({ freeBytes: () => 200e6 }))).toEqual(['warning disk_low']);
    expect(wrong(await found({ freeBytes: () => 1e6 }))).toEqual(['error disk_full']);
  });

  it('an agent key that expires soon, or has expired; the partner’s too', async () => {
    const now = () => Date.now() + 80 * DAY_MS;
    const soon = await found({ now });
    expect(wrong(soon)).toEqual(
      expect.arrayContaining(['warning certificate_expiring', 'warning partner_certificate_expiring']),
    );
    expect(soon.find(({ code }) => code === 'certificate_expiring')?.hint).toContain('renew');
    expect(wrong(await found({ now: () => Date.now() + 75 * DAY_MS }))).not.toContain(
      'warning certificate_expiring',
    );
    const late = await found({ now: () => Date.now() + 91 * DAY_MS });
    expect(wrong(late)).toContain('error certificate_expired');
    expect(late.some(({ check }) => check === 'partner')).toBe(false);
  });

  it('a clock that differs from the service’s', async () => {
    const at = async (ms: number) => wrong(await found({ now: () => Date.now() + ms }));
    expect(await at(45_000)).toEqual([]);
    expect(await at(-90_000)).toContain('warning clock_skew');
    expect(await at(400_000)).toContain('error clock_skew');
  });

  it('a service of another version', async () => {
    expect(wrong(await found({ version: '9.3.0' }))).toEqual(['warning version_differs']);
    expect(wrong(await found({ version: VERSION.replace(/\d+$/, '99') }))).toEqual([]);
  });

  it('a service that is down, and still what can be said without it', async () => {
    const configuration = readConfiguration(home);
    writeConfiguration(home, { ...configuration, service: 'http://127.0.0.1:1' });
    const list = await found();
    writeConfiguration(home, configuration);
    expect(wrong(list)).toEqual(['error service_unreachable']);
    expect(list.at(-1)).toMatchObject({ partner: 'b', code: 'verified', level: 'ok' });
    writeConfiguration(home, { ...configuration, service: null });
    expect(wrong(await found())).toEqual(['warning not_registered']);
    writeConfiguration(home, configuration);
  });

  it('a service that does not know the organisation', async () => {
    const stranger = homeAt(join(pair.folder, 'stranger'));
    await createKeyring(
      stranger,
      { name: 'Stranger', lock: { keyFile: join(pair.folder, 'stranger.key') }, service: pair.url },
      { random: systemRandom, nowMs: Date.now() },
    );
    rmSync(stranger.rootKeyFile);
    expect(wrong(await found({}, stranger))).toEqual(['error not_registered_there']);
    rmSync(stranger.storeFile);
    expect(wrong(await found({}, stranger))).toEqual(['error store_missing', 'error not_registered_there']);
  });

  it('a damaged store', async () => {
    const copy = copyOf('damaged');
    for (const end of ['-wal', '-shm']) rmSync(copy.storeFile + end, { force: true });
    writeFileSync(copy.storeFile, 'this is no database at all'.repeat(100));
    const list = await found({}, copy);
    expect(wrong(list)).toEqual(['error store_damaged']);
    // A file that is a database and was changed in the middle.
    pair.a.store.database.exec('pragma wal_checkpoint(truncate)');
    cpSync(home.storeFile, copy.storeFile);
    const file = openSync(copy.storeFile, 'r+');
    for (let page = 1; page < statSync(copy.storeFile).size / 4096; page++)
      writeSync(file, Buffer.alloc(64, 0xff), 0, 64, page * 4096);
    closeSync(file);
    expect(wrong(await found({}, copy))).toEqual(['error store_damaged']);
  });

  it('a configuration that is no JSON', async () => {
    const copy = copyOf('misconfigured');
    appendFileSync(copy.configurationFile, '}');
    expect(wrong(await found({}, copy))).toEqual(['error bad_input']);
  });

  it('whether an agent is running', async () => {
    const code = async () => (await found()).find(({ check }) => check === 'agent')?.code;
    expect(await code()).toBe('agent_not_running');
    const release = lockHome(home);
    expect(await code()).toBe('agent_running');
    release();
  });
});

describe('of a partner doctor finds', () => {
  const ofPartner = (list: readonly Finding[]) => wrong(list.filter(({ check }) => check === 'partner'));
  const id = () => pair.partnership(pair.a).id;
  /** Puts the partnership's document back as it was. */
  let restore: () => void = () => undefined;
  function change(changes: object): void {
    const before = pair.partnership(pair.a);
    restore = () => void updatePartnership(pair.a.store, id(), () => before);
    updatePartnership(pair.a.store, id(), (current) => ({ ...current, ...changes }));
  }
  afterEach(() => {
    restore();
    restore = () => undefined;
  });

  it('that it is not verified, or that the words differed', async () => {
    change({ verifiedAt: null });
    expect(ofPartner(await found())).toEqual(['warning you_verify']);
    restore();
    change({ deadSince: '2026-01-01T00:00:00Z' });
    expect(ofPartner(await found())).toEqual(['error phrase_mismatch']);
  });

  it('an invitation that nobody answered, first as it is and then as too long', async () => {
    const { partnership } = await invite(pair.a, 'later', systemRandom);
    const of = (list: readonly Finding[]) => list.filter(({ partner }) => partner === 'later');
    expect(of(await found())).toMatchObject([{ code: 'partner_accepts', level: 'note' }]);
    const inTenDays = of(await found({ now: () => Date.now() + 10 * DAY_MS }));
    expect(inTenDays).toMatchObject([{ code: 'partner_accepts', level: 'warning' }]);
    pair.a.store.database.run('delete from partnerships where id = ?', partnership.id);
  });

  it('a partnership that the service does not know', async () => {
    const configuration = readConfiguration(home);
    const other = await startService({
      port: 0,
      data: join(pair.folder, 'other-service'),
      registration: 'open',
    });
    writeConfiguration(home, { ...configuration, service: other.url });
    expect(wrong(await found())).toEqual(['error not_registered_there']);
    const agent = await openAgent(home, Date.now);
    await agent.client().register({});
    expect(wrong(await found())).toEqual(['error unknown_there']);
    agent.close();
    writeConfiguration(home, configuration);
    await other.close();
  });

  it('a budget that is nearly spent, and a population that is gone', async () => {
    const { database } = pair.a.store;
    database.exec('update evaluation_counts set count = count + 79');
    expect(ofPartner(await found())).toEqual(['warning budget_nearly_spent', 'warning budget_nearly_spent']);
    database.exec('update evaluation_counts set count = count - 79');
    removePopulation(pair.b.store, 'prospects');
    const list = await found({}, pair.b.home);
    expect(ofPartner(list)).toEqual(['error unknown_population']);
  });

  it('that its agent is stuck, of another version, or silent', async () => {
    const client = pair.b.client();
    await client.putHealth(id(), 'up_to_date', VERSION);
    expect(ofPartner(await found())).toEqual([]);
    await client.putHealth(id(), 'local_problem', '7.0.0');
    const list = await found();
    expect(ofPartner(list)).toEqual(['warning partner_reports_local_problem']);
    expect(list.map(({ code }) => code)).toContain('partner_version_differs');
    await client.putHealth(id(), 'up_to_date', VERSION);
    expect(ofPartner(await found({ now: () => Date.now() + 8 * DAY_MS }))).toEqual([
      'warning partner_silent',
    ]);
  });

  it('an alarm, by its own code', async () => {
    change({ partner: { ...pair.partnership(pair.a).partner, rootKey: 'A'.repeat(43) } });
    expect(ofPartner(await found())).toEqual(['error service_alarm']);
  });
});

describe('the command', () => {
  it('ends with 0 when all is well and with 1 otherwise, and works when the keyring is locked', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'commonground-doctor-'));
    try {
      const secret = join(folder, 'pass');
      writeFileSync(secret, 'correct horse battery staple\n', { mode: 0o600 });
      const at = join(folder, 'home');
      const run = (...args: string[]) => commonground(at, args);
      expect((await run('doctor', '--json')).code).toBe(1);
      expect((await run('init', '--name', 'Locked Ltd', '--passphrase-file', secret)).code).toBe(0);
      expect((await run('lock')).code).toBe(0);
      const locked = await run('doctor', '--json');
      expect(locked.code).toBe(1);
      const report = document<{ ok: boolean; findings: Finding[] }>(locked);
      expect(report.ok).toBe(false);
      expect(wrong(report.findings)).toEqual([
        'warning root_key_here',
        'warning locked',
        'warning not_registered',
      ]);
      const text = await run('doctor');
      expect(text.stdout).toContain('→ run `commonground unlock`');
      expect(text.stdout).not.toMatch(/node:internal|at file:/);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
    const well = await commonground(home.directory, ['doctor']);
    expect(well.stdout).toContain('all is well');
    expect(well.code, well.stdout).toBe(0);
  });
});

describe('sync --watch', () => {
  const CLI = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));

  it('holds the lock, lets other commands work, tells one event a line and ends with SIGTERM', async () => {
    const child = spawn(
      process.execPath,
      ['--disable-warning=ExperimentalWarning', CLI, 'sync', '--watch', '--json'],
      { env: { ...process.env, COMMONGROUND_HOME: home.directory }, stdio: ['ignore', 'pipe', 'pipe'] },
    );
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (chunk: Buffer) => {
      stdout += chunk.toString();
    });
    child.stderr.on('data', (chunk: Buffer) => {
      stderr += chunk.toString();
    });
    const ended = new Promise<number | null>((resolve) => void child.on('close', (code) => resolve(code)));
    try {
      await eventually(() => stdout.includes('"up_to_date"'));
      const second = await commonground(home.directory, ['sync', '--json']);
      expect(document(second)).toMatchObject({
        error: { code: 'busy', message: expect.stringContaining(`process ${child.pid}`) },
      });
      for (const args of [['status'], ['matrix'], ['overlap'], ['doctor'], ['scope', 'show']]) {
        expect((await commonground(home.directory, args)).code, args.join(' ')).toBe(0);
      }
      const list = join(pair.folder, 'rows.csv');
      writeFileSync(list, 'Id,Name,Website,Type,Owner\na1,Siemens,siemens.com,Customer,Ann\n');
      const imported = await commonground(home.directory, ['accounts', 'import', list, '--source', 'crm']);
      expect(imported.code, imported.stderr).toBe(0);
      await eventually(() => stdout.includes('"submitted":1'));
    } finally {
      child.kill('SIGTERM');
    }
    expect(await ended).toBe(0);
    expect(stderr).toBe('');
    const events = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { event: string; at: string });
    expect(events[0]?.event).toBe('started');
    expect(events.at(-1)?.event).toBe('stopped');
    expect(existsSync(join(home.directory, 'sync.lock'))).toBe(false);
    expect(stdout).not.toMatch(/siemens|(prt|org)_[0-9a-f]/i);
  });
});

async function eventually(look: () => boolean, ms = 30_000): Promise<void> {
  for (const until = Date.now() + ms; Date.now() < until; ) {
    if (look()) return;
    await new Promise((resolve) => {
      setTimeout(resolve, 50);
    });
  }
  throw new Error('it never happens');
}

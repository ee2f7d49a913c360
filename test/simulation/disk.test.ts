/** Disks that are full, read-only or change what was written: what people are told, and that nothing is lost. */
import { execFileSync } from 'node:child_process';
import {
  closeSync,
  cpSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type CryptoPool, openPool } from '../../src/agent/crypto/pool.ts';
import { machineProblem, Problem } from '../../src/agent/problem.ts';
import { document } from '../support/cli.ts';
import { live } from '../support/lives.ts';
import { type Dice, dice } from '../support/random.ts';
import { Stage } from '../support/stage.ts';
import { openSide, overlapLines, prepare, replaceLists, twoVersions, type World } from '../support/world.ts';

const lists = twoVersions(20);
const canMount = mayMount();
let matched: World;
let stage: Stage;
let pool: CryptoPool;
let mounted: string | null = null;

beforeAll(async () => {
  matched = await prepare(lists.old, { sync: true });
  pool = openPool(1);
  if (!canMount) console.warn('mounting is not permitted here: full and read-only disks are not tested');
});
afterAll(async () => {
  matched.remove();
  await pool.close();
});
beforeEach(async () => {
  stage = await Stage.of(matched);
  await replaceLists(stage.world, lists.new);
});
afterEach(async () => {
  if (mounted) execFileSync('umount', [mounted]);
  mounted = null;
  await stage.close();
});

function mayMount(): boolean {
  const folder = join(tmpdir(), `commonground-mount-${process.pid}`);
  mkdirSync(folder);
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', folder], { stdio: 'ignore' });
    execFileSync('umount', [folder], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Puts the home on a disk of its own. */
function mountHome(kilobytes: number): string {
  const home = stage.home('a');
  cpSync(home, `${home}.kept`, { recursive: true });
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${kilobytes}k,mode=700`, 'tmpfs', home]);
  mounted = home;
  cpSync(`${home}.kept`, home, { recursive: true });
  return home;
}

/** Fills the disk up to so many free bytes. */
function fill(home: string, freeBytes: number): void {
  const file = openSync(join(home, 'filler'), 'w');
  try {
    for (;;) writeSync(file, Buffer.alloc(4096, 1));
  } catch {
    // Full.
  }
  closeSync(file);
  truncateSync(join(home, 'filler'), Math.max(0, statSync(join(home, 'filler')).size - freeBytes));
}

describe.skipIf(!canMount)('a full disk', { timeout: 120_000 }, () => {
  it('breaks a sync off wherever it becomes full, and the sync goes on when there is room', async () => {
    const home = mountHome(4096);
    let broken = 0;
    for (let freeBytes = 0; freeBytes <= 160 * 1024; freeBytes += 20 * 1024) {
      fill(home, freeBytes);
      const outcome = await stage.run('a', ['sync', '--json']);
      rmSync(join(home, 'filler'));
      expect([0, 1, 5], outcome.stderr).toContain(outcome.code);
      if (outcome.code !== 1) continue;
      broken++;
      expect(document(outcome)).toMatchObject({ error: { code: 'disk_full' } });
      expect(outcome.stderr).toContain('free some space');
    }
    expect(broken).toBeGreaterThan(1);
    await stage.syncBoth();
    await stage.expectUndisturbed(lists.new, lists.old);
  });

  it('takes no half import', async () => {
    const home = mountHome(4096);
    const csv = join(stage.world.folder, 'big.csv');
    const rows = Array.from({ length: 4000 }, (_, i) => `x${i},Company X${i},company-x${i}.com,Customer,Ann`);
    writeFileSync(csv, ['Id,Name,Website,Type,Owner', ...rows].join('\n'));
    fill(home, 200_000);
    const failure = await stage.failure('a', ['accounts', 'import', csv, '--source', 'crm']);
    expect(failure).toMatchObject({ exitCode: 1, code: 'disk_full' });
    rmSync(join(home, 'filler'));
    await stage.syncBoth();
    await stage.expectUndisturbed(lists.new, lists.old);
  });
});

describe.skipIf(!canMount)('a read-only home', { timeout: 60_000 }, () => {
  it('is named, and nothing is sent', async () => {
    const home = mountHome(4096);
    execFileSync('mount', ['-o', 'remount,ro', home]);
    const before = stage.requests;
    for (const command of [['sync'], ['overlap'], ['status']]) {
      expect(await stage.failure('a', command)).toMatchObject({ exitCode: 1, code: 'not_writable' });
    }
    expect(stage.requests).toBe(before);
    execFileSync('mount', ['-o', 'remount,rw', home]);
    await stage.syncBoth();
    await stage.expectUndisturbed(lists.new, lists.old);
  });
});

describe('a damaged store', { timeout: 120_000 }, () => {
  const file = () => join(stage.home('a'), 'store.db');

  /** Every command says so, nothing is sent, and the file of before is all it takes to go on. */
  async function expectDamaged(damage: () => void, command: readonly string[] = ['sync']): Promise<void> {
    const whole = `${stage.home('a')}.whole`;
    cpSync(stage.home('a'), whole, { recursive: true });
    damage();
    const before = stage.requests;
    const failure = await stage.failure('a', command);
    expect(failure).toMatchObject({ exitCode: 1, code: 'store_damaged' });
    expect(failure.hint).toContain('backup');
    expect(stage.requests).toBe(before);
    rmSync(stage.home('a'), { recursive: true });
    cpSync(whole, stage.home('a'), { recursive: true });
    await stage.syncBoth();
    await stage.expectUndisturbed(lists.new, lists.old);
  }

  function overwrite(at: number, bytes: Uint8Array): void {
    const handle = openSync(file(), 'r+');
    writeSync(handle, bytes, 0, bytes.length, at);
    closeSync(handle);
  }

  it('whose head is overwritten', () => expectDamaged(() => overwrite(0, Buffer.alloc(100, 7))));
  it('that is cut in half', () => expectDamaged(() => truncateSync(file(), statSync(file()).size >> 1)));
  it('that is empty', () => expectDamaged(() => truncateSync(file(), 0)));
  it('that is gone', () => expectDamaged(() => rmSync(file())));
  it('whose sealed values were changed', () =>
    expectDamaged(() =>
      stage.onStore('a', (database) => database.run('update partnerships set sealed = zeroblob(200)')),
    ));

  it('with bytes changed anywhere never ends in anything but a plain answer', {
    timeout: 180_000,
  }, async () => {
    const random: Dice = dice('flipped bytes');
    const whole = readFileSync(file());
    const codes = new Map<string, number>();
    for (let round = 0; round < 60; round++) {
      const bytes = Buffer.from(whole);
      for (let i = 0; i < 20; i++) {
        const at = random(bytes.length);
        bytes[at] = (bytes[at] ?? 0) ^ (1 + random(255));
      }
      writeFileSync(file(), bytes);
      for (const name of ['store.db-wal', 'store.db-shm'])
        rmSync(join(stage.home('a'), name), { force: true });
      const code = await openSide(stage.world, 'a').then(
        async (agent) => {
          try {
            await overlapLines(agent);
            return 'fine';
          } catch (error) {
            return codeOf(error);
          } finally {
            agent.close();
          }
        },
        (error: unknown) => codeOf(error),
      );
      codes.set(code, (codes.get(code) ?? 0) + 1);
    }
    expect([...codes.keys()].filter((code) => !EXPECTED.includes(code))).toEqual([]);
    expect(codes.get('store_damaged')).toBeGreaterThan(5);
  });
});

/** An alarm too: a lookup that was changed makes an own pair look like another's. */
const EXPECTED = ['fine', 'store_damaged', 'service_alarm', 'partner_alarm'];

function codeOf(error: unknown): string {
  const problem = error instanceof Problem ? error : machineProblem(error);
  return problem ? problem.code : `unknown: ${String(error)}`;
}

describe('a kept chunk that was changed on the disk', { timeout: 60_000 }, () => {
  it('of a request is not sent; the request is given up and made anew', async () => {
    expect(await live(stage.world, 'a', pool, 'before', /requests/)).not.toBeNull();
    stage.onStore('a', (database) =>
      database.run('update request_chunks set body = zeroblob(length(body)) where position = 0'),
    );
    expect(await stage.failure('a', ['sync'])).toMatchObject({ exitCode: 1, code: 'store_damaged' });
    await stage.syncBoth();
    await stage.expectUndisturbed(lists.new, lists.old);
  });

  it('whose blinds do not open is not unblinded', async () => {
    expect(await live(stage.world, 'a', pool, 'after', /requests.*chunks/)).not.toBeNull();
    expect((await stage.run('a', ['sync'])).code).toBe(5);
    expect((await stage.run('b', ['sync'])).code).toBe(5);
    stage.onStore('a', (database) =>
      database.run('update request_chunks set sealed = zeroblob(length(sealed)) where position = 0'),
    );
    const failure = await stage.failure('a', ['sync']);
    expect(failure).toMatchObject({ exitCode: 1, code: 'store_damaged' });
    await stage.syncBoth();
    const agent = await openSide(stage.world, 'a');
    expect(await overlapLines(agent)).not.toEqual([]);
    agent.close();
  });

  it('of a prepared list is not activated; the list is prepared anew', async () => {
    await live(stage.world, 'a', pool, null);
    await live(stage.world, 'b', pool, null);
    expect(await live(stage.world, 'a', pool, 'before', /submissions/)).toMatch(/submissions/);
    stage.onStore('a', (database) =>
      database.run('update outbox set body = zeroblob(length(body)) where position = 1'),
    );
    const before = document<{ partners: unknown }>(await stage.run('b', ['matrix', '--json']));
    const failure = await stage.failure('a', ['sync']);
    expect(failure).toMatchObject({ exitCode: 1, code: 'store_damaged' });
    expect(document(await stage.run('b', ['matrix', '--json']))).toEqual(before);
    await stage.syncBoth();
    await stage.expectUndisturbed(lists.new, lists.old);
  });
});

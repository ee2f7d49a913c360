/** What people are told when a clock, a key, the partner or the service is not as it should be; each as they would see it. */
import { copyFileSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { issueCertificate } from '../../protocol/certificate.ts';
import { signingPublicKey, systemRandom } from '../../protocol/hash.ts';
import { type CryptoPool, openPool } from '../../src/agent/crypto/pool.ts';
import { homeAt } from '../../src/agent/home.ts';
import { createKeyring } from '../../src/agent/keyring.ts';
import { commonground, document, type Outcome } from '../support/cli.ts';
import { live } from '../support/lives.ts';
import { startCommand, startServiceProcess } from '../support/processes.ts';
import { onDatabase, Stage } from '../support/stage.ts';
import {
  evaluated,
  openSide,
  prepare,
  replaceLists,
  SIDES,
  twoVersions,
  useService,
  type World,
} from '../support/world.ts';

const DAY_MS = 24 * 3600_000;
const lists = twoVersions(10);
let matched: World;
let stage: Stage;
let pool: CryptoPool;

beforeAll(async () => {
  matched = await prepare(lists.old, { sync: true });
  pool = openPool(1);
});
afterAll(async () => {
  matched.remove();
  await pool.close();
});
beforeEach(async () => {
  stage = await Stage.of(matched);
  await replaceLists(stage.world, lists.new);
});
afterEach(() => stage.close());

/** After all, nothing was lost: the sync that could not be is made up for. */
async function expectNothingLost(): Promise<void> {
  await stage.syncBoth();
  await stage.expectUndisturbed(lists.new, lists.old);
}

/** A clock that is wrong by so much. */
function skewed(ms: number): string {
  return `const Real = Date; globalThis.Date = class extends Real {
    constructor(...values) { values.length > 0 ? super(...values) : super(Real.now() + ${ms}); }
    static now() { return Real.now() + ${ms}; }
  };`;
}

describe('clocks', { timeout: 120_000 }, () => {
  for (const minutes of [-4, 20]) {
    it(`that differ by ${minutes} minutes only make status say so`, async () => {
      const preload = skewed(minutes * 60_000);
      await stage.syncBoth({ preload });
      const status = await stage.run('a', ['status'], { preload });
      expect(status.stderr).toMatch(/the clocks of this machine and the service differ by -?\d+ s/);
      await stage.expectUndisturbed(lists.new, lists.old);
    });
  }

  it('a year ahead: the own key seems to have expired, and the clock is named first', async () => {
    const failure = await stage.failure('a', ['sync'], { preload: skewed(365 * DAY_MS) });
    expect(failure).toMatchObject({ exitCode: 6, code: 'certificate_expired' });
    expect(failure.hint).toMatch(/clock.*renew/);
    await expectNothingLost();
  });

  it('a month behind: the own key is not valid yet, and the clock is named', async () => {
    const failure = await stage.failure('a', ['sync'], { preload: skewed(-30 * DAY_MS) });
    expect(failure).toMatchObject({ exitCode: 6, code: 'certificate_expired' });
    expect(failure.hint).toContain('clock');
    await expectNothingLost();
  });

  it('of a home that was made in the future: the service refuses its certificate and the clock is named', async () => {
    const home = join(stage.world.folder, 'future');
    const preload = skewed(2 * DAY_MS);
    const key = join(stage.world.folder, 'future.key');
    const made = await startCommand(home, ['init', '--name', 'Future', '--key-file', key], preload).ended;
    expect(made.code, made.stderr).toBe(0);
    const register = ['register', '--service', `http://${stage.proxy.host}`, '--json'];
    const refused = await startCommand(home, register, preload).ended;
    expect(refused.code).toBe(7);
    const { error } = document<{ error: { code: string; hint: string } }>(refused);
    expect(error.code).toBe('service_refused');
    expect(error.hint).toContain('clock');
  });

  it('that passed the end of both agent keys: each renews its own, and the other waits for it', async () => {
    await stage.stopService();
    const later = skewed(100 * DAY_MS);
    const service = await startServiceProcess(stage.data, stage.proxy.host, 0, later);
    stage.proxy.target(service.port);
    const options = { preload: later };
    expect(await stage.failure('a', ['sync'], options)).toMatchObject({
      exitCode: 6,
      code: 'certificate_expired',
    });
    const renew = (side: 'a' | 'b') =>
      stage.run(side, ['renew', '--root-key', join(stage.home(side), 'root-key.age')], options);
    expect((await renew('a')).code).toBe(0);
    const waiting = await stage.failure('a', ['sync'], options);
    expect(waiting).toMatchObject({ exitCode: 6, code: 'partner_expired' });
    expect(waiting.hint).toContain('renew');
    expect((await renew('b')).code).toBe(0);
    await stage.syncBoth(options);
    service.kill();
    await service.ended;
    await stage.startService();
  });
});

describe('keys', { timeout: 60_000 }, () => {
  const keyring = () => join(stage.home('a'), 'keyring.age');

  it('a keyring with a changed byte, cut in half, empty, or another file', async () => {
    const whole = readFileSync(keyring());
    const changed = Buffer.from(whole);
    changed[changed.length - 5] = (changed.at(-5) ?? 0) ^ 1;
    for (const bytes of [changed, whole.subarray(0, whole.length >> 1), '', 'not a keyring\n']) {
      writeFileSync(keyring(), bytes);
      const failure = await stage.failure('a', ['sync']);
      expect(failure).toMatchObject({ exitCode: 1, code: 'keyring_damaged' });
      expect(failure.hint).toContain('backup');
    }
    writeFileSync(keyring(), whole);
    await expectNothingLost();
  });

  it('another organisation’s key file, and one that is none', async () => {
    const key = join(stage.world.folder, 'a.key');
    const own = readFileSync(key);
    copyFileSync(join(stage.world.folder, 'b.key'), key);
    expect(await stage.failure('a', ['sync'])).toMatchObject({ exitCode: 1, code: 'keyring_damaged' });
    writeFileSync(key, 'nothing\n');
    expect(await stage.failure('a', ['sync'])).toMatchObject({ exitCode: 3, code: 'bad_input' });
    rmSync(key);
    expect(await stage.failure('a', ['sync'])).toMatchObject({ exitCode: 3, code: 'bad_input' });
    writeFileSync(key, own, { mode: 0o600 });
    await expectNothingLost();
  });

  it('a configuration that is damaged', async () => {
    const file = join(stage.home('a'), 'config.json');
    for (const text of ['{', '{"service":"nowhere"}', '']) {
      writeFileSync(file, text);
      expect(await stage.failure('a', ['sync'])).toMatchObject({ exitCode: 3, code: 'bad_input' });
    }
    useService(stage.world, `http://${stage.proxy.host}`);
    await expectNothingLost();
  });

  it('a wrong passphrase, as often as one likes', async () => {
    const home = homeAt(join(stage.world.folder, 'locked'));
    const lock = { passphrase: 'correct horse battery staple' };
    await createKeyring(
      home,
      { name: 'Locked', lock, service: null },
      { random: systemRandom, nowMs: Date.now() },
    );
    const file = join(stage.world.folder, 'passphrase');
    const unlock = (passphrase: string): Promise<Outcome> => {
      writeFileSync(file, `${passphrase}\n`, { mode: 0o600 });
      return commonground(home.directory, ['unlock', '--passphrase-file', file, '--json']);
    };
    for (let i = 0; i < 2; i++) {
      const refused = await unlock('incorrect horse battery');
      expect(refused.code).toBe(4);
      expect(document(refused)).toMatchObject({ error: { code: 'wrong_passphrase', hint: 'try again' } });
    }
    const locked = await commonground(home.directory, ['status', '--json']);
    expect(locked.code).toBe(4);
    expect(document(locked)).toMatchObject({ error: { code: 'locked', hint: 'run `commonground unlock`' } });
    expect((await unlock(lock.passphrase)).code).toBe(0);
    expect((await commonground(home.directory, ['lock'])).code).toBe(0);
  });
});

describe('the partner', { timeout: 60_000 }, () => {
  it('whose fingerprint is another: nothing is asked, evaluated or submitted', async () => {
    const b = await openSide(stage.world, 'b');
    const { certificate, signedCertificate } = b.keyring;
    b.close();
    const [rootSeed, agentSeed] = [systemRandom(32), systemRandom(32)];
    const forged = issueCertificate(
      { ...certificate, agentKey: signingPublicKey(agentSeed), serial: 7 },
      { seed: rootSeed, publicKey: signingPublicKey(rootSeed) },
    );
    const show = (signed: Uint8Array) =>
      onDatabase(join(stage.data, 'directory.db'), (database) =>
        database.run(
          'update organisations set certificate = ? where id = ?',
          signed,
          certificate.organisation,
        ),
      );
    const before = await stage.work('a');
    show(forged);
    for (const command of ['sync', 'overlap', 'matrix', 'whitespace']) {
      const failure = await stage.failure('a', [command]);
      expect(failure).toMatchObject({ exitCode: 8, code: 'service_alarm' });
      expect(failure.message).toContain('another root key');
      expect(failure.hint).toContain('call your partner');
    }
    expect(await stage.work('a')).toEqual(before);
    show(signedCertificate);
    await expectNothingLost();
  });

  it('that vanishes in the middle is waited for, and since when is told', async () => {
    const begun = Date.now();
    const outcome = await stage.run('a', ['sync', '--wait', '1', '--json']);
    expect(outcome.code).toBe(5);
    const [report] = document<{ partners: { waiting: string; since: string }[] }>(outcome).partners;
    expect(report).toMatchObject({ waiting: 'partner_evaluates' });
    expect(Math.abs(Date.parse(report?.since ?? '') - begun)).toBeLessThan(20_000);
    const again = await stage.run('a', ['sync']);
    expect(again.code).toBe(5);
    expect(again.stdout).toContain(`waiting for the partner’s next sync (since ${report?.since})`);
    const status = document<{ partners: { since: string }[] }>(await stage.run('a', ['status', '--json']));
    expect(status.partners[0]?.since).toBe(report?.since);
    await expectNothingLost();
  });
});

describe('the service', { timeout: 60_000 }, () => {
  /** Something else that answers at the service's address. */
  async function answering(listener: RequestListener, work: () => Promise<void>): Promise<void> {
    const server = createServer(listener);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    useService(stage.world, `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`);
    try {
      await work();
    } finally {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      useService(stage.world, `http://${stage.proxy.host}`);
    }
  }

  it('that is down', async () => {
    await stage.stopService();
    const failure = await stage.failure('a', ['sync']);
    expect(failure).toMatchObject({ exitCode: 7, code: 'service_unreachable' });
    expect(failure.hint).toContain('nothing is lost');
    await stage.startService();
    await expectNothingLost();
  });

  it('in whose place a log-in page answers', async () => {
    const page: RequestListener = (_request, response) => {
      response
        .setHeader('content-type', 'text/html')
        .end('<!doctype html><title>Welcome to our Wi-Fi</title>');
    };
    await answering(page, async () => {
      const failure = await stage.failure('a', ['sync']);
      expect(failure).toMatchObject({ exitCode: 7, code: 'service_unreachable' });
    });
    await expectNothingLost();
  });

  it('in whose place a page redirects, or a gateway has an error', async () => {
    const redirecting: RequestListener = (_request, response) => {
      response.writeHead(302, { location: 'https://elsewhere.example/' }).end();
    };
    await answering(redirecting, async () => {
      expect(await stage.failure('a', ['sync'])).toMatchObject({ exitCode: 7, code: 'service_unreachable' });
    });
    const gateway: RequestListener = (_request, response) => {
      response.writeHead(502, { 'content-type': 'text/html' }).end('<h1>Bad gateway</h1>');
    };
    await answering(gateway, async () => {
      const failure = await stage.failure('a', ['sync']);
      expect(failure).toMatchObject({ exitCode: 7, code: 'service_refused' });
      expect(failure.message).toContain('502');
    });
    await expectNothingLost();
  });

  it('that answers JSON of another shape', async () => {
    const other: RequestListener = (_request, response) => {
      response.setHeader('content-type', 'application/json').end('{"hello":["world"]}');
    };
    await answering(other, async () => {
      const failure = await stage.failure('a', ['sync']);
      expect(failure).toMatchObject({ exitCode: 8, code: 'service_alarm' });
      expect(failure.hint).toContain('another version');
    });
    await expectNothingLost();
  });

  it('that cuts a blinded chunk short: nothing is evaluated or paid', async () => {
    expect(await live(stage.world, 'a', pool, null)).toBeNull();
    const paid = async () => {
      const b = await openSide(stage.world, 'b');
      const counts = evaluated(b);
      b.close();
      return counts;
    };
    const before = await paid();
    const bodies = await stage.onPartnership((database) => {
      const rows = database.all<{ idx: number; blinded: Uint8Array }>(
        'select idx, blinded from request_bodies',
      );
      database.run('update request_bodies set blinded = substr(blinded, 1, length(blinded) - 32)');
      return rows;
    });
    const failure = await stage.failure('b', ['sync']);
    expect(failure).toMatchObject({ exitCode: 8, code: 'service_alarm' });
    expect(await paid()).toEqual(before);
    await stage.onPartnership((database) => {
      for (const { idx, blinded } of bodies)
        database.run('update request_bodies set blinded = ? where idx = ?', blinded, idx);
    });
    await expectNothingLost();
  });

  it('that cuts an evaluation short: nothing of it is used', async () => {
    for (const side of SIDES) await live(stage.world, side, pool, null);
    const answers = await stage.onPartnership((database) => {
      const rows = database.all<{ side: number; idx: number; evaluation: Uint8Array }>(
        'select side, idx, evaluation from request_bodies where evaluation is not null',
      );
      database.run('update request_bodies set evaluation = substr(evaluation, 1, length(evaluation) - 1)');
      return rows;
    });
    expect(answers.length).toBeGreaterThan(0);
    expect(await stage.failure('a', ['sync'])).toMatchObject({ exitCode: 8, code: 'partner_alarm' });
    await stage.onPartnership((database) => {
      for (const { side, idx, evaluation } of answers)
        database.run(
          'update request_bodies set evaluation = ? where side = ? and idx = ?',
          evaluation,
          side,
          idx,
        );
    });
    await expectNothingLost();
  });
});

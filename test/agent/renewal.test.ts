/** Renewals of a home that was restored from a backup: a certificate's serial is never used twice. */
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { toHex } from '../../protocol/bytes.ts';
import { systemRandom } from '../../protocol/hash.ts';
import { Client } from '../../src/agent/client.ts';
import { homeAt, readConfiguration } from '../../src/agent/home.ts';
import { createKeyring, type Keyring, renewKeyring } from '../../src/agent/keyring.ts';
import { renewCertificate } from '../../src/agent/renewal.ts';
import { type Service, startService } from '../../src/service/node.ts';
import { openDatabase } from '../../src/sqlite.ts';

const DAY_MS = 86_400_000;
let folder: string;
let service: Service;
let first: Keyring;

const home = () => homeAt(join(folder, 'a'));
const saved = () => join(folder, 'keyring.saved');
const restore = () => copyFileSync(saved(), home().keyringFile);
const renew = (now = Date.now) =>
  renewCertificate(home(), readConfiguration(home()), { file: home().rootKeyFile, passphrase: null }, now);
const serial = ({ certificate }: Keyring) => certificate.serial;

/** The certificate that the service keeps. */
function kept() {
  const database = openDatabase(join(folder, 'service', 'directory.db'));
  const row = database.get<{ serial: number; certificate: Uint8Array }>('select * from organisations');
  database.close();
  return row && [row.serial, toHex(row.certificate)];
}

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'commonground-test-'));
  service = await startService({ data: join(folder, 'service'), port: 0, registration: 'open' });
  const lock = { keyFile: join(folder, 'a.key') };
  const tools = { random: systemRandom, nowMs: Date.now() };
  first = await createKeyring(home(), { name: 'A', lock, service: service.url }, tools);
  await new Client(service.url, first, Date.now).register({});
  copyFileSync(home().keyringFile, saved());
});
afterEach(async () => {
  vi.restoreAllMocks();
  await service.close();
  rmSync(folder, { recursive: true });
});

it('takes the next serial, here and at the service', async () => {
  const renewed = await renew();
  expect([serial(first), serial(renewed)]).toEqual([1, 2]);
  expect(kept()).toEqual([2, toHex(renewed.signedCertificate)]);
});

it.each([1, 2, 5])('goes behind %i renewals that the backup does not know', async (times) => {
  // In another second each: what is signed in the same one is the same certificate.
  for (let i = 0; i < times; i++) await renew(() => Date.now() - (i + 2) * 1000);
  restore();
  const renewed = await renew();
  expect(serial(renewed)).toBe(times + 2);
  expect(kept()).toEqual([times + 2, toHex(renewed.signedCertificate)]);
});

it('does so where the certificate in the backup has expired, and the service’s too', async () => {
  const nowMs = Date.now() - 200 * DAY_MS;
  const renewLongAgo = (above: number) =>
    renewKeyring(
      home(),
      readConfiguration(home()),
      { file: home().rootKeyFile, passphrase: null },
      { above, nowMs },
    );
  await renewLongAgo(0);
  const backup = readFileSync(home().keyringFile);
  const { signedCertificate } = await renewLongAgo(5);
  const database = openDatabase(join(folder, 'service', 'directory.db'));
  database.run('update organisations set serial = 6, certificate = ?', signedCertificate);
  database.close();
  writeFileSync(home().keyringFile, backup);
  expect(serial(await renew())).toBe(7);
  expect(kept()?.[0]).toBe(7);
});

it('goes on with its own serial where the service was restored', async () => {
  await renew();
  const database = openDatabase(join(folder, 'service', 'directory.db'));
  database.run('update organisations set serial = 1, certificate = ?', first.signedCertificate);
  database.close();
  expect(serial(await renew())).toBe(3);
  expect(kept()?.[0]).toBe(3);
});

it('does not follow a service that uses up the serials', async () => {
  const { organisation } = first.certificate;
  const register = vi.spyOn(Client.prototype, 'register');
  register.mockResolvedValue({ organisation, serial: 4_000_000_000 });
  await expect(renew()).rejects.toMatchObject({ code: 'service_alarm' });
  register.mockRestore();
  expect(serial(await renew())).toBe(3);
});

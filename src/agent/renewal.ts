/** Renewing the agent key's certificate under a number that was never used, here or at the service. */
import { Client } from './client.ts';
import type { Configuration, Home } from './home.ts';
import { type Keyring, type RootKeyFile, renewKeyring } from './keyring.ts';
import { Problem } from './problem.ts';
import { ServiceRefusal } from './transport.ts';

/** The first may be taken or too low after a restore; the second is above what the service shows. */
const MAX_TRIES = 3;
/** Nobody renews so often; a service that shows more would use up the numbers. */
const MAX_SERIAL = 1_000_000;

/**
 * Renews the certificate and registers it. A home that was restored from a backup lacks the number of its last renewals:
 * then the service, which keeps the newest certificate, tells what the next has to be above.
 */
export async function renewCertificate(
  home: Home,
  config: Configuration,
  root: RootKeyFile,
  now: () => number,
): Promise<Keyring> {
  let above = 0;
  for (let tries = 0; tries < MAX_TRIES; tries++) {
    const keyring = await renewKeyring(home, config, root, { above, nowMs: now() });
    if (!config.service) return keyring;
    const taken = await takenSerial(new Client(config.service, keyring, now), keyring.certificate.serial);
    if (taken === null) return keyring;
    if (taken > MAX_SERIAL) break;
    above = taken;
  }
  throw new Problem(
    'service_alarm',
    'the service shows ever higher numbers for the certificate of this organisation',
    'the certificate is renewed here and not registered; call the operator of the service',
  );
}

/** Registers the certificate: null, or the number that stands at the service in its place. */
async function takenSerial(client: Client, serial: number): Promise<number | null> {
  try {
    const known = await client.register({});
    return known.serial === serial ? null : known.serial;
  } catch (error) {
    if (error instanceof ServiceRefusal && error.serviceCode === 'stale_certificate') return serial;
    throw error;
  }
}

/** An open home: keyring, store, service and clock together. What the commands work with. */

import { Client } from './client.ts';
import { type Configuration, type Home, isInitialised, readConfiguration } from './home.ts';
import { type Keyring, openKeyring } from './keyring.ts';
import { Problem } from './problem.ts';
import { openStore, type Store } from './store/store.ts';

export interface Agent {
  readonly home: Home;
  readonly configuration: Configuration;
  readonly keyring: Keyring;
  readonly store: Store;
  readonly now: () => number;
  /** The configured service; a problem where none is configured. */
  client(): Client;
  close(): void;
}

export async function openAgent(home: Home, now: () => number): Promise<Agent> {
  if (!isInitialised(home)) {
    throw new Problem(
      'not_initialised',
      `there is no commonground home in ${home.directory}`,
      'run `commonground init` first',
    );
  }
  const configuration = readConfiguration(home);
  const keyring = await openKeyring(home, configuration, now());
  const store = openStore(home, keyring);
  let client: Client | null = null;
  return {
    home,
    configuration,
    keyring,
    store,
    now,
    client() {
      if (!configuration.service) {
        throw new Problem(
          'not_registered',
          'no service is configured',
          'run `commonground register --service URL`, or accept an invitation',
        );
      }
      client ??= new Client(configuration.service, keyring, now);
      return client;
    },
    close: () => store.close(),
  };
}

/** A time as documents and people write it: RFC 3339 in UTC, whole seconds. */
export function timestamp(nowMs: number): string {
  return new Date(Math.floor(nowMs / 1000) * 1000).toISOString().replace('.000Z', 'Z');
}

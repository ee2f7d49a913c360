/** An open home: keyring, store, service and clock together. What the commands work with. */

import { Client } from './client.ts';
import {
  type Configuration,
  type Home,
  hasStore,
  isInitialised,
  readConfiguration,
  withoutKeyring,
} from './home.ts';
import { type Keyring, openKeyring } from './keyring.ts';
import { NORMALISERS, type Normaliser } from './normalisers.ts';
import { localAccounts } from './own.ts';
import { Problem } from './problem.ts';
import { findPartnership, listPartnerships } from './store/partnerships.ts';
import { openStore } from './store/store.ts';
import type { Viewer } from './viewer.ts';

export interface Agent extends Viewer {
  readonly home: Home;
  readonly configuration: Configuration;
  readonly keyring: Keyring;
  /** The versions of the normaliser that this program has, ascending. */
  readonly normalisers: readonly Normaliser[];
  /** The configured service; a problem where none is configured. */
  client(): Client;
  /** Breaks off calls to the service that are under way, and closes the store. */
  close(): void;
}

export async function openAgent(
  home: Home,
  now: () => number,
  normalisers: readonly Normaliser[] = NORMALISERS,
): Promise<Agent> {
  if (!isInitialised(home)) throw withoutKeyring(home);
  const configuration = readConfiguration(home);
  const keyring = await openKeyring(home, configuration, now());
  // SQLite takes a missing or empty file for a new store, and an unattended sync would then rest for ever.
  if (configuration.service && !hasStore(home)) {
    throw new Problem(
      'store_damaged',
      `${home.storeFile} is missing or empty`,
      'nothing was sent; restore the home from a backup',
    );
  }
  const store = openStore(home, keyring);
  const closing = new AbortController();
  let client: Client | null = null;
  const agent: Agent = {
    home,
    configuration,
    keyring,
    store,
    now,
    role: 'sales',
    normalisers,
    own: localAccounts(() => agent),
    async asked(name) {
      if (name !== undefined) return [findPartnership(store, name)];
      const verified = listPartnerships(store).filter(
        ({ verifiedAt, deadSince, ended }) => verifiedAt && !deadSince && !ended,
      );
      if (verified.length > 0) return verified;
      throw new Problem(
        'not_verified',
        'there is no verified partner yet',
        'see `commonground partner list`',
      );
    },
    client() {
      // Registering and accepting an invitation configure it, perhaps in another process.
      const service = configuration.service ?? readConfiguration(home).service;
      if (!service) {
        throw new Problem(
          'not_registered',
          'no service is configured',
          'run `commonground register --service URL`, or accept an invitation',
        );
      }
      client ??= new Client(service, keyring, now, { signal: closing.signal });
      return client;
    },
    close() {
      closing.abort();
      store.close();
    },
  };
  return agent;
}

/** A time as documents and people write it: RFC 3339 in UTC, whole seconds. */
export function timestamp(nowMs: number): string {
  return new Date(Math.floor(nowMs / 1000) * 1000).toISOString().replace('.000Z', 'Z');
}

/** The two places that partnerships move between: a data folder of Node, and a service on Workers by its operator's token. */
import { join } from 'node:path';
import type { PartnershipId } from '../../../protocol/ids.ts';
import { openDatabase } from '../../sqlite.ts';
import { hasWork } from '../partnership/work.ts';
import { nodePartnershipStore } from '../storage/files.ts';
import { nodeDirectory } from '../storage/node.ts';
import type { PartnershipStore } from '../storage/partnership.ts';
import { type DirectoryRows, readDirectory, writeDirectory } from './directory.ts';
import { isFresh, type PortablePage, readPage, writeRows } from './tables.ts';
import type { Place } from './transfer.ts';

/** The data folder of a service on Node; close it when done. */
export function folderPlace(folder: string): Place & { close(): void } {
  const database = openDatabase(join(folder, 'directory.db'));
  const directory = nodeDirectory(database);
  const open = new Map<PartnershipId, { store: PartnershipStore; close: () => void }>();
  const storeOf = (id: PartnershipId): PartnershipStore => {
    const known = open.get(id);
    if (known) return known.store;
    const file = openDatabase(join(folder, 'partnerships', `${id}.db`));
    const made = { store: nodePartnershipStore(file), close: () => file.close() };
    open.set(id, made);
    return made.store;
  };
  return {
    directory: (id) => readDirectory(directory, id),
    putDirectory: (_, rows) => writeDirectory(directory, rows),
    async page(id, table, after) {
      const store = storeOf(id);
      if (hasWork(store)) throw new Error('a list is still being matched; try again');
      return readPage(store, table, after);
    },
    isFresh: async (id) => isFresh(storeOf(id)),
    put: async (id, table, rows) => writeRows(storeOf(id), table, rows),
    close() {
      for (const { close } of open.values()) close();
      database.close();
    },
  };
}

/** A service on Workers. */
export function remotePlace(url: string, token: string): Place {
  async function ask<Answer>(id: PartnershipId, path: string, body: object): Promise<Answer> {
    const answer = await fetch(`${url}/operator/partnerships/${id}/${path}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    if (!answer.ok) throw new Error(`the service answered ${answer.status}: ${await answer.text()}`);
    return (await answer.json()) as Answer;
  }
  return {
    directory: (id) => ask<DirectoryRows>(id, 'directory', {}),
    putDirectory: (id, rows) => ask(id, 'directory/put', { rows }),
    page: (id, table, after) => ask<PortablePage>(id, 'page', { table, after }),
    isFresh: async (id) => (await ask<{ fresh: boolean }>(id, 'fresh', {})).fresh,
    put: (id, table, rows) => ask(id, 'put', { table, rows }),
  };
}

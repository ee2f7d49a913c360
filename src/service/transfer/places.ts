/** The two places that partnerships move between: a data folder of Node, and a service on Workers by its operator's token. */
import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { PartnershipId } from '../../../protocol/ids.ts';
import { openDatabase } from '../../sqlite.ts';
import { hasWork } from '../partnership/work.ts';
import { nodePartnershipStore } from '../storage/files.ts';
import { nodeDirectory } from '../storage/node.ts';
import type { PartnershipStore } from '../storage/partnership.ts';
import { type DirectoryRows, isKnown, readDirectory, writeDirectory } from './directory.ts';
import { beginImport, finishImport, isImporting, type PortablePage, readPage, writeRows } from './tables.ts';
import { alreadyThere, type Kept, type Place } from './transfer.ts';

/** The data folder of a service on Node; close it when done. Throws where there is none and none is to be `made`. */
export function folderPlace(folder: string, made: boolean): Place & { close(): void } {
  const file = join(folder, 'directory.db');
  if (!made && !existsSync(file))
    throw new Error(`${folder} has no data of a service: name its folder by --data`);
  mkdirSync(join(folder, 'partnerships'), { recursive: true, mode: 0o700 });
  const database = openDatabase(file);
  const directory = nodeDirectory(database);
  const open = new Map<PartnershipId, { store: PartnershipStore; close: () => void }>();
  const fileOf = (id: PartnershipId) => join(folder, 'partnerships', `${id}.db`);
  const storeOf = (id: PartnershipId): PartnershipStore => {
    const known = open.get(id);
    if (known) return known.store;
    const opened = openDatabase(fileOf(id));
    const own = { store: nodePartnershipStore(opened), close: () => opened.close() };
    open.set(id, own);
    return own.store;
  };
  const abandon = async ({ id }: Kept) => {
    if (await isKnown(directory, id)) return finishImport(storeOf(id));
    if (!isImporting(storeOf(id))) return;
    open.get(id)?.close();
    open.delete(id);
    for (const suffix of ['', '-wal', '-shm']) rmSync(fileOf(id) + suffix, { force: true });
  };
  return {
    directory: (id) => readDirectory(directory, id),
    async page({ id }, table, after) {
      const store = storeOf(id);
      if (hasWork(store)) throw new Error('a list is still being matched; try again');
      return readPage(store, table, after);
    },
    async begin(kept) {
      await abandon(kept);
      if (await isKnown(directory, kept.id)) throw alreadyThere(kept.id);
      beginImport(storeOf(kept.id), Date.now());
    },
    put: async ({ id }, table, rows) => writeRows(storeOf(id), table, rows),
    async finish({ id }, rows) {
      await writeDirectory(directory, id, rows);
      finishImport(storeOf(id));
    },
    abandon,
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
    }).catch(() => {
      throw new Error(`no answer from ${url}`);
    });
    if (answer.status === 404)
      throw new Error(`${url} is no service on Workers that has this operator's token`);
    const text = await answer.text();
    if (answer.ok) return JSON.parse(text) as Answer;
    throw new Error(
      answer.status === 409
        ? (JSON.parse(text) as { error: string }).error
        : `${url} answered ${answer.status}`,
    );
  }
  return {
    directory: (id) => ask<DirectoryRows>(id, 'directory', {}),
    page: ({ id, jurisdiction }, table, after) =>
      ask<PortablePage>(id, 'page', { jurisdiction, table, after }),
    begin: ({ id, jurisdiction }) => ask(id, 'begin', { jurisdiction }),
    put: ({ id, jurisdiction }, table, rows) => ask(id, 'put', { jurisdiction, table, rows }),
    finish: ({ id, jurisdiction }, rows) => ask(id, 'finish', { jurisdiction, rows }),
    abandon: ({ id, jurisdiction }) => ask(id, 'abandon', { jurisdiction }),
  };
}

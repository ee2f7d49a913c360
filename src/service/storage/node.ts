/** The storage ports on Node: one SQLite file for the directory, and one for each partnership. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { PartnershipId } from '../../../protocol/ids.ts';
import { migrate, openDatabase, type Sqlite } from '../../sqlite.ts';
import { type Partnership, run } from '../partnership/operations.ts';
import { DIRECTORY_MIGRATIONS, type Directory } from './directory.ts';
import type { PartnershipStore } from './partnership.ts';
import { PARTNERSHIP_MIGRATIONS } from './schema.ts';

/** Open partnership files at most; the one not used for longest is closed. */
const OPEN_FILES = 64;

export function nodeDirectory(database: Sqlite): Directory {
  migrate(database, DIRECTORY_MIGRATIONS);
  return {
    all: async (sql, ...parameters) => database.all(sql, ...parameters),
    batch: async (statements) =>
      database.transaction(() => statements.map(([sql, ...parameters]) => database.run(sql, ...parameters))),
  };
}

export function nodePartnershipStore(database: Sqlite): PartnershipStore {
  migrate(database, PARTNERSHIP_MIGRATIONS);
  return {
    all: (sql, ...parameters) => database.all(sql, ...parameters),
    run: (sql, ...parameters) => database.run(sql, ...parameters),
    atomic: (work) => database.transaction(work),
  };
}

export interface NodeStorage {
  readonly directory: Directory;
  readonly partnerships: (id: PartnershipId) => Partnership;
  close(): void;
}

/** Opens the folder's databases, making the folder for its owner only. Partnership files are opened when asked for. */
export function openNodeStorage(folder: string): NodeStorage {
  const partnershipFolder = join(folder, 'partnerships');
  mkdirSync(partnershipFolder, { recursive: true, mode: 0o700 });
  const directoryDatabase = openDatabase(join(folder, 'directory.db'));
  const open = new Map<PartnershipId, { readonly database: Sqlite; readonly store: PartnershipStore }>();

  function storeOf(id: PartnershipId): PartnershipStore {
    const known = open.get(id);
    open.delete(id);
    const [oldest] = open.keys();
    if (!known && oldest !== undefined && open.size >= OPEN_FILES) {
      open.get(oldest)?.database.close();
      open.delete(oldest);
    }
    const opened = known ?? openStore(join(partnershipFolder, `${id}.db`));
    open.set(id, opened);
    return opened.store;
  }

  return {
    directory: nodeDirectory(directoryDatabase),
    // Operations are synchronous, so no file is closed while one runs.
    partnerships: (id) => ({ run: async (name, call, input) => run(storeOf(id), name, call, input) }),
    close() {
      for (const { database } of open.values()) database.close();
      open.clear();
      directoryDatabase.close();
    },
  };
}

function openStore(path: string): { readonly database: Sqlite; readonly store: PartnershipStore } {
  const database = openDatabase(path);
  return { database, store: nodePartnershipStore(database) };
}

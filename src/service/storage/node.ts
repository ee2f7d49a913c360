/** The storage ports on Node: one SQLite file for the directory, and one for each partnership. */
import { accessSync, constants, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { PartnershipId } from '../../../protocol/ids.ts';
import { migrate, openDatabase, type Sqlite } from '../../sqlite.ts';
import type { Partnership } from '../partnership/operations.ts';
import { DIRECTORY_MIGRATIONS, type Directory } from './directory.ts';
import { openPartnershipFiles } from './files.ts';
import { openThreads, type Threads } from './threads.ts';

/** Open partnership files at most, over all threads. */
const OPEN_FILES = 64;

export function nodeDirectory(database: Sqlite): Directory {
  migrate(database, DIRECTORY_MIGRATIONS);
  return {
    all: async (sql, ...parameters) => database.all(sql, ...parameters),
    batch: async (statements) =>
      database.transaction(() => statements.map(([sql, ...parameters]) => database.run(sql, ...parameters))),
  };
}

export interface NodeStorage {
  readonly directory: Directory;
  readonly partnerships: (id: PartnershipId) => Partnership;
  /** Throws where the databases cannot be used. */
  check(): Promise<void>;
  /** How many partnerships' files are open. */
  openFiles(): number;
  /** Ends when everything under way is done and all files are closed. */
  close(): Promise<void>;
}

/**
 * Opens the folder's databases, making the folder for its owner only. Partnerships work in so many threads of their
 * own; with 0 they work in the caller's, which answers nothing else while one of them matches.
 */
export function openNodeStorage(folder: string, threads = 0): NodeStorage {
  const partnershipFolder = join(folder, 'partnerships');
  mkdirSync(partnershipFolder, { recursive: true, mode: 0o700 });
  const database = openDatabase(join(folder, 'directory.db'));
  const directory = nodeDirectory(database);
  const work = threads > 0 ? openWorkers(partnershipFolder, threads) : openInProcess(partnershipFolder);
  return {
    directory,
    partnerships: work.partnership,
    async check() {
      accessSync(partnershipFolder, constants.R_OK | constants.W_OK);
      await directory.all('select 1 from organisations limit 1');
    },
    openFiles: () => work.open(),
    async close() {
      await work.close();
      database.close();
    },
  };
}

function openWorkers(folder: string, threads: number): Threads {
  return openThreads(threads, { folder, openFiles: Math.ceil(OPEN_FILES / threads) });
}

function openInProcess(folder: string): Threads {
  const files = openPartnershipFiles(folder, OPEN_FILES);
  return {
    partnership: (id) => ({ run: async (name, call, input) => files.run(id, name, call, input) }),
    open: () => files.open(),
    close: async () => files.close(),
  };
}

/** The storage ports on Node: one SQLite file for the directory, and one for each partnership. */
import { accessSync, constants, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { PartnershipId } from '../../../protocol/ids.ts';
import { migrate, openDatabase, type Sqlite } from '../../sqlite.ts';
import type { Partnership } from '../partnership/operations.ts';
import { DIRECTORY_MIGRATIONS, type Directory } from './directory.ts';
import { openPartnershipFiles } from './files.ts';
import { tendPartnerships } from './tending.ts';
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
  /** Looks in every partnership for work that was left behind, or is due. */
  tendAll(): Promise<void>;
  /** Throws where the databases cannot be used. */
  check(): Promise<void>;
  /** How many partnerships' files are open. */
  openFiles(): number;
  /** Ends when everything under way is done and all files are closed. */
  close(): Promise<void>;
}

/**
 * Opens the folder's databases, making the folder for its owner only. Partnerships work in so many threads of their
 * own; with 0 they work in the caller's, which answers nothing else while one of them matches. What they leave behind is
 * done in steps between requests; `report` takes the errors of that.
 */
export function openNodeStorage(
  folder: string,
  threads = 0,
  report: (error: unknown) => void = () => undefined,
): NodeStorage {
  const partnershipFolder = join(folder, 'partnerships');
  mkdirSync(partnershipFolder, { recursive: true, mode: 0o700 });
  const database = openDatabase(join(folder, 'directory.db'));
  const directory = nodeDirectory(database);
  const onWork = (id: PartnershipId) => tending.note(id);
  const work =
    threads > 0 ? openWorkers(partnershipFolder, threads, onWork) : openInProcess(partnershipFolder, onWork);
  const tending = tendPartnerships((id) => work.step(id, Date.now()), report);
  return {
    directory,
    partnerships: work.partnership,
    async tendAll() {
      const rows = await directory.all<{ id: PartnershipId }>(
        'select id from partnerships where opening is not null order by id',
      );
      for (const { id } of rows) tending.note(id);
    },
    async check() {
      accessSync(partnershipFolder, constants.R_OK | constants.W_OK);
      await directory.all('select 1 from organisations limit 1');
    },
    openFiles: () => work.open(),
    async close() {
      await tending.close();
      await work.close();
      database.close();
    },
  };
}

type OnWork = (id: PartnershipId) => void;

function openWorkers(folder: string, threads: number, onWork: OnWork): Threads {
  return openThreads(threads, { folder, openFiles: Math.ceil(OPEN_FILES / threads) }, onWork);
}

function openInProcess(folder: string, onWork: OnWork): Threads {
  const files = openPartnershipFiles(folder, OPEN_FILES);
  return {
    partnership: (id) => ({
      async run(name, call, input) {
        const { result, leavesWork } = files.run(id, name, call, input);
        if (leavesWork) onWork(id);
        return result;
      },
    }),
    step: async (id, nowMs) => files.step(id, nowMs),
    open: () => files.open(),
    close: async () => files.close(),
  };
}

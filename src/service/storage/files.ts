/** The SQLite files of partnerships: opened when asked for, the one not used for longest closed. */
import { join } from 'node:path';
import type { PartnershipId } from '../../../protocol/ids.ts';
import type { Result } from '../../../protocol/result.ts';
import { migrate, openDatabase, type Sqlite } from '../../sqlite.ts';
import { type Call, isEnded } from '../partnership/context.ts';
import { type Input, type OperationName, type Output, run } from '../partnership/operations.ts';
import { hasWork, STEP_ROWS, work } from '../partnership/work.ts';
import type { ProblemCode } from '../problems.ts';
import type { PartnershipStore } from './partnership.ts';
import { PARTNERSHIP_MIGRATIONS } from './schema.ts';

export interface PartnershipFiles {
  /** Runs an operation to its end, so that no file is closed while one runs in it. */
  run<Name extends OperationName>(
    id: PartnershipId,
    name: Name,
    call: Call,
    input: Input<Name>,
  ): { readonly result: Result<Output<Name>, ProblemCode>; readonly leavesWork: boolean };
  /** A step of the work that operations left behind; true while more is left. */
  step(id: PartnershipId, nowMs: number): boolean;
  /** How many files are open. */
  open(): number;
  close(): void;
}

export function nodePartnershipStore(database: Sqlite): PartnershipStore {
  migrate(database, PARTNERSHIP_MIGRATIONS);
  return {
    all: (sql, ...parameters) => database.all(sql, ...parameters),
    run: (sql, ...parameters) => database.run(sql, ...parameters),
    atomic: (work) => database.transaction(work),
  };
}

/** The files in this folder, of which at most so many are open. */
export function openPartnershipFiles(folder: string, atMost: number): PartnershipFiles {
  const open = new Map<PartnershipId, { readonly database: Sqlite; readonly store: PartnershipStore }>();

  function fileOf(id: PartnershipId): { readonly database: Sqlite; readonly store: PartnershipStore } {
    const known = open.get(id);
    open.delete(id);
    const [oldest] = open.keys();
    if (!known && oldest !== undefined && open.size >= atMost) {
      open.get(oldest)?.database.close();
      open.delete(oldest);
    }
    const opened = known ?? openFile(join(folder, `${id}.db`));
    open.set(id, opened);
    return opened;
  }

  return {
    run(id, name, call, input) {
      const { database, store } = fileOf(id);
      const result = run(store, name, call, input);
      const leavesWork = hasWork(store);
      if (name === 'end' && result.ok && !leavesWork) database.compact();
      return { result, leavesWork };
    },
    step(id, nowMs) {
      const { database, store } = fileOf(id);
      if (!hasWork(store) && !store.atomic(() => work(store, nowMs, 1))) return false;
      const isMore = store.atomic(() => work(store, nowMs, STEP_ROWS));
      // The last of what an ended partnership had is deleted.
      if (!isMore && isEnded(store)) database.compact();
      return isMore;
    },
    open: () => open.size,
    close() {
      for (const { database } of open.values()) database.close();
      open.clear();
    },
  };
}

function openFile(path: string): { readonly database: Sqlite; readonly store: PartnershipStore } {
  const database = openDatabase(path);
  return { database, store: nodePartnershipStore(database) };
}

import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { expect, test } from 'vitest';
import { type Migratable, migrate } from '../../src/migration.ts';
import { openDatabase } from '../../src/sqlite.ts';

test('two that open a new database at once apply each migration once', () => {
  const folder = mkdtempSync(join(tmpdir(), 'commonground-migration-'));
  const migrations = ['create table a (x integer) strict', 'create table b (x integer) strict'];
  try {
    const path = join(folder, 'new.db');
    const [first, second] = [openDatabase(path), openDatabase(path)];
    // The other has just applied the first when this one takes the lock.
    let others = 1;
    const overtaken: Migratable = {
      ...first,
      transaction: (work) => {
        if (others-- > 0) migrate(second, migrations.slice(0, 1));
        return first.transaction(work);
      },
    };
    migrate(overtaken, migrations);
    migrate(second, migrations);
    expect(first.all('select version from schema_version')).toEqual([{ version: 2 }]);
    expect(first.all('select * from b')).toEqual([]);
    first.close();
    second.close();
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('many that open one new file in the same moment all open it', { timeout: 60_000 }, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'commonground-opening-'));
  const round = new Int32Array(new SharedArrayBuffer(4));
  const workers = Array.from({ length: 6 }, () => {
    const workerData = { round, sqlite: new URL('../../src/sqlite.ts', import.meta.url).href };
    return new Worker(OPENER, { eval: true, workerData });
  });
  try {
    for (let number = 1; number <= 60; number++) {
      const path = join(folder, `${number}.db`);
      const ready = workers.map((worker) => once(worker, 'message'));
      for (const worker of workers) worker.postMessage({ path, number });
      await Promise.all(ready);
      const answers = workers.map((worker) => once(worker, 'message'));
      Atomics.store(round, 0, number);
      expect((await Promise.all(answers)).flat()).toEqual(workers.map(() => 'opened'));
    }
  } finally {
    await Promise.all(workers.map((worker) => worker.terminate()));
    rmSync(folder, { recursive: true, force: true });
  }
});

/** Opens a file as soon as all are told to, and says how that went. */
const OPENER = `
  const { parentPort, workerData } = require('node:worker_threads');
  const sqlite = import(workerData.sqlite);
  parentPort.on('message', async ({ path, number }) => {
    const { openDatabase } = await sqlite;
    parentPort.postMessage('ready');
    while (Atomics.load(workerData.round, 0) < number);
    try {
      openDatabase(path).close();
      parentPort.postMessage('opened');
    } catch (error) {
      parentPort.postMessage(error.message);
    }
  });
`;

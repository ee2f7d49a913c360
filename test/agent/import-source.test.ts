import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { systemRandom } from '../../protocol/hash.ts';
import { homeAt } from '../../src/agent/home.ts';
import { openExport } from '../../src/agent/import/export.ts';
import { createKeyring } from '../../src/agent/keyring.ts';
import { eachAccount, importSource } from '../../src/agent/store/lists.ts';
import { openStore, type Store } from '../../src/agent/store/store.ts';
import { temporaryFile } from '../support/files.ts';

const NOW = '2026-01-01T00:00:00Z';
const folder = mkdtempSync(join(tmpdir(), 'commonground-'));
let store: Store;

beforeAll(async () => {
  const home = homeAt(join(folder, 'home'));
  const lock = { keyFile: join(folder, 'key') };
  const tools = { random: systemRandom, nowMs: Date.parse(NOW) };
  store = openStore(home, await createKeyring(home, { name: 'A', lock, service: null }, tools));
});
afterAll(() => {
  store.close();
  rmSync(folder, { recursive: true });
});

async function read(source: string, text: string, keep = true) {
  const file = await openExport(temporaryFile(text));
  const { added, changed, removed, unchanged, rejected } = await importSource(store, source, file, {
    keep,
    now: NOW,
  });
  return { counts: [added, changed, removed, unchanged], rejected };
}

function stored(source: string) {
  return [...eachAccount(store)].filter((account) => account.source === source);
}

describe('accounts', () => {
  test('an id that stands again names the line of the first, which stays', async () => {
    expect(await read('a', 'id,name\n1,"A\nB"\n2,C\n1,D\n1,E\n')).toEqual({
      counts: [2, 0, 0, 0],
      rejected: [
        { line: 5, reason: 'the same id 1 as line 2' },
        { line: 6, reason: 'the same id 1 as line 2' },
      ],
    });
    expect(stored('a').map(({ record }) => record.names)).toEqual([['A\nB'], ['C']]);
  });

  test('so does the content of a file without ids', async () => {
    const { rejected } = await read('b', 'name\nAcme\nACME\n');
    expect(rejected).toEqual([{ line: 3, reason: 'the same names and domains as line 2' }]);
  });

  test('what an earlier file had is no repeat, and goes with the file that lacks it', async () => {
    const text = 'id,name\n1,A\n2,B\n3,C\n';
    expect((await read('c', text)).counts).toEqual([3, 0, 0, 0]);
    expect(await read('c', text)).toEqual({ counts: [0, 0, 0, 3], rejected: [] });
    expect((await read('c', 'id,name\n3,C\n1,AA\n', false)).counts).toEqual([0, 1, 1, 1]);
    expect((await read('c', 'id,name\n3,C\n1,AA\n')).counts).toEqual([0, 1, 1, 1]);
    expect(stored('c').map(({ record }) => record.names[0])).toEqual(['AA', 'C']);
  });

  test('a file that ends badly changes nothing, and the next is read as ever', async () => {
    await read('d', 'id,name\n1,A\n');
    await expect(read('d', 'id,name\n2,B\n3,"C\n')).rejects.toThrow('a quote is open');
    expect(stored('d').map(({ record }) => record.id)).toEqual(['1']);
    expect((await read('d', 'id,name\n2,B\n')).counts).toEqual([1, 0, 1, 0]);
  });
});

describe('opportunities', () => {
  test('a deal of several companies is one row, and a repeat of its id is one rejected row', async () => {
    const head = 'Record ID,Deal Name,Deal Stage,Amount,Associated Company IDs\n';
    expect(
      await read('deals', `${head}1,Big,Open,1,11;12\n2,Other,Open,1,11\n1,Again,Open,1,12;13\n`),
    ).toEqual({
      counts: [3, 0, 0, 0],
      rejected: [{ line: 4, reason: 'the same id 1 as line 2' }],
    });
    expect((await read('deals', `${head}1,Big,Open,1,12\n`)).counts).toEqual([0, 0, 2, 1]);
  });
});

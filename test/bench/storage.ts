/** The service's storage: rows a second of tag insert, and the join of two lists, on a file. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemRandom } from '../../protocol/hash.ts';
import { nodePartnershipStore } from '../../src/service/storage/files.ts';
import { insertPacked } from '../../src/service/storage/packed.ts';
import { openDatabase } from '../../src/sqlite.ts';

export interface Storage {
  readonly tags: number;
  /** Storing one side's tags in chunks, seconds. */
  readonly insertSeconds: number;
  readonly rowsPerSecond: number;
  /** Counting the equal tags of two such sides of which a tenth is shared, seconds. */
  readonly joinSeconds: number;
}

const RECORD_BYTES = 33;
const CHUNK_RECORDS = 7900;

export function benchStorage(tags: number): Storage {
  const folder = mkdtempSync(join(tmpdir(), 'commonground-bench-'));
  const database = openDatabase(join(folder, 'partnership.db'));
  try {
    const store = nodePartnershipStore(database);
    const founder = sortedTags(tags, null);
    const joiner = sortedTags(tags, founder);
    const begun = performance.now();
    for (let at = 0; at < tags; at += CHUNK_RECORDS) {
      const chunk = founder.subarray(at * RECORD_BYTES, Math.min(tags, at + CHUNK_RECORDS) * RECORD_BYTES);
      store.atomic(() => insertPacked(store, 'tags', { side: 0, number: 1 }, RECORD_BYTES, chunk));
    }
    const insertSeconds = (performance.now() - begun) / 1000;
    for (let at = 0; at < tags; at += CHUNK_RECORDS) {
      const chunk = joiner.subarray(at * RECORD_BYTES, Math.min(tags, at + CHUNK_RECORDS) * RECORD_BYTES);
      store.atomic(() => insertPacked(store, 'tags', { side: 1, number: 1 }, RECORD_BYTES, chunk));
    }
    const asked = performance.now();
    const [row] = store.all<{ n: number }>(
      `select count(*) as n from tags f join tags j on j.side = 1 and j.generation = 1 and j.tag = f.tag and j.kind = f.kind
       where f.side = 0 and f.generation = 1`,
    );
    const joinSeconds = (performance.now() - asked) / 1000;
    if (row?.n !== Math.floor(tags / 10))
      throw new Error(`the join found ${row?.n} of ${Math.floor(tags / 10)}`);
    return { tags, insertSeconds, rowsPerSecond: Math.round(tags / insertSeconds), joinSeconds };
  } finally {
    database.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Records of random tags in ascending order; every tenth has its tag from `other`. */
function sortedTags(count: number, other: Uint8Array | null): Uint8Array {
  const records = Array.from({ length: count }, (_, i) => {
    const record = Buffer.from(systemRandom(RECORD_BYTES));
    if (other && i < Math.floor(count / 10))
      record.set(other.subarray(10 * i * RECORD_BYTES, 10 * i * RECORD_BYTES + 16));
    record[RECORD_BYTES - 1] = 1;
    return record;
  });
  return Buffer.concat(records.sort((x, y) => Buffer.compare(x, y)));
}

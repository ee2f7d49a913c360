/** Long lists for benches: accounts with one tag each, of which the first ones are shared. */
import { concat, uint } from '../../protocol/bytes.ts';
import { systemRandom } from '../../protocol/hash.ts';
import type { Side } from '../../protocol/ids.ts';
import { must, type Work } from '../conformance/work.ts';
import { putChunk, putSubmission } from '../support/service-app.ts';
import { makeSignedScope } from '../support/service-parties.ts';
import { submissionOf, type TestSubmission } from '../support/service-rows.ts';

/** Fits the largest record of them, a box of 49 bytes, into the largest chunk. */
const CHUNK_RECORDS = 10_600;

/** A submission of so many accounts, each with a tag and its confirmation box. */
export function longList(
  work: Work,
  side: Side,
  number: number,
  tags: number,
  shared: readonly Uint8Array[],
): TestSubmission {
  const keys = Array.from({ length: tags }, (_, i) =>
    concat(shared[i] ?? systemRandom(16), systemRandom(16)),
  );
  const records = {
    accounts: keys.map((key) => concat(key.subarray(16), uint(1, 1), uint(1, 1))),
    tags: keys.map((key) => concat(key, uint(1, 1))),
    boxes: keys.map((key) => concat(key, uint(0, 1), systemRandom(16))),
    wraps: [],
    fields: [],
    names: [],
  };
  return submissionOf(work.pair, side, number, makeSignedScope(work.pair, side), records, CHUNK_RECORDS);
}

/** Uploads it, each chunk through `timed`. */
export async function upload(
  work: Work,
  side: Side,
  submission: TestSubmission,
  timed: <Value>(request: () => Promise<Value>) => Promise<Value>,
): Promise<void> {
  must(await putSubmission(work, side, submission));
  for (const index of submission.chunks.keys()) {
    must(await timed(() => putChunk(work, side, submission, index)));
  }
}

/** The worker thread's entry: the pool calls these by name. */
export { blindChunk, evaluateChunk, finalizeChunk, makeRecords } from './tasks.ts';

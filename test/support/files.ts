/** Temporary files for tests, and reading streams whole. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

/** Writes the content to a new file, which is removed when the running test is over; gives its path. */
export function temporaryFile(content: string | Uint8Array, name = 'list.csv'): string {
  const folder = mkdtempSync(join(tmpdir(), 'commonground-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

/** All that an asynchronous iterable gives. */
export async function collect<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const all: Item[] = [];
  for await (const item of items) all.push(item);
  return all;
}

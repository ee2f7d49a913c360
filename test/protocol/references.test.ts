import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { identify } from '../../protocol/identifiers/index.ts';
import { readTable } from '../../src/agent/import/table.ts';

/** Labelled pairs of names from opensanctions/nomenklatura (MIT), which the project holds no copy of. */
const FILE = fileURLToPath(
  new URL('../../../shared/data/reference/organisation_name_pairs.csv', import.meta.url),
);

function names(raw: string): Set<string> {
  return new Set(identify({ names: [raw], domains: [] }).identifiers.map(({ value }) => value));
}

test.skipIf(!existsSync(FILE))(
  'labelled pairs of names keep their recall and precision (skipped where ../shared/data/reference is absent)',
  async () => {
    const table = await readTable(FILE);
    const [left = 0, right = 1, label = 2] = ['name1', 'name2', 'is_match'].map((column) =>
      table.columns.indexOf(column),
    );
    const counts = { right: 0, wrong: 0, missed: 0 };
    for await (const row of table.rows) {
      if (!('cells' in row)) continue;
      const others = names(row.cells[right] ?? '');
      const found = [...names(row.cells[left] ?? '')].some((value) => others.has(value));
      const isMatch = row.cells[label] === 'true';
      if (found) counts[isMatch ? 'right' : 'wrong']++;
      else if (isMatch) counts.missed++;
    }
    expect(counts.right / (counts.right + counts.missed)).toBeGreaterThanOrEqual(0.6);
    expect(counts.right / (counts.right + counts.wrong)).toBeGreaterThanOrEqual(0.95);
  },
);

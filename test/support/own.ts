/** One organisation's home without a service, for tests of the own list. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemRandom } from '../../protocol/hash.ts';
import { type Agent, openAgent } from '../../src/agent/agent.ts';
import { homeAt } from '../../src/agent/home.ts';
import { openExport } from '../../src/agent/import/export.ts';
import { createKeyring } from '../../src/agent/keyring.ts';
import { type ImportSummary, importSource } from '../../src/agent/store/lists.ts';

export interface OwnHome {
  readonly agent: Agent;
  /** Writes a file into the home's folder and gives its path. */
  file(name: string, text: string): string;
  /** Replaces the source `crm`, or another one, by the text of a CSV file. */
  load(text: string, source?: string): Promise<ImportSummary>;
  close(): void;
}

export async function ownHome(): Promise<OwnHome> {
  const folder = mkdtempSync(join(tmpdir(), 'commonground-own-'));
  const home = homeAt(join(folder, 'home'));
  await createKeyring(
    home,
    { name: 'Own Ltd', lock: { keyFile: join(folder, 'own.key') }, service: null },
    { random: systemRandom, nowMs: Date.now() },
  );
  const agent = await openAgent(home, Date.now);
  const file = (name: string, text: string) => {
    const path = join(folder, name);
    writeFileSync(path, text);
    return path;
  };
  return {
    agent,
    file,
    load: async (text, source = 'crm') =>
      importSource(agent.store, source, await openExport(file('list.csv', text)), {
        keep: true,
        now: '2026-11-21T00:00:00Z',
      }),
    close() {
      agent.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

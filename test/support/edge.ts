/** The Worker of wrangler.toml in workerd, for tests. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createTestHarness, type TestHarness } from 'wrangler';

export const OPERATOR_TOKEN = 'the operator of the tests, at 32 characters or more';

export interface TestEdge {
  readonly harness: TestHarness;
  readonly url: string;
  close(): Promise<void>;
}

/** Nothing may leave this machine, and nothing may be written to a home folder. */
export function keepOffline(folder: string): void {
  Object.assign(process.env, {
    WRANGLER_SEND_METRICS: 'false',
    WRANGLER_SEND_ERROR_REPORTS: 'false',
    WRANGLER_HIDE_BANNER: 'true',
    CLOUDFLARE_CF_FETCH_ENABLED: 'false',
    XDG_CONFIG_HOME: join(folder, 'xdg'),
  });
}

export async function testEdge(variables: Readonly<Record<string, string>> = {}): Promise<TestEdge> {
  const folder = mkdtempSync(join(tmpdir(), 'commonground-edge-'));
  keepOffline(folder);
  const harness = createTestHarness({
    workers: [
      {
        configPath: new URL('../../wrangler.toml', import.meta.url),
        vars: { PUBLIC_HOST: '127.0.0.1:*,localhost:*', LOG_LEVEL: 'error', ...variables },
        secrets: { OPERATOR_TOKEN },
      },
    ],
  });
  const { url } = await harness.listen();
  return {
    harness,
    url: url.origin,
    async close() {
      await harness.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

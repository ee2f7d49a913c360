/** Names of white space on the command line, up to what the partner shows a month. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { grantScope } from '../../src/agent/scopes/granting.ts';
import { commonground, document } from '../support/cli.ts';
import { EVERYTHING, type Pair, twoOrganisations } from '../support/homes.ts';

let pair: Pair;
beforeAll(async () => {
  pair = await twoOrganisations(
    [['a1', 'Acme', 'acme.com']],
    [
      ['b1', 'Acme Inc', 'acme.com'],
      ['b2', 'Globex', 'globex.com'],
      ['b3', 'Hooli', 'hooli.com'],
    ],
  );
  await grantScope(pair.a, pair.partnership(pair.a), { ...EVERYTHING, namesPerMonth: 0 });
  await grantScope(pair.b, pair.partnership(pair.b), { ...EVERYTHING, namesPerMonth: 1 });
  await pair.sync();
}, 120_000);
afterAll(async () => {
  await pair.close();
});

const run = (side: 'a' | 'b', ...args: string[]) => commonground(pair[side].home.directory, args);

interface White {
  readonly rows: readonly { readonly name: string }[];
  readonly empty: readonly unknown[];
  readonly capped: readonly { readonly partner: string; readonly moreFrom: string | null }[];
}

it('says in a line that names are withheld, and from when on there are more', async () => {
  const answer = document<White>(await run('a', 'whitespace', '--json'));
  expect(answer.rows).toHaveLength(1);
  expect(answer.capped).toEqual([
    { partner: 'b', moreFrom: expect.stringMatching(/^\d{4}-\d\d-01T00:00:00.000Z$/) },
  ]);
  const said = await run('a', 'whitespace');
  expect(said.code).toBe(0);
  expect(said.stderr).toMatch(
    /b: your company was shown as many names this month .* more from \d{4}-\d\d-01/,
  );
  const out = join(pair.folder, 'white.csv');
  const exported = await run('a', 'export', 'whitespace', '--format', 'csv', '--out', out);
  expect(exported.stderr).toMatch(/1 rows in .*\n.*as many names this month/);
  expect(readFileSync(out, 'utf8').trim().split('\n')).toHaveLength(2);
});

it('does not say that there are none where none are shown', async () => {
  const sharing = await twoOrganisations([['a1', 'Acme', 'acme.com']], [['b1', 'Globex', 'globex.com']]);
  try {
    await grantScope(sharing.a, sharing.partnership(sharing.a), { ...EVERYTHING, namesPerMonth: 0 });
    await grantScope(sharing.b, sharing.partnership(sharing.b), EVERYTHING);
    await sharing.sync();
    const ask = (...more: string[]) => commonground(sharing.b.home.directory, ['whitespace', ...more]);
    expect(document<White>(await ask('--json'))).toMatchObject({
      rows: [],
      empty: [],
      capped: [{ partner: 'a', moreFrom: null }],
    });
    expect((await ask()).stderr).toContain('its scope shows no names of them');
  } finally {
    await sharing.close();
  }
});

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { commonground, document } from '../support/cli.ts';
import { grantBoth, type Pair, twoOrganisations } from '../support/homes.ts';

interface Listed {
  readonly pairs: readonly {
    readonly pair: string;
    readonly record: string;
    readonly decision: string | null;
  }[];
}
interface Overlap {
  readonly rows: readonly {
    readonly record: string;
    readonly tier: string;
    readonly decision: string | null;
  }[];
}

let pair: Pair;
beforeAll(async () => {
  pair = await twoOrganisations(
    [
      ['a1', 'Acme Inc.', 'acme.com'],
      ['a2', 'Corner Store', ''],
      ['a3', 'Summit Partners', ''],
    ],
    [
      ['b1', 'Acme', 'www.acme.com'],
      ['b2', 'Corner Store', ''],
      ['b3', 'Summit Partners LLC', ''],
    ],
  );
  await grantBoth(pair);
  await pair.sync();
}, 60_000);
afterAll(() => pair.close());

const run = (...args: string[]) => commonground(pair.a.home.directory, args);

async function overlap(...args: string[]): Promise<string[]> {
  const { rows } = document<Overlap>(await run('overlap', '--json', ...args));
  return rows.map(({ record, tier, decision }) => `${record} ${tier} ${decision}`).sort();
}

async function idOf(record: string): Promise<string> {
  const { pairs } = document<Listed>(await run('review', 'list', '--all', '--json'));
  return pairs.find((candidate) => candidate.record === record)?.pair ?? '';
}

describe('pairs to review', { timeout: 60_000 }, () => {
  it('are listed with a reason and an id, and confirmed ones are not', async () => {
    const { stdout, stderr } = await run('review', 'list');
    expect(stdout).toMatch(/^[0-9a-f]{8} +b +a2 +Corner Store .*name.*only the name is equal/m);
    expect(stdout).not.toContain('Acme');
    expect(stderr).toContain('2 pairs to review');
  });

  it('are remembered as decided, and tell the partner nothing', async () => {
    const before = await pair.b.client().partnership(pair.partnership(pair.b).id);
    const [corner, summit] = [await idOf('a2'), await idOf('a3')];
    expect((await run('review', 'confirm', corner)).code).toBe(0);
    expect((await run('review', 'reject', summit.slice(0, 6))).code).toBe(0);
    expect(await overlap()).toEqual(['a1 confirmed null', 'a2 review confirmed']);
    const { pairs } = document<Listed>(await run('review', 'list', '--json'));
    expect(pairs).toEqual([]);
    const after = await pair.b.client().partnership(pair.partnership(pair.b).id);
    expect({ ...after, since: null }).toEqual({ ...before, since: null });

    expect((await run('review', 'undo', summit)).code).toBe(0);
    expect(await overlap()).toEqual(['a1 confirmed null', 'a2 review confirmed', 'a3 review null']);
  });

  it('go into a CRM’s file once they are confirmed here', async () => {
    const { stdout } = await run('export', 'overlap', '--format', 'csv', '--out', '-');
    expect(stdout).toMatch(/Corner Store.*confirmed by you/);
    expect(stdout).toMatch(/Summit Partners.*review/);
  });

  it('are refused by an id that names none or several, and nothing changes', async () => {
    const { code, stderr } = await run('review', 'reject', 'ffffffff', await idOf('a2'));
    expect(code).toBe(2);
    expect(stderr).toContain('no pair to review has the id ffffffff');
    expect(await overlap()).toContain('a2 review confirmed');
    expect((await run('review', 'reject', 'ab')).code).toBe(2);
  });
});

describe('overlap --why', { timeout: 60_000 }, () => {
  it('names the rule, the value and the own column', async () => {
    const { stdout } = await run('overlap', '--why');
    expect(stdout).toContain('Acme Inc. (a1) with b: confirmed');
    expect(stdout).toContain('a website is equal that no other account has');
    expect(stdout).toMatch(/domain +acme\.com +your “Website”/);
    expect(stdout).toMatch(/name +corner.* +your “Name”/);
  });
});

describe('partner rules', { timeout: 60_000 }, () => {
  it('tells the version of the matching rules', async () => {
    const { stdout } = await run('partner', 'rules', 'b');
    expect(stdout).toMatch(/^b: version \d+ \(you: \d+; they: \d+\)$/m);
    const rules = document<{ version: number; newest: number; canRise: boolean }>(
      await run('partner', 'rules', 'b', '--raise', '--json'),
    );
    expect(rules).toMatchObject({ version: rules.newest, canRise: false });
  });
});

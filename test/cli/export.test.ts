import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'csv-parse/sync';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { OverlapRow } from '../../src/agent/answers.ts';
import { openExport } from '../../src/agent/import/export.ts';
import { csv } from '../../src/cli/csv.ts';
import { overlapTable, whiteSpaceTable } from '../../src/cli/export/tables.ts';
import { commonground, document } from '../support/cli.ts';
import { collect } from '../support/files.ts';
import { grantBoth, type Pair, twoOrganisations } from '../support/homes.ts';

const row = (change: Partial<OverlapRow>): OverlapRow => ({
  partner: 'borealis',
  myHandle: '0'.repeat(32) as OverlapRow['myHandle'],
  theirHandle: '1'.repeat(32) as OverlapRow['theirHandle'],
  record: '001000000000001AAA',
  source: 'accounts.csv',
  records: [{ record: change.record ?? '001000000000001AAA', source: 'accounts.csv' }],
  account: 'Siemens',
  theirPopulations: ['customers'],
  tier: 'confirmed',
  matchedBy: ['domain'],
  reasons: ['domain'],
  decision: null,
  fields: { owner: 'Bob' },
  firstSeen: 1,
  firstSeenAt: '2026-01-15T10:00:00.000Z',
  removed: false,
  ...change,
});

describe('a CSV file', () => {
  it('has no cell that a spreadsheet would compute', () => {
    const bad = ['=1+1', '+1', '-1', '@SUM(A1)', '\t=1', '\r=1', '=HYPERLINK("http://x","y")'];
    const good = ['1', 'a=b', ' =1', "'=1", '', '1-2', 'a@b'];
    const [cells = [], same = []] = parse(csv([bad, good], { bom: false })) as string[][];
    expect(cells).toEqual(bad.map((cell) => `'${cell}`));
    expect(same).toEqual(good);
  });

  it('quotes what has to be quoted, ends lines by CRLF, and has a mark only where asked for', () => {
    const rows = [
      ['a', 'b'],
      ['x,"y"', 'two\nlines'],
      [' space ', 'Zürich 株式会社'],
    ];
    const text = csv(rows, { bom: false });
    expect(text).toBe('a,b\r\n"x,""y""","two\nlines"\r\n" space ",Zürich 株式会社\r\n');
    expect(parse(text)).toEqual(rows);
    expect(csv(rows, { bom: true })).toBe(`\uFEFF${text}`);
  });
});

describe('the overlap', () => {
  it('for Salesforce is one row an account, by its Id', () => {
    const { rows, leftOut } = overlapTable('salesforce', [
      row({}),
      row({
        partner: 'cirrus',
        fields: { owner: 'Cleo', stage: 'Won' },
        firstSeenAt: '2026-01-14T10:00:00.000Z',
      }),
      row({ record: '001000000000002', theirPopulations: ['customers', 'prospects'] }),
      row({ record: 'row-0123456789abcdef' }),
      row({ record: '', removed: true }),
      row({ record: '001000000000003AAA', tier: 'review', matchedBy: ['name'], fields: {} }),
    ]);
    expect(rows).toEqual([
      [
        'Id',
        'Commonground_Partner__c',
        'Commonground_Partner_Populations__c',
        'Commonground_Matched_By__c',
        'Commonground_First_Seen__c',
        'Commonground_Partner_Owner__c',
        'Commonground_Partner_Stage__c',
      ],
      [
        '001000000000001AAA',
        'borealis;cirrus',
        'customers',
        'domain',
        '2026-01-14T10:00:00.000Z',
        'borealis: Bob;cirrus: Cleo',
        'cirrus: Won',
      ],
      ['001000000000002', 'borealis', 'customers;prospects', 'domain', '2026-01-15T10:00:00.000Z', 'Bob', ''],
    ]);
    expect(leftOut).toBe(3);
  });

  it('for HubSpot is by Record ID', () => {
    const { rows, leftOut } = overlapTable('hubspot', [row({ record: '9876543210' }), row({})]);
    expect(rows).toEqual([
      [
        'Record ID',
        'Commonground partner',
        'Commonground partner populations',
        'Commonground matched by',
        'Commonground first seen',
        'Commonground partner owner',
      ],
      ['9876543210', 'borealis', 'customers', 'domain', '2026-01-15', 'Bob'],
    ]);
    expect(leftOut).toBe(1);
  });

  it('as plain CSV is one row a pair', () => {
    const { rows } = overlapTable('csv', [row({}), row({ partner: 'cirrus', record: 'row-1' })]);
    expect(rows.map((cells) => cells.slice(0, 4))).toEqual([
      ['partner', 'record', 'source', 'account'],
      ['borealis', '001000000000001AAA', 'accounts.csv', 'Siemens'],
      ['cirrus', 'row-1', 'accounts.csv', 'Siemens'],
    ]);
    const of = overlapTable('csv', [row({ tier: 'review' })]).rows;
    expect(of.map((cells) => cells[6])).toEqual(['tier', 'review']);
  });
});

it('white space is accounts to make', () => {
  const white = [{ partner: 'borealis', name: '=Evil', theirPopulations: ['customers'] }];
  expect(whiteSpaceTable('salesforce', white).rows).toEqual([
    ['Name', 'Commonground_Partner__c', 'Commonground_Partner_Populations__c'],
    ['=Evil', 'borealis', 'customers'],
  ]);
  expect(whiteSpaceTable('hubspot', white).rows[0]?.[0]).toBe('Company name');
});

describe('the commands', () => {
  let pair: Pair;
  const run = (...args: string[]) => commonground(pair.a.home.directory, args);
  const file = (name: string) => join(pair.folder, name);

  beforeAll(async () => {
    pair = await twoOrganisations(
      [
        ['001000000000001AAA', 'Siemens AG', 'siemens.com', 'Customer'],
        ['001000000000002AAA', 'Nestlé S.A.', 'nestle.com', 'Prospect'],
        ['001000000000003AAA', 'Nowhere', 'nowhere.com', 'Former'],
      ],
      [
        ['b1', 'Siemens', 'siemens.com', 'Prospect', '=cmd|calc'],
        ['b2', 'Nestle', 'nestle.com', 'Customer'],
        ['b3', 'Theirs Ltd', 'theirs.com', 'Customer'],
      ],
    );
    await grantBoth(pair);
    await pair.sync();
  });
  afterAll(() => pair.close());

  it('export the overlap as a file that the import of accounts reads again', async () => {
    const out = file('overlap.csv');
    const made = await run('export', 'overlap', '--format', 'salesforce', '--out', out, '--json');
    expect(document(made)).toEqual({ file: out, rows: 2, leftOut: 0, empty: [], known: 0, capped: [] });
    expect(statSync(out).mode & 0o777).toBe(0o600);
    const text = readFileSync(out, 'utf8');
    expect(text.split('\r\n')).toHaveLength(4);
    expect(text).toContain("'=cmd|calc");
    const read = await openExport(out, { map: { Commonground_Partner_Account_Name__c: 'name' } });
    if (read.what !== 'accounts') throw new Error('not read as accounts');
    const ids = (await collect(read.rows)).map((entry) => ('record' in entry ? entry.record.id : null));
    expect(new Set(ids)).toEqual(new Set(['001000000000001AAA', '001000000000002AAA']));
  });

  it('overwrite nothing unless they are told to', async () => {
    const out = file('taken.csv');
    writeFileSync(out, 'mine');
    const refused = await run('export', 'whitespace', '--format', 'csv', '--out', out, '--json');
    expect([refused.code, readFileSync(out, 'utf8')]).toEqual([2, 'mine']);
    const forced = await run('export', 'whitespace', '--format', 'csv', '--out', out, '--force', '--bom');
    expect(forced.code).toBe(0);
    expect(readFileSync(out, 'utf8')).toBe(
      '\uFEFFname,partner,their_populations\r\nTheirs Ltd,b,customers\r\n',
    );
  });

  it('write to standard output, narrowed as the question is', async () => {
    const all = await run('export', 'overlap', '--format', 'csv', '--out', '-');
    expect(all.stdout.trim().split('\r\n')).toHaveLength(3);
    const some = await run('export', 'overlap', '--format', 'csv', '--out', '-', '--mine', 'prospects');
    const [, only = ''] = some.stdout.split('\r\n');
    expect(only.split(',')[1]).toBe('001000000000002AAA');
    expect((await run('export', 'overlap', '--format', 'csv', '--out', '-', '--limit', '1')).stdout).toMatch(
      /^partner.*\r\nb,.*\r\n$/,
    );
  });

  it('refuse what does not go together', async () => {
    const out = file('never.csv');
    for (const args of [
      ['overlap', '--out', out],
      ['overlap', '--format', 'excel', '--out', out],
      ['pairs', '--format', 'csv', '--out', out],
      ['overlap', '--format', 'csv', '--out', '-', '--json'],
      ['whitespace', '--format', 'csv', '--out', out, '--mine', 'customers'],
      ['overlap', '--format', 'csv', '--out', out, '--limit', '0'],
    ])
      expect([args, (await run('export', ...args)).code]).toEqual([args, 2]);
    expect(existsSync(out)).toBe(false);
  });

  it('list what was imported', async () => {
    const list = document<{ accounts: { record: string; populations: string[] }[]; total: number }>(
      await run('accounts', 'list', '--json'),
    );
    expect(list.accounts.map(({ record, populations }) => [record.at(14), populations])).toEqual([
      ['1', ['customers']],
      ['2', ['prospects']],
      ['3', []],
    ]);
    const some = await run('accounts', 'list', '--population', 'prospects');
    expect(some.stdout).toContain('Nestlé S.A.');
    expect(some.stdout).not.toContain('Siemens');
    const one = document(await run('accounts', 'list', '--limit', '1', '--json'));
    expect(one).toMatchObject({ accounts: [{ record: '001000000000001AAA' }], total: 3 });
    expect((await run('accounts', 'list', '--population', 'nothing')).code).toBe(3);
    expect((await run('accounts', 'list', '--limit', '-1')).code).toBe(2);
  });

  it('save a home and bring it back', async () => {
    const saved = file('a.backup');
    const made = document<{ opensWith: string }>(await run('backup', saved, '--json'));
    expect(made.opensWith).toBe('key file');
    expect((await run('backup', saved)).code).toBe(2);
    expect((await run('restore', saved, '--key-file', file('a.key'))).code).toBe(2);
    const home = file('a-restored');
    const back = await commonground(home, ['restore', saved, '--key-file', file('a.key')]);
    expect(back.code, back.stderr).toBe(0);
    expect(document(await commonground(home, ['accounts', 'list', '--json']))).toMatchObject({ total: 3 });
  });

  it('end a partnership after a confirmation, and tell both sides', async () => {
    const asked = await run('partner', 'end', 'b');
    expect([asked.code, asked.stderr]).toEqual([2, expect.stringContaining('--yes')]);
    const busy = join(pair.a.home.directory, 'sync.lock');
    writeFileSync(busy, String(process.pid));
    expect((await run('partner', 'end', 'b', '--yes')).code).toBe(1);
    writeFileSync(busy, '999999999');
    const ended = await run('partner', 'end', 'b', '--yes');
    expect([ended.code, ended.stdout]).toEqual([0, expect.stringMatching(/^b: ended by you on 2/)]);
    const b = (...args: string[]) => commonground(pair.b.home.directory, args);
    expect((await b('overlap')).stderr).toContain('sync');
    const listed = document<{ partners: { state: string }[] }>(await b('partner', 'list', '--json'));
    expect(listed.partners[0]?.state).toMatch(/^ended by a on 2/);
    expect((await b('partner', 'list', '--all')).stdout).toContain('ended by a on 2');
    // What is over is one line from then on, unless it is asked for by name.
    for (const args of [['status'], ['sync'], ['sync', '--dry-run'], ['partner', 'list']]) {
      const { code, stdout, stderr } = await b(...args);
      expect([code, stderr]).toEqual([
        0,
        expect.stringContaining('1 partnership ended (`commonground partner'),
      ]);
      expect(stdout).not.toContain('ended by');
    }
    const synced = await b('sync', '--partner', 'a');
    expect([synced.code, synced.stdout]).toEqual([0, expect.stringMatching(/^a: ended by a on 2/)]);
    expect((await run('sync', '--dry-run', '--partner', 'b')).stdout).toContain('ended by you');
    expect((await b('overlap', '--partner', 'a')).code).toBe(6);
    const ledger = document<{ partners: { entries: unknown[] }[] }>(await b('ledger', '--json'));
    expect(ledger.partners[0]?.entries.length).toBeGreaterThan(0);
  });
});

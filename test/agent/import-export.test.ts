import { describe, expect, test } from 'vitest';
import type { AccountRecord } from '../../src/agent/import/accounts.ts';
import { openExport } from '../../src/agent/import/export.ts';
import type { ColumnMap } from '../../src/agent/import/layout.ts';
import type { OpportunityRecord } from '../../src/agent/import/opportunities.ts';
import type { ImportRow } from '../../src/agent/import/rows.ts';
import { collect, temporaryFile } from '../support/files.ts';

async function accounts(text: string, map?: ColumnMap): Promise<ImportRow<AccountRecord>[]> {
  const file = await openExport(temporaryFile(text), map === undefined ? {} : { map });
  if (file.what !== 'accounts') throw new Error('not accounts');
  return await collect(file.rows);
}

async function opportunities(text: string): Promise<ImportRow<OpportunityRecord>[]> {
  const file = await openExport(temporaryFile(text));
  if (file.what !== 'opportunities') throw new Error('not opportunities');
  return await collect(file.rows);
}

function ids(rows: ImportRow<AccountRecord | OpportunityRecord>[]): string[] {
  return rows.map((row) => ('record' in row ? row.record.id : `rejected: ${row.rejected}`));
}

describe('accounts', () => {
  test('a record keeps what the file says', async () => {
    const text =
      'Account ID,Account Name,Website,Billing Country,Type,Annual Revenue,Account Owner\n' +
      '001A, Acme GmbH ,https://www.acme.de,Germany,Customer,"1,000",\n';
    expect(await accounts(text)).toEqual([
      {
        line: 2,
        record: {
          id: '001A',
          names: ['Acme GmbH'],
          domains: ['https://www.acme.de'],
          country: 'Germany',
          fields: { type: 'Customer', annual_revenue: '1,000' },
        },
      },
    ]);
  });

  test('several names and domains; repeats and placeholders left out', async () => {
    const text =
      'id,name,legal name,website,domains,country\n1,Acme,N/A,acme.com,"acme.com; acme.de,http://a.io",\n2,X,X,-,unknown,\n';
    expect((await accounts(text)).map((row) => 'record' in row && row.record)).toEqual([
      { id: '1', names: ['Acme'], domains: ['acme.com', 'acme.de', 'http://a.io'], fields: {} },
      { id: '2', names: ['X'], domains: [], fields: {} },
    ]);
  });

  test('bad rows are rejected with line and reason; a duplicate names the first line', async () => {
    const rows = await accounts('id,name\n1,"A\nB"\n,C\n2,\n1,D\n3\n4.5E+11,E\n5,F\n');
    expect(rows.flatMap((row) => ('rejected' in row ? [row] : []))).toEqual([
      { line: 4, rejected: 'no record id' },
      { line: 5, rejected: 'neither a name nor a domain' },
      { line: 6, rejected: 'the same id 1 as line 2' },
      { line: 7, rejected: '1 cells where the header has 2' },
      { line: 8, rejected: 'the id 4.5E+11 was rounded by a spreadsheet' },
    ]);
    expect(rows).toHaveLength(7);
  });

  test('ids differ by case', async () => {
    expect(ids(await accounts('id,name\n001a,A\n001A,B\n'))).toEqual(['001a', '001A']);
  });

  test('without ids, an id of the content that does not depend on place, case, spaces or other columns', async () => {
    const first = ids(await accounts('name,domain,type\nAcme,acme.com,x\nBeta,,y\n'));
    const later = ids(await accounts('type,name,domain\nz,beta,\nz, ACME ,acme.com\n'));
    expect(first[0]).toMatch(/^row-[0-9a-f]{32}$/);
    expect(later).toEqual([first[1], first[0]]);
    expect(ids(await accounts('name\nAcme\nACME\n'))[1]).toBe(
      'rejected: the same names and domains as line 2',
    );
    expect(ids(await accounts('name,domain\nAcme,acme.org\n'))[0]).not.toBe(first[0]);
    expect(new Set(ids(await accounts('name,domain\nAcme,\nacme.com,\n,acme.com\n'))).size).toBe(3);
  });

  test('the layout of the file and a map', async () => {
    const file = await openExport(temporaryFile('Nr;Kunde\n7;Acme\n'), { map: { Nr: 'id', Kunde: 'name' } });
    expect(file).toMatchObject({
      what: 'accounts',
      delimiter: ';',
      encoding: 'utf-8',
      columns: ['Nr', 'Kunde'],
    });
    expect(file.layout.name).toBe('generic accounts');
    expect(ids(await collect<ImportRow<AccountRecord | OpportunityRecord>>(file.rows))).toEqual(['7']);
  });
});

describe('opportunities', () => {
  test('a deal of several companies is a record for each', async () => {
    const text =
      'Record ID,Deal Name,Deal Stage,Amount,Associated Company IDs\n' +
      '1,Big,Proposal,100,11; 12;11\n2,None,Proposal,1,\n1,Again,Proposal,1,13\n3,Bad,Proposal,1,1.2E+10\n';
    const rows = await opportunities(text);
    const fields = { opportunity_name: 'Big', stage: 'Proposal', amount: '100' };
    expect(rows).toEqual([
      { line: 2, record: { id: '1', accountId: '11', fields } },
      { line: 2, record: { id: '1', accountId: '12', fields } },
      { line: 3, rejected: 'no account id' },
      { line: 4, rejected: 'the same id 1 as line 2' },
      { line: 5, rejected: 'the id 1.2E+10 was rounded by a spreadsheet' },
    ]);
  });

  test('without ids, an id of account, name and close date', async () => {
    const text =
      'Account ID,Opportunity Name,Stage,Close Date\nA,x,Won,1\nA,x,Lost,2\nB,x,Won,1\nA,X,Open,1\n';
    const got = ids(await opportunities(text));
    expect(new Set(got.slice(0, 3)).size).toBe(3);
    expect(got[3]).toBe('rejected: the same account, name and close date as line 2');
  });
});

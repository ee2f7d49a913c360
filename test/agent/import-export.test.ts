import { describe, expect, test } from 'vitest';
import type { AccountRecord } from '../../src/agent/import/accounts.ts';
import { openExport } from '../../src/agent/import/export.ts';
import type { ColumnMap } from '../../src/agent/import/layout.ts';
import type { OpportunityRecord } from '../../src/agent/import/opportunities.ts';
import type { ImportRow } from '../../src/agent/import/rows.ts';
import { matches } from '../../src/agent/population.ts';
import { identityOf } from '../../src/agent/quality/identity.ts';
import { parseRule } from '../../src/agent/rule.ts';
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

  test('bad rows are rejected with line and reason', async () => {
    const rows = await accounts('id,name\n1,"A\nB"\n,C\n2,\n6,D\n3\n4.5E+11,E\n5,F\n');
    expect(rows.flatMap((row) => ('rejected' in row ? [row] : []))).toEqual([
      { line: 4, rejected: 'no record id' },
      { line: 5, rejected: 'neither a name nor a domain' },
      { line: 7, rejected: '1 cells where the header has 2' },
      { line: 8, rejected: 'the id 4.5E+11 was rounded by a spreadsheet' },
    ]);
    expect(rows).toHaveLength(7);
  });

  test('former names, parents and ids come apart and reach identify in their places', async () => {
    const text =
      'id,name,former names,dba,website,city,state,country,parent account,parent id,lei,vat id,vat number\n' +
      '1,Meta,"Facebook, Inc.; TheFacebook",Meta,meta.com,Menlo Park,CA,US,Meta Holding,P1,5493-X,"DE1, DE2",DE1\n' +
      '2,,Old Name,,,,,,-,,,n/a,\n';
    const [first, second] = (await accounts(text)).map((row) => ('record' in row ? row.record : undefined));
    expect(first).toEqual({
      id: '1',
      names: ['Meta'],
      otherNames: ['Facebook, Inc.', 'TheFacebook'],
      domains: ['meta.com'],
      country: 'US',
      parents: ['Meta Holding', 'P1'],
      companyIds: { lei: ['5493-X'], vat: ['DE1', 'DE2'] },
      fields: { city: 'Menlo Park', state: 'CA' },
    });
    expect(second).toEqual({ id: '2', names: ['Old Name'], domains: [], fields: {} });
    if (!first || !second) throw new Error('not two records');
    expect(identityOf(first)).toEqual({
      names: ['Meta'],
      formerNames: ['Facebook, Inc.', 'TheFacebook'],
      domains: ['meta.com'],
      country: 'US',
      region: 'CA',
      city: 'Menlo Park',
      ids: { lei: ['5493-X'], vat: ['DE1', 'DE2'] },
    });
    expect(identityOf(second)).toEqual({ names: ['Old Name'], domains: [] });
  });

  test('rules of populations see them', async () => {
    const [row] = await accounts('id,name,former name,parent account,lei\n1,Meta,Facebook,Holding,X1\n');
    if (!row || 'rejected' in row) throw new Error('no record');
    for (const [rule, holds] of [
      ['other_name = facebook', true],
      ['parent contains hold', true],
      ['lei exists', true],
      ['vat exists', false],
    ] as const) {
      const parsed = parseRule(rule);
      expect(parsed.ok && matches(parsed.value, row.record, []), rule).toBe(holds);
    }
  });

  test('ids differ by case', async () => {
    expect(ids(await accounts('id,name\n001a,A\n001A,B\n'))).toEqual(['001a', '001A']);
  });

  test('without ids, an id of the content that does not depend on place, case, spaces or other columns', async () => {
    const first = ids(await accounts('name,domain,type\nAcme,acme.com,x\nBeta,,y\n'));
    const later = ids(await accounts('type,name,domain\nz,beta,\nz, ACME ,acme.com\n'));
    expect(first[0]).toMatch(/^row-[0-9a-f]{32}$/);
    expect(later).toEqual([first[1], first[0]]);
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
      {
        line: 4,
        record: { id: '1', accountId: '13', fields: { ...fields, opportunity_name: 'Again', amount: '1' } },
      },
      { line: 5, rejected: 'the id 1.2E+10 was rounded by a spreadsheet' },
    ]);
  });

  test('without ids, an id of account, name and close date', async () => {
    const text =
      'Account ID,Opportunity Name,Stage,Close Date\nA,x,Won,1\nA,x,Lost,2\nB,x,Won,1\nA,X,Open,1\n';
    const got = ids(await opportunities(text));
    expect(new Set(got.slice(0, 3)).size).toBe(3);
    expect(got[3]).toBe(got[0]);
  });
});

import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { CellGrant, Field } from '../../protocol/scope.ts';
import { canonicalId } from '../../src/agent/import/identity.ts';
import { NORMALISERS, type Normaliser } from '../../src/agent/normalisers.ts';
import { UNTUNED } from '../../src/agent/quality/tuning.ts';
import { parseRule } from '../../src/agent/rule.ts';
import { companyRecords, countCompanies, eachCompany } from '../../src/agent/store/companies.ts';
import { countAccounts, putPopulation } from '../../src/agent/store/lists.ts';
import { putTuning } from '../../src/agent/store/tuning.ts';
import { sharedPages } from '../../src/agent/sync/share.ts';
import { type OwnHome, ownHome } from '../support/own.ts';
import { ruleOf, scopeWith } from '../support/scopes.ts';

const [NEWEST] = NORMALISERS.slice(-1) as [Normaliser];

let own: OwnHome;
beforeEach(async () => {
  own = await ownHome();
});
afterEach(() => own.close());

const groups = () =>
  [...eachCompany(own.agent.store)]
    .map((records) => records.map(({ record }) => record.id))
    .sort((a, b) => (a.join() < b.join() ? -1 : 1));

describe('records of one company', () => {
  test('an equal domain and name, or an equal id, make one; the report names the lines', async () => {
    const summary = await own.load(
      [
        'id,name,website,lei',
        '7,Siemens AG,siemens.com,',
        '3,SIEMENS,www.siemens.com,',
        '5,Deutsche Bank,db.com,7LTWFZYICNSX8D621K86',
        '6,DB Privatbank,,7LTWFZYICNSX8D621K86',
        '8,Acme,acme.com,',
        '9,Acme,acme.org,',
        '10,Road Runner,acme.com,',
      ].join('\n'),
    );
    expect(groups()).toEqual([['10'], ['3', '7'], ['5', '6'], ['8'], ['9']]);
    expect(summary.merged).toEqual({
      count: 2,
      rows: [
        { line: 2, record: '7', into: '3' },
        { line: 5, record: '6', into: '5' },
      ],
    });
    expect([countAccounts(own.agent.store), countCompanies(own.agent.store)]).toEqual([7, 5]);
  });

  test('a former name counts as a name; records without a name are one by their domain', async () => {
    await own.load(
      'id,name,former name,website\n1,Meta,Facebook Inc;TheFacebook,meta.com\n2,Facebook,,meta.com\n3,,,x.de\n4,,,www.x.de\n',
    );
    expect(groups()).toEqual([
      ['1', '2'],
      ['3', '4'],
    ]);
  });

  test('two registers that contradict each other keep them apart', async () => {
    await own.load(
      'id,name,website,lei\n1,Acme,acme.com,7LTWFZYICNSX8D621K86\n2,Acme,acme.com,W22LROWP2IHZNBB6K528\n3,Acme,acme.com,\n',
    );
    expect(groups()).toEqual([['1', '3'], ['2']]);
  });

  test('an id that stands on many records under different names merges nothing', async () => {
    const rows = ['A', 'B', 'C', 'D', 'E', 'F'].map(
      (name, i) => `${i},${name}${name} Works,,7LTWFZYICNSX8D621K86`,
    );
    await own.load(['id,name,website,lei', ...rows].join('\n'));
    expect(groups()).toHaveLength(6);
    await own.load(['id,name,website,lei', ...rows.slice(0, 5)].join('\n'));
    expect(groups()).toHaveLength(1);
  });

  test('groups follow every import: a corrected record leaves, a removed one too, other sources join', async () => {
    await own.load('id,name,website\n1,Acme,acme.com\n2,Acme,acme.com\n');
    const again = await own.load('id,name,website\n1,Acme,acme.com\n2,Bolt,bolt.com\n');
    expect(again.merged.count).toBe(0);
    expect(groups()).toEqual([['1'], ['2']]);
    const other = await own.load('id,name,website\n0,ACME Inc.,https://acme.com/\n', 'other');
    expect(other.merged.count).toBe(0);
    expect(groups()).toEqual([['0', '1'], ['2']]);
    const unchanged = await own.load('id,name,website\n2,Bolt,bolt.com\n1,Acme,acme.com\n');
    expect(unchanged).toMatchObject({
      unchanged: 2,
      merged: { count: 1, rows: [{ line: 3, record: '1', into: '0' }] },
    });
    await own.load('id,name,website\n5,Other,other.com\n', 'other');
    expect(groups()).toEqual([['1'], ['2'], ['5']]);
  });

  test('at the level site places stay apart, and come together again', async () => {
    await own.load(
      'id,name,website,city\n1,Acme,acme.com,Berlin\n2,Acme,acme.com,Paris\n3,ACME,acme.com,Berlin\n',
    );
    expect(groups()).toEqual([['1', '2', '3']]);
    putTuning(own.agent.store, { ...UNTUNED, level: 'site' });
    expect(groups()).toEqual([['1', '3'], ['2']]);
    putTuning(own.agent.store, null);
    expect(groups()).toEqual([['1', '2', '3']]);
  });

  test('the records of a company are found by the key of any', async () => {
    await own.load('id,name,website\n2,Acme,acme.com\n1,Acme,acme.com\n3,Bolt,\n');
    const [first, second] = [...eachCompany(own.agent.store)].flat();
    for (const account of [first, second])
      expect(
        companyRecords(own.agent.store, account?.key ?? new Uint8Array()).map(({ record }) => record.id),
      ).toEqual(['1', '2']);
    expect(companyRecords(own.agent.store, new Uint8Array(16))).toEqual([]);
  });
});

describe('what leaves of a company with several records', () => {
  const grant = (
    population: string,
    fields: readonly Field[],
    whiteSpace: CellGrant['whiteSpace'] = 'none',
  ) => ruleOf(population, '*', { level: fields.length === 0 ? 'accounts' : 'fields', fields, whiteSpace });
  const shared = (...rules: ReturnType<typeof grant>[]) => {
    const scope = scopeWith({ rules });
    return [...sharedPages(own.agent.store, scope, NEWEST)].flat();
  };

  beforeEach(async () => {
    for (const [name, text] of [
      ['customers', 'type = Customer'],
      ['prospects', 'type = Prospect'],
    ] as const) {
      const rule = parseRule(text);
      if (rule.ok) putPopulation(own.agent.store, { name, text, rule: rule.value });
    }
    await own.load(
      [
        'id,name,former name,website,type,owner,country',
        '2,ACME GmbH,,acme.com,Customer,Cora,Germany',
        '1,Acme,,acme.com,Prospect,Pete,',
        '3,Acme,Roadworks,acme.com,Other,Otto,',
        '4,Bolt,,bolt.com,Customer,Ben,',
      ].join('\n'),
    );
  });

  test('it is one account in the populations of all its records', () => {
    const found = shared(grant('customers', []), grant('prospects', []));
    expect(found.map(({ account, populations }) => [account.record.id, populations])).toEqual([
      ['1', [0, 1]],
      ['4', [0]],
    ]);
  });

  test('a field is that of the first record whose own population grants it', () => {
    const both = shared(grant('customers', ['owner', 'type']), grant('prospects', ['type']));
    expect(both[0]?.fields).toEqual({ owner: 'Cora', type: 'Prospect' });
    expect(shared(grant('customers', ['account_name', 'owner']))[0]).toMatchObject({
      fields: { account_name: 'ACME GmbH', owner: 'Cora' },
      name: { populations: [] },
    });
    const named = shared(grant('customers', [], 'names'), grant('prospects', []))[0];
    expect(named?.name).toEqual({ text: 'ACME GmbH', populations: [0] });
  });

  test('a record of which nothing is granted gives nothing away', () => {
    const values = (found: ReturnType<typeof shared>) =>
      found[0]?.identifiers.flatMap(({ kind, value }) => (kind === 'name' ? [value] : []));
    expect(values(shared(grant('prospects', [])))).toEqual(['acme']);
    const everyone = parseRule('all');
    if (everyone.ok) putPopulation(own.agent.store, { name: 'customers', text: 'all', rule: everyone.value });
    expect(values(shared(grant('customers', [])))).toEqual(['acme', 'roadworks']);
  });

  test('one excluded record keeps the company back', () => {
    putTuning(own.agent.store, {
      ...UNTUNED,
      exclude: { records: ['3'], domains: [], names: [] },
    });
    expect(
      shared(grant('customers', []), grant('prospects', [])).map(({ account }) => account.record.id),
    ).toEqual(['4']);
  });
});

describe('the two forms of a Salesforce id', () => {
  const short = '0018d00000OrL5e';
  const long = '0018d00000OrL5eAAF';

  test('are one id, and case still counts', () => {
    expect(canonicalId(short)).toBe(long);
    expect(canonicalId(long)).toBe(long);
    expect(canonicalId('0018d00000OrL5E')).not.toBe(long);
    expect(canonicalId('0018d00000OrL5eAAA')).toBe('0018d00000OrL5eAAA');
    expect(canonicalId('12345')).toBe('12345');
  });

  test('are one record in a file, from import to import, and for opportunities', async () => {
    const twice = await own.load(`Account ID,Account Name\n${short},Acme\n${long},Acme\n`);
    expect(twice).toMatchObject({ added: 1, rejectedCount: 1, rejected: [{ line: 3 }] });
    const again = await own.load(`Account ID,Account Name\n${long},Acme\n`);
    expect(again).toMatchObject({ added: 0, removed: 0, changed: 1 });
    await own.load(
      `Opportunity ID,Opportunity Name,Account ID,Stage\n0068d000002oj5q,Big,${short},Open\n`,
      'deals',
    );
    expect([...eachCompany(own.agent.store)].flat().map(({ opportunities }) => opportunities.length)).toEqual(
      [1],
    );
  });
});

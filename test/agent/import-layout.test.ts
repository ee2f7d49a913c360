import { describe, expect, test } from 'vitest';
import { ImportError } from '../../src/agent/import/errors.ts';
import { type ColumnMap, parseMap, recogniseLayout } from '../../src/agent/import/layout.ts';

/** The layout with column names in place of positions. */
function named(columns: readonly string[], map?: ColumnMap) {
  const layout = recogniseLayout(columns, map);
  const name = (at: number | null) => (at === null ? null : columns[at]);
  return {
    name: layout.name,
    what: layout.what,
    id: name(layout.id),
    names: layout.names.map(name),
    domains: layout.domains.map(name),
    country: name(layout.country),
    accountId: name(layout.accountId),
    others: layout.otherNames.map(name),
    parents: layout.parents.map(name),
    ids: Object.fromEntries([...layout.companyIds].map(([at, kind]) => [columns[at], kind])),
    fields: Object.fromEntries([...layout.fields].map(([at, key]) => [key, columns[at]])),
  };
}

function failure(columns: readonly string[], map?: ColumnMap): ImportError {
  try {
    recogniseLayout(columns, map);
  } catch (error) {
    if (error instanceof ImportError) return error;
    throw error;
  }
  throw new Error('the layout was recognised');
}

describe('recogniseLayout', () => {
  test('Salesforce: a report of accounts', () => {
    const columns =
      'Account ID,Account Name,Account Owner,Type,Website,Billing Country,Billing City,Industry,Region';
    expect(named(columns.split(','))).toEqual({
      name: 'salesforce accounts',
      what: 'accounts',
      id: 'Account ID',
      names: ['Account Name'],
      domains: ['Website'],
      country: 'Billing Country',
      accountId: null,
      others: [],
      parents: [],
      ids: {},
      fields: {
        owner: 'Account Owner',
        type: 'Type',
        city: 'Billing City',
        industry: 'Industry',
        region: 'Region',
      },
    });
  });

  test('Salesforce: accounts by their API names', () => {
    const columns =
      'Id,Name,Type,Website,BillingCity,BillingCountry,OwnerId,Owner.Name,Owner.Email,ParentId,Tier__c';
    expect(named(columns.split(','))).toMatchObject({
      name: 'salesforce accounts',
      id: 'Id',
      names: ['Name'],
      country: 'BillingCountry',
      fields: { owner: 'Owner.Name', owner_email: 'Owner.Email', ownerid: 'OwnerId', tier_c: 'Tier__c' },
    });
  });

  test('Salesforce: a report of opportunities', () => {
    const columns =
      'Opportunity ID,Opportunity Name,Account ID,Account Name,Stage,Amount,Close Date,Opportunity Owner';
    expect(named(columns.split(','))).toEqual({
      name: 'salesforce opportunities',
      what: 'opportunities',
      id: 'Opportunity ID',
      names: [],
      domains: [],
      country: null,
      accountId: 'Account ID',
      others: [],
      parents: [],
      ids: {},
      fields: {
        opportunity_name: 'Opportunity Name',
        account_name: 'Account Name',
        stage: 'Stage',
        amount: 'Amount',
        close_date: 'Close Date',
        owner: 'Opportunity Owner',
      },
    });
  });

  test('Salesforce: opportunities by their API names', () => {
    expect(
      named('Id,AccountId,Name,StageName,Amount,CurrencyIsoCode,CloseDate,IsClosed'.split(',')),
    ).toMatchObject({
      name: 'salesforce opportunities',
      id: 'Id',
      accountId: 'AccountId',
      fields: { stage: 'StageName', currency: 'CurrencyIsoCode', is_closed: 'IsClosed' },
    });
  });

  test('HubSpot: companies', () => {
    const columns =
      'Record ID,Company name,Company Domain Name,Website URL,Country/Region,City,Industry,Lifecycle Stage,Company owner';
    expect(named(columns.split(','))).toMatchObject({
      name: 'hubspot companies',
      what: 'accounts',
      id: 'Record ID',
      names: ['Company name'],
      domains: ['Company Domain Name', 'Website URL'],
      country: 'Country/Region',
      fields: {
        lifecycle_stage: 'Lifecycle Stage',
        owner: 'Company owner',
        city: 'City',
        industry: 'Industry',
      },
    });
  });

  test('HubSpot: deals', () => {
    const columns =
      'Record ID,Deal Name,Deal Stage,Pipeline,Amount,Currency,Close Date,Deal owner,Associated Company IDs,Associated Company';
    expect(named(columns.split(','))).toMatchObject({
      name: 'hubspot deals',
      what: 'opportunities',
      id: 'Record ID',
      accountId: 'Associated Company IDs',
      fields: {
        opportunity_name: 'Deal Name',
        stage: 'Deal Stage',
        owner: 'Deal owner',
        associated_company: 'Associated Company',
      },
    });
  });

  test.each([
    ['a_id,company,website,city,state,sector,employees', 'a_id', ['company'], ['website']],
    ['b_id,name,homepage_url,foundation', 'b_id', ['name'], ['homepage_url']],
    ['a_id,security_name', 'a_id', ['security_name'], []],
    ['rank,name,domain', null, ['name'], ['domain']],
    ['company_name,web,url,country', null, ['company_name'], ['web', 'url']],
    ['Legal name,Company,owner_id', null, ['Legal name', 'Company'], []],
    ['parent_id,name,crm_ref_id', 'crm_ref_id', ['name'], []],
    ['name,x_id,y_id', null, ['name'], []],
    ['x_id,y_id,name', 'x_id', ['name'], []],
    ['website', null, [], ['website']],
  ])('a plain list: %s', (columns, id, names, domains) => {
    expect(named(columns.split(','))).toMatchObject({ name: 'generic accounts', id, names, domains });
  });

  test('a plain list of opportunities', () => {
    expect(named('id,account_id,stage,amount,close_date'.split(','))).toMatchObject({
      name: 'generic opportunities',
      accountId: 'account_id',
      id: 'id',
    });
  });

  test('what else says who a company is: places, other names, parents, ids', () => {
    const salesforce =
      'Account ID,Account Name,Former Name,DBA,Parent Account ID,Parent Account,Billing City,Billing State/Province,D-U-N-S Number,LEI,VAT Number,Company Registration Number,ISIN';
    expect(named(salesforce.split(','))).toMatchObject({
      names: ['Account Name'],
      others: ['Former Name', 'DBA'],
      parents: ['Parent Account ID', 'Parent Account'],
      ids: {
        'D-U-N-S Number': 'duns',
        LEI: 'lei',
        'VAT Number': 'vat',
        'Company Registration Number': 'registry',
        ISIN: 'isin',
      },
      fields: { city: 'Billing City', state: 'Billing State/Province' },
    });
  });

  test.each([
    [
      'HubSpot, German',
      'Datensatz-ID,Unternehmensname,Domänenname des Unternehmens,Stadt,Bundesland/Region,Land/Region,Branche,Übergeordnetes Unternehmen',
      [
        'Datensatz-ID',
        'Unternehmensname',
        'Domänenname des Unternehmens',
        'Land/Region',
        'Stadt',
        'Bundesland/Region',
      ],
      'Übergeordnetes Unternehmen',
    ],
    [
      'German list',
      'Kundennummer;Firma;Webseite;Ort;Bundesland;Land;Muttergesellschaft;USt-IdNr.;Handelsregisternummer',
      ['Kundennummer', 'Firma', 'Webseite', 'Land', 'Ort', 'Bundesland'],
      'Muttergesellschaft',
    ],
    [
      'Salesforce, French',
      'ID du compte,Nom du compte,Site Web,Ville de facturation,État/Province de facturation,Pays de facturation,Compte parent,N° TVA,SIREN',
      [
        'ID du compte',
        'Nom du compte',
        'Site Web',
        'Pays de facturation',
        'Ville de facturation',
        'État/Province de facturation',
      ],
      'Compte parent',
    ],
    [
      'HubSpot, Spanish',
      'ID de registro,Nombre de la empresa,Nombre de dominio de la empresa,Ciudad,Estado/región,País/región,Empresa matriz,NIF',
      [
        'ID de registro',
        'Nombre de la empresa',
        'Nombre de dominio de la empresa',
        'País/región',
        'Ciudad',
        'Estado/región',
      ],
      'Empresa matriz',
    ],
    [
      'Dynamics 365',
      '(Do Not Modify) Account,Account Name,Website,Address 1: City,Address 1: State/Province,Address 1: Country/Region,Parent Account,Relationship Type',
      [
        '(Do Not Modify) Account',
        'Account Name',
        'Website',
        'Address 1: Country/Region',
        'Address 1: City',
        'Address 1: State/Province',
      ],
      'Parent Account',
    ],
    [
      'Pipedrive',
      'Organization - ID,Organization - Name,Organization - Website,Organization - City/town/village/locality of Address,Organization - State/county of Address,Organization - Country of Address,Parent organization',
      [
        'Organization - ID',
        'Organization - Name',
        'Organization - Website',
        'Organization - Country of Address',
        'Organization - City/town/village/locality of Address',
        'Organization - State/county of Address',
      ],
      'Parent organization',
    ],
  ])('%s', (_, header, [id, name, domain, country, city, state], parent) => {
    const layout = named(header.split(header.includes(';') ? ';' : ','));
    expect(layout).toMatchObject({ id, names: [name], domains: [domain], country, parents: [parent] });
    expect(layout.fields).toMatchObject({ city, state });
  });

  test('ids in other languages', () => {
    const columns = [
      'Name',
      'USt-IdNr.',
      'Numéro de TVA',
      'NIF',
      'Numéro SIREN',
      'Handelsregisternummer',
      'KvK-nummer',
    ];
    expect(named(columns).ids).toEqual({
      'USt-IdNr.': 'vat',
      'Numéro de TVA': 'vat',
      NIF: 'vat',
      'Numéro SIREN': 'registry',
      Handelsregisternummer: 'registry',
      'KvK-nummer': 'registry',
    });
  });

  test('a column that often says yes or no is the name only where no other is', () => {
    expect(named(['id', 'Kunde', 'Land'])).toMatchObject({ names: ['Kunde'] });
    expect(named(['id', 'Name', 'Customer', 'Client'])).toMatchObject({
      names: ['Name'],
      fields: { customer: 'Customer', client: 'Client' },
    });
  });

  test('a map reaches them too, several columns of one meaning included', () => {
    const map = {
      Alt: 'other_name',
      Früher: 'other_name',
      Konzernnr: 'parent',
      HR: 'registry',
      Gebiet: 'state',
    } as const;
    expect(named(['Name', 'Alt', 'Früher', 'Konzernnr', 'HR', 'Gebiet'], map)).toMatchObject({
      others: ['Alt', 'Früher'],
      parents: ['Konzernnr'],
      ids: { HR: 'registry' },
      fields: { state: 'Gebiet' },
    });
  });

  test('attributes of one key do not hide each other, nor what a record has anyway', () => {
    expect(named(['name', 'Tier (A)', 'tier a', 'Country', 'Country code', '#', '%']).fields).toEqual({
      tier_a: 'Tier (A)',
      tier_a_2: 'tier a',
      country_code: 'Country code',
      column: '#',
      column_2: '%',
    });
  });

  test('a map decides, and finds columns in another spelling', () => {
    const map = { Kunde: 'name', 'kunden NR': 'id', Notiz: 'ignore', Land: 'country', Art: 'type' } as const;
    expect(named(['Kunden-Nr', 'Kunde', 'Notiz', 'Land', 'Art', 'type', 'id'], map)).toMatchObject({
      id: 'Kunden-Nr',
      names: ['Kunde'],
      country: 'Land',
      fields: { type: 'Art', type_2: 'type', id_2: 'id' },
    });
  });

  test('a map can make opportunities of a file, and take a column out', () => {
    expect(named(['nr', 'kunde'], { kunde: 'account_id', nr: 'id' }).what).toBe('opportunities');
    expect(named(['name', 'company'], { company: 'ignore' })).toMatchObject({ names: ['name'], fields: {} });
  });

  test('without a name or domain the error shows the columns and the option', () => {
    const error = failure(['foo', 'bar baz']);
    expect(error.code).toBe('no_identity');
    expect(error.message).toContain('"foo", "bar baz"');
    expect(error.hint).toContain('--map "COLUMN=name"');
  });

  test('opportunities without an account', () => {
    const error = failure(['Opportunity Name', 'Stage']);
    expect(error.code).toBe('no_account');
    expect(error.hint).toContain('=account_id"');
  });

  test.each([
    [{ nothing: 'name' }],
    [{ name: 'id', website: 'id' }],
    [{ name: 'id', Name: 'name' }],
  ] as const)('the map %j does not fit', (map) => {
    expect(failure(['name', 'website'], map as unknown as ColumnMap).code).toBe('bad_map');
  });
});

describe('parseMap', () => {
  test('reads the arguments of --map', () => {
    expect(parseMap(['Kunde = name', 'a=b=domain'])).toEqual({ Kunde: 'name', 'a=b': 'domain' });
  });

  test.each(['name', '=name', 'x=', 'x=nome', ''])('%j says nothing', (text) => {
    expect(() => parseMap([text])).toThrow(expect.objectContaining({ code: 'bad_map' }));
  });
});

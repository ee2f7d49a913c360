import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { checkList } from '../../src/agent/quality/check.ts';
import { fits } from '../../src/agent/quality/findings.ts';
import { UNTUNED } from '../../src/agent/quality/tuning.ts';
import { putTuning } from '../../src/agent/store/tuning.ts';
import { type OwnHome, ownHome } from '../support/own.ts';

let own: OwnHome;
beforeEach(async () => {
  own = await ownHome();
});
afterEach(() => own.close());
const check = () => checkList(own.agent.store, () => undefined);

const LIST = [
  'id,name,website,city,country,lei',
  '1,Siemens,siemens.com,,,',
  '2,SIEMENS AG,siemens.com,,,',
  '3,Acme,,,,',
  '4,Bolt,,Berlin,Germany,',
  '5,Nut,linkedin.com/company/nut,,,',
  '6,Screw,joe@gmail.com,,,',
  '7,Gear,not a site,,,',
  '8,Washer,,,Atlantis,',
  '9,Spring,,,,123',
  '10,,facebook.com/x,,,',
  '11,Alpha,landlord.com,,,',
  '12,Beta,landlord.com,,,',
  '13,Gamma,landlord.com,,,',
  '14,Delta,landlord.com,,,',
  '15,Hex North,hex.com,,,',
  '16,Hex South,hex.com,,,',
  '17,Twin,twin.com,,,',
  '18,Twin,twin.org,,,',
  '19,Stray,hex.com,,,',
].join('\n');

describe('checkList', () => {
  test('counts records, accounts and what they are known by', async () => {
    await own.load(LIST);
    const report = check();
    expect(report).toMatchObject({ records: 19, accounts: 18, excluded: 0 });
    expect(report.have).toMatchObject({ domain: 10, name: 17, lei: 0, name_country: 1, name_city: 1 });
    expect(report.best.confirmed + report.best.review + report.best.none).toBe(18);
    expect(report.best.none).toBe(1);
    expect(report.bestBy).toMatchObject({ domain: 3, domain_and_name: 7, name_and_city: 1 });
  });

  test('names what to mend, the largest gain first, with record ids', async () => {
    await own.load(LIST);
    const { fixes } = check();
    const of = (code: string) => fixes.find((fix) => fix.code === code);
    expect(of('nothing_usable')).toMatchObject({ accounts: 1, gain: 1, records: ['10'] });
    expect(of('no_website')).toMatchObject({ accounts: 4, gain: 3 });
    expect(of('no_website')?.records).toEqual(['3', '8', '9', '4']);
    expect(of('website_on_shared_host')).toMatchObject({ records: ['10', '5'], gain: 1 });
    expect(of('free_mail_as_domain')).toMatchObject({ records: ['6'] });
    expect(of('unreadable_website')).toMatchObject({ records: ['7'] });
    expect(of('unknown_country')).toMatchObject({ records: ['8'] });
    expect(of('wrong_id')).toMatchObject({ records: ['9'] });
    expect(of('crowded_domain')).toMatchObject({ accounts: 7, gain: 0 });
    const gains = fixes.map(({ gain }) => gain);
    expect(gains).toEqual([...gains].sort((a, b) => b - a));
  });

  test('shows suspicious domains and likely duplicates', async () => {
    await own.load(LIST);
    const { crowded, foreign, likelyDuplicates } = check();
    expect(crowded).toEqual([
      { value: 'landlord.com', accounts: 4, records: ['11', '12', '13', '14'] },
      { value: 'hex.com', accounts: 3, records: ['15', '16', '19'] },
    ]);
    expect(foreign).toEqual([
      { value: 'landlord.com', accounts: 4, records: ['11', '12', '13', '14'] },
      { value: 'hex.com', accounts: 1, records: ['19'] },
    ]);
    expect(likelyDuplicates.byName).toEqual([{ value: 'Twin', accounts: 2, records: ['17', '18'] }]);
    expect(likelyDuplicates.byDomain).toEqual([]);
    await own.load('id,name,website\n15,Hex North,hex.com\n16,Hex South,hex.com\n');
    expect(check().likelyDuplicates.byDomain).toEqual([
      { value: 'hex.com', accounts: 2, records: ['15', '16'] },
    ]);
  });

  test('excluded accounts are counted apart; a second check starts afresh; an empty list has nothing', async () => {
    expect(check()).toMatchObject({ records: 0, accounts: 0, fixes: [], crowded: [] });
    await own.load('id,name,website\n1,Acme,acme.com\n2,Bolt,\n');
    putTuning(own.agent.store, { ...UNTUNED, exclude: { records: [], domains: ['acme.com'], names: [] } });
    for (let i = 0; i < 2; i++)
      expect(check()).toMatchObject({ accounts: 2, excluded: 1, best: { review: 1 }, have: { domain: 0 } });
  });

  test('tells its progress', async () => {
    await own.load(LIST);
    const seen: number[][] = [];
    checkList(own.agent.store, (done, total) => void seen.push([done, total]));
    expect(seen).toHaveLength(18);
    expect(seen.at(-1)).toEqual([18, 18]);
  });
});

test.each([
  ['siemens.com', 'Siemens AG', true],
  ['bmw.de', 'Bayerische Motoren Werke', true],
  ['bmwgroup.com', 'Bayerische Motoren Werke', true],
  ['ge.com', 'General Electric', true],
  ['hewlett-packard.com', 'Hewlett Packard Enterprise', true],
  ['societe-generale.fr', 'Société Générale', true],
  ['landlord.com', 'Alpha', false],
  ['abc.xyz', 'Google', false],
])('%s fits %s: %s', (domain, name, expected) => {
  expect(fits(domain, { names: [name], domains: [] })).toBe(expected);
});

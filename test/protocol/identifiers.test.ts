import { describe, expect, test } from 'vitest';
import { normaliseDuns } from '../../protocol/identifiers/duns.ts';
import {
  countryOfRegion,
  evaluatedKindOf,
  identify,
  isStrong,
  KINDS,
  kindNumber,
  kindOf,
  MAX_DERIVED,
  MAX_IDENTIFIERS,
  nameForms,
  nameKey,
  normaliseCity,
  normaliseCountry,
  normaliseDomain,
  normaliseName,
} from '../../protocol/identifiers/index.ts';
import { normaliseIsin } from '../../protocol/identifiers/isin.ts';
import { normaliseLei } from '../../protocol/identifiers/lei.ts';
import { normaliseRegistry } from '../../protocol/identifiers/registry.ts';
import { normaliseVat } from '../../protocol/identifiers/vat.ts';
import { refuse } from '../../protocol/result.ts';
import vectors from '../../protocol/vectors/normaliser.json' with { type: 'json' };

type Case = { raw: string; value?: string; reason?: string };
type NumberCase = Case & { country: string | null };

/** What a vector says the normaliser gives back. */
function expected({ value, reason }: Case) {
  return value === undefined ? refuse(reason ?? 'vector without result') : { ok: true, value };
}

function reasons(cases: readonly Case[]): string[] {
  return [...new Set(cases.flatMap(({ reason }) => reason ?? []))].sort();
}

describe('vectors', () => {
  test.each(vectors.domain as Case[])('domain of $raw', (entry) => {
    expect(normaliseDomain(entry.raw)).toEqual(expected(entry));
  });

  test.each(vectors.name as (Case & { key?: string })[])('name of $raw', (entry) => {
    expect(normaliseName(entry.raw)).toEqual(expected(entry));
    if (entry.value !== undefined) expect(nameKey(entry.value)).toBe(entry.key);
  });

  test.each(vectors.forms)('forms of $raw', ({ raw, value }) => {
    expect(nameForms(raw)).toEqual(value);
  });

  test.each(vectors.region)('country of the region $raw', ({ raw, value }) => {
    expect(countryOfRegion(raw)).toBe(value);
  });

  test.each(vectors.city)('city of $raw', ({ raw, value }) => {
    expect(normaliseCity(raw)).toBe(value);
  });

  test.each(vectors.lei as Case[])('LEI of $raw', (entry) => {
    expect(normaliseLei(entry.raw)).toEqual(expected(entry));
  });

  test.each(vectors.isin as Case[])('ISIN of $raw', (entry) => {
    expect(normaliseIsin(entry.raw)).toEqual(expected(entry));
  });

  test.each(vectors.duns as Case[])('D-U-N-S number of $raw', (entry) => {
    expect(normaliseDuns(entry.raw)).toEqual(expected(entry));
  });

  test.each(vectors.vat as NumberCase[])('VAT number of $raw in $country', (entry) => {
    expect(normaliseVat(entry.raw, entry.country)).toEqual(expected(entry));
  });

  test.each(vectors.registry as NumberCase[])('registry number of $raw in $country', (entry) => {
    expect(normaliseRegistry(entry.raw, entry.country)).toEqual(expected(entry));
  });

  test.each(vectors.country)('country of $raw', ({ raw, value }) => {
    expect(normaliseCountry(raw)).toBe(value);
  });

  test.each(vectors.account)('identifiers of an account, case %#', ({ account, ...identity }) => {
    expect(identify(account)).toEqual(identity);
  });

  test('have every reason of a refusal', () => {
    expect(reasons(vectors.domain)).toEqual(
      ['empty', 'free_mail', 'ip_address', 'no_registrable_domain', 'not_a_host', 'shared_host'].sort(),
    );
    expect(reasons(vectors.name)).toEqual(['empty', 'nothing_left', 'too_long']);
    expect(reasons(vectors.vat)).toEqual(['empty', 'unknown_country', 'wrong_check_digit', 'wrong_form']);
  });
});

describe('kinds', () => {
  test('have fixed numbers', () => {
    expect(KINDS.map((kind) => [kind, kindNumber(kind)])).toEqual([
      ['domain', 1],
      ['name', 2],
      ['lei', 3],
      ['vat', 4],
      ['duns', 5],
      ['isin', 6],
      ['registry', 7],
      ['name_country', 8],
      ['name_city', 9],
      ['name_site', 10],
      ['name_full', 11],
    ]);
    for (const kind of KINDS) expect(kindOf(kindNumber(kind))).toBe(kind);
  });

  test.each([0, 12, -1, 255, 1.5, Number.NaN])('have no number %d', (number) => {
    expect(kindOf(number)).toBeNull();
    expect(evaluatedKindOf(number)).toBeNull();
  });

  test('a name alone confirms nothing, and a derived kind is not evaluated', () => {
    expect(isStrong('name')).toBe(false);
    expect(isStrong('domain')).toBe(true);
    expect(evaluatedKindOf(8)).toBeNull();
  });
});

describe('names', () => {
  const same = (...raws: string[]) =>
    new Set(raws.map((raw) => JSON.stringify(normaliseName(raw)))).size === 1;

  test.each([
    ['Siemens AG', 'SIEMENS AKTIENGESELLSCHAFT', 'Siemens Aktiengesellschaft, AG'],
    ['A.P. Møller - Mærsk A/S', 'AP Moller Maersk', 'A. P. Moller-Maersk AS'],
    ["McDonald's Corporation", 'McDonald’s Corp.', 'MCDONALDS CORP'],
    ['Procter & Gamble Company (The)', 'The Procter and Gamble Co.', 'PROCTER & GAMBLE Co /OH/'],
    ['Berkshire Hathaway Inc. Class B', 'Berkshire Hathaway Inc', 'BERKSHIRE HATHAWAY INC /DE'],
    ['ソニーグループ株式会社', '株式会社ソニーグループ', 'ｿﾆｰｸﾞﾙｰﾌﾟ㈱'],
    [
      'Petróleo Brasileiro S.A.',
      'PETROLEO BRASILEIRO S/A',
      'Petroleo Brasileiro SA American Depositary Shares',
    ],
    ['Tenaga Nasional Berhad', 'Tenaga Nasional Bhd'],
    ['Atlassian Pty Ltd', 'Atlassian Pty. Limited', 'ATLASSIAN (PTY) LTD'],
  ])('%s has one spelling', (...raws) => {
    expect(same(...raws)).toBe(true);
  });

  test.each([
    ['Merck & Co., Inc.', 'Merck KGaA'],
    ['First Bank Holdings', 'First Bank'],
    ['Delta Air Lines', 'Delta Electronics'],
    ['ハス', 'パス'],
  ])('%s is not %s', (a, b) => {
    expect(same(a, b)).toBe(false);
  });
});

test.each(['Constructor', 'The Prototype', 'toString', '__proto__ Inc'])(
  '%s is a name as any other',
  (raw) => {
    const city = raw;
    const { identifiers, derived } = identify({ names: [raw, `New ${raw}`], domains: [], city });
    expect([...identifiers, ...derived].every(({ value }) => /^[a-z0-9 ]+$/.test(value))).toBe(true);
  },
);

describe('accounts', () => {
  const company = (i: number) => `company${i}.com`;
  const domains = Array.from({ length: 10 }, (_, i) => company(i));

  test('have at most eight identifiers, the name behind three domains, and say what was left out', () => {
    const { identifiers, problems } = identify({ names: ['Acme'], domains, country: 'de' });
    expect(identifiers.map(({ value }) => value)).toEqual([
      ...domains.slice(0, 3),
      'acme',
      ...domains.slice(3, MAX_IDENTIFIERS - 1),
    ]);
    expect(problems).toEqual(Array.from({ length: 3 }, () => ({ field: 'domain', reason: 'too_many' })));
  });

  test('have at most eight derived facts, all of names among the identifiers', () => {
    const names = Array.from({ length: 12 }, (_, i) => `Acme ${String.fromCharCode(97 + i)}x`);
    const { identifiers, derived } = identify({ names, domains: [], country: 'de', city: 'Bonn' });
    expect(derived).toHaveLength(MAX_DERIVED);
    for (const { of } of derived) expect(identifiers).toContainEqual({ kind: 'name', value: of });
  });

  test('a number with a wrong check digit is a problem and no identifier', () => {
    expect(identify({ names: [], domains: [], ids: { lei: ['HWUPKR0MPOU8FGXBT395'] } })).toEqual({
      identifiers: [],
      derived: [],
      problems: [{ field: 'lei', reason: 'wrong_check_digit' }],
    });
  });

  test('a region gives the country only where none is given', () => {
    const country = (facts: { country?: string; region?: string }) =>
      identify({ names: ['Acme'], domains: [], ...facts }).derived.map(({ value }) => value);
    expect(country({ region: 'CA' })).toEqual(['US']);
    expect(country({ country: 'Canada', region: 'CA' })).toEqual(['CA']);
    expect(country({ country: 'Atlantis', region: 'CA' })).toEqual([]);
  });

  test('a blank country is no problem', () => {
    expect(identify({ names: [], domains: [], country: '  ' })).toEqual({
      identifiers: [],
      derived: [],
      problems: [],
    });
  });
});

import { describe, expect, test } from 'vitest';
import {
  identify,
  KINDS,
  kindNumber,
  kindOf,
  MAX_IDENTIFIERS,
  normaliseCountry,
  normaliseDomain,
  normaliseName,
  STRONG_KINDS,
} from '../../protocol/identifiers/index.ts';
import { refuse } from '../../protocol/result.ts';
import vectors from '../../protocol/vectors/normaliser.json' with { type: 'json' };

type Case = { raw: string; value?: string; reason?: string };

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

  test.each(vectors.name as Case[])('name of $raw', (entry) => {
    expect(normaliseName(entry.raw)).toEqual(expected(entry));
  });

  test.each(vectors.country)('country of $raw', ({ raw, value }) => {
    expect(normaliseCountry(raw)).toBe(value);
  });

  test.each(vectors.account)('identifiers of an account, case %#', ({ account, identifiers, problems }) => {
    expect(identify(account)).toEqual({ identifiers, problems });
  });

  test('have every reason of a refusal', () => {
    expect(reasons(vectors.domain)).toEqual(
      ['empty', 'free_mail', 'ip_address', 'no_registrable_domain', 'not_a_host', 'shared_host'].sort(),
    );
    expect(reasons(vectors.name)).toEqual(['empty', 'nothing_left', 'too_long']);
  });
});

describe('kinds', () => {
  test('have fixed numbers', () => {
    expect(KINDS.map((kind) => [kind, kindNumber(kind)])).toEqual([
      ['domain', 1],
      ['name', 2],
    ]);
    for (const kind of KINDS) expect(kindOf(kindNumber(kind))).toBe(kind);
  });

  test.each([0, 3, -1, 255, 1.5, Number.NaN])('have no number %d', (number) => {
    expect(kindOf(number)).toBeNull();
  });

  test('a name alone confirms nothing', () => {
    expect(STRONG_KINDS).toEqual(['domain']);
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

describe('accounts', () => {
  test('have at most eight identifiers, domains first, and say what was left out', () => {
    const domains = Array.from({ length: 10 }, (_, i) => `company${i}.com`);
    const { identifiers, problems } = identify({ names: ['Acme'], domains, country: 'de' });
    expect(identifiers).toEqual(
      domains.slice(0, MAX_IDENTIFIERS).map((value) => ({ kind: 'domain', value })),
    );
    expect(problems).toEqual([
      { field: 'domain', reason: 'too_many' },
      { field: 'domain', reason: 'too_many' },
      { field: 'name', reason: 'too_many' },
      { field: 'name', reason: 'too_many' },
    ]);
  });

  test('a blank country is no problem', () => {
    expect(identify({ names: [], domains: [], country: '  ' })).toEqual({ identifiers: [], problems: [] });
  });
});

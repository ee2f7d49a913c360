import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { ABBREVIATIONS, GIVEN_NAMES } from '../../protocol/identifiers/abbreviations.ts';
import { COUNTRIES } from '../../protocol/identifiers/country.ts';
import { fold, words } from '../../protocol/identifiers/fold.ts';
import { SHARED_HOSTS } from '../../protocol/identifiers/hosts.ts';
import { NORMALISER_DATA, NORMALISER_VERSION, normaliseCountry } from '../../protocol/identifiers/index.ts';
import { LEGAL_FORMS } from '../../protocol/identifiers/legal-forms.ts';
import { FREE_MAIL } from '../../protocol/identifiers/mail.ts';
import { CITIES, countryOfRegion, normaliseCity, REGIONS } from '../../protocol/identifiers/places.ts';
import { HOST_WORDS, PATH_WORDS, SITE_WORDS } from '../../protocol/identifiers/site.ts';
import vectors from '../../protocol/vectors/normaliser.json' with { type: 'json' };

function sha256(data: string | Uint8Array): string {
  return createHash('sha256').update(data).digest('hex');
}

function canonical(...tables: ReadonlySet<string>[]): string {
  return tables
    .flatMap((table) => [...table])
    .sort()
    .join('\n');
}

test('the pinned hashes are those of the data', () => {
  const trie = new URL('../../node_modules/tldts/dist/es6/src/data/trie.js', import.meta.url);
  const letters = new URL('../../node_modules/any-ascii/block.js', import.meta.url);
  expect(NORMALISER_DATA).toEqual({
    publicSuffixList: sha256(readFileSync(trie)),
    sharedHosts: sha256(canonical(SHARED_HOSTS)),
    freeMail: sha256(canonical(FREE_MAIL)),
    legalForms: sha256(canonical(LEGAL_FORMS, COUNTRIES)),
    letters: sha256(readFileSync(letters)),
    words: sha256(canonical(ABBREVIATIONS, GIVEN_NAMES, REGIONS, CITIES, SITE_WORDS, PATH_WORDS, HOST_WORDS)),
  });
});

test('the vectors are of this version and data', () => {
  expect(vectors.version).toBe(NORMALISER_VERSION);
  expect(vectors.data).toEqual(NORMALISER_DATA);
});

describe('tables', () => {
  const host = /^[a-z0-9-]+(?:\.[a-z0-9-]+)*\.(?:[a-z]+|\*)$/;

  test('shared hosts are hosts or brands, and none is a mail domain', () => {
    for (const entry of SHARED_HOSTS) {
      expect(entry).toMatch(host);
      expect(FREE_MAIL.has(entry), entry).toBe(false);
    }
  });

  test('mail domains are hosts or brands, marked as mail only or not, never both', () => {
    for (const entry of FREE_MAIL) {
      expect(entry.replace('@', '')).toMatch(host);
      expect(entry.startsWith('@') && FREE_MAIL.has(entry.slice(1)), entry).toBe(false);
    }
  });

  test('legal forms are written as the normaliser writes words, each once for a use', () => {
    const seen = new Set<string>();
    for (const line of LEGAL_FORMS) {
      const use = line.slice(0, line.indexOf(' '));
      expect(['end', 'start', 'any', 'affix', 'native', 'listing', 'security', 'generic']).toContain(use);
      for (const phrase of line.slice(use.length + 1).split('|')) {
        expect(seen.has(`${use} ${phrase}`), phrase).toBe(false);
        seen.add(`${use} ${phrase}`);
        const list = phrase.split(' ');
        expect(words(fold(phrase))).toEqual(list);
        if (['affix', 'native', 'security', 'generic'].includes(use)) expect(list).toHaveLength(1);
      }
    }
    expect(seen.size).toBeGreaterThan(800);
  });

  test('every name and code of a country is found, and is the name of one country only', () => {
    const seen = new Set<string>();
    for (const line of COUNTRIES) {
      const [codes = '', ...names] = line.split('|');
      expect(codes).toMatch(/^[a-z]{2} [a-z]{3}$/);
      expect(names.length).toBeGreaterThan(0);
      for (const name of [...codes.split(' '), ...names]) {
        expect(seen.has(name), name).toBe(false);
        seen.add(name);
        expect(normaliseCountry(name), name).toBe(codes.slice(0, 2).toUpperCase());
      }
    }
    // The 249 countries of ISO 3166-1, and Kosovo.
    expect(COUNTRIES.size).toBe(250);
  });

  test('abbreviations are folded words, each of one line only', () => {
    const seen = new Set<string>();
    for (const word of [...ABBREVIATIONS].flatMap((line) => line.split(' '))) {
      expect(words(fold(word))).toEqual([word]);
      expect(seen.has(word), word).toBe(false);
      seen.add(word);
    }
  });

  test('given names and the words of sites are small letters and digits', () => {
    for (const word of [...GIVEN_NAMES, ...SITE_WORDS, ...PATH_WORDS, ...HOST_WORDS])
      expect(word).toMatch(/^[a-z0-9]+$/);
  });

  test('a region is found by code and name and is in one country', () => {
    for (const line of REGIONS) {
      const [codes = '', ...names] = line.split('|');
      const [country = '', code = ''] = codes.split(' ');
      for (const name of [code, ...names]) expect(countryOfRegion(name), name).toBe(country.toUpperCase());
    }
  });

  test('a city has one name, and no name is that of two', () => {
    const seen = new Set<string>();
    for (const line of CITIES) {
      const [name = '', ...others] = line.split('|');
      for (const other of [name, ...others]) {
        expect(seen.has(other), other).toBe(false);
        seen.add(other);
        expect(normaliseCity(other), other).toBe(name);
      }
    }
  });
});

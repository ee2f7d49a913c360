import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { COUNTRIES } from '../../protocol/identifiers/country.ts';
import { fold, words } from '../../protocol/identifiers/fold.ts';
import { SHARED_HOSTS } from '../../protocol/identifiers/hosts.ts';
import { NORMALISER_DATA, NORMALISER_VERSION, normaliseCountry } from '../../protocol/identifiers/index.ts';
import { LEGAL_FORMS } from '../../protocol/identifiers/legal-forms.ts';
import { FREE_MAIL } from '../../protocol/identifiers/mail.ts';
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
  expect(NORMALISER_DATA).toEqual({
    publicSuffixList: sha256(readFileSync(trie)),
    sharedHosts: sha256(canonical(SHARED_HOSTS)),
    freeMail: sha256(canonical(FREE_MAIL)),
    legalForms: sha256(canonical(LEGAL_FORMS, COUNTRIES)),
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

  test('legal forms are written as the normaliser writes words', () => {
    for (const line of LEGAL_FORMS) {
      const [use = '', ...phrase] = line.split(' ');
      expect(['end', 'start', 'affix', 'listing']).toContain(use);
      expect(words(fold(phrase.join(' ')))).toEqual(phrase);
      expect(phrase.length).toBeGreaterThan(0);
      expect(phrase.length).toBeLessThanOrEqual(use === 'affix' ? 1 : 5);
    }
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
});

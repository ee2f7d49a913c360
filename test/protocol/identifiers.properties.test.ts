import fc from 'fast-check';
import { expect, test } from 'vitest';
import { utf8 } from '../../protocol/bytes.ts';
import {
  identify,
  MAX_DERIVED,
  MAX_IDENTIFIERS,
  nameForms,
  normaliseCountry,
  normaliseDomain,
  normaliseName,
} from '../../protocol/identifiers/index.ts';
import { LEGAL_FORMS } from '../../protocol/identifiers/legal-forms.ts';

const RUNS = { numRuns: 20_000 };
const piece = fc.string({ unit: 'binary', maxLength: 4 });

const namePart = fc.oneof(
  piece,
  fc.constantFrom(...[...LEGAL_FORMS].flatMap((line) => line.slice(line.indexOf(' ') + 1).split('|'))),
  fc.constantFrom(
    'the',
    'and',
    '&',
    '+',
    '.',
    '/',
    '\\',
    '(',
    ')',
    'class a',
    'a',
    'B',
    'S.A.',
    '㈱',
    '´',
    '/DE/',
  ),
  fc.constantFrom('É', 'İ', 'ß', 'ﬁ', 'が', 'ｶﾞ', 'ŉ', 'Σ', 'ϒ', '각', 'ᆨ', 'K', '\u0345', '\u20dd', '\ufe0f'),
);
const rawName = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.array(namePart, { maxLength: 8 }).map((parts) => parts.join(' ')),
  fc.array(namePart, { maxLength: 8 }).map((parts) => parts.join('')),
);

const hostPart = fc.oneof(
  piece,
  fc.constantFrom(
    'http://',
    'mailto:',
    '@',
    '.',
    ':',
    '/',
    '?',
    '#',
    '[',
    ']',
    '<',
    '>',
    '%',
    '_',
    '-',
    '。',
  ),
  fc.constantFrom('.com', '.co.uk', '.github.io', 'www.', 'foo', 'ß', 'İ', '例', 'xn--', '1', '\u00ad'),
);
const rawHost = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.array(hostPart, { maxLength: 8 }).map((parts) => parts.join('')),
);
const rawNumber = fc.oneof(piece, fc.stringMatching(/^[A-Z]{0,3}[0-9]{0,14}[A-Z]?$/));
const label = fc.stringMatching(/^[a-z][a-z0-9]{0,10}$/);
const suffix = fc.constantFrom('com', 'de', 'co.uk', 'com.au', 'io', 'github.io', '公司.cn');
const host = fc.tuple(label, suffix).map((parts) => parts.join('.'));

test('a normalised name is stable, NFKC, lower case, trimmed and bounded', () => {
  fc.assert(
    fc.property(rawName, (raw) => {
      const name = normaliseName(raw);
      if (!name.ok) return;
      const { value } = name;
      expect(normaliseName(value)).toEqual(name);
      expect(value.normalize('NFKC')).toBe(value);
      expect(value.toLowerCase()).toBe(value);
      expect(value).toMatch(/^[\p{L}\p{M}\p{N}]+(?: [\p{L}\p{M}\p{N}]+)*$/u);
      expect(utf8(value).length).toBeLessThanOrEqual(200);
    }),
    RUNS,
  );
});

test('a sign without a Latin value stays with the mark that it carries', () => {
  expect(normaliseName('\u044a\ua66f')).toEqual({ ok: true, value: '\u044a\ua66f' });
});

test('a normalised domain is stable and a plain host', () => {
  fc.assert(
    fc.property(rawHost, (raw) => {
      const domain = normaliseDomain(raw);
      if (!domain.ok) return;
      expect(normaliseDomain(domain.value)).toEqual(domain);
      expect(domain.value).toMatch(/^[a-z0-9-]+(?:\.[a-z0-9-]+)+$/);
    }),
    RUNS,
  );
});

test('what decorates a URL never changes the domain', () => {
  const scheme = fc.constantFrom('', 'http://', 'https://', 'HTTPS://', '//', 'http://https://');
  const user = fc.constantFrom('', 'user@', 'user:secret@');
  const before = fc.constantFrom('', 'www.', 'shop.eu.');
  const after = fc.constantFrom('', '.', ':8080', '.:443', '/', '/a@b.org', '?q=http://b.org', '#x', '\\y');
  const space = fc.constantFrom('', ' ', '\t', '\u00a0');
  const decorated = fc.tuple(scheme, user, before, after, space, fc.boolean());
  fc.assert(
    fc.property(host, decorated, (plain, [start, name, sub, end, blank, upper]) => {
      const domain = normaliseDomain(plain);
      // A user's name without a scheme makes an e-mail address, which may be refused where the host is not.
      fc.pre(domain.ok && !(start === '' && name !== ''));
      const written = upper ? plain.toUpperCase() : plain;
      expect(normaliseDomain(`${blank}${start}${name}${sub}${written}${end}${blank}`)).toEqual(domain);
    }),
    { numRuns: 3_000 },
  );
});

test('case, outer space and a legal form never change a name', () => {
  const words = fc.array(fc.stringMatching(/^[a-z]{4,9}[0-9]$/), { minLength: 1, maxLength: 4 });
  const form = fc.constantFrom(
    '',
    ' Inc.',
    ', LLC',
    ' GmbH & Co. KG',
    ' S.A. de C.V.',
    ' Corp /DE/',
    ' Common Stock',
  );
  fc.assert(
    fc.property(words, form, fc.boolean(), (list, end, upper) => {
      const plain = list.join(' ');
      expect(normaliseName(` ${upper ? plain.toUpperCase() : plain}${end}\n`)).toEqual({
        ok: true,
        value: plain,
      });
    }),
    { numRuns: 2_000 },
  );
});

test('any text is taken without an exception, each identifier once, at most eight', () => {
  fc.assert(
    fc.property(
      fc.array(rawName),
      fc.array(rawHost),
      rawName,
      rawNumber,
      (names, domains, country, number) => {
        const ids = { lei: [number], vat: [number], duns: [number], isin: [number], registry: [number] };
        const facts = { names, formerNames: names, domains, country, region: country, city: country, ids };
        const { identifiers, derived, problems } = identify(facts);
        const values = new Set(identifiers.flatMap(({ kind, value }) => (kind === 'name' ? [value] : [])));
        expect(derived.every(({ of, value }) => values.has(of) && value !== '')).toBe(true);
        expect(derived.length).toBeLessThanOrEqual(MAX_DERIVED);
        expect(new Set(identifiers.map(({ kind, value }) => `${kind} ${value}`)).size).toBe(
          identifiers.length,
        );
        expect(identifiers.length).toBeLessThanOrEqual(MAX_IDENTIFIERS);
        expect(problems.every(({ reason }) => reason.length > 0)).toBe(true);
        expect(normaliseCountry(country) ?? 'ZZ').toMatch(/^[A-Z]{2}$/);
      },
    ),
    { numRuns: 2_000 },
  );
});

test.each([
  'a'.repeat(1_000_000),
  '.'.repeat(1_000_000),
  'a.'.repeat(500_000),
  '('.repeat(1_000_000),
  `${'http://'.repeat(150_000)}x`,
  `x${' inc'.repeat(250_000)}`,
  '株式会社'.repeat(250_000),
  `${'<'.repeat(500_000)}>`,
])('a very long text takes no long time, case %#', (raw) => {
  const start = performance.now();
  normaliseName(raw);
  normaliseDomain(raw);
  nameForms(raw);
  identify({ names: [raw, raw.slice(0, 1000)], domains: [raw.slice(0, 1000)], city: raw.slice(0, 1000) });
  expect(performance.now() - start).toBeLessThan(2_000);
});

test('what a register, a list or a person adds to a name never changes its key', () => {
  const words = fc.array(fc.stringMatching(/^[bcdfg][aio][kmnprt][aio][bcdfg][1-9]{3}$/), {
    minLength: 2,
    maxLength: 4,
  });
  const key = (raw: string) => identify({ names: [raw], domains: [] }).identifiers[0]?.value;
  fc.assert(
    fc.property(words, fc.constantFrom(' ', '-', ' & ', ' and ', '', '.'), (list, between) => {
      expect(key(`The ${list.join(between)}, Inc. (The) Class A Common Stock`)).toBe(key(list.join(' ')));
      expect(key(`JSC ${list.join(between)} /DE/`)).toBe(key(`${list.join(' ')} Joint Stock Company`));
    }),
    { numRuns: 1_000 },
  );
});

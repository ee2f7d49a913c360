import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { AccountRecord } from '../../src/agent/import/accounts.ts';
import { attributeKey } from '../../src/agent/import/columns.ts';
import type { OpportunityRecord } from '../../src/agent/import/opportunities.ts';
import { isOpen, matches, PRESET_RULES, populationFromList, type Rule } from '../../src/agent/population.ts';
import { describeRule, parseRule } from '../../src/agent/rule.ts';
import { shareableFields } from '../../src/agent/shareable.ts';
import { dateOf, numberOf } from '../../src/agent/values.ts';

const ACME: AccountRecord = {
  id: '001A',
  names: ['Acme GmbH', 'Acme Germany'],
  domains: ['acme.de'],
  country: 'Germany',
  fields: {
    type: 'Customer - Direct',
    employees: '1,200',
    lifecycle_stage: 'customer',
    since: '31.12.2024',
    note: ' ',
  },
};

function deal(fields: Record<string, string>, id = 'd'): OpportunityRecord {
  return { id, accountId: ACME.id, fields };
}

const DEALS = [deal({ stage: 'Closed Won', amount: '$90,000' }), deal({ stage: 'Proposal', amount: '5000' })];

function parsed(text: string): Rule {
  const result = parseRule(text);
  if (!result.ok) throw new Error(`${text}: ${result.detail}`);
  return result.value;
}

function asks(text: string, account = ACME, opportunities: readonly OpportunityRecord[] = DEALS): boolean {
  return matches(parsed(text), account, opportunities);
}

describe('rules that hold for the account', () => {
  test.each([
    'all',
    'type = "customer - DIRECT"',
    "type in (Customer, 'Customer - Direct')",
    'TYPE Not In (Prospect)',
    'type != Prospect',
    'missing != x',
    'missing not contains x',
    'lifecycle_stage = customer and country = Germany',
    '"Lifecycle Stage" = Customer',
    'employees > 1000',
    'employees >= 1200 and employees <= 1200',
    'employees < "1.200,5"',
    'since > 2024-12-30 and since < 2025-01-01',
    'since <= 12/31/2024',
    'type contains direct',
    'name = "acme  germany"',
    'domain contains acme',
    'domain exists',
    'note is empty and missing is empty',
    'type is not empty',
    'id = 001A',
    'type = x or country = Germany and domain = acme.de',
    'not (type = x) and not type = y',
    'has open opportunity',
    'any opportunity (stage not in ("Closed Won", "Closed Lost"))',
    'any opportunity (stage = "closed won" and amount > 80000)',
    'any opportunity (open and amount = 5000)',
    'any opportunity (account_id = 001A)',
    'any opportunity (all)',
    'list (x, 001A)',
    'lifecycle_stage in (Lead, Opportunity, Customer)',
  ])('%s', (text) => {
    expect(asks(text)).toBe(true);
  });
});

describe('rules that do not hold', () => {
  test.each([
    'not all',
    'type = Customer',
    'missing = ""',
    'missing in ()',
    'missing > 1',
    'type > 1',
    'type < 1',
    'employees > 1200',
    'since > 2025-01-01',
    'employees < 2024-01-01',
    'note exists',
    'constructor exists or __proto__ exists or toString exists',
    '(type = x or country = Germany) and domain = x',
    'any opportunity (open and amount > 5000)',
    'any opportunity (country = Germany)',
    'any opportunity (not all)',
    'list (001a)',
    'list ()',
  ])('%s', (text) => {
    expect(asks(text)).toBe(false);
  });

  test('without opportunities none is open', () => {
    expect(asks('has open opportunity or any opportunity (all)', ACME, [])).toBe(false);
  });
});

describe('texts that are no rule', () => {
  test.each([
    ['', 1, 'a condition'],
    ['   ', 4, 'a condition'],
    ['type', 5, '"contains"'],
    ['type =', 7, 'a value'],
    ['type = )', 8, 'a value'],
    ['type = Closed Won', 15, 'quoted'],
    ['type = a and', 13, 'a condition'],
    ['type = and', 8, 'a value'],
    ['and type = a', 1, 'a condition'],
    ['(type = a', 10, '")"'],
    ['type = a)', 9, '"and"'],
    ['type in Customer', 9, '"("'],
    ['type in (a b)', 12, '","'],
    ['type in (a,)', 12, 'a value'],
    ['type not = a', 10, '"in" or "contains"'],
    ['type is a', 9, '"empty"'],
    ['amount > many', 10, 'a number'],
    ['type = "a', 8, 'a closing quote'],
    ['type = a; drop', 11, '"and"'],
    ['type = [a]', 8, 'a word'],
    ['has opportunity', 5, '"open"'],
    ['any opportunity stage = a', 17, '"("'],
    ['any opportunity (has open opportunity)', 18, 'on the opportunity'],
    ['any opportunity (any opportunity (all))', 18, 'on the opportunity'],
    ['any opportunity (list (a))', 18, 'on the opportunity'],
    ['open', 1, 'a condition'],
    [`${'('.repeat(60)}all${')'.repeat(60)}`, 51, 'at most 50'],
    [`${'not '.repeat(60)}all`, 201, 'at most 50'],
  ])('%s', (text, column, expected) => {
    const result = parseRule(text);
    expect(result).toMatchObject({ ok: false, reason: 'rule_syntax' });
    const detail = result.ok ? '' : (result.detail ?? '');
    expect(detail).toMatch(new RegExp(`^column ${column}: expected `));
    expect(detail).toContain(expected);
  });
});

const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 12 }),
  fc.constantFrom('and', 'NOT', 'open', 'Closed Won', '"', '\\', "it's", '', 'a,b', 'list'),
);
const field = fc.oneof(text.map(attributeKey), fc.constantFrom('type', 'stage', 'open', 'all', 'has', 'not'));
const measure = fc.oneof(
  fc.integer().map(String),
  fc.constantFrom('1,200.50', '2026-12-31', '31.12.2026', '€ 5'),
);
const leaf: fc.Arbitrary<Rule> = fc.oneof(
  fc.constant<Rule>({ kind: 'all' }),
  fc.record({ kind: fc.constant('in' as const), field, values: fc.array(text, { maxLength: 3 }) }),
  fc.record({ kind: fc.constant('contains' as const), field, value: text }),
  fc.record({
    kind: fc.constant('compare' as const),
    field,
    sign: fc.constantFrom('>' as const, '>=' as const, '<' as const, '<=' as const),
    value: measure,
  }),
  fc.record({ kind: fc.constant('empty' as const), field }),
);

function combined(base: fc.Arbitrary<Rule>): fc.Arbitrary<Rule> {
  return fc.letrec<{ rule: Rule }>((tie) => ({
    rule: fc.oneof(
      { maxDepth: 4, depthIdentifier: 'rule' },
      base,
      fc.record({
        kind: fc.constantFrom('and' as const, 'or' as const),
        rules: fc.array(tie('rule'), { minLength: 2, maxLength: 3 }),
      }),
      fc.record({ kind: fc.constant('not' as const), rule: tie('rule') }),
    ),
  })).rule;
}

const onOpportunity = combined(fc.oneof(leaf, fc.constant<Rule>({ kind: 'open' })));
const anyRule = combined(
  fc.oneof(
    leaf,
    fc.record({ kind: fc.constant('any_opportunity' as const), where: onOpportunity }),
    fc.record({ kind: fc.constant('list' as const), ids: fc.array(text, { maxLength: 3 }) }),
  ),
);

describe('properties', () => {
  test('a described rule is read as the same rule', () => {
    fc.assert(
      fc.property(anyRule, (rule) => {
        expect(parseRule(describeRule(rule))).toEqual({ ok: true, value: rule });
      }),
      { numRuns: 1_000 },
    );
  });

  test('reading never throws', () => {
    const piece = fc.constantFrom(
      'type',
      '=',
      '(',
      ')',
      ' ',
      'not',
      'in',
      ',',
      '"',
      "'",
      '\\',
      'any',
      'opportunity',
      '>',
      '1',
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string({ unit: 'binary' }),
          fc.array(piece).map((all) => all.join(' ')),
        ),
        (written) => {
          const result = parseRule(written);
          if (!result.ok) expect(result.detail).toMatch(/^column \d+: expected .+, found .+/su);
        },
      ),
      { numRuns: 2_000 },
    );
  });

  test('matching never throws, and "not" is its opposite', () => {
    const fields = fc.dictionary(field, text);
    const account = fc.record({
      id: text,
      names: fc.array(text),
      domains: fc.array(text),
      country: text,
      fields,
    });
    const some = fc.array(fc.record({ id: text, accountId: text, fields }), { maxLength: 3 });
    fc.assert(
      fc.property(anyRule, account, some, (rule, one, deals) => {
        expect(matches({ kind: 'not', rule }, one, deals)).toBe(!matches(rule, one, deals));
      }),
      { numRuns: 1_000 },
    );
  });
});

test('a rule in words', () => {
  expect(
    describeRule(parsed(' (type IN ("Customer") or a>=1) AND NOT (stage exists) and any opportunity(open)')),
  ).toBe('(type = Customer or a >= 1) and not (stage exists) and has open opportunity');
});

test('a list of record ids', () => {
  const rule = populationFromList(['b', '001A', 'b']);
  expect(rule).toEqual({ kind: 'list', ids: ['b', '001A'] });
  expect(matches(rule, ACME, [])).toBe(true);
  expect(matches(rule, { ...ACME, id: '001a' }, [])).toBe(false);
});

describe('presets', () => {
  const preset = (account: Record<string, string>, stage?: string) => {
    const record = { ...ACME, fields: account };
    const deals = stage === undefined ? [] : [deal({ stage })];
    return Object.entries(PRESET_RULES).flatMap(([name, rule]) => (asks(rule, record, deals) ? [name] : []));
  };

  test.each([
    [{ type: 'Customer - Direct' }, 'Closed Won', ['customers']],
    [{ type: 'Prospect' }, 'Negotiation/Review', ['prospects', 'open-opportunities']],
    [{ type: 'Former Customer' }, undefined, []],
    [{ lifecycle_stage: 'Customer' }, 'Contract Sent', ['customers', 'open-opportunities']],
    [{ lifecycle_stage: 'salesqualifiedlead' }, undefined, ['prospects']],
    [{ lifecycle_stage: 'Marketing Qualified Lead', type: 'PROSPECT' }, undefined, ['prospects']],
    [{ lifecycle_stage: 'Opportunity', type: 'Customer' }, undefined, ['customers']],
    [{}, 'closedlost', []],
  ])('%j with a deal in %s', (fields, stage, expected) => {
    expect(preset(fields as Record<string, string>, stage)).toEqual(expected);
  });
});

test.each([
  ['Prospecting', true],
  ['Closing call', true],
  ['Wonderful', true],
  ['appointmentscheduled', true],
  ['Closed Won', false],
  ['closed lost', false],
  ['closedwon', false],
  ['closedlost', false],
  ['Closed - Lost', false],
  ['Closed Won (Sales Pipeline)', false],
  ['Won', false],
  ['LOST', false],
  [' Lost: price ', false],
  ['Closed', false],
  ['', false],
])('an opportunity in "%s": open is %s', (stage, open) => {
  expect(isOpen(deal({ stage }))).toBe(open);
});

test('an opportunity that is said to be closed, or has no stage, is not open', () => {
  expect(isOpen(deal({ stage: 'Signed', is_closed: 'TRUE' }))).toBe(false);
  expect(isOpen(deal({ stage: 'Signed', closed: '0' }))).toBe(true);
  expect(isOpen(deal({ amount: '1' }))).toBe(false);
});

describe('values', () => {
  test.each([
    ['1200', 1200],
    ['1,200', 1200],
    ['1,200.50', 1200.5],
    ['1.200,50', 1200.5],
    ['1.200.000', 1_200_000],
    ['1.234', 1.234],
    ['12,5', 12.5],
    ['0,125', 0.125],
    ['-5', -5],
    ['$50,000', 50_000],
    ['EUR 1 200', 1200],
    ['50000USD', 50_000],
    ['1.2.3', null],
    ['1,2,3', null],
    ['12a', null],
    ['', null],
    [',', null],
    ['EUR', null],
  ])('the number in "%s" is %s', (cell, number) => {
    expect(numberOf(cell)).toBe(number);
  });

  test.each([
    ['2026-03-01', '2026-03-01'],
    ['2026-03-01T10:00:00Z', '2026-03-01'],
    ['2026-3-1 10:00', '2026-03-01'],
    ['31.12.2026', '2026-12-31'],
    ['12/31/2026', '2026-12-31'],
    ['31/12/2026', '2026-12-31'],
    ['2/3/26', '2026-02-03'],
    ['13/13/2026', null],
    ['2026-00-01', null],
    ['2026-03-010', null],
    ['soon', null],
  ])('the date in "%s" is %s', (cell, date) => {
    expect(dateOf(cell)).toBe(date);
  });
});

describe('shareableFields', () => {
  test('account fields, and stage, amount and date of the open opportunity that closes last', () => {
    const account = {
      ...ACME,
      fields: { ...ACME.fields, owner: 'Ann', owner_email: 'ann@x.io', city: 'Ulm', secret: 'no' },
    };
    const deals = [
      deal({ stage: 'Closed Won', amount: '9', close_date: '2027-12-31', owner: 'Bob' }, 'a'),
      deal({ stage: 'Proposal', amount: '5', close_date: '3/1/2026' }, 'b'),
      deal({ stage: 'Negotiation', amount: '7', close_date: '2026-11-30', owner: 'Bob' }, 'c'),
      deal({ stage: 'Demo', amount: '99' }, 'd'),
    ];
    expect(shareableFields(account, deals)).toEqual({
      owner: 'Ann',
      owner_email: 'ann@x.io',
      stage: 'Negotiation',
      amount: '7',
      amount_band: '<10k',
      close_date: '2026-11-30',
      city: 'Ulm',
      country: 'Germany',
      type: 'Customer - Direct',
    });
  });

  test('ties: the larger amount, then the smaller id, whatever the order', () => {
    const tie = (amount: string, id: string) => deal({ stage: id, amount, close_date: '2026-01-01' }, id);
    const deals = [tie('5', 'z'), tie('1,000', 'c'), tie('1000', 'b')];
    expect(shareableFields(ACME, deals).stage).toBe('b');
    expect(shareableFields(ACME, deals.toReversed()).stage).toBe('b');
  });

  test('nothing of an opportunity where none is open', () => {
    const closed = [deal({ stage: 'Closed Lost', amount: '5', close_date: '2026-01-01' })];
    expect(
      Object.keys(shareableFields({ id: '1', names: [], domains: [], fields: { stage: 'x' } }, closed)),
    ).toEqual([]);
  });
});

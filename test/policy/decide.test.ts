import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { OrganisationId, PartnershipId } from '../../protocol/ids.ts';
import { FIELDS, LEVELS, type Scope, WHITE_SPACE_LEVELS } from '../../protocol/scope.ts';
import { decide, type Question } from '../../src/service/policy/decide.ts';
import { budgetOf } from '../support/budget.ts';
import table from './decisions.json' with { type: 'json' };

const NOW_MS = Date.parse('2026-01-15T00:00:00Z');

function scopeOf(rules: Scope['rules'], validUntil: string | null): Scope {
  return {
    version: 1,
    partnership: 'prt_00000000000000000000000000000000' as PartnershipId,
    grantor: 'org_00000000000000000000000000000000' as OrganisationId,
    grantee: 'org_11111111111111111111111111111111' as OrganisationId,
    number: 1,
    previous: null,
    issuedAt: '2026-01-01T00:00:00Z',
    validUntil,
    populations: ['customers', 'prospects'],
    rules,
    minimumCount: 5,
    evaluationBudget: budgetOf(0),
  };
}

function namedScope(name: string | null): Scope | null {
  if (name === null) return null;
  const found = table.scopes[name as keyof typeof table.scopes] as {
    rules: readonly (readonly unknown[])[] | null;
    validUntil?: string;
  };
  const rules = found.rules?.map(
    ([population, partnerPopulation, level, fields, whiteSpace, review = false]) => ({
      population,
      partnerPopulation,
      level,
      fields,
      whiteSpace,
      review,
    }),
  );
  // A scope that no parser made stands for whatever is broken: it must deny.
  return scopeOf((rules ?? null) as unknown as Scope['rules'], found.validUntil ?? null);
}

describe('the decision table', () => {
  it.each(table.cases.map((entry, i) => [i, entry] as const))('case %i', (_, entry) => {
    const decision = decide({
      granting: namedScope(entry.granting),
      viewing: namedScope(entry.viewing),
      grantingPopulation: entry.grantingPopulation ?? 'customers',
      viewingPopulation: entry.viewingPopulation ?? 'prospects',
      nowMs: NOW_MS,
    });
    expect([decision.level, decision.fields, decision.whiteSpace, decision.reasons]).toEqual(entry.decision);
    expect(decision.review).toBe('review' in entry && entry.review);
  });
});

const population = fc.constantFrom('customers', 'prospects', 'open');
const rule = fc.record({
  population: fc.constantFrom('customers', 'prospects'),
  partnerPopulation: fc.constantFrom('*', 'customers', 'prospects', 'open'),
  level: fc.constantFrom(...LEVELS),
  fields: fc.subarray([...FIELDS]),
  whiteSpace: fc.constantFrom(...WHITE_SPACE_LEVELS),
  review: fc.boolean(),
});
const scope = fc
  .tuple(
    fc.array(rule, { maxLength: 6 }),
    fc.constantFrom(null, '2026-01-14T00:00:00Z', '2027-01-01T00:00:00Z'),
  )
  .map(([rules, validUntil]) => scopeOf(rules, validUntil));
const question: fc.Arbitrary<Question> = fc.record({
  granting: fc.option(scope),
  viewing: fc.option(scope),
  grantingPopulation: population,
  viewingPopulation: population,
  nowMs: fc.constant(NOW_MS),
});

const levelOf = (asked: Question) => LEVELS.indexOf(decide(asked).level);
const spaceOf = (asked: Question) => WHITE_SPACE_LEVELS.indexOf(decide(asked).whiteSpace);

describe('properties', () => {
  it('reveals nothing without a scope in force', () => {
    fc.assert(
      fc.property(question, (asked) => {
        const expired = asked.granting && { ...asked.granting, validUntil: '2026-01-15T00:00:00Z' };
        const decision = decide({ ...asked, granting: expired });
        expect([decision.level, decision.fields, decision.whiteSpace]).toEqual(['none', [], 'none']);
        expect(decision.review).toBe(false);
      }),
    );
  });

  it('only ever narrows when a rule is added', () => {
    const inForce = scope.map((one) => ({ ...one, validUntil: null })).filter((one) => one.rules.length > 0);
    fc.assert(
      fc.property(question, inForce, rule, (asked, granting, added) => {
        const before = { ...asked, granting, grantingPopulation: 'customers' };
        // A rule for a cell of which no other speaks is a first grant, not a narrowing.
        const speaks = granting.rules.some(
          (one) =>
            one.population === 'customers' &&
            (one.partnerPopulation === '*' || one.partnerPopulation === asked.viewingPopulation),
        );
        fc.pre(speaks);
        const after = { ...before, granting: { ...granting, rules: [...granting.rules, added] } };
        expect(levelOf(after)).toBeLessThanOrEqual(levelOf(before));
        expect(spaceOf(after)).toBeLessThanOrEqual(spaceOf(before));
        expect(decide(after).review && !decide(before).review).toBe(false);
        if (levelOf(after) === levelOf(before)) {
          expect(decide(before).fields).toEqual(expect.arrayContaining([...decide(after).fields]));
        }
      }),
    );
  });

  it('does not depend on the order of rules', () => {
    fc.assert(
      fc.property(question, (asked) => {
        const { granting } = asked;
        fc.pre(granting !== null);
        const turned = granting && { ...granting, rules: [...granting.rules].reverse() };
        expect(decide({ ...asked, granting: turned })).toEqual(decide(asked));
      }),
    );
  });

  it('gives fields at the level of fields only, and names with accounts both ways only', () => {
    fc.assert(
      fc.property(question, (asked) => {
        const decision = decide(asked);
        if (decision.level !== 'fields') expect(decision.fields).toEqual([]);
        if (decision.whiteSpace !== 'names') return;
        const back = decide({
          ...asked,
          granting: asked.viewing,
          viewing: asked.granting,
          grantingPopulation: asked.viewingPopulation,
          viewingPopulation: asked.grantingPopulation,
        });
        const accounts = LEVELS.indexOf('accounts');
        expect(LEVELS.indexOf(decision.level)).toBeGreaterThanOrEqual(accounts);
        expect(LEVELS.indexOf(back.level)).toBeGreaterThanOrEqual(accounts);
      }),
      { numRuns: 500 },
    );
  });

  it('never asks what the viewer grants where the grantor grants no names', () => {
    fc.assert(
      fc.property(question, fc.option(scope), (asked, otherViewing) => {
        const decision = decide(asked);
        fc.pre(
          !decision.reasons.includes('names_need_accounts_both_ways') && decision.whiteSpace !== 'names',
        );
        expect(decide({ ...asked, viewing: otherViewing })).toEqual(decision);
      }),
    );
  });
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { VIEWER_ROLES, type ViewerRole } from '../../protocol/member.ts';
import {
  ANY_POPULATION,
  type CellGrant,
  FIELD_CLASSES,
  FIELDS,
  LEVELS,
  OPEN_OPPORTUNITIES,
  type Scope,
  WHITE_SPACE_LEVELS,
} from '../../protocol/scope.ts';
import { type Decision, decide, type Question } from '../../src/service/policy/decide.ts';
import { scopeWith } from '../support/scopes.ts';

const NOW_MS = Date.parse('2026-03-15T00:00:00Z');
const POPULATIONS = ['customers', 'prospects', OPEN_OPPORTUNITIES];

const population = fc.constantFrom(...POPULATIONS);
const grant = fc.record({
  level: fc.constantFrom(...LEVELS),
  fields: fc.subarray([...FIELDS]),
  whiteSpace: fc.constantFrom(...WHITE_SPACE_LEVELS),
  review: fc.boolean(),
});
const rule = fc.record({
  population,
  partnerPopulation: fc.oneof({ weight: 2, arbitrary: fc.constant(ANY_POPULATION) }, population),
  roles: fc.record({ sales: grant, 'clean-team': grant }, { requiredKeys: [] }),
});
const scope: fc.Arbitrary<Scope> = fc
  .record({
    number: fc.integer({ min: 1, max: 9 }),
    populations: fc.subarray(POPULATIONS, { minLength: 1 }),
    rules: fc.array(rule, { maxLength: 6 }),
    competitors: fc.boolean(),
    reciprocity: fc.boolean(),
    validFrom: fc.constantFrom('2026-01-01T00:00:00Z', '2026-01-01T00:00:00Z', '2026-04-01T00:00:00Z'),
    validUntil: fc.constantFrom(null, '2026-03-14T00:00:00Z', '2027-01-01T00:00:00Z'),
  })
  .map((change) => scopeWith(change));
const question: fc.Arbitrary<Question> = fc.record({
  granting: fc.option(scope, { freq: 20 }),
  viewing: fc.option(scope, { freq: 5 }),
  ownLimit: fc.option(grant, { freq: 1 }),
  role: fc.constantFrom(...VIEWER_ROLES),
  grantingPopulation: population,
  viewingPopulation: population,
  nowMs: fc.constant(NOW_MS),
});
const MANY = { numRuns: 2000 };

const NOTHING = { level: 'none', fields: [], whiteSpace: 'none', review: false };
const seen = ({ level, fields, whiteSpace, review }: Decision) => ({ level, fields, whiteSpace, review });

/** Whether one decision reveals nothing that the other does not. */
function isWithin(less: CellGrant, more: CellGrant): boolean {
  return (
    LEVELS.indexOf(less.level) <= LEVELS.indexOf(more.level) &&
    WHITE_SPACE_LEVELS.indexOf(less.whiteSpace) <= WHITE_SPACE_LEVELS.indexOf(more.whiteSpace) &&
    less.fields.every((field) => more.fields.includes(field)) &&
    (!less.review || more.review)
  );
}

describe('an input that is none', () => {
  it('is denied, whatever it is', () => {
    fc.assert(
      fc.property(
        fc.anything({ withBigInt: true, withDate: true, withMap: true, withNullPrototype: true }),
        (garbage) => {
          const decision = decide(garbage as Question);
          expect(seen(decision)).toEqual(NOTHING);
          expect(decision.reasons).toHaveLength(1);
        },
      ),
      MANY,
    );
  });

  it('is denied where any one part of it is not what it should be, or reveals no more than before', () => {
    const garbage: unknown[] = [undefined, Number.NaN, -1, {}, [], true, Symbol('x'), () => 1, [[]]];
    fc.assert(
      fc.property(question, (asked) => {
        const allowed = decide(asked);
        for (const path of pathsOf(asked)) {
          const before = valueAt(asked, path);
          for (const value of garbage) {
            // A value of the right kind is no garbage: another truth value, another number.
            if (typeof value === typeof before && !(typeof value === 'object') && !Number.isNaN(value))
              continue;
            const decision = decide(withValue(asked, path, value));
            if (!isWithin(decision, allowed))
              throw new Error(`${path.join('.')} as ${String(value)} reveals more`);
          }
        }
      }),
      { numRuns: 500 },
    );
  });

  it('is denied where reading it fails, at whatever point', () => {
    fc.assert(
      fc.property(question, fc.nat({ max: 80 }), (asked, failing) => {
        let reads = 0;
        const granting = failingAfter(asked.granting, () => reads++ >= failing);
        const decision = decide({ ...asked, granting });
        if (decision.reasons[0]?.code === 'error') expect(seen(decision)).toEqual(NOTHING);
        else expect(decision).toEqual(decide(asked));
      }),
      MANY,
    );
  });
});

describe('narrowing', () => {
  /** Everything by which a scope can be made narrower. */
  const narrowings = (granted: Scope, at: number, added: Scope['rules'][number]): Scope[] => {
    const rules = granted.rules;
    const index = rules.length === 0 ? 0 : at % rules.length;
    const changed = (change: (given: CellGrant) => Partial<CellGrant>) =>
      rules.map((one, i) =>
        i !== index
          ? one
          : {
              ...one,
              roles: Object.fromEntries(
                Object.entries(one.roles).map(([role, given]) => [role, { ...given, ...change(given) }]),
              ),
            },
      ) as Scope['rules'];
    const lower = <Rank extends string>(ranks: readonly Rank[], rank: Rank) =>
      ranks[Math.max(0, ranks.indexOf(rank) - 1)] as Rank;
    const silenced = (role: ViewerRole) =>
      rules.map((one, i) => {
        const { [role]: _, ...rest } = one.roles;
        return i === index ? { ...one, roles: rest } : one;
      });
    // A rule for a cell of which no other speaks is a first grant, not a narrowing.
    const isSpoken = rules.some(
      (one) =>
        one.population === added.population &&
        (one.partnerPopulation === ANY_POPULATION || one.partnerPopulation === added.partnerPopulation),
    );
    return [
      { ...granted, rules: changed(({ level }) => ({ level: lower(LEVELS, level) })) },
      {
        ...granted,
        rules: changed(({ whiteSpace }) => ({ whiteSpace: lower(WHITE_SPACE_LEVELS, whiteSpace) })),
      },
      { ...granted, rules: changed(({ fields }) => ({ fields: fields.slice(1) })) },
      { ...granted, rules: changed(() => ({ review: false })) },
      ...VIEWER_ROLES.map((role) => ({ ...granted, rules: silenced(role) })),
      ...(isSpoken ? [{ ...granted, rules: [...rules, added] }] : []),
      { ...granted, populations: granted.populations.slice(1) },
      { ...granted, competitors: true },
      { ...granted, reciprocity: true },
      { ...granted, validFrom: '2026-04-01T00:00:00Z' },
      { ...granted, validUntil: '2026-03-01T00:00:00Z' },
    ];
  };

  it('any part of their scope never reveals more', () => {
    fc.assert(
      fc.property(question, fc.nat(), rule, (asked, at, added) => {
        fc.pre(asked.granting !== null);
        for (const granting of asked.granting ? [...narrowings(asked.granting, at, added), null] : [])
          expect(isWithin(decide({ ...asked, granting }), decide(asked))).toBe(true);
      }),
      MANY,
    );
  });

  it('any part of what is granted back never reveals more', () => {
    fc.assert(
      fc.property(question, fc.nat(), rule, (asked, at, added) => {
        for (const viewing of asked.viewing ? [...narrowings(asked.viewing, at, added), null] : [])
          expect(isWithin(decide({ ...asked, viewing }), decide(asked))).toBe(true);
      }),
      MANY,
    );
  });

  it('any part of the own limit never reveals more, and the limit bounds everything', () => {
    fc.assert(
      fc.property(question, grant, (asked, limit) => {
        const limited = decide({ ...asked, ownLimit: limit });
        expect(isWithin(limited, { ...limit, review: limit.review })).toBe(true);
        expect(isWithin(limited, decide({ ...asked, ownLimit: null }))).toBe(true);
        const level = LEVELS[Math.max(0, LEVELS.indexOf(limit.level) - 1)] ?? 'none';
        const narrower = { ...limit, level, fields: limit.fields.slice(1), review: false };
        expect(isWithin(decide({ ...asked, ownLimit: narrower }), limited)).toBe(true);
      }),
      MANY,
    );
  });
});

describe('every decision', () => {
  it('is the same whatever the order of the rules, and names the same rules', () => {
    fc.assert(
      fc.property(question, fc.array(fc.nat(), { minLength: 6, maxLength: 6 }), (asked, keys) => {
        const order = (length: number) =>
          Array.from({ length }, (_, i) => i).sort((a, b) => (keys[a] ?? 0) - (keys[b] ?? 0));
        const turned = (one: Scope | null) =>
          one && {
            ...one,
            rules: order(one.rules.length).map((i) => one.rules[i] as Scope['rules'][number]),
          };
        const named = (of: Question, decision: Decision) =>
          decision.reasons
            .map(({ code, side, rule: index }) => {
              const document = side === 'theirs' ? of.granting : of.viewing;
              return JSON.stringify([code, side, index === null ? null : document?.rules[index]]);
            })
            .sort();
        const other = { ...asked, granting: turned(asked.granting), viewing: turned(asked.viewing) };
        expect(seen(decide(other))).toEqual(seen(decide(asked)));
        expect(named(other, decide(other))).toEqual(named(asked, decide(asked)));
      }),
      MANY,
    );
  });

  it('denies what no rule grants the role in the cell', () => {
    fc.assert(
      fc.property(question, (asked) => {
        const { granting, role, grantingPopulation, viewingPopulation } = asked;
        const granted = granting?.rules.some(
          (one) =>
            one.population === grantingPopulation &&
            [ANY_POPULATION, viewingPopulation].includes(one.partnerPopulation) &&
            one.roles[role] !== undefined,
        );
        if (!granted || !granting?.populations.includes(grantingPopulation))
          expect(seen(decide(asked))).toEqual(NOTHING);
      }),
      MANY,
    );
  });

  it('gives each part only where each rule that speaks of the cell grants it to the role', () => {
    fc.assert(
      fc.property(question, (asked) => {
        const decision = decide(asked);
        const speaking = (asked.granting?.rules ?? []).filter(
          (one) =>
            one.population === asked.grantingPopulation &&
            [ANY_POPULATION, asked.viewingPopulation].includes(one.partnerPopulation),
        );
        for (const { roles } of speaking)
          expect(isWithin(decision, roles[asked.role] ?? (NOTHING as unknown as CellGrant))).toBe(true);
      }),
      MANY,
    );
  });

  it('shows competitors’ sales no sensitive field and no open opportunity', () => {
    fc.assert(
      fc.property(question, (asked) => {
        const granting = asked.granting && { ...asked.granting, competitors: true };
        const decision = decide({ ...asked, granting, role: 'sales' });
        expect(decision.fields.filter((field) => FIELD_CLASSES[field] === 'sensitive')).toEqual([]);
        const open = decide({ ...asked, granting, role: 'sales', grantingPopulation: OPEN_OPPORTUNITIES });
        expect(seen(open)).toEqual(NOTHING);
      }),
      MANY,
    );
  });

  it('gives fields at the level of fields, pairs to review at a level, names with accounts both ways', () => {
    fc.assert(
      fc.property(question, (asked) => {
        const decision = decide(asked);
        if (decision.level !== 'fields') expect(decision.fields).toEqual([]);
        if (decision.level === 'none') expect(decision.review).toBe(false);
        if (decision.whiteSpace !== 'names') return;
        expect(['accounts', 'fields']).toContain(decision.level);
        expect(['accounts', 'fields']).toContain(decide(mirrored(asked)).level);
      }),
      MANY,
    );
  });

  it('is at most what is granted back, where that is demanded', () => {
    fc.assert(
      fc.property(question, (asked) => {
        const granting = asked.granting && { ...asked.granting, reciprocity: true };
        const [mine, theirs] = [decide({ ...asked, granting }), decide(mirrored({ ...asked, granting }))];
        expect(LEVELS.indexOf(mine.level)).toBeLessThanOrEqual(LEVELS.indexOf(theirs.level));
      }),
      MANY,
    );
  });

  it('does not look at what is granted back where nothing rests on it', () => {
    fc.assert(
      fc.property(question, fc.option(scope), (asked, viewing) => {
        const granting = asked.granting && { ...asked.granting, reciprocity: false };
        const decision = decide({ ...asked, granting });
        fc.pre(!decision.reasons.some(({ code }) => code === 'names_need_accounts'));
        fc.pre(decision.whiteSpace !== 'names');
        expect(decide({ ...asked, granting, viewing })).toEqual(decision);
      }),
      MANY,
    );
  });

  it('has a reason, each of which names a document that is there', () => {
    fc.assert(
      fc.property(question, (asked) => {
        const { reasons } = decide(asked);
        expect(reasons.length).toBeGreaterThan(0);
        for (const { code, side, scope: number, rule: index } of reasons) {
          expect(code).not.toBe('error');
          const document = side === 'theirs' ? asked.granting : asked.viewing;
          expect(code === 'own_limit' ? null : (document?.number ?? null)).toBe(number);
          if (index !== null) expect(document?.rules[index]).toBeDefined();
        }
      }),
      MANY,
    );
  });
});

/** The same cell as the other side sees it, without limits of its own. */
function mirrored(asked: Question): Question {
  return {
    ...asked,
    granting: asked.viewing && { ...asked.viewing, reciprocity: false },
    viewing: asked.granting,
    ownLimit: null,
    grantingPopulation: asked.viewingPopulation,
    viewingPopulation: asked.grantingPopulation,
  };
}

/** Parts by which a decision is made; texts that people wrote, budgets and the like are not. */
const PARTS = new Set(
  `granting viewing ownLimit role grantingPopulation viewingPopulation nowMs
   populations rules competitors reciprocity validFrom validUntil number
   population partnerPopulation roles level fields whiteSpace review ${VIEWER_ROLES.join(' ')}`.split(/\s+/),
);

type Path = readonly (string | number)[];

function pathsOf(value: unknown, path: Path = []): Path[] {
  if (typeof value !== 'object' || value === null) return path.length > 0 ? [path] : [];
  const inner = Object.entries(value)
    .filter(([key]) => Array.isArray(value) || PARTS.has(key))
    .flatMap(([key, part]) => pathsOf(part, [...path, key]));
  return path.length > 0 ? [path, ...inner] : inner;
}

function valueAt(value: unknown, path: Path): unknown {
  return path.reduce<unknown>((at, key) => (at as Record<string, unknown>)[key], value);
}

function withValue<Value>(value: Value, path: Path, part: unknown): Value {
  const [key, ...rest] = path;
  if (key === undefined) return part as Value;
  const copy = (Array.isArray(value) ? [...value] : { ...value }) as Record<string, unknown>;
  copy[key] = withValue(copy[key], rest, part);
  return copy as Value;
}

/** An object of which every reading, of its parts too, can fail. */
function failingAfter<Value>(value: Value, fails: () => boolean): Value {
  if (typeof value !== 'object' || value === null) return value;
  return new Proxy(value, {
    get(target, key) {
      if (fails()) throw new Error('on purpose');
      return failingAfter(Reflect.get(target, key), fails);
    },
  });
}

describe('many rules', () => {
  it('are not compared each with each', () => {
    const readsOf = (count: number) => {
      let reads = 0;
      const counted: CellGrant = {
        get level() {
          reads++;
          return 'fields' as const;
        },
        fields: [...FIELDS],
        whiteSpace: 'names',
        review: true,
      };
      const rules = Array.from({ length: count }, () => ({
        population: 'customers',
        partnerPopulation: ANY_POPULATION,
        roles: { sales: counted },
      })) as unknown as Scope['rules'];
      const granting = scopeWith({ rules });
      const populations = { grantingPopulation: 'customers', viewingPopulation: 'customers' };
      const asked = { granting, viewing: granting, ownLimit: null, role: 'sales', nowMs: NOW_MS } as const;
      expect(decide({ ...asked, ...populations }).reasons).toHaveLength(count);
      return reads;
    };
    expect(readsOf(100)).toBeLessThan(5 * readsOf(25));
  });
});

import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { KINDS } from '../../protocol/identifiers/kind.ts';
import { VIEWER_ROLES, type ViewerRole } from '../../protocol/member.ts';
import { type CellGrant, FIELDS, LEVELS, type Scope, WHITE_SPACE_LEVELS } from '../../protocol/scope.ts';
import { decide, type Question } from '../../src/service/policy/decide.ts';
import { grantedFields, openedFields } from '../../src/service/policy/opening.ts';
import type { Reason } from '../../src/wire/reasons.ts';
import { scopeWith } from '../support/scopes.ts';

/**
 * A scope as the tables write it. `like` takes another one of the file and changes it; `broken` and `raw` put in its place
 * what no checked document can be.
 */
interface WrittenScope {
  readonly like?: string;
  readonly number?: number;
  readonly populations?: string[];
  readonly rules?: readonly WrittenRule[];
  readonly competitors?: boolean;
  readonly reciprocity?: boolean;
  readonly validFrom?: string;
  readonly validUntil?: string | null;
  readonly broken?: Readonly<Record<string, unknown>>;
  readonly raw?: unknown;
}

type WrittenRule = { readonly of: string; readonly with: string } & {
  readonly [role in ViewerRole]?: string;
};

/** One case: what somebody asks of whom, what is seen, and because of what. */
interface Case {
  readonly case: string;
  /** Their scope; null or left out: none in force. */
  readonly theirs?: string | WrittenScope;
  readonly ours?: string | WrittenScope;
  readonly limit?: string | { readonly raw: unknown };
  /** `sales` where nothing is said. */
  readonly role?: string | null;
  /** Their population × ours; customers × customers where nothing is said. */
  readonly ask?: string;
  readonly at?: string;
  readonly sees: string;
  readonly because: readonly string[];
}

interface PairCase {
  readonly case: string;
  readonly pair: string;
  readonly strong: readonly string[];
  readonly sealed: string;
  /** Fields, each of another cell. */
  readonly granted: readonly string[];
  readonly opens: readonly string[];
}

interface Table {
  readonly about: string;
  readonly scopes?: Readonly<Record<string, WrittenScope>>;
  readonly cases?: readonly Case[];
  readonly pairs?: readonly PairCase[];
}

const folder = new URL('./decisions/', import.meta.url);
const TABLES = readdirSync(folder).map(
  (name) => [name, JSON.parse(readFileSync(new URL(name, folder), 'utf8')) as Table] as const,
);

/** `fields: owner, city; white space counts; review`, each part of which may be left out but for the level. */
function grantOf(text: string): CellGrant {
  const [head = '', ...rest] = text.split('; ');
  const [word = '', listed = ''] = head.split(': ');
  const level = LEVELS.find((one) => one === (word === 'nothing' ? 'none' : word));
  const space = rest.find((part) => part.startsWith('white space '))?.slice('white space '.length);
  const whiteSpace = WHITE_SPACE_LEVELS.find((one) => one === (space ?? 'none'));
  const names = listed === '' ? [] : listed.split(', ');
  const fields = names.flatMap((name) => FIELDS.filter((field) => field === name));
  const known = rest.every((part) => part.startsWith('white space ') || part === 'review');
  if (!level || !whiteSpace || !known || fields.length !== names.length)
    throw new Error(`not a grant: ${text}`);
  return { level, fields, whiteSpace, review: rest.includes('review') };
}

function textOf({ level, fields, whiteSpace, review }: CellGrant): string {
  return [
    `${level === 'none' ? 'nothing' : level}${fields.length > 0 ? `: ${fields.join(', ')}` : ''}`,
    ...(whiteSpace === 'none' ? [] : [`white space ${whiteSpace}`]),
    ...(review ? ['review'] : []),
  ].join('; ');
}

function scopeOf(table: Table, written: string | WrittenScope | undefined): Scope | null {
  if (written === undefined) return null;
  const own = typeof written === 'string' ? { like: written } : written;
  if ('raw' in own) return own.raw as Scope;
  const like = own.like === undefined ? undefined : table.scopes?.[own.like];
  if (own.like !== undefined && !like) throw new Error(`no scope is called ${own.like}`);
  const { like: _, broken, rules = [], ...change } = { ...like, ...own };
  const scope = scopeWith({
    populations: ['customers', 'prospects', 'open-opportunities'],
    validFrom: '2026-01-01T00:00:00Z',
    ...change,
    rules: rules.map(({ of: population, with: partnerPopulation, ...roles }) => ({
      population,
      partnerPopulation,
      roles: Object.fromEntries(
        VIEWER_ROLES.flatMap((role) => {
          const text = roles[role];
          return text === undefined ? [] : [[role, { ...grantOf(text), fields: [...grantOf(text).fields] }]];
        }),
      ),
    })),
  });
  return { ...scope, ...broken } as Scope;
}

function questionOf(table: Table, entry: Case): Question {
  const [theirs = '', mine = ''] = (entry.ask ?? 'customers × customers').split(' × ');
  const { limit, role = 'sales', at = '2026-03-15T00:00:00Z' } = entry;
  return {
    granting: scopeOf(table, entry.theirs),
    viewing: scopeOf(table, entry.ours),
    ownLimit:
      limit === undefined ? null : typeof limit === 'string' ? grantOf(limit) : (limit.raw as CellGrant),
    role: role as ViewerRole,
    grantingPopulation: theirs,
    viewingPopulation: mine,
    nowMs: Date.parse(at),
  };
}

/** A reason as the tables write it; rules are counted from 1. */
function because({ code, side, scope, rule }: Reason): string {
  const whose = side === 'theirs' ? 'their' : 'our';
  const document =
    scope === null ? `no scope of ${side === 'theirs' ? 'theirs' : 'ours'}` : `${whose} scope ${scope}`;
  const place = rule === null ? document : `rule ${rule + 1} of ${document}`;
  return {
    rule: place,
    no_scope: `${document} in force`,
    not_valid: `${document} does not hold at that time`,
    no_rule: `no rule of ${document}`,
    role_not_named: `${place} leaves the role out`,
    competitors: `competitors, by ${document}`,
    own_limit: 'our own limit',
    reciprocity: `reciprocity: ${place}`,
    names_need_accounts: `names need accounts: ${document}`,
    error: 'an error denies',
  }[code];
}

describe.each(TABLES)('%s', (_, table) => {
  it.each((table.cases ?? []).map((entry) => [entry.case, entry] as const))('%s', (_name, entry) => {
    const decision = decide(questionOf(table, entry));
    expect([textOf(decision), decision.reasons.map(because)]).toEqual([entry.sees, entry.because]);
  });

  it.each((table.pairs ?? []).map((entry) => [entry.case, entry] as const))('%s', (_name, entry) => {
    const [tier, by = ''] = entry.pair.split(' by ');
    const kindsOf = (names: readonly string[]) => KINDS.filter((kind) => names.includes(kind));
    const opened = openedFields(
      {
        tier: tier === 'confirmed' ? 'confirmed' : 'review',
        kinds: kindsOf(by.split(', ')),
        granted: grantedFields(
          entry.granted.map((name) => ({ fields: FIELDS.filter((field) => field === name) })),
        ),
      },
      { strongKinds: kindsOf(entry.strong), isCurrent: entry.sealed === 'under the scope in force' },
    );
    expect(opened).toEqual(entry.opens);
  });
});

describe('the tables', () => {
  it('have enough cases, each with its own sentence', () => {
    const names = TABLES.flatMap(([, { cases = [], pairs = [] }]) => [...cases, ...pairs]).map(
      (one) => one.case,
    );
    expect(names.length).toBeGreaterThanOrEqual(120);
    expect(new Set(names).size).toBe(names.length);
  });

  it('have every level, role and reason', () => {
    const reasons = new Set(TABLES.flatMap(([, { cases = [] }]) => cases.flatMap((entry) => entry.because)));
    const codes = [
      'rule 1',
      'no scope',
      'their scope 3 does',
      'no rule',
      'competitors',
      'our own',
      'reciprocity',
      'names',
      'an error',
    ];
    for (const code of codes)
      expect(
        [...reasons].some((text) => text.startsWith(code)),
        code,
      ).toBe(true);
  });
});

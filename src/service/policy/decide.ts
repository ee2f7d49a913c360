/**
 * The decision: what one cell reveals to a viewer, and which documents decided. Pure; default deny; whatever fails, or is
 * not what it should be, denies. It is the narrowest of the partner's grant, the viewer's own organisation's limit, and
 * what is granted back where the partner's scope demands that.
 */
import { VIEWER_ROLES, type ViewerRole } from '../../../protocol/member.ts';
import {
  ANY_POPULATION,
  type CellGrant,
  cellGrant,
  FIELDS,
  isValidAt,
  LEVELS,
  NOTHING,
  narrower,
  type Scope,
  type ScopeRule,
  WHITE_SPACE_LEVELS,
  wider,
} from '../../../protocol/scope.ts';
import type { Reason, ReasonCode } from '../../wire/reasons.ts';

/** What to decide on. Scopes are those in force: approved, accepted, begun, not revoked. */
export interface Question {
  /** Of the side whose data is asked for. */
  readonly granting: Scope | null;
  /** Of the side that asks. */
  readonly viewing: Scope | null;
  /** The most that the viewer's own organisation lets this role see of this partner; null where it set no limit. */
  readonly ownLimit: CellGrant | null;
  readonly role: ViewerRole;
  /** A population of the granting side, by name. */
  readonly grantingPopulation: string;
  /** A population of the viewing side, by name. */
  readonly viewingPopulation: string;
  readonly nowMs: number;
}

export interface Decision extends CellGrant {
  /** In the order in which they were looked at; never empty. */
  readonly reasons: readonly Reason[];
}

/** Decides one cell. Never throws. */
export function decide(question: Question): Decision {
  try {
    return decideOrThrow(question);
  } catch {
    return denied('error');
  }
}

/** True for the levels that show which accounts overlap. */
export function revealsAccounts(level: CellGrant['level']): boolean {
  return LEVELS.indexOf(level) >= LEVELS.indexOf('accounts');
}

function decideOrThrow(question: Question): Decision {
  const { granting, viewing, ownLimit, role, grantingPopulation: theirs, viewingPopulation: mine } = question;
  mustBe(VIEWER_ROLES.includes(role) && Number.isFinite(question.nowMs));
  mustBe(typeof theirs === 'string' && typeof mine === 'string');
  mustBe(theirs !== ANY_POPULATION && mine !== ANY_POPULATION);
  if (!granting) return denied('no_scope');
  mustBeScope(granting);
  if (!isValidAt(granting, question.nowMs)) return denied('not_valid', granting.number);

  const { grant: granted, reasons: ruled } = ruledBy(granting, theirs, mine, role, 'theirs');
  const reasons = [...ruled];
  let grant = granted;
  const narrow = (to: CellGrant, because: readonly Reason[]) => {
    const next = narrower(grant, to);
    if (!isSame(next, grant)) reasons.push(...because);
    grant = next;
  };

  // What the clause on competitors took away.
  const isBound = granting.competitors && role !== 'clean-team';
  if (isBound) {
    const { populations, rules } = granting;
    const open = cellGrant({ populations, rules, competitors: false }, theirs, mine, role);
    if (!isSame(open, grant)) reasons.push(reason('competitors', 'theirs', granting.number));
  }

  if (ownLimit !== null) {
    mustBeGrant(ownLimit);
    narrow(ownLimit, [reason('own_limit', 'mine')]);
  }

  if (granting.reciprocity || grant.whiteSpace === 'names') {
    const returned = returnedBy(viewing, question);
    // Only how much is granted back counts, not which fields.
    if (granting.reciprocity) {
      const { level, whiteSpace } = returned.grant;
      const because = returned.reasons.map(({ scope, rule }) => reason('reciprocity', 'mine', scope, rule));
      narrow({ level, fields: FIELDS, whiteSpace, review: true }, because);
    }
    // A grant of names hands over a population; it takes trust in accounts, both ways, in the same cell.
    if (!revealsAccounts(grant.level) || !revealsAccounts(returned.grant.level)) {
      const side = revealsAccounts(grant.level) ? 'mine' : 'theirs';
      const number = side === 'mine' ? (viewing?.number ?? null) : granting.number;
      narrow({ ...grant, whiteSpace: 'counts' }, [reason('names_need_accounts', side, number)]);
    }
  }
  return { ...grant, reasons };
}

interface Ruled {
  readonly grant: CellGrant;
  readonly reasons: readonly Reason[];
}

/** What a side's scope grants a role in a cell, and the rules that hold it to that. */
function ruledBy(
  scope: Scope,
  population: string,
  partner: string,
  role: ViewerRole,
  side: Reason['side'],
): Ruled {
  const grants: { readonly index: number; readonly own: CellGrant }[] = [];
  const silent: number[] = [];
  if (scope.populations.includes(population)) {
    for (const [index, rule] of scope.rules.entries()) {
      if (!speaksOf(rule, population, partner)) continue;
      const own = rule.roles[role];
      if (own === undefined) silent.push(index);
      else {
        mustBeGrant(own);
        grants.push({ index, own });
      }
    }
  }
  const because = (code: ReasonCode, indexes: readonly number[]) =>
    indexes.map((index) => reason(code, side, scope.number, index));
  if (silent.length > 0) return { grant: NOTHING, reasons: because('role_not_named', silent) };
  if (grants.length === 0) return { grant: NOTHING, reasons: [reason('no_rule', side, scope.number)] };
  const indexes = holding(grants).map(({ index }) => index);
  return { grant: cellGrant(scope, population, partner, role), reasons: because('rule', indexes) };
}

/** Of rules that speak of a cell, those that take something from the others; all where they grant the same. */
function holding<Rule extends { readonly own: CellGrant }>(rules: readonly Rule[]): readonly Rule[] {
  if (rules.length < 2) return rules;
  // A rule that takes nothing from all of them together takes nothing from any: no need to compare each with each.
  const wholes = rules.map((rule) => ({ rule, own: narrower(rule.own, rule.own) }));
  const widest = wholes.map(({ own }) => own).reduce(wider, NOTHING);
  const narrowing = wholes.filter(({ own }) => !isSame(narrower(widest, own), widest));
  return narrowing.length > 0 ? narrowing.map(({ rule }) => rule) : rules;
}

/** What the viewing side grants the same role of the other side in the same cell. */
function returnedBy(viewing: Scope | null, question: Question): Ruled {
  if (!viewing) return { grant: NOTHING, reasons: [reason('no_scope', 'mine')] };
  mustBeScope(viewing);
  if (!isValidAt(viewing, question.nowMs)) {
    return { grant: NOTHING, reasons: [reason('not_valid', 'mine', viewing.number)] };
  }
  return ruledBy(viewing, question.viewingPopulation, question.grantingPopulation, question.role, 'mine');
}

function speaksOf(rule: ScopeRule, population: string, partner: string): boolean {
  return (
    rule.population === population &&
    (rule.partnerPopulation === ANY_POPULATION || rule.partnerPopulation === partner)
  );
}

/** What a parser lets through has this form; anything else, however it came here, must not be read as a grant. */
function mustBeScope(scope: Scope): void {
  mustBe(typeof scope.competitors === 'boolean' && typeof scope.reciprocity === 'boolean');
  mustBe(Number.isSafeInteger(scope.number));
  mustBe(Array.isArray(scope.populations) && Array.isArray(scope.rules));
  mustBe(typeof scope.validFrom === 'string');
  mustBe(scope.validUntil === null || typeof scope.validUntil === 'string');
  for (const rule of scope.rules) {
    mustBe(typeof rule.population === 'string' && typeof rule.partnerPopulation === 'string');
    mustBe(typeof rule.roles === 'object' && rule.roles !== null);
  }
}

function mustBeGrant(grant: CellGrant): void {
  mustBe(LEVELS.includes(grant.level) && WHITE_SPACE_LEVELS.includes(grant.whiteSpace));
  mustBe(Array.isArray(grant.fields) && grant.fields.every((field) => FIELDS.includes(field)));
  mustBe(typeof grant.review === 'boolean');
}

function mustBe(condition: boolean): void {
  if (!condition) throw new TypeError('not what a decision can be made on');
}

/** Of two grants of which one is the narrower. */
function isSame(a: CellGrant, b: CellGrant): boolean {
  return (
    a.level === b.level &&
    a.whiteSpace === b.whiteSpace &&
    a.review === b.review &&
    a.fields.length === b.fields.length
  );
}

function reason(
  code: ReasonCode,
  side: Reason['side'],
  scope: number | null = null,
  rule: number | null = null,
): Reason {
  return { code, side, scope, rule };
}

function denied(code: ReasonCode, scope: number | null = null): Decision {
  return { ...NOTHING, reasons: [reason(code, 'theirs', scope)] };
}

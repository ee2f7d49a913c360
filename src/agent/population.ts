/** Populations: named rules over one account and its opportunities, such as customers or prospects. */
import { ID_KINDS } from '../../protocol/identifiers/kind.ts';
import type { AccountRecord } from './import/accounts.ts';
import { canonicalId } from './import/identity.ts';
import type { OpportunityRecord } from './import/opportunities.ts';
import { dateOf, folded, numberOf } from './values.ts';

/**
 * A condition on one account. `compare`, `in`, `contains` and `empty` look at one field of the account or, within
 * `any_opportunity`, of one opportunity; `open` occurs only there, and `list` and `any_opportunity` never do.
 * Fields are keys as an import makes them. Rules are plain data and may be stored as JSON.
 */
export type Rule =
  | { readonly kind: 'all' }
  /** The accounts with these record ids, compared exactly but for the two forms of Salesforce's: case counts in both. */
  | { readonly kind: 'list'; readonly ids: readonly string[] }
  | { readonly kind: 'and' | 'or'; readonly rules: readonly Rule[] }
  | { readonly kind: 'not'; readonly rule: Rule }
  | { readonly kind: 'in'; readonly field: string; readonly values: readonly string[] }
  | { readonly kind: 'contains'; readonly field: string; readonly value: string }
  /** By date if the value is a date, else by number; false for a field that is not one. */
  | { readonly kind: 'compare'; readonly field: string; readonly sign: Sign; readonly value: string }
  | { readonly kind: 'empty'; readonly field: string }
  | { readonly kind: 'any_opportunity'; readonly where: Rule }
  | { readonly kind: 'open' };

/** Signs of an ordering. */
export type Sign = '>' | '>=' | '<' | '<=';

/** A population of the CRM records with these ids, in the order given, repeats left out. */
export function populationFromList(ids: readonly string[]): Rule {
  return { kind: 'list', ids: [...new Set(ids)] };
}

const CUSTOMER_TYPES =
  '"Customer", "Customer - Direct", "Customer - Channel", "Existing Customer", "Current Customer", "Client"';

/**
 * The rules of the usual populations, as texts. Each works for Salesforce, which keeps the relation in the type of
 * the account, and for HubSpot, which keeps it in the lifecycle stage (exported by label or by internal name).
 */
export const PRESET_RULES = {
  customers: `type in (${CUSTOMER_TYPES}) or lifecycle_stage in (Customer, Evangelist)`,
  prospects:
    `(type in (Prospect, Lead) or lifecycle_stage in (Lead, "Marketing Qualified Lead", marketingqualifiedlead, ` +
    `"Sales Qualified Lead", salesqualifiedlead, Opportunity)) and not ` +
    `(type in (${CUSTOMER_TYPES}) or lifecycle_stage in (Customer, Evangelist))`,
  'open-opportunities': 'has open opportunity',
} as const;

/** True if the account belongs to the population. Defined for every rule and record; a missing field is empty. */
export function matches(
  rule: Rule,
  account: AccountRecord,
  opportunities: readonly OpportunityRecord[],
): boolean {
  return holds(rule, (field) => accountValues(account, field), account.id, opportunities);
}

/**
 * An opportunity is open if it has a stage that is no closed one, whatever the pipeline. Closed are the stages whose
 * first word is Won or Lost, Closed (`Closed Won`, `Closed - Lost`), `closedwon` or `closedlost`, and every
 * opportunity whose column `is_closed`, `closed` or `is_deal_closed` says true, yes or 1. Without a stage nothing
 * says that it is open, so it is not: a mistake then withholds an account instead of offering it.
 */
export function isOpen(opportunity: OpportunityRecord): boolean {
  const values = (field: string) => own(opportunity.fields, field).map(folded);
  const said = ['is_closed', 'closed', 'is_deal_closed'].flatMap(values);
  if (said.some((value) => value === 'true' || value === 'yes' || value === '1')) return false;
  return values('stage').some((stage) => stage !== '' && !/^(closed ?(won|lost)?|won|lost)\b/.test(stage));
}

function holds(
  rule: Rule,
  values: (field: string) => readonly string[],
  id: string,
  opportunities: readonly OpportunityRecord[],
  opportunity?: OpportunityRecord,
): boolean {
  const inner = (part: Rule) => holds(part, values, id, opportunities, opportunity);
  switch (rule.kind) {
    case 'all':
      return true;
    case 'list':
      return idsOf(rule).has(canonicalId(id));
    case 'and':
      return rule.rules.every(inner);
    case 'or':
      return rule.rules.some(inner);
    case 'not':
      return !inner(rule.rule);
    case 'in': {
      const wanted = rule.values.map(folded);
      return values(rule.field).some((value) => wanted.includes(folded(value)));
    }
    case 'contains':
      return values(rule.field).some((value) => folded(value).includes(folded(rule.value)));
    case 'compare':
      return values(rule.field).some((value) => ordered(value, rule.sign, rule.value));
    case 'empty':
      return values(rule.field).every((value) => value.trim() === '');
    case 'any_opportunity':
      return opportunities.some((one) =>
        holds(rule.where, (field) => opportunityValues(one, field), one.id, [], one),
      );
    case 'open':
      return opportunity !== undefined && isOpen(opportunity);
  }
}

/** The values of an account's field: names, domains and ids are several, a missing field is none. */
function accountValues(account: AccountRecord, field: string): readonly string[] {
  if (field === 'id') return [account.id];
  if (field === 'name') return account.names;
  if (field === 'domain') return account.domains;
  if (field === 'country') return account.country === undefined ? [] : [account.country];
  if (field === 'other_name') return account.otherNames ?? [];
  if (field === 'parent') return account.parents ?? [];
  const kind = ID_KINDS.find((known) => known === field);
  if (kind !== undefined) return account.companyIds?.[kind] ?? [];
  return own(account.fields, field);
}

function opportunityValues(opportunity: OpportunityRecord, field: string): readonly string[] {
  if (field === 'id') return [opportunity.id];
  if (field === 'account_id') return [opportunity.accountId];
  return own(opportunity.fields, field);
}

function own(fields: Readonly<Record<string, string>>, field: string): readonly string[] {
  const value = Object.hasOwn(fields, field) ? fields[field] : undefined;
  return value === undefined ? [] : [value];
}

function ordered(value: string, sign: Sign, wanted: string): boolean {
  const day = dateOf(wanted);
  const right = day ?? numberOf(wanted);
  const left = day === null ? numberOf(value) : dateOf(value);
  if (left === null || right === null) return false;
  if (sign === '>') return left > right;
  if (sign === '>=') return left >= right;
  return sign === '<' ? left < right : left <= right;
}

/** Lists are long and asked once for every account. */
const idSets = new WeakMap<Rule, ReadonlySet<string>>();

function idsOf(rule: Rule & { kind: 'list' }): ReadonlySet<string> {
  let ids = idSets.get(rule);
  if (ids === undefined) {
    ids = new Set(rule.ids.map(canonicalId));
    idSets.set(rule, ids);
  }
  return ids;
}

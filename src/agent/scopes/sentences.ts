/** A scope in sentences, for the people who sign it: what they say is what the decision does, rule by rule. */
import { EVALUATED_KINDS, type EvaluatedKind, STRONG_KINDS } from '../../../protocol/identifiers/kind.ts';
import { VIEWER_ROLES, type ViewerRole } from '../../../protocol/member.ts';
import {
  ANY_POPULATION,
  FIELD_CLASSES,
  FIELDS,
  type Field,
  OPEN_OPPORTUNITIES,
  type Scope,
  type ScopeRule,
} from '../../../protocol/scope.ts';
import type { Terms } from './terms.ts';

/** What identifiers of a kind are called, several of them. */
export const KIND_TEXTS: Readonly<Record<EvaluatedKind, string>> = {
  domain: 'domains',
  name: 'names',
  lei: 'LEIs',
  vat: 'VAT numbers',
  duns: 'D-U-N-S numbers',
  isin: 'ISINs',
  registry: 'register numbers',
};

/** What fields are called. */
export const FIELD_TEXTS: Readonly<Record<Field, string>> = {
  account_name: 'account name',
  owner: 'owner',
  owner_email: 'owner’s e-mail',
  type: 'type',
  industry: 'industry',
  city: 'city',
  country: 'country',
  stage: 'stage',
  amount: 'exact amount',
  close_date: 'close date',
  amount_band: 'amount as a band',
  note: 'free-text note',
};

const ROLE_TEXTS: Readonly<Record<ViewerRole, string>> = {
  sales: 'sales people',
  'clean-team': 'clean team',
};

/**
 * Every effective rule as a sentence, then the terms. `grantee` is the partner’s name, `grantor` who grants; where that
 * is another than `we`, the reader is the grantee.
 */
export function describeScope(scope: Terms, grantee: string, grantor = 'we'): string[] {
  return [...describeRules(scope, grantee, grantor), ...describeTerms(scope, grantee, grantor)].map(capital);
}

/** The rules alone. */
function describeRules(scope: Terms, grantee: string, grantor = 'we'): string[] {
  if (scope.rules.length === 0) return [`${grantee} is granted nothing.`];
  const sentences = scope.rules.flatMap((rule) => ruleSentences(rule, scope, grantee, grantor));
  if (scope.rules.some((rule, i) => scope.rules.some((other, j) => j > i && mayMeet(rule, other))))
    sentences.push('Where several rules speak of the same accounts, the narrowest of them holds.');
  if (scope.competitors)
    sentences.push(
      `${grantee} and ${grantor === 'we' ? 'we' : grantor} compete: open opportunities and details of deals go to the clean team alone, whatever a rule says.`,
    );
  return sentences;
}

/** What holds for the whole: comparisons, purpose, retention, export, reciprocity, counts, times. */
export function describeTerms(scope: Terms, grantee: string, grantor = 'we'): string[] {
  const budget = EVALUATED_KINDS.flatMap((kind) => {
    const count = scope.evaluationBudget[kind];
    return count > 0 ? [`${count} ${KIND_TEXTS[kind]}`] : [];
  });
  const strong = STRONG_KINDS.filter((kind) => scope.strongKinds.includes(kind)).map(
    (kind) => KIND_TEXTS[kind],
  );
  const sentences = [
    `The purpose: ${ended(scope.purpose)}`,
    ...(scope.agreement
      ? [
          `It rests on “${scope.agreement.reference}” (SHA-256 of the document: ${scope.agreement.sha256.slice(0, 16)}…).`,
        ]
      : []),
    `${grantee} may have up to ${listed(budget) || 'nothing'} compared a year.`,
    strong.length > 0
      ? `Details show only where ${listed(strong, 'or')} are the same; an equal name alone never shows any.`
      : 'No details show at all: nothing is taken for proof that two accounts are the same.',
    `Numbers below ${scope.minimumCount} are not shown, others are rounded down to multiples of ${scope.minimumCount}; lists may be compared anew ${scope.snapshotsPerMonth} times a month.`,
    ...(grantsNames(scope.rules) ? [namesText(scope, grantee, grantor)] : []),
    scope.reciprocity
      ? `${grantee} gets no more than it grants back.`
      : 'It holds whether or not the same is granted back.',
    scope.export
      ? `${grantee} may take answers out as files.`
      : `${grantee} may not take answers out as files.`,
    `When it ends, ${grantee} deletes within ${days(scope.retentionDays)} what it keeps of it, and signs that it did.`,
    `It holds from ${scope.validFrom}${scope.validUntil ? ` to ${scope.validUntil}` : ' until it is revoked or replaced'}.`,
  ];
  return sentences;
}

/** Whether a rule grants anybody names of white space. */
export function grantsNames(rules: readonly ScopeRule[]): boolean {
  return rules.some(({ roles }) => VIEWER_ROLES.some((role) => roles[role]?.whiteSpace === 'names'));
}

/** How many names of accounts that they lack the partner's people are shown. */
export function namesText(
  { namesPerMonth }: Pick<Scope, 'namesPerMonth'>,
  grantee: string,
  grantor = 'we',
): string {
  const { they } = askedOf(grantor);
  return namesPerMonth === 0
    ? `Of accounts ${they} lack ${grantee}’s people see no names, though a rule grants them: at most 0 names a month.`
    : `Of accounts ${they} lack ${grantee}’s people see at most ${namesPerMonth} names a month, all of them together.`;
}

/** How whoever is granted something is spoken of: the reader is either the grantor or the grantee. */
export function askedOf(grantor: string): {
  readonly they: string;
  readonly their: string;
  readonly theirs: string;
} {
  return grantor === 'we'
    ? { they: 'they', their: 'their', theirs: 'theirs' }
    : { they: 'you', their: 'your', theirs: 'yours' };
}

/** One rule: one sentence for all who ask where they are granted the same, else one for each, or for `only` one. */
export function ruleSentences(
  rule: ScopeRule,
  scope: Pick<Scope, 'minimumCount'>,
  grantee: string,
  grantor = 'we',
  only: ViewerRole | null = null,
): string[] {
  const our = grantor === 'we' ? 'our' : `${grantor}’s`;
  const { they, their, theirs } = askedOf(grantor);
  const lists =
    rule.partnerPopulation === ANY_POPULATION
      ? `any list of ${theirs}`
      : `${their} ${rule.partnerPopulation}`;
  const where = `Where ${our} ${rule.population} meet ${lists},`;
  const texts = VIEWER_ROLES.map((role) => ({ role, text: grantText(rule, role, scope, our, they) }));
  const [first] = texts;
  if (first && texts.every(({ text }) => text === first.text))
    return [`${where} ${grantee} learns ${first.text}.`];
  return texts
    .filter(({ role }) => only === null || role === only)
    .map(({ role, text }) => `${where} ${grantee}’s ${ROLE_TEXTS[role]} learn ${text}.`);
}

function grantText(
  rule: ScopeRule,
  role: ViewerRole,
  { minimumCount }: Pick<Scope, 'minimumCount'>,
  our: string,
  they: string,
): string {
  const grant = rule.roles[role];
  if (!grant) return 'nothing';
  const fields = FIELDS.filter((field) => grant.fields.includes(field));
  const overlap = {
    none: 'nothing',
    counts: `only numbers, rounded down to multiples of ${minimumCount}`,
    accounts: 'which accounts both have',
    fields: fields.length
      ? `which accounts both have, with ${listed(fields.map((field) => FIELD_TEXTS[field]))}${classText(fields)}`
      : 'which accounts both have, with no field',
  }[grant.level];
  const white = {
    none: '',
    counts: `, and how many of ${our} ${rule.population} ${they} lack (rounded)`,
    names: `, and the names of ${our} ${rule.population} ${they} lack`,
  }[grant.whiteSpace];
  const review = grant.review && grant.level !== 'none' ? '; possible matches too, without fields' : '';
  return `${overlap}${white}${review}`;
}

/** What kind of data it is, where that calls for a lawyer's eye. */
function classText(fields: readonly Field[]): string {
  const classes = new Set(fields.map((field) => FIELD_CLASSES[field]));
  const parts = [
    ...(classes.has('personal') ? ['personal data'] : []),
    ...(classes.has('sensitive') ? ['details of deals'] : []),
  ];
  return parts.length > 0 ? ` (${parts.join(', ')})` : '';
}

function mayMeet(a: ScopeRule, b: ScopeRule): boolean {
  if (a.population !== b.population) return false;
  const any = [a.partnerPopulation, b.partnerPopulation].includes(ANY_POPULATION);
  return any || a.partnerPopulation === b.partnerPopulation;
}

/** What is granted of open opportunities between competitors reaches the clean team alone; said where it is drafted. */
export function competitorWarnings(scope: Pick<Scope, 'competitors' | 'rules'>): string[] {
  if (!scope.competitors) return [];
  return scope.rules.flatMap((rule, index) => {
    const sales = rule.roles.sales;
    if (!sales || sales.level === 'none') return [];
    if (rule.population === OPEN_OPPORTUNITIES)
      return [
        `rule ${index + 1} grants open opportunities to sales people; between competitors that is nothing`,
      ];
    const sensitive = sales.fields.filter((field) => FIELD_CLASSES[field] === 'sensitive');
    return sensitive.length > 0
      ? [
          `rule ${index + 1} grants ${listed(sensitive)} to sales people; between competitors these stay with the clean team`,
        ]
      : [];
  });
}

export function listed(parts: readonly string[], last = 'and'): string {
  return parts.length > 1 ? `${parts.slice(0, -1).join(', ')} ${last} ${parts.at(-1)}` : (parts[0] ?? '');
}

function capital(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}

function days(count: number): string {
  return count === 1 ? '1 day' : `${count} days`;
}

function ended(text: string): string {
  return /[.!?]$/.test(text) ? text : `${text}.`;
}

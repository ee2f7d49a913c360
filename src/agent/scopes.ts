/** Sharing scopes from the granting side: presets, signing, publishing, revoking. */
import { fromBase64url, toBase64url, toHex } from '../../protocol/bytes.ts';
import { EVALUATED_KINDS, type EvaluatedKind } from '../../protocol/identifiers/kind.ts';
import {
  ANY_POPULATION,
  FIELDS,
  type Field,
  isInForce,
  MAX_POPULATIONS,
  openScope,
  populationGrant,
  type Scope,
  type ScopeRule,
  scopeHash,
  signScope,
} from '../../protocol/scope.ts';
import { type Agent, timestamp } from './agent.ts';
import type { PartnershipView } from './client.ts';
import { requireVerified } from './pinned.ts';
import { Problem } from './problem.ts';
import { countAccounts, listPopulations } from './store/lists.ts';
import { getPartnership, type Partnership, updatePartnership } from './store/partnerships.ts';

export const PRESETS = ['counts', 'overlap', 'co-sell'] as const;
export type Preset = (typeof PRESETS)[number];

/** What each preset grants, in words for the people who choose. */
export const PRESET_TEXTS: Readonly<Record<Preset, string>> = {
  counts: 'rounded numbers only: how many accounts meet, for every pair of populations',
  overlap: 'which accounts meet; for open opportunities also the owner and the stage',
  'co-sell':
    'which accounts meet, with owner, industry, stage and close date; names of accounts the partner lacks',
};

/** Below this a count is not shown, and every count is rounded down to a multiple of it. */
const DEFAULT_MINIMUM_COUNT = 5;
const OPEN_OPPORTUNITIES = 'open-opportunities';
const CO_SELL_FIELDS: readonly Field[] = [
  'account_name',
  'owner',
  'owner_email',
  'type',
  'industry',
  'stage',
  'close_date',
];

export interface GrantOptions {
  readonly rules: readonly ScopeRule[];
  readonly populations: readonly string[];
  readonly minimumCount?: number;
  /** Elements a year this side evaluates for the partner. */
  readonly budget?: Readonly<Partial<Record<EvaluatedKind, number>>>;
  readonly validUntil?: string | null;
}

/** The rules of a preset over these populations. */
export function presetRules(preset: Preset, populations: readonly string[]): ScopeRule[] {
  return populations.map((population) => presetRule(preset, population));
}

function presetRule(preset: Preset, population: string): ScopeRule {
  const any = { population, partnerPopulation: ANY_POPULATION };
  switch (preset) {
    case 'counts':
      return { ...any, level: 'counts', fields: [], whiteSpace: 'counts', review: false };
    case 'overlap':
      return population === OPEN_OPPORTUNITIES
        ? { ...any, level: 'fields', fields: ['owner', 'stage'], whiteSpace: 'none', review: true }
        : { ...any, level: 'accounts', fields: [], whiteSpace: 'counts', review: true };
    case 'co-sell':
      return { ...any, level: 'fields', fields: [...CO_SELL_FIELDS], whiteSpace: 'names', review: true };
  }
}

/** Signs the next version of this side's scope, keeps it, and publishes it. It takes effect at once. A dry run stops before. */
export async function grantScope(
  agent: Agent,
  partnership: Partnership,
  options: GrantOptions,
  dryRun = false,
): Promise<Scope> {
  const partner = requireVerified(partnership);
  const known = new Set(listPopulations(agent.store).map((population) => population.name));
  const unknown = options.populations.find((population) => !known.has(population));
  if (unknown !== undefined) {
    throw new Problem(
      'unknown_population',
      `there is no population ${unknown}`,
      `populations here: ${[...known].join(', ') || 'none'}; add one with \`commonground population add\``,
    );
  }
  if (options.populations.length > MAX_POPULATIONS) {
    throw new Problem(
      'bad_argument',
      `a scope names at most ${MAX_POPULATIONS} populations`,
      'choose with --population',
    );
  }
  // After a restore the service knows versions that this home does not.
  if (!dryRun) followOwnScope(agent, partnership, await agent.client().partnership(partnership.id));
  const { scopes } = getPartnership(agent.store, partnership.id);
  const previous = scopes.mine ? decode(scopes.mine) : null;
  const last = previous ? readMine(agent, { ...partnership, scopes }) : null;
  // A version whose upload failed would leave a gap in the numbers that the service never closes.
  if (previous && last && !dryRun) await agent.client().putScope(partnership.id, last.number, previous);
  const budget = Math.max(10_000, 3 * countAccounts(agent.store));
  const scope: Scope = {
    version: 1,
    partnership: partnership.id,
    grantor: agent.keyring.certificate.organisation,
    grantee: partner.organisation,
    number: (last?.number ?? 0) + 1,
    previous: previous ? toHex(scopeHash(previous)) : null,
    issuedAt: timestamp(agent.now()),
    validUntil: options.validUntil ?? null,
    populations: [...options.populations],
    rules: [...options.rules],
    minimumCount: options.minimumCount ?? last?.minimumCount ?? DEFAULT_MINIMUM_COUNT,
    evaluationBudget: budgets((kind) => {
      const usual = kind === 'name' ? 2 * budget : budget;
      return options.budget?.[kind] ?? last?.evaluationBudget[kind] ?? usual;
    }),
  };
  const signed = signScope(scope, agent.keyring.agentSeed);
  // What is signed must be what the other side can read; a mistake in --from shows here, before anything leaves.
  const check = openScope(signed, agent.keyring.certificate.agentKey);
  if (!check.ok) throw new Problem('bad_argument', `the rules do not make a valid scope (${check.reason})`);
  if (dryRun) return scope;
  updatePartnership(agent.store, partnership.id, (current) => ({
    ...current,
    scopes: { ...current.scopes, mine: toBase64url(signed) },
    // A change of the scope makes everything prepared under the old one void.
    pendingSubmission: null,
  }));
  await agent.client().putScope(partnership.id, scope.number, signed);
  return scope;
}

/** A version that grants nothing: the service stops answering at once and deletes this side's rows. */
export function revokeScope(agent: Agent, partnership: Partnership): Promise<Scope> {
  if (!partnership.scopes.mine)
    throw new Problem('nothing_granted', `nothing is granted to ${partnership.alias}`);
  return grantScope(agent, partnership, { rules: [], populations: [], budget: budgets(() => 0) });
}

/** This side's newest scope, or null. */
export function readMine(agent: Agent, partnership: Partnership): Scope | null {
  if (!partnership.scopes.mine) return null;
  const scope = openScope(decode(partnership.scopes.mine), agent.keyring.certificate.agentKey);
  if (!scope.ok)
    throw new Problem(
      'store_damaged',
      `the kept scope does not check (${scope.reason})`,
      'restore the home from a backup',
    );
  return scope.value;
}

/**
 * Brings this side's own scope in line with the newest one that the service shows, which this side's key must have
 * signed. They part after a restore, or where a version never reached the service. The one issued last is what the
 * people here want: it stays, numbered behind the service's, or it is taken from the service.
 */
export function followOwnScope(agent: Agent, partnership: Partnership, view: PartnershipView): void {
  const shown = view.scopes[partnership.side];
  const kept = readMine(agent, partnership);
  if (!shown || partnership.scopes.mine === toBase64url(shown)) return;
  const { agentKey } = agent.keyring.certificate;
  const scope = openScope(shown, agentKey);
  if (!scope.ok || scope.value.partnership !== partnership.id)
    throw new Problem(
      'service_alarm',
      `the service shows a scope in your name that is not yours (${scope.ok ? 'other partnership' : scope.reason})`,
      'nothing was changed; call the operator of the service',
    );
  const { number, issuedAt } = scope.value;
  const hash = toHex(scopeHash(shown));
  // Not published yet, and it fits: publishing is the next step.
  if (kept && kept.number > number && (kept.number > number + 1 || kept.previous === hash)) return;
  const next =
    kept && kept.issuedAt > issuedAt
      ? signScope({ ...kept, number: number + 1, previous: hash }, agent.keyring.agentSeed)
      : shown;
  updatePartnership(agent.store, partnership.id, (current) => ({
    ...current,
    scopes: { ...current.scopes, mine: toBase64url(next) },
    pendingSubmission: null,
  }));
}

/** The partner's newest scope as kept, or null. */
export function readTheirs(partnership: Partnership): Scope | null {
  const partner = requireVerified(partnership);
  if (!partnership.scopes.theirs) return null;
  const scope = openScope(decode(partnership.scopes.theirs), decode(partner.agentKey));
  return scope.ok ? scope.value : null;
}

/** What to do where the service shows an older state than before. */
const WENT_BACK =
  'if the service was restored from a backup, your partner’s next sync brings it up to date; if that does not help, do not go on and call your partner';

/** Takes the partner's newest scope of a view: signed by the pinned key, for this partnership, never an older one. */
export function followScope(agent: Agent, partnership: Partnership, view: PartnershipView): Partnership {
  const partner = requireVerified(partnership);
  const shown = view.scopes[partnership.side === 'founder' ? 'joiner' : 'founder'];
  const kept = partnership.scopes.theirs;
  if (!shown) {
    if (kept)
      throw new Problem(
        'service_alarm',
        `the service hides the scope of ${partnership.alias} that it showed before`,
        WENT_BACK,
      );
    return partnership;
  }
  if (kept === toBase64url(shown)) return partnership;
  const scope = openScope(shown, decode(partner.agentKey));
  if (!scope.ok)
    throw new Problem('service_alarm', `the scope of ${partnership.alias} does not check (${scope.reason})`);
  const fits =
    scope.value.partnership === partnership.id &&
    scope.value.grantor === partner.organisation &&
    scope.value.grantee === agent.keyring.certificate.organisation;
  if (!fits)
    throw new Problem(
      'service_alarm',
      `the service shows a scope of another partnership for ${partnership.alias}`,
    );
  const known = readTheirs(partnership);
  if (known && scope.value.number <= known.number) {
    throw new Problem(
      'service_alarm',
      `the service shows version ${scope.value.number} of the scope of ${partnership.alias}, version ${known.number} was seen before`,
      WENT_BACK,
    );
  }
  if (
    known &&
    kept &&
    scope.value.number === known.number + 1 &&
    scope.value.previous !== toHex(scopeHash(decode(kept)))
  ) {
    throw new Problem(
      'partner_alarm',
      `the new scope of ${partnership.alias} does not follow the one that was seen before`,
    );
  }
  return updatePartnership(agent.store, partnership.id, (current) => ({
    ...current,
    scopes: { ...current.scopes, theirs: toBase64url(shown) },
  }));
}

function budgets(of: (kind: EvaluatedKind) => number): Record<EvaluatedKind, number> {
  return Object.fromEntries(EVALUATED_KINDS.map((kind) => [kind, of(kind)])) as Record<EvaluatedKind, number>;
}

/** True when the scope is in force and grants anything at all. */
export function grantsAnything(scope: Scope | null, nowMs: number): boolean {
  if (!scope || !isInForce(scope, nowMs)) return false;
  return scope.populations.some((population) => {
    const grant = populationGrant(scope, population);
    return grant.level !== 'none' || grant.whiteSpace !== 'none';
  });
}

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

/** One sentence a rule, for people. */
export function describeScope(scope: Scope, grantee: string): string[] {
  if (scope.rules.length === 0) return [`${grantee} is granted nothing.`];
  const sentences = scope.rules.map((rule) => {
    const theirs =
      rule.partnerPopulation === ANY_POPULATION ? 'any list of theirs' : `their ${rule.partnerPopulation}`;
    const fields = FIELDS.filter((field) => rule.fields.includes(field)).join(', ') || 'no field';
    const overlap = {
      none: 'nothing',
      counts: `only numbers, rounded down to multiples of ${scope.minimumCount}`,
      accounts: 'which accounts both have',
      fields: `which accounts both have, with ${fields}`,
    }[rule.level];
    const white = {
      none: '',
      counts: ` and how many of our ${rule.population} they lack (rounded)`,
      names: ` and the names of our ${rule.population} they lack`,
    }[rule.whiteSpace];
    const review = rule.review && rule.level !== 'none' ? '; possible matches too, without fields' : '';
    return `Where our ${rule.population} meet ${theirs}, ${grantee} learns ${overlap}${white}${review}.`;
  });
  const budget = EVALUATED_KINDS.flatMap((kind) => {
    const count = scope.evaluationBudget[kind];
    return count > 0 ? [`${count} ${KIND_TEXTS[kind]}`] : [];
  });
  sentences.push(`${grantee} may have up to ${listed(budget) || 'nothing'} compared a year.`);
  if (scope.validUntil) sentences.push(`It ends on ${scope.validUntil}.`);
  return sentences;
}

function listed(parts: readonly string[]): string {
  return parts.length > 1 ? `${parts.slice(0, -1).join(', ')} and ${parts.at(-1)}` : (parts[0] ?? '');
}

function decode(text: string): Uint8Array {
  return fromBase64url(text) ?? new Uint8Array();
}

/**
 * The sharing scope: a signed, versioned document in which one organisation grants the other what a match reveals.
 * It is JSON that a lawyer can read; the signature is over its exact bytes, which must be the canonical ones.
 */
import * as z from 'zod/mini';
import { equal, utf8 } from './bytes.ts';
import { sha256 } from './hash.ts';
import { EVALUATED_KINDS, type EvaluatedKind } from './identifiers/kind.ts';
import { type OrganisationId, type PartnershipId, parseOrganisationId, parsePartnershipId } from './ids.ts';
import { ok, type Result, refuse } from './result.ts';
import { openSigned, sign } from './signed.ts';

/** From nothing to most; each includes what stands before it. */
export const LEVELS = ['none', 'counts', 'accounts', 'fields'] as const;
export type Level = (typeof LEVELS)[number];
export const WHITE_SPACE_LEVELS = ['none', 'counts', 'names'] as const;
export type WhiteSpaceLevel = (typeof WHITE_SPACE_LEVELS)[number];

/** What can be shared of an account, in the order of their numbers on the wire. */
export const FIELDS = [
  'account_name',
  'owner',
  'owner_email',
  'type',
  'industry',
  'city',
  'country',
  'stage',
  'amount',
  'close_date',
] as const;
export type Field = (typeof FIELDS)[number];

/** The field's number on the wire, from 1. */
export function fieldNumber(field: Field): number {
  return FIELDS.indexOf(field) + 1;
}

/** Counts over more populations would pin single accounts down (threat-model.md). */
export const MAX_POPULATIONS = 6;
/** Stands for every population of the partner. */
export const ANY_POPULATION = '*';

const populationName = z.string().check(z.regex(/^[a-z0-9][a-z0-9-]{0,39}$/));
/** RFC 3339 in UTC with whole seconds, of a day that exists. */
const time = z.string().check(
  z.regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
  z.refine((text) => {
    const parsed = Date.parse(text);
    return !Number.isNaN(parsed) && new Date(parsed).toISOString() === text.replace('Z', '.000Z');
  }),
);
const budget = z.int().check(z.gte(0), z.lte(1_000_000_000));

const rule = z.strictObject({
  population: populationName,
  partnerPopulation: z.union([z.literal(ANY_POPULATION), populationName]),
  level: z.enum(LEVELS),
  fields: z.array(z.enum(FIELDS)),
  whiteSpace: z.enum(WHITE_SPACE_LEVELS),
  review: z.boolean(),
});

const document = z.strictObject({
  version: z.literal(1),
  partnership: z.string(),
  grantor: z.string(),
  grantee: z.string(),
  number: z.int().check(z.gte(1), z.lte(1_000_000)),
  previous: z.nullable(z.string().check(z.regex(/^[0-9a-f]{64}$/))),
  issuedAt: time,
  validUntil: z.nullable(time),
  populations: z.array(populationName).check(z.maxLength(MAX_POPULATIONS)),
  rules: z.array(rule).check(z.maxLength(100)),
  minimumCount: z.int().check(z.gte(1), z.lte(1000)),
  evaluationBudget: z.strictObject({
    domain: budget,
    name: budget,
    lei: budget,
    vat: budget,
    duns: budget,
    isin: budget,
    registry: budget,
  } satisfies Record<EvaluatedKind, unknown>),
});

/** One rule: what the partner may learn where my population meets theirs. */
export type ScopeRule = z.infer<typeof rule>;

export interface Scope extends Omit<z.infer<typeof document>, 'partnership' | 'grantor' | 'grantee'> {
  readonly partnership: PartnershipId;
  readonly grantor: OrganisationId;
  readonly grantee: OrganisationId;
}

export type ScopeRefusal = 'malformed' | 'bad_signature' | 'not_canonical';

/** What one cell, grantor's population × grantee's population, is granted. */
export interface CellGrant {
  readonly level: Level;
  readonly fields: readonly Field[];
  readonly whiteSpace: WhiteSpaceLevel;
  /** Whether pairs of the tier `review` are counted and shown too, as far as the level goes; never their fields. */
  readonly review: boolean;
}

const NOTHING: CellGrant = { level: 'none', fields: [], whiteSpace: 'none', review: false };

/** The canonical bytes: keys in the order of the schema, no white space, fields and populations as listed. */
export function encodeScope(scope: Scope): Uint8Array {
  return utf8(JSON.stringify(canonical(scope)));
}

export function signScope(scope: Scope, agentSeed: Uint8Array): Uint8Array {
  return sign('scope', encodeScope(scope), agentSeed);
}

/** Hash of the signed document; what later versions and submissions refer to. */
export function scopeHash(signed: Uint8Array): Uint8Array {
  return sha256(signed);
}

export function openScope(signed: Uint8Array, agentKey: Uint8Array): Result<Scope, ScopeRefusal> {
  const opened = openSigned('scope', signed, agentKey);
  if (!opened.ok) return opened;
  const scope = readScope(opened.value);
  if (!scope) return refuse('malformed');
  return equal(encodeScope(scope), opened.value) ? ok(scope) : refuse('not_canonical');
}

/**
 * What a cell is granted: the narrowest of the rules that speak of it, nothing where none does. So a rule can only take
 * away, and their order changes nothing.
 */
export function cellGrant(scope: Scope, population: string, partnerPopulation: string): CellGrant {
  if (!scope.populations.includes(population)) return NOTHING;
  const rules = scope.rules.filter(
    (candidate) =>
      candidate.population === population &&
      (candidate.partnerPopulation === ANY_POPULATION || candidate.partnerPopulation === partnerPopulation),
  );
  if (rules.length === 0) return NOTHING;
  const level = LEVELS[Math.min(...rules.map((candidate) => LEVELS.indexOf(candidate.level)))] ?? 'none';
  const whiteSpace =
    WHITE_SPACE_LEVELS[
      Math.min(...rules.map((candidate) => WHITE_SPACE_LEVELS.indexOf(candidate.whiteSpace)))
    ] ?? 'none';
  const fields =
    level === 'fields'
      ? FIELDS.filter((field) => rules.every((candidate) => candidate.fields.includes(field)))
      : [];
  const review = level !== 'none' && rules.every((candidate) => candidate.review);
  return { level, fields, whiteSpace, review };
}

/** What may leave for one population: the union over all cells it can stand in. */
export function populationGrant(scope: Scope, population: string): CellGrant {
  const partners = new Set([ANY_POPULATION, ...scope.rules.map((candidate) => candidate.partnerPopulation)]);
  let union = NOTHING;
  for (const partner of partners) {
    const grant = cellGrant(scope, population, partner);
    union = {
      level: higher(LEVELS, union.level, grant.level),
      fields: FIELDS.filter((field) => union.fields.includes(field) || grant.fields.includes(field)),
      whiteSpace: higher(WHITE_SPACE_LEVELS, union.whiteSpace, grant.whiteSpace),
      review: union.review || grant.review,
    };
  }
  return union;
}

/** True from its issue, five minutes of clock difference let pass, until the end that it names. */
export function isInForce(scope: Scope, nowMs: number): boolean {
  if (nowMs < Date.parse(scope.issuedAt) - 300_000) return false;
  return scope.validUntil === null || nowMs < Date.parse(scope.validUntil);
}

function higher<Rank extends string>(ranks: readonly Rank[], a: Rank, b: Rank): Rank {
  return ranks.indexOf(a) >= ranks.indexOf(b) ? a : b;
}

function readScope(bytes: Uint8Array): Scope | null {
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    return null;
  }
  const parsed = document.safeParse(json);
  if (!parsed.success) return null;
  const partnership = parsePartnershipId(parsed.data.partnership);
  const grantor = parseOrganisationId(parsed.data.grantor);
  const grantee = parseOrganisationId(parsed.data.grantee);
  if (!partnership || !grantor || !grantee || grantor === grantee) return null;
  if (new Set(parsed.data.populations).size !== parsed.data.populations.length) return null;
  if (parsed.data.rules.some((candidate) => !parsed.data.populations.includes(candidate.population)))
    return null;
  return { ...parsed.data, partnership, grantor, grantee };
}

function canonical(scope: Scope): Scope {
  return {
    version: 1,
    partnership: scope.partnership,
    grantor: scope.grantor,
    grantee: scope.grantee,
    number: scope.number,
    previous: scope.previous,
    issuedAt: scope.issuedAt,
    validUntil: scope.validUntil,
    populations: [...scope.populations],
    rules: scope.rules.map((entry) => ({
      population: entry.population,
      partnerPopulation: entry.partnerPopulation,
      level: entry.level,
      fields: FIELDS.filter((field) => entry.fields.includes(field)),
      whiteSpace: entry.whiteSpace,
      review: entry.review,
    })),
    minimumCount: scope.minimumCount,
    evaluationBudget: Object.fromEntries(
      EVALUATED_KINDS.map((kind) => [kind, scope.evaluationBudget[kind]]),
    ) as Scope['evaluationBudget'],
  };
}

/**
 * The sharing scope: a versioned document in which one organisation grants the other's people, by role, what a match
 * reveals. It is JSON that a lawyer can read; the drafter's signature is over its exact bytes, which must be the
 * canonical ones. Drafting grants nothing: `standing.ts` says what else has to be signed before it is in force.
 */
import * as z from 'zod/mini';
import { equal, utf8 } from './bytes.ts';
import { sha256 } from './hash.ts';
import { EVALUATED_KINDS, type EvaluatedKind, STRONG_KINDS } from './identifiers/kind.ts';
import { type OrganisationId, type PartnershipId, parseOrganisationId, parsePartnershipId } from './ids.ts';
import { isLine } from './line.ts';
import { type MemberId, parseMemberId, VIEWER_ROLES, type ViewerRole } from './member.ts';
import { ok, type Result, refuse } from './result.ts';
import { messageOf, openSigned, sign } from './signed.ts';
import { isTimestamp } from './time.ts';

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
  'amount_band',
  'note',
] as const;
export type Field = (typeof FIELDS)[number];

/** `personal` names a person, `sensitive` tells of a deal; the rest tells of the company alone. */
export const FIELD_CLASSES = {
  account_name: 'company',
  owner: 'personal',
  owner_email: 'personal',
  type: 'company',
  industry: 'company',
  city: 'company',
  country: 'company',
  stage: 'sensitive',
  amount: 'sensitive',
  close_date: 'sensitive',
  amount_band: 'sensitive',
  note: 'sensitive',
} as const satisfies Record<Field, 'company' | 'personal' | 'sensitive'>;

/** The field's number on the wire, from 1. */
export function fieldNumber(field: Field): number {
  return FIELDS.indexOf(field) + 1;
}

/** Counts over more populations would pin single accounts down (threat-model.md). */
export const MAX_POPULATIONS = 6;
/** Stands for every population of the partner. */
export const ANY_POPULATION = '*';
/** The population that competitors never show each other but to the clean team. */
export const OPEN_OPPORTUNITIES = 'open-opportunities';
/** The role to which competitors may keep what is sensitive. */
const CLEAN_TEAM: ViewerRole = 'clean-team';

const populationName = z.string().check(z.regex(/^[a-z0-9][a-z0-9-]{0,39}$/));
const time = z.string().check(z.refine(isTimestamp));
const budget = z.int().check(z.gte(0), z.lte(1_000_000_000));
const hash = z.string().check(z.regex(/^[0-9a-f]{64}$/));
const text = (length: number) => z.string().check(z.minLength(1), z.maxLength(length), z.refine(isLine));

const grant = z.strictObject({
  level: z.enum(LEVELS),
  fields: z.array(z.enum(FIELDS)),
  whiteSpace: z.enum(WHITE_SPACE_LEVELS),
  review: z.boolean(),
});

const rule = z.strictObject({
  population: populationName,
  partnerPopulation: z.union([z.literal(ANY_POPULATION), populationName]),
  roles: z.strictObject({
    sales: z.optional(grant),
    'clean-team': z.optional(grant),
  } satisfies Record<ViewerRole, unknown>),
});

const document = z.strictObject({
  version: z.literal(1),
  partnership: z.string(),
  grantor: z.string(),
  grantee: z.string(),
  number: z.int().check(z.gte(1), z.lte(1_000_000)),
  previous: z.nullable(hash),
  drafter: z.nullable(z.string()),
  roster: z.int().check(z.gte(0), z.lte(1_000_000)),
  issuedAt: time,
  validFrom: time,
  validUntil: z.nullable(time),
  purpose: text(500),
  agreement: z.nullable(z.strictObject({ reference: text(200), sha256: hash })),
  populations: z.array(populationName).check(z.maxLength(MAX_POPULATIONS)),
  rules: z.array(rule).check(z.maxLength(100)),
  competitors: z.boolean(),
  reciprocity: z.boolean(),
  minimumCount: z.int().check(z.gte(1), z.lte(1000)),
  snapshotsPerMonth: z.int().check(z.gte(1), z.lte(1000)),
  namesPerMonth: z.int().check(z.gte(0), z.lte(1_000_000)),
  strongKinds: z.array(z.enum(STRONG_KINDS)),
  retentionDays: z.int().check(z.gte(1), z.lte(3650)),
  export: z.boolean(),
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

/** One rule: what the partner's people may learn where my population meets theirs; a role that is not named, nothing. */
export type ScopeRule = z.infer<typeof rule>;

/**
 * `number` only rises; `previous` is the hash of the newest approved version of the same side, or null. `roster` is the
 * number of the grantor's roster whose members draft and approve; with 0 there is none, `drafter` is null, and the
 * organisation's agent key signs: a company of one. `snapshotsPerMonth` bounds how often counts can be asked anew,
 * `namesPerMonth` of how many accounts white space may show all of the partner's people the name in a month (UTC),
 * `retentionDays` how long the partner keeps what it derived once the scope has ended. `strongKinds` are those under
 * whose identifiers the grantor's agent wraps row keys: only their matches open fields. They change no tier (`tier.ts`).
 */
export interface Scope
  extends Omit<z.infer<typeof document>, 'partnership' | 'grantor' | 'grantee' | 'drafter'> {
  readonly partnership: PartnershipId;
  readonly grantor: OrganisationId;
  readonly grantee: OrganisationId;
  readonly drafter: MemberId | null;
}

export type ScopeRefusal = 'malformed' | 'bad_signature' | 'not_canonical';

/** What a role is granted in one cell, grantor's population × grantee's population. */
export interface CellGrant {
  readonly level: Level;
  readonly fields: readonly Field[];
  readonly whiteSpace: WhiteSpaceLevel;
  /** Whether pairs of the tier `review` are counted and shown too, as far as the level goes; never their fields. */
  readonly review: boolean;
}

export const NOTHING: CellGrant = { level: 'none', fields: [], whiteSpace: 'none', review: false };

/** The canonical bytes: keys in the order of the schema, no white space, fields and populations as listed. */
export function encodeScope(scope: Scope): Uint8Array {
  return utf8(JSON.stringify(canonical(scope)));
}

/** Signed by the drafter: the member's seed, or the agent's in a company of one. */
export function signScope(scope: Scope, drafterSeed: Uint8Array): Uint8Array {
  return sign('scope', encodeScope(scope), drafterSeed);
}

/** Hash of the signed document; what approvals, later versions and submissions refer to. */
export function scopeHash(signed: Uint8Array): Uint8Array {
  return sha256(signed);
}

/** Reads a scope and checks the signature of its drafter, whose key `keyOf` gives: null where there is no such drafter. */
export function openScope(
  signed: Uint8Array,
  keyOf: (scope: Scope) => Uint8Array | null,
): Result<Scope, ScopeRefusal> {
  const message = messageOf(signed);
  const scope = message && readScope(message);
  if (!message || !scope) return refuse('malformed');
  const key = keyOf(scope);
  const opened = key ? openSigned('scope', signed, key) : refuse('bad_signature' as const);
  if (!opened.ok) return opened;
  return equal(encodeScope(scope), message) ? ok(scope) : refuse('not_canonical');
}

/**
 * What a role is granted in a cell: the narrowest of the rules that speak of the cell, nothing where none does or one
 * leaves the role out. So a rule can only take away, and their order changes nothing.
 */
export function cellGrant(
  scope: Pick<Scope, 'populations' | 'rules' | 'competitors'>,
  population: string,
  partnerPopulation: string,
  role: ViewerRole,
): CellGrant {
  if (!scope.populations.includes(population)) return NOTHING;
  const rules = scope.rules.filter(
    (candidate) =>
      candidate.population === population &&
      (candidate.partnerPopulation === ANY_POPULATION || candidate.partnerPopulation === partnerPopulation),
  );
  const grants = rules.map((candidate) => candidate.roles[role] ?? NOTHING);
  const narrowest = grants.length === 0 ? NOTHING : grants.reduce(narrower);
  return scope.competitors && role !== CLEAN_TEAM
    ? betweenCompetitors(population, narrowest)
    : whole(narrowest);
}

/** The narrower of two grants, in each of their parts. */
export function narrower(a: CellGrant, b: CellGrant): CellGrant {
  return whole({
    level: lower(LEVELS, a.level, b.level),
    fields: a.fields.filter((field) => b.fields.includes(field)),
    whiteSpace: lower(WHITE_SPACE_LEVELS, a.whiteSpace, b.whiteSpace),
    review: a.review && b.review,
  });
}

/** Fields need their level, and pairs to review need one that shows pairs. */
function whole({ level, fields, whiteSpace, review }: CellGrant): CellGrant {
  return {
    level,
    fields: level === 'fields' && fields.length > 0 ? FIELDS.filter((field) => fields.includes(field)) : [],
    whiteSpace,
    review: review && level !== 'none',
  };
}

function betweenCompetitors(population: string, given: CellGrant): CellGrant {
  if (population === OPEN_OPPORTUNITIES) return NOTHING;
  return whole({ ...given, fields: given.fields.filter((field) => FIELD_CLASSES[field] !== 'sensitive') });
}

/** What may leave for one population: the union over all cells it can stand in, and all roles. */
export function populationGrant(scope: Scope, population: string): CellGrant {
  const partners = new Set([ANY_POPULATION, ...scope.rules.map((candidate) => candidate.partnerPopulation)]);
  const cells = [...partners].flatMap((partner) =>
    VIEWER_ROLES.map((role) => cellGrant(scope, population, partner, role)),
  );
  return cells.reduce(wider, NOTHING);
}

/** The wider of two grants, in each of their parts. */
export function wider(a: CellGrant, b: CellGrant): CellGrant {
  return {
    level: higher(LEVELS, a.level, b.level),
    fields: FIELDS.filter((field) => a.fields.includes(field) || b.fields.includes(field)),
    whiteSpace: higher(WHITE_SPACE_LEVELS, a.whiteSpace, b.whiteSpace),
    review: a.review || b.review,
  };
}

/** True where the scope lets any account leave; each other one is a revocation. */
export function grantsAnything(scope: Scope): boolean {
  return scope.populations.some((population) => {
    const given = populationGrant(scope, population);
    return given.level !== 'none' || given.whiteSpace !== 'none';
  });
}

/**
 * True from the time it names, five minutes of clock difference let pass, until the end that it names; false where one of
 * these is no time.
 */
export function isValidAt(scope: Pick<Scope, 'validFrom' | 'validUntil'>, nowMs: number): boolean {
  const hasBegun = nowMs >= Date.parse(scope.validFrom) - 300_000;
  return hasBegun && (scope.validUntil === null || nowMs < Date.parse(scope.validUntil));
}

function lower<Rank extends string>(ranks: readonly Rank[], a: Rank, b: Rank): Rank {
  return ranks.indexOf(a) <= ranks.indexOf(b) ? a : b;
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
  const drafter = parsed.data.drafter === null ? null : parseMemberId(parsed.data.drafter);
  if (!partnership || !grantor || !grantee || grantor === grantee) return null;
  const { validFrom, validUntil } = parsed.data;
  if (validUntil !== null && validUntil <= validFrom) return null;
  // A roster has members who draft; without one there are none.
  if ((drafter === null) !== (parsed.data.roster === 0) || drafter !== parsed.data.drafter) return null;
  if (new Set(parsed.data.populations).size !== parsed.data.populations.length) return null;
  if (parsed.data.rules.some((candidate) => !parsed.data.populations.includes(candidate.population)))
    return null;
  return { ...parsed.data, partnership, grantor, grantee, drafter };
}

function canonical(scope: Scope): Scope {
  return {
    version: 1,
    partnership: scope.partnership,
    grantor: scope.grantor,
    grantee: scope.grantee,
    number: scope.number,
    previous: scope.previous,
    drafter: scope.drafter,
    roster: scope.roster,
    issuedAt: scope.issuedAt,
    validFrom: scope.validFrom,
    validUntil: scope.validUntil,
    purpose: scope.purpose,
    agreement: scope.agreement && {
      reference: scope.agreement.reference,
      sha256: scope.agreement.sha256,
    },
    populations: [...scope.populations],
    rules: scope.rules.map(({ population, partnerPopulation, roles }) => ({
      population,
      partnerPopulation,
      roles: Object.fromEntries(
        VIEWER_ROLES.flatMap((role) => {
          const given = roles[role];
          return given ? [[role, canonicalGrant(given)]] : [];
        }),
      ),
    })),
    competitors: scope.competitors,
    reciprocity: scope.reciprocity,
    minimumCount: scope.minimumCount,
    snapshotsPerMonth: scope.snapshotsPerMonth,
    namesPerMonth: scope.namesPerMonth,
    strongKinds: STRONG_KINDS.filter((kind) => scope.strongKinds.includes(kind)),
    retentionDays: scope.retentionDays,
    export: scope.export,
    evaluationBudget: Object.fromEntries(
      EVALUATED_KINDS.map((kind) => [kind, scope.evaluationBudget[kind]]),
    ) as Scope['evaluationBudget'],
  };
}

function canonicalGrant({ level, fields, whiteSpace, review }: CellGrant): z.infer<typeof grant> {
  return { level, fields: FIELDS.filter((field) => fields.includes(field)), whiteSpace, review };
}

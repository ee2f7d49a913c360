/**
 * The shapes of the service's answers, as both sides know them: the service describes by them what it sends, the agent
 * uses nothing of an answer that does not fit, and gets bytes where texts went over the wire.
 */
import * as z from 'zod';
import { fromBase64url } from '../../protocol/bytes.ts';
import { VERSION_PATTERN } from '../../protocol/health.ts';
import { KINDS } from '../../protocol/identifiers/kind.ts';
import { type Handle, parseOrganisationId, parsePartnershipId } from '../../protocol/ids.ts';
import { parseMemberId, ROLES, type ViewerRole } from '../../protocol/member.ts';
import { ANY_POPULATION, FIELDS, LEVELS, WHITE_SPACE_LEVELS } from '../../protocol/scope.ts';
import { TIER_RULES, TIERS } from '../../protocol/tier.ts';
import { REASON_CODES } from './reasons.ts';

/** base64url. */
export const bytes = z
  .string()
  .meta({ format: 'base64url' })
  .transform((text, context) => {
    const decoded = fromBase64url(text);
    if (decoded) return decoded;
    context.addIssue({ code: 'custom', message: 'not base64url' });
    return z.NEVER;
  });
/** RFC 3339, UTC. */
const time = z.string().meta({ format: 'date-time' });
const partnershipId = z.string().transform((text, context) => {
  const id = parsePartnershipId(text);
  if (id) return id;
  context.addIssue({ code: 'custom', message: 'not a partnership id' });
  return z.NEVER;
});
const organisationId = z.string().transform((text, context) => {
  const id = parseOrganisationId(text);
  if (id) return id;
  context.addIssue({ code: 'custom', message: 'not an organisation id' });
  return z.NEVER;
});
const memberId = z.string().transform((text, context) => {
  const id = parseMemberId(text);
  if (id) return id;
  context.addIssue({ code: 'custom', message: 'not a member id' });
  return z.NEVER;
});
const handle = z
  .string()
  .regex(/^[0-9a-f]{32}$/)
  .transform((text) => text as Handle);
const side = z.enum(['founder', 'joiner']);
/** From the invitation to the end. */
const state = z.enum(['invited', 'accepted', 'opened', 'ended']);
const bothOf = <Item extends z.ZodType>(item: Item) =>
  z.object({ founder: item.nullable(), joiner: item.nullable() });
/** What a role is granted. */
export const grant = z.strictObject({
  level: z.enum(LEVELS),
  fields: z.array(z.enum(FIELDS)).max(FIELDS.length),
  whiteSpace: z.enum(WHITE_SPACE_LEVELS),
  review: z.boolean(),
});
/** The name of a list. */
export const population = z.string().regex(/^[a-z0-9][a-z0-9-]{0,39}$/);
/** Rules as a scope has them. */
export const rules = z
  .array(
    z.strictObject({
      population,
      partnerPopulation: z.union([z.literal(ANY_POPULATION), population]),
      roles: z.strictObject({
        sales: grant.optional(),
        'clean-team': grant.optional(),
      } satisfies Record<ViewerRole, unknown>),
    }),
  )
  .max(100);
/** Versions of a side’s scope, oldest first, each with all that was signed about it. */
const versions = z.array(z.object({ number: z.int(), signed: bytes, statements: z.array(bytes) }));
const versionsOfBoth = z.object({ founder: versions, joiner: versions });
/** One run of the matching. */
const snapshot = z.object({ number: z.int(), at: time });

/** What an activation answers; an older service matches before it answers. */
export const activation = z.object({
  submission: z.int(),
  snapshot: snapshot.nullable(),
  matching: z.literal(true).optional(),
});

/** What the service says of itself. */
export const service = z.object({
  version: z.string(),
  operator: z.object({ name: z.string(), organisation: organisationId.nullable() }),
  registration: z.enum(['open', 'invitation', 'closed']),
  /** Where a partnership can be kept by its founder's choice. */
  jurisdictions: z.array(z.string()).default([]),
  time,
});
const requestView = z.object({
  number: z.int(),
  request: bytes,
  missing: z.array(z.int()),
  evaluated: z.array(z.int()),
  refusal: bytes.nullable(),
});
/** How the work between the two sides stands. */
export const partnershipView = z.object({
  id: partnershipId,
  side,
  state,
  createdAt: time,
  commitment: bytes,
  acceptance: bytes.nullable(),
  opening: bytes.nullable(),
  certificates: bothOf(bytes),
  /** Where nobody joined yet as a member: whoever holds the keyring is all roles there. */
  companiesOfOne: z.object({ founder: z.boolean(), joiner: z.boolean() }),
  endings: bothOf(bytes),
  epoch: z.object({
    number: z.int(),
    offers: bothOf(bytes),
    signatures: bothOf(bytes),
    terms: bothOf(bytes),
  }),
  rosters: z.object({ founder: z.array(bytes), joiner: z.array(bytes) }),
  scopes: versionsOfBoth,
  limits: z.object({ sales: grant.nullable(), 'clean-team': grant.nullable() }),
  requests: bothOf(requestView),
  lastRequest: z.object({ founder: z.int(), joiner: z.int() }),
  submissions: z.object({
    mine: z.object({
      active: z.int().nullable(),
      pending: z.object({ number: z.int(), missing: z.array(z.int()) }).nullable(),
      matching: z.int().nullable().default(null),
      lastNumber: z.int(),
    }),
    theirs: z.object({ active: z.int().nullable(), matching: z.int().nullable().default(null) }),
  }),
  snapshot: snapshot.nullable(),
  /** The signed head of the caller's own vault. */
  vault: bytes.nullable(),
  since: z
    .object({
      lastSeenAt: time,
      // A newer partner may report codes that this version does not know.
      health: z
        .object({
          code: z.string().regex(/^[a-z_]{1,40}$/),
          version: z.string().regex(VERSION_PATTERN),
          since: time,
        })
        .nullable(),
    })
    .nullable(),
});
/** What meets in a cell, of one tier; at level `counts` only the smaller number of accounts, rounded down. */
const meeting = z.object({
  accounts: z.int(),
  pairs: z.int().nullable(),
  mine: z.int().nullable(),
  theirs: z.int().nullable(),
});
/** What decided a cell: whose document, its number, and which rule of it. */
const reason = z.object({
  code: z.enum(REASON_CODES),
  side: z.enum(['theirs', 'mine']),
  scope: z.int().nullable(),
  rule: z.int().nullable(),
});
/** A cell that a page is about. */
const answeredCell = z.object({
  mine: z.string(),
  theirs: z.string(),
  level: z.enum(LEVELS),
  fields: z.array(z.enum(FIELDS)),
  whiteSpace: z.enum(WHITE_SPACE_LEVELS),
  review: z.boolean(),
  reasons: z.array(reason),
});
/** Numbers a cell. */
export const matrix = z.object({
  snapshot: snapshot.nullable(),
  populations: z.object({ mine: z.array(z.string()), theirs: z.array(z.string()) }),
  cells: z.array(
    z.object({
      mine: z.string(),
      theirs: z.string(),
      level: z.enum(LEVELS),
      whiteSpaceLevel: z.enum(WHITE_SPACE_LEVELS),
      confirmed: meeting.nullable(),
      review: meeting.nullable(),
      whiteSpace: z.int().nullable(),
      exact: z.boolean(),
      whiteSpaceExact: z.boolean(),
      reasons: z.array(reason),
    }),
  ),
});
/** Rows of the caller's own vault, under the key of this number. */
const ownRows = z.object({ key: z.int(), rows: z.array(z.object({ handle, sealed: bytes })) });
/** Pairs, some at a time. */
export const overlap = z.object({
  snapshot: snapshot.nullable(),
  head: bytes.nullable(),
  scope: bytes.nullable(),
  cells: z.array(answeredCell),
  rows: z.array(
    z.object({
      mine: handle,
      theirs: handle,
      tier: z.enum(TIERS),
      reasons: z.array(z.enum(TIER_RULES)),
      firstSeen: z.int(),
      firstSeenAt: time,
      cells: z.array(z.int()),
      matches: z.array(
        z.object({
          kind: z.enum(KINDS),
          tag: bytes,
          boxes: z.array(z.object({ population: z.int(), box: bytes })),
          wrapped: bytes.nullable(),
        }),
      ),
      fields: z.partialRecord(z.enum(FIELDS), bytes),
    }),
  ),
  /** The caller's own accounts of the rows, sealed; null for an agent, which has them. */
  own: ownRows.nullable(),
  next: z.string().nullable(),
});
/** The partner’s unmatched accounts, some at a time. */
export const whiteSpace = z.object({
  snapshot: snapshot.nullable(),
  head: bytes.nullable(),
  scope: bytes.nullable(),
  cells: z.array(answeredCell),
  rows: z.array(z.object({ handle, names: z.array(z.object({ population: z.int(), sealed: bytes })) })),
  /** Whether the month has no names left for the rest, and from when on it has; null where its scope shows none at all. */
  capped: z.boolean(),
  moreFrom: time.nullable(),
  next: z.string().nullable(),
});
/** What was disclosed, some at a time. */
export const ledger = z.object({
  entries: z.array(
    z.object({
      number: z.int(),
      at: time,
      viewer: z.enum(['mine', 'theirs']),
      role: z.enum(['agent', ...ROLES]),
      member: memberId.nullable(),
      question: z.string(),
      cells: z.array(z.object({ granting: z.string(), viewing: z.string() })),
      scopeNumber: z.int(),
      snapshot: z.int(),
      rows: z.int().nullable(),
    }),
  ),
  next: z.string().nullable(),
});
/** All versions of both sides’ scopes that the caller may see. */
export const scopes = versionsOfBoth;
/** An organisation’s rosters, from the first. */
export const rosters = z.object({ rosters: z.array(bytes) });
/** What people asked the other side’s legal for, oldest first. */
export const scopeRequests = z.object({
  requests: z.array(
    z.object({
      id: z.string().regex(/^[0-9a-f]{32}$/),
      from: z.enum(['mine', 'theirs']),
      role: z.enum(['agent', ...ROLES]),
      member: memberId.nullable(),
      at: time,
      text: z.string(),
      rules: rules.nullable(),
      answer: z.object({ answer: z.enum(['granted', 'declined']), text: z.string(), at: time }).nullable(),
    }),
  ),
});
/** The partnerships that the caller works in, oldest first. */
export const partnershipList = z.object({
  partnerships: z.array(
    z.object({
      id: partnershipId,
      side,
      state,
      partner: z.object({ organisation: organisationId, name: z.string() }).nullable(),
      createdAt: time,
    }),
  ),
});

const role = z.enum(ROLES);
/** One of the people of the organisation; without `partnerships` a member works with all partners. */
export const member = z.object({
  id: memberId,
  role,
  state: z.enum(['invited', 'joined', 'removed']),
  email: z.string().nullable(),
  partnerships: z.array(partnershipId).nullable(),
  keys: bytes.nullable(),
  invitedAt: time,
  invitationEndsAt: time,
  joinedAt: time.nullable(),
  removedAt: time.nullable(),
  /** The newest vault key that was wrapped for the member. */
  vault: z.object({ number: z.int(), wrap: bytes }).nullable(),
});
export const members = z.object({ members: z.array(member) });
/** What the caller needs to open the own vault: the own organisation's certificate, and keys, the newest last. */
export const vault = z.object({ certificate: bytes, wraps: z.array(bytes) });
/** A log-in's answer. */
export const session = z.object({ token: z.string(), expiresAt: time, member: memberId, role });
/** Who the caller is to the service; without a member it is the organisation’s agent. */
export const me = z.object({
  organisation: z.object({ id: organisationId, name: z.string() }),
  role: z.enum(['agent', ...ROLES]),
  member: z
    .object({ id: memberId, email: z.string(), partnerships: z.array(partnershipId).nullable() })
    .nullable(),
});

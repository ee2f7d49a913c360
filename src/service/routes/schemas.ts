/** The pieces that requests and answers are described with. */
import { z } from '@hono/zod-openapi';
import { fromBase64url, toBase64url } from '../../../protocol/bytes.ts';
import { parseOrganisationId, parsePartnershipId, type Side } from '../../../protocol/ids.ts';
import { isLine } from '../../../protocol/line.ts';
import { parseMemberId, VIEWER_ROLES } from '../../../protocol/member.ts';
import { ACTS } from '../../../protocol/statement.ts';
import { timeText } from '../partnership/context.ts';
import type { VersionView } from '../partnership/scope.ts';
import { PROBLEM_CODES } from '../problems.ts';

/** Bytes as canonical base64url without padding. */
export function bytes(length: { readonly exactly: number } | { readonly atMost: number }) {
  const most = 'exactly' in length ? length.exactly : length.atMost;
  return z
    .string()
    .max(Math.ceil((most * 4) / 3))
    .transform((text, issues) => {
      const decoded = fromBase64url(text);
      if (decoded && ('exactly' in length ? decoded.length === most : decoded.length <= most)) return decoded;
      issues.addIssue('is not canonical base64url of the right length');
      return z.NEVER;
    })
    .openapi({ type: 'string', format: 'base64url' });
}

const organisation = z
  .string()
  .transform((text, issues) => {
    const id = parseOrganisationId(text);
    if (id) return id;
    issues.addIssue('is no organisation id');
    return z.NEVER;
  })
  .openapi({ type: 'string', pattern: '^org_[0-9a-f]{32}$' });

const partnership = z
  .string()
  .transform((text, issues) => {
    const id = parsePartnershipId(text);
    if (id) return id;
    issues.addIssue('is no partnership id');
    return z.NEVER;
  })
  .openapi({ type: 'string', pattern: '^prt_[0-9a-f]{32}$' });

const member = z
  .string()
  .transform((text, issues) => {
    const id = parseMemberId(text);
    if (id) return id;
    issues.addIssue('is no member id');
    return z.NEVER;
  })
  .openapi({ type: 'string', pattern: '^mbr_[0-9a-f]{32}$' });

const pathNumber = z
  .string()
  .regex(/^(0|[1-9]\d{0,8})$/)
  .transform(Number)
  .openapi({ type: 'integer', minimum: 0 });

/** What somebody typed as one; which are taken, `passwordRefusal` says. */
export const password = z.string().min(1).max(256);

export const organisationId = organisation;
export const partnershipId = partnership;

/** What people write for others to read: one line without characters that could disguise it. */
export function line(most: number) {
  return z.string().min(1).max(most).refine(isLine);
}

/** Parts of a path. */
export const inPath = {
  organisation: organisation.openapi({ param: { name: 'organisation', in: 'path' } }),
  partnership: partnership.openapi({ param: { name: 'partnership', in: 'path' } }),
  member: member.openapi({ param: { name: 'member', in: 'path' } }),
  number: pathNumber.openapi({ param: { name: 'number', in: 'path' } }),
  index: pathNumber.openapi({ param: { name: 'index', in: 'path' } }),
  side: z.enum(['founder', 'joiner']).openapi({ param: { name: 'side', in: 'path' } }),
  act: z.enum(ACTS).openapi({ param: { name: 'act', in: 'path' } }),
  role: z.enum(VIEWER_ROLES).openapi({ param: { name: 'role', in: 'path' } }),
  id: z
    .string()
    .regex(/^[0-9a-f]{32}$/)
    .openapi({ param: { name: 'id', in: 'path' } }),
};

/** Bytes and times in answers. */
export const bytesText = z.string().openapi({ format: 'base64url' });
export const timestamp = z.string().openapi({ format: 'date-time' });

const problem = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    code: z.enum(PROBLEM_CODES),
    detail: z.string().optional(),
  })
  .openapi('Problem');

/** The answer of every request that fails. */
export const problems = {
  default: {
    description: 'Error',
    headers: {
      'Retry-After': { description: 'With 429: seconds until another try', schema: { type: 'integer' } },
    },
    content: { 'application/problem+json': { schema: problem } },
  },
} as const;

/** A JSON body that must be there. */
export function jsonBody<Schema extends z.ZodType>(schema: Schema) {
  return { required: true, content: { 'application/json': { schema } } } as const;
}

/** A JSON answer. What a schema makes of the texts when it reads them is the agent's business. */
export function jsonAnswer<Schema extends z.ZodType>(schema: Schema, description: string) {
  const sent = schema as z.ZodType as z.ZodType<z.input<Schema>>;
  return { description, content: { 'application/json': { schema: sent } } } as const;
}

/** Bytes as they are. */
export const octetContent = {
  'application/octet-stream': { schema: z.any().openapi({ type: 'string', format: 'binary' }) },
} as const;
export const octets = { required: true, content: octetContent } as const;

/** What a write answers. */
export const stored = z.object({ stored: z.literal(true) }).openapi('Stored');

export function textOf(value: Uint8Array): string;
export function textOf(value: Uint8Array | null): string | null;
export function textOf(value: Uint8Array | null): string | null {
  return value && toBase64url(value);
}

/** A pair of values by side, as texts. */
export function textsOf(values: Record<Side, Uint8Array | null>): Record<Side, string | null> {
  return { founder: textOf(values.founder), joiner: textOf(values.joiner) };
}

/** Versions of both sides' scopes with what was signed about them, as texts. */
export function versionTexts(versions: Readonly<Record<Side, readonly VersionView[]>>) {
  const texts = (side: Side) =>
    versions[side].map(({ number, signed, statements }) => ({
      number,
      signed: textOf(signed),
      statements: statements.map((statement) => textOf(statement)),
    }));
  return { founder: texts('founder'), joiner: texts('joiner') };
}

/** A snapshot as answers show it. */
export function snapshotOf(value: { readonly number: number; readonly atMs: number } | null) {
  return value && { number: value.number, at: timeText(value.atMs) };
}

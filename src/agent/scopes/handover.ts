/**
 * A revocation handed over as a file, by mail or on paper: it ends the scope on the partner's machine though the service
 * is down, or does not pass it on.
 */
import * as z from 'zod';
import { fromBase64url, toBase64url } from '../../../protocol/bytes.ts';
import { parsePartnershipId } from '../../../protocol/ids.ts';
import { Problem } from '../problem.ts';
import { type Papers, shownAgain } from './desk.ts';
import type { Revocation } from './life.ts';
import type { ShownSide, Whose } from './papers.ts';

const file = z.strictObject({
  commonground: z.literal('revocation'),
  version: z.literal(1),
  partnership: z.string(),
  /** Who signs for the revoking side, so that the signature can be checked. */
  rosters: z.array(z.string()),
  revoked: z.array(z.strictObject({ signed: z.string(), statement: z.string() })).min(1),
});

export type RevocationFile = z.infer<typeof file>;

export function revocationFile(papers: Papers, revoked: readonly Revocation[]): RevocationFile {
  return {
    commonground: 'revocation',
    version: 1,
    partnership: papers.id,
    rosters: [...papers.pins.mine.rosters],
    revoked: revoked.map(({ signed, statement }) => ({
      signed: toBase64url(signed),
      statement: toBase64url(statement),
    })),
  };
}

/** Reads such a file; a problem where it is none. */
export function readRevocation(text: string, name: string): RevocationFile & { readonly id: Papers['id'] } {
  const bad = new Problem(
    'bad_input',
    `${name} is no revocation`,
    'your partner makes it with `commonground scope revoke --out FILE`',
  );
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw bad;
  }
  const parsed = file.safeParse(json);
  const id = parsed.success ? parsePartnershipId(parsed.data.partnership) : null;
  if (!parsed.success || !id) throw bad;
  return { ...parsed.data, id };
}

/** What is pinned with what the file adds; versions that this side never saw are left out, for they revealed nothing. */
export function withRevocation(
  papers: Papers,
  { rosters, revoked }: RevocationFile,
): Record<Whose, ShownSide> {
  const shown = shownAgain(papers);
  const scopes = shown.theirs.scopes.map((one) => ({
    ...one,
    statements: [
      ...one.statements,
      ...revoked
        .filter(({ signed }) => signed === toBase64url(one.signed))
        .map(({ statement }) => fromBase64url(statement) ?? new Uint8Array()),
    ],
  }));
  const more = rosters
    .slice(shown.theirs.rosters.length)
    .map((packed) => fromBase64url(packed) ?? new Uint8Array());
  return { ...shown, theirs: { rosters: [...shown.theirs.rosters, ...more], scopes } };
}

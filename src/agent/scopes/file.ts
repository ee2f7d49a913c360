/**
 * A draft as people edit it: JSON of what a scope says, for one partner or for several. Nothing of it is signed; a wrong
 * word is told with its place.
 */
import * as z from 'zod';
import { EVALUATED_KINDS, STRONG_KINDS } from '../../../protocol/identifiers/kind.ts';
import { isLine } from '../../../protocol/line.ts';
import { MAX_POPULATIONS } from '../../../protocol/scope.ts';
import { isTimestamp } from '../../../protocol/time.ts';
import { population, rules } from '../../wire/answers.ts';
import { Problem } from '../problem.ts';
import type { GrantOptions } from './draft.ts';
import type { Terms } from './terms.ts';

const time = z.string().refine(isTimestamp, 'a time such as 2026-12-31T00:00:00Z is expected');
const text = (length: number) =>
  z.string().min(1).max(length).refine(isLine, 'one line without control characters is expected');

const draft = z.strictObject({
  /** Short names of the partners it is for. */
  to: z.array(z.string()).default([]),
  purpose: text(500),
  agreement: z
    .strictObject({ reference: text(200), sha256: z.string().regex(/^[0-9a-f]{64}$/) })
    .nullable()
    .default(null),
  validFrom: time.nullable().default(null),
  validUntil: time.nullable().default(null),
  competitors: z.boolean().default(false),
  reciprocity: z.boolean().default(false),
  export: z.boolean(),
  retentionDays: z.int().min(1).max(3650),
  minimumCount: z.int().min(1).max(1000),
  snapshotsPerMonth: z.int().min(1).max(1000),
  namesPerMonth: z.int().min(0).max(1_000_000),
  strongKinds: z.array(z.enum(STRONG_KINDS)),
  comparisonsPerYear: z.partialRecord(z.enum(EVALUATED_KINDS), z.int().min(0).max(1_000_000_000)),
  populations: z.array(population).max(MAX_POPULATIONS),
  rules,
});

/** A draft file's content. */
export type Draft = z.infer<typeof draft>;

/** The file of these terms. */
export function draftOf(terms: Terms, to: readonly string[]): Draft {
  const { evaluationBudget, populations, strongKinds, ...rest } = terms;
  return {
    to: [...to],
    purpose: rest.purpose,
    agreement: rest.agreement,
    // A draft begins when it is agreed on, unless it says otherwise.
    validFrom: null,
    validUntil: rest.validUntil,
    competitors: rest.competitors,
    reciprocity: rest.reciprocity,
    export: rest.export,
    retentionDays: rest.retentionDays,
    minimumCount: rest.minimumCount,
    snapshotsPerMonth: rest.snapshotsPerMonth,
    namesPerMonth: rest.namesPerMonth,
    strongKinds: [...strongKinds],
    comparisonsPerYear: { ...evaluationBudget },
    populations: [...populations],
    rules: [...rest.rules],
  };
}

/** Reads a draft; a problem names the file and the place in it. */
export function readDraft(text: string, file: string): Draft {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw new Problem('bad_input', `${file} is not JSON`, 'see `commonground scope draft --help`');
  }
  const parsed = draft.safeParse(json);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const place = issue?.path.join('.') || 'the whole';
  throw new Problem(
    'bad_input',
    `${file}: ${place}: ${issue?.message ?? 'invalid'}`,
    'see `commonground scope draft --help` for what may stand there',
  );
}

/** What a draft grants. */
export function grantOf(file: Draft): GrantOptions {
  const { to: _to, comparisonsPerYear, validFrom, ...rest } = file;
  return { ...rest, ...(validFrom ? { validFrom } : {}), budget: comparisonsPerYear };
}

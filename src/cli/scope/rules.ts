/** Rules as they are typed on the command line or stand in a file. */
import { EVALUATED_KINDS, type EvaluatedKind } from '../../../protocol/identifiers/kind.ts';
import { VIEWER_ROLES, type ViewerRole } from '../../../protocol/member.ts';
import {
  type CellGrant,
  FIELDS,
  type Field,
  LEVELS,
  type ScopeRule,
  WHITE_SPACE_LEVELS,
} from '../../../protocol/scope.ts';
import { Problem } from '../../agent/problem.ts';
import { PRESETS, type Preset, toEverybody } from '../../agent/scopes/presets.ts';
import * as shapes from '../../wire/answers.ts';
import { readText } from '../prompt.ts';

/** Stands at the end of a rule that grants pairs to review too. */
export const REVIEW = 'review';

export function presetOf(text: string | undefined): Preset {
  const preset = PRESETS.find((known) => known === text);
  if (preset) return preset;
  throw new Problem('bad_argument', `there is no preset ${text}`, `presets: ${PRESETS.join(', ')}`);
}

export function roleOf(text: string | undefined): ViewerRole {
  const role = VIEWER_ROLES.find((known) => known === text);
  if (role) return role;
  throw new Problem(
    'bad_argument',
    `${text} is no role that asks questions`,
    `roles: ${VIEWER_ROLES.join(', ')}`,
  );
}

export function readRules(file: string): ScopeRule[] {
  let json: unknown;
  try {
    json = JSON.parse(readText(file));
  } catch (error) {
    if (error instanceof Problem) throw error;
    throw new Problem(
      'bad_input',
      `${file} is not JSON`,
      'it holds the rules that `scope show --json` prints',
    );
  }
  const parsed = shapes.rules.safeParse(json);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw new Problem(
    'bad_input',
    `${file}: ${issue?.path.join('.')}: ${issue?.message}`,
    'it holds the rules that `scope show --json` prints',
  );
}

/** `mine:theirs:level[:fields[:white space[:review]]]`, for all who ask, or for these roles. */
export function parseRule(text: string, roles: readonly ViewerRole[] | undefined): ScopeRule {
  const [population = '', partnerPopulation = '', ...rest] = text.split(':');
  if (!population || !partnerPopulation || rest.length === 0)
    throw new Problem(
      'bad_argument',
      `--rule ${text}: two populations and a level are needed`,
      'such as customers:*:accounts',
    );
  const everybody = toEverybody(parseGrant(rest.join(':'), `--rule ${text}`));
  const given = roles ?? VIEWER_ROLES;
  return {
    population,
    partnerPopulation,
    roles: Object.fromEntries(given.map((role) => [role, everybody[role]])),
  };
}

/** `level[:fields[:white space[:review]]]`. */
export function parseGrant(text: string, where: string): CellGrant {
  const [level = '', fields = '', whiteSpace = 'none', review = ''] = text.split(':');
  const wrong = (what: string, value: string, known: readonly string[]) =>
    new Problem(
      'bad_argument',
      `${where}: ${what} ${value || '(empty)'} is unknown`,
      `known: ${known.join(', ')}`,
    );
  const named = fields === '' ? [] : fields.split(',').map((field) => field.trim());
  const knownLevel = LEVELS.find((known) => known === level);
  if (!knownLevel) throw wrong('level', level, LEVELS);
  const knownWhiteSpace = WHITE_SPACE_LEVELS.find((known) => known === whiteSpace);
  if (!knownWhiteSpace) throw wrong('white space', whiteSpace, WHITE_SPACE_LEVELS);
  if (review !== '' && review !== REVIEW) throw wrong('last part', review, [REVIEW]);
  const knownFields = named.map((field): Field => {
    const known = FIELDS.find((candidate) => candidate === field);
    if (!known) throw wrong('field', field, FIELDS);
    return known;
  });
  return { level: knownLevel, fields: knownFields, whiteSpace: knownWhiteSpace, review: review === REVIEW };
}

export function parseBudget(entries: readonly string[]): Partial<Record<EvaluatedKind, number>> {
  const budget: Partial<Record<EvaluatedKind, number>> = {};
  for (const entry of entries) {
    const match = /^([a-z]+)=(\d{1,9})$/.exec(entry);
    const kind = EVALUATED_KINDS.find((known) => known === match?.[1]);
    if (!kind)
      throw new Problem(
        'bad_argument',
        `--budget ${entry} is not understood`,
        `give KIND=N with one of ${EVALUATED_KINDS.join(', ')}`,
      );
    budget[kind] = Number(match?.[2]);
  }
  return budget;
}

/** A number of an option that is at least 1. */
export function countOf(text: string): number {
  const count = Number(text);
  if (Number.isInteger(count) && count > 0) return count;
  throw new Problem('bad_argument', `${text} is no whole number above 0`);
}

/** A version number of an option. */
export function numberOf(text: string): number {
  const number = Number(text);
  if (Number.isInteger(number) && number > 0) return number;
  throw new Problem('bad_argument', `${text} is no version number`, 'see `commonground scope list`');
}

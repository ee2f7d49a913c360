/** Two scopes compared in words: what the other side would learn more, what less, and which terms change. */
import { EVALUATED_KINDS } from '../../../protocol/identifiers/kind.ts';
import { VIEWER_ROLES, type ViewerRole } from '../../../protocol/member.ts';
import {
  ANY_POPULATION,
  type CellGrant,
  cellGrant,
  FIELDS,
  LEVELS,
  type Level,
  WHITE_SPACE_LEVELS,
  type WhiteSpaceLevel,
} from '../../../protocol/scope.ts';
import { askedOf, FIELD_TEXTS, KIND_TEXTS, listed } from './sentences.ts';
import type { Terms } from './terms.ts';

/** One thing that changes; `more` reveals more than before, `less` less, `term` neither. */
export interface Change {
  readonly direction: 'more' | 'less' | 'term';
  readonly text: string;
}

const LEVEL_TEXTS: Readonly<Record<Level, string>> = {
  none: 'nothing',
  counts: 'rounded numbers',
  accounts: 'which accounts both have',
  fields: 'which accounts both have, with fields',
};
const WHITE_SPACE_TEXTS: Readonly<Record<WhiteSpaceLevel, string>> = {
  none: 'nothing of accounts',
  counts: 'how many accounts',
  names: 'the names of accounts',
};
const ROLE_TEXTS: Readonly<Record<ViewerRole, string>> = {
  sales: 'sales people',
  'clean-team': 'clean team',
};

/** What changes from one version to the next; `before` is null where nothing was granted. Effective grants are compared. */
export function differences(before: Terms | null, after: Terms, grantee: string, grantor = 'we'): Change[] {
  return [...grantChanges(before, after, grantee, grantor), ...termChanges(before, after, grantee, grantor)];
}

function grantChanges(before: Terms | null, after: Terms, grantee: string, grantor: string): Change[] {
  const our = grantor === 'we' ? 'our' : `${grantor}’s`;
  const { they, their, theirs } = askedOf(grantor);
  const scopes = [before, after].filter((scope) => scope !== null);
  const populations = [...new Set(scopes.flatMap((scope) => scope.populations))].sort();
  const partners = [
    ...new Set([
      ANY_POPULATION,
      ...scopes.flatMap((scope) => scope.rules.map((rule) => rule.partnerPopulation)),
    ]),
  ];
  return populations.flatMap((population) => {
    const of = (partner: string) => {
      const where = `${our} ${population} × ${partner === ANY_POPULATION ? `any list of ${theirs}` : `${their} ${partner}`}`;
      const byRole = VIEWER_ROLES.map((role) => {
        const [old, next] = [before, after].map((scope) => effective(scope, population, partner, role));
        return { role, changes: old && next ? cellChanges(old, next, they) : [] };
      });
      return { where, byRole };
    };
    const general = of(ANY_POPULATION);
    // What the rule for any list says already is not said again for one of them.
    const particular = partners
      .filter((partner) => partner !== ANY_POPULATION)
      .map(of)
      .map(({ where, byRole }) => ({
        where,
        byRole: byRole.map(({ role, changes }, index) => {
          const said = new Set(general.byRole[index]?.changes.map(({ text }) => text));
          return { role, changes: changes.filter(({ text }) => !said.has(text)) };
        }),
      }));
    return [general, ...particular].flatMap(({ where, byRole }) => placed(where, byRole, grantee));
  });
}

/** Changes with where and for whom; what is the same for all who ask is said once. */
function placed(
  where: string,
  byRole: readonly { readonly role: ViewerRole; readonly changes: readonly Change[] }[],
  grantee: string,
): Change[] {
  const ofAll = ({ text }: Change) =>
    byRole.every(({ changes }) => changes.some((change) => change.text === text));
  const say = (changes: readonly Change[], whom: string) =>
    changes.map(({ direction, text }) => ({ direction, text: `${where}, ${grantee}’s ${whom}: ${text}` }));
  return [
    ...say(byRole[0]?.changes.filter(ofAll) ?? [], 'people'),
    ...byRole.flatMap(({ role, changes }) =>
      say(
        changes.filter((change) => !ofAll(change)),
        ROLE_TEXTS[role],
      ),
    ),
  ];
}

function effective(scope: Terms | null, population: string, partner: string, role: ViewerRole): CellGrant {
  return cellGrant(scope ?? NO_SCOPE, population, partner, role);
}

const NO_SCOPE = { populations: [], rules: [], competitors: false };

/** What changes of a cell for one role, without saying where. */
function cellChanges(old: CellGrant, next: CellGrant, they: string): Change[] {
  const changes: Change[] = [];
  if (old.level !== next.level)
    changes.push({
      direction: LEVELS.indexOf(next.level) > LEVELS.indexOf(old.level) ? 'more' : 'less',
      text: `${LEVEL_TEXTS[next.level]}, before ${LEVEL_TEXTS[old.level]}`,
    });
  const fields = (here: CellGrant, there: CellGrant) =>
    FIELDS.filter((field) => here.fields.includes(field) && !there.fields.includes(field)).map(
      (field) => FIELD_TEXTS[field],
    );
  const [added, gone] = [fields(next, old), fields(old, next)];
  if (added.length > 0) changes.push({ direction: 'more', text: `also ${listed(added)}` });
  if (gone.length > 0) changes.push({ direction: 'less', text: `no ${listed(gone, 'or')} any more` });
  if (old.whiteSpace !== next.whiteSpace)
    changes.push({
      direction:
        WHITE_SPACE_LEVELS.indexOf(next.whiteSpace) > WHITE_SPACE_LEVELS.indexOf(old.whiteSpace)
          ? 'more'
          : 'less',
      text: `${WHITE_SPACE_TEXTS[next.whiteSpace]} ${they} lack, before ${WHITE_SPACE_TEXTS[old.whiteSpace]} ${they} lack`,
    });
  if (old.review !== next.review)
    changes.push({
      direction: next.review ? 'more' : 'less',
      text: `possible matches ${next.review ? 'too' : 'no more'}`,
    });
  return changes;
}

function termChanges(before: Terms | null, after: Terms, grantee: string, grantor: string): Change[] {
  if (!before) return [];
  const { they } = askedOf(grantor);
  const changes: Change[] = [];
  const number = (text: string, old: number, next: number, moreIs: 'more' | 'less') => {
    if (old === next) return;
    const direction = next > old ? moreIs : moreIs === 'more' ? 'less' : 'more';
    changes.push({ direction, text: `${text}: ${next}, before ${old}` });
  };
  const plain = (text: string, old: string, next: string) => {
    if (old !== next) changes.push({ direction: 'term', text: `${text}: ${next}, before ${old}` });
  };
  const flag = (old: boolean, next: boolean, direction: 'more' | 'less', on: string, off: string) => {
    if (old === next) return;
    const other = direction === 'more' ? 'less' : 'more';
    changes.push({ direction: next ? direction : other, text: next ? on : off });
  };
  plain('purpose', before.purpose, after.purpose);
  plain('agreement', agreementText(before), agreementText(after));
  plain('begins', before.validFrom, after.validFrom);
  plain('ends', before.validUntil ?? 'open', after.validUntil ?? 'open');
  number('days that it may be kept after the end', before.retentionDays, after.retentionDays, 'more');
  number('numbers are rounded down to multiples of', before.minimumCount, after.minimumCount, 'less');
  number('new comparisons of the lists a month', before.snapshotsPerMonth, after.snapshotsPerMonth, 'more');
  number(`names of accounts ${they} lack shown a month`, before.namesPerMonth, after.namesPerMonth, 'more');
  flag(before.export, after.export, 'more', `${grantee} may take answers out as files`, 'no files any more');
  flag(
    before.reciprocity,
    after.reciprocity,
    'less',
    `${grantee} gets no more than it grants back`,
    `${grantee} gets it whether or not it grants the same back`,
  );
  flag(
    before.competitors,
    after.competitors,
    'less',
    'between competitors',
    'not between competitors any more',
  );
  const strong = (scope: Terms) =>
    [...scope.strongKinds].map((kind) => KIND_TEXTS[kind]).join(', ') || 'none';
  plain('kinds that prove two accounts the same', strong(before), strong(after));
  for (const kind of EVALUATED_KINDS)
    number(
      `${KIND_TEXTS[kind]} compared a year`,
      before.evaluationBudget[kind],
      after.evaluationBudget[kind],
      'more',
    );
  return changes;
}

function agreementText({ agreement }: Terms): string {
  return agreement ? `“${agreement.reference}” (${agreement.sha256.slice(0, 16)}…)` : 'none';
}

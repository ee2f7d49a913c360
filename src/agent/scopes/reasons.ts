/** Why an answer shows what it shows: the rule that decided, of which version, of which side, in a sentence. */
import type { ViewerRole } from '../../../protocol/member.ts';
import type { Scope } from '../../../protocol/scope.ts';
import type { Reason } from '../../wire/reasons.ts';
import type { OverlapAnswer } from '../client.ts';
import type { Partnership } from '../store/partnerships.ts';
import type { Viewer } from '../viewer.ts';
import { myScope, theirScope } from './following.ts';
import { ruleSentences } from './sentences.ts';

/** The scopes that decided, as they are pinned here; null where one is not known here. */
export interface DecidingScopes {
  readonly mine: Scope | null;
  readonly theirs: Scope | null;
}

/** One sentence a reason, as it concerns a role. `partner` is what the partner is called. */
export function describeReason(
  reason: Reason,
  partner: string,
  scopes: DecidingScopes,
  role: ViewerRole,
): string {
  const { code, side, scope: number, rule } = reason;
  const who = side === 'theirs' ? partner : 'your own organisation';
  const whose = side === 'theirs' ? `${partner}’s` : 'your own';
  const version = number === null ? `${whose} scope` : `version ${number} of ${whose} scope`;
  const scope = scopes[side];
  const document = scope && scope.number === number ? scope : null;
  const found = rule === null ? undefined : document?.rules[rule];
  const numbered = rule === null ? version : `rule ${rule + 1} of ${version}`;
  switch (code) {
    case 'rule': {
      if (!found || !document) return `${numbered} says so.`;
      const grantee = side === 'theirs' ? 'your organisation' : partner;
      const text = ruleSentences(found, document, grantee, side === 'theirs' ? partner : 'we', role).join(
        ' ',
      );
      return `${numbered}: ${text}`;
    }
    case 'no_scope':
      return side === 'theirs' ? `${partner} grants nothing at present.` : 'You grant nothing at present.';
    case 'not_valid':
      return `${version} is not in force at this time.`;
    case 'no_rule':
      return `No rule of ${version} speaks of these lists, so nothing shows.`;
    case 'role_not_named':
      return `${numbered} leaves out people of your role.`;
    case 'competitors':
      return `By ${version} the two companies compete: open opportunities and details of deals go to the clean team alone.`;
    case 'own_limit':
      return 'Your own organisation limits what your role is shown of this partner; its legal people can change that (`commonground scope limit`).';
    case 'reciprocity':
      return `${capital(who)} shows no more than it is granted back${number === null ? '' : ` (version ${number})`}.`;
    case 'names_need_accounts':
      return 'Names of accounts that one side lacks show only where both grant which accounts meet.';
    case 'error':
      return 'Something went wrong in deciding, so nothing shows.';
  }
}

/** Says of pairs which rules decided, by the cells of the answer that they stand in; each sentence once. */
export function explainCells(
  viewer: Viewer,
  partnership: Partnership,
  cells: OverlapAnswer['cells'],
): (indexes: readonly number[]) => string[] {
  const scopes = {
    mine: myScope(viewer, partnership)?.scope ?? null,
    theirs: theirScope(viewer, partnership)?.scope ?? null,
  };
  const partner = partnership.partner?.name ?? partnership.alias;
  const texts = cells.map(({ reasons }) =>
    reasons.map((reason) => describeReason(reason, partner, scopes, viewer.role)),
  );
  return (indexes) => [...new Set(indexes.flatMap((index) => texts[index] ?? []))];
}

function capital(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}

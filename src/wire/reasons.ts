/** Why a cell reveals what it does, as answers say it and people read it. */

/**
 * `rule` names a rule that holds the cell to what it is; `role_not_named` one that leaves the viewer's role out;
 * `no_rule`: no rule speaks of the cell; `not_valid`: the scope has not begun or has ended. `competitors`, `own_limit`,
 * `reciprocity` and `names_need_accounts` (both ways, in the same cell) each took something away.
 */
export const REASON_CODES = [
  'rule',
  'no_scope',
  'not_valid',
  'no_rule',
  'role_not_named',
  'competitors',
  'own_limit',
  'reciprocity',
  'names_need_accounts',
  'error',
] as const;
export type ReasonCode = (typeof REASON_CODES)[number];

/** One thing that decided, from the viewer's side. */
export interface Reason {
  readonly code: ReasonCode;
  /** Whose document, setting or lack of one it is: `theirs` is the side whose data is asked for. */
  readonly side: 'theirs' | 'mine';
  /** Number of that side's scope; null where there is none, and for an own limit. */
  readonly scope: number | null;
  /** Index of the rule in that scope, from 0; null where no single rule decided. */
  readonly rule: number | null;
}

/** The decision: what one cell reveals to a viewer. Pure; default deny; whatever fails denies. */
import { type CellGrant, cellGrant, isInForce, LEVELS, type Scope } from '../../../protocol/scope.ts';

/** Why a cell reveals what it does. */
export type Reason =
  | 'no_scope'
  | 'scope_expired'
  | 'not_granted'
  | 'granted'
  | 'names_need_accounts_both_ways'
  | 'error';

/** What to decide on. */
export interface Question {
  /** The newest scope of the side whose data is asked for. */
  readonly granting: Scope | null;
  /** The newest scope of the side that asks. */
  readonly viewing: Scope | null;
  /** A population of the granting side, by name. */
  readonly grantingPopulation: string;
  /** A population of the viewing side, by name. */
  readonly viewingPopulation: string;
  readonly nowMs: number;
}

export interface Decision extends CellGrant {
  readonly reasons: readonly Reason[];
}

/** Decides one cell. Never throws. */
export function decide(question: Question): Decision {
  try {
    return decideOrThrow(question);
  } catch {
    return denied('error');
  }
}

function decideOrThrow(question: Question): Decision {
  const { granting, viewing, grantingPopulation, viewingPopulation, nowMs } = question;
  if (!granting) return denied('no_scope');
  if (!isInForce(granting, nowMs)) return denied('scope_expired');
  const grant = cellGrant(granting, grantingPopulation, viewingPopulation);
  if (grant.level === 'none' && grant.whiteSpace === 'none') return denied('not_granted');
  if (grant.whiteSpace !== 'names') return { ...grant, reasons: ['granted'] };
  // A grant of names hands over a population; it takes trust in accounts, both ways, in the same cell.
  const returned =
    viewing && isInForce(viewing, nowMs)
      ? cellGrant(viewing, viewingPopulation, grantingPopulation).level
      : 'none';
  if (revealsAccounts(grant.level) && revealsAccounts(returned)) return { ...grant, reasons: ['granted'] };
  return { ...grant, whiteSpace: 'counts', reasons: ['granted', 'names_need_accounts_both_ways'] };
}

/** True for the levels that show which accounts overlap. */
export function revealsAccounts(level: CellGrant['level']): boolean {
  return LEVELS.indexOf(level) >= LEVELS.indexOf('accounts');
}

function denied(reason: Reason): Decision {
  return { level: 'none', fields: [], whiteSpace: 'none', review: false, reasons: [reason] };
}

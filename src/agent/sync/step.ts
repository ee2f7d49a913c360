/**
 * The next thing to do in one partnership, as a pure function of what is known. The loop fetches facts, asks for the
 * step, does it, and asks again; a process killed anywhere begins with the same question.
 */

/** What is waited for; the partner has to act, or a person on this side. */
export type Waiting =
  | 'partner_accepts'
  | 'partner_opens'
  | 'you_verify'
  | 'partner_verifies'
  | 'partner_signs_epoch'
  /** No version of the normaliser is in both programs; the older program has to be updated. */
  | 'partner_updates'
  | 'you_update'
  | 'you_grant'
  /** The newest version of this side's scope waits for the partner's acceptance. */
  | 'partner_accepts_scope'
  /** The newest version of the partner's scope waits for a person here to accept it. */
  | 'you_accept_scope'
  /** What both agreed on has not begun yet. */
  | 'scope_begins'
  | 'partner_grants'
  | 'partner_evaluates'
  | 'partner_submits'
  /** What members are to be shown beside the answers does not fit into one head of the vault. */
  | 'you_shorten';

export type Step =
  | { readonly do: 'wait'; readonly for: Waiting }
  | { readonly do: 'introduce' }
  | { readonly do: 'publish_terms' }
  | { readonly do: 'offer_epoch' }
  | { readonly do: 'sign_epoch' }
  | { readonly do: 'publish_scope' }
  /** In a company of one. */
  | { readonly do: 'accept_scope' }
  /** For a scope of the partner's that has ended. */
  | { readonly do: 'give_receipt' }
  | { readonly do: 'evaluate' }
  | { readonly do: 'make_request' }
  | { readonly do: 'send_request' }
  | { readonly do: 'collect' }
  | { readonly do: 'finish_request' }
  | { readonly do: 'make_submission' }
  | { readonly do: 'send_submission' }
  /** What this side's own members are shown of its list. */
  | { readonly do: 'send_vault' }
  /** Everything of this side is done and current. */
  | { readonly do: 'rest' };

/** What the service and the local store say, reduced to what decides. */
export interface Facts {
  readonly introduction: 'invited' | 'accepted' | 'answered' | 'known';
  readonly verified: boolean;
  readonly epoch: {
    readonly offered: boolean;
    readonly partnerOffered: boolean;
    readonly signed: boolean;
    /** The partner's signature under the record is there and was checked. */
    readonly partnerSigned: boolean;
  };
  readonly terms: {
    /** The service has this side's newest terms. */
    readonly published: boolean;
    readonly partnerPublished: boolean;
    /** A version of the normaliser is in both sides' terms. */
    readonly agreed: boolean;
    readonly partnerIsNewer: boolean;
  };
  readonly scope: {
    /** This side's scope in force grants something. */
    readonly granted: boolean;
    /** The service has all that this side's agent signed about scopes. */
    readonly published: boolean;
    readonly partnerGranted: boolean;
    /** Where this side's newest version stands while it is not in force. */
    readonly next: 'approved' | 'waits' | null;
    /** The same of the partner's; `accept` where this side accepts it without a person. */
    readonly partnerNext: 'approved' | 'waits' | 'accept' | null;
    readonly receiptDue: boolean;
  };
  /** Chunks of the partner's that this side could evaluate now. */
  readonly toEvaluate: number;
  /** This side's own request, if one is under way. */
  readonly request: {
    /** Made, and some of it not at the service. */
    readonly unsent: boolean;
    /** Evaluations that are there and not collected. */
    readonly toCollect: number;
    /** Chunks whose evaluation is not there yet. */
    readonly outstanding: number;
  } | null;
  /** Identifiers whose tag is not known yet. */
  readonly wanted: number;
  readonly submission: {
    /** The prepared or active submission is of the list as it is now. */
    readonly current: boolean;
    /** Prepared and not yet active. */
    readonly pending: boolean;
  };
  /** Whether this side's members have all of the vault, lack something, or cannot have what they lack. */
  readonly vault: 'current' | 'due' | 'too_large';
  readonly partnerSubmitted: boolean;
}

export function nextStep(facts: Facts): Step {
  if (facts.introduction === 'invited') return wait('partner_accepts');
  if (facts.introduction === 'accepted') return wait('partner_opens');
  if (facts.introduction === 'answered') return { do: 'introduce' };
  if (!facts.verified) return wait('you_verify');
  if (!facts.scope.published) return { do: 'publish_scope' };
  if (facts.scope.partnerNext === 'accept') return { do: 'accept_scope' };
  if (facts.scope.receiptDue) return { do: 'give_receipt' };
  if (!facts.terms.published) return { do: 'publish_terms' };
  if (!facts.epoch.offered) return { do: 'offer_epoch' };
  if (!facts.epoch.partnerOffered) return wait('partner_verifies');
  if (!facts.epoch.signed) return { do: 'sign_epoch' };
  if (!facts.epoch.partnerSigned) return wait('partner_signs_epoch');
  // The partner can begin with the own chunks while this side evaluates the partner's.
  if (facts.request?.unsent) return { do: 'send_request' };
  // The partner waits for this; the other own work comes after.
  if (facts.toEvaluate > 0) return { do: 'evaluate' };
  return ownStep(facts);
}

/** Own work that may take minutes: the partner's chunks are evaluated meanwhile. */
export function isLong(step: Step): boolean {
  return LONG.has(step.do);
}

const LONG: ReadonlySet<Step['do']> = new Set([
  'make_request',
  'send_request',
  'collect',
  'make_submission',
  'send_submission',
  'send_vault',
]);

/** What is due for this side's own list. */
function ownStep(facts: Facts): Step {
  const { request } = facts;
  if (request) {
    if (request.toCollect > 0) return { do: 'collect' };
    return request.outstanding > 0 ? wait('partner_evaluates') : { do: 'finish_request' };
  }
  if (!facts.scope.granted)
    return facts.vault === 'due' ? { do: 'send_vault' } : wait(grantWaiting(facts.scope.next));
  if (!facts.terms.partnerPublished) return wait('partner_signs_epoch');
  if (!facts.terms.agreed) return wait(facts.terms.partnerIsNewer ? 'you_update' : 'partner_updates');
  if (facts.wanted > 0)
    return facts.scope.partnerGranted ? { do: 'make_request' } : wait(partnerGrantWaiting(facts.scope));
  if (!facts.submission.current) return { do: 'make_submission' };
  if (facts.submission.pending) return { do: 'send_submission' };
  if (facts.vault === 'due') return { do: 'send_vault' };
  if (!facts.partnerSubmitted) return wait('partner_submits');
  return facts.vault === 'too_large' ? wait('you_shorten') : { do: 'rest' };
}

function grantWaiting(next: Facts['scope']['next']): Waiting {
  if (next === 'waits') return 'scope_begins';
  return next === 'approved' ? 'partner_accepts_scope' : 'you_grant';
}

function partnerGrantWaiting({ partnerNext }: Facts['scope']): Waiting {
  if (partnerNext === 'waits') return 'scope_begins';
  return partnerNext === 'approved' ? 'you_accept_scope' : 'partner_grants';
}

function wait(reason: Waiting): Step {
  return { do: 'wait', for: reason };
}

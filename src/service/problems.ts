/** Every error the service answers with: one union of codes, each with its status and title (RFC 9457). */

const PROBLEMS = {
  invalid_request: [400, 'The request does not fit the schema'],
  malformed: [400, 'The bytes are no message of this type'],
  unauthenticated: [401, 'A valid token is needed'],
  wrong_credentials: [401, 'The e-mail address or the password is wrong'],
  certificate_expired: [401, 'The certificate has expired; renew it with the root key'],
  registration_closed: [403, 'This service takes no new organisations'],
  registration_refused: [403, 'A new organisation needs an unused registration code or invitation'],
  wrong_role: [403, 'This is not for the caller’s role'],
  forbidden: [403, 'The organisation has members: they do this, and not its agent'],
  wrong_side: [403, 'This is for the other side of the partnership'],
  not_found: [404, 'There is no such thing here'],
  conflict: [409, 'Something else stands at this address'],
  stale_certificate: [409, 'Another certificate is registered under this number'],
  invitation_used: [409, 'The invitation was accepted by somebody else'],
  email_taken: [409, 'Another member of the organisation has this e-mail address'],
  not_accepted: [409, 'The invitation is not accepted yet'],
  not_opened: [409, 'The partnership is not opened yet'],
  epoch_incomplete: [409, 'The epoch lacks offers or signatures'],
  wrong_number: [409, 'The number is not above the last one'],
  unfinished_request: [409, 'Another request of this side is unfinished'],
  scope_changed: [409, 'A newer sharing scope stands'],
  scope_ended: [409, 'This version of the sharing scope has ended'],
  scope_stands: [409, 'This version of the sharing scope has not ended'],
  old_roster: [409, 'The signature is not by the newest roster of the organisation'],
  incomplete: [409, 'Chunks are missing'],
  snapshots_spent: [409, 'This month has had its snapshots; the detail says from when on there can be more'],
  snapshot_superseded: [409, 'A newer snapshot stands'],
  invitation_expired: [410, 'The invitation has expired'],
  partnership_ended: [410, 'The partnership is ended'],
  too_large: [413, 'The body is too large'],
  unsupported_media_type: [415, 'The body has another media type than this address takes'],
  misdirected: [421, 'The request names a host that is not this service'],
  bad_signature: [422, 'The signature does not fit the key'],
  certificate_not_current: [422, 'The certificate is outside its period of validity'],
  other_context: [422, 'The message belongs to another partnership, epoch, side, number or organisation'],
  other_chunk: [422, 'The chunk is not the one that was listed'],
  equal_keys: [422, 'A key that approves is the root key'],
  not_canonical: [422, 'The document is not in its canonical form'],
  inconsistent_submission: [422, 'The records of the submission contradict each other'],
  weak_password: [422, 'The password is too easy to guess'],
  list_too_long: [422, 'The list is longer than this service takes'],
  rate_limited: [429, 'Too many requests; Retry-After says when to try again'],
  too_many_scopes: [429, 'Too many versions of the scope wait for their acceptance or their time'],
  too_many_scope_requests: [429, 'Too many requests for a scope are waiting for an answer'],
  too_many_invitations: [429, 'Too many invitations are waiting for an answer'],
  internal: [500, 'Something went wrong in the service'],
} as const satisfies Record<string, readonly [number, string]>;

/** The code of an error; clients decide by it and never by texts. */
export type ProblemCode = keyof typeof PROBLEMS;
/** Every status that an error can have. */
export type ProblemStatus = (typeof PROBLEMS)[ProblemCode][0];

/** The body of an error. */
export interface ProblemBody {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly code: ProblemCode;
  readonly detail?: string;
}

/** All codes, for the API's description. */
export const PROBLEM_CODES = Object.keys(PROBLEMS) as [ProblemCode, ...ProblemCode[]];

export function problemStatus(code: ProblemCode): ProblemStatus {
  return PROBLEMS[code][0];
}

/** `detail` holds no secret and nothing of another party. */
export function problemBody(code: ProblemCode, detail?: string): ProblemBody {
  const [status, title] = PROBLEMS[code];
  const body = { type: `urn:commonground:problem:${code}`, title, status, code };
  return detail === undefined ? body : { ...body, detail };
}

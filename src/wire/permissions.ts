/**
 * Who may ask what: the one table. The service's routes, the API's description, the command line and the tests take theirs
 * from here; default is denial.
 */
import { ROLES, VIEWER_ROLES } from '../../protocol/member.ts';

/** Who can call: the organisation's own program, its people by role, and whoever has no token. */
const CALLERS = ['agent', ...ROLES, 'anonymous'] as const;
export type Caller = (typeof CALLERS)[number];

export interface Permission {
  readonly callers: readonly Caller[];
  /** True where the agent may only while nobody else of its organisation could: until its first member joined. */
  readonly solo: boolean;
  /** The class in which calls without a token are counted; null where they are not, and where a token is needed. */
  readonly counted: string | null;
}

/** The home that holds the keyring: somebody has to invite the first admin, and to give members the vault key. */
const KEYRING_HOME = 'agent';

/** The agent of a company of one: whoever holds the keyring is all its roles, until the first member joined or a roster was published. */
const SOLO = 'solo';

const TABLE = {
  'GET /healthz': anyone(null),
  'GET /readyz': anyone(null),
  'GET /openapi.json': anyone(null),
  'GET /v1/service': anyone('service'),

  'PUT /v1/organisations/{organisation}': anyone('registration'),
  'POST /v1/login/challenges': anyone('login'),
  'POST /v1/login/tokens': anyone('login'),

  // People. A home without people yet invites the first admin; an admin does the rest.
  'POST /v1/sessions': anyone('password'),
  'DELETE /v1/sessions': by(...ROLES),
  'DELETE /v1/sessions/current': by(...ROLES),
  'GET /v1/me': by('agent', ...ROLES),
  'GET /v1/members': by('admin', 'legal', 'auditor', KEYRING_HOME),
  'GET /v1/members/{member}': by('agent', ...ROLES),
  'PUT /v1/members/{member}': by('admin', KEYRING_HOME),
  'DELETE /v1/members/{member}': by('admin', KEYRING_HOME),
  'PUT /v1/members/{member}/acceptance': anyone('password'),
  'PUT /v1/members/{member}/vault/{number}': by(...VIEWER_ROLES, KEYRING_HOME),
  'GET /v1/vault': by(...ROLES),
  'DELETE /v1/vault/{number}': by('agent'),

  // Who approves scopes: signed by the root key, or by approvers of the version before.
  'GET /v1/rosters': by('admin', 'legal', 'auditor', 'agent'),
  'PUT /v1/rosters/{number}': by('legal', 'agent'),

  // The invitation and epochs are signed by the agent's key; ending is too.
  'GET /v1/partnerships': by('agent', ...ROLES),
  'GET /v1/partnerships/{partnership}': by('agent', ...ROLES),
  'PUT /v1/partnerships/{partnership}': by('agent'),
  'PUT /v1/partnerships/{partnership}/acceptance': by('agent'),
  'PUT /v1/partnerships/{partnership}/opening': by('agent'),
  'PUT /v1/partnerships/{partnership}/ending': by('agent'),
  'PUT /v1/partnerships/{partnership}/health': by('agent'),
  'PUT /v1/partnerships/{partnership}/epochs/{number}/offer': by('agent'),
  'PUT /v1/partnerships/{partnership}/epochs/{number}/signature': by('agent'),
  'PUT /v1/partnerships/{partnership}/epochs/{number}/terms': by('agent'),

  // Scopes are signed by people; whoever holds the agent's key can end them, and says what became of the partner's.
  'GET /v1/partnerships/{partnership}/scopes': by('legal', 'auditor', 'agent'),
  'PUT /v1/partnerships/{partnership}/scopes/{number}': by('legal', SOLO),
  'PUT /v1/partnerships/{partnership}/scopes/{side}/{number}/statements/approve': by('legal', SOLO),
  'PUT /v1/partnerships/{partnership}/scopes/{side}/{number}/statements/accept': by('legal', SOLO),
  'PUT /v1/partnerships/{partnership}/scopes/{side}/{number}/statements/revoke': by('legal', 'agent'),
  'PUT /v1/partnerships/{partnership}/scopes/{side}/{number}/statements/seen': by('agent'),
  'PUT /v1/partnerships/{partnership}/scopes/{side}/{number}/statements/deleted': by('agent'),
  'PUT /v1/partnerships/{partnership}/limits/{role}': by('legal', SOLO),
  'DELETE /v1/partnerships/{partnership}/limits/{role}': by('legal', SOLO),
  'GET /v1/partnerships/{partnership}/scope-requests': by('legal', ...VIEWER_ROLES, 'auditor', SOLO),
  'PUT /v1/partnerships/{partnership}/scope-requests/{id}': by('legal', ...VIEWER_ROLES, SOLO),
  'PUT /v1/partnerships/{partnership}/scope-requests/{id}/answer': by('legal', SOLO),

  // The mailbox.
  'PUT /v1/partnerships/{partnership}/requests/{side}/{number}': by('agent'),
  'DELETE /v1/partnerships/{partnership}/requests/{side}/{number}': by('agent'),
  'PUT /v1/partnerships/{partnership}/requests/{side}/{number}/refusal': by('agent'),
  'PUT /v1/partnerships/{partnership}/requests/{side}/{number}/chunks/{index}': by('agent'),
  'GET /v1/partnerships/{partnership}/requests/{side}/{number}/chunks/{index}': by('agent'),
  'PUT /v1/partnerships/{partnership}/requests/{side}/{number}/evaluations/{index}': by('agent'),
  'GET /v1/partnerships/{partnership}/requests/{side}/{number}/evaluations/{index}': by('agent'),
  'GET /v1/partnerships/{partnership}/receipt': by('agent'),
  'PUT /v1/partnerships/{partnership}/submissions/{number}': by('agent'),
  'PUT /v1/partnerships/{partnership}/submissions/{number}/chunks/{index}': by('agent'),
  'PUT /v1/partnerships/{partnership}/submissions/{number}/activation': by('agent'),

  // The vault: what members need to read the names in answers.
  'PUT /v1/partnerships/{partnership}/vault/{number}/rows': by('agent'),
  'PUT /v1/partnerships/{partnership}/vault/{number}/names/{index}': by('agent'),
  'PUT /v1/partnerships/{partnership}/vault/heads/{number}': by('agent'),
  'GET /v1/partnerships/{partnership}/vault/{number}/names/{index}': by(...VIEWER_ROLES),

  // Questions.
  'POST /v1/partnerships/{partnership}/matrix': by(...VIEWER_ROLES, SOLO),
  'POST /v1/partnerships/{partnership}/overlap': by(...VIEWER_ROLES, SOLO),
  'POST /v1/partnerships/{partnership}/whitespace': by(...VIEWER_ROLES, SOLO),
  'POST /v1/partnerships/{partnership}/ledger': by('legal', 'auditor', SOLO),
} satisfies Readonly<Record<string, Permission>>;

/** A row's name: method and path as the API's description writes them. */
export type Route = keyof typeof TABLE;

/** All rows by their names. */
export const PERMISSIONS: ReadonlyMap<string, Permission> = new Map(Object.entries(TABLE));

/** The row of a route, its path as the router or the description writes it; null where nobody may. */
export function permissionOf(method: string, path: string): Permission | null {
  return PERMISSIONS.get(routeName(method, path)) ?? null;
}

export function needsToken(permission: Permission | null): boolean {
  return !permission?.callers.includes('anonymous');
}

/** What the row of a route would be called, its path as the router or the description writes it. */
export function routeName(method: string, path: string): string {
  return `${method} ${path.replace(/:([A-Za-z]+)(\{[^/]*\})?/g, '{$1}')}`;
}

function anyone(counted: string | null): Permission {
  return { callers: CALLERS, solo: false, counted };
}

function by(...given: readonly (Exclude<Caller, 'anonymous'> | typeof SOLO)[]): Permission {
  const callers = given.map((caller) => (caller === SOLO ? 'agent' : caller));
  return { callers, solo: given.includes(SOLO), counted: null };
}

/** Sharing scopes, rosters and statements as tests need them: everything valid, until a test changes it. */
import { type Random, signingPublicKey } from '../../protocol/hash.ts';
import { STRONG_KINDS } from '../../protocol/identifiers/kind.ts';
import type { OrganisationId, PartnershipId } from '../../protocol/ids.ts';
import { type MemberId, newMemberId, VIEWER_ROLES } from '../../protocol/member.ts';
import { packRoster, type Roster, rosterBytes, rosterHash, signRoster } from '../../protocol/roster.ts';
import { type CellGrant, type Scope, type ScopeRule, scopeHash, signScope } from '../../protocol/scope.ts';
import { type Act, type Statement, signStatement } from '../../protocol/statement.ts';
import { budgetOf } from './budget.ts';

/** When the documents made here were signed: 2026-01-01, in milliseconds and seconds since 1970. */
export const SIGNED_MS = Date.UTC(2026, 0, 1);
const SIGNED_AT = SIGNED_MS / 1000;

/** Whom a scope stands between. */
export type Between = Pick<Scope, 'partnership' | 'grantor' | 'grantee'>;

const EXAMPLE: Between = {
  partnership: `prt_${'0'.repeat(32)}` as PartnershipId,
  grantor: `org_${'0'.repeat(32)}` as OrganisationId,
  grantee: `org_${'1'.repeat(32)}` as OrganisationId,
};

/** What is granted to a viewer role: nothing, but for what is said. */
export function grantOf(change: Partial<CellGrant> = {}): ScopeGrant {
  const { fields = [], ...rest } = change;
  return { level: 'none', whiteSpace: 'none', review: false, ...rest, fields: [...fields] };
}

export type ScopeGrant = NonNullable<ScopeRule['roles']['sales']>;

/** A rule that grants every viewer role the same; the partner's population may be `*`. */
export function ruleOf(
  population: string,
  partnerPopulation: string,
  change: Partial<CellGrant> = {},
): ScopeRule {
  return { population, partnerPopulation, roles: rolesOf(change) };
}

/** The same for every viewer role. */
function rolesOf(change: Partial<CellGrant> = {}): ScopeRule['roles'] {
  return Object.fromEntries(VIEWER_ROLES.map((role) => [role, grantOf(change)]));
}

/** Everything of customers, accounts of prospects where the partner's customers are. */
const GENEROUS: Scope['rules'] = [
  ruleOf('customers', '*', {
    level: 'fields',
    fields: ['account_name', 'owner'],
    whiteSpace: 'names',
    review: true,
  }),
  ruleOf('prospects', 'customers', { level: 'accounts' }),
];

/**
 * A whole valid scope of a company of one (`roster` 0), from 2026 on without an end; `change` makes it another. Without
 * its parties it stands between two that do not exist.
 */
export function scopeWith(change: Partial<Scope> = {}, between: Between = EXAMPLE): Scope {
  return {
    version: 1,
    partnership: between.partnership,
    grantor: between.grantor,
    grantee: between.grantee,
    number: 1,
    previous: null,
    drafter: null,
    roster: 0,
    issuedAt: '2026-01-01T00:00:00Z',
    validFrom: '2026-01-01T00:00:00Z',
    validUntil: null,
    purpose: 'To find customers that both serve',
    agreement: null,
    populations: ['customers', 'prospects'],
    rules: GENEROUS,
    competitors: false,
    reciprocity: false,
    minimumCount: 5,
    snapshotsPerMonth: 1000,
    namesPerMonth: 1_000_000,
    strongKinds: [...STRONG_KINDS],
    retentionDays: 30,
    export: true,
    evaluationBudget: budgetOf(1000),
    ...change,
  };
}

/** A member with the key by which they sign. */
export interface Person {
  readonly member: MemberId;
  readonly seed: Uint8Array;
  readonly key: Uint8Array;
}

export function makePerson(random: Random): Person {
  const seed = random(32);
  return { member: newMemberId(random), seed, key: signingPublicKey(seed) };
}

/** The first roster of these people, of whom any one is enough but for their own drafts; `change` makes it another. */
export function rosterWith(
  organisation: OrganisationId,
  people: readonly Person[],
  change: Partial<Roster> = {},
): Roster {
  return {
    organisation,
    number: 1,
    previous: null,
    issuedAt: SIGNED_AT,
    quorum: 1,
    drafterAlone: false,
    approvers: people
      .map(({ member, key }) => ({ member, key }))
      .sort((a, b) => (a.member < b.member ? -1 : 1)),
    ...change,
  };
}

/** The version after `last`, of these people. */
export function rosterAfter(last: Roster, people: readonly Person[], change: Partial<Roster> = {}): Roster {
  const { organisation, quorum, drafterAlone } = last;
  const previous = rosterHash(rosterBytes(last));
  return rosterWith(organisation, people, {
    number: last.number + 1,
    previous,
    quorum,
    drafterAlone,
    ...change,
  });
}

/** A roster signed by the root's seed, or by members of the one before. */
export function signedRoster(roster: Roster, by: Uint8Array | readonly Person[]): Uint8Array {
  const bytes = rosterBytes(roster);
  const signatures =
    by instanceof Uint8Array
      ? [signRoster(bytes, null, by)]
      : by.map(({ member, seed }) => signRoster(bytes, member, seed));
  return packRoster(bytes, signatures);
}

/** Signed by a person of the roster that the scope names. */
export function draftedScope(scope: Scope, person: Person, roster: number): Uint8Array {
  return signScope({ ...scope, drafter: person.member, roster }, person.seed);
}

/** What an organisation's agent (its seed) or one of its people by a roster says of a signed scope. */
export function stated(
  act: Act,
  about: Pick<Statement, 'partnership' | 'organisation'> & { readonly signed: Uint8Array },
  by: Uint8Array | { readonly person: Person; readonly roster: number },
  at = SIGNED_AT,
): Uint8Array {
  const { partnership, organisation, signed } = about;
  const statement = { act, partnership, organisation, scope: scopeHash(signed), at };
  return by instanceof Uint8Array
    ? signStatement({ ...statement, roster: 0, signer: null }, by)
    : signStatement({ ...statement, roster: by.roster, signer: by.person.member }, by.person.seed);
}

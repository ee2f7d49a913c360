/** People of the test organisations who sign: their roster, and what they draft and say, put at the service. */
import { toBase64url } from '../../protocol/bytes.ts';
import { systemRandom } from '../../protocol/hash.ts';
import { otherSide, type Side } from '../../protocol/ids.ts';
import type { Roster } from '../../protocol/roster.ts';
import type { Scope } from '../../protocol/scope.ts';
import type { Act } from '../../protocol/statement.ts';
import {
  draftedScope,
  makePerson,
  type Person,
  rosterWith,
  scopeWith,
  signedRoster,
  stated,
} from './scopes.ts';
import {
  type Answer,
  type CalledService,
  putScope,
  putStatement,
  type TestPartnership,
} from './service-app.ts';
import { makeMember } from './service-members.ts';
import { GENEROUS } from './service-parties.ts';

/** A member of the role legal who is logged in. */
export type Lawyer = Person & { readonly token: string };

/** So many people of the role legal, of one side. */
export async function makeLawyers(world: TestPartnership, side: Side, count: number): Promise<Lawyer[]> {
  const invited = {
    organisation: world.pair[side].organisation,
    token: world.tokens[side],
    role: 'legal',
  } as const;
  return await Promise.all(Array.from({ length: count }, () => makeMember(world.service, invited)));
}

/** Puts a roster that the root key signed, or the people named. */
export function putRoster(
  world: Pick<TestPartnership, 'pair' | 'tokens'> & { readonly service: CalledService },
  side: Side,
  roster: Roster,
  by: Uint8Array | readonly Person[] = world.pair[side].root.seed,
  token: string = world.tokens[side],
): Promise<Answer> {
  const json = { roster: toBase64url(signedRoster(roster, by)) };
  return world.service.call('PUT', `/v1/rosters/${roster.number}`, { token, json });
}

/** One side with people who sign by its first roster. */
export interface Staff {
  readonly people: readonly Lawyer[];
  readonly roster: Roster;
}

/** The first of them is a member who is logged in, and carries what the others sign: a password takes time to check. */
export async function makeStaff(
  world: TestPartnership,
  side: Side,
  count = 2,
  change: Partial<Roster> = {},
): Promise<Staff> {
  const [first] = await makeLawyers(world, side, 1);
  if (!first) throw new Error('nobody');
  const others = Array.from({ length: count - 1 }, () => ({
    ...makePerson(systemRandom),
    token: first.token,
  }));
  const people = [first, ...others];
  const roster = rosterWith(world.pair[side].organisation, people, change);
  const answer = await putRoster(world, side, roster);
  if (answer.status !== 200) throw new Error(`no roster: ${answer.code}`);
  return { people, roster };
}

/** A scope that a person drafted by the first roster; `change` makes it another. */
export function draftOf(
  { pair }: Pick<TestPartnership, 'pair'>,
  side: Side,
  person: Person,
  change: Partial<Scope> = {},
): Uint8Array {
  const grantee = pair[otherSide(side)].organisation;
  const between = { partnership: pair.partnership, grantor: pair[side].organisation, grantee };
  const { roster = 1, ...rest } = change;
  return draftedScope(scopeWith({ rules: GENEROUS, ...rest }, between), person, roster);
}

export async function propose(
  world: TestPartnership,
  side: Side,
  { token }: Pick<Lawyer, 'token'>,
  number: number,
  signed: Uint8Array,
): Promise<Answer> {
  const as: TestPartnership['as'] = (of, method, path, options) =>
    world.as(of, method, path, { ...options, token });
  return await putScope({ as }, side, number, signed);
}

/** A version of a side's scope, as it was signed. */
export interface Version {
  readonly side: Side;
  readonly number: number;
  readonly signed: Uint8Array;
}

/** What a person says of a version by a roster, put with their own token. */
export async function say(
  world: TestPartnership,
  act: Act,
  { side, number, signed }: Version,
  person: Lawyer,
  roster = 1,
): Promise<Answer> {
  const by = act === 'approve' || act === 'revoke' ? side : otherSide(side);
  const { partnership } = world.pair;
  const statement = stated(
    act,
    { partnership, organisation: world.pair[by].organisation, signed },
    { person, roster },
  );
  return await putStatement(world, by, { side, number, act, token: person.token }, statement);
}

/** What the agent of the side that may says of a version. */
export async function sayAsAgent(
  world: Pick<TestPartnership, 'as' | 'pair'>,
  act: Act,
  { side, number, signed }: Version,
): Promise<Answer> {
  const by = act === 'approve' || act === 'revoke' ? side : otherSide(side);
  const { organisation, agent } = world.pair[by];
  const about = { partnership: world.pair.partnership, organisation, signed };
  return await putStatement(world, by, { side, number, act }, stated(act, about, agent.seed));
}

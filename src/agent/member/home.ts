/**
 * A member's home: who the member is, the member's own signing and age keys, and the session. There is no keyring in it,
 * and no list. The keys are opened like a keyring, by a passphrase of this machine or a key file, never by the password,
 * which the service gets to see.
 */
import { existsSync, readFileSync, rmSync } from 'node:fs';
import * as z from 'zod';
import { newIdentity, recipientOf, sealTo, sealWithPassphrase } from '../../../protocol/age.ts';
import { toBase64url, utf8 } from '../../../protocol/bytes.ts';
import { type Random, signingPublicKey } from '../../../protocol/hash.ts';
import { type OrganisationId, parseOrganisationId } from '../../../protocol/ids.ts';
import { type MemberId, parseMemberId, ROLES, type Role, signMemberKeys } from '../../../protocol/member.ts';
import { Client, type LoggedIn } from '../client.ts';
import {
  createHome,
  createSecretFile,
  type Home,
  isInitialised,
  isMemberHome,
  readConfiguration,
  readSecretFile,
  replaceFile,
  withoutKeyring,
  writeConfiguration,
} from '../home.ts';
import type { Lock } from '../keyring.ts';
import { Problem } from '../problem.ts';
import type { Session } from '../transport.ts';
import type { MemberInvitation } from './invitation.ts';

/** member.json. */
export interface MemberProfile {
  readonly organisation: OrganisationId;
  /** What the organisation calls itself. */
  readonly name: string;
  readonly member: MemberId;
  readonly email: string;
  /** As the service said at the last log-in; a member's never changes. */
  readonly role: Role;
}

const profile = z
  .strictObject({
    version: z.literal(1),
    organisation: z.string(),
    name: z.string(),
    member: z.string(),
    email: z.string(),
    /** Homes made before it was kept learn it at the next log-in. */
    role: z.enum(ROLES).nullable().default(null),
  })
  .transform(({ organisation, name, member, email, role }, context) => {
    const ids = { organisation: parseOrganisationId(organisation), member: parseMemberId(member) };
    if (ids.organisation && ids.member) {
      return { organisation: ids.organisation, member: ids.member, name, email, role };
    }
    context.addIssue({ code: 'custom', message: 'no id' });
    return z.NEVER;
  });

const savedSession = z.strictObject({ version: z.literal(1), token: z.string(), expiresAt: z.string() });

/** A member's home with what to ask the service by. */
export interface MemberSeat {
  readonly home: Home;
  readonly profile: MemberProfile;
  readonly service: string;
  readonly client: Client;
}

export interface JoiningInput {
  readonly invitation: MemberInvitation;
  readonly email: string;
  readonly password: string;
  readonly lock: Lock;
}

/** Makes the member's keys and home, registers the public keys and logs in. What is refused leaves no home behind. */
export async function joinOrganisation(
  home: Home,
  { invitation, email, password, lock }: JoiningInput,
  tools: { readonly random: Random; readonly now: () => number },
): Promise<LoggedIn> {
  const { organisation, member, name, service, role, code } = invitation;
  refuseTaken(home);
  createHome(home);
  const seed = tools.random(32);
  const ageIdentity = await newIdentity();
  const recipient = await recipientOf(ageIdentity);
  const keys = signMemberKeys({ organisation, member, signingKey: signingPublicKey(seed), recipient }, seed);
  const identity = await newIdentity();
  const sealed = await sealTo(
    await recipientOf(identity),
    utf8(JSON.stringify({ version: 1, seed: toBase64url(seed), ageIdentity, keys: toBase64url(keys) })),
  );
  if (!sealed) throw new Error('an own recipient is not valid');
  const identityFile = 'keyFile' in lock ? lock.keyFile : home.identityFile;
  const client = new Client(service, null, tools.now);
  const text = utf8(`${identity}\n`);
  createSecretFile(identityFile, 'keyFile' in lock ? text : await sealWithPassphrase(lock.passphrase, text));
  // Written before they are registered: keys that only the service knows would be lost.
  try {
    createSecretFile(home.memberKeysFile, sealed);
    writeConfiguration(home, { service, keyFile: 'keyFile' in lock ? lock.keyFile : null });
    await client.join(member, { code, email, password, keys });
  } catch (error) {
    for (const file of [identityFile, home.memberKeysFile, home.configurationFile])
      rmSync(file, { force: true });
    throw error;
  }
  // Last, because its presence is what makes the home a member's.
  createSecretFile(home.memberFile, profileText({ organisation, name, member, email, role }));
  return await logIn(home, password, tools.now);
}

/** A problem where the home is somebody's already. */
export function refuseTaken(home: Home): void {
  if (!isInitialised(home) && !isMemberHome(home) && !existsSync(home.configurationFile)) return;
  throw new Problem(
    'already_initialised',
    `${home.directory} is a home already`,
    'use another --home for what you are as a member',
  );
}

/** Opens a member's home. Whether its session still holds, the service says. */
export function openSeat(home: Home, now: () => number): MemberSeat {
  const { role, ...rest } = readProfile(home);
  if (!role) throw loggedOut();
  const { service } = readConfiguration(home);
  if (!service) throw damaged(home.configurationFile);
  const client = new Client(service, sessionOf(home, now), now);
  return { home, profile: { ...rest, role }, service, client };
}

/** Begins a session and keeps it in the home, readable by its owner alone. */
export async function logIn(home: Home, password: string, now: () => number): Promise<LoggedIn> {
  const kept = readProfile(home);
  const { organisation, email } = kept;
  const { service } = readConfiguration(home);
  if (!service) throw damaged(home.configurationFile);
  const begun = await new Client(service, null, now).logIn({ organisation, email, password });
  const { token, expiresAt, role } = begun;
  replaceFile(home.sessionFile, `${JSON.stringify({ version: 1, token, expiresAt })}\n`);
  if (role !== kept.role) replaceFile(home.memberFile, profileText({ ...kept, role }));
  return begun;
}

/** Ends the session, or all of the member's. The home forgets it even where the service cannot be told. */
export async function logOut({ home, client }: MemberSeat, everywhere: boolean): Promise<void> {
  try {
    await client.logOut(everywhere);
  } finally {
    rmSync(home.sessionFile, { force: true });
  }
}

function sessionOf(home: Home, now: () => number): Session {
  const out = loggedOut();
  return {
    async token() {
      if (!existsSync(home.sessionFile)) throw out;
      const parsed = savedSession.safeParse(jsonOf(readSecretFile(home.sessionFile)));
      if (!parsed.success || Date.parse(parsed.data.expiresAt) <= now()) throw out;
      return parsed.data.token;
    },
    dropToken: () => rmSync(home.sessionFile, { force: true }),
  };
}

function loggedOut(): Problem {
  return new Problem('logged_out', 'you are not logged in', 'run `commonground login`');
}

function profileText({ organisation, name, member, email, role }: MemberProfile): string {
  return `${JSON.stringify({ version: 1, organisation, name, member, email, role }, null, 2)}\n`;
}

/** Who the member is; a problem where this is no member's home. */
export function readProfile(home: Home): z.infer<typeof profile> {
  if (isInitialised(home))
    throw new Problem(
      'bad_argument',
      `${home.directory} is the home with the keyring, which needs no log-in`,
      'a member’s home is where `commonground member join` was run; name it with --home',
    );
  if (!isMemberHome(home)) throw withoutKeyring(home);
  const parsed = profile.safeParse(jsonOf(readFileSync(home.memberFile)));
  if (!parsed.success) throw damaged(home.memberFile);
  return parsed.data;
}

function damaged(file: string): Problem {
  return new Problem(
    'bad_input',
    `${file} has an unknown content`,
    'ask an admin of your organisation to remove you and to invite you anew',
  );
}

function jsonOf(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return undefined;
  }
}

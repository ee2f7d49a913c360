/**
 * Log-in of people by e-mail address and password. The only importer of better-auth: it hashes and checks passwords and
 * makes sessions; its routes are not served. Its organisation plug-in does not fit: there an organisation is a random id
 * made by a user, here it is the fingerprint of a root key, and its program is a member too; so members, roles and
 * invitations are tables of our own.
 */
import { createAdapterFactory } from 'better-auth/adapters';
import { betterAuth } from 'better-auth/minimal';
import { toHex } from '../../../protocol/bytes.ts';
import type { Random } from '../../../protocol/hash.ts';
import type { MemberId } from '../../../protocol/member.ts';
import type { Directory } from '../storage/directory.ts';
import { loginRows } from './rows.ts';

/** A working day; there is no renewal. */
const SESSION_MS = 12 * 3600_000;

export interface Session {
  /** 32 letters and digits; stored as its hash alone. */
  readonly token: string;
  readonly expiresMs: number;
}

export interface Logins {
  /** What is stored of a password: scrypt with a salt. */
  hash(password: string): Promise<string>;
  /** A session, or null where the password is wrong. Nobody (null) takes as long as somebody with a wrong password. */
  logIn(member: MemberId | null, password: string): Promise<Session | null>;
}

export function openLogins(directory: Directory, now: () => number, random: Random): Logins {
  const auth = betterAuth({
    baseURL: 'http://login.invalid',
    // Signs cookies, which nobody is given.
    secret: toHex(random(32)),
    // Its texts name people; what must be known of an error is thrown.
    logger: { disabled: true },
    telemetry: { enabled: false },
    database: createAdapterFactory({
      config: { adapterId: 'directory', supportsDates: false, supportsBooleans: false, transaction: false },
      adapter: () => loginRows(directory),
    }),
    emailAndPassword: { enabled: true, disableSignUp: true },
    user: { modelName: 'login_users' },
    account: { modelName: 'login_accounts' },
    session: { modelName: 'login_sessions' },
    databaseHooks: {
      session: {
        create: {
          before: async (session) => {
            const at = new Date(now());
            const expiresAt = new Date(now() + SESSION_MS);
            // Neither address nor browser is of use here, so they are not kept.
            return {
              data: {
                ...session,
                createdAt: at,
                updatedAt: at,
                expiresAt,
                ipAddress: null,
                userAgent: null,
              },
            };
          },
        },
      },
    },
  });
  return {
    hash: async (password) => await (await auth.$context).password.hash(password),
    async logIn(member, password) {
      const email = loginName(member);
      try {
        const { token } = await auth.api.signInEmail({ body: { email, password } });
        return { token, expiresMs: now() + SESSION_MS };
      } catch (error) {
        if (isWrongPassword(error)) return null;
        throw error;
      }
    },
  };
}

/**
 * What better-auth takes for the e-mail address. Real ones are unique within an organisation only, since nobody can show
 * here that an address is theirs: a stranger cannot take it away, nor learn that it is known.
 */
export function loginName(member: MemberId | null): string {
  return `${member ?? 'nobody'}@login.invalid`;
}

function isWrongPassword(error: unknown): boolean {
  return error instanceof Error && 'statusCode' in error && error.statusCode === 401;
}

/**
 * How the service is asked: one log-in for ten minutes, retries of what is safe to repeat, and answers checked for their
 * shape before anything uses them.
 */
import * as z from 'zod';
import { toBase64url } from '../../protocol/bytes.ts';
import { signLogin } from '../../protocol/login.ts';
import * as shapes from '../wire/answers.ts';
import type { Keyring } from './keyring.ts';
import { Problem } from './problem.ts';
import {
  jsonOf,
  type Reply,
  ServiceRefusal,
  type Session,
  Transport,
  type TransportOptions,
} from './transport.ts';

/** How many challenges are tried before a refused log-in is believed. */
const LOGIN_ATTEMPTS = 4;

/** The way to one service, by the tokens of whoever asks. */
export class Connection implements Session {
  readonly #transport: Transport;
  readonly #keyring: Keyring | null;
  readonly #session: Session;
  readonly #now: () => number;
  #token: { readonly value: string; readonly untilMs: number } | null = null;
  #login: Promise<string> | null = null;

  constructor(base: string, as: Keyring | Session | null, now: () => number, options: TransportOptions) {
    this.#transport = new Transport(base, now, options);
    this.#session = as && 'token' in as ? as : this;
    this.#keyring = as && !('token' in as) ? as : null;
    this.#now = now;
  }

  /** Writes JSON. */
  put(path: string, body: unknown): Promise<Reply> {
    return this.call('PUT', path, { body });
  }

  /** The body of an answer that is no JSON. */
  async bytes(path: string): Promise<Uint8Array> {
    return (await this.call('GET', path)).body;
  }

  /** The organisation's keys; a problem where nobody or a person asks. */
  keys(): Keyring {
    if (this.#keyring) return this.#keyring;
    throw new Problem('locked', 'the keyring is locked', 'run `commonground unlock`');
  }

  /** An answer of this shape; an alarm where it has another. */
  async json<Schema extends z.ZodType>(
    schema: Schema,
    method: string,
    path: string,
    options: { readonly body?: unknown; readonly token?: boolean } = {},
  ): Promise<z.infer<Schema>> {
    const json = jsonOf((await this.call(method, path, options)).body);
    if (json === undefined) throw this.#transport.unreachable('something other than it answers');
    const parsed = schema.safeParse(json);
    if (parsed.success) return parsed.data;
    const issue = parsed.error.issues[0];
    throw new Problem(
      'service_alarm',
      `the service's answer to ${method} ${path} is malformed at ${issue?.path.join('.') || 'its root'}`,
      'it may be of another version; nothing was used of it',
    );
  }

  /** Any call; without a token where `token` is false. */
  call(
    method: string,
    path: string,
    {
      token,
      ...body
    }: { readonly body?: unknown; readonly bytes?: Uint8Array; readonly token?: boolean } = {},
  ): Promise<Reply> {
    return this.#transport.call(method, path, body, token === false ? null : this.#session);
  }

  /** A token of this session; made when there is none, once for all calls that wait for it. */
  async token(): Promise<string> {
    // Half a minute before its end a token is not worth starting with.
    if (this.#token && this.#now() < this.#token.untilMs - 30_000) return this.#token.value;
    this.#login ??= this.#logInAnew().finally(() => {
      this.#login = null;
    });
    return this.#login;
  }

  /** Forgets a token that the service refused. */
  dropToken(): void {
    this.#token = null;
  }

  /** A challenge serves once: when the answer to its use was lost, only another one helps. */
  async #logInAnew(): Promise<string> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#logIn();
      } catch (error) {
        const isUsed = error instanceof ServiceRefusal && error.serviceCode === 'unauthenticated';
        if (!isUsed || attempt >= LOGIN_ATTEMPTS) throw error;
      }
    }
  }

  async #logIn(): Promise<string> {
    const { certificate, agentSeed } = this.keys();
    const { organisation } = certificate;
    const challenge = await this.json(z.object({ challenge: shapes.bytes }), 'POST', '/v1/login/challenges', {
      body: { organisation },
      token: false,
    });
    const { audience } = this.#transport;
    const signature = signLogin({ audience, organisation, challenge: challenge.challenge }, agentSeed);
    const answer = await this.json(
      z.object({ token: z.string(), expiresAt: z.string() }),
      'POST',
      '/v1/login/tokens',
      {
        body: {
          organisation,
          challenge: toBase64url(challenge.challenge),
          signature: toBase64url(signature),
        },
        token: false,
      },
    );
    this.#token = { value: answer.token, untilMs: Date.parse(answer.expiresAt) };
    return answer.token;
  }
}

/** One exchange with the service: tried again where that helps, and its answer read to the end. */
import { setTimeout as sleep } from 'node:timers/promises';
import * as z from 'zod';
import { Problem } from './problem.ts';

const ATTEMPTS = 6;
const TIMEOUT_MS = 60_000;
const LONGEST_BACK_OFF_MS = 10_000;
/** A service that asks for more patience than this is not asked again by the same call. */
const LONGEST_RETRY_AFTER_MS = 30_000;
const problemDocument = z.object({ code: z.string(), title: z.string(), detail: z.string().optional() });

export interface TransportOptions {
  /** How often a call is tried (default 6). */
  readonly attempts?: number;
  /** Ends all calls, also those that wait for their next try. */
  readonly signal?: AbortSignal;
}

/** An answer read to its end. */
export interface Reply {
  readonly ok: boolean;
  readonly status: number;
  /** How long the service asked to be left alone, milliseconds; null where it did not. */
  readonly retryAfterMs: number | null;
  readonly body: Uint8Array;
}

/** Who gives the tokens of a session. */
export interface Session {
  token(): Promise<string>;
  dropToken(): void;
}

/** A refusal by the service, with its machine-readable code. */
export class ServiceRefusal extends Problem {
  readonly serviceCode: string;
  readonly retryAfterMs: number | null;

  constructor(reply: Pick<Reply, 'retryAfterMs'>, serviceCode: string, message: string, hint?: string) {
    super(isOwnRule(serviceCode) ? serviceCode : 'service_refused', message, hint);
    this.serviceCode = serviceCode;
    this.retryAfterMs = reply.retryAfterMs;
  }
}

export class Transport {
  readonly #base: string;
  readonly #now: () => number;
  readonly #options: TransportOptions;

  constructor(base: string, now: () => number, options: TransportOptions) {
    this.#base = base.replace(/\/+$/, '');
    this.#now = now;
    this.#options = options;
  }

  /** What a log-in is signed for: the service's host and port. */
  get audience(): string {
    return new URL(this.#base).host;
  }

  unreachable(because: string): Problem {
    return new Problem(
      'service_unreachable',
      `cannot reach the service at ${this.#base}: ${because}`,
      'check the address and the network; nothing is lost, run the command again',
    );
  }

  /**
   * Every write is a PUT or DELETE that may be repeated and a question asked twice is answered twice, so any call is
   * tried again when no whole answer came, or one that may be another the next time.
   */
  async call(
    method: string,
    path: string,
    content: { readonly body?: unknown; readonly bytes?: Uint8Array },
    session: Session | null,
  ): Promise<Reply> {
    const { attempts = ATTEMPTS, signal } = this.#options;
    let isRenewed = false;
    for (let attempt = 1; ; attempt++) {
      signal?.throwIfAborted();
      const headers: Record<string, string> = {};
      if (session) headers.authorization = `Bearer ${await session.token()}`;
      if (content.body !== undefined) headers['content-type'] = 'application/json';
      if (content.bytes) headers['content-type'] = 'application/octet-stream';
      const json = content.body === undefined ? null : JSON.stringify(content.body);
      const body = content.bytes ? new Uint8Array(content.bytes) : json;
      const reply = await this.#fetch(method, path, headers, body);
      if (reply?.ok) return reply;
      if (reply?.status === 401 && session && !isRenewed) {
        isRenewed = true;
        session.dropToken();
        continue;
      }
      if (reply && !isPassing(reply)) throw refusal(reply);
      const asked = reply?.retryAfterMs ?? 0;
      if (reply && (attempt >= attempts || asked > LONGEST_RETRY_AFTER_MS)) throw refusal(reply);
      if (attempt >= attempts) throw this.unreachable('no answer');
      // Exponential back-off with full jitter, and never sooner than the service asked for.
      const backOff = Math.random() * Math.min(LONGEST_BACK_OFF_MS, 200 * 2 ** attempt);
      await sleep(asked + backOff, undefined, signal ? { signal } : {});
    }
  }

  /** The whole answer, or null where there was none or it broke off. */
  async #fetch(
    method: string,
    path: string,
    headers: Record<string, string>,
    body: Uint8Array<ArrayBuffer> | string | null,
  ): Promise<Reply | null> {
    const { signal } = this.#options;
    const timeout = AbortSignal.timeout(TIMEOUT_MS);
    try {
      const response = await fetch(this.#base + path, {
        method,
        headers,
        body,
        signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
        redirect: 'error',
      });
      return {
        ok: response.ok,
        status: response.status,
        retryAfterMs: retryAfter(response.headers.get('retry-after'), this.#now()),
        body: new Uint8Array(await response.arrayBuffer()),
      };
    } catch {
      return null;
    }
  }
}

/** True for answers of a service that is overloaded or failing: 408 where it had not the whole request in time. */
function isPassing({ status }: Reply): boolean {
  return status === 408 || status === 429 || status >= 500;
}

/** A body's JSON value; undefined where it is no JSON. */
export function jsonOf(body: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(body));
  } catch {
    return undefined;
  }
}

/** A Retry-After header's value as milliseconds from now: seconds, or a date. */
function retryAfter(value: string | null, nowMs: number): number | null {
  if (value === null) return null;
  if (/^\d{1,9}$/.test(value)) return Number(value) * 1000;
  const at = Date.parse(value);
  return Number.isNaN(at) ? null : Math.max(0, at - nowMs);
}

function refusal(reply: Reply): ServiceRefusal {
  const parsed = problemDocument.safeParse(jsonOf(reply.body));
  if (!parsed.success) return new ServiceRefusal(reply, 'unknown', `the service answered ${reply.status}`);
  const { code, title, detail } = parsed.data;
  return new ServiceRefusal(reply, code, detail ? `${title}: ${detail}` : title, HINTS[code]);
}

/** Refusals that are not the service's choice but the organisation's own rules. */
function isOwnRule(code: string): code is 'wrong_role' | 'forbidden' {
  return code === 'wrong_role' || code === 'forbidden';
}

/** What to do about the refusals that a person can do something about. */
const HINTS: Readonly<Record<string, string>> = {
  unauthenticated: 'register the organisation first: `commonground register`, or accept an invitation',
  invalid_request:
    'what is named last is not as the service takes it: correct what you typed; if you typed none of it, update commonground',
  wrong_role:
    'ask a colleague who has the role, or an admin of your organisation; `commonground whoami` tells yours',
  forbidden:
    'ask from the home of a member who has the role: `commonground login` there; `commonground member list` shows who that is',
  wrong_credentials:
    'try again; after ten wrong ones wait a quarter of an hour. An admin can invite you anew',
  weak_password: 'four or five random words are good',
  email_taken: 'use another e-mail address, or ask an admin to remove the other member first',
  registration_closed: 'ask the operator of the service',
  registration_refused:
    'a code or an invitation lets in one organisation, once: ask the operator for a code, or your partner for a new invitation',
  invitation_expired: 'ask your partner for a new invitation; as a member, an admin of your organisation',
  invitation_used:
    'each invitation serves once; ask your partner for a new one, or as a member an admin of your organisation',
  certificate_expired:
    'renew the agent key with the root key; if it was renewed since, `commonground register --service URL` again',
  certificate_not_current: 'check the clock of this machine, then whether the agent key is to be renewed',
  not_found: 'the service does not know this; if it was restored from a backup, ask its operator',
  not_opened: 'if the service was restored from a backup, ask its operator, or invite the partner anew',
  list_too_long: 'ask the operator of the service to take longer lists, or submit fewer accounts',
  rate_limited: 'wait a while and run the command again; nothing is lost',
  scope_changed: 'run `commonground sync` again',
  partnership_ended: 'run `commonground sync` to take note of it',
};

/**
 * The service as the agent sees it: typed calls, one log-in for ten minutes, retries of what is safe to repeat. Every
 * write is a PUT or DELETE that may be repeated; answers are checked for their shape before anything uses them.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import * as z from 'zod';
import { fromBase64url, toBase64url } from '../../protocol/bytes.ts';
import { KINDS } from '../../protocol/identifiers/kind.ts';
import {
  type Handle,
  type PartnershipId,
  parseOrganisationId,
  parsePartnershipId,
  type Side,
} from '../../protocol/ids.ts';
import { signLogin } from '../../protocol/login.ts';
import { FIELDS, LEVELS, WHITE_SPACE_LEVELS } from '../../protocol/scope.ts';
import type { Keyring } from './keyring.ts';
import { Problem } from './problem.ts';

const bytes = z.string().transform((text, context) => {
  const decoded = fromBase64url(text);
  if (decoded) return decoded;
  context.addIssue({ code: 'custom', message: 'not base64url' });
  return z.NEVER;
});
const partnershipId = z.string().transform((text, context) => {
  const id = parsePartnershipId(text);
  if (id) return id;
  context.addIssue({ code: 'custom', message: 'not a partnership id' });
  return z.NEVER;
});
const organisationId = z.string().transform((text, context) => {
  const id = parseOrganisationId(text);
  if (id) return id;
  context.addIssue({ code: 'custom', message: 'not an organisation id' });
  return z.NEVER;
});
const handle = z
  .string()
  .regex(/^[0-9a-f]{32}$/)
  .transform((text) => text as Handle);
const side = z.enum(['founder', 'joiner']);
const bothOf = <Item extends z.ZodType>(item: Item) =>
  z.object({ founder: item.nullable(), joiner: item.nullable() });
const snapshot = z.object({ number: z.int(), at: z.string() });

const service = z.object({
  version: z.string(),
  operator: z.object({ name: z.string(), organisation: organisationId.nullable() }),
  registration: z.enum(['open', 'invitation', 'closed']),
  time: z.string(),
});
const requestView = z.object({
  number: z.int(),
  request: bytes,
  missing: z.array(z.int()),
  evaluated: z.array(z.int()),
  refusal: bytes.nullable(),
});
const partnershipView = z.object({
  id: partnershipId,
  side,
  state: z.enum(['invited', 'accepted', 'opened']),
  createdAt: z.string(),
  commitment: bytes,
  acceptance: bytes.nullable(),
  opening: bytes.nullable(),
  certificates: bothOf(bytes),
  epoch: z.object({ number: z.int(), offers: bothOf(bytes), signatures: bothOf(bytes) }),
  scopes: bothOf(bytes),
  requests: bothOf(requestView),
  lastRequest: z.object({ founder: z.int(), joiner: z.int() }),
  submissions: z.object({
    mine: z.object({
      active: z.int().nullable(),
      pending: z.object({ number: z.int(), missing: z.array(z.int()) }).nullable(),
      lastNumber: z.int(),
    }),
    theirs: z.object({ active: z.int().nullable() }),
  }),
  snapshot: snapshot.nullable(),
  since: z.object({ lastSeenAt: z.string() }).nullable(),
});
const matrix = z.object({
  snapshot: snapshot.nullable(),
  populations: z.object({ mine: z.array(z.string()), theirs: z.array(z.string()) }),
  cells: z.array(
    z.object({
      mine: z.string(),
      theirs: z.string(),
      level: z.enum(LEVELS),
      whiteSpaceLevel: z.enum(WHITE_SPACE_LEVELS),
      pairs: z.int().nullable(),
      whiteSpace: z.int().nullable(),
      exact: z.boolean(),
      whiteSpaceExact: z.boolean(),
    }),
  ),
});
const overlap = z.object({
  snapshot: snapshot.nullable(),
  head: bytes.nullable(),
  scope: bytes.nullable(),
  rows: z.array(
    z.object({
      mine: handle,
      theirs: handle,
      firstSeen: z.int(),
      firstSeenAt: z.string(),
      matches: z.array(
        z.object({
          kind: z.enum(KINDS),
          tag: bytes,
          boxes: z.array(z.object({ population: z.int(), box: bytes })),
          wrapped: bytes.nullable(),
        }),
      ),
      fields: z.partialRecord(z.enum(FIELDS), bytes),
    }),
  ),
  next: z.string().nullable(),
});
const whiteSpace = z.object({
  snapshot: snapshot.nullable(),
  head: bytes.nullable(),
  scope: bytes.nullable(),
  rows: z.array(z.object({ handle, names: z.array(z.object({ population: z.int(), sealed: bytes })) })),
  next: z.string().nullable(),
});
const ledger = z.object({
  entries: z.array(
    z.object({
      number: z.int(),
      at: z.string(),
      viewer: z.enum(['mine', 'theirs']),
      question: z.string(),
      cells: z.array(z.object({ granting: z.string(), viewing: z.string() })),
      scopeNumber: z.int(),
      snapshot: z.int(),
      rows: z.int().nullable(),
    }),
  ),
  next: z.string().nullable(),
});

export type ServiceView = z.infer<typeof service>;
export type PartnershipView = z.infer<typeof partnershipView>;
export type MatrixAnswer = z.infer<typeof matrix>;
export type OverlapAnswer = z.infer<typeof overlap>;
export type WhiteSpaceAnswer = z.infer<typeof whiteSpace>;
export type LedgerAnswer = z.infer<typeof ledger>;

/** What overlap and white space can be narrowed to; names of populations. */
export interface Question {
  readonly mine?: readonly string[];
  readonly theirs?: readonly string[];
  /** Pairs first seen after this snapshot. */
  readonly since?: number;
  readonly snapshot?: number;
  readonly cursor?: string;
  readonly limit?: number;
}

const ATTEMPTS = 6;
const TIMEOUT_MS = 60_000;
const problemDocument = z.object({ code: z.string(), title: z.string(), detail: z.string().optional() });

/** A refusal by the service, with its machine-readable code. */
class ServiceRefusal extends Problem {
  readonly status: number;
  readonly serviceCode: string;

  constructor(status: number, serviceCode: string, message: string, hint?: string) {
    super('service_refused', message, hint);
    this.status = status;
    this.serviceCode = serviceCode;
  }
}

export class Client {
  readonly #base: string;
  readonly #keyring: Keyring;
  readonly #now: () => number;
  #token: { readonly value: string; readonly untilMs: number } | null = null;

  constructor(base: string, keyring: Keyring, now: () => number) {
    this.#base = base.replace(/\/+$/, '');
    this.#keyring = keyring;
    this.#now = now;
  }

  service(): Promise<ServiceView> {
    return this.#json(service, 'GET', '/v1/service', { token: false });
  }

  register(proof: {
    readonly registrationCode?: string;
    readonly invitation?: { partnership: string; code: string };
  }) {
    const { organisation } = this.#keyring.certificate;
    const body = { certificate: toBase64url(this.#keyring.signedCertificate), ...proof };
    return this.#json(z.object({ organisation: z.string() }), 'PUT', `/v1/organisations/${organisation}`, {
      body,
      token: false,
    });
  }

  invite(id: PartnershipId, commitment: Uint8Array, codeHash: Uint8Array) {
    return this.#put(`/v1/partnerships/${id}`, {
      commitment: toBase64url(commitment),
      codeHash: toBase64url(codeHash),
    });
  }

  accept(id: PartnershipId, acceptance: Uint8Array, code: Uint8Array) {
    return this.#put(`/v1/partnerships/${id}/acceptance`, {
      acceptance: toBase64url(acceptance),
      code: toBase64url(code),
    });
  }

  open(id: PartnershipId, opening: Uint8Array) {
    return this.#put(`/v1/partnerships/${id}/opening`, { opening: toBase64url(opening) });
  }

  partnership(id: PartnershipId): Promise<PartnershipView> {
    return this.#json(partnershipView, 'GET', `/v1/partnerships/${id}`);
  }

  offerEpoch(id: PartnershipId, epoch: number, offer: Uint8Array) {
    return this.#put(`/v1/partnerships/${id}/epochs/${epoch}/offer`, { offer: toBase64url(offer) });
  }

  signEpoch(id: PartnershipId, epoch: number, signature: Uint8Array) {
    return this.#put(`/v1/partnerships/${id}/epochs/${epoch}/signature`, {
      signature: toBase64url(signature),
    });
  }

  putScope(id: PartnershipId, number: number, scope: Uint8Array) {
    return this.#put(`/v1/partnerships/${id}/scopes/${number}`, { scope: toBase64url(scope) });
  }

  putRequest(id: PartnershipId, of: Side, number: number, request: Uint8Array) {
    return this.#put(`/v1/partnerships/${id}/requests/${of}/${number}`, { request: toBase64url(request) });
  }

  putRequestChunk(id: PartnershipId, of: Side, number: number, index: number, chunk: Uint8Array) {
    return this.#call('PUT', `/v1/partnerships/${id}/requests/${of}/${number}/chunks/${index}`, {
      bytes: chunk,
    });
  }

  async getRequestChunk(id: PartnershipId, of: Side, number: number, index: number): Promise<Uint8Array> {
    return this.#bytes(`/v1/partnerships/${id}/requests/${of}/${number}/chunks/${index}`);
  }

  putEvaluation(id: PartnershipId, of: Side, number: number, index: number, evaluation: Uint8Array) {
    return this.#call('PUT', `/v1/partnerships/${id}/requests/${of}/${number}/evaluations/${index}`, {
      bytes: evaluation,
    });
  }

  async getEvaluation(id: PartnershipId, of: Side, number: number, index: number): Promise<Uint8Array> {
    return this.#bytes(`/v1/partnerships/${id}/requests/${of}/${number}/evaluations/${index}`);
  }

  putRefusal(id: PartnershipId, of: Side, number: number, refusal: Uint8Array) {
    return this.#put(`/v1/partnerships/${id}/requests/${of}/${number}/refusal`, {
      refusal: toBase64url(refusal),
    });
  }

  finishRequest(id: PartnershipId, of: Side, number: number) {
    return this.#call('DELETE', `/v1/partnerships/${id}/requests/${of}/${number}`);
  }

  /** The newest signed evaluation that this side ever made, to which its own count may not fall behind. */
  async receipt(id: PartnershipId): Promise<Uint8Array | null> {
    const answer = await this.#json(
      z.object({ evaluation: bytes.nullable() }),
      'GET',
      `/v1/partnerships/${id}/receipt`,
    );
    return answer.evaluation;
  }

  putSubmission(id: PartnershipId, number: number, head: Uint8Array, list: Uint8Array) {
    return this.#put(`/v1/partnerships/${id}/submissions/${number}`, {
      head: toBase64url(head),
      list: toBase64url(list),
    });
  }

  putSubmissionChunk(id: PartnershipId, number: number, index: number, chunk: Uint8Array) {
    return this.#call('PUT', `/v1/partnerships/${id}/submissions/${number}/chunks/${index}`, {
      bytes: chunk,
    });
  }

  activate(id: PartnershipId, number: number) {
    const answer = z.object({ submission: z.int(), snapshot: snapshot.nullable() });
    return this.#json(answer, 'PUT', `/v1/partnerships/${id}/submissions/${number}/activation`, { body: {} });
  }

  matrix(id: PartnershipId): Promise<MatrixAnswer> {
    return this.#json(matrix, 'POST', `/v1/partnerships/${id}/matrix`, { body: {} });
  }

  overlap(id: PartnershipId, question: Question): Promise<OverlapAnswer> {
    return this.#json(overlap, 'POST', `/v1/partnerships/${id}/overlap`, { body: question });
  }

  whiteSpace(id: PartnershipId, question: Question): Promise<WhiteSpaceAnswer> {
    return this.#json(whiteSpace, 'POST', `/v1/partnerships/${id}/whitespace`, { body: question });
  }

  ledger(id: PartnershipId, cursor?: string): Promise<LedgerAnswer> {
    return this.#json(ledger, 'POST', `/v1/partnerships/${id}/ledger`, {
      body: cursor === undefined ? {} : { cursor },
    });
  }

  #put(path: string, body: unknown): Promise<Response> {
    return this.#call('PUT', path, { body });
  }

  async #bytes(path: string): Promise<Uint8Array> {
    return new Uint8Array(await (await this.#call('GET', path)).arrayBuffer());
  }

  async #json<Schema extends z.ZodType>(
    schema: Schema,
    method: string,
    path: string,
    options: { readonly body?: unknown; readonly token?: boolean } = {},
  ): Promise<z.infer<Schema>> {
    const response = await this.#call(method, path, options);
    const parsed = schema.safeParse(await response.json().catch(() => null));
    if (parsed.success) return parsed.data;
    const issue = parsed.error.issues[0];
    throw new Problem(
      'service_alarm',
      `the service's answer to ${method} ${path} is malformed at ${issue?.path.join('.') || 'its root'}`,
      'it may be of another version; nothing was used of it',
    );
  }

  async #call(
    method: string,
    path: string,
    options: { readonly body?: unknown; readonly bytes?: Uint8Array; readonly token?: boolean } = {},
  ): Promise<Response> {
    for (let attempt = 1; ; attempt++) {
      const headers: Record<string, string> = {};
      if (options.token !== false) headers.authorization = `Bearer ${await this.#authorise()}`;
      if (options.body !== undefined) headers['content-type'] = 'application/json';
      if (options.bytes) headers['content-type'] = 'application/octet-stream';
      const body = options.bytes
        ? Uint8Array.from(options.bytes)
        : options.body === undefined
          ? null
          : JSON.stringify(options.body);
      const response = await this.#fetch(method, path, headers, body);
      if (response?.ok) return response;
      if (response?.status === 401 && options.token !== false && attempt === 1) {
        this.#token = null;
        continue;
      }
      if (response && response.status !== 429 && response.status < 500) throw await refusal(response);
      if (attempt >= ATTEMPTS) {
        if (response) throw await refusal(response);
        throw new Problem(
          'service_unreachable',
          `cannot reach the service at ${this.#base}`,
          'check the address and the network; nothing is lost, run the command again',
        );
      }
      // Exponential back-off with full jitter.
      await sleep(Math.random() * Math.min(10_000, 200 * 2 ** attempt));
    }
  }

  /** The response, or null where there was none. */
  async #fetch(
    method: string,
    path: string,
    headers: Record<string, string>,
    body: Uint8Array<ArrayBuffer> | string | null,
  ): Promise<Response | null> {
    try {
      return await fetch(this.#base + path, {
        method,
        headers,
        body,
        signal: AbortSignal.timeout(TIMEOUT_MS),
        redirect: 'error',
      });
    } catch {
      return null;
    }
  }

  async #authorise(): Promise<string> {
    // Half a minute before its end a token is not worth starting with.
    if (this.#token && this.#now() < this.#token.untilMs - 30_000) return this.#token.value;
    const { organisation } = this.#keyring.certificate;
    const challenge = await this.#json(z.object({ challenge: bytes }), 'POST', '/v1/login/challenges', {
      body: { organisation },
      token: false,
    });
    const audience = new URL(this.#base).host;
    const signature = signLogin(
      { audience, organisation, challenge: challenge.challenge },
      this.#keyring.agentSeed,
    );
    const answer = await this.#json(
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

async function refusal(response: Response): Promise<Problem> {
  const parsed = problemDocument.safeParse(await response.json().catch(() => null));
  if (!parsed.success)
    return new ServiceRefusal(response.status, 'unknown', `the service answered ${response.status}`);
  const { code, title, detail } = parsed.data;
  return new ServiceRefusal(response.status, code, detail ? `${title}: ${detail}` : title, HINTS[code]);
}

/** What to do about the refusals that a person can do something about. */
const HINTS: Readonly<Record<string, string>> = {
  unauthorised: 'register the organisation first: `commonground register`, or accept an invitation',
  registration_closed: 'ask the operator of the service',
  invitation_expired: 'ask your partner for a new invitation',
  invitation_used: 'each invitation serves once; ask your partner for a new one',
  certificate_expired: 'renew the agent key with the root key',
  scope_changed: 'run `commonground sync` again',
};

/** The service as the agent sees it: one typed call a route. Every write is a PUT or DELETE that may be repeated. */
import * as z from 'zod';
import { toBase64url } from '../../protocol/bytes.ts';
import type { HealthCode } from '../../protocol/health.ts';
import type { OrganisationId, PartnershipId, Side } from '../../protocol/ids.ts';
import type { MemberId, Role, ViewerRole } from '../../protocol/member.ts';
import type { CellGrant, ScopeRule } from '../../protocol/scope.ts';
import type { Act } from '../../protocol/statement.ts';
import * as shapes from '../wire/answers.ts';
import { Connection } from './connection.ts';
import type { Keyring } from './keyring.ts';
import { Problem } from './problem.ts';
import type { Session, TransportOptions } from './transport.ts';

export type ServiceView = z.infer<typeof shapes.service>;
export type PartnershipView = z.infer<typeof shapes.partnershipView>;
export type MatrixAnswer = z.infer<typeof shapes.matrix>;
export type OverlapAnswer = z.infer<typeof shapes.overlap>;
export type WhiteSpaceAnswer = z.infer<typeof shapes.whiteSpace>;
export type ScopesAnswer = z.infer<typeof shapes.scopes>;
export type ScopeRequest = z.infer<typeof shapes.scopeRequests>['requests'][number];
export type LedgerAnswer = z.infer<typeof shapes.ledger>;
export type ListedPartnership = z.infer<typeof shapes.partnershipList>['partnerships'][number];
export type ListedMember = z.infer<typeof shapes.members>['members'][number];
export type LoggedIn = z.infer<typeof shapes.session>;
export type Me = z.infer<typeof shapes.me>;

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

export class Client {
  readonly #service: Connection;

  /** Asks as the organisation's agent or as a person; for nobody (null) only what needs no token. */
  constructor(base: string, as: Keyring | Session | null, now: () => number, options: TransportOptions = {}) {
    this.#service = new Connection(base, as, now, options);
  }

  service(): Promise<ServiceView> {
    return this.#service.json(shapes.service, 'GET', '/v1/service', { token: false });
  }

  register(proof: {
    readonly registrationCode?: string;
    readonly invitation?: { partnership: string; code: string };
  }) {
    const { certificate, signedCertificate } = this.#service.keys();
    const { organisation } = certificate;
    const body = { certificate: toBase64url(signedCertificate), ...proof };
    return this.#service.json(
      z.object({ organisation: z.string(), serial: z.int() }),
      'PUT',
      `/v1/organisations/${organisation}`,
      {
        body,
        token: false,
      },
    );
  }

  invite(id: PartnershipId, commitment: Uint8Array, codeHash: Uint8Array, jurisdiction?: string) {
    return this.#service.put(`/v1/partnerships/${id}`, {
      commitment: toBase64url(commitment),
      codeHash: toBase64url(codeHash),
      ...(jurisdiction === undefined ? {} : { jurisdiction }),
    });
  }

  accept(id: PartnershipId, acceptance: Uint8Array, code: Uint8Array) {
    return this.#service.put(`/v1/partnerships/${id}/acceptance`, {
      acceptance: toBase64url(acceptance),
      code: toBase64url(code),
    });
  }

  open(id: PartnershipId, opening: Uint8Array) {
    return this.#service.put(`/v1/partnerships/${id}/opening`, { opening: toBase64url(opening) });
  }

  /** Ids of the partnerships that the service knows this organisation in. */
  async partnerships(): Promise<PartnershipId[]> {
    const list = await this.#service.json(shapes.partnershipList, 'GET', '/v1/partnerships');
    return list.partnerships.map((entry) => entry.id);
  }

  /** The partnerships that the caller works in, as the service lists them. */
  async partners(): Promise<ListedPartnership[]> {
    return (await this.#service.json(shapes.partnershipList, 'GET', '/v1/partnerships')).partnerships;
  }

  async members(): Promise<ListedMember[]> {
    return (await this.#service.json(shapes.members, 'GET', '/v1/members')).members;
  }

  member(id: MemberId): Promise<ListedMember> {
    return this.#service.json(shapes.member, 'GET', `/v1/members/${id}`);
  }

  /** The caller's own vault keys, wrapped, and the certificate that its organisation has now. */
  vault(): Promise<z.infer<typeof shapes.vault>> {
    return this.#service.json(shapes.vault, 'GET', '/v1/vault');
  }

  putWrap(id: MemberId, number: number, wrap: Uint8Array) {
    return this.#service.put(`/v1/members/${id}/vault/${number}`, { wrap: toBase64url(wrap) });
  }

  /** Deletes the wrapped keys of all members below this number. */
  dropWraps(number: number) {
    return this.#service.call('DELETE', `/v1/vault/${number}`);
  }

  putVaultRows(id: PartnershipId, key: number, rows: Uint8Array) {
    return this.#service.call('PUT', `/v1/partnerships/${id}/vault/${key}/rows`, { bytes: rows });
  }

  putVaultNames(id: PartnershipId, key: number, index: number, piece: Uint8Array) {
    return this.#service.call('PUT', `/v1/partnerships/${id}/vault/${key}/names/${index}`, { bytes: piece });
  }

  vaultNames(id: PartnershipId, key: number, index: number): Promise<Uint8Array> {
    return this.#service.bytes(`/v1/partnerships/${id}/vault/${key}/names/${index}`);
  }

  putVaultHead(id: PartnershipId, number: number, head: Uint8Array) {
    return this.#service.put(`/v1/partnerships/${id}/vault/heads/${number}`, { head: toBase64url(head) });
  }

  /** Without partnerships (null) the member works with all partners. */
  inviteMember(
    id: MemberId,
    {
      role,
      partnerships,
      codeHash,
    }: {
      readonly role: Role;
      readonly partnerships: readonly PartnershipId[] | null;
      readonly codeHash: Uint8Array;
    },
  ) {
    return this.#service.put(`/v1/members/${id}`, { role, partnerships, codeHash: toBase64url(codeHash) });
  }

  removeMember(id: MemberId) {
    return this.#service.call('DELETE', `/v1/members/${id}`);
  }

  join(
    id: MemberId,
    joining: {
      readonly code: Uint8Array;
      readonly email: string;
      readonly password: string;
      readonly keys: Uint8Array;
    },
  ) {
    const { code, email, password, keys } = joining;
    const body = { code: toBase64url(code), email, password, keys: toBase64url(keys) };
    return this.#service.call('PUT', `/v1/members/${id}/acceptance`, { body, token: false });
  }

  logIn(credentials: {
    readonly organisation: OrganisationId;
    readonly email: string;
    readonly password: string;
  }): Promise<LoggedIn> {
    return this.#service.json(shapes.session, 'POST', '/v1/sessions', { body: credentials, token: false });
  }

  /** Ends this session, or all of the member's. */
  logOut(everywhere: boolean) {
    return this.#service.call('DELETE', everywhere ? '/v1/sessions' : '/v1/sessions/current');
  }

  me(): Promise<Me> {
    return this.#service.json(shapes.me, 'GET', '/v1/me');
  }

  /** Tells the partner how this side's unattended agent is. */
  putHealth(id: PartnershipId, code: HealthCode, version: string) {
    return this.#service.put(`/v1/partnerships/${id}/health`, { code, version });
  }

  putEnding(id: PartnershipId, ending: Uint8Array) {
    return this.#service.put(`/v1/partnerships/${id}/ending`, { ending: toBase64url(ending) });
  }

  /** The partnership that was asked for: what is signed beside it names it by the view. */
  async partnership(id: PartnershipId): Promise<PartnershipView> {
    const view = await this.#service.json(shapes.partnershipView, 'GET', `/v1/partnerships/${id}`);
    if (view.id === id) return view;
    throw new Problem(
      'service_alarm',
      'the service shows another partnership than the one that was asked for',
      'do not sign anything; call the operator of the service',
    );
  }

  offerEpoch(id: PartnershipId, epoch: number, offer: Uint8Array) {
    return this.#service.put(`/v1/partnerships/${id}/epochs/${epoch}/offer`, { offer: toBase64url(offer) });
  }

  signEpoch(id: PartnershipId, epoch: number, signature: Uint8Array) {
    return this.#service.put(`/v1/partnerships/${id}/epochs/${epoch}/signature`, {
      signature: toBase64url(signature),
    });
  }

  putTerms(id: PartnershipId, epoch: number, terms: Uint8Array) {
    return this.#service.put(`/v1/partnerships/${id}/epochs/${epoch}/terms`, { terms: toBase64url(terms) });
  }

  putScope(id: PartnershipId, number: number, scope: Uint8Array) {
    return this.#service.put(`/v1/partnerships/${id}/scopes/${number}`, { scope: toBase64url(scope) });
  }

  /** What somebody says of a version of the scope of a side. */
  putStatement(id: PartnershipId, side: Side, number: number, act: Act, statement: Uint8Array) {
    return this.#service.put(`/v1/partnerships/${id}/scopes/${side}/${number}/statements/${act}`, {
      statement: toBase64url(statement),
    });
  }

  /** All versions of both sides' scopes that the caller may see. */
  scopes(id: PartnershipId): Promise<ScopesAnswer> {
    return this.#service.json(shapes.scopes, 'GET', `/v1/partnerships/${id}/scopes`);
  }

  /** The own organisation's rosters, from the first. */
  async rosters(): Promise<Uint8Array[]> {
    return (await this.#service.json(shapes.rosters, 'GET', '/v1/rosters')).rosters;
  }

  putRoster(number: number, roster: Uint8Array) {
    return this.#service.put(`/v1/rosters/${number}`, { roster: toBase64url(roster) });
  }

  putLimit(id: PartnershipId, role: ViewerRole, limit: CellGrant) {
    return this.#service.put(`/v1/partnerships/${id}/limits/${role}`, limit);
  }

  deleteLimit(id: PartnershipId, role: ViewerRole) {
    return this.#service.call('DELETE', `/v1/partnerships/${id}/limits/${role}`);
  }

  /** What people asked either side's legal for. */
  async scopeRequests(id: PartnershipId): Promise<ScopeRequest[]> {
    return (await this.#service.json(shapes.scopeRequests, 'GET', `/v1/partnerships/${id}/scope-requests`))
      .requests;
  }

  /** Asks the partner's legal for more; `request` is 16 random bytes in hexadecimal. */
  putScopeRequest(
    id: PartnershipId,
    request: string,
    body: { readonly text: string; readonly rules?: readonly ScopeRule[] },
  ) {
    return this.#service.put(`/v1/partnerships/${id}/scope-requests/${request}`, body);
  }

  answerScopeRequest(
    id: PartnershipId,
    request: string,
    body: { readonly answer: 'granted' | 'declined'; readonly text: string },
  ) {
    return this.#service.put(`/v1/partnerships/${id}/scope-requests/${request}/answer`, body);
  }

  putRequest(id: PartnershipId, of: Side, number: number, request: Uint8Array) {
    return this.#service.put(`/v1/partnerships/${id}/requests/${of}/${number}`, {
      request: toBase64url(request),
    });
  }

  putRequestChunk(id: PartnershipId, of: Side, number: number, index: number, chunk: Uint8Array) {
    return this.#service.call('PUT', `/v1/partnerships/${id}/requests/${of}/${number}/chunks/${index}`, {
      bytes: chunk,
    });
  }

  async getRequestChunk(id: PartnershipId, of: Side, number: number, index: number): Promise<Uint8Array> {
    return this.#service.bytes(`/v1/partnerships/${id}/requests/${of}/${number}/chunks/${index}`);
  }

  putEvaluation(id: PartnershipId, of: Side, number: number, index: number, evaluation: Uint8Array) {
    return this.#service.call('PUT', `/v1/partnerships/${id}/requests/${of}/${number}/evaluations/${index}`, {
      bytes: evaluation,
    });
  }

  async getEvaluation(id: PartnershipId, of: Side, number: number, index: number): Promise<Uint8Array> {
    return this.#service.bytes(`/v1/partnerships/${id}/requests/${of}/${number}/evaluations/${index}`);
  }

  putRefusal(id: PartnershipId, of: Side, number: number, refusal: Uint8Array) {
    return this.#service.put(`/v1/partnerships/${id}/requests/${of}/${number}/refusal`, {
      refusal: toBase64url(refusal),
    });
  }

  finishRequest(id: PartnershipId, of: Side, number: number) {
    return this.#service.call('DELETE', `/v1/partnerships/${id}/requests/${of}/${number}`);
  }

  /** The newest signed evaluation that this side ever made, to which its own count may not fall behind. */
  async receipt(id: PartnershipId): Promise<Uint8Array | null> {
    const answer = await this.#service.json(
      z.object({ evaluation: shapes.bytes.nullable() }),
      'GET',
      `/v1/partnerships/${id}/receipt`,
    );
    return answer.evaluation;
  }

  putSubmission(id: PartnershipId, number: number, head: Uint8Array, list: Uint8Array) {
    return this.#service.put(`/v1/partnerships/${id}/submissions/${number}`, {
      head: toBase64url(head),
      list: toBase64url(list),
    });
  }

  putSubmissionChunk(id: PartnershipId, number: number, index: number, chunk: Uint8Array) {
    return this.#service.call('PUT', `/v1/partnerships/${id}/submissions/${number}/chunks/${index}`, {
      bytes: chunk,
    });
  }

  activate(id: PartnershipId, number: number) {
    return this.#service.json(
      shapes.activation,
      'PUT',
      `/v1/partnerships/${id}/submissions/${number}/activation`,
      {
        body: {},
      },
    );
  }

  matrix(id: PartnershipId): Promise<MatrixAnswer> {
    return this.#service.json(shapes.matrix, 'POST', `/v1/partnerships/${id}/matrix`, { body: {} });
  }

  overlap(id: PartnershipId, question: Question): Promise<OverlapAnswer> {
    return this.#service.json(shapes.overlap, 'POST', `/v1/partnerships/${id}/overlap`, { body: question });
  }

  whiteSpace(id: PartnershipId, question: Question): Promise<WhiteSpaceAnswer> {
    return this.#service.json(shapes.whiteSpace, 'POST', `/v1/partnerships/${id}/whitespace`, {
      body: question,
    });
  }

  ledger(id: PartnershipId, cursor?: string): Promise<LedgerAnswer> {
    return this.#service.json(shapes.ledger, 'POST', `/v1/partnerships/${id}/ledger`, {
      body: cursor === undefined ? {} : { cursor },
    });
  }
}

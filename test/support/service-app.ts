/** The service's app on databases in memory, with a clock that tests set, and short words for what tests ask of it. */
import * as z from 'zod';
import { fromBase64url, toBase64url } from '../../protocol/bytes.ts';
import { sha256, systemRandom } from '../../protocol/hash.ts';
import { otherSide, type PartnershipId, type Side } from '../../protocol/ids.ts';
import { signLogin } from '../../protocol/login.ts';
import type { Act } from '../../protocol/statement.ts';
import { createApp } from '../../src/service/app.ts';
import type { RegistrationMode } from '../../src/service/directory/organisations.ts';
import { run } from '../../src/service/partnership/operations.ts';
import { tokenBuckets } from '../../src/service/rate.ts';
import type { App, Dependencies, SeenRequest } from '../../src/service/routes/http.ts';
import type { Directory } from '../../src/service/storage/directory.ts';
import { nodePartnershipStore } from '../../src/service/storage/files.ts';
import { nodeDirectory } from '../../src/service/storage/node.ts';
import type { PartnershipStore } from '../../src/service/storage/partnership.ts';
import { openDatabase } from '../../src/sqlite.ts';
import {
  makeAcceptance,
  makeSignedScope,
  makeTestPair,
  NOW_MS,
  type TestPair,
  type TestParty,
} from './service-parties.ts';
import { makeSubmission, type TestAccount, type TestSubmission } from './service-rows.ts';

export interface Answer {
  readonly status: number;
  /** The parsed body of JSON, else null. */
  readonly json: Record<string, unknown> | null;
  readonly bytes: Uint8Array;
  readonly headers: Headers;
  /** The code of a problem, else null. */
  readonly code: string | null;
}

export interface CallOptions {
  readonly token?: string | undefined;
  readonly json?: unknown;
  readonly bytes?: Uint8Array;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface TestService {
  readonly app: App;
  /** Its name, which log-ins are signed for. */
  readonly host: string;
  readonly clock: { nowMs: number };
  readonly directory: Directory;
  /** Errors that the app reported. */
  readonly reported: unknown[];
  /** Requests that the app noted. */
  readonly seen: SeenRequest[];
  /** The store of a partnership; `wrap` puts something between it and the operations. */
  store(id: PartnershipId): PartnershipStore;
  wrap(change: (store: PartnershipStore) => PartnershipStore): void;
  /** The store as operations get it. */
  wrapped(id: PartnershipId): PartnershipStore;
  call(method: string, path: string, options?: CallOptions): Promise<Answer>;
}

/** The name under which agents know the service. */
export const HOST = 'service.test';

/** A service that can be asked, in this process or elsewhere. */
export type CalledService = Pick<TestService, 'call' | 'clock' | 'host'>;

export function testService(
  registration: RegistrationMode = 'open',
  settings: Partial<
    Pick<Dependencies, 'config' | 'limits' | 'rates' | 'isReady' | 'observe' | 'report'>
  > = {},
  partnerships?: Dependencies['partnerships'],
): TestService {
  const clock = { nowMs: NOW_MS };
  const directory = nodeDirectory(openDatabase(':memory:'));
  const stores = new Map<PartnershipId, PartnershipStore>();
  const reported: unknown[] = [];
  const seen: SeenRequest[] = [];
  let change = (store: PartnershipStore) => store;
  const store = (id: PartnershipId): PartnershipStore => {
    const known = stores.get(id) ?? nodePartnershipStore(openDatabase(':memory:'));
    stores.set(id, known);
    return known;
  };
  const app = createApp({
    directory,
    partnerships:
      partnerships ??
      ((id) => ({ run: async (name, call, input) => run(change(store(id)), name, call, input) })),
    config: { version: '0', operator: { name: 'the tests', organisation: null }, registration },
    isOwnHost: (host) => host === HOST,
    now: () => clock.nowMs,
    random: systemRandom,
    limits: { elements: 1_000_000, records: 1_000_000 },
    // The clock stands still, so nothing is ever gained.
    rates: tokenBuckets({ organisation: 1_000_000, anonymous: 1_000_000 }, () => clock.nowMs),
    isReady: async () => true,
    observe: (request) => void seen.push(request),
    report: (error) => void reported.push(error),
    ...settings,
  });
  return {
    app,
    host: HOST,
    clock,
    directory,
    reported,
    seen,
    store,
    wrap(next) {
      change = next;
    },
    wrapped: (id) => change(store(id)),
    async call(method, path, options = {}) {
      return await answerOf(await app.request(`http://${HOST}${path}`, requestOf(method, options)));
    },
  };
}

/** What a call sends. */
export function requestOf(method: string, options: CallOptions): RequestInit {
  const headers = new Headers(options.headers);
  if (options.token) headers.set('authorization', `Bearer ${options.token}`);
  if (options.json !== undefined) headers.set('content-type', 'application/json');
  if (options.bytes && !headers.has('content-type')) headers.set('content-type', 'application/octet-stream');
  const text = options.json === undefined ? undefined : JSON.stringify(options.json);
  const body = options.bytes ? new Uint8Array(options.bytes) : text;
  return { method, headers, ...(body === undefined ? {} : { body }) };
}

/** What a call gives back. */
export async function answerOf(response: Response): Promise<Answer> {
  const bytes = new Uint8Array(await response.arrayBuffer());
  const isJson = response.headers.get('content-type')?.includes('json') ?? false;
  const json = isJson
    ? z.record(z.string(), z.unknown()).parse(JSON.parse(new TextDecoder().decode(bytes)))
    : null;
  const code = response.status >= 400 && typeof json?.code === 'string' ? json.code : null;
  return { status: response.status, json, bytes, headers: response.headers, code };
}

export async function register(service: CalledService, party: TestParty): Promise<void> {
  const answer = await service.call('PUT', `/v1/organisations/${party.organisation}`, {
    json: { certificate: toBase64url(party.certificate) },
  });
  if (answer.status !== 201) throw new Error(`not registered: ${answer.code}`);
}

/** A token of the party's agent. */
export async function login(service: CalledService, party: TestParty): Promise<string> {
  const { organisation } = party;
  const asked = await service.call('POST', '/v1/login/challenges', { json: { organisation } });
  const challenge = fromBase64url(String(asked.json?.challenge)) ?? new Uint8Array();
  const signature = signLogin({ audience: service.host, organisation, challenge }, party.agent.seed);
  const answer = await service.call('POST', '/v1/login/tokens', {
    json: { organisation, challenge: toBase64url(challenge), signature: toBase64url(signature) },
  });
  if (answer.status !== 200) throw new Error(`no token: ${answer.code}`);
  return String(answer.json?.token);
}

/** Sets the clock of a partnership's service; its agents log in again. */
export async function moveTo(world: TestPartnership, nowMs: number): Promise<void> {
  world.service.clock.nowMs = nowMs;
  const { founder, joiner } = world.pair;
  Object.assign(world.tokens, {
    founder: await login(world.service, founder),
    joiner: await login(world.service, joiner),
  });
}

/** Two registered organisations with tokens, and the address of their partnership. */
export interface TestPartnership {
  readonly service: TestService;
  readonly pair: TestPair;
  readonly tokens: Readonly<Record<Side, string>>;
  readonly base: string;
  /** A call below the partnership's address by one side. */
  readonly as: (side: Side, method: string, path: string, options?: CallOptions) => Promise<Answer>;
}

/** A partnership up to a state. */
export async function testPartnership(
  upTo: State = 'scoped',
  service: TestService = testService(),
): Promise<TestPartnership> {
  return { service, ...(await makePartnership(upTo, service)) };
}

type State = 'registered' | 'invited' | 'accepted' | 'opened' | 'signed' | 'scoped';

/** A partnership up to a state, on any service. */
export async function makePartnership(
  upTo: State,
  service: CalledService,
): Promise<Omit<TestPartnership, 'service'>> {
  const pair = makeTestPair(systemRandom, service.clock.nowMs);
  await register(service, pair.founder);
  await register(service, pair.joiner);
  const tokens = { founder: await login(service, pair.founder), joiner: await login(service, pair.joiner) };
  const base = `/v1/partnerships/${pair.partnership}`;
  const as: TestPartnership['as'] = (side, method, path, options) =>
    service.call(method, `${base}${path}`, { token: tokens[side], ...options });
  const both: readonly Side[] = ['founder', 'joiner'];
  const steps: Record<string, () => Promise<Answer[]>> = {
    registered: async () => [],
    invited: async () => [
      await as('founder', 'PUT', '', {
        json: { commitment: toBase64url(pair.commitment), codeHash: toBase64url(sha256(pair.code)) },
      }),
    ],
    accepted: async () => [
      await as('joiner', 'PUT', '/acceptance', {
        json: { acceptance: toBase64url(pair.acceptance), code: toBase64url(pair.code) },
      }),
    ],
    opened: async () => [
      await as('founder', 'PUT', '/opening', { json: { opening: toBase64url(pair.opening) } }),
    ],
    signed: async () => {
      const offers = both.map((side) =>
        as(side, 'PUT', '/epochs/1/offer', { json: { offer: toBase64url(pair.offers[side]) } }),
      );
      const offered = await Promise.all(offers);
      const signatures = both.map((side) =>
        as(side, 'PUT', '/epochs/1/signature', { json: { signature: toBase64url(pair.signatures[side]) } }),
      );
      return [...offered, ...(await Promise.all(signatures))];
    },
    scoped: () =>
      Promise.all(both.map((side) => grantScope({ as, pair }, side, 1, makeSignedScope(pair, side)))),
  };
  for (const [name, step] of Object.entries(steps)) {
    const failed = (await step()).find((answer) => answer.status >= 300);
    if (failed) throw new Error(`${name}: ${failed.code}`);
    if (name === upTo) break;
  }
  return { pair, tokens, base, as };
}

export function putScope(
  { as }: Pick<TestPartnership, 'as'>,
  side: Side,
  number: number,
  scope: Uint8Array,
): Promise<Answer> {
  return as(side, 'PUT', `/scopes/${number}`, { json: { scope: toBase64url(scope) } });
}

/** What the agent of a side, or whoever else has the token, says of a version of either side's scope. */
export function putStatement(
  { as }: Pick<TestPartnership, 'as'>,
  by: Side,
  of: { readonly side: Side; readonly number: number; readonly act: Act; readonly token?: string },
  statement: Uint8Array,
): Promise<Answer> {
  const { side, number, act, token } = of;
  const path = `/scopes/${side}/${number}/statements/${act}`;
  const json = { statement: toBase64url(statement) };
  return as(by, 'PUT', path, token === undefined ? { json } : { json, token });
}

/** Puts a scope in force between two companies of one: the side puts it, the other accepts it. */
export async function grantScope(
  world: Pick<TestPartnership, 'as' | 'pair'>,
  side: Side,
  number: number,
  scope: Uint8Array,
): Promise<Answer> {
  const put = await putScope(world, side, number, scope);
  if (put.status !== 200) return put;
  const acceptance = makeAcceptance(world.pair, side, scope);
  return await putStatement(world, otherSide(side), { side, number, act: 'accept' }, acceptance);
}

export function putSubmission(
  { as }: Pick<TestPartnership, 'as'>,
  side: Side,
  { number, head, list }: TestSubmission,
): Promise<Answer> {
  return as(side, 'PUT', `/submissions/${number}`, {
    json: { head: toBase64url(head), list: toBase64url(list) },
  });
}

export function putChunk(
  { as }: Pick<TestPartnership, 'as'>,
  side: Side,
  { number, chunks }: TestSubmission,
  index: number,
): Promise<Answer> {
  return as(side, 'PUT', `/submissions/${number}/chunks/${index}`, {
    bytes: chunks[index] ?? new Uint8Array(),
  });
}

export function activate({ as }: Pick<TestPartnership, 'as'>, side: Side, number: number): Promise<Answer> {
  return as(side, 'PUT', `/submissions/${number}/activation`);
}

/** Uploads and activates a submission of these accounts; gives the activation's answer. */
export async function submit(
  partnership: Pick<TestPartnership, 'as' | 'pair'>,
  side: Side,
  number: number,
  scope: Uint8Array,
  accounts: readonly TestAccount[],
): Promise<Answer> {
  const submission = makeSubmission(partnership.pair, side, number, scope, accounts);
  const opened = await putSubmission(partnership, side, submission);
  if (opened.status !== 200) return opened;
  for (const index of submission.chunks.keys()) {
    const answer = await putChunk(partnership, side, submission, index);
    if (answer.status !== 200) return answer;
  }
  return await activate(partnership, side, number);
}

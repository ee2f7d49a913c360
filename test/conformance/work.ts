/** What the checks share: two organisations on the service under test, their lists, and short words for expecting. */
import { toHex } from '../../protocol/bytes.ts';
import { systemRandom } from '../../protocol/hash.ts';
import type { Side } from '../../protocol/ids.ts';
import {
  type Answer,
  activate,
  makePartnership,
  putChunk,
  putSubmission,
  type TestPartnership,
} from '../support/service-app.ts';
import { makeSignedScope } from '../support/service-parties.ts';
import { makeSubmission, type TestAccount } from '../support/service-rows.ts';
import type { RemoteService } from './service.ts';

/** One thing that a service must do; it throws where the service does not. Checks run in order. */
export interface Check {
  readonly name: string;
  readonly run: () => Promise<void>;
}

export type Work = Omit<TestPartnership, 'service'>;
export const BOTH: readonly Side[] = ['founder', 'joiner'];
const MATCHING_MS = 120_000;
const POLL_MS = 100;

/** What the checks leave for those after them. */
export interface World {
  readonly service: RemoteService;
  readonly work: Work;
  readonly scopes: Readonly<Record<Side, Uint8Array>>;
  readonly lists: Readonly<Record<Side, readonly TestAccount[]>>;
}

/** A partnership with both scopes in force, and lists of four accounts a side of which three are shared. */
export async function newWorld(service: RemoteService): Promise<World> {
  const work = await makePartnership('scoped', service);
  const scopes = {
    founder: makeSignedScope(work.pair, 'founder'),
    joiner: makeSignedScope(work.pair, 'joiner'),
  };
  const shared = [0, 1, 2].map(() => systemRandom(16));
  const account = (tag: Uint8Array, population: number): TestAccount => ({
    handle: systemRandom(16),
    populations: [population],
    tags: [{ tag, kind: 'domain' }],
    fields: ['account_name', 'owner'],
    names: population === 0 ? [0] : [],
  });
  const lists = {
    founder: [...shared.map((tag) => account(tag, 0)), account(systemRandom(16), 1)],
    joiner: [...shared.map((tag, i) => account(tag, i === 0 ? 1 : 0)), account(systemRandom(16), 0)],
  };
  return { service, work, scopes, lists };
}

/** Uploads and activates a list, and waits until it is the one that answers are given from. */
export async function submitList(
  { work, scopes }: World,
  side: Side,
  number: number,
  accounts: readonly TestAccount[],
): Promise<Answer> {
  const submission = makeSubmission(work.pair, side, number, scopes[side], accounts, 3);
  must(await putSubmission(work, side, submission));
  for (const index of submission.chunks.keys()) must(await putChunk(work, side, submission, index));
  return await activated(work, side, number);
}

/** The activation's answer once the list is matched. */
export async function activated(work: Work, side: Side, number: number): Promise<Answer> {
  const deadline = Date.now() + MATCHING_MS;
  for (;;) {
    const answer = await activate(work, side, number);
    if (answer.status !== 200 || answer.json?.matching !== true) return answer;
    if (Date.now() > deadline) throw new Error('the matching does not end');
    await new Promise((done) => setTimeout(done, POLL_MS));
  }
}

export function hexOf(account: TestAccount | undefined): string {
  return toHex(account?.handle ?? new Uint8Array());
}

/** The answer, which must be a good one. */
export function must(answer: Answer): Answer {
  if (answer.status >= 300) {
    throw new Error(`answered ${answer.status} ${JSON.stringify(answer.json)}`);
  }
  return answer;
}

/** The answer must be this problem. */
export function refusedAs(answer: Answer, status: number, code: string): void {
  same([answer.status, answer.code], [status, code], 'the problem');
  same(answer.headers.get('content-type'), 'application/problem+json', 'its media type');
  same(answer.json?.type, `urn:commonground:problem:${code}`, 'its type');
}

export function same(actual: unknown, expected: unknown, what: string): void {
  const [one, other] = [JSON.stringify(actual), JSON.stringify(expected)];
  if (one !== other) throw new Error(`${what}: ${one} instead of ${other}`);
}

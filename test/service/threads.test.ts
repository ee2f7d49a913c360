/** Partnerships in threads of their own: other work goes on while one matches, and errors come across. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { concat, uint } from '../../protocol/bytes.ts';
import { encodeRequestChunk, signRequest } from '../../protocol/evaluation.ts';
import { sha256, systemRandom } from '../../protocol/hash.ts';
import { newPartnershipId, otherSide } from '../../protocol/ids.ts';
import type { Call } from '../../src/service/partnership/context.ts';
import { openNodeStorage } from '../../src/service/storage/node.ts';
import { openThreads, type Threads } from '../../src/service/storage/threads.ts';
import {
  contextOf,
  makeAcceptance,
  makeSignedScope,
  makeTestPair,
  NOW_MS,
  type TestPair,
} from '../support/service-parties.ts';
import { submissionOf } from '../support/service-rows.ts';

const folder = mkdtempSync(join(tmpdir(), 'commonground-threads-'));
afterAll(() => rmSync(folder, { recursive: true }));

function callOf(pair: TestPair, caller: Call['caller'] = 'founder'): Call {
  const party = ({ organisation, agent }: TestPair['founder']) => ({
    organisation,
    agentKey: agent.publicKey,
    rosters: [],
    isSolo: true,
    removed: [],
  });
  return {
    partnership: pair.partnership,
    parties: { founder: party(pair.founder), joiner: party(pair.joiner) },
    caller,
    asker: { role: 'agent', member: null },
    nowMs: NOW_MS,
    limits: { elements: 1_000_000, records: 1_000_000 },
  };
}

/** A partnership in which both sides have uploaded so many tags and the founder is active. */
async function readyToMatch(threads: Pick<Threads, 'partnership'>, tags: number): Promise<TestPair> {
  const pair = makeTestPair(systemRandom);
  const partnership = threads.partnership(pair.partnership);
  const both = ['founder', 'joiner'] as const;
  for (const side of both)
    await partnership.run('putOffer', callOf(pair, side), { epoch: 1, offer: pair.offers[side] });
  for (const side of both) {
    await partnership.run('putSignature', callOf(pair, side), { epoch: 1, signature: pair.signatures[side] });
  }
  const shared = Array.from({ length: tags }, () => systemRandom(16));
  for (const side of both) {
    const scope = makeSignedScope(pair, side);
    await partnership.run('putScope', callOf(pair, side), { number: 1, scope });
    const accepted = {
      side,
      number: 1,
      act: 'accept',
      statement: makeAcceptance(pair, side, scope),
    } as const;
    await partnership.run('putStatement', callOf(pair, otherSide(side)), accepted);
    const handles = shared.map(() => systemRandom(16));
    const records = {
      accounts: handles.map((handle) => concat(handle, uint(1, 1), uint(1, 1))),
      tags: shared.map((tag, i) => concat(tag, handles[i] ?? tag, uint(1, 1))),
      boxes: [],
      wraps: [],
      fields: [],
      names: [],
    };
    const submission = submissionOf(pair, side, 1, scope, records, 10_000);
    await partnership.run('putSubmission', callOf(pair, side), submission);
    for (const [index, bytes] of submission.chunks.entries()) {
      const stored = await partnership.run('putSubmissionChunk', callOf(pair, side), {
        number: 1,
        index,
        bytes,
      });
      expect(stored.ok).toBe(true);
      // What goes in stays the caller's.
      expect(bytes.byteLength).toBeGreaterThan(0);
    }
  }
  await partnership.run('activateSubmission', callOf(pair), { number: 1 });
  return pair;
}

describe('threads', () => {
  it('let other partnerships and the caller go on while one matches', async () => {
    const threads = openThreads(2, { folder, openFiles: 10 });
    const busy = await readyToMatch(threads, 5_000);
    const other = makeTestPair(systemRandom);
    // Starts the second thread, so that what follows does not count that.
    await Promise.all([
      threads.partnership(other.partnership).run('view', callOf(other), {}),
      threads.partnership(busy.partnership).run('view', callOf(busy), {}),
    ]);
    const order: string[] = [];
    const note = (name: string) => () => void order.push(name);
    const partnership = threads.partnership(busy.partnership);
    await Promise.all([
      partnership.run('activateSubmission', callOf(busy, 'joiner'), { number: 1 }).then((result) => {
        expect(result).toMatchObject({ ok: true, value: { snapshot: { number: 1 } } });
        order.push('matched');
      }),
      partnership.run('view', callOf(busy), {}).then(note('its own view')),
      threads.partnership(other.partnership).run('view', callOf(other), {}).then(note('another view')),
      new Promise((resolve) => setTimeout(resolve, 10)).then(note('the caller')),
    ]);
    expect(order.slice(2)).toEqual(['matched', 'its own view']);
    expect(order.slice(0, 2).sort()).toEqual(['another view', 'the caller']);
    expect(threads.open()).toBeGreaterThanOrEqual(2);
    // Ending rewrites the file, which the other thread may have open too.
    for (const pair of [busy, other]) {
      expect((await threads.partnership(pair.partnership).run('end', callOf(pair), {})).ok).toBe(true);
    }
    await threads.close();
  });

  it('do in steps what is too long for one request, unasked, also after a restart', async () => {
    const own = join(folder, 'steps');
    let storage = openNodeStorage(own, 1);
    const errors: unknown[] = [];
    const pair = await readyToMatch({ partnership: (id) => storage.partnerships(id) }, 30_000);
    const run = (name: 'activateSubmission' | 'view') =>
      storage.partnerships(pair.partnership).run(name, callOf(pair, 'joiner'), { number: 1 });
    expect(await run('activateSubmission')).toEqual({
      ok: true,
      value: { submission: 1, snapshot: null, matching: true },
    });
    await storage.close();
    storage = openNodeStorage(own, 1, (error) => errors.push(error));
    const matching = async () => {
      const view = await storage.partnerships(pair.partnership).run('view', callOf(pair, 'joiner'), {});
      return view.ok && view.value.submissions.mine.matching;
    };
    while ((await matching()) !== null) await new Promise((done) => setTimeout(done, 50));
    expect(await run('activateSubmission')).toMatchObject({ ok: true, value: { snapshot: { number: 1 } } });
    expect(errors).toEqual([]);
    await storage.close();
  });

  it('give an error to whoever asked, and go on', async () => {
    const pair = makeTestPair(systemRandom);
    const missing = openThreads(1, { folder: join(folder, 'missing'), openFiles: 10 });
    const partnership = missing.partnership(pair.partnership);
    const error: unknown = await partnership.run('view', callOf(pair), {}).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(Error);
    expect(error).toMatchObject({
      message: expect.stringContaining('ENOENT'),
      stack: expect.stringMatching(/files\.ts/),
    });
    await expect(partnership.run('view', callOf(pair), {})).rejects.toThrow('ENOENT');
    await missing.close();
  });

  it('are started anew after one that died, whose work is refused', async () => {
    const broken = openThreads(1, null as never);
    const pair = makeTestPair(systemRandom);
    const partnership = broken.partnership(pair.partnership);
    for (let i = 0; i < 2; i++)
      await expect(partnership.run('view', callOf(pair), {})).rejects.toThrow(/null/);
    await broken.close();
  });

  it('do what was asked for before they end, and nothing after', async () => {
    const threads = openThreads(2, { folder, openFiles: 10 });
    const pair = makeTestPair(systemRandom);
    const partnership = threads.partnership(pair.partnership);
    const last = partnership.run('putOffer', callOf(pair), { epoch: 1, offer: pair.offers.founder });
    await threads.close();
    expect((await last).ok).toBe(true);
    await expect(partnership.run('view', callOf(pair), {})).rejects.toThrow('closing');
  });

  it('give a chunk back as it came', async () => {
    const threads = openThreads(2, { folder, openFiles: 1 });
    const pair = await readyToMatch(threads, 1);
    const context = contextOf(pair, 'founder');
    const chunk = encodeRequestChunk(
      context,
      1,
      0,
      'domain',
      concat(systemRandom(1 << 16), systemRandom(1 << 16)),
    );
    const request = { number: 1, chunks: [{ kind: 'domain', count: 4096, hash: sha256(chunk) } as const] };
    const partnership = threads.partnership(pair.partnership);
    const at = { side: 'founder', number: 1, index: 0 } as const;
    const signed = signRequest(context, request, pair.founder.agent.seed);
    expect((await partnership.run('putRequest', callOf(pair), { ...at, request: signed })).ok).toBe(true);
    expect((await partnership.run('putRequestChunk', callOf(pair), { ...at, bytes: chunk })).ok).toBe(true);
    for (let i = 0; i < 2; i++) {
      const got = await partnership.run('getRequestChunk', callOf(pair, 'joiner'), at);
      expect(got.ok && Buffer.compare(got.value, chunk)).toBe(0);
      await threads.partnership(newPartnershipId(systemRandom)).run('view', callOf(pair), {});
    }
    await threads.close();
  });
});

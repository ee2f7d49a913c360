/**
 * `npm run bench:limits -- [TAGS]`: lists of 1,000,000 tags a side stored, matched, replaced, and deleted on local workerd, with the
 * CPU time and memory that every single request and every step of an alarm takes of the process that runs the Worker, the
 * Durable Object and D1's stand-in. Local workerd enforces no limits, so this does: it fails above those of the platform.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { toBase64url } from '../../protocol/bytes.ts';
import { signEnding } from '../../protocol/ending.ts';
import { systemRandom } from '../../protocol/hash.ts';
import type { Side } from '../../protocol/ids.ts';
import { startEdge } from '../../src/service/edge/local.ts';
import { remoteService } from '../conformance/service.ts';
import { must } from '../conformance/work.ts';
import { activate, makePartnership } from '../support/service-app.ts';
import { longList, upload } from './lists.ts';
import { type Meter, openMeter, type Phase } from './meter.ts';
import { loggedIn, workerdOf } from './runtime.ts';

const MOST_CPU_MS = 30_000;
const MOST_STEP_MEGABYTES = 64;
const MOST_HEAP_MEGABYTES = 128;
const QUIET_MS = 1500;

/** Lets alarms' steps through one at a time, measured as of the phase that `name` says; `atMs` is when the last was done. */
async function openGate(meter: () => Meter | null, name: () => string) {
  const state = { lastMs: 0, running: 0 };
  const ends: (() => void)[] = [];
  const server = createServer((request, response) => {
    const answer = () => void response.end();
    const measured = meter();
    if (request.url === '/end') {
      ends.shift()?.();
      answer();
    } else if (!measured) {
      ends.push(() => undefined);
      answer();
    } else {
      state.running++;
      void measured
        .during(name(), () => {
          const ended = new Promise<void>((done) => ends.push(done));
          answer();
          return ended;
        })
        .then(() => {
          state.running--;
          state.lastMs = performance.now();
        });
    }
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    /** Resolves when no step ran for a while. */
    async quiet() {
      const from = performance.now();
      while (state.running > 0 || performance.now() - Math.max(state.lastMs, from) < QUIET_MS)
        await sleep(50);
    },
    close: () => server.close(),
  };
}

/** The whole life of two lists; the phases by their names. */
async function measureLimits(tags: number): Promise<Record<string, Phase>> {
  const data = mkdtempSync(join(tmpdir(), 'commonground-limits-'));
  let meter: Meter | null = null;
  let phase = '';
  const gate = await openGate(
    () => meter,
    () => phase,
  );
  const edge = await startEdge({
    data,
    main: new URL('worker.ts', import.meta.url),
    variables: { REGISTRATION: 'open', LOG_LEVEL: 'error', STEP_GATE: gate.url },
  });
  try {
    const service = remoteService({ url: edge.url, registrationCode: null });
    const made = await makePartnership('scoped', service);
    await gate.quiet();
    const own = await openMeter(workerdOf(edge.pid), edge.inspectorUrl);
    meter = own;
    const shared = Array.from({ length: tags / 10 }, () => systemRandom(16));
    const matched = async (side: Side, number: number) => {
      const work = await loggedIn(service, made);
      const list = longList(work, side, number, tags, shared);
      await upload(work, side, list, (request) => own.during(`chunk ${side} ${number}`, request));
      phase = `step ${side} ${number}`;
      must(await own.during(`activation ${side} ${number}`, () => activate(work, side, number)));
      await gate.quiet();
      const { json } = must(await activate(work, side, number));
      if (json?.matching) throw new Error('the matching rests');
    };
    await matched('founder', 1);
    await matched('joiner', 1);
    await matched('founder', 2);
    const work = await loggedIn(service, made);
    const ask = (question: string) => work.as('joiner', 'POST', `/${question}`, { json: { limit: 100 } });
    for (let i = 0; i < 10; i++) {
      must(await own.during('view', () => work.as('joiner', 'GET', '')));
      must(await own.during('matrix', () => work.as('joiner', 'POST', '/matrix', { json: {} })));
      must(await own.during('overlap', () => ask('overlap')));
      must(await own.during('whitespace', () => ask('whitespace')));
    }
    phase = 'step end';
    const endedAt = Math.floor(service.clock.nowMs / 1000);
    const ending = signEnding(
      { partnership: work.pair.partnership, side: 'founder', endedAt },
      work.pair.founder.agent.seed,
    );
    const json = { ending: toBase64url(ending) };
    must(await own.during('end', () => work.as('founder', 'PUT', '/ending', { json })));
    await gate.quiet();
    return own.phases();
  } finally {
    (meter as Meter | null)?.close();
    await edge.close();
    gate.close();
    rmSync(data, { recursive: true, force: true });
  }
}

if (import.meta.main) {
  const tags = Number(process.argv[2] ?? 1_000_000);
  const phases = await measureLimits(tags);
  console.table(phases);
  const broken = Object.entries(phases)
    .filter(
      ([name, { mostCpuMs, mostOwnMegabytes, mostHeapMegabytes }]) =>
        mostCpuMs > MOST_CPU_MS ||
        mostHeapMegabytes > MOST_HEAP_MEGABYTES ||
        (name.startsWith('step') && mostOwnMegabytes > MOST_STEP_MEGABYTES),
    )
    .map(([name]) => name);
  if (broken.length > 0) {
    console.error(`commonground: above the limits: ${broken.join(', ')}`);
    process.exitCode = 1;
  }
  console.log(JSON.stringify({ tags, ...phases }));
}

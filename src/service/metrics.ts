/** Metrics in Prometheus' text format, without a label that says who. The only importer of prom-client. */
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { PartnershipId } from '../../protocol/ids.ts';
import type { Partnership } from './partnership/operations.ts';
import type { Activation } from './partnership/submission.ts';
import type { SeenRequest } from './routes/http.ts';

/** What is counted elsewhere and read when somebody asks. */
export interface MetricSources {
  /** Bytes over all connections since the start. */
  readonly traffic: () => { readonly received: number; readonly sent: number };
  /** Files of partnerships that are open. */
  readonly openFiles: () => number;
}

export interface Metrics {
  request(seen: SeenRequest): void;
  /** The same partnerships, with what they store counted. */
  counted(partnerships: (id: PartnershipId) => Partnership): (id: PartnershipId) => Partnership;
  /** The page and its media type. */
  page(): Promise<{ readonly text: string; readonly type: string }>;
}

const SECONDS = [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

export function createMetrics({ traffic, openFiles }: MetricSources): Metrics {
  const registry = new Registry();
  const registers = [registry];
  // Event loop lag, memory, garbage collection, processor time.
  collectDefaultMetrics({ register: registry });
  const requests = new Counter({
    name: 'commonground_requests_total',
    help: 'Requests answered, by route and status',
    labelNames: ['method', 'route', 'status'],
    registers,
  });
  const latency = new Histogram({
    name: 'commonground_request_seconds',
    help: 'From the first byte of a request understood to its answer',
    labelNames: ['method', 'route'],
    buckets: SECONDS,
    registers,
  });
  const limited = new Counter({
    name: 'commonground_rate_limited_total',
    help: 'Requests refused because their sender asked too often',
    registers,
  });
  const chunks = new Counter({
    name: 'commonground_chunks_stored_total',
    help: 'Chunks of requests, evaluations and submissions taken; one sent again counts again',
    registers,
  });
  const snapshots = new Counter({
    name: 'commonground_snapshots_total',
    help: 'Matchings of two lists',
    registers,
  });
  // Activations that were answered with "being matched": asked again, they tell of their snapshot.
  const awaited = new Set<string>();
  totals('commonground_received_bytes_total', 'Bytes received', () => traffic().received);
  totals('commonground_sent_bytes_total', 'Bytes sent', () => traffic().sent);
  new Gauge({
    name: 'commonground_open_partnership_files',
    help: 'Databases of partnerships that are open; one may be in several threads',
    registers,
    collect() {
      this.set(openFiles());
    },
  });

  function totals(name: string, help: string, read: () => number): void {
    new Counter({
      name,
      help,
      registers,
      collect() {
        this.reset();
        this.inc(read());
      },
    });
  }

  return {
    request({ method, route, status, ms, problem }) {
      // What a client makes up must not become a label.
      const labels = { method: route ? method : 'other', route: route ?? 'other' };
      requests.inc({ ...labels, status });
      latency.observe(labels, ms / 1000);
      if (problem === 'rate_limited') limited.inc();
    },
    counted: (partnerships) => (id) => ({
      async run(name, call, input) {
        const result = await partnerships(id).run(name, call, input);
        if (!result.ok) return result;
        if (STORES_CHUNK.includes(name)) chunks.inc();
        if (name === 'activateSubmission') {
          const activation = result.value as Activation;
          const key = `${id} ${call.caller} ${activation.submission}`;
          if (activation.matching) awaited.add(key);
          else if (awaited.delete(key) || activation.snapshot?.atMs === call.nowMs) {
            if (activation.snapshot) snapshots.inc();
          }
        }
        return result;
      },
    }),
    page: async () => ({ text: await registry.metrics(), type: registry.contentType }),
  };
}

const STORES_CHUNK: readonly string[] = ['putRequestChunk', 'putEvaluation', 'putSubmissionChunk'];

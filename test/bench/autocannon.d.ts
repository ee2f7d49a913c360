/** The part of autocannon that the load test uses. */
declare module 'autocannon' {
  interface Request {
    readonly method: string;
    readonly path: string;
    readonly headers: Readonly<Record<string, string>>;
    readonly body?: Uint8Array | string;
  }
  interface Percentiles {
    readonly p50: number;
    readonly p99: number;
    readonly max: number;
  }
  interface Result {
    readonly errors: number;
    readonly timeouts: number;
    readonly non2xx: number;
    readonly '2xx': number;
    readonly latency: Percentiles;
    readonly requests: { readonly average: number };
    readonly throughput: { readonly average: number };
  }
  interface Options {
    readonly url: string;
    readonly connections: number;
    /** Seconds. */
    readonly duration: number;
    /** Seconds for one answer. */
    readonly timeout: number;
    readonly setupClient: (client: { setRequests(requests: readonly Request[]): void }) => void;
  }
  export default function autocannon(options: Options): Promise<Result>;
}

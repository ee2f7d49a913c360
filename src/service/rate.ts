/** How often someone may ask: the port, token buckets in the memory of one process, and a platform's own counters. */

/**
 * Who is counted: an organisation's program, one of its people, or all that ask without a token for a class of routes.
 * Nothing else of the anonymous is known for sure: an address is a proxy's, or one of many.
 */
export type Counted = `organisation ${string}` | `member ${string}` | `anonymous ${string}`;

/** The class of routes that hash a password: a tenth of a second of a core each. */
const PASSWORDS: Counted = 'anonymous password';

/** A platform that counts by itself has another adapter. */
export interface RateLimiter {
  /** Counts a request: 0 where it may go on, else the whole seconds after which to try again. */
  take(counted: Counted): Promise<number>;
}

/** Requests a second in the long run, for each that is counted. */
export interface Rates {
  readonly organisation: number;
  readonly anonymous: number;
  /** Passwords looked at, of all callers; where it is not given, as other anonymous requests. */
  readonly passwords?: number;
}

/** So many seconds' worth of requests may come at once. */
const BURST_SECONDS = 10;
/** So many buckets are kept before those that are full again are looked for. */
const KEPT_BUCKETS = 1000;

export function tokenBuckets(rates: Rates, now: () => number): RateLimiter {
  const buckets = new Map<Counted, { left: number; atMs: number }>();
  const rateOf = (counted: Counted) => {
    const of = classOf(counted);
    return rates[of] ?? rates.anonymous;
  };
  const fill = (counted: Counted, bucket: { left: number; atMs: number }, nowMs: number) => {
    const rate = rateOf(counted);
    const gained = (Math.max(0, nowMs - bucket.atMs) / 1000) * rate;
    return Math.min(rate * BURST_SECONDS, bucket.left + gained);
  };
  let pruneAt = KEPT_BUCKETS;

  function prune(nowMs: number): void {
    for (const [counted, bucket] of buckets) {
      if (fill(counted, bucket, nowMs) >= rateOf(counted) * BURST_SECONDS) buckets.delete(counted);
    }
    pruneAt = Math.max(KEPT_BUCKETS, 2 * buckets.size);
  }

  return {
    async take(counted) {
      const nowMs = now();
      const rate = rateOf(counted);
      const left = fill(counted, buckets.get(counted) ?? { left: rate * BURST_SECONDS, atMs: nowMs }, nowMs);
      const passes = left >= 1;
      buckets.set(counted, { left: passes ? left - 1 : left, atMs: nowMs });
      if (buckets.size > pruneAt) prune(nowMs);
      return passes ? 0 : Math.max(1, Math.ceil((1 - left) / rate));
    },
  };
}

/** A counter of the platform: so many of each key in a period, which its configuration says. */
export interface PlatformCounter {
  limit(options: { readonly key: string }): Promise<{ readonly success: boolean }>;
}

/** The periods that the counters are configured with. */
const PLATFORM_SECONDS = 10;

/** Limits by a platform that counts by itself, each place of the world apart. */
export function platformLimits(counters: Readonly<Record<keyof Rates, PlatformCounter>>): RateLimiter {
  return {
    async take(counted) {
      const counter = counters[classOf(counted)];
      return (await counter.limit({ key: counted })).success ? 0 : PLATFORM_SECONDS;
    },
  };
}

function classOf(counted: Counted): keyof Rates {
  if (counted === PASSWORDS) return 'passwords';
  return counted.startsWith('anonymous ') ? 'anonymous' : 'organisation';
}

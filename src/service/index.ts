/**
 * The service as a library: `startService` runs it whole on Node; `createApp` is the Hono app alone, for whoever has a
 * server, a clock and a storage of their own.
 */
export { createApp } from './app.ts';
export type { ConfigInput } from './config.ts';
export { type Service, startService } from './node.ts';
export { type RateLimiter, type Rates, tokenBuckets } from './rate.ts';
export type { Dependencies, SeenRequest } from './routes/http.ts';
export { type NodeStorage, openNodeStorage } from './storage/node.ts';

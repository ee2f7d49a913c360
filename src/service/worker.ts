/**
 * The service on Cloudflare Workers, so far as its storage goes: each partnership is one Durable Object with its own
 * SQLite database, and operations are calls on it. The routes stand on Node until the directory has its adapter here.
 */
import { DurableObject } from 'cloudflare:workers';
import type { Result } from '../../protocol/result.ts';
import type { Call } from './partnership/context.ts';
import { type Input, type OperationName, type Output, run } from './partnership/operations.ts';
import type { ProblemCode } from './problems.ts';
import { type DurableStorage, durablePartnershipStore } from './storage/durable.ts';
import type { PartnershipStore } from './storage/partnership.ts';

/** One partnership. */
export class Partnership extends DurableObject {
  readonly #store: PartnershipStore;

  constructor(context: { readonly storage: DurableStorage }, environment: unknown) {
    super(context, environment);
    this.#store = durablePartnershipStore(context.storage);
  }

  /** Runs one operation in this partnership. */
  run<Name extends OperationName>(
    name: Name,
    call: Call,
    input: Input<Name>,
  ): Result<Output<Name>, ProblemCode> {
    return run(this.#store, name, call, input);
  }
}

export default {
  fetch(request: Request): Response {
    if (new URL(request.url).pathname === '/healthz') return Response.json({ ok: true });
    return new Response(null, { status: 404 });
  },
};

/** The contract inside workerd: a Durable Object for the port's checks, and the real one for a whole partnership. */
import { DurableObject } from 'cloudflare:workers';
import { systemRandom } from '../../protocol/hash.ts';
import type { Partnership as PartnershipCalls } from '../../src/service/partnership/operations.ts';
import { type DurableStorage, durablePartnershipStore } from '../../src/service/storage/durable.ts';
import { PORT_CONTRACT, wholePartnership } from './service-contract.ts';

export { Partnership } from '../../src/service/worker.ts';

interface Namespace<Stub> {
  getByName(name: string): Stub;
}

interface Environment {
  readonly CONTRACT: Namespace<{ check(name: string): Promise<string> }>;
  readonly PARTNERSHIP: Namespace<PartnershipCalls>;
}

/** Runs one check of the port's contract on its own fresh storage. */
export class Contract extends DurableObject {
  readonly #storage: DurableStorage;

  constructor(context: { readonly storage: DurableStorage }, environment: unknown) {
    super(context, environment);
    this.#storage = context.storage;
  }

  check(name: string): string {
    PORT_CONTRACT[name]?.(durablePartnershipStore(this.#storage), systemRandom);
    return name in PORT_CONTRACT ? 'passed' : 'no such check';
  }
}

export default {
  async fetch(request: Request, environment: Environment): Promise<Response> {
    const name = decodeURIComponent(new URL(request.url).pathname.slice(1));
    try {
      if (name !== 'partnership') return new Response(await environment.CONTRACT.getByName(name).check(name));
      await wholePartnership(environment.PARTNERSHIP.getByName(name), systemRandom);
      return new Response('passed');
    } catch (error) {
      return new Response(error instanceof Error ? error.message : 'failed');
    }
  },
};

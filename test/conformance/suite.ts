/** The conformance suite: what any service of this API must do, asked over HTTP alone. */
import { describedRoutes } from '../support/service-routes.ts';
import { mailboxChecks } from './mailbox.ts';
import { peopleChecks } from './people.ts';
import { questionChecks } from './questions.ts';
import { lastChecks } from './revocation.ts';
import { scopeChecks } from './scopes.ts';
import type { RemoteService } from './service.ts';
import { type Check, must, newWorld, same, type World } from './work.ts';

/** All checks, to be run one after another on the same service. */
export function conformance(service: RemoteService): Check[] {
  let made: Promise<World> | null = null;
  const world = () => {
    made ??= newWorld(service);
    return made;
  };
  return [
    {
      name: 'it is up, ready, and describes itself',
      async run() {
        same(must(await service.call('GET', '/healthz')).json, { ok: true }, 'healthz');
        same(must(await service.call('GET', '/readyz')).json, { ok: true }, 'readyz');
        const { version, operator } = must(await service.call('GET', '/v1/service')).json ?? {};
        same([typeof version, typeof operator], ['string', 'object'], 'the service');
        same((await describedRoutes(service)).length > 30, true, 'routes');
      },
    },
    ...mailboxChecks(world),
    ...scopeChecks(world),
    ...questionChecks(world),
    ...peopleChecks(world),
    ...lastChecks(world),
    {
      name: 'every route of the description was answered with success',
      async run() {
        const missing = (await describedRoutes(service)).filter(({ method, path }) => {
          const pattern = new RegExp(`^${path.replace(/\{[^}]+\}/g, '[^/]+')}$`);
          return !service.answered.some(
            (seen) => seen.method === method && seen.status < 300 && pattern.test(seen.path),
          );
        });
        same(
          missing.map(({ method, path }) => `${method} ${path}`),
          [],
          'never answered with success',
        );
      },
    },
  ];
}

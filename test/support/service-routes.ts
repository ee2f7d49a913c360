/** The routes of a service by its own description, and bodies that fit them, so that nothing but the caller is wrong. */
import { ACTS } from '../../protocol/statement.ts';
import type { CalledService, CallOptions } from './service-app.ts';

export interface Route {
  readonly method: string;
  readonly path: string;
  readonly operation: {
    readonly security?: unknown;
    readonly 'x-roles'?: unknown;
    readonly 'x-solo'?: unknown;
    readonly requestBody?: { readonly content: Record<string, unknown> };
  };
}

export async function describedRoutes(service: CalledService): Promise<Route[]> {
  const answer = await service.call('GET', '/openapi.json');
  const { paths } = answer.json as { paths: Record<string, Record<string, Route['operation']>> };
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ method: method.toUpperCase(), path, operation })),
  );
}

/** So many zero bytes as base64url. */
export const zeros = (length: number) => 'A'.repeat(Math.ceil((length * 4) / 3));

const JSON_BODIES: Readonly<Record<string, object>> = {
  'PUT /v1/members/{member}': { role: 'sales', partnerships: null, codeHash: zeros(32) },
  'PUT /v1/partnerships/{partnership}': { commitment: zeros(32), codeHash: zeros(32) },
  'PUT /v1/partnerships/{partnership}/acceptance': { acceptance: zeros(300), code: zeros(15) },
  'PUT /v1/partnerships/{partnership}/opening': { opening: zeros(300) },
  'PUT /v1/partnerships/{partnership}/health': { code: 'stopped', version: '1.2.3' },
  'PUT /v1/partnerships/{partnership}/ending': { ending: zeros(150) },
  'PUT /v1/partnerships/{partnership}/epochs/{number}/offer': { offer: zeros(300) },
  'PUT /v1/partnerships/{partnership}/epochs/{number}/signature': { signature: zeros(64) },
  'PUT /v1/partnerships/{partnership}/epochs/{number}/terms': { terms: zeros(130) },
  'PUT /v1/members/{member}/vault/{number}': { wrap: zeros(300) },
  'PUT /v1/partnerships/{partnership}/vault/heads/{number}': { head: zeros(300) },
  'PUT /v1/rosters/{number}': { roster: zeros(300) },
  'PUT /v1/partnerships/{partnership}/scopes/{number}': { scope: zeros(300) },
  ...Object.fromEntries(
    ACTS.map((act) => [
      `PUT /v1/partnerships/{partnership}/scopes/{side}/{number}/statements/${act}`,
      { statement: zeros(174) },
    ]),
  ),
  'PUT /v1/partnerships/{partnership}/limits/{role}': {
    level: 'counts',
    fields: [],
    whiteSpace: 'none',
    review: false,
  },
  'PUT /v1/partnerships/{partnership}/scope-requests/{id}': { text: 'Their owners, to call them together' },
  'PUT /v1/partnerships/{partnership}/scope-requests/{id}/answer': { answer: 'declined', text: 'Not now' },
  'PUT /v1/partnerships/{partnership}/requests/{side}/{number}': { request: zeros(300) },
  'PUT /v1/partnerships/{partnership}/requests/{side}/{number}/refusal': { refusal: zeros(300) },
  'PUT /v1/partnerships/{partnership}/submissions/{number}': { head: zeros(300), list: zeros(300) },
};

export function sampleBody(route: Route): CallOptions {
  const content = Object.keys(route.operation.requestBody?.content ?? {});
  if (content.includes('application/octet-stream')) return { bytes: new Uint8Array(10) };
  return content.length > 0 ? { json: JSON_BODIES[`${route.method} ${route.path}`] ?? {} } : {};
}

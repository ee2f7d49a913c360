/** The signed documents that the agents of both sides exchange: epoch offers and signatures, and normaliser terms. */
import { createRoute, z } from '@hono/zod-openapi';
import { SIGNATURE_BYTES } from '../../../protocol/hash.ts';
import { type App, type Dependencies, refused, runOperation } from './http.ts';
import { bytes, inPath, jsonAnswer, jsonBody, problems, stored } from './schemas.ts';

const MAX_OFFER_BYTES = 4096;
const MAX_TERMS_BYTES = 1024;

const security = [{ bearer: [] }];
const params = z.object({ partnership: inPath.partnership, number: inPath.number });
const responses = { 200: jsonAnswer(stored, 'Stored'), ...problems };

const putOffer = createRoute({
  method: 'put',
  path: '/v1/partnerships/{partnership}/epochs/{number}/offer',
  summary: "Offer the caller's keys for an epoch",
  security,
  request: { params, body: jsonBody(z.strictObject({ offer: bytes({ atMost: MAX_OFFER_BYTES }) })) },
  responses,
});

const putSignature = createRoute({
  method: 'put',
  path: '/v1/partnerships/{partnership}/epochs/{number}/signature',
  summary: "Sign the epoch's record",
  security,
  request: { params, body: jsonBody(z.strictObject({ signature: bytes({ exactly: SIGNATURE_BYTES }) })) },
  responses,
});

const putTerms = createRoute({
  method: 'put',
  path: '/v1/partnerships/{partnership}/epochs/{number}/terms',
  summary: 'Say which versions of the normaliser the caller can use',
  security,
  request: { params, body: jsonBody(z.strictObject({ terms: bytes({ atMost: MAX_TERMS_BYTES }) })) },
  responses,
});

export function addDocumentRoutes(app: App, dependencies: Dependencies): void {
  app.openapi(putOffer, async (context) => {
    const { partnership, number } = context.req.valid('param');
    const input = { epoch: number, ...context.req.valid('json') };
    const result = await runOperation(dependencies, context.var.principal, partnership, 'putOffer', input);
    return result.ok ? context.json({ stored: true as const }, 200) : refused(context, result);
  });

  app.openapi(putSignature, async (context) => {
    const { partnership, number } = context.req.valid('param');
    const input = { epoch: number, ...context.req.valid('json') };
    const result = await runOperation(
      dependencies,
      context.var.principal,
      partnership,
      'putSignature',
      input,
    );
    return result.ok ? context.json({ stored: true as const }, 200) : refused(context, result);
  });

  app.openapi(putTerms, async (context) => {
    const { partnership, number } = context.req.valid('param');
    const input = { epoch: number, ...context.req.valid('json') };
    const result = await runOperation(dependencies, context.var.principal, partnership, 'putTerms', input);
    return result.ok ? context.json({ stored: true as const }, 200) : refused(context, result);
  });
}

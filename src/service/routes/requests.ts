/** The mailbox of evaluation requests. */
import { createRoute, z } from '@hono/zod-openapi';
import {
  type App,
  type Dependencies,
  isOctets,
  octetAnswer,
  octetBody,
  problem,
  refused,
  runOperation,
} from './http.ts';
import {
  bytes,
  bytesText,
  inPath,
  jsonAnswer,
  jsonBody,
  octetContent,
  octets,
  problems,
  stored,
  textOf,
} from './schemas.ts';

/** A request lists at most 4,096 chunks of 35 bytes. */
const MAX_REQUEST_BYTES = 150_000;
const MAX_REFUSAL_BYTES = 1024;

const security = [{ bearer: [] }];
const base = '/v1/partnerships/{partnership}/requests/{side}/{number}';
const key = { partnership: inPath.partnership, side: inPath.side, number: inPath.number };
const params = z.object(key);
const chunkParams = z.object({ ...key, index: inPath.index });
const responses = { 200: jsonAnswer(stored, 'Stored'), ...problems };

const putRequest = createRoute({
  method: 'put',
  path: base,
  summary: "Open the caller's next evaluation request",
  security,
  request: { params, body: jsonBody(z.strictObject({ request: bytes({ atMost: MAX_REQUEST_BYTES }) })) },
  responses,
});

const deleteRequest = createRoute({
  method: 'delete',
  path: base,
  summary: 'Finish a request: all its elements are deleted',
  security,
  request: { params },
  responses: { 200: jsonAnswer(z.object({ deleted: z.literal(true) }), 'Deleted'), ...problems },
});

const putRefusal = createRoute({
  method: 'put',
  path: `${base}/refusal`,
  summary: "Refuse the partner's request",
  security,
  request: { params, body: jsonBody(z.strictObject({ refusal: bytes({ atMost: MAX_REFUSAL_BYTES }) })) },
  responses,
});

const putChunk = createRoute({
  method: 'put',
  path: `${base}/chunks/{index}`,
  summary: 'Upload blinded elements',
  security,
  request: { params: chunkParams, body: octets },
  responses,
});

const getChunk = createRoute({
  method: 'get',
  path: `${base}/chunks/{index}`,
  summary: "Download the partner's blinded elements",
  security,
  request: { params: chunkParams },
  responses: { 200: { description: 'The chunk', content: octetContent }, ...problems },
});

const putEvaluation = createRoute({
  method: 'put',
  path: `${base}/evaluations/{index}`,
  summary: 'Upload the signed evaluation of a chunk',
  security,
  request: { params: chunkParams, body: octets },
  responses,
});

const getEvaluation = createRoute({
  method: 'get',
  path: `${base}/evaluations/{index}`,
  summary: 'Download the evaluation of an own chunk',
  security,
  request: { params: chunkParams },
  responses: { 200: { description: 'The signed evaluation', content: octetContent }, ...problems },
});

const getReceipt = createRoute({
  method: 'get',
  path: '/v1/partnerships/{partnership}/receipt',
  summary: "The caller's own evaluation with the highest counts",
  security,
  request: { params: z.object({ partnership: inPath.partnership }) },
  responses: { 200: jsonAnswer(z.object({ evaluation: bytesText.nullable() }), 'The receipt'), ...problems },
});

export function addRequestRoutes(app: App, dependencies: Dependencies): void {
  app.openapi(putRequest, async (context) => {
    const { partnership, ...rest } = context.req.valid('param');
    const input = { ...rest, ...context.req.valid('json') };
    const result = await runOperation(dependencies, context.var.principal, partnership, 'putRequest', input);
    return result.ok ? context.json({ stored: true as const }, 200) : refused(context, result);
  });

  app.openapi(deleteRequest, async (context) => {
    const { partnership, ...input } = context.req.valid('param');
    const { principal } = context.var;
    const result = await runOperation(dependencies, principal, partnership, 'deleteRequest', input);
    return result.ok ? context.json({ deleted: true as const }, 200) : refused(context, result);
  });

  app.openapi(putRefusal, async (context) => {
    const { partnership, ...rest } = context.req.valid('param');
    const input = { ...rest, ...context.req.valid('json') };
    const result = await runOperation(dependencies, context.var.principal, partnership, 'putRefusal', input);
    return result.ok ? context.json({ stored: true as const }, 200) : refused(context, result);
  });

  app.openapi(putChunk, async (context) => {
    if (!isOctets(context)) return problem(context, 'unsupported_media_type');
    const { partnership, ...rest } = context.req.valid('param');
    const input = { ...rest, bytes: await octetBody(context) };
    const { principal } = context.var;
    const result = await runOperation(dependencies, principal, partnership, 'putRequestChunk', input);
    return result.ok ? context.json({ stored: true as const }, 200) : refused(context, result);
  });

  app.openapi(getChunk, async (context) => {
    const { partnership, ...input } = context.req.valid('param');
    const { principal } = context.var;
    const result = await runOperation(dependencies, principal, partnership, 'getRequestChunk', input);
    return result.ok ? octetAnswer(context, result.value) : refused(context, result);
  });

  app.openapi(putEvaluation, async (context) => {
    if (!isOctets(context)) return problem(context, 'unsupported_media_type');
    const { partnership, ...rest } = context.req.valid('param');
    const input = { ...rest, evaluation: await octetBody(context) };
    const { principal } = context.var;
    const result = await runOperation(dependencies, principal, partnership, 'putEvaluation', input);
    return result.ok ? context.json({ stored: true as const }, 200) : refused(context, result);
  });

  app.openapi(getEvaluation, async (context) => {
    const { partnership, ...input } = context.req.valid('param');
    const { principal } = context.var;
    const result = await runOperation(dependencies, principal, partnership, 'getEvaluation', input);
    return result.ok ? octetAnswer(context, result.value) : refused(context, result);
  });

  app.openapi(getReceipt, async (context) => {
    const { partnership } = context.req.valid('param');
    const result = await runOperation(dependencies, context.var.principal, partnership, 'getReceipt', {});
    if (!result.ok) return refused(context, result);
    return context.json({ evaluation: textOf(result.value.evaluation) }, 200);
  });
}

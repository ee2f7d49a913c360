/** Uploading a list, and making it the active one. */
import { createRoute, z } from '@hono/zod-openapi';
import { activation } from '../../wire/answers.ts';
import { noteDue } from '../directory/partnerships.ts';
import { type App, type Dependencies, isOctets, octetBody, problem, refused, runOperation } from './http.ts';
import { bytes, inPath, jsonAnswer, jsonBody, octets, problems, snapshotOf, stored } from './schemas.ts';

const MAX_HEAD_BYTES = 8192;
/** A list names at most 20,000 chunks of 37 bytes. */
const MAX_LIST_BYTES = 740_002;

const security = [{ bearer: [] }];
const base = '/v1/partnerships/{partnership}/submissions/{number}';
const key = { partnership: inPath.partnership, number: inPath.number };
const responses = { 200: jsonAnswer(stored, 'Stored'), ...problems };

const putSubmission = createRoute({
  method: 'put',
  path: base,
  summary: "Open the caller's next submission",
  security,
  request: {
    params: z.object(key),
    body: jsonBody(
      z.strictObject({ head: bytes({ atMost: MAX_HEAD_BYTES }), list: bytes({ atMost: MAX_LIST_BYTES }) }),
    ),
  },
  responses,
});

const putChunk = createRoute({
  method: 'put',
  path: `${base}/chunks/{index}`,
  summary: 'Upload packed records',
  security,
  request: { params: z.object({ ...key, index: inPath.index }), body: octets },
  responses,
});

const activate = createRoute({
  method: 'put',
  path: `${base}/activation`,
  summary: 'Make a complete submission the active one',
  security,
  request: { params: z.object(key) },
  responses: {
    200: jsonAnswer(activation, 'Active, or being matched: asked again, it says when that is done'),
    ...problems,
  },
});

export function addSubmissionRoutes(app: App, dependencies: Dependencies): void {
  app.openapi(putSubmission, async (context) => {
    const { partnership, number } = context.req.valid('param');
    const input = { number, ...context.req.valid('json') };
    const { principal } = context.var;
    const result = await runOperation(dependencies, principal, partnership, 'putSubmission', input);
    if (!result.ok) return refused(context, result);
    // It is given up where nobody goes on with it.
    await noteDue(dependencies.directory, partnership, dependencies.now());
    return context.json({ stored: true as const }, 200);
  });

  app.openapi(putChunk, async (context) => {
    if (!isOctets(context)) return problem(context, 'unsupported_media_type');
    const { partnership, number, index } = context.req.valid('param');
    const input = { number, index, bytes: await octetBody(context) };
    const { principal } = context.var;
    const result = await runOperation(dependencies, principal, partnership, 'putSubmissionChunk', input);
    return result.ok ? context.json({ stored: true as const }, 200) : refused(context, result);
  });

  app.openapi(activate, async (context) => {
    const { partnership, number } = context.req.valid('param');
    const { principal } = context.var;
    const result = await runOperation(dependencies, principal, partnership, 'activateSubmission', { number });
    if (!result.ok) return refused(context, result);
    const { submission, snapshot: made, matching } = result.value;
    return context.json({ submission, snapshot: snapshotOf(made), ...(matching && { matching }) }, 200);
  });
}

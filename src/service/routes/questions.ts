/** Questions: matrix, overlap, white space and ledger. Answers are never stored on the way. */
import { createRoute, z } from '@hono/zod-openapi';
import type { Context, TypedResponse } from 'hono';
import * as answers from '../../wire/answers.ts';
import { timeText } from '../partnership/context.ts';
import { type App, type Dependencies, refused, runOperation } from './http.ts';
import { inPath, jsonAnswer, jsonBody, problems, snapshotOf } from './schemas.ts';

const security = [{ bearer: [] }];
const params = z.object({ partnership: inPath.partnership });
const NO_STORE = { 'cache-control': 'no-store' };

const populations = z.array(z.string().max(100)).max(100).optional();
const cursor = z.string().max(400).optional();
const paging = {
  snapshot: z.int().min(1).optional(),
  cursor,
  limit: z.int().min(1).max(1000).optional(),
};

const postMatrix = createRoute({
  method: 'post',
  path: '/v1/partnerships/{partnership}/matrix',
  summary: 'Counts of every cell that is granted',
  security,
  request: { params, body: jsonBody(z.strictObject({})) },
  responses: {
    200: jsonAnswer(answers.matrix, 'The matrix'),
    ...problems,
  },
});

const postOverlap = createRoute({
  method: 'post',
  path: '/v1/partnerships/{partnership}/overlap',
  summary: 'The pairs of the cells whose accounts are granted',
  security,
  request: {
    params,
    body: jsonBody(
      z.strictObject({
        mine: populations,
        theirs: populations,
        since: z.int().min(0).optional(),
        ...paging,
      }),
    ),
  },
  responses: {
    200: jsonAnswer(answers.overlap, 'One page'),
    ...problems,
  },
});

const postWhiteSpace = createRoute({
  method: 'post',
  path: '/v1/partnerships/{partnership}/whitespace',
  summary: "The partner's accounts that are in no pair, where names are granted",
  security,
  request: { params, body: jsonBody(z.strictObject({ theirs: populations, ...paging })) },
  responses: {
    200: jsonAnswer(answers.whiteSpace, 'One page'),
    ...problems,
  },
});

const postLedger = createRoute({
  method: 'post',
  path: '/v1/partnerships/{partnership}/ledger',
  summary: 'What was revealed to whom',
  security,
  request: { params, body: jsonBody(z.strictObject({ cursor })) },
  responses: {
    200: jsonAnswer(answers.ledger, 'Entries, oldest first'),
    ...problems,
  },
});

export function addQuestionRoutes(app: App, dependencies: Dependencies): void {
  app.openapi(postMatrix, async (context) => {
    const { partnership } = context.req.valid('param');
    const result = await runOperation(dependencies, context.var.principal, partnership, 'matrix', {});
    if (!result.ok) return refused(context, result);
    const { snapshot: of, populations: names, cells } = result.value;
    const body = {
      snapshot: snapshotOf(of),
      populations: { mine: [...names.mine], theirs: [...names.theirs] },
      cells: cells.map(({ reasons, ...cell }) => ({ ...cell, reasons: [...reasons] })),
    };
    return context.json(body, 200, NO_STORE);
  });

  app.openapi(postOverlap, async (context) => {
    const { partnership } = context.req.valid('param');
    const input = context.req.valid('json');
    const result = await runOperation(dependencies, context.var.principal, partnership, 'overlap', input);
    return result.ok
      ? answered<z.input<typeof answers.overlap>>(context, result.value)
      : refused(context, result);
  });

  app.openapi(postWhiteSpace, async (context) => {
    const { partnership } = context.req.valid('param');
    const input = context.req.valid('json');
    const result = await runOperation(dependencies, context.var.principal, partnership, 'whiteSpace', input);
    return result.ok
      ? answered<z.input<typeof answers.whiteSpace>>(context, result.value)
      : refused(context, result);
  });

  app.openapi(postLedger, async (context) => {
    const { partnership } = context.req.valid('param');
    const input = context.req.valid('json');
    const result = await runOperation(dependencies, context.var.principal, partnership, 'ledger', input);
    if (!result.ok) return refused(context, result);
    const entries = result.value.entries.map(({ atMs, cells, ...entry }) => ({
      ...entry,
      at: timeText(atMs),
      cells: [...cells],
    }));
    return context.json({ entries, next: result.value.next }, 200, NO_STORE);
  });
}

/** An answer that the operation wrote as it goes over the wire. */
function answered<Answer>(context: Context, body: string): Response & TypedResponse<Answer, 200, 'json'> {
  const response = context.body(body, 200, {
    'content-type': 'application/json',
    ...NO_STORE,
  });
  return response as unknown as Response & TypedResponse<Answer, 200, 'json'>;
}

/** Requests for a scope: people ask, the other side's legal answers. */
import { createRoute, z } from '@hono/zod-openapi';
import * as answers from '../../wire/answers.ts';
import { timeText } from '../partnership/context.ts';
import type { ScopeRequest } from '../partnership/scoperequests.ts';
import { type App, type Dependencies, refused, runOperation } from './http.ts';
import { inPath, jsonAnswer, jsonBody, line, problems, stored } from './schemas.ts';

const MAX_TEXT = 1000;

const security = [{ bearer: [] }];
const base = '/v1/partnerships/{partnership}/scope-requests';
const params = z.object({ partnership: inPath.partnership, id: inPath.id });
const responses = { 200: jsonAnswer(stored, 'Stored'), ...problems };

const getRequests = createRoute({
  method: 'get',
  path: base,
  summary: 'What was asked of either side’s legal; to those who only ask, their own',
  security,
  request: { params: z.object({ partnership: inPath.partnership }) },
  responses: { 200: jsonAnswer(answers.scopeRequests, 'Oldest first'), ...problems },
});

const putRequest = createRoute({
  method: 'put',
  path: `${base}/{id}`,
  summary: "Ask the partner's legal for more, with a reason",
  security,
  request: {
    params,
    body: jsonBody(z.strictObject({ text: line(MAX_TEXT), rules: answers.rules.optional() })),
  },
  responses,
});

const putAnswer = createRoute({
  method: 'put',
  path: `${base}/{id}/answer`,
  summary: "Answer a request of the partner's people",
  security,
  request: {
    params,
    body: jsonBody(z.strictObject({ answer: z.enum(['granted', 'declined']), text: line(MAX_TEXT) })),
  },
  responses,
});

export function addScopeRequestRoutes(app: App, dependencies: Dependencies): void {
  app.openapi(getRequests, async (context) => {
    const { partnership } = context.req.valid('param');
    const result = await runOperation(dependencies, context.var.principal, partnership, 'scopeRequests', {});
    if (!result.ok) return refused(context, result);
    return context.json({ requests: result.value.map(viewOf) }, 200, { 'cache-control': 'no-store' });
  });

  app.openapi(putRequest, async (context) => {
    const { partnership, id } = context.req.valid('param');
    const input = { id, ...context.req.valid('json') };
    const { principal } = context.var;
    const result = await runOperation(dependencies, principal, partnership, 'putScopeRequest', input);
    return result.ok ? context.json({ stored: true as const }, 200) : refused(context, result);
  });

  app.openapi(putAnswer, async (context) => {
    const { partnership, id } = context.req.valid('param');
    const input = { id, ...context.req.valid('json') };
    const { principal } = context.var;
    const result = await runOperation(dependencies, principal, partnership, 'answerScopeRequest', input);
    return result.ok ? context.json({ stored: true as const }, 200) : refused(context, result);
  });
}

function viewOf({ atMs, answer, rules, ...request }: ScopeRequest) {
  return {
    ...request,
    at: timeText(atMs),
    rules: rules && [...rules],
    answer: answer && { answer: answer.answer, text: answer.text, at: timeText(answer.atMs) },
  };
}

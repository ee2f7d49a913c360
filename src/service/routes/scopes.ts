/** Sharing scopes: versions, what is signed about them, and an organisation's own limits beside them. */
import { createRoute, z } from '@hono/zod-openapi';
import { ACTS, type Act } from '../../../protocol/statement.ts';
import * as answers from '../../wire/answers.ts';
import { noteDue, noteStanding } from '../directory/partnerships.ts';
import { type App, type Dependencies, refused, runOperation } from './http.ts';
import { bytes, inPath, jsonAnswer, jsonBody, problems, stored, versionTexts } from './schemas.ts';

const MAX_SCOPE_BYTES = 64 * 1024;
const MAX_STATEMENT_BYTES = 256;

const security = [{ bearer: [] }];
const base = '/v1/partnerships/{partnership}';
const { partnership: inPartnership, number, side, role } = inPath;
const responses = { 200: jsonAnswer(stored, 'Stored'), ...problems };

const getScopes = createRoute({
  method: 'get',
  path: `${base}/scopes`,
  summary: 'All versions of both sides’ scopes: the own ones, and the partner’s that are approved',
  security,
  request: { params: z.object({ partnership: inPartnership }) },
  responses: { 200: jsonAnswer(answers.scopes, 'Oldest first'), ...problems },
});

const putScope = createRoute({
  method: 'put',
  path: `${base}/scopes/{number}`,
  summary: "Propose the caller's next version",
  security,
  request: {
    params: z.object({ partnership: inPartnership, number }),
    body: jsonBody(z.strictObject({ scope: bytes({ atMost: MAX_SCOPE_BYTES }) })),
  },
  responses,
});

const SUMMARIES: Readonly<Record<Act, string>> = {
  approve: "Approve a version of the own side's scope",
  accept: "Accept a version of the partner's scope",
  revoke: "Revoke a version of the own side's scope, at once",
  seen: "Say that the end of the partner's scope is known",
  deleted: "Say that what was derived under the partner's scope is deleted",
};

/** One route an act, because each is another role's. */
const putStatements = ACTS.map((act) => ({
  act,
  route: createRoute({
    method: 'put',
    path: `${base}/scopes/{side}/{number}/statements/${act}`,
    summary: SUMMARIES[act],
    security,
    request: {
      params: z.object({ partnership: inPartnership, side, number }),
      body: jsonBody(z.strictObject({ statement: bytes({ atMost: MAX_STATEMENT_BYTES }) })),
    },
    responses,
  }),
}));

const putLimit = createRoute({
  method: 'put',
  path: `${base}/limits/{role}`,
  summary: 'Limit what the own people of a role are shown, whatever the partner grants',
  security,
  request: { params: z.object({ partnership: inPartnership, role }), body: jsonBody(answers.grant) },
  responses,
});

const deleteLimit = createRoute({
  method: 'delete',
  path: `${base}/limits/{role}`,
  summary: 'Take the limit of a role away',
  security,
  request: { params: z.object({ partnership: inPartnership, role }) },
  responses: { 200: jsonAnswer(z.object({ removed: z.literal(true) }), 'Removed'), ...problems },
});

export function addScopeRoutes(app: App, dependencies: Dependencies): void {
  const { directory, now } = dependencies;

  app.openapi(getScopes, async (context) => {
    const { partnership } = context.req.valid('param');
    const result = await runOperation(dependencies, context.var.principal, partnership, 'scopes', {});
    return result.ok ? context.json(versionTexts(result.value), 200, NO_STORE) : refused(context, result);
  });

  app.openapi(putScope, async (context) => {
    const { partnership, ...at } = context.req.valid('param');
    const input = { ...at, ...context.req.valid('json') };
    const result = await runOperation(dependencies, context.var.principal, partnership, 'putScope', input);
    return result.ok ? context.json({ stored: true as const }, 200) : refused(context, result);
  });

  for (const { act, route } of putStatements) {
    app.openapi(route, async (context) => {
      const { partnership, ...at } = context.req.valid('param');
      const input = { ...at, act, ...context.req.valid('json') };
      const { principal } = context.var;
      const result = await runOperation(dependencies, principal, partnership, 'putStatement', input);
      if (!result.ok) return refused(context, result);
      await noteStanding(directory, partnership, at.side, result.value.standing);
      // When the next thing ends or begins by itself is worked out by the clearing.
      await noteDue(directory, partnership, now());
      return context.json({ stored: true as const }, 200);
    });
  }

  app.openapi(putLimit, async (context) => {
    const { partnership, ...of } = context.req.valid('param');
    const input = { ...of, ...context.req.valid('json') };
    const result = await runOperation(dependencies, context.var.principal, partnership, 'putLimit', input);
    return result.ok ? context.json({ stored: true as const }, 200) : refused(context, result);
  });

  app.openapi(deleteLimit, async (context) => {
    const { partnership, ...of } = context.req.valid('param');
    const result = await runOperation(dependencies, context.var.principal, partnership, 'deleteLimit', of);
    return result.ok ? context.json({ removed: true as const }, 200) : refused(context, result);
  });
}

const NO_STORE = { 'cache-control': 'no-store' };

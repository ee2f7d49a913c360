/** Rosters: who approves sharing scopes for an organisation. */
import { createRoute, z } from '@hono/zod-openapi';
import * as answers from '../../wire/answers.ts';
import { organisationOf } from '../directory/organisations.ts';
import { putRoster, rostersOf } from '../directory/rosters.ts';
import { type App, type Dependencies, refused } from './http.ts';
import { bytes, inPath, jsonAnswer, jsonBody, problems, stored, textOf } from './schemas.ts';

/** Fifty approvers of 48 bytes, and as many signatures of 80. */
const MAX_ROSTER_BYTES = 8192;

const security = [{ bearer: [] }];

const getRosters = createRoute({
  method: 'get',
  path: '/v1/rosters',
  summary: 'The rosters of the caller’s organisation',
  security,
  responses: { 200: jsonAnswer(answers.rosters, 'All versions, from the first'), ...problems },
});

const putRosterRoute = createRoute({
  method: 'put',
  path: '/v1/rosters/{number}',
  summary: 'Put the next roster, signed by the root key or by approvers of the one before',
  security,
  request: {
    params: z.object({ number: inPath.number }),
    body: jsonBody(z.strictObject({ roster: bytes({ atMost: MAX_ROSTER_BYTES }) })),
  },
  responses: { 200: jsonAnswer(stored, 'Stored'), ...problems },
});

export function addRosterRoutes(app: App, { directory }: Dependencies): void {
  app.openapi(getRosters, async (context) => {
    const rosters = await rostersOf(directory, context.var.principal.organisation);
    return context.json({ rosters: rosters.map((packed) => textOf(packed)) }, 200);
  });

  app.openapi(putRosterRoute, async (context) => {
    const { number } = context.req.valid('param');
    const { roster } = context.req.valid('json');
    const caller = await organisationOf(directory, context.var.principal.organisation);
    if (!caller) throw new Error('a caller is registered');
    const result = await putRoster(directory, caller, number, roster);
    return result.ok ? context.json({ stored: true as const }, 200) : refused(context, result);
  });
}

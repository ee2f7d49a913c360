/** Ending a partnership: either side may, at any time and for good. */
import { createRoute, z } from '@hono/zod-openapi';
import { openEnding } from '../../../protocol/ending.ts';
import { organisationOf } from '../directory/organisations.ts';
import { keepEnding } from '../directory/partnerships.ts';
import { type App, askerOf, callOf, type Dependencies, findPartnership, refused } from './http.ts';
import { bytes, inPath, jsonAnswer, jsonBody, problems, stored } from './schemas.ts';

const MAX_ENDING_BYTES = 256;

const putEnding = createRoute({
  method: 'put',
  path: '/v1/partnerships/{partnership}/ending',
  summary: 'End the partnership: the work of both sides is deleted',
  security: [{ bearer: [] }],
  request: {
    params: z.object({ partnership: inPath.partnership }),
    body: jsonBody(z.strictObject({ ending: bytes({ atMost: MAX_ENDING_BYTES }) })),
  },
  responses: { 200: jsonAnswer(stored, 'Ended'), ...problems },
});

export function addEndingRoutes(app: App, dependencies: Dependencies): void {
  const { directory } = dependencies;

  app.openapi(putEnding, async (context) => {
    const { partnership } = context.req.valid('param');
    const { ending } = context.req.valid('json');
    const { principal } = context.var;
    const found = await findPartnership(dependencies, principal, partnership);
    if (!found.ok) return refused(context, found);
    const { row, side } = found.value;
    const caller = await organisationOf(directory, principal.organisation);
    if (!caller) throw new Error('a caller is registered');
    const opened = openEnding(ending, { partnership, side }, caller.agent_key);
    if (!opened.ok) return refused(context, opened);
    // Without a second party there was no work yet.
    const call = await callOf(dependencies, found.value, askerOf(principal), 'end');
    if (call.ok) {
      const deleted = await dependencies.partnerships(partnership).run('end', call.value, {});
      if (!deleted.ok) return refused(context, deleted);
    }
    const kept = await keepEnding(directory, row, side, ending);
    return kept.ok ? context.json({ stored: true as const }, 200) : refused(context, kept);
  });
}

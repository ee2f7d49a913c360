/** An unattended agent's report of itself, for its partner. */
import { createRoute, z } from '@hono/zod-openapi';
import { HEALTH_CODES, VERSION_PATTERN } from '../../../protocol/health.ts';
import { type App, type Dependencies, refused, runOperation } from './http.ts';
import { inPath, jsonAnswer, jsonBody, problems, stored } from './schemas.ts';

const putHealth = createRoute({
  method: 'put',
  path: '/v1/partnerships/{partnership}/health',
  summary: "Report the caller's agent to the partner: version and one code",
  security: [{ bearer: [] }],
  request: {
    params: z.object({ partnership: inPath.partnership }),
    body: jsonBody(
      z.strictObject({ code: z.enum(HEALTH_CODES), version: z.string().regex(VERSION_PATTERN) }),
    ),
  },
  responses: { 200: jsonAnswer(stored, 'Stored'), ...problems },
});

export function addHealthRoute(app: App, dependencies: Dependencies): void {
  app.openapi(putHealth, async (context) => {
    const { partnership } = context.req.valid('param');
    const report = context.req.valid('json');
    const result = await runOperation(dependencies, context.var.principal, partnership, 'putHealth', report);
    return result.ok ? context.json({ stored: true as const }, 200) : refused(context, result);
  });
}

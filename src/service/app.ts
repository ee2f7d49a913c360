/** The service as one Hono app on standard Web APIs: routes, limits, headers and errors. */
import { OpenAPIHono } from '@hono/zod-openapi';
import type { MiddlewareHandler } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { HTTPException } from 'hono/http-exception';
import { secureHeaders } from 'hono/secure-headers';
import { MAX_SUBMISSION_CHUNK_BYTES } from '../../protocol/submission.ts';
import { authenticate, isPublic } from './auth/authenticate.ts';
import { addDocumentRoutes } from './routes/documents.ts';
import { type App, type AppEnv, type Dependencies, problem } from './routes/http.ts';
import { addPublicRoutes } from './routes/organisations.ts';
import { addPartnershipRoutes } from './routes/partnerships.ts';
import { addQuestionRoutes } from './routes/questions.ts';
import { addRequestRoutes } from './routes/requests.ts';
import { addSubmissionRoutes } from './routes/submissions.ts';

/** Bodies of bytes, a submission's list of chunks, all other bodies. */
const LIMITS: readonly (readonly [path: RegExp, bytes: number])[] = [
  [/\/(chunks|evaluations)\/[^/]+$/, MAX_SUBMISSION_CHUNK_BYTES],
  [/\/submissions\/[^/]+$/, 1024 * 1024],
  [/./, 256 * 1024],
];

export function createApp(dependencies: Dependencies): App {
  const app: App = new OpenAPIHono<AppEnv>({
    defaultHook: (result, context) => {
      if (result.success) return undefined;
      const where = result.error.issues.map((issue) => [result.target, ...issue.path].join('.'));
      return problem(context, 'invalid_request', [...new Set(where)].join(', '));
    },
  });
  app.notFound((context) => problem(context, 'not_found'));
  app.onError((error, context) => {
    // What is thrown on purpose is Hono's: a body that is no JSON, or not said to be.
    if (error instanceof HTTPException && error.status === 415) {
      return problem(context, 'unsupported_media_type');
    }
    if (error instanceof HTTPException && error.status < 500) {
      return problem(context, 'invalid_request', 'body');
    }
    dependencies.report(error);
    return problem(context, 'internal');
  });
  app.use(secureHeaders());
  for (const [pattern, maxSize] of LIMITS) app.use(limited(pattern, maxSize));
  app.use('/v1/*', async (context, next) => {
    if (isPublic(context.req.method, context.req.path)) return await next();
    const principal = await authenticate(dependencies.directory, context.req.raw, dependencies.now());
    if (!principal) return problem(context, 'unauthenticated');
    context.set('principal', principal);
    return await next();
  });

  app.get('/healthz', (context) => context.json({ ok: true }));
  addPublicRoutes(app, dependencies);
  addPartnershipRoutes(app, dependencies);
  addDocumentRoutes(app, dependencies);
  addRequestRoutes(app, dependencies);
  addSubmissionRoutes(app, dependencies);
  addQuestionRoutes(app, dependencies);

  app.openAPIRegistry.registerComponent('securitySchemes', 'bearer', { type: 'http', scheme: 'bearer' });
  app.doc31('/openapi.json', {
    openapi: '3.1.0',
    info: { title: 'commonground', version: dependencies.config.version },
  });
  return app;
}

/** Limits the bodies of the paths that this is the first pattern for. */
function limited(pattern: RegExp, maxSize: number): MiddlewareHandler {
  const limit = bodyLimit({ maxSize, onError: (context) => problem(context, 'too_large') });
  return async (context, next) => {
    const isFirst = LIMITS.find(([path]) => path.test(context.req.path))?.[0] === pattern;
    return isFirst ? await limit(context, next) : await next();
  };
}

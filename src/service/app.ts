/** The service as one Hono app on standard Web APIs: routes, limits, headers and errors. */
import { OpenAPIHono } from '@hono/zod-openapi';
import type { Context, MiddlewareHandler } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { HTTPException } from 'hono/http-exception';
import { matchedRoutes } from 'hono/route';
import { secureHeaders } from 'hono/secure-headers';
import { MAX_SUBMISSION_CHUNK_BYTES } from '../../protocol/submission.ts';
import { needsToken, permissionOf } from '../wire/permissions.ts';
import { authenticate, callerOf, countedOf } from './auth/authenticate.ts';
import { openLogins } from './auth/login.ts';
import { checkPermissions } from './auth/permissions.ts';
import { isCompanyOfOne } from './directory/members.ts';
import { describe } from './routes/description.ts';
import { addDocumentRoutes } from './routes/documents.ts';
import { addEndingRoutes } from './routes/endings.ts';
import { addHealthRoute } from './routes/health.ts';
import { type App, type AppEnv, type Dependencies, problem } from './routes/http.ts';
import { addMemberRoutes } from './routes/members.ts';
import { addPublicRoutes } from './routes/organisations.ts';
import { addPartnershipRoutes } from './routes/partnerships.ts';
import { addQuestionRoutes } from './routes/questions.ts';
import { addRequestRoutes } from './routes/requests.ts';
import { addRosterRoutes } from './routes/rosters.ts';
import { addScopeRequestRoutes } from './routes/scoperequests.ts';
import { addScopeRoutes } from './routes/scopes.ts';
import { addSessionRoutes } from './routes/sessions.ts';
import { addSubmissionRoutes } from './routes/submissions.ts';
import { addVaultRoutes } from './routes/vault.ts';

/** Bodies of bytes, a submission's list of chunks or a vault's head, all other bodies. */
const LIMITS: readonly (readonly [path: RegExp, bytes: number])[] = [
  [/\/((chunks|evaluations)\/[^/]+|vault\/[^/]+\/rows)$/, MAX_SUBMISSION_CHUNK_BYTES],
  [/\/(submissions|vault\/heads)\/[^/]+$/, 1024 * 1024],
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
    // Whoever hung up gets no answer, and it is nobody's fault here.
    if (context.req.raw.signal.aborted) return problem(context, 'invalid_request', 'body');
    dependencies.report(error, context.var.requestId);
    return problem(context, 'internal');
  });
  app.use(observed(dependencies));
  app.use(secureHeaders());
  app.use('/v1/*', admission(dependencies));
  app.use(limited());

  app.get('/healthz', (context) => context.json({ ok: true }));
  app.get('/readyz', async (context) => {
    const ok = await dependencies.isReady();
    return context.json({ ok }, ok ? 200 : 503);
  });
  addPublicRoutes(app, dependencies);
  const logins = openLogins(dependencies.directory, dependencies.now, dependencies.random);
  addSessionRoutes(app, dependencies, logins);
  addMemberRoutes(app, dependencies, logins);
  addPartnershipRoutes(app, dependencies);
  addHealthRoute(app, dependencies);
  addDocumentRoutes(app, dependencies);
  addRosterRoutes(app, dependencies);
  addScopeRoutes(app, dependencies);
  addScopeRequestRoutes(app, dependencies);
  addEndingRoutes(app, dependencies);
  addRequestRoutes(app, dependencies);
  addSubmissionRoutes(app, dependencies);
  addVaultRoutes(app, dependencies);
  addQuestionRoutes(app, dependencies);

  const description = describe(app, dependencies.config.version);
  app.get('/openapi.json', (context) => context.json(description));
  checkPermissions(app.routes);
  return app;
}

/** Gives the request its id, and notes it when it is answered. */
function observed({ now, observe }: Dependencies): MiddlewareHandler<AppEnv> {
  return async (context, next) => {
    const begunMs = now();
    const id = crypto.randomUUID();
    context.set('requestId', id);
    // Before there is an answer: what is set behind one makes the server copy its body through a stream.
    context.header('x-request-id', id);
    await next();
    // What is registered for all methods is middleware, and no route of its own.
    const matched = matchedRoutes(context).findLast((route) => route.method !== 'ALL');
    observe({
      id,
      method: context.req.method,
      route: matched?.path ?? null,
      status: context.res.status,
      ms: Math.max(0, now() - begunMs),
      problem: context.var.problem ?? null,
    });
  };
}

/**
 * Lets in whom the table of permissions names for the route that will answer, unless it asks too often. It looks at no
 * body, and at no partnership: who may not ask learns nothing of what there is.
 */
function admission({ directory, rates, now }: Dependencies): MiddlewareHandler<AppEnv> {
  return async (context, next) => {
    const route = matchedRoutes(context).find(({ method }) => method !== 'ALL');
    const permission = route ? permissionOf(route.method, route.path) : null;
    const isOpen = !needsToken(permission);
    const principal = isOpen ? null : await authenticate(directory, context.req.raw, now());
    if (principal) context.set('principal', principal);
    else if (!isOpen) return problem(context, 'unauthenticated');
    const seconds = await rates.take(principal ? countedOf(principal) : `anonymous ${permission?.counted}`);
    if (seconds !== 0) {
      context.header('retry-after', String(seconds));
      return problem(context, 'rate_limited');
    }
    if (!permission) return problem(context, 'not_found');
    if (principal && !permission.callers.includes(callerOf(principal))) return problem(context, 'wrong_role');
    if (principal?.kind === 'agent' && permission.solo) {
      if (!(await isCompanyOfOne(directory, principal.organisation))) return problem(context, 'forbidden');
    }
    return await next();
  };
}

/** Limits bodies: by the length that is declared, which the server holds a client to, or else while they come. */
function limited(): MiddlewareHandler {
  const onError = (context: Context) => problem(context, 'too_large');
  const limits = LIMITS.map(([path, maxSize]) => ({
    path,
    maxSize,
    counted: bodyLimit({ maxSize, onError }),
  }));
  return async (context, next) => {
    const limit = limits.find(({ path }) => path.test(context.req.path));
    if (!limit) throw new Error('the last limit is for all paths');
    const declared = context.req.header('content-length');
    // To look at the body itself would make a stream of it.
    if (declared === undefined || context.req.header('transfer-encoding') !== undefined)
      return await limit.counted(context, next);
    return Number(declared) <= limit.maxSize ? await next() : onError(context);
  };
}

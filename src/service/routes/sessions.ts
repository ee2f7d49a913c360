/** Log-in and log-out of people, and who one is. */
import { createRoute, z } from '@hono/zod-openapi';
import * as answers from '../../wire/answers.ts';
import { email } from '../../wire/login.ts';
import type { Logins } from '../auth/login.ts';
import { memberOf } from '../directory/members.ts';
import { organisationOf } from '../directory/organisations.ts';
import { logIn, logOut } from '../directory/sessions.ts';
import { timeText } from '../partnership/context.ts';
import { type App, type Dependencies, problem, refused } from './http.ts';
import { jsonAnswer, jsonBody, organisationId, password, problems } from './schemas.ts';

const security = [{ bearer: [] }];
const NO_STORE = { 'cache-control': 'no-store' };
const ended = z.object({ ended: z.literal(true) });

const postSession = createRoute({
  method: 'post',
  path: '/v1/sessions',
  summary: 'Log in as a member',
  request: { body: jsonBody(z.strictObject({ organisation: organisationId, email, password })) },
  responses: {
    200: jsonAnswer(answers.session, 'A bearer token'),
    ...problems,
  },
});

const deleteSession = createRoute({
  method: 'delete',
  path: '/v1/sessions/current',
  summary: 'Log out',
  security,
  responses: { 200: jsonAnswer(ended, 'The session is ended'), ...problems },
});

const deleteSessions = createRoute({
  method: 'delete',
  path: '/v1/sessions',
  summary: 'Log out everywhere',
  security,
  responses: { 200: jsonAnswer(ended, 'All sessions of the caller are ended'), ...problems },
});

const getMe = createRoute({
  method: 'get',
  path: '/v1/me',
  summary: 'Who the caller is',
  security,
  responses: {
    200: jsonAnswer(answers.me, 'The caller'),
    ...problems,
  },
});

export function addSessionRoutes(app: App, dependencies: Dependencies, logins: Logins): void {
  const { directory, now } = dependencies;

  app.openapi(postSession, async (context) => {
    const result = await logIn(directory, logins, context.req.valid('json'), now());
    if (!result.ok) return refused(context, result);
    if ('waitMs' in result.value) {
      context.header('retry-after', String(Math.ceil(result.value.waitMs / 1000)));
      return problem(context, 'rate_limited');
    }
    const { token, expiresMs, member, role } = result.value;
    return context.json({ token, expiresAt: timeText(expiresMs), member, role }, 200, NO_STORE);
  });

  app.openapi(deleteSession, async (context) => {
    const { principal } = context.var;
    if (principal.kind === 'member') await logOut(directory, principal.member, principal.session);
    return context.json({ ended: true as const }, 200);
  });

  app.openapi(deleteSessions, async (context) => {
    const { principal } = context.var;
    if (principal.kind === 'member') await logOut(directory, principal.member, null);
    return context.json({ ended: true as const }, 200);
  });

  app.openapi(getMe, async (context) => {
    const { principal } = context.var;
    const row = await organisationOf(directory, principal.organisation);
    if (!row) throw new Error('a caller is registered');
    const organisation = { id: row.id, name: row.name };
    if (principal.kind === 'agent') {
      return context.json({ organisation, role: 'agent' as const, member: null }, 200, NO_STORE);
    }
    const member = await memberOf(directory, principal.member);
    const partnerships = member?.partners ? [...member.partners] : null;
    const me = { id: principal.member, email: member?.email ?? '', partnerships };
    return context.json({ organisation, role: principal.role, member: me }, 200, NO_STORE);
  });
}

/** The service's description, registration of organisations and log-in of agents: what needs no token. */
import { createRoute, z } from '@hono/zod-openapi';
import { CHALLENGE_BYTES } from '../../../protocol/login.ts';
import * as answers from '../../wire/answers.ts';
import { issueChallenge, issueToken } from '../directory/logins.ts';
import { register } from '../directory/organisations.ts';
import { timeText } from '../partnership/context.ts';
import { type App, type Dependencies, problem, refused } from './http.ts';
import {
  bytes,
  bytesText,
  inPath,
  jsonAnswer,
  jsonBody,
  organisationId,
  partnershipId,
  problems,
  textOf,
  timestamp,
} from './schemas.ts';

const MAX_CERTIFICATE_BYTES = 4096;
const MAX_LOGIN_BYTES = 1024;

const service = createRoute({
  method: 'get',
  path: '/v1/service',
  summary: 'What this service is and who operates it',
  responses: {
    200: jsonAnswer(answers.service, 'The service'),
    ...problems,
  },
});

const registered = z.object({ organisation: z.string(), name: z.string(), serial: z.int() });

const putOrganisation = createRoute({
  method: 'put',
  path: '/v1/organisations/{organisation}',
  summary: 'Register an organisation, or renew its certificate',
  request: {
    params: z.object({ organisation: inPath.organisation }),
    body: jsonBody(
      z.strictObject({
        certificate: bytes({ atMost: MAX_CERTIFICATE_BYTES }),
        registrationCode: z.string().max(100).optional(),
        invitation: z.strictObject({ partnership: partnershipId, code: bytes({ atMost: 64 }) }).optional(),
      }),
    ),
  },
  responses: {
    200: jsonAnswer(registered, 'Known before'),
    201: jsonAnswer(registered, 'Registered'),
    ...problems,
  },
});

const postChallenge = createRoute({
  method: 'post',
  path: '/v1/login/challenges',
  summary: 'Ask for a challenge to sign',
  request: { body: jsonBody(z.strictObject({ organisation: organisationId })) },
  responses: {
    200: jsonAnswer(z.object({ challenge: bytesText, expiresAt: timestamp }), 'A challenge'),
    ...problems,
  },
});

const postToken = createRoute({
  method: 'post',
  path: '/v1/login/tokens',
  summary: 'Exchange a signed challenge for a token',
  request: {
    body: jsonBody(
      z.strictObject({
        organisation: organisationId,
        challenge: bytes({ exactly: CHALLENGE_BYTES }),
        signature: bytes({ atMost: MAX_LOGIN_BYTES }),
      }),
    ),
  },
  responses: {
    200: jsonAnswer(z.object({ token: z.string(), expiresAt: timestamp }), 'A bearer token'),
    ...problems,
  },
});

export function addPublicRoutes(app: App, dependencies: Dependencies): void {
  const { directory, config, now, random } = dependencies;

  app.openapi(service, (context) =>
    context.json({ ...config, jurisdictions: [...(config.jurisdictions ?? [])], time: timeText(now()) }, 200),
  );

  app.openapi(putOrganisation, async (context) => {
    const { organisation } = context.req.valid('param');
    const body = context.req.valid('json');
    const result = await register(directory, config.registration, { organisation, ...body }, now());
    if (!result.ok) return refused(context, result);
    const { name, serial, isNew } = result.value;
    return context.json({ organisation, name, serial }, isNew ? 201 : 200);
  });

  app.openapi(postChallenge, async (context) => {
    const { organisation } = context.req.valid('json');
    const { challenge, expiresMs } = await issueChallenge(directory, organisation, now(), random);
    return context.json({ challenge: textOf(challenge), expiresAt: timeText(expiresMs) }, 200, NO_STORE);
  });

  app.openapi(postToken, async (context) => {
    const audience = new URL(context.req.url).host;
    // The signed audience stops a challenge that another service relays, but only if this one knows its own name:
    // whoever relays can send any Host.
    if (!dependencies.isOwnHost(audience)) return problem(context, 'misdirected');
    const proof = { ...context.req.valid('json'), audience };
    const result = await issueToken(directory, proof, now(), random);
    if (!result.ok) return refused(context, result);
    const { token, expiresMs } = result.value;
    return context.json({ token, expiresAt: timeText(expiresMs) }, 200, NO_STORE);
  });
}

const NO_STORE = { 'cache-control': 'no-store' };

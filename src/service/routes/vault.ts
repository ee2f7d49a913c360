/** The vault: keys wrapped for members, and the own accounts that only they can read. */
import { createRoute, z } from '@hono/zod-openapi';
import { MAX_HEAD_BYTES } from '../../../protocol/vault/head.ts';
import { MAX_SEALED_PIECE_BYTES } from '../../../protocol/vault/upload.ts';
import * as answers from '../../wire/answers.ts';
import { organisationOf } from '../directory/organisations.ts';
import { dropWraps, putWrap, wrapsOf } from '../directory/vault.ts';
import {
  type App,
  type Dependencies,
  isOctets,
  octetAnswer,
  octetBody,
  problem,
  refused,
  runOperation,
} from './http.ts';
import {
  bytes,
  inPath,
  jsonAnswer,
  jsonBody,
  octetContent,
  octets,
  problems,
  stored,
  textOf,
} from './schemas.ts';

const MAX_WRAP_BYTES = 8192;

const security = [{ bearer: [] }];
const { member, number, partnership, index } = inPath;
const NO_STORE = { 'cache-control': 'no-store' };
const base = '/v1/partnerships/{partnership}/vault';

const getVault = createRoute({
  method: 'get',
  path: '/v1/vault',
  summary:
    'The vault keys that were wrapped for the caller, and the certificate of the caller’s organisation',
  security,
  responses: { 200: jsonAnswer(answers.vault, 'The newest key last'), ...problems },
});

const putMemberWrap = createRoute({
  method: 'put',
  path: '/v1/members/{member}/vault/{number}',
  summary: 'Give a member the vault key of this number, wrapped',
  security,
  request: {
    params: z.object({ member, number }),
    body: jsonBody(z.strictObject({ wrap: bytes({ atMost: MAX_WRAP_BYTES }) })),
  },
  responses: { 200: jsonAnswer(stored, 'Stored'), ...problems },
});

const deleteWraps = createRoute({
  method: 'delete',
  path: '/v1/vault/{number}',
  summary: 'Delete the wrapped keys below this number',
  security,
  request: { params: z.object({ number }) },
  responses: { 200: jsonAnswer(z.object({ deleted: z.literal(true) }), 'Deleted'), ...problems },
});

const putRows = createRoute({
  method: 'put',
  path: `${base}/{number}/rows`,
  summary: 'Put own accounts into the vault, sealed under the key of this number, or take them out',
  security,
  request: { params: z.object({ partnership, number }), body: octets },
  responses: { 200: jsonAnswer(stored, 'Stored'), ...problems },
});

const names = z.object({ partnership, number, index });

const putNames = createRoute({
  method: 'put',
  path: `${base}/{number}/names/{index}`,
  summary: 'Put one piece of the names that the own list knows',
  security,
  request: { params: names, body: octets },
  responses: { 200: jsonAnswer(stored, 'Stored'), ...problems },
});

const getNames = createRoute({
  method: 'get',
  path: `${base}/{number}/names/{index}`,
  summary: 'One piece of the names that the own list knows',
  security,
  request: { params: names },
  responses: { 200: { description: 'The piece', content: octetContent }, ...problems },
});

const putHead = createRoute({
  method: 'put',
  path: `${base}/heads/{number}`,
  summary: 'Tell the own members what is pinned of the partner, and which vault stands',
  security,
  request: {
    params: z.object({ partnership, number }),
    body: jsonBody(z.strictObject({ head: bytes({ atMost: MAX_HEAD_BYTES }) })),
  },
  responses: { 200: jsonAnswer(stored, 'Stored'), ...problems },
});

export function addVaultRoutes(app: App, dependencies: Dependencies): void {
  const { directory } = dependencies;

  app.openapi(getVault, async (context) => {
    const { principal } = context.var;
    const row = await organisationOf(directory, principal.organisation);
    if (!row || principal.kind !== 'member') throw new Error('the caller is a member');
    const wraps = (await wrapsOf(directory, principal.member)).map((wrap) => textOf(wrap));
    return context.json({ certificate: textOf(row.certificate), wraps }, 200, NO_STORE);
  });

  app.openapi(putMemberWrap, async (context) => {
    const input = { ...context.req.valid('param'), ...context.req.valid('json') };
    const result = await putWrap(directory, context.var.principal, input);
    return result.ok ? context.json({ stored: true as const }, 200) : refused(context, result);
  });

  app.openapi(deleteWraps, async (context) => {
    await dropWraps(directory, context.var.principal.organisation, context.req.valid('param').number);
    return context.json({ deleted: true as const }, 200);
  });

  app.openapi(putRows, async (context) => {
    if (!isOctets(context)) return problem(context, 'unsupported_media_type');
    const { partnership: id, ...at } = context.req.valid('param');
    const input = { ...at, bytes: await octetBody(context) };
    const result = await runOperation(dependencies, context.var.principal, id, 'putVaultRows', input);
    return result.ok ? context.json({ stored: true as const }, 200) : refused(context, result);
  });

  app.openapi(putNames, async (context) => {
    if (!isOctets(context)) return problem(context, 'unsupported_media_type');
    const { partnership: id, ...at } = context.req.valid('param');
    const input = { ...at, bytes: await octetBody(context) };
    if (input.bytes.length > MAX_SEALED_PIECE_BYTES) return problem(context, 'too_large');
    const result = await runOperation(dependencies, context.var.principal, id, 'putVaultNames', input);
    return result.ok ? context.json({ stored: true as const }, 200) : refused(context, result);
  });

  app.openapi(getNames, async (context) => {
    const { partnership: id, ...at } = context.req.valid('param');
    const result = await runOperation(dependencies, context.var.principal, id, 'getVaultNames', at);
    return result.ok ? octetAnswer(context, result.value) : refused(context, result);
  });

  app.openapi(putHead, async (context) => {
    const { partnership: id, number: of } = context.req.valid('param');
    const input = { number: of, ...context.req.valid('json') };
    const result = await runOperation(dependencies, context.var.principal, id, 'putVaultHead', input);
    return result.ok ? context.json({ stored: true as const }, 200) : refused(context, result);
  });
}

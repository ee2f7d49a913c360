/** Questions: matrix, overlap, white space and ledger. Answers are never stored on the way. */
import { createRoute, z } from '@hono/zod-openapi';
import type { PartnershipId } from '../../../protocol/ids.ts';
import { ok } from '../../../protocol/result.ts';
import * as answers from '../../wire/answers.ts';
import type { Principal } from '../auth/authenticate.ts';
import { timeText } from '../partnership/context.ts';
import type { OverlapRow, Page } from '../partnership/overlap.ts';
import { type App, type Dependencies, refused, runOperation } from './http.ts';
import { inPath, jsonAnswer, jsonBody, problems, snapshotOf, textOf } from './schemas.ts';

const security = [{ bearer: [] }];
const params = z.object({ partnership: inPath.partnership });
const NO_STORE = { 'cache-control': 'no-store' };

const populations = z.array(z.string().max(100)).max(100).optional();
const cursor = z.string().max(400).optional();
const paging = {
  snapshot: z.int().min(1).optional(),
  cursor,
  limit: z.int().min(1).max(1000).optional(),
};

const postMatrix = createRoute({
  method: 'post',
  path: '/v1/partnerships/{partnership}/matrix',
  summary: 'Counts of every cell that is granted',
  security,
  request: { params, body: jsonBody(z.strictObject({})) },
  responses: {
    200: jsonAnswer(answers.matrix, 'The matrix'),
    ...problems,
  },
});

const postOverlap = createRoute({
  method: 'post',
  path: '/v1/partnerships/{partnership}/overlap',
  summary: 'The pairs of the cells whose accounts are granted',
  security,
  request: {
    params,
    body: jsonBody(
      z.strictObject({
        mine: populations,
        theirs: populations,
        since: z.int().min(0).optional(),
        ...paging,
      }),
    ),
  },
  responses: {
    200: jsonAnswer(answers.overlap, 'One page'),
    ...problems,
  },
});

const postWhiteSpace = createRoute({
  method: 'post',
  path: '/v1/partnerships/{partnership}/whitespace',
  summary: "The partner's accounts that are in no pair, where names are granted",
  security,
  request: { params, body: jsonBody(z.strictObject({ theirs: populations, ...paging })) },
  responses: {
    200: jsonAnswer(answers.whiteSpace, 'One page'),
    ...problems,
  },
});

const postLedger = createRoute({
  method: 'post',
  path: '/v1/partnerships/{partnership}/ledger',
  summary: 'What was revealed to whom',
  security,
  request: { params, body: jsonBody(z.strictObject({ cursor })) },
  responses: {
    200: jsonAnswer(answers.ledger, 'Entries, oldest first'),
    ...problems,
  },
});

export function addQuestionRoutes(app: App, dependencies: Dependencies): void {
  app.openapi(postMatrix, async (context) => {
    const { partnership } = context.req.valid('param');
    const result = await runOperation(dependencies, context.var.principal, partnership, 'matrix', {});
    if (!result.ok) return refused(context, result);
    const { snapshot: of, populations: names, cells } = result.value;
    const body = {
      snapshot: snapshotOf(of),
      populations: { mine: [...names.mine], theirs: [...names.theirs] },
      cells: cells.map(({ reasons, ...cell }) => ({ ...cell, reasons: [...reasons] })),
    };
    return context.json(body, 200, NO_STORE);
  });

  app.openapi(postOverlap, async (context) => {
    const { partnership } = context.req.valid('param');
    const input = context.req.valid('json');
    const { principal } = context.var;
    const result = await runOperation(dependencies, principal, partnership, 'overlap', input);
    if (!result.ok) return refused(context, result);
    const { rows } = result.value;
    const own =
      principal.kind === 'member' ? await ownRowsOf(dependencies, principal, partnership, rows) : ok(null);
    if (!own.ok) return refused(context, own);
    return context.json({ ...pageOf(result.value), rows: rows.map(rowOf), own: own.value }, 200, NO_STORE);
  });

  app.openapi(postWhiteSpace, async (context) => {
    const { partnership } = context.req.valid('param');
    const input = context.req.valid('json');
    const result = await runOperation(dependencies, context.var.principal, partnership, 'whiteSpace', input);
    if (!result.ok) return refused(context, result);
    const rows = result.value.rows.map(({ handle, names }) => ({
      handle,
      names: names.map(({ population, sealed }) => ({ population, sealed: textOf(sealed) })),
    }));
    const { capped, moreFromMs } = result.value;
    const moreFrom = moreFromMs === null ? null : timeText(moreFromMs);
    return context.json({ ...pageOf(result.value), rows, capped, moreFrom }, 200, NO_STORE);
  });

  app.openapi(postLedger, async (context) => {
    const { partnership } = context.req.valid('param');
    const input = context.req.valid('json');
    const result = await runOperation(dependencies, context.var.principal, partnership, 'ledger', input);
    if (!result.ok) return refused(context, result);
    const entries = result.value.entries.map(({ atMs, cells, ...entry }) => ({
      ...entry,
      at: timeText(atMs),
      cells: [...cells],
    }));
    return context.json({ entries, next: result.value.next }, 200, NO_STORE);
  });
}

/** What a member needs beside the partner's side of the rows: the own accounts, which the agent has in its store. */
async function ownRowsOf(
  dependencies: Dependencies,
  principal: Principal,
  id: PartnershipId,
  rows: readonly OverlapRow[],
) {
  const handles = rows.map(({ mine }) => mine);
  const result = await runOperation(dependencies, principal, id, 'vaultRows', { handles });
  if (!result.ok) return result;
  const { key, rows: own } = result.value;
  return ok({ key, rows: own.map(({ handle, sealed }) => ({ handle, sealed: textOf(sealed) })) });
}

function pageOf<Row>(answer: Page<Row>) {
  return {
    snapshot: snapshotOf(answer.snapshot),
    head: textOf(answer.head),
    scope: textOf(answer.scope),
    cells: answer.cells.map(({ fields, reasons, ...cell }) => ({
      ...cell,
      fields: [...fields],
      reasons: [...reasons],
    })),
    next: answer.next,
  };
}

function rowOf(row: OverlapRow) {
  return {
    mine: row.mine,
    theirs: row.theirs,
    tier: row.tier,
    reasons: [...row.reasons],
    firstSeen: row.firstSeen,
    firstSeenAt: timeText(row.firstSeenAtMs),
    cells: [...row.cells],
    matches: row.matches.map((match) => ({
      kind: match.kind,
      tag: textOf(match.tag),
      boxes: match.boxes.map(({ population, box }) => ({ population, box: textOf(box) })),
      wrapped: textOf(match.wrapped),
    })),
    fields: Object.fromEntries(Object.entries(row.fields).map(([field, sealed]) => [field, textOf(sealed)])),
  };
}

/** Partnerships: the list, the invitation's three steps, and the view of one. */
import { createRoute, z } from '@hono/zod-openapi';
import { HASH_BYTES } from '../../../protocol/hash.ts';
import { type OrganisationId, otherSide } from '../../../protocol/ids.ts';
import { ok } from '../../../protocol/result.ts';
import type { CellGrant } from '../../../protocol/scope.ts';
import * as answers from '../../wire/answers.ts';
import { isCompanyOfOne, memberOf } from '../directory/members.ts';
import { organisationOf } from '../directory/organisations.ts';
import {
  acceptInvitation,
  invite,
  openPartnership,
  partnershipsOf,
  sideIn,
  stateOf,
} from '../directory/partnerships.ts';
import { rostersOf } from '../directory/rosters.ts';
import { timeText } from '../partnership/context.ts';
import { NO_LIMITS } from '../partnership/limits.ts';
import type { RequestView, WorkView } from '../partnership/view.ts';
import { type App, askerOf, callOf, type Dependencies, findPartnership, problem, refused } from './http.ts';
import {
  bytes,
  inPath,
  jsonAnswer,
  jsonBody,
  problems,
  snapshotOf,
  stored,
  textOf,
  textsOf,
  versionTexts,
} from './schemas.ts';

const MAX_INTRODUCTION_BYTES = 8192;

const params = z.object({ partnership: inPath.partnership });
const security = [{ bearer: [] }];

const list = createRoute({
  method: 'get',
  path: '/v1/partnerships',
  summary: "The caller's partnerships",
  security,
  responses: {
    200: jsonAnswer(answers.partnershipList, 'Oldest first'),
    ...problems,
  },
});

const putPartnership = createRoute({
  method: 'put',
  path: '/v1/partnerships/{partnership}',
  summary: 'Invite: the founder commits itself',
  security,
  request: {
    params,
    body: jsonBody(
      z.strictObject({
        commitment: bytes({ exactly: HASH_BYTES }),
        codeHash: bytes({ exactly: HASH_BYTES }),
        jurisdiction: z.string().max(40).optional(),
      }),
    ),
  },
  responses: {
    200: jsonAnswer(stored, 'Known before'),
    201: jsonAnswer(stored, 'Invited'),
    ...problems,
  },
});

const putAcceptance = createRoute({
  method: 'put',
  path: '/v1/partnerships/{partnership}/acceptance',
  summary: 'Accept an invitation, with its code',
  security,
  request: {
    params,
    body: jsonBody(
      z.strictObject({ acceptance: bytes({ atMost: MAX_INTRODUCTION_BYTES }), code: bytes({ atMost: 64 }) }),
    ),
  },
  responses: { 200: jsonAnswer(stored, 'Accepted'), ...problems },
});

const putOpening = createRoute({
  method: 'put',
  path: '/v1/partnerships/{partnership}/opening',
  summary: 'Open the commitment',
  security,
  request: {
    params,
    body: jsonBody(z.strictObject({ opening: bytes({ atMost: MAX_INTRODUCTION_BYTES }) })),
  },
  responses: { 200: jsonAnswer(stored, 'Opened'), ...problems },
});

const getPartnership = createRoute({
  method: 'get',
  path: '/v1/partnerships/{partnership}',
  summary: 'How the work between the two sides stands',
  security,
  request: { params },
  responses: { 200: jsonAnswer(answers.partnershipView, 'The partnership'), ...problems },
});

export function addPartnershipRoutes(app: App, dependencies: Dependencies): void {
  const { directory, now } = dependencies;

  app.openapi(list, async (context) => {
    const { principal } = context.var;
    const { organisation } = principal;
    const member = principal.kind === 'member' ? await memberOf(directory, principal.member) : null;
    const narrowed = member?.partners && new Set(member.partners);
    const all = await partnershipsOf(directory, organisation);
    const rows = narrowed ? all.filter(({ id }) => narrowed.has(id)) : all;
    const partnerships = rows.map((row) => {
      const own = sideIn(row, organisation) ?? 'founder';
      const partner = own === 'founder' ? row.joiner : row.founder;
      return {
        id: row.id,
        side: own,
        state: stateOf(row),
        partner: partner && row.partner_name ? { organisation: partner, name: row.partner_name } : null,
        createdAt: timeText(row.created_ms),
      };
    });
    return context.json({ partnerships }, 200);
  });

  app.openapi(putPartnership, async (context) => {
    const invitation = { ...context.req.valid('param'), ...context.req.valid('json') };
    const { jurisdiction } = invitation;
    const offered = dependencies.config.jurisdictions ?? [];
    if (jurisdiction !== undefined && !offered.includes(jurisdiction)) {
      return problem(context, 'invalid_request', `jurisdiction is one of: ${offered.join(', ') || 'none'}`);
    }
    const result = await invite(directory, context.var.principal.organisation, invitation, now());
    if (!result.ok) return refused(context, result);
    return context.json({ stored: true as const }, result.value ? 201 : 200);
  });

  app.openapi(putAcceptance, async (context) => {
    const input = { ...context.req.valid('param'), ...context.req.valid('json') };
    const result = await acceptInvitation(directory, context.var.principal.organisation, input, now());
    return result.ok ? context.json({ stored: true as const }, 200) : refused(context, result);
  });

  app.openapi(putOpening, async (context) => {
    const { partnership } = context.req.valid('param');
    const { opening } = context.req.valid('json');
    const found = await findPartnership(dependencies, context.var.principal, partnership);
    if (!found.ok) return refused(context, found);
    const { row, side: own } = found.value;
    const result = await openPartnership(directory, row, own, opening, now());
    return result.ok ? context.json({ stored: true as const }, 200) : refused(context, result);
  });

  app.openapi(getPartnership, async (context) => {
    const { partnership } = context.req.valid('param');
    const { principal } = context.var;
    const found = await findPartnership(dependencies, principal, partnership);
    if (!found.ok) return refused(context, found);
    const { row, side: own } = found.value;
    const founder = await organisationOf(directory, row.founder);
    const joiner = row.joiner && (await organisationOf(directory, row.joiner));
    if (!founder) throw new Error('a partnership has a founder');
    const call = await callOf(dependencies, found.value, askerOf(principal), 'view');
    const work = call.ok ? await dependencies.partnerships(row.id).run('view', call.value, {}) : ok(NO_WORK);
    if (!work.ok) return refused(context, work);
    const rosters = {
      founder: (await rostersOf(directory, row.founder)).map((packed) => textOf(packed)),
      joiner: row.joiner ? (await rostersOf(directory, row.joiner)).map((packed) => textOf(packed)) : [],
    };
    const solo = async (of: OrganisationId | null) => of !== null && (await isCompanyOfOne(directory, of));
    const seenMs = row[`${otherSide(own)}_seen_ms`];
    return context.json(
      {
        id: row.id,
        side: own,
        state: stateOf(row),
        createdAt: timeText(row.created_ms),
        commitment: textOf(row.commitment),
        acceptance: textOf(row.acceptance),
        opening: textOf(row.opening),
        certificates: { founder: textOf(founder.certificate), joiner: joiner && textOf(joiner.certificate) },
        companiesOfOne: { founder: await solo(row.founder), joiner: await solo(row.joiner) },
        endings: textsOf({ founder: row.founder_ending, joiner: row.joiner_ending }),
        rosters,
        ...workOf(work.value),
        since: seenMs === null ? null : { lastSeenAt: timeText(seenMs), health: healthView(work.value) },
      },
      200,
      { 'cache-control': 'no-store' },
    );
  });
}

function workOf(work: WorkView) {
  return {
    epoch: {
      number: work.epoch.number,
      offers: textsOf(work.epoch.offers),
      signatures: textsOf(work.epoch.signatures),
      terms: textsOf(work.epoch.terms),
    },
    scopes: versionTexts(work.scopes),
    limits: { sales: limitOf(work.limits.sales), 'clean-team': limitOf(work.limits['clean-team']) },
    requests: { founder: requestOf(work.requests.founder), joiner: requestOf(work.requests.joiner) },
    lastRequest: work.lastRequest,
    submissions: work.submissions,
    snapshot: snapshotOf(work.snapshot),
    vault: textOf(work.vault),
  };
}

function limitOf(limit: CellGrant | null) {
  return limit && { ...limit, fields: [...limit.fields] };
}

function healthView({ partnerHealth: health }: WorkView) {
  return health && { code: health.code, version: health.version, since: timeText(health.sinceMs) };
}

function requestOf(request: RequestView | null) {
  return request && { ...request, request: textOf(request.request), refusal: textOf(request.refusal) };
}

const NEITHER = { founder: null, joiner: null };

/** The work of a partnership that nobody accepted yet. */
const NO_WORK: WorkView = {
  epoch: { number: 1, offers: NEITHER, signatures: NEITHER, terms: NEITHER },
  scopes: { founder: [], joiner: [] },
  limits: NO_LIMITS,
  requests: NEITHER,
  lastRequest: { founder: 0, joiner: 0 },
  submissions: {
    mine: { active: null, pending: null, matching: null, lastNumber: 0 },
    theirs: { active: null, matching: null },
  },
  snapshot: null,
  vault: null,
  partnerHealth: null,
};

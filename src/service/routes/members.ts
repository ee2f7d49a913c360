/** The people of an organisation: inviting, joining, listing, removing. */
import { createRoute, z } from '@hono/zod-openapi';
import { HASH_BYTES } from '../../../protocol/hash.ts';
import type { PartnershipId } from '../../../protocol/ids.ts';
import { ROLES } from '../../../protocol/member.ts';
import * as answers from '../../wire/answers.ts';
import { email } from '../../wire/login.ts';
import type { Principal } from '../auth/authenticate.ts';
import type { Logins } from '../auth/login.ts';
import { inviteMember, join, type Member, memberOf, membersOf, removeMember } from '../directory/members.ts';
import { timeText } from '../partnership/context.ts';
import type { Directory } from '../storage/directory.ts';
import { type App, type Dependencies, problem, refused } from './http.ts';
import {
  bytes,
  inPath,
  jsonAnswer,
  jsonBody,
  partnershipId,
  password,
  problems,
  stored,
  textOf,
} from './schemas.ts';

const MAX_KEYS_BYTES = 4096;
const MAX_PARTNERS = 500;

const security = [{ bearer: [] }];
const params = z.object({ member: inPath.member });
const NO_STORE = { 'cache-control': 'no-store' };

const getMembers = createRoute({
  method: 'get',
  path: '/v1/members',
  summary: 'The members of the caller’s organisation, former ones too',
  security,
  responses: {
    200: jsonAnswer(
      answers.members,
      'Oldest first; without `partnerships` a member works with all partners. A caller who works with some sees no other ids there',
    ),
    ...problems,
  },
});

const getMember = createRoute({
  method: 'get',
  path: '/v1/members/{member}',
  summary: 'A member of the caller’s organisation, by id',
  security,
  request: { params },
  responses: { 200: jsonAnswer(answers.member, 'The member'), ...problems },
});

const putMember = createRoute({
  method: 'put',
  path: '/v1/members/{member}',
  summary: 'Invite a member',
  security,
  request: {
    params,
    body: jsonBody(
      z.strictObject({
        role: z.enum(ROLES),
        partnerships: z.array(partnershipId).min(1).max(MAX_PARTNERS).nullable(),
        codeHash: bytes({ exactly: HASH_BYTES }),
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
  path: '/v1/members/{member}/acceptance',
  summary: 'Join, with the code of the invitation',
  request: {
    params,
    body: jsonBody(
      z.strictObject({
        code: bytes({ atMost: 64 }),
        email,
        password,
        keys: bytes({ atMost: MAX_KEYS_BYTES }),
      }),
    ),
  },
  responses: { 200: jsonAnswer(stored, 'Joined'), ...problems },
});

const deleteMember = createRoute({
  method: 'delete',
  path: '/v1/members/{member}',
  summary: 'Remove a member: invitation, password and sessions are void at once',
  security,
  request: { params },
  responses: { 200: jsonAnswer(z.object({ removed: z.literal(true) }), 'Removed'), ...problems },
});

export function addMemberRoutes(app: App, dependencies: Dependencies, logins: Logins): void {
  const { directory, now } = dependencies;

  app.openapi(getMembers, async (context) => {
    const { principal } = context.var;
    const members = await membersOf(directory, principal.organisation);
    const seen = await seenBy(directory, principal);
    return context.json({ members: members.map((member) => viewOf(member, seen)) }, 200, NO_STORE);
  });

  app.openapi(getMember, async (context) => {
    const { principal } = context.var;
    const member = await memberOf(directory, context.req.valid('param').member);
    if (member?.organisation !== principal.organisation) return problem(context, 'not_found');
    return context.json(viewOf(member, await seenBy(directory, principal)), 200, NO_STORE);
  });

  app.openapi(putMember, async (context) => {
    const { role, partnerships: partners, codeHash } = context.req.valid('json');
    const invitation = { ...context.req.valid('param'), role, partners, codeHash };
    const result = await inviteMember(directory, context.var.principal.organisation, invitation, now());
    if (!result.ok) return refused(context, result);
    return context.json({ stored: true as const }, result.value ? 201 : 200);
  });

  app.openapi(putAcceptance, async (context) => {
    const joining = { ...context.req.valid('param'), ...context.req.valid('json') };
    const result = await join(directory, joining, { nowMs: now(), hash: (text) => logins.hash(text) });
    return result.ok ? context.json({ stored: true as const }, 200) : refused(context, result);
  });

  app.openapi(deleteMember, async (context) => {
    const { member } = context.req.valid('param');
    const result = await removeMember(directory, context.var.principal.organisation, member, now());
    return result.ok ? context.json({ removed: true as const }, 200) : refused(context, result);
  });
}

/** The partnerships that a caller works in; null for all. */
async function seenBy(directory: Directory, principal: Principal): Promise<readonly PartnershipId[] | null> {
  if (principal.kind === 'agent') return null;
  const own = await memberOf(directory, principal.member);
  return own ? own.partners : [];
}

/** A member as another of the organisation sees it: of the partnerships only those that the caller works in. */
function viewOf(member: Member, seen: readonly PartnershipId[] | null) {
  return {
    id: member.id,
    role: member.role,
    state: stateOf(member),
    email: member.email,
    partnerships: member.partners?.filter((id) => seen?.includes(id) ?? true) ?? null,
    keys: textOf(member.keys),
    invitedAt: timeText(member.invited_ms),
    invitationEndsAt: timeText(member.expires_ms),
    joinedAt: member.joined_ms === null ? null : timeText(member.joined_ms),
    removedAt: member.removed_ms === null ? null : timeText(member.removed_ms),
    vault: member.wrap && { number: member.wrap.number, wrap: textOf(member.wrap.signed) },
  };
}

function stateOf({ removed_ms, joined_ms }: Member): 'removed' | 'joined' | 'invited' {
  if (removed_ms !== null) return 'removed';
  return joined_ms === null ? 'invited' : 'joined';
}

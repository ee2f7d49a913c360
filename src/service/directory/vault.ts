/** Vault keys in the directory: each wrapped for one member, by the agent or by a member who holds it. */
import { equal } from '../../../protocol/bytes.ts';
import { sha256 } from '../../../protocol/hash.ts';
import type { OrganisationId } from '../../../protocol/ids.ts';
import { type MemberId, openMemberKeys, VIEWER_ROLES } from '../../../protocol/member.ts';
import { ok, type Result, refuse } from '../../../protocol/result.ts';
import { openWrap } from '../../../protocol/vault/key.ts';
import type { Principal } from '../auth/authenticate.ts';
import type { ProblemCode } from '../problems.ts';
import type { Directory } from '../storage/directory.ts';
import { memberOf } from './members.ts';
import { organisationOf } from './organisations.ts';

/** The wraps of a member, by ascending number. */
export async function wrapsOf(directory: Directory, member: MemberId): Promise<Uint8Array[]> {
  const rows = await directory.all<{ wrap: Uint8Array }>(
    'select wrap from vault_wraps where member = ? order by number',
    member,
  );
  return rows.map(({ wrap }) => wrap);
}

/**
 * Keeps a vault key that the caller wrapped for a member of its own organisation. The agent may wrap anew what stands; a
 * member gives only what the member holds, and takes nobody's.
 */
export async function putWrap(
  directory: Directory,
  caller: Principal,
  input: { readonly member: MemberId; readonly number: number; readonly wrap: Uint8Array },
): Promise<Result<null, ProblemCode>> {
  const { organisation } = caller;
  const member = await memberOf(directory, input.member);
  if (member?.organisation !== organisation) return refuse('not_found');
  const by = caller.kind === 'member' ? caller.member : null;
  const key = await signerKey(directory, caller);
  const opened = openWrap(input.wrap, organisation, key);
  if (!opened.ok) return opened;
  const { value: wrap } = opened;
  const isRead = VIEWER_ROLES.some((role) => role === member.role);
  if (member.removed_ms !== null || !member.keys || !isRead) return refuse('conflict', 'role or state');
  const isMeant =
    wrap.member === member.id &&
    wrap.number === input.number &&
    wrap.by === by &&
    equal(wrap.keysHash, sha256(member.keys));
  if (!isMeant) return refuse('other_context');
  const [written] = await directory.batch([
    [
      `insert into vault_wraps (member, number, wrap) select ?, ?, ?
       where exists (select 1 from members where id = ? and removed_ms is null)
         and (? = 1 or exists (select 1 from vault_wraps where member = ? and number = ?))
       on conflict (member, number) do update set wrap = excluded.wrap where ? = 1 or wrap = excluded.wrap`,
      member.id,
      wrap.number,
      input.wrap,
      member.id,
      by === null ? 1 : 0,
      by ?? '',
      wrap.number,
      by === null ? 1 : 0,
    ],
  ]);
  return written === 1 ? ok(null) : refuse('conflict');
}

/** Deletes the wraps of all keys below this number. */
export async function dropWraps(
  directory: Directory,
  organisation: OrganisationId,
  below: number,
): Promise<void> {
  const own = 'select id from members where organisation = ?';
  const sql = `delete from vault_wraps where number < ? and member in (${own})`;
  await directory.batch([[sql, below, organisation]]);
}

async function signerKey(directory: Directory, caller: Principal): Promise<Uint8Array> {
  const { organisation } = caller;
  if (caller.kind === 'agent') {
    return (await organisationOf(directory, organisation))?.agent_key ?? new Uint8Array();
  }
  const signer = await memberOf(directory, caller.member);
  const keys = signer?.keys ? openMemberKeys(signer.keys, { organisation, member: signer.id }) : null;
  return keys?.ok ? keys.value.signingKey : new Uint8Array();
}

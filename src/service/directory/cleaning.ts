/** What the directory forgets in time. */
import type { Directory } from '../storage/directory.ts';

/** An expired invitation is remembered for this long, so that whoever comes late with it is told what happened. */
const EXPIRED_INVITATION_MS = 30 * 24 * 3600_000;

/** How many of each were deleted. */
export interface Cleaned {
  readonly challenges: number;
  readonly tokens: number;
  readonly invitations: number;
  readonly sessions: number;
}

/** Deletes log-ins that have expired, and invitations that have done so long ago. Again deletes nothing. */
export async function cleanUp(directory: Directory, nowMs: number): Promise<Cleaned> {
  const [challenges = 0, tokens = 0, invitations = 0, sessions = 0] = await directory.batch([
    ['delete from challenges where expires_ms <= ?', nowMs],
    ['delete from tokens where expires_ms <= ?', nowMs],
    ['delete from partnerships where acceptance is null and expires_ms <= ?', nowMs - EXPIRED_INVITATION_MS],
    ['delete from login_sessions where expires_at <= ?', new Date(nowMs).toISOString()],
    ['delete from login_attempts where until_ms <= ?', nowMs],
    [
      `delete from member_partners where member in
         (select id from members where joined_ms is null and expires_ms <= ?)`,
      nowMs - EXPIRED_INVITATION_MS,
    ],
    ['delete from members where joined_ms is null and expires_ms <= ?', nowMs - EXPIRED_INVITATION_MS],
  ]);
  return { challenges, tokens, invitations, sessions };
}

/** Log-ins in the directory: challenges and tokens, both random, short-lived and stored as their hashes. */
import { equal, toBase64url, utf8 } from '../../../protocol/bytes.ts';
import { type Random, sha256 } from '../../../protocol/hash.ts';
import type { OrganisationId } from '../../../protocol/ids.ts';
import { CHALLENGE_BYTES, loginMessage } from '../../../protocol/login.ts';
import { ok, type Result, refuse } from '../../../protocol/result.ts';
import { openSigned } from '../../../protocol/signed.ts';
import type { ProblemCode } from '../problems.ts';
import type { Directory } from '../storage/directory.ts';
import { organisationOf } from './organisations.ts';

const CHALLENGE_MS = 2 * 60_000;
const TOKEN_MS = 10 * 60_000;
const TOKEN_BYTES = 32;

/** A challenge for whoever says to be this organisation, known here or not. */
export async function issueChallenge(
  directory: Directory,
  organisation: OrganisationId,
  nowMs: number,
  random: Random,
): Promise<{ readonly challenge: Uint8Array; readonly expiresMs: number }> {
  const challenge = random(CHALLENGE_BYTES);
  const expiresMs = nowMs + CHALLENGE_MS;
  await directory.batch([
    [
      'insert into challenges (hash, organisation, expires_ms) values (?, ?, ?)',
      sha256(challenge),
      organisation,
      expiresMs,
    ],
  ]);
  return { challenge, expiresMs };
}

export interface LoginProof {
  readonly organisation: OrganisationId;
  readonly challenge: Uint8Array;
  /** The signed log-in message. */
  readonly signature: Uint8Array;
  /** The host that the request named. */
  readonly audience: string;
}

/** A token for a challenge signed with the agent key. The challenge is used up, whatever comes of it. */
export async function issueToken(
  directory: Directory,
  proof: LoginProof,
  nowMs: number,
  random: Random,
): Promise<Result<{ readonly token: string; readonly expiresMs: number }, ProblemCode>> {
  const { organisation, challenge } = proof;
  const [used] = await directory.batch([
    [
      'delete from challenges where hash = ? and organisation = ? and expires_ms > ?',
      sha256(challenge),
      organisation,
      nowMs,
    ],
  ]);
  const row = await organisationOf(directory, organisation);
  if (used !== 1 || !row) return refuse('unauthenticated');
  const opened = openSigned('login', proof.signature, row.agent_key);
  const expected = loginMessage({ audience: proof.audience, organisation, challenge });
  if (!opened.ok || !equal(opened.value, expected)) return refuse('unauthenticated');
  if (row.valid_until_ms <= nowMs) return refuse('certificate_expired');
  const token = `cgt_${toBase64url(random(TOKEN_BYTES))}`;
  const expiresMs = nowMs + TOKEN_MS;
  await directory.batch([
    [
      'insert into tokens (hash, organisation, expires_ms) values (?, ?, ?)',
      sha256(utf8(token)),
      organisation,
      expiresMs,
    ],
  ]);
  return ok({ token, expiresMs });
}

/** Whose token it is, while it lasts. */
export async function tokenOwner(
  directory: Directory,
  token: string,
  nowMs: number,
): Promise<OrganisationId | null> {
  const rows = await directory.all<{ organisation: OrganisationId }>(
    'select organisation from tokens where hash = ? and expires_ms > ?',
    sha256(utf8(token)),
    nowMs,
  );
  return rows[0]?.organisation ?? null;
}

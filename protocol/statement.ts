/**
 * Statements about one version of a sharing scope: what people sign, approval, acceptance and revocation, and what the
 * receiving agent signs, that it knows of the end and that it deleted what it held. Each binds the hash of the version.
 */
import { concat, equal, Reader, toHex, uint } from './bytes.ts';
import { HASH_BYTES } from './hash.ts';
import {
  type OrganisationId,
  PARTNERSHIP_BYTES,
  type PartnershipId,
  partnershipBytes,
  VERSION,
} from './ids.ts';
import { idBytes, type MemberId } from './member.ts';
import { ok, type Result, refuse } from './result.ts';
import { messageOf, openSigned, sign } from './signed.ts';
import { isTime } from './time.ts';

/**
 * `approve` and `revoke` are the grantor's; `accept` is the grantee's, to purpose, retention and export; `seen` and
 * `deleted` are the grantee's agent's, after the scope has ended. In the order of their numbers on the wire, from 1.
 */
export const ACTS = ['approve', 'accept', 'revoke', 'seen', 'deleted'] as const;
export type Act = (typeof ACTS)[number];

const ID_BYTES = 16;

export interface Statement {
  readonly act: Act;
  readonly partnership: PartnershipId;
  /** The organisation of the signer. */
  readonly organisation: OrganisationId;
  /** Hash of the signed scope, 32 bytes. */
  readonly scope: Uint8Array;
  /** The roster of the organisation by which `signer` signs; 0 where its agent does. */
  readonly roster: number;
  /** Null: the organisation's agent key. */
  readonly signer: MemberId | null;
  /** Seconds since 1970. */
  readonly at: number;
}

export type StatementRefusal = 'malformed' | 'bad_signature' | 'other_context';

export function signStatement(statement: Statement, seed: Uint8Array): Uint8Array {
  const message = concat(
    uint(VERSION, 1),
    uint(ACTS.indexOf(statement.act) + 1, 1),
    partnershipBytes(statement.partnership),
    idBytes(statement.organisation),
    statement.scope,
    uint(statement.roster, 4),
    statement.signer ? idBytes(statement.signer) : new Uint8Array(ID_BYTES),
    uint(statement.at, 8),
  );
  return sign('scope statement', message, seed);
}

/** Reads what is expected: `keyOf` gives the key of the signer, null where that signer may not say this. */
export function openStatement(
  signed: Uint8Array,
  expected: Pick<Statement, 'partnership' | 'organisation' | 'scope'>,
  keyOf: (statement: Statement) => Uint8Array | null,
): Result<Statement, StatementRefusal> {
  const message = messageOf(signed);
  if (!message) return refuse('malformed');
  const reader = new Reader(message);
  const version = reader.uint(1);
  const act = ACTS[reader.uint(1) - 1];
  const partnership = reader.take(PARTNERSHIP_BYTES);
  const organisation = reader.take(ID_BYTES);
  const scope = reader.take(HASH_BYTES);
  const roster = reader.uint(4);
  const id = reader.take(ID_BYTES);
  const at = reader.uint(8);
  if (!reader.done() || version !== VERSION || !act || !isTime(at)) return refuse('malformed');
  const signer = id.every((byte) => byte === 0) ? null : (`mbr_${toHex(id)}` as MemberId);
  if ((signer === null) !== (roster === 0)) return refuse('malformed');
  const isExpected =
    equal(partnership, partnershipBytes(expected.partnership)) &&
    equal(organisation, idBytes(expected.organisation)) &&
    equal(scope, expected.scope);
  if (!isExpected) return refuse('other_context');
  const statement = { ...expected, act, roster, signer, at };
  const key = keyOf(statement);
  if (!key || !openSigned('scope statement', signed, key).ok) return refuse('bad_signature');
  return ok(statement);
}

/**
 * The invitation: the founder commits to its certificate and nonce, the joiner answers with its own, the founder opens.
 * Four words of the whole transcript are read over the phone. The commitment leaves whoever stands between them one
 * guess at 44 bits an invitation.
 */
import { concat, equal, prefixed, Reader, tuple, uint } from './bytes.ts';
import { type Certificate, type CertificateRefusal, openCertificate } from './certificate.ts';
import { HASH_BYTES, sha256 } from './hash.ts';
import { label, PARTNERSHIP_BYTES, type PartnershipId, partnershipBytes, VERSION } from './ids.ts';
import { ok, type Result, refuse } from './result.ts';
import { messageOf, openSigned, sign } from './signed.ts';
import { wordsOf } from './words.ts';

export const INVITATION_NONCE_BYTES = 32;

/** What one side brings to the transcript. */
export interface Introduction {
  /** Signed certificate. */
  readonly certificate: Uint8Array;
  /** 32 random bytes. */
  readonly nonce: Uint8Array;
}

export type InvitationRefusal =
  | CertificateRefusal
  | 'other_partnership'
  | 'other_commitment'
  | 'other_acceptance';

/** Binds the founder before it has seen the joiner: 32 bytes. */
export function commitment(partnership: PartnershipId, founder: Introduction): Uint8Array {
  return sha256(
    tuple(label('invitation commitment'), partnershipBytes(partnership), founder.certificate, founder.nonce),
  );
}

/** The joiner's signed answer to a commitment. */
export function accept(
  partnership: PartnershipId,
  founderCommitment: Uint8Array,
  joiner: Introduction,
  agentSeed: Uint8Array,
): Uint8Array {
  const message = encode(partnership, founderCommitment, joiner);
  return sign('acceptance', message, agentSeed);
}

/** The founder's signed opening of its commitment, bound to the one acceptance it saw. */
export function open(
  partnership: PartnershipId,
  acceptance: Uint8Array,
  founder: Introduction,
  agentSeed: Uint8Array,
): Uint8Array {
  return sign('opening', encode(partnership, sha256(acceptance), founder), agentSeed);
}

/** Checks an acceptance of this very commitment. */
export function readAcceptance(
  signed: Uint8Array,
  partnership: PartnershipId,
  founderCommitment: Uint8Array,
  nowMs: number,
): Result<{ readonly introduction: Introduction; readonly certificate: Certificate }, InvitationRefusal> {
  return read('acceptance', signed, partnership, founderCommitment, 'other_commitment', nowMs);
}

/** Checks the opening against the commitment of the invitation and against the acceptance the joiner sent. */
export function readOpening(
  signed: Uint8Array,
  partnership: PartnershipId,
  founderCommitment: Uint8Array,
  acceptance: Uint8Array,
  nowMs: number,
): Result<{ readonly introduction: Introduction; readonly certificate: Certificate }, InvitationRefusal> {
  const opening = read('opening', signed, partnership, sha256(acceptance), 'other_acceptance', nowMs);
  if (!opening.ok) return opening;
  if (!equal(commitment(partnership, opening.value.introduction), founderCommitment))
    return refuse('other_commitment');
  return opening;
}

/** The four words of the whole transcript: 44 bits, the same on both machines if nobody stands between. */
export function phrase(partnership: PartnershipId, founder: Introduction, joiner: Introduction): string {
  const digest = sha256(
    tuple(
      label('phrase'),
      partnershipBytes(partnership),
      founder.certificate,
      founder.nonce,
      joiner.certificate,
      joiner.nonce,
    ),
  );
  return wordsOf(digest);
}

function encode(partnership: PartnershipId, binding: Uint8Array, introduction: Introduction): Uint8Array {
  return concat(
    uint(VERSION, 1),
    partnershipBytes(partnership),
    binding,
    introduction.nonce,
    prefixed(introduction.certificate),
  );
}

function read(
  type: 'acceptance' | 'opening',
  signed: Uint8Array,
  partnership: PartnershipId,
  expectedBinding: Uint8Array,
  otherBinding: 'other_commitment' | 'other_acceptance',
  nowMs: number,
): Result<{ readonly introduction: Introduction; readonly certificate: Certificate }, InvitationRefusal> {
  const message = messageOf(signed);
  if (!message) return refuse('malformed');
  const reader = new Reader(message);
  const version = reader.uint(1);
  const forPartnership = reader.take(PARTNERSHIP_BYTES);
  const binding = reader.take(HASH_BYTES);
  const nonce = reader.take(INVITATION_NONCE_BYTES);
  const signedCertificate = reader.prefixed();
  if (!reader.done() || version !== VERSION) return refuse('malformed');
  const certificate = openCertificate(signedCertificate, nowMs);
  if (!certificate.ok) return certificate;
  const opened = openSigned(type, signed, certificate.value.agentKey);
  if (!opened.ok) return opened;
  if (!equal(forPartnership, partnershipBytes(partnership))) return refuse('other_partnership');
  if (!equal(binding, expectedBinding)) return refuse(otherBinding);
  return ok({ introduction: { certificate: signedCertificate, nonce }, certificate: certificate.value });
}

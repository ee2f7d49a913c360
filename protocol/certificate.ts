/** The certificate: an organisation's root key vouches for its agent key, its name and its age recipient. */
import { concat, prefixed, Reader, uint, utf8 } from './bytes.ts';
import { isSigningKey, PUBLIC_KEY_BYTES } from './hash.ts';
import { type OrganisationId, organisationId, VERSION } from './ids.ts';
import { isLine } from './line.ts';
import { ok, type Result, refuse } from './result.ts';
import { messageOf, openSigned, sign } from './signed.ts';

/** How long an agent key is vouched for. */
export const CERTIFICATE_SECONDS = 90 * 24 * 3600;
const MAX_NAME_BYTES = 200;

export interface Certificate {
  readonly organisation: OrganisationId;
  /** What the organisation calls itself; the partner sees it beside the fingerprint. */
  readonly name: string;
  readonly rootKey: Uint8Array;
  readonly agentKey: Uint8Array;
  /** Grows with every renewal; an agent never goes back to a lower one. */
  readonly serial: number;
  /** Seconds since 1970. */
  readonly validFrom: number;
  readonly validUntil: number;
  /** age recipient (`age1…`) to which partners seal names for this organisation. */
  readonly recipient: string;
}

export type CertificateRefusal = 'malformed' | 'bad_signature' | 'expired' | 'not_yet_valid';

/** Signed by the root key's seed. */
export function issueCertificate(
  certificate: Omit<Certificate, 'organisation' | 'rootKey'>,
  root: { readonly seed: Uint8Array; readonly publicKey: Uint8Array },
): Uint8Array {
  const message = concat(
    uint(VERSION, 1),
    root.publicKey,
    certificate.agentKey,
    uint(certificate.serial, 4),
    uint(certificate.validFrom, 8),
    uint(certificate.validUntil, 8),
    prefixed(utf8(certificate.name)),
    prefixed(utf8(certificate.recipient)),
  );
  return sign('certificate', message, root.seed);
}

/** Reads a certificate and checks it and its time. Whether its root key is the right one is pinning's business. */
export function openCertificate(signed: Uint8Array, nowMs: number): Result<Certificate, CertificateRefusal> {
  const certificate = readCertificate(signed);
  if (!certificate.ok) return certificate;
  const now = Math.floor(nowMs / 1000);
  if (now >= certificate.value.validUntil) return refuse('expired');
  // Clocks of two machines differ: five minutes are let pass.
  if (now + 300 < certificate.value.validFrom) return refuse('not_yet_valid');
  return certificate;
}

/** Reads a certificate of any time and checks its signature by its own root key. */
export function readCertificate(signed: Uint8Array): Result<Certificate, 'malformed' | 'bad_signature'> {
  const unchecked = messageOf(signed);
  const certificate = unchecked && decode(unchecked);
  if (!certificate) return refuse('malformed');
  const opened = openSigned('certificate', signed, certificate.rootKey);
  return opened.ok ? ok(certificate) : opened;
}

function decode(message: Uint8Array): Certificate | null {
  const reader = new Reader(message);
  const version = reader.uint(1);
  const rootKey = reader.take(PUBLIC_KEY_BYTES);
  const agentKey = reader.take(PUBLIC_KEY_BYTES);
  const serial = reader.uint(4);
  const validFrom = reader.uint(8);
  const validUntil = reader.uint(8);
  const name = reader.text();
  const recipient = reader.text();
  if (!reader.done() || version !== VERSION) return null;
  if (!isSigningKey(rootKey) || !isSigningKey(agentKey)) return null;
  if (!isDisplayName(name) || !/^age1[0-9a-z]{20,2000}$/.test(recipient)) return null;
  return {
    organisation: organisationId(rootKey),
    name,
    rootKey,
    agentKey,
    serial,
    validFrom,
    validUntil,
    recipient,
  };
}

/** One line of 1 to 200 bytes. */
export function isDisplayName(name: string): boolean {
  const length = utf8(name).length;
  return length >= 1 && length <= MAX_NAME_BYTES && isLine(name);
}

/**
 * What a member's home has seen of organisations' keys and papers, and never lets go back. The own root key is pinned by
 * the organisation's id since `member join`; a partner's at the first sight of it.
 */
import { existsSync, readFileSync } from 'node:fs';
import * as z from 'zod';
import { equal, fromBase64url, toBase64url } from '../../../protocol/bytes.ts';
import { openCertificate } from '../../../protocol/certificate.ts';
import { type OrganisationId, organisationId, type PartnershipId } from '../../../protocol/ids.ts';
import { type Home, replaceFile } from '../home.ts';
import { fingerprint } from '../pinned.ts';
import { Problem } from '../problem.ts';
import type { Party } from '../scopes/papers.ts';

const text = z.string();
const kept = z.strictObject({ signed: text, statements: z.array(text) });
const papers = z.strictObject({ rosters: z.array(text), scopes: z.array(kept) });
const organisation = z.strictObject({
  /** base64url; the certificate's, with the highest serial number that was seen. */
  rootKey: text,
  agentKey: text,
  serial: z.int(),
  name: text,
});
const file = z.strictObject({
  version: z.literal(1),
  own: organisation.nullable(),
  rosters: z.array(text),
  partners: z.record(text, z.strictObject({ organisation, mine: z.array(kept), theirs: papers })),
});

export type MemberPins = z.infer<typeof file>;
export type PinnedOrganisation = z.infer<typeof organisation>;

const NOTHING: MemberPins = { version: 1, own: null, rosters: [], partners: {} };

export function readPins(home: Home): MemberPins {
  if (!existsSync(home.pinsFile)) return NOTHING;
  let json: unknown;
  try {
    json = JSON.parse(readFileSync(home.pinsFile, 'utf8'));
  } catch {
    json = undefined;
  }
  const parsed = file.safeParse(json);
  if (parsed.success) return parsed.data;
  throw new Problem(
    'store_damaged',
    `${home.pinsFile} has an unknown content`,
    'restore it from a backup; without it this machine could not tell an older paper from a newer',
  );
}

export function writePins(home: Home, pins: MemberPins): void {
  replaceFile(home.pinsFile, `${JSON.stringify(pins)}\n`);
}

/** What is pinned of a partnership; nothing yet where it was never seen. */
export function pinnedPartner(pins: MemberPins, id: PartnershipId): MemberPins['partners'][string] | null {
  return pins.partners[id] ?? null;
}

/**
 * Follows an organisation's certificate: the root key that was seen first has to vouch for it, and its number only
 * rises. `expected` is the organisation's id where it is known otherwise.
 */
export function followOrganisation(
  before: PinnedOrganisation | null,
  certificate: Uint8Array | null,
  expected: OrganisationId | null,
  nowMs: number,
): PinnedOrganisation {
  const who = before?.name ?? 'an organisation';
  if (!certificate) throw new Problem('service_alarm', `the service shows no certificate of ${who}`);
  const opened = openCertificate(certificate, nowMs);
  if (!opened.ok && opened.reason === 'expired')
    throw new Problem(
      'partner_expired',
      `the agent key of ${who} has expired`,
      'ask whoever holds the keyring there to renew it',
    );
  if (!opened.ok) throw new Problem('service_alarm', `a certificate does not check: ${opened.reason}`);
  const { rootKey, agentKey, serial, name } = opened.value;
  if (expected && opened.value.organisation !== expected)
    throw new Problem('service_alarm', 'the service shows another organisation’s key for your own');
  const next = { rootKey: toBase64url(rootKey), agentKey: toBase64url(agentKey), serial, name };
  if (!before) return next;
  if (before.rootKey !== next.rootKey)
    throw new Problem(
      'service_alarm',
      `the service shows another root key for ${who} than this machine saw first`,
      'do not sign anything; call your partner, and compare the fingerprint that `scope show` prints',
    );
  if (serial < before.serial) return before;
  const differs = !equal(agentKey, fromBase64url(before.agentKey) ?? new Uint8Array());
  if (serial === before.serial && differs)
    throw new Problem('partner_alarm', `${who} shows two different agent keys of one number`);
  return next;
}

/** The pinned keys as papers are checked by them. */
export function partyOf(pinned: PinnedOrganisation): Party {
  const rootKey = fromBase64url(pinned.rootKey) ?? new Uint8Array();
  const agentKey = fromBase64url(pinned.agentKey) ?? new Uint8Array();
  return { organisation: organisationId(rootKey), rootKey, agentKey };
}

/** The root key's fingerprint, as people compare it. */
export function fingerprintOf(pinned: PinnedOrganisation): string {
  return fingerprint(fromBase64url(pinned.rootKey) ?? new Uint8Array());
}

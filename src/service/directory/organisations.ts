/** Organisations in the directory: registration and renewal of certificates. */
import { equal, utf8 } from '../../../protocol/bytes.ts';
import { openCertificate, readCertificate } from '../../../protocol/certificate.ts';
import { sha256 } from '../../../protocol/hash.ts';
import type { OrganisationId, PartnershipId, Side } from '../../../protocol/ids.ts';
import { ok, type Result, refuse } from '../../../protocol/result.ts';
import type { ProblemCode } from '../problems.ts';
import type { Directory, Statement } from '../storage/directory.ts';

export interface OrganisationRow {
  readonly id: OrganisationId;
  readonly name: string;
  readonly agent_key: Uint8Array;
  readonly serial: number;
  readonly valid_until_ms: number;
  readonly certificate: Uint8Array;
}

export type RegistrationMode = 'open' | 'invitation' | 'closed';

export interface Registration {
  readonly organisation: OrganisationId;
  readonly certificate: Uint8Array;
  readonly registrationCode?: string | undefined;
  readonly invitation?: { readonly partnership: PartnershipId; readonly code: Uint8Array } | undefined;
}

export interface Registered {
  readonly name: string;
  /** Of the newest certificate, which an earlier one that was shown again does not replace. */
  readonly serial: number;
  readonly isNew: boolean;
}

export async function organisationOf(
  directory: Directory,
  id: OrganisationId,
): Promise<OrganisationRow | null> {
  return (await directory.all<OrganisationRow>('select * from organisations where id = ?', id))[0] ?? null;
}

/** The agent keys of both parties, of each the one that its current certificate names; null where one is unknown. */
export async function agentKeysOf(
  directory: Directory,
  founder: OrganisationId,
  joiner: OrganisationId,
): Promise<Readonly<Record<Side, Uint8Array>> | null> {
  const sql = 'select id, agent_key from organisations where id in (?, ?)';
  const rows = await directory.all<{ id: OrganisationId; agent_key: Uint8Array }>(sql, founder, joiner);
  const keyOf = (organisation: OrganisationId) => rows.find(({ id }) => id === organisation)?.agent_key;
  const [ofFounder, ofJoiner] = [keyOf(founder), keyOf(joiner)];
  return ofFounder && ofJoiner ? { founder: ofFounder, joiner: ofJoiner } : null;
}

export async function hasOrganisations(directory: Directory): Promise<boolean> {
  return (await directory.all('select 1 from organisations limit 1')).length > 0;
}

/** Takes a new organisation where the mode lets it in, or a known one's next certificate. */
export async function register(
  directory: Directory,
  mode: RegistrationMode,
  registration: Registration,
  nowMs: number,
): Promise<Result<Registered, ProblemCode>> {
  const known = await organisationOf(directory, registration.organisation);
  if (known && equal(known.certificate, registration.certificate)) {
    return ok({ name: known.name, serial: known.serial, isNew: false });
  }
  const stale = known && olderThan(known, registration.certificate);
  if (stale) return ok({ name: known.name, serial: known.serial, isNew: false });
  const opened = openCertificate(registration.certificate, nowMs);
  if (!opened.ok) {
    const { reason } = opened;
    return refuse(reason === 'expired' || reason === 'not_yet_valid' ? 'certificate_not_current' : reason);
  }
  const certificate = opened.value;
  if (certificate.organisation !== registration.organisation) return refuse('other_context');
  const row: OrganisationRow = {
    id: certificate.organisation,
    name: certificate.name,
    agent_key: certificate.agentKey,
    serial: certificate.serial,
    valid_until_ms: certificate.validUntil * 1000,
    certificate: registration.certificate,
  };
  if (known) return renew(directory, row);
  if (mode === 'closed') return refuse('registration_closed');
  const [inserted] = await directory.batch(insertion(mode, registration, row, nowMs));
  if (inserted !== 1) return refuse('registration_refused');
  return ok({ name: row.name, serial: row.serial, isNew: true });
}

/**
 * True for an earlier certificate of the organisation, of whatever term: a home that was restored from a backup shows it,
 * and learns from the answer which number its next one has to be above.
 */
function olderThan(known: OrganisationRow, signed: Uint8Array): boolean {
  const shown = readCertificate(signed);
  return shown.ok && shown.value.organisation === known.id && shown.value.serial < known.serial;
}

/** Makes a one-time registration code known by its hash. */
export async function addRegistrationCode(directory: Directory, code: string): Promise<void> {
  await directory.batch([['insert into registration_codes (hash) values (?)', sha256(utf8(code))]]);
}

async function renew(directory: Directory, row: OrganisationRow): Promise<Result<Registered, ProblemCode>> {
  const [changed] = await directory.batch([
    [
      `update organisations set name = ?, agent_key = ?, serial = ?, valid_until_ms = ?, certificate = ?
       where id = ? and serial < ?`,
      row.name,
      row.agent_key,
      row.serial,
      row.valid_until_ms,
      row.certificate,
      row.id,
      row.serial,
    ],
    // What the old agent key logged in does not outlive it.
    [
      `delete from tokens where organisation = ?
       and exists (select 1 from organisations where id = ? and certificate = ?)`,
      row.id,
      row.id,
      row.certificate,
    ],
  ]);
  return changed === 1
    ? ok({ name: row.name, serial: row.serial, isNew: false })
    : refuse('stale_certificate');
}

/** The insertion, with what lets the organisation in as its condition; a code is used up in the same batch. */
function insertion(
  mode: RegistrationMode,
  registration: Registration,
  row: OrganisationRow,
  nowMs: number,
): Statement[] {
  const values = [row.id, row.name, row.agent_key, row.serial, row.valid_until_ms, row.certificate] as const;
  const insert = `insert or ignore into organisations (id, name, agent_key, serial, valid_until_ms, certificate)
    select ?, ?, ?, ?, ?, ?`;
  const { registrationCode, invitation } = registration;
  if (mode === 'open') return [[insert, ...values]];
  if (invitation) {
    return [
      [
        `${insert} where exists (select 1 from partnerships
         where id = ? and code_hash = ? and acceptance is null and founder_ending is null and registered is null
         and expires_ms > ?)`,
        ...values,
        invitation.partnership,
        sha256(invitation.code),
        nowMs,
      ],
      [
        'update partnerships set registered = ? where id = ? and changes() = 1',
        row.id,
        invitation.partnership,
      ],
    ];
  }
  const hash = sha256(utf8(registrationCode ?? ''));
  return [
    [`${insert} where exists (select 1 from registration_codes where hash = ?)`, ...values, hash],
    ['delete from registration_codes where hash = ? and changes() = 1', hash],
  ];
}

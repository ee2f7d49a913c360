/** Rosters in the directory: who approves scopes for an organisation, version by version. */
import { equal } from '../../../protocol/bytes.ts';
import { readCertificate } from '../../../protocol/certificate.ts';
import type { OrganisationId } from '../../../protocol/ids.ts';
import { ok, type Result, refuse } from '../../../protocol/result.ts';
import { namesRoot, openRoster, type Roster, readRosters, rosterBytesOf } from '../../../protocol/roster.ts';
import type { ProblemCode } from '../problems.ts';
import type { Directory } from '../storage/directory.ts';
import type { OrganisationRow } from './organisations.ts';

/** All versions together, as they are stored: years of changes. Partners are shown all of them, and check them. */
const MAX_ROSTERS_BYTES = 96 * 1024;
/** The last of it is the root key's: approvers who use all up could else never be replaced. */
const ROOT_BYTES = 16 * 1024;

/** All versions as they were put, from the first. */
export async function rostersOf(directory: Directory, organisation: OrganisationId): Promise<Uint8Array[]> {
  const sql = 'select packed from rosters where organisation = ? order by number';
  return (await directory.all<{ packed: Uint8Array }>(sql, organisation)).map(({ packed }) => packed);
}

/** The same, read; each was checked when it was put. */
export async function storedRosters(
  directory: Directory,
  organisation: OrganisationId,
): Promise<readonly Roster[]> {
  const rosters = readRosters(await rostersOf(directory, organisation), organisation);
  if (!rosters) throw new Error('what is stored of rosters was checked');
  return rosters;
}

/** Takes the next version. One whose signed bytes stand there already changes nothing, whoever signed it this time. */
export async function putRoster(
  directory: Directory,
  organisation: OrganisationRow,
  number: number,
  packed: Uint8Array,
): Promise<Result<null, ProblemCode>> {
  const rosters = await storedRosters(directory, organisation.id);
  const [known] = await directory.all<{ packed: Uint8Array }>(
    'select packed from rosters where organisation = ? and number = ?',
    organisation.id,
    number,
  );
  if (known) return isSame(known.packed, packed) ? ok(null) : refuse('conflict');
  const opened = openRoster(packed, organisation.id, rootKeyOf(organisation), rosters.at(-1) ?? null);
  if (!opened.ok) return opened;
  if (opened.value.number !== number) return refuse('other_context');
  const most = MAX_ROSTERS_BYTES - (namesRoot(packed) ? 0 : ROOT_BYTES);
  const stored = await rostersOf(directory, organisation.id);
  if (stored.reduce((sum, { length }) => sum + length, packed.length) > most) return refuse('too_large');
  const [inserted] = await directory.batch([
    [
      'insert or ignore into rosters (organisation, number, packed) values (?, ?, ?)',
      organisation.id,
      number,
      packed,
    ],
  ]);
  return inserted === 1 ? ok(null) : refuse('conflict');
}

function isSame(known: Uint8Array, packed: Uint8Array): boolean {
  const [one, other] = [rosterBytesOf(known), rosterBytesOf(packed)];
  return one !== null && other !== null && equal(one, other);
}

function rootKeyOf({ certificate }: Pick<OrganisationRow, 'certificate'>): Uint8Array {
  const read = readCertificate(certificate);
  if (!read.ok) throw new Error('what is stored of an organisation was checked');
  return read.value.rootKey;
}

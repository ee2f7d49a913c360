/** What the directory holds of a partnership: itself, both organisations, their people and their passwords' hashes. */
import type { PartnershipId } from '../../../protocol/ids.ts';
import type { Directory, DirectoryValue, Statement } from '../storage/directory.ts';
import { type PortableRow, portable, storable } from './tables.ts';

/** Tables in the order in which their rows can be inserted. */
const SELECTIONS = {
  organisations:
    'select * from organisations where id in (select founder from partnerships where id = ? union select joiner from partnerships where id = ?) order by id',
  partnerships: 'select * from partnerships where id = ? and id = ?',
  members:
    'select m.* from members m join partnerships p on p.id = ? and p.id = ? and m.organisation in (p.founder, p.joiner) order by m.id',
  rosters:
    'select r.* from rosters r join partnerships p on p.id = ? and p.id = ? and r.organisation in (p.founder, p.joiner) order by r.organisation, r.number',
  vault_wraps:
    'select w.* from vault_wraps w join members m on m.id = w.member join partnerships p on p.id = ? and p.id = ? and m.organisation in (p.founder, p.joiner) order by w.member, w.number',
  member_partners: 'select * from member_partners where partnership = ? and partnership = ? order by member',
  login_users:
    'select u.* from login_users u join members m on m.id = u.id join partnerships p on p.id = ? and p.id = ? and m.organisation in (p.founder, p.joiner) order by u.id',
  login_accounts:
    'select a.* from login_accounts a join members m on m.id = a.user_id join partnerships p on p.id = ? and p.id = ? and m.organisation in (p.founder, p.joiner) order by a.id',
} as const;

type DirectoryTable = keyof typeof SELECTIONS;
export const DIRECTORY_TABLES = Object.keys(SELECTIONS) as readonly DirectoryTable[];
export type DirectoryRows = Readonly<Record<DirectoryTable, readonly PortableRow[]>>;

/** What changes with every call of an agent is no record. */
const CHANGING = ['founder_seen_ms', 'joiner_seen_ms'];

export async function readDirectory(directory: Directory, id: PartnershipId): Promise<DirectoryRows> {
  const entries = [];
  for (const [table, sql] of Object.entries(SELECTIONS)) {
    const rows = await directory.all<Record<string, DirectoryValue>>(sql, id, id);
    entries.push([table, rows.map((row) => steady(portable(row)))] as const);
  }
  return Object.fromEntries(entries) as unknown as DirectoryRows;
}

/** True where the directory knows the partnership: an import of it came to its end, and agents may work in it. */
export async function isKnown(directory: Directory, id: PartnershipId): Promise<boolean> {
  return (await directory.all('select 1 from partnerships where id = ?', id)).length > 0;
}

/** Throws where a record is not of this partnership, its two organisations, or their people. */
export function checkRows(id: PartnershipId, all: DirectoryRows): void {
  const [partnership, ...others] = all.partnerships;
  const parties = [partnership?.founder, partnership?.joiner];
  const members = all.members.map((row) => row.id);
  const isOwn: Readonly<Record<DirectoryTable, (row: PortableRow) => boolean>> = {
    partnerships: (row) => row.id === id && others.length === 0,
    organisations: (row) => parties.includes(row.id),
    members: (row) => parties.includes(row.organisation),
    rosters: (row) => parties.includes(row.organisation),
    vault_wraps: (row) => members.includes(row.member),
    member_partners: (row) => row.partnership === id && members.includes(row.member),
    login_users: (row) => members.includes(row.id),
    login_accounts: (row) => members.includes(row.user_id),
  };
  const strange = DIRECTORY_TABLES.find((table) => !all[table].every(isOwn[table]));
  if (strange !== undefined || !partnership)
    throw new Error(`the export has records of ${strange ?? 'partnerships'} that are not of ${id}`);
}

/** Throws where people would come to an organisation that is here already: its own admin invites them. */
async function refuseStrangers(directory: Directory, all: DirectoryRows): Promise<void> {
  for (const { id } of all.organisations) {
    const [known] = await directory.all('select 1 from organisations where id = ?', storable(id));
    if (!known) continue;
    const here = await directory.all<{ id: string }>(
      'select id from members where organisation = ?',
      storable(id),
    );
    const ids = new Set<unknown>(here.map((member) => member.id));
    if (all.members.some((row) => row.organisation === id && !ids.has(row.id)))
      throw new Error(
        'a company of it is here already, without some of the people in the export: its admin removes those there, then export again',
      );
  }
}

/**
 * Inserts what is not there yet, in one batch. Throws, with nothing inserted, where a record is not of this partnership, or
 * another stands under the same key: one that is the same is left out, so any other breaks its table's key.
 */
export async function writeDirectory(
  directory: Directory,
  id: PartnershipId,
  all: DirectoryRows,
): Promise<void> {
  checkRows(id, all);
  await refuseStrangers(directory, all);
  const statements = DIRECTORY_TABLES.flatMap((table) =>
    all[table].map((row): Statement => {
      const names = Object.keys(row);
      if (!names.every((name) => /^[a-z_]+$/.test(name))) throw new RangeError('that is no column');
      const values = names.map((name) => storable(row[name]));
      return [
        `insert into ${table} (${names.join(', ')}) select ${names.map(() => '?').join(', ')}
         where not exists (select 1 from ${table} where ${names.map((name) => `${name} is ?`).join(' and ')})`,
        ...values,
        ...values,
      ];
    }),
  );
  try {
    await directory.batch(statements);
  } catch (error) {
    const table = /UNIQUE constraint failed: ([a-z_]+)\./.exec(String(error))?.[1];
    if (table === undefined) throw error;
    throw new Error(`another record of ${table} is there already, and differs from the export's`);
  }
}

function steady(row: PortableRow): PortableRow {
  return Object.fromEntries(
    Object.entries(row).map(([name, value]) => [name, CHANGING.includes(name) ? null : value]),
  );
}

/** A partnership out of a folder of Node, into workerd, and back into another folder, by the commands: record by record the same. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { toBase64url } from '../../protocol/bytes.ts';
import { systemRandom } from '../../protocol/hash.ts';
import { type PartnershipId, parsePartnershipId } from '../../protocol/ids.ts';
import { packRows } from '../../protocol/vault/upload.ts';
import { startService } from '../../src/service/node.ts';
import { nodeDirectory } from '../../src/service/storage/node.ts';
import { PARTNERSHIP_MIGRATIONS } from '../../src/service/storage/schema.ts';
import {
  checkRows,
  DIRECTORY_TABLES,
  type DirectoryRows,
  readDirectory,
  writeDirectory,
} from '../../src/service/transfer/directory.ts';
import { checkFile, pagesOf } from '../../src/service/transfer/file.ts';
import { folderPlace, remotePlace } from '../../src/service/transfer/places.ts';
import { TABLES } from '../../src/service/transfer/tables.ts';
import { migrate, openDatabase } from '../../src/sqlite.ts';
import { remoteService } from '../conformance/service.ts';
import { activated, must, newWorld, submitList, type World } from '../conformance/work.ts';
import { OPERATOR_TOKEN, type TestEdge, testEdge } from '../support/edge.ts';
import { serviceCommand } from '../support/processes.ts';
import { makePerson, rosterWith } from '../support/scopes.ts';
import { login, type TestPartnership } from '../support/service-app.ts';
import { logInAs, makeMember } from '../support/service-members.ts';
import { putRoster } from '../support/service-people.ts';
import { makeHead } from '../support/service-vault.ts';

const folder = mkdtempSync(join(tmpdir(), 'commonground-transfer-'));
let edge: TestEdge;
beforeAll(async () => {
  edge = await testEdge({ REGISTRATION: 'open' });
});
afterAll(async () => {
  await edge.close();
  rmSync(folder, { recursive: true });
});

const unknown = parsePartnershipId(`prt_${'0'.repeat(32)}`) as PartnershipId;
const file = (name: string) => join(folder, name);

/** Exports into a new file; gives its lines. */
async function exported(id: PartnershipId, name: string, ...where: string[]): Promise<string[]> {
  const { code, stdout, stderr } = await serviceCommand(['export', id, ...where]);
  expect(code, stderr).toBe(0);
  expect(stderr).toMatch(new RegExp(`^${id}: \\d+ records, all compared\n$`));
  writeFileSync(file(name), stdout);
  return stdout.trim().split('\n');
}

/** What a command says that is refused. */
async function refusal(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await serviceCommand(args);
  expect([code, stdout]).toEqual([2, '']);
  expect(stderr).not.toContain('    at ');
  return stderr;
}

describe('a partnership that moves', () => {
  let world: World;
  let lines: string[];
  let onWorkerd: string[];
  let id: PartnershipId;
  let email: string;
  beforeAll(async () => {
    const data = join(folder, 'from');
    const service = await startService({ port: 0, data, registration: 'open' });
    world = await newWorld(remoteService({ url: service.url, registrationCode: null }));
    id = world.work.pair.partnership;
    for (const side of ['founder', 'joiner'] as const) await submitList(world, side, 1, world.lists[side]);
    await world.work.as('founder', 'POST', '/overlap', { json: {} });
    const { organisation } = world.work.pair.founder;
    const { as, pair, tokens } = world.work;
    const limit = { level: 'accounts', fields: [], whiteSpace: 'none', review: false };
    must(await as('founder', 'PUT', '/limits/clean-team', { json: limit }));
    const request = `/scope-requests/${'0123456789abcdef'.repeat(2)}`;
    must(await as('founder', 'PUT', request, { json: { text: 'Their owners' } }));
    const [account] = world.lists.founder;
    const row = { handle: account?.handle ?? new Uint8Array(), sealed: systemRandom(60) };
    must(await as('founder', 'PUT', '/vault/1/rows', { bytes: packRows([row]) }));
    must(await as('founder', 'PUT', '/vault/1/names/1', { bytes: systemRandom(100) }));
    must(
      await as('founder', 'PUT', '/vault/heads/1', {
        json: { head: toBase64url(makeHead(pair, 'founder', 1)) },
      }),
    );
    const made = await makeMember(world.service, { organisation, token: tokens.founder, role: 'sales' });
    email = made.email;
    const people = [makePerson(systemRandom), makePerson(systemRandom)];
    must(
      await putRoster({ ...world.work, service: world.service }, 'founder', rosterWith(organisation, people)),
    );
    await service.close();
    writeFileSync(file('token'), `${OPERATOR_TOKEN}\n`);
    onWorkerd = ['--operator-token-file', file('token')];
    lines = await exported(id, 'first', '--data', data);
  });

  it('answers on workerd as it did on Node, and comes back record by record', async () => {
    // One before it was broken off.
    const place = remotePlace(edge.url, OPERATOR_TOKEN);
    const kept = { id, jurisdiction: null };
    await place.begin(kept);
    await place.put(kept, 'limits', [{ side: 1, role: 'auditor', given: 'by another export' }]);
    const moved = await serviceCommand(['import', file('first'), '--to', edge.url, ...onWorkerd]);
    expect(moved.stderr).toMatch(/: \d{2,} records, all compared\n$/);
    expect(moved.code).toBe(0);
    const service = remoteService({ url: edge.url, registrationCode: null });
    const token = await login(service, world.work.pair.founder);
    const path = `/v1/partnerships/${id}/overlap`;
    const { organisation } = world.work.pair.founder;
    const sam = String((await logInAs(service, organisation, email)).json?.token);
    const answer = await service.call('POST', path, { token: sam, json: {} });
    expect([answer.status, answer.json?.rows]).toMatchObject([200, [{}, {}, {}]]);
    const rosters = await service.call('GET', '/v1/rosters', { token });
    expect(rosters.json?.rosters).toHaveLength(1);
    const there = await exported(id, 'second', '--from', edge.url, ...onWorkerd);
    const back = await serviceCommand(['import', file('second'), '--data', file('back')]);
    expect(back.code, back.stderr).toBe(0);
    expect(await exported(id, 'third', '--data', file('back'))).toEqual(there);
    // But for the answer that was recorded meanwhile it is what was exported first.
    const ledgerless = (all: readonly string[]) =>
      all.filter((line) => !/^\{"(table":"ledger|end)"/.test(line));
    expect(ledgerless(there)).toEqual(ledgerless(lines));
    // It goes on where it is: a new list is matched.
    const tokens = { founder: token, joiner: await login(service, world.work.pair.joiner) };
    const as: TestPartnership['as'] = (side, method, to, options) =>
      service.call(method, `/v1/partnerships/${id}${to}`, { token: tokens[side], ...options });
    const next = { ...world, service, work: { ...world.work, tokens, as } };
    expect((await submitList(next, 'founder', 2, world.lists.founder)).json?.snapshot).toMatchObject({
      number: 2,
    });
    expect((await activated(next.work, 'founder', 2)).status).toBe(200);
  });

  it('is refused whole where a line is missing or changed, and nothing is written', async () => {
    const whole = lines.join('\n');
    const changed = (table: string, from: string, to: string) =>
      lines
        .map((line) => (line.startsWith(`{"table":"${table}"`) ? line.replace(from, to) : line))
        .join('\n');
    const broken: readonly (readonly [string, RegExp])[] = [
      [lines.slice(1).join('\n'), /no export of a partnership/],
      ['', /no export of a partnership/],
      [whole.replace('"format":1', '"format":2'), /another version/],
      [whole.replace('"rosters":', '"registers":'), /first line of the export is not whole/],
      [lines.slice(0, -1).join('\n'), /the export is cut off: make it again/],
      [`${whole}\n${lines[1]}`, /goes on behind its end/],
      [changed('tags', '"tags"', '"secrets"'), /is not known to this version/],
      [lines.filter((line) => !line.startsWith('{"table":"boxes"')).join('\n'), /records of boxes/],
      [whole.replace('"role":"sales"', '"role":"admin"'), /records of members were changed/],
    ];
    for (const [text, message] of broken) {
      await expect(checkFile(() => text.split('\n'))).rejects.toThrow(message);
    }
    const commanded: readonly (readonly [string, RegExp])[] = [
      [whole.slice(0, -1000), /line \d+ of the export is cut off or no JSON/],
      [changed('ledger', '"overlap"', '"matrix"'), /records of ledger were changed or are missing/],
    ];
    for (const [text, message] of commanded) {
      writeFileSync(file('broken'), text);
      expect(await refusal('import', file('broken'), '--data', file('broken-data'))).toMatch(message);
      expect(readdirSync(join(file('broken-data'), 'partnerships'))).toEqual([]);
      const place = folderPlace(file('broken-data'), false);
      expect(Object.values(await place.directory(id)).flat()).toEqual([]);
      place.close();
    }
  });

  it('is refused where it is already, and what is there stays', async () => {
    const before = readFileSync(file('third'), 'utf8');
    expect(await refusal('import', file('first'), '--data', file('back'))).toContain(
      `${id} is there already`,
    );
    expect(await refusal('import', file('first'), '--to', edge.url, ...onWorkerd)).toContain(
      `${id} is there already`,
    );
    await exported(id, 'fourth', '--data', file('back'));
    expect(readFileSync(file('fourth'), 'utf8')).toBe(before);
  });

  it('takes the place of an import that was broken off, and leaves nothing of one that fails', async () => {
    const to = folderPlace(file('again'), true);
    const { directory } = await checkFile(() => lines);
    const kept = { id, jurisdiction: null };
    await to.begin(kept);
    await to.put(kept, 'limits', [{ side: 1, role: 'auditor', given: 'by another export' }]);
    await expect(to.put({ ...kept, id: unknown }, 'limits', [])).rejects.toThrow('no import');
    // The same organisation under another name stands there already.
    const [first, ...rest] = directory.organisations;
    const others = { ...directory, organisations: [{ ...first, name: 'Another' }, ...rest] };
    const database = openDatabase(join(file('again'), 'directory.db'));
    await writeDirectory(nodeDirectory(database), id, others);
    database.exec('delete from member_partners');
    database.exec('delete from partnerships');
    to.close();
    expect(await refusal('import', file('first'), '--data', file('again'))).toContain(
      'another record of organisations is there already',
    );
    expect(database.all("select 1 from organisations where name = 'Another'")).toHaveLength(1);
    expect(database.all('select id from partnerships')).toEqual([]);
    expect(readdirSync(join(file('again'), 'partnerships')).filter((name) => name.startsWith(id))).toEqual(
      [],
    );
    for (const table of DIRECTORY_TABLES.toReversed()) database.exec(`delete from ${table}`);
    database.close();
    const moved = await serviceCommand(['import', file('first'), '--data', file('again')]);
    expect(moved.code, moved.stderr).toBe(0);
    expect(await exported(id, 'fifth', '--data', file('again'))).toEqual(lines);
  });

  it('takes nothing away once the directory knows the partnership', async () => {
    const to = folderPlace(file('lost'), true);
    const { directory } = await checkFile(() => lines);
    const kept = { id, jurisdiction: null };
    await to.begin(kept);
    for await (const { table, rows } of pagesOf(() => lines)) await to.put(kept, table, rows);
    const database = openDatabase(join(file('lost'), 'directory.db'));
    // The program ended between the two commits of the last step.
    await writeDirectory(nodeDirectory(database), id, directory);
    database.close();
    await to.abandon(kept);
    await expect(to.begin(kept)).rejects.toThrow('is there already');
    await expect(to.put(kept, 'limits', [])).rejects.toThrow('no import');
    to.close();
    expect(await exported(id, 'sixth', '--data', file('lost'))).toEqual(lines);
  });

  it('has records of the two companies alone, and brings nobody to one that is here', async () => {
    const { directory } = await checkFile(() => lines);
    const [member] = directory.members;
    const strange: readonly Partial<DirectoryRows>[] = [
      { partnerships: [] },
      { partnerships: [...directory.partnerships, { ...directory.partnerships[0], id: unknown }] },
      { organisations: [...directory.organisations, { ...directory.organisations[0], id: 'org_else' }] },
      { members: [...directory.members, { ...member, id: 'mbr_else', organisation: 'org_else' }] },
      { login_users: [...directory.login_users, { id: 'mbr_else', email: 'x@else.example' }] },
      { login_accounts: [...directory.login_accounts, { id: 'a', user_id: 'mbr_else' }] },
      { member_partners: [...directory.member_partners, { member: 'mbr_else', partnership: id }] },
    ];
    for (const change of strange) {
      expect(() => checkRows(id, { ...directory, ...change })).toThrow(/that are not of/);
    }
    const database = openDatabase(':memory:');
    const here = nodeDirectory(database);
    await writeDirectory(here, id, directory);
    const planted = { ...member, id: 'mbr_planted', role: 'admin' };
    const more = { ...directory, members: [...directory.members, planted] };
    await expect(writeDirectory(here, id, more)).rejects.toThrow(/without some of the people in the export/);
    expect(await readDirectory(here, id)).toEqual(directory);
    database.close();
  });

  it('needs what it is told, and says so', async () => {
    writeFileSync(file('wrong'), 'another token, of 32 characters or more');
    const wrong = ['--operator-token-file', file('wrong')];
    expect(await refusal('export', id, '--from', edge.url, ...wrong)).toContain('operator');
    expect(await refusal('export', id, '--from', edge.url)).toContain('--operator-token-file');
    expect(await refusal('export', id, '--from', 'http://127.0.0.1:1', ...onWorkerd)).toContain('no answer');
    expect(await refusal('export', id, '--to', edge.url, ...onWorkerd)).toContain('export has no --to');
    expect(await refusal('export', id, '--data', file('nowhere'))).toContain('has no data of a service');
    expect(await refusal('export', 'prt_1', '--data', file('from'))).toContain('no partnership id');
    expect(await refusal('export', unknown, '--data', file('from'))).toContain(`no partnership ${unknown}`);
    expect(await refusal('import', file('missing'), '--data', file('back'))).toContain('missing');
    expect(existsSync(file('nowhere'))).toBe(false);
  });
});

it('moves every table but those of the work under way', () => {
  const database = openDatabase(':memory:');
  migrate(database, PARTNERSHIP_MIGRATIONS);
  const all = database.all<{ name: string }>(
    "select name from sqlite_schema where type = 'table' order by name",
  );
  const left = ['crowded', 'garbage', 'importing', 'matches', 'pairs', 'run', 'schema_version', 'tiers'];
  expect(all.map(({ name }) => name)).toEqual([...TABLES, ...left].sort());
  database.close();
});

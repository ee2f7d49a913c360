/** A partnership out of a folder of Node, into workerd, and back into another folder: record by record the same. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { toBase64url } from '../../protocol/bytes.ts';
import { systemRandom } from '../../protocol/hash.ts';
import type { PartnershipId } from '../../protocol/ids.ts';
import { packRows } from '../../protocol/vault/upload.ts';
import { startService } from '../../src/service/node.ts';
import { openNodeStorage } from '../../src/service/storage/node.ts';
import { PARTNERSHIP_MIGRATIONS } from '../../src/service/storage/schema.ts';
import { folderPlace, remotePlace } from '../../src/service/transfer/places.ts';
import { TABLES } from '../../src/service/transfer/tables.ts';
import { exportPartnership, importPartnership, type Place } from '../../src/service/transfer/transfer.ts';
import { migrate, openDatabase } from '../../src/sqlite.ts';
import { remoteService } from '../conformance/service.ts';
import { activated, must, newWorld, submitList, type World } from '../conformance/work.ts';
import { OPERATOR_TOKEN, type TestEdge, testEdge } from '../support/edge.ts';
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

async function linesOf(place: Place, id: PartnershipId): Promise<string[]> {
  const lines: string[] = [];
  await exportPartnership(place, id, (line) => lines.push(line));
  return lines;
}

describe('a partnership that moves', () => {
  let world: World;
  let exported: string[];
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
    const place = folderPlace(data);
    exported = await linesOf(place, id);
    place.close();
  });

  it('answers on workerd as it did on Node, and comes back record by record', async () => {
    const place = remotePlace(edge.url, OPERATOR_TOKEN);
    const moved = await importPartnership(place, exported);
    expect(moved.records).toBeGreaterThan(50);
    const service = remoteService({ url: edge.url, registrationCode: null });
    const token = await login(service, world.work.pair.founder);
    const path = `/v1/partnerships/${id}/overlap`;
    const { organisation } = world.work.pair.founder;
    const sam = String((await logInAs(service, organisation, email)).json?.token);
    const answer = await service.call('POST', path, { token: sam, json: {} });
    expect([answer.status, answer.json?.rows]).toMatchObject([200, [{}, {}, {}]]);
    const rosters = await service.call('GET', '/v1/rosters', { token });
    expect(rosters.json?.rosters).toHaveLength(1);
    const back = join(folder, 'back');
    mkdirSync(back);
    await openNodeStorage(back).close();
    const home = folderPlace(back);
    const there = await linesOf(place, id);
    await importPartnership(home, there);
    expect(await linesOf(home, id)).toEqual(there);
    home.close();
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

  it('is refused where a record is missing, changed, or there already', async () => {
    const place = () => {
      const to = join(folder, `bad-${systemRandom(4).join('')}`);
      mkdirSync(join(to, 'partnerships'), { recursive: true });
      return folderPlace(to);
    };
    const into = async (lines: readonly string[], message: RegExp) => {
      const to = place();
      await expect(importPartnership(to, lines)).rejects.toThrow(message);
      to.close();
    };
    await into(exported.slice(0, -1), /cut off/);
    await into(exported.slice(1), /no export/);
    const without = exported.filter((line) => !line.startsWith('{"table":"boxes"'));
    await into(without, /records of boxes/);
    const changed = exported.map((line) =>
      line.startsWith('{"table":"ledger"') ? line.replace('"overlap"', '"matrix"') : line,
    );
    await into(changed, /records of ledger/);
    await expect(importPartnership(remotePlace(edge.url, OPERATOR_TOKEN), exported)).rejects.toThrow(
      /there already/,
    );
  });

  it('needs the token of the operator', async () => {
    const place = remotePlace(edge.url, 'another token, of 32 characters or more');
    await expect(linesOf(place, id)).rejects.toThrow('404');
  });
});

it('moves every table but those of the work under way', () => {
  const database = openDatabase(':memory:');
  migrate(database, PARTNERSHIP_MIGRATIONS);
  const all = database.all<{ name: string }>(
    "select name from sqlite_schema where type = 'table' order by name",
  );
  const left = ['crowded', 'garbage', 'next_matches', 'next_pairs', 'next_tallies', 'run', 'schema_version'];
  expect(all.map(({ name }) => name)).toEqual([...TABLES, ...left].sort());
  database.close();
});

/** Invitations that the service does not know any more, told apart from a service that lost its data. */
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { systemRandom } from '../../protocol/hash.ts';
import { endPartnership } from '../../src/agent/ending.ts';
import { acceptInvitation, invite, readInvitation } from '../../src/agent/partners.ts';
import { getPartnership, listPartnerships } from '../../src/agent/store/partnerships.ts';
import { syncPartnership } from '../../src/agent/sync/sync.ts';
import { openDatabase } from '../../src/sqlite.ts';
import { type Pair, twoOrganisations } from '../support/homes.ts';

const OPTIONS = { progress: () => undefined, waitUntilMs: null };
let pair: Pair;
beforeEach(async () => {
  pair = await twoOrganisations([], []);
});
afterEach(() => pair.close());

/** What the service does some weeks after an invitation has expired, and what it does after the loss of its data. */
function forget(id: string): void {
  const database = openDatabase(join(pair.folder, 'service', 'directory.db'));
  database.run('delete from partnerships where id = ?', id);
  database.close();
}

it('is refused to whoever comes late with it, who is told to ask for a new one', async () => {
  const { partnership, text } = await invite(pair.a, 'later', systemRandom);
  forget(partnership.id);
  const late = acceptInvitation(pair.b, readInvitation(text), 'a-again', systemRandom);
  await expect(late).rejects.toMatchObject({
    code: 'service_refused',
    serviceCode: 'not_found',
    hint: expect.stringMatching(/expired.*withdrawn.*ask your partner for a new one/),
  });
  expect(listPartnerships(pair.b.store).map(({ alias }) => alias)).toEqual(['a']);
});

it('is refused with the same advice where it has expired and is still known', async () => {
  const { partnership, text } = await invite(pair.a, 'later', systemRandom);
  const database = openDatabase(join(pair.folder, 'service', 'directory.db'));
  database.run('update partnerships set expires_ms = 1 where id = ?', partnership.id);
  database.close();
  const late = acceptInvitation(pair.b, readInvitation(text), 'a-again', systemRandom);
  await expect(late).rejects.toMatchObject({
    serviceCode: 'invitation_expired',
    hint: expect.stringContaining('ask your partner for a new invitation'),
  });
});

it('can be ended by who made it, though nobody is left to be told', async () => {
  const { partnership } = await invite(pair.a, 'later', systemRandom);
  forget(partnership.id);
  await expect(syncPartnership(pair.a, partnership.id, pair.pool, OPTIONS)).rejects.toMatchObject({
    serviceCode: 'not_found',
    hint: expect.stringMatching(/nobody accepted it.*partner end later/),
  });
  expect((await endPartnership(pair.a, partnership)).ended).toMatchObject({ by: 'mine', told: true });
  // It is over for the sync too, which does not ask again.
  const report = await syncPartnership(pair.a, partnership.id, pair.pool, OPTIONS);
  expect([report.ended?.by, report.steps]).toEqual(['mine', 0]);
  expect(getPartnership(pair.a.store, partnership.id).ended?.told).toBe(true);
});

it('is no explanation for a partnership that was in use', async () => {
  const { id } = pair.partnership(pair.a);
  forget(id);
  await expect(syncPartnership(pair.a, id, pair.pool, OPTIONS)).rejects.toMatchObject({
    serviceCode: 'not_found',
    hint: expect.stringContaining('backup'),
  });
  await expect(endPartnership(pair.a, pair.partnership(pair.a))).rejects.toMatchObject({
    serviceCode: 'not_found',
  });
});

import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { newIdentity } from '../../protocol/age.ts';
import { systemRandom } from '../../protocol/hash.ts';
import { type Agent, openAgent } from '../../src/agent/agent.ts';
import { askOverlap, askWhiteSpace } from '../../src/agent/answers.ts';
import { backup, restore } from '../../src/agent/backup.ts';
import { type Home, homeAt, readConfiguration } from '../../src/agent/home.ts';
import { createKeyring, lock, unlock } from '../../src/agent/keyring.ts';
import { versions } from '../../src/agent/scopes/following.ts';
import { grantScope } from '../../src/agent/scopes/granting.ts';
import { getPartnership } from '../../src/agent/store/partnerships.ts';
import { usedCount } from '../../src/agent/sync/evaluate.ts';
import { type SyncReport, syncPartnership } from '../../src/agent/sync/sync.ts';
import { collect } from '../support/files.ts';
import {
  EVERYTHING,
  grantBoth,
  importRows,
  type Pair,
  type Row,
  twoOrganisations,
} from '../support/homes.ts';

const A: Row[] = [
  ['a1', 'Siemens AG', 'siemens.com', 'Customer'],
  ['a2', 'Nestlé S.A.', 'nestle.com', 'Prospect'],
];
const B: Row[] = [
  ['b1', 'Siemens', 'siemens.com', 'Prospect'],
  ['b2', 'Unilever', 'unilever.com', 'Customer'],
];
const MORE_A: Row[] = [...A, ['a3', 'Unilever plc', 'unilever.com', 'Customer']];
const MORE_B: Row[] = [
  ...B,
  ['b3', 'Nestle', 'nestle.com', 'Customer'],
  ['b4', 'Danone', 'danone.com', 'Customer'],
];
const MOST_B: Row[] = [...MORE_B, ['b5', 'Beiersdorf', 'beiersdorf.com', 'Customer']];
const OPTIONS = { progress: () => undefined, waitUntilMs: null };
const NO_PASSPHRASE = () => Promise.reject(new Error('nobody is to be asked'));

let pair: Pair;
let restored: Agent | undefined;
afterEach(async () => {
  restored?.close();
  restored = undefined;
  await pair.close();
});

const saved = () => join(pair.folder, 'a.backup');
const save = () => backup(pair.a.home, saved(), null, Date.now());

/** The home of `a` as it was saved, in a new folder. */
async function comeBack(): Promise<Agent> {
  const home = homeAt(join(pair.folder, 'a-restored'));
  await restore(saved(), home, { keyFile: join(pair.folder, 'a.key'), passphrase: NO_PASSPHRASE });
  restored = await openAgent(home, Date.now);
  return restored;
}

const sync = (agent: Agent): Promise<SyncReport> =>
  syncPartnership(agent, pair.partnership(pair.b).id, pair.pool, OPTIONS);

/** One after the other until neither has anything to do. */
async function rest(agent: Agent): Promise<void> {
  for (let round = 0; round < 12; round++) {
    const waiting = [(await sync(agent)).waiting, (await sync(pair.b)).waiting];
    if (round > 0 && waiting.every((reason) => reason === null)) return;
  }
  throw new Error('the sync does not come to rest');
}

async function recordsOf(agent: Agent): Promise<string[]> {
  const partnership = getPartnership(agent.store, pair.partnership(pair.b).id);
  return (await collect(askOverlap(agent, partnership, {}))).map((row) => row.record).sort();
}

const used = (agent: Agent) => usedCount({ agent, id: pair.partnership(pair.b).id }, 'domain', null);

describe('a home that was restored', () => {
  it('goes on where the world is, not where the backup was', async () => {
    pair = await twoOrganisations(A, B);
    await grantBoth(pair);
    await pair.sync();
    expect(used(pair.a)).toBe(2);
    await save();
    // What the backup does not know: another list of ours, another scope, more evaluations for the partner.
    await importRows(pair.a, pair.folder, MORE_A);
    await pair.sync();
    await grantScope(pair.a, pair.partnership(pair.a), { ...EVERYTHING, minimumCount: 7 });
    await importRows(pair.b, pair.folder, MORE_B);
    await pair.sync();
    expect(used(pair.a)).toBe(4);
    const before = await recordsOf(pair.b);
    expect(before).toEqual(['b1', 'b2', 'b3']);

    const agent = await comeBack();
    expect([used(agent), pair.partnership(pair.b).seenSubmission]).toEqual([2, 3]);
    await expect(recordsOf(agent)).rejects.toMatchObject({ code: 'not_synced' });
    await importRows(agent, pair.folder, MORE_A);
    await importRows(pair.b, pair.folder, MOST_B);
    await rest(agent);
    const partnership = getPartnership(agent.store, pair.partnership(pair.b).id);
    expect(versions(agent, partnership, 'mine').at(-1)?.papers.scope).toMatchObject({
      number: 2,
      minimumCount: 7,
    });
    expect(partnership.lastSubmission?.number).toBe(4);
    // Two before the backup, two after it, one after the restore.
    expect(used(agent)).toBe(5);
    expect(await recordsOf(agent)).toEqual(['a1', 'a2', 'a3']);
    expect(await recordsOf(pair.b)).toEqual(before);
    const white = await collect(askWhiteSpace(agent, partnership, {}));
    expect(white.map((row) => row.name).sort()).toEqual(['Beiersdorf', 'Danone']);
  });

  it('does not refill the partner’s budget', async () => {
    pair = await twoOrganisations(A, B);
    const budget = { domain: 4, name: 4 };
    await grantScope(pair.a, pair.partnership(pair.a), { ...EVERYTHING, budget });
    await grantScope(pair.b, pair.partnership(pair.b), EVERYTHING);
    await pair.sync();
    await save();
    await importRows(pair.b, pair.folder, MORE_B);
    await pair.sync();
    const agent = await comeBack();
    await importRows(pair.b, pair.folder, MOST_B);
    await sync(pair.b);
    await sync(agent);
    await expect(sync(pair.b)).rejects.toMatchObject({ code: 'budget_spent' });
    expect(used(agent)).toBe(4);
  });

  it('books what the backup lacks in the current year, whichever it was paid in', async () => {
    pair = await twoOrganisations(A, B);
    const budget = { domain: 4, name: 4 };
    await grantScope(pair.a, pair.partnership(pair.a), { ...EVERYTHING, budget });
    await grantScope(pair.b, pair.partnership(pair.b), EVERYTHING);
    await pair.sync();
    const { id } = pair.partnership(pair.b);
    const year = new Date().getUTCFullYear();
    const inYears = (agent: Agent) => [year - 1, year].map((of) => usedCount({ agent, id }, 'domain', of));
    // The new year begins: what was evaluated before counts as a sum, and no more against the budget.
    pair.a.store.database.run('update evaluation_counts set year = year - 1');
    await save();
    await importRows(pair.b, pair.folder, MORE_B);
    await pair.sync();
    expect(inYears(pair.a)).toEqual([2, 2]);
    const agent = await comeBack();
    expect(inYears(agent)).toEqual([2, 0]);
    await importRows(pair.b, pair.folder, MOST_B);
    await rest(agent);
    expect(inYears(agent)).toEqual([2, 3]);
  });

  it('weighs of a request that it had begun to evaluate only the rest', async () => {
    pair = await twoOrganisations(A, B);
    const budget = { domain: 4, name: 100 };
    await grantScope(pair.a, pair.partnership(pair.a), { ...EVERYTHING, budget });
    await grantScope(pair.b, pair.partnership(pair.b), EVERYTHING);
    await pair.sync();
    await save();
    await importRows(pair.b, pair.folder, MORE_B);
    await sync(pair.b);
    const client = pair.a.client();
    const real = client.putEvaluation.bind(client);
    client.putEvaluation = (id, of, number, index, evaluation) =>
      index === 0 ? real(id, of, number, index, evaluation) : Promise.reject(new Error('killed'));
    await expect(sync(pair.a)).rejects.toThrow('killed');
    const agent = await comeBack();
    await rest(agent);
    expect(used(agent)).toBe(4);
    expect(await recordsOf(pair.b)).toEqual(['b1', 'b3']);
  });

  it('evaluates nothing where the receipt in its name is not its own', async () => {
    pair = await twoOrganisations(A, B);
    await grantBoth(pair);
    await pair.sync();
    const id = pair.partnership(pair.a).id;
    const theirs = await pair.b.client().receipt(id);
    await save();
    const agent = await comeBack();
    await importRows(pair.b, pair.folder, MORE_B);
    await sync(pair.b);
    const client = agent.client();
    client.receipt = () => Promise.resolve(theirs);
    await expect(sync(agent)).rejects.toMatchObject({ code: 'service_alarm' });
    expect((await pair.b.client().partnership(id)).requests.joiner?.evaluated).toEqual([]);
  });

  it('drops a request that was finished since', async () => {
    pair = await twoOrganisations(A, B);
    await grantBoth(pair);
    await sync(pair.a);
    await sync(pair.b);
    expect((await sync(pair.a)).waiting).toBe('partner_evaluates');
    await save();
    expect(pair.partnership(pair.a).request?.number).toBe(1);
    await pair.sync();
    const agent = await comeBack();
    await rest(agent);
    expect(getPartnership(agent.store, pair.partnership(pair.b).id).request).toBeNull();
    expect(await recordsOf(agent)).toEqual(['a1']);
  });

  it('lets go of a request whose blinds are gone, and asks again', async () => {
    pair = await twoOrganisations(A, B);
    await grantBoth(pair);
    await pair.sync();
    await save();
    await importRows(pair.a, pair.folder, MORE_A);
    expect((await sync(pair.a)).waiting).toBe('partner_evaluates');
    const agent = await comeBack();
    await importRows(agent, pair.folder, MORE_A);
    await rest(agent);
    expect(await recordsOf(agent)).toEqual(['a1', 'a3']);
    const view = await agent.client().partnership(pair.partnership(pair.b).id);
    expect(view.lastRequest.founder).toBe(3);
  });

  it('drops a prepared list, whose number another list has by now', async () => {
    pair = await twoOrganisations(A, B);
    await grantBoth(pair);
    await pair.sync();
    await importRows(pair.a, pair.folder, MORE_A);
    await sync(pair.a);
    await sync(pair.b);
    // The list is prepared and not sent: the service refuses its head for a while.
    const client = pair.a.client();
    const real = client.putSubmission.bind(client);
    client.putSubmission = () => Promise.reject(new Error('not now'));
    await expect(sync(pair.a)).rejects.toThrow('not now');
    expect(pair.partnership(pair.a).pendingSubmission?.number).toBe(2);
    await save();
    client.putSubmission = real;
    await importRows(pair.a, pair.folder, A.slice(0, 1));
    await pair.sync();
    const agent = await comeBack();
    expect(getPartnership(agent.store, pair.partnership(pair.b).id).pendingSubmission).toBeNull();
    await rest(agent);
    expect(await recordsOf(agent)).toEqual(['a1', 'a3']);
    expect(await recordsOf(pair.b)).toEqual(['b1', 'b2']);
  });

  it('numbers a new scope behind those that it forgot', async () => {
    pair = await twoOrganisations(A, B);
    await grantBoth(pair);
    await pair.sync();
    await save();
    await grantScope(pair.a, pair.partnership(pair.a), { ...EVERYTHING, minimumCount: 7 });
    await pair.sync();
    const agent = await comeBack();
    const id = pair.partnership(pair.b).id;
    const scope = await grantScope(agent, getPartnership(agent.store, id), {
      ...EVERYTHING,
      minimumCount: 9,
    });
    expect(scope).toMatchObject({ number: 3, minimumCount: 9 });
    await rest(agent);
    expect(await recordsOf(pair.b)).toEqual(['b1']);
  });

  it('whose backup is older than its keys says so', async () => {
    pair = await twoOrganisations(A, B);
    await save();
    await grantBoth(pair);
    await pair.sync();
    const agent = await comeBack();
    await expect(sync(agent)).rejects.toMatchObject({ code: 'store_damaged' });
    expect(await recordsOf(pair.b)).toEqual(['b1']);
  });
});

describe('a backup', () => {
  beforeEach(async () => {
    pair = await twoOrganisations(A, B);
  });
  const target = (name: string) => homeAt(join(pair.folder, name));
  const key = () => join(pair.folder, 'a.key');

  it('is the owner’s alone and overwrites nothing', async () => {
    await save();
    expect(statSync(saved()).mode & 0o777).toBe(0o600);
    const before = readFileSync(saved());
    expect(before.includes(Buffer.from('siemens'))).toBe(false);
    await expect(save()).rejects.toMatchObject({ code: 'exists' });
    expect(readFileSync(saved())).toEqual(before);
    expect(readdirSync(pair.a.home.directory).filter((name) => name.includes('backup'))).toEqual([]);
  });

  it('goes into an empty folder only', async () => {
    await save();
    const home = target('full');
    mkdirSync(home.directory);
    writeFileSync(join(home.directory, 'note.txt'), 'mine');
    await expect(restore(saved(), home, { keyFile: null, passphrase: NO_PASSPHRASE })).rejects.toMatchObject({
      code: 'exists',
    });
    expect(readdirSync(home.directory)).toEqual(['note.txt']);
    const empty = target('empty');
    mkdirSync(empty.directory);
    await restore(saved(), empty, { keyFile: key(), passphrase: NO_PASSPHRASE });
    expect(readdirSync(empty.directory).sort()).toEqual(['config.json', 'keyring.age', 'store.db']);
    for (const name of readdirSync(empty.directory))
      expect(statSync(join(empty.directory, name)).mode & 0o777, name).toBe(0o600);
    expect(statSync(empty.directory).mode & 0o777).toBe(0o700);
  });

  const damages: Record<string, (bytes: Buffer) => Buffer> = {
    'cut in its store': (bytes) => bytes.subarray(0, -1),
    'cut in its head': (bytes) => bytes.subarray(0, 20),
    'changed at its end': (bytes) =>
      Buffer.concat([bytes.subarray(0, -1), Buffer.of((bytes.at(-1) ?? 0) ^ 1)]),
    'longer than it was': (bytes) => Buffer.concat([bytes, Buffer.of(0)]),
    'another file': () => Buffer.from('hello\nworld\n'),
    empty: () => Buffer.alloc(0),
  };
  it.each(Object.keys(damages))('%s is refused and leaves nothing', async (name) => {
    await save();
    const damaged = join(pair.folder, 'damaged');
    writeFileSync(damaged, damages[name]?.(readFileSync(saved())) ?? '');
    const before = readdirSync(pair.folder);
    await expect(
      restore(damaged, target('never'), { keyFile: key(), passphrase: NO_PASSPHRASE }),
    ).rejects.toMatchObject({ code: expect.stringMatching(/^(bad_input|wrong_passphrase)$/) });
    expect(readdirSync(pair.folder)).toEqual(before);
  });

  it('does not open with another key', async () => {
    await save();
    const other = join(pair.folder, 'other.key');
    writeFileSync(other, `${await newIdentity()}\n`, { mode: 0o600 });
    await expect(
      restore(saved(), target('never'), { keyFile: other, passphrase: NO_PASSPHRASE }),
    ).rejects.toMatchObject({ code: 'wrong_passphrase' });
    expect(existsSync(target('never').directory)).toBe(false);
  });

  it('under a passphrase needs no key file, and makes it anew', async () => {
    await backup(pair.a.home, saved(), 'correct horse battery', Date.now());
    const keyFile = join(pair.folder, 'new.key');
    const wrong = { keyFile, passphrase: () => Promise.resolve('incorrect horse') };
    await expect(restore(saved(), target('back'), wrong)).rejects.toMatchObject({ code: 'wrong_passphrase' });
    expect(existsSync(keyFile)).toBe(false);
    const right = { keyFile, passphrase: () => Promise.resolve('correct horse battery') };
    expect(await restore(saved(), target('back'), right)).toMatchObject({ keyFile });
    expect(statSync(keyFile).mode & 0o777).toBe(0o600);
    restored = await openAgent(target('back'), Date.now);
    expect(restored.keyring.certificate).toEqual(pair.a.keyring.certificate);
    expect(readConfiguration(target('back'))).toEqual({ service: pair.url, keyFile });
  });

  it('of a home with a passphrase opens with that passphrase alone', async () => {
    const home: Home = target('people');
    const passphrase = 'four or five random words';
    const tools = { random: systemRandom, nowMs: Date.now() };
    await createKeyring(home, { name: 'People', lock: { passphrase }, service: null }, tools);
    await expect(backup(home, saved(), null, Date.now())).rejects.toMatchObject({ code: 'locked' });
    await unlock(home, passphrase, Date.now());
    const made = await backup(home, saved(), null, Date.now());
    expect(made).toMatchObject({ opensWith: 'home passphrase', keyFile: null });
    lock(home);
    const back = target('people-restored');
    const asked = (text: string) => ({ keyFile: null, passphrase: () => Promise.resolve(text) });
    await expect(restore(saved(), back, asked('wrong words'))).rejects.toMatchObject({
      code: 'wrong_passphrase',
    });
    await restore(saved(), back, asked(passphrase));
    await unlock(back, passphrase, Date.now());
    restored = await openAgent(back, Date.now);
    expect(restored.keyring.certificate.name).toBe('People');
    lock(back);
  });
});

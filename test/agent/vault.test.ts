/** A member's home and the vault: the same checks as where the list is, and what a service or a stranger cannot do. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { recipientOf, sealTo } from '../../protocol/age.ts';
import { fromBase64url, toBase64url, toHex } from '../../protocol/bytes.ts';
import { sha256, signingPublicKey, systemRandom } from '../../protocol/hash.ts';
import { type MemberId, openMemberKeys, signMemberKeys } from '../../protocol/member.ts';
import { openHead, signHead } from '../../protocol/vault/head.ts';
import { signWrap, vaultKeyId } from '../../protocol/vault/key.ts';
import { timestamp } from '../../src/agent/agent.ts';
import { askOverlap, askWhiteSpace } from '../../src/agent/answers.ts';
import type { OverlapAnswer, PartnershipView } from '../../src/agent/client.ts';
import { openExport } from '../../src/agent/import/export.ts';
import { openOwnKeys } from '../../src/agent/member/keys.ts';
import { grantScope } from '../../src/agent/scopes/granting.ts';
import { importSource } from '../../src/agent/store/lists.ts';
import { syncPartnership } from '../../src/agent/sync/sync.ts';
import { candidateOf, compareCode } from '../../src/agent/vault/admission.ts';
import { readVault, takeOut } from '../../src/agent/vault/keys.ts';
import { collect } from '../support/files.ts';
import {
  EVERYTHING,
  grantBoth,
  importRows,
  type Pair,
  type Row,
  twoOrganisations,
} from '../support/homes.ts';
import { admit, asMember, type Joined, joinAs } from '../support/members.ts';
import { whole } from '../support/results.ts';

const A: Row[] = [
  ['a1', 'Siemens AG', 'siemens.com'],
  ['a2', 'Nestlé S.A.', 'nestle.com', 'Prospect'],
];
const B: Row[] = [
  ['b1', 'Siemens', 'siemens.com', 'Prospect'],
  ['b2', 'Nestle', 'nestle.com'],
  ['b3', 'Hooli', 'hooli.com'],
];

type Wire<Value> = Value extends Uint8Array
  ? string
  : Value extends object
    ? { [Key in keyof Value]: Wire<Value[Key]> }
    : Value;
type Answer = Wire<OverlapAnswer>;
type View = Wire<PartnershipView>;
type Vault = { certificate: string; wraps: string[] };
type Members = { members: { id: MemberId; keys: string; vault: { number: number; wrap: string } | null }[] };

const OVERLAP = /overlap$/;
const VIEW = /partnerships\/prt_[0-9a-f]+$/;

let pair: Pair;
let ann: Joined;
beforeEach(async () => {
  pair = await twoOrganisations(A, B);
  await grantBoth(pair);
  await pair.sync();
  ann = await joinAs(pair, pair.a, 'sales');
  await admit(pair.a.home, ann);
  await pair.sync();
}, 60_000);
afterEach(async () => {
  vi.unstubAllGlobals();
  await pair.close();
});

/** A service that changes its answers to calls of this method and path. */
function tamper<Shown>(method: string, path: RegExp, change: (answer: Shown) => unknown): void {
  const real = fetch;
  vi.stubGlobal('fetch', async (url: string, init: RequestInit) => {
    const response = await real(url, init);
    if (init.method !== method || !path.test(new URL(url).pathname)) return response;
    return new Response(JSON.stringify(change((await response.json()) as Shown)), response);
  });
}

/** What the service answers now, as it goes over the wire. */
async function captured<Shown>(method: string, path: RegExp, work: () => Promise<unknown>): Promise<Shown> {
  let found: Shown | undefined;
  tamper<Shown>(method, path, (answer) => {
    found = answer;
    return answer;
  });
  await work();
  vi.unstubAllGlobals();
  if (found === undefined) throw new Error('nothing was asked');
  return found;
}

const overlap = (of = ann) =>
  asMember(of, async (viewer) => {
    const [partnership] = await viewer.asked(undefined);
    return partnership ? await collect(askOverlap(viewer, partnership, {})) : [];
  });
const alarm = { code: 'service_alarm' };
const own = (answer: Answer) => answer.own ?? { key: 0, rows: [] };

describe('a member’s home shows nothing', () => {
  it('of rows that the service swapped between two accounts', async () => {
    expect((await overlap()).map(({ record }) => record).sort()).toEqual(['a1', 'a2']);
    tamper<Answer>('POST', OVERLAP, (answer) => ({
      ...answer,
      own: {
        ...own(answer),
        rows: own(answer).rows.map(({ handle }, i, rows) => ({
          handle,
          sealed: rows[(i + 1) % rows.length]?.sealed,
        })),
      },
    }));
    await expect(overlap()).rejects.toMatchObject(alarm);
  });

  it('where the service keeps own rows back', async () => {
    tamper<Answer>('POST', OVERLAP, (answer) => ({
      ...answer,
      own: { ...own(answer), rows: own(answer).rows.slice(1) },
    }));
    await expect(overlap()).rejects.toMatchObject(alarm);
    vi.unstubAllGlobals();
    tamper<Answer>('POST', OVERLAP, (answer) => ({ ...answer, own: null }));
    await expect(overlap()).rejects.toMatchObject(alarm);
  });

  it('of rows and heads under a key that was replaced', async () => {
    const bea = await joinAs(pair, pair.a, 'sales');
    await admit(ann.home, bea);
    const rows = own(await captured<Answer>('POST', OVERLAP, overlap));
    const { vault } = await captured<View>('GET', VIEW, overlap);
    await pair.a.client().removeMember(bea.id);
    await pair.sync();
    expect(readVault(pair.a.store)?.key.number).toBe(2);
    expect(await overlap()).toHaveLength(2);
    for (const key of [rows.key, 2]) {
      tamper<Answer>('POST', OVERLAP, (answer) => ({ ...answer, own: { ...rows, key } }));
      await expect(overlap()).rejects.toMatchObject(alarm);
      vi.unstubAllGlobals();
    }
    tamper<View>('GET', VIEW, (view) => ({ ...view, vault }));
    await expect(overlap()).rejects.toMatchObject(alarm);
    vi.unstubAllGlobals();
    tamper<View>('GET', VIEW, (view) => ({ ...view, vault: null }));
    // An own revocation takes the vault away, too; without one nothing is answered.
    await expect(overlap()).rejects.toMatchObject({ code: 'not_synced' });
  });

  it('by a vault key that a stranger, or the service, wrapped', async () => {
    const { keys } = await openOwnKeys(ann.home, Date.now());
    const { organisation } = pair.a.keyring.certificate;
    const opened = openMemberKeys(keys, { organisation, member: ann.id });
    if (!opened.ok) throw new Error('no keys');
    const key = systemRandom(32);
    const wrapped = await sealTo(opened.value.recipient, key);
    const forged = signWrap(
      {
        organisation,
        number: 1,
        keyId: vaultKeyId(key),
        member: ann.id,
        keysHash: sha256(keys),
        by: null,
        wrapped: wrapped ?? new Uint8Array(),
      },
      systemRandom(32),
    );
    tamper<Vault>('GET', /\/v1\/vault$/, (shown) => ({ ...shown, wraps: [toBase64url(forged)] }));
    await expect(overlap()).rejects.toMatchObject(alarm);
  });

  it('on the word of another organisation, or of a head that its own agent did not sign', async () => {
    const theirs = toBase64url(pair.b.keyring.signedCertificate);
    tamper<Vault>('GET', /\/v1\/vault$/, (shown) => ({ ...shown, certificate: theirs }));
    await expect(overlap()).rejects.toMatchObject(alarm);
    vi.unstubAllGlobals();
    const { agentKey } = pair.a.keyring.certificate;
    const { id } = pair.partnership(pair.a);
    tamper<View>('GET', VIEW, (view) => {
      const head = openHead(fromBase64url(view.vault ?? '') ?? new Uint8Array(), id, agentKey);
      if (!head.ok) throw new Error(head.reason);
      return { ...view, vault: toBase64url(whole(signHead(head.value, systemRandom(32)))) };
    });
    await expect(overlap()).rejects.toMatchObject(alarm);
  });

  it('that the partner did not confirm, by the very checks of the home with the list', async () => {
    tamper<Answer>('POST', OVERLAP, (answer) => ({
      ...answer,
      rows: answer.rows.map((row, i, rows) => ({ ...row, theirs: rows[(i + 1) % rows.length]?.theirs })),
    }));
    await expect(overlap()).rejects.toMatchObject(alarm);
    vi.unstubAllGlobals();
    tamper<Answer>('POST', OVERLAP, (answer) => ({
      ...answer,
      rows: answer.rows.map((row, i, rows) => ({ ...row, mine: rows[(i + 1) % rows.length]?.mine })),
    }));
    await expect(overlap()).rejects.toMatchObject(alarm);
  });

  it('where papers are hidden that the agent saw, though the member never did', async () => {
    const before = await captured<View>('GET', VIEW, overlap);
    await grantScope(pair.b, pair.partnership(pair.b), EVERYTHING);
    await pair.sync();
    const { side } = pair.partnership(pair.a);
    const theirs = side === 'founder' ? 'joiner' : 'founder';
    tamper<View>('GET', VIEW, (view) => ({
      ...view,
      scopes: { ...view.scopes, [theirs]: before.scopes[theirs] },
    }));
    await expect(overlap()).rejects.toMatchObject(alarm);
  });
});

describe('a list on its way', () => {
  it('is waited for where it is not in the vault yet', async () => {
    tamper<Answer>('POST', OVERLAP, (answer) => ({
      ...answer,
      own: { ...own(answer), rows: own(answer).rows.slice(1) },
    }));
    const real = fetch;
    vi.stubGlobal('fetch', async (url: string, init: RequestInit) => {
      const response = await real(url, init);
      if (init.method !== 'GET' || !VIEW.test(new URL(url).pathname)) return response;
      const view = (await response.json()) as View;
      const { mine } = view.submissions;
      const submissions = { ...view.submissions, mine: { ...mine, active: (mine.active ?? 0) + 1 } };
      return new Response(JSON.stringify({ ...view, submissions }), response);
    });
    await expect(overlap()).rejects.toMatchObject({ code: 'not_synced' });
  });

  it('costs what changed: unchanged accounts are not written anew', async () => {
    const calls: string[] = [];
    const real = fetch;
    vi.stubGlobal('fetch', async (url: string, init: RequestInit) => {
      if (init.method === 'PUT' && url.includes('/vault/')) {
        const bytes = init.body instanceof Uint8Array ? init.body.length : 0;
        calls.push(`${new URL(url).pathname.split('/vault/')[1]} ${bytes > 1300 ? 'many' : 'one'}`);
      }
      return await real(url, init);
    });
    await pair.sync();
    expect(calls).toEqual([]);
    await importRows(pair.a, pair.folder, [['a1', 'Siemens Energy', 'siemens.com'], ...A.slice(1)]);
    await pair.sync();
    expect(calls.filter((call) => call.includes('rows'))).toEqual(['1/rows one']);
    expect((await overlap()).map(({ account }) => account).sort()).toEqual(['Nestlé S.A.', 'Siemens Energy']);
  });

  it('that is too large for a head keeps nothing else waiting, and is told', async () => {
    const file = join(pair.folder, 'wide.csv');
    const wide = 'Website'.padEnd(70_000, '!');
    const lines = ['a1,Siemens AG,siemens.com,Customer,', 'a3,Hooli,hooli.com,Customer,'];
    const importWide = async (column: string) => {
      writeFileSync(file, [`Id,Name,Website,Type,${column}`, ...lines].join('\n'));
      const map = { [column]: 'domain' } as const;
      const now = timestamp(Date.now());
      await importSource(pair.a.store, 'crm', await openExport(file, { map }), { keep: true, now });
    };
    const options = { progress: () => undefined, waitUntilMs: null };
    const { id } = pair.partnership(pair.a);
    const sync = () => syncPartnership(pair.a, id, pair.pool, options);
    await importWide(wide);
    // The new account is evaluated by the partner, and comes into the list.
    await sync();
    await syncPartnership(pair.b, id, pair.pool, options);
    expect(await sync()).toMatchObject({ waiting: 'you_shorten', submitted: 2 });
    expect(await sync()).toMatchObject({ waiting: 'you_shorten', steps: 0 });
    const before = pair.partnership(pair.a);
    expect(before.lastSubmission?.number).toBe(2);
    // A later change reaches the partner all the same.
    lines.pop();
    await importWide(wide);
    expect(await sync()).toMatchObject({ waiting: 'you_shorten', submitted: 1 });
    await importWide('Site');
    expect((await sync()).waiting).toBeNull();
    expect(pair.partnership(pair.a).vault?.number).toBe((before.vault?.number ?? 0) + 1);
  });

  it('is written anew where the service lost it', async () => {
    const partnership = pair.partnership(pair.a);
    const before = toHex(sha256(fromBase64url(partnership.vault?.signed ?? '') ?? new Uint8Array()));
    tamper<View>('GET', VIEW, (view) => ({ ...view, vault: null }));
    const sent: string[] = [];
    const real = fetch;
    vi.stubGlobal('fetch', async (url: string, init: RequestInit) => {
      if (init.method === 'PUT' && url.endsWith('/rows')) sent.push(url);
      // Once is enough: from then on the service shows what it has.
      if (init.method === 'PUT' && url.includes('/vault/heads/')) vi.unstubAllGlobals();
      return await real(url, init);
    });
    await syncPartnership(pair.a, partnership.id, pair.pool, {
      progress: () => undefined,
      waitUntilMs: null,
    });
    expect(sent).toHaveLength(1);
    const after = toHex(
      sha256(fromBase64url(pair.partnership(pair.a).vault?.signed ?? '') ?? new Uint8Array()),
    );
    expect(after).not.toBe(before);
  });
});

describe('the home with the keyring lets nobody in', () => {
  const holders = () => [...(readVault(pair.a.store)?.holders.keys() ?? [])];

  it('has no number that the service made up, which would be the last there is', async () => {
    tamper<Members>('GET', /\/v1\/members$/, ({ members }) => ({
      members: members.map((member) => ({
        ...member,
        vault: member.vault && { ...member.vault, number: 999_999_999 },
      })),
    }));
    await pair.sync().catch(() => undefined);
    vi.unstubAllGlobals();
    await pair.sync();
    expect(readVault(pair.a.store)?.key.number).toBe(1);
    expect(await overlap()).toHaveLength(2);
  });

  it('whom somebody admitted who does not hold the vault, left, or is made up', async () => {
    const { organisation } = pair.a.keyring.certificate;
    const [bea, cid] = [await joinAs(pair, pair.a, 'sales'), await joinAs(pair, pair.a, 'sales')];
    const target = await openOwnKeys(cid.home, Date.now());
    const by = async (granter: Joined | null, seed?: Uint8Array) => {
      const own = granter && (await openOwnKeys(granter.home, Date.now()));
      const key = readVault(pair.a.store)?.key;
      if (!key) throw new Error('no vault');
      const wrap = {
        organisation,
        number: key.number,
        keyId: vaultKeyId(key.key),
        member: cid.id,
        keysHash: sha256(target.keys),
        by: granter?.id ?? null,
        wrapped: (await sealTo(await recipientOf(target.ageIdentity), key.key)) ?? new Uint8Array(),
      };
      return toBase64url(signWrap(wrap, seed ?? own?.seed ?? systemRandom(32)));
    };
    const showing = async (wrap: string) => {
      tamper<Members>('GET', /\/v1\/members$/, ({ members }) => ({
        members: members.map((member) =>
          member.id === cid.id ? { ...member, vault: { number: 1, wrap } } : member,
        ),
      }));
      await pair.sync();
      vi.unstubAllGlobals();
      return holders();
    };
    expect(holders()).toEqual([ann.id]);
    // Nobody, somebody who does not hold it, and somebody in another's name.
    expect(await showing(await by(null))).toEqual([ann.id]);
    expect(await showing(await by(bea))).toEqual([ann.id]);
    expect(await showing(await by(ann, systemRandom(32)))).toEqual([ann.id]);
    // A holder can; but not any more once the holder left.
    const late = await by(ann);
    await pair.a.client().removeMember(ann.id);
    expect(await showing(late)).toEqual([]);
    expect(readVault(pair.a.store)?.key.number).toBe(2);
  });

  it('under other keys than were compared', async () => {
    const dan = await joinAs(pair, pair.a, 'sales');
    const listed = await pair.a.client().member(dan.id);
    const { organisation } = pair.a.keyring.certificate;
    const own = candidateOf(organisation, listed);
    const seed = systemRandom(32);
    const { recipient } = own.keys;
    const swapped = signMemberKeys(
      { organisation, member: dan.id, signingKey: signingPublicKey(seed), recipient },
      seed,
    );
    const shown = candidateOf(organisation, { ...listed, keys: swapped });
    expect(() => compareCode(shown, own.code)).toThrow(expect.objectContaining({ code: 'phrase_mismatch' }));
    compareCode(own, ` ${own.code.toUpperCase()} `);
    const foreign = await joinAs(pair, pair.b, 'sales');
    const other = await pair.b.client().member(foreign.id);
    expect(() => candidateOf(organisation, { ...listed, keys: other.keys })).toThrow(
      expect.objectContaining(alarm),
    );
    // Swapped after the admission, they lose the vault instead.
    await admit(pair.a.home, dan);
    tamper<Members>('GET', /\/v1\/members$/, ({ members }) => ({
      members: members.map((member) =>
        member.id === dan.id ? { ...member, keys: toBase64url(swapped), vault: null } : member,
      ),
    }));
    await pair.sync();
    expect(holders()).toEqual([ann.id]);
  });
});

describe('who left', () => {
  it('has no session and no key any more, and reads nothing that is sealed later', async () => {
    const [bea] = [await joinAs(pair, pair.a, 'clean-team')];
    await admit(ann.home, bea);
    expect(await overlap(bea)).toHaveLength(2);
    const kept = await captured<Vault>('GET', /\/v1\/vault$/, () => overlap(bea));
    await pair.a.client().removeMember(bea.id);
    takeOut(pair.a.store, [bea.id]);
    await expect(overlap(bea)).rejects.toMatchObject({ code: 'logged_out' });
    await pair.sync();
    expect(await overlap()).toHaveLength(2);
    // Even with the service's help: the old key opens no row and no head of the new one.
    tamper<Vault>('GET', /\/v1\/vault$/, (shown) => ({ ...shown, wraps: kept.wraps }));
    await expect(overlap()).rejects.toMatchObject({ code: 'no_vault' });
  });
});

it('a member reads white space, without what the own list knows by name', async () => {
  const names = await asMember(ann, async (viewer) => {
    const [partnership] = await viewer.asked(undefined);
    if (!partnership) throw new Error('no partner');
    const rows = await collect(askWhiteSpace(viewer, partnership, {}));
    const known = await viewer.own.known(partnership, ['Hooli', 'siemens', 'NESTLE SA']);
    return [rows.map(({ name }) => name), [...known].sort()];
  });
  expect(names).toEqual([['Hooli'], ['NESTLE SA', 'siemens']]);
});

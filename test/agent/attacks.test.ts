import { afterEach, describe, expect, it, vi } from 'vitest';
import { toBase64url } from '../../protocol/bytes.ts';
import { issueCertificate } from '../../protocol/certificate.ts';
import { signRequest } from '../../protocol/evaluation.ts';
import { sha256, signingPublicKey, systemRandom } from '../../protocol/hash.ts';
import { newPartnershipId } from '../../protocol/ids.ts';
import { accept, phrase } from '../../protocol/invitation.ts';
import { askOverlap } from '../../src/agent/answers.ts';
import type { OverlapAnswer, PartnershipView } from '../../src/agent/client.ts';
import { endPartnership } from '../../src/agent/ending.ts';
import { introduce, invite, verify } from '../../src/agent/partners.ts';
import { decode } from '../../src/agent/pinned.ts';
import { getPartnership, updatePartnership } from '../../src/agent/store/partnerships.ts';
import { inEpoch } from '../../src/agent/sync/context.ts';
import { syncPartnership } from '../../src/agent/sync/sync.ts';
import { collect } from '../support/files.ts';
import { grantBoth, type Pair, type Row, twoOrganisations } from '../support/homes.ts';

const A: Row[] = [
  ['a1', 'Siemens AG', 'siemens.com', 'Customer'],
  ['a2', 'Nestlé S.A.', 'nestle.com', 'Prospect'],
];
const B: Row[] = [
  ['b1', 'Siemens', 'siemens.com', 'Prospect'],
  ['b2', 'Nestle', 'nestle.com', 'Customer'],
];

let pair: Pair | undefined;
afterEach(async () => {
  vi.unstubAllGlobals();
  await pair?.close();
  pair = undefined;
});

/** A service that changes its answers to calls of this method and path. */
function tamper<Answer>(method: string, path: RegExp, change: (answer: Answer) => unknown): void {
  const real = fetch;
  vi.stubGlobal('fetch', async (url: string, init: RequestInit) => {
    const response = await real(url, init);
    if (init.method !== method || !path.test(new URL(url).pathname)) return response;
    return new Response(JSON.stringify(change((await response.json()) as Answer)), response);
  });
}

/** What JSON carries of an answer: byte strings as base64url. */
type Wire<Value> = Value extends Uint8Array
  ? string
  : Value extends object
    ? { [Key in keyof Value]: Wire<Value[Key]> }
    : Value;

async function synced(): Promise<Pair> {
  const current = await twoOrganisations(A, B);
  await grantBoth(current);
  await current.sync();
  return current;
}

function overlapOf(current: Pair) {
  return collect(askOverlap(current.a, current.partnership(current.a), {}));
}

describe('a service that answers falsely is caught', () => {
  type Answer = Wire<OverlapAnswer>;

  it('when it invents a pair out of a real one', async () => {
    pair = await synced();
    tamper<Answer>('POST', /overlap$/, (answer) => ({
      ...answer,
      rows: answer.rows.map((row, i, rows) => ({ ...row, theirs: rows[(i + 1) % rows.length]?.theirs })),
    }));
    await expect(overlapOf(pair)).rejects.toMatchObject({ code: 'service_alarm' });
  });

  it('when it shows another partnership than was asked for, which people would sign for', async () => {
    pair = await twoOrganisations(A, B);
    const { id } = pair.partnership(pair.a);
    expect((await pair.a.client().partnership(id)).id).toBe(id);
    const other = newPartnershipId(systemRandom);
    tamper<Wire<PartnershipView>>('GET', /partnerships\/prt_[0-9a-f]+$/, (view) => ({ ...view, id: other }));
    await expect(pair.a.client().partnership(id)).rejects.toMatchObject({ code: 'service_alarm' });
  });

  it('when it gives my other account’s match to this one', async () => {
    pair = await synced();
    tamper<Answer>('POST', /overlap$/, (answer) => ({
      ...answer,
      rows: answer.rows.map((row, i, rows) => ({ ...row, mine: rows[(i + 1) % rows.length]?.mine })),
    }));
    await expect(overlapOf(pair)).rejects.toMatchObject({ code: 'service_alarm' });
  });

  it('when it relabels a population', async () => {
    pair = await synced();
    tamper<Answer>('POST', /overlap$/, (answer) => ({
      ...answer,
      rows: answer.rows.map((row) => ({
        ...row,
        matches: row.matches.map((match) => ({
          ...match,
          boxes: match.boxes.map((box) => ({ ...box, population: 1 - box.population })),
        })),
      })),
    }));
    await expect(overlapOf(pair)).rejects.toMatchObject({ code: 'service_alarm' });
  });

  it('when it leaves out the confirmations', async () => {
    pair = await synced();
    tamper<Answer>('POST', /overlap$/, (answer) => ({
      ...answer,
      rows: answer.rows.map((row) => ({
        ...row,
        matches: row.matches.map((match) => ({ ...match, boxes: [] })),
      })),
    }));
    await expect(overlapOf(pair)).rejects.toMatchObject({ code: 'service_alarm' });
  });

  describe('about the tier of a pair', () => {
    /** Namesakes, and one company whose sites confirm its name. */
    const withNames = async () => {
      const current = await twoOrganisations(
        [...A, ['a3', 'Delta', 'wings-example.com'], ['a4', 'Mercado Libre', 'mercadolibre.com.ar']],
        [...B, ['b3', 'Delta', 'faucets-example.com'], ['b4', 'Mercado Libre', 'mercadolibre.com']],
      );
      await grantBoth(current);
      await current.sync();
      return current;
    };
    const tampered = (change: (row: Answer['rows'][number]) => object) =>
      tamper<Answer>('POST', /overlap$/, (answer) => ({
        ...answer,
        rows: answer.rows.map((row) => ({ ...row, ...change(row) })),
      }));

    it('which it tells, with its reasons', async () => {
      pair = await withNames();
      const rows = (await overlapOf(pair)).sort((x, y) => x.record.localeCompare(y.record));
      expect(rows.map(({ record, tier, matchedBy }) => [record, tier, matchedBy.includes('domain')])).toEqual(
        [
          ['a1', 'confirmed', true],
          ['a2', 'confirmed', true],
          ['a3', 'review', false],
          ['a4', 'confirmed', false],
        ],
      );
      expect(rows.map(({ reasons }) => reasons.at(-1))).toEqual([
        'name_and_site',
        'name_and_site',
        'name_alone',
        'name_and_site',
      ]);
      expect(rows.map(({ fields }) => Object.keys(fields).length > 0)).toEqual([true, true, false, false]);
    });

    it('when it lifts a pair to review', async () => {
      pair = await withNames();
      tampered((row) => (row.tier === 'review' ? { tier: 'confirmed' } : {}));
      await expect(overlapOf(pair)).rejects.toMatchObject({ code: 'service_alarm' });
    });

    it('when it lifts one with a reason that its matches do not give', async () => {
      pair = await withNames();
      tampered((row) => (row.tier === 'review' ? { tier: 'confirmed', reasons: ['id'] } : {}));
      await expect(overlapOf(pair)).rejects.toMatchObject({ code: 'service_alarm' });
    });

    it('when it leaves out the matches that confirm a pair', async () => {
      pair = await withNames();
      tampered((row) => ({ matches: row.matches.filter(({ kind }) => kind === 'name') }));
      await expect(overlapOf(pair)).rejects.toMatchObject({ code: 'service_alarm' });
    });

    it('when it passes off one kind for another', async () => {
      pair = await withNames();
      tampered((row) => ({
        matches: row.matches.map((match) => (match.kind === 'name' ? { ...match, kind: 'lei' } : match)),
      }));
      await expect(overlapOf(pair)).rejects.toMatchObject({ code: 'service_alarm' });
    });

    it('when it releases fields of a pair to review', async () => {
      pair = await withNames();
      tampered((row) => (row.tier === 'confirmed' ? { tier: 'review', reasons: ['one_to_many'] } : {}));
      await expect(overlapOf(pair)).rejects.toMatchObject({ code: 'service_alarm' });
    });
  });

  it('when it serves an older list than was seen', async () => {
    pair = await synced();
    updatePartnership(pair.a.store, pair.partnership(pair.a).id, (current) => ({
      ...current,
      seenSubmission: 2,
    }));
    await expect(overlapOf(pair)).rejects.toMatchObject({ code: 'service_alarm' });
  });

  it('when it changes a sealed field', async () => {
    pair = await synced();
    tamper<Answer>('POST', /overlap$/, (answer) => ({
      ...answer,
      rows: answer.rows.map((row) => ({ ...row, fields: { ...row.fields, owner: row.fields.account_name } })),
    }));
    await expect(overlapOf(pair)).rejects.toMatchObject({ code: 'partner_alarm' });
  });

  it('when it answers with a list of mine as theirs', async () => {
    pair = await synced();
    const mine = await pair.b.client().overlap(pair.partnership(pair.b).id, {});
    tamper<Answer>('POST', /overlap$/, (answer) => ({
      ...answer,
      head: toBase64url(mine.head ?? new Uint8Array()),
    }));
    await expect(overlapOf(pair)).rejects.toMatchObject({ code: 'service_alarm' });
  });

  it('when it shows another root key for the partner', async () => {
    pair = await synced();
    const rootSeed = systemRandom(32);
    const agentSeed = systemRandom(32);
    const forged = issueCertificate(
      { ...pair.b.keyring.certificate, agentKey: signingPublicKey(agentSeed), serial: 9 },
      { seed: rootSeed, publicKey: signingPublicKey(rootSeed) },
    );
    tamper<Wire<PartnershipView>>('GET', /partnerships\/prt_[0-9a-f]+$/, (view) => ({
      ...view,
      certificates: { ...view.certificates, joiner: toBase64url(forged) },
    }));
    await expect(overlapOf(pair)).rejects.toMatchObject({ code: 'service_alarm' });
  });

  it('when it asks for evaluations in the partner’s name', async () => {
    pair = await synced();
    const { id } = pair.partnership(pair.a);
    const view = await pair.a.client().partnership(id);
    const pool = pair.pool;
    const inside = inEpoch({ agent: pair.a, id, pool, progress: () => undefined }, view);
    const chunk = { kind: 'domain' as const, count: 1, hash: sha256(new Uint8Array(1)) };
    const forged = signRequest(inside.theirs, { number: 2, chunks: [chunk] }, systemRandom(32));
    tamper<Wire<PartnershipView>>('GET', /partnerships\/prt_[0-9a-f]+$/, (shown) => ({
      ...shown,
      requests: {
        ...shown.requests,
        joiner: { number: 2, request: toBase64url(forged), missing: [], evaluated: [], refusal: null },
      },
    }));
    const options = { progress: () => undefined, waitUntilMs: null };
    await expect(syncPartnership(pair.a, id, pool, options)).rejects.toMatchObject({ code: 'service_alarm' });
  });

  it('when it stands between the two at the invitation', async () => {
    pair = await twoOrganisations(A, B);
    const { partnership } = await invite(pair.a, 'victim', systemRandom);
    const rootSeed = systemRandom(32);
    const agentSeed = systemRandom(32);
    const root = { seed: rootSeed, publicKey: signingPublicKey(rootSeed) };
    const certificate = issueCertificate(
      { ...pair.b.keyring.certificate, agentKey: signingPublicKey(agentSeed) },
      root,
    );
    const joiner = { certificate, nonce: systemRandom(32) };
    const acceptance = accept(partnership.id, decode(partnership.commitment), joiner, agentSeed);
    tamper<Wire<PartnershipView>>('GET', /partnerships\/prt_[0-9a-f]+$/, (view) => ({
      ...view,
      acceptance: toBase64url(acceptance),
    }));
    // It keeps the opening to itself and answers as if all were well.
    const real = fetch;
    vi.stubGlobal('fetch', async (url: string, init: RequestInit) =>
      url.endsWith('/opening') ? new Response('{}') : await real(url, init),
    );
    const introduced = await introduce(
      pair.a,
      partnership,
      await pair.a.client().partnership(partnership.id),
    );
    // What the true partner reads out comes of its own certificate and nonce.
    const mine = { certificate: decode(partnership.certificate), nonce: decode(partnership.nonce) };
    const theirs = { certificate: pair.b.keyring.signedCertificate, nonce: systemRandom(32) };
    const { a } = pair;
    expect(introduced.phrase).toBe(phrase(partnership.id, mine, joiner));
    const heard = phrase(partnership.id, mine, theirs);
    expect(() => verify(a, introduced, heard)).toThrow(expect.objectContaining({ code: 'phrase_mismatch' }));
    // A typing error costs nothing: the transcript stands, and the true partner's words never become right.
    const kept = getPartnership(a.store, partnership.id);
    expect(kept).toMatchObject({ verifiedAt: null, deadSince: null, ended: null });
    expect(() => verify(a, kept, heard)).toThrow(expect.objectContaining({ code: 'phrase_mismatch' }));
    // That they really differ is for the people to say, and is for good.
    vi.unstubAllGlobals();
    await endPartnership(a, kept, { wordsDiffer: true });
    const ended = getPartnership(a.store, partnership.id);
    expect(ended).toMatchObject({ deadSince: ended.ended?.at, ended: { by: 'mine', told: true } });
    expect(() => verify(a, ended, introduced.phrase ?? '')).toThrow(
      expect.objectContaining({ code: 'partnership_ended', message: expect.stringContaining('differed') }),
    );
  });
});

describe('a partner that cheats is caught', () => {
  it('when it evaluates with another key than it offered', async () => {
    pair = await twoOrganisations(A, B);
    await grantBoth(pair);
    const { id } = pair.partnership(pair.b);
    const options = { progress: () => undefined, waitUntilMs: null };
    for (const agent of [pair.a, pair.b]) await syncPartnership(agent, id, pair.pool, options);
    // From here on the partner uses another seed than the one whose public keys both signed.
    updatePartnership(pair.b.store, id, (current) => ({
      ...current,
      epoch: current.epoch && { ...current.epoch, seed: toBase64url(systemRandom(32)) },
    }));
    const cheated = async () => {
      for (let i = 0; i < 4; i++) {
        for (const agent of [pair!.a, pair!.b]) await syncPartnership(agent, id, pair!.pool, options);
      }
    };
    await expect(cheated()).rejects.toMatchObject({ code: 'partner_alarm' });
  });
});

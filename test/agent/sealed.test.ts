import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { toHex } from '../../protocol/bytes.ts';
import type { Context } from '../../protocol/evaluation.ts';
import { wrapKey } from '../../protocol/keys.ts';
import { FIELDS, type Field, fieldNumber } from '../../protocol/scope.ts';
import { openField, unwrapRowKey } from '../../protocol/seal.ts';
import { askOverlap } from '../../src/agent/answers.ts';
import { submittedIdentifier } from '../../src/agent/sync/list.ts';
import { openDatabase } from '../../src/sqlite.ts';
import { collect } from '../support/files.ts';
import { EVERYTHING, grantBoth, type Pair, type Row, twoOrganisations } from '../support/homes.ts';
import { grantOf } from '../support/scopes.ts';

/*
 * What the service and the partner together can read: the service's whole database, and every key that the partner's
 * agent ever derived. The agent of the granting side sealed it, so no decision of the service stands in between.
 */

const A: Row[] = [
  ['a1', 'Siemens AG', 'siemens.com', 'Customer'],
  ['a2', 'Nestlé S.A.', 'nestle.com', 'Prospect'],
  ['a3', 'Only Ours Inc', 'only-ours.com', 'Customer'],
  ['a4', 'Toyota Motor Corporation', '', 'Prospect'],
  ['a5', 'Michelin', 'michelin.com', 'Customer'],
];
const B: Row[] = [
  ['b1', 'SIEMENS Aktiengesellschaft', 'siemens.com', 'Prospect', 'Bea'],
  ['b2', 'Nestle SA', 'nestle.com', 'Customer', 'Bob'],
  ['b3', 'Only Theirs Ltd', 'only-theirs.com', 'Customer', 'Ben'],
  ['b4', 'TOYOTA MOTOR CORP', 'toyota-global.com', 'Customer', 'Bud'],
  // Two own accounts of one domain: it tells neither of them apart.
  ['b5', 'Michelin Nord', 'michelin.com', 'Customer', 'Bix'],
  ['b6', 'Michelin Sud', 'michelin.com', 'Customer', 'Bax'],
];

/** Of customers the name, to the clean team the type too; of prospects the owner. */
const GRANT: typeof EVERYTHING = {
  ...EVERYTHING,
  rules: [
    {
      population: 'customers',
      partnerPopulation: '*',
      roles: {
        sales: grantOf({ level: 'fields', fields: ['account_name'] }),
        'clean-team': grantOf({ level: 'fields', fields: ['account_name', 'type'] }),
      },
    },
    {
      population: 'prospects',
      partnerPopulation: '*',
      roles: { sales: grantOf({ level: 'fields', fields: ['owner'] }) },
    },
  ],
};

let pair: Pair | undefined;
afterEach(async () => {
  await pair?.close();
  pair = undefined;
});

async function mapped(grant: typeof EVERYTHING): Promise<Pair> {
  pair = await twoOrganisations(A, B);
  await grantBoth(pair, grant);
  await pair.sync();
  return pair;
}

interface Readable {
  /** How many accounts of the granting side stand in the database. */
  readonly accounts: number;
  /** Texts that could be read, by the sealed row's handle. */
  readonly texts: ReadonlyMap<string, Readonly<Partial<Record<Field, string>>>>;
  /** Fields of which there is a ciphertext, by handle. */
  readonly sealed: ReadonlyMap<string, readonly number[]>;
}

/** Tries every key of the partner on everything in the database. */
function readAll(current: Pair): Readable {
  const viewing = current.partnership(current.a);
  const epoch = viewing.epoch;
  if (!epoch?.hash) throw new Error('no epoch');
  const path = join(current.folder, 'service', 'partnerships', `${viewing.id}.db`);
  const database = openDatabase(path);
  const bytes = (text: string) => new Uint8Array(Buffer.from(text, 'base64url'));
  const context: Context = {
    partnership: viewing.id,
    epoch: epoch.number,
    side: 'joiner',
    epochHash: bytes(epoch.hash),
  };
  const handles = (side: number) =>
    database.all<{ handle: Uint8Array }>('select handle from accounts where side = ?', side);
  const tags = database.all<{ tag: Uint8Array }>('select distinct tag from tags');
  const keys = new Map<string, Uint8Array>();
  for (const { handle } of handles(0)) {
    for (const { tag } of tags) {
      const found = submittedIdentifier(current.a.store, viewing.id, epoch.number, toHex(handle), tag);
      if (found) keys.set(toHex(found.key), found.key);
    }
  }
  expect(keys.size).toBeGreaterThanOrEqual(8);
  const submissions = database.all<{ number: number; scope_hash: Uint8Array }>(
    'select number, scope_hash from submissions where side = 1',
  );
  const wraps = database.all<{ tag: Uint8Array; handle: Uint8Array; wrapped: Uint8Array }>(
    'select tag, handle, wrapped from wraps where side = 1',
  );
  const fields = database.all<{ handle: Uint8Array; field: number; sealed: Uint8Array }>(
    'select handle, field, sealed from fields where side = 1 order by field',
  );
  const names = database.all<{ sealed: Uint8Array }>('select sealed from names where side = 1');
  const texts = new Map<string, Partial<Record<Field, string>>>();
  for (const { number: submission, scope_hash: scopeHash } of submissions) {
    for (const { tag, handle, wrapped } of wraps) {
      for (const key of keys.values()) {
        const row = { context, handle, submission, scopeHash };
        const rowKey = unwrapRowKey(wrapKey(key, context.side), row, tag, wrapped);
        if (!rowKey) continue;
        // A row key opens its own row alone; each ciphertext is tried as every field, there and elsewhere.
        for (const sealed of [...fields, ...names.map((one) => ({ ...one, handle, field: 0 }))]) {
          for (const field of FIELDS) {
            const place = { ...row, handle: sealed.handle };
            const text = openField(rowKey, place, field, sealed.sealed);
            if (text === null) continue;
            expect([toHex(sealed.handle), sealed.field]).toEqual([toHex(handle), fieldNumber(field)]);
            texts.set(toHex(handle), { ...texts.get(toHex(handle)), [field]: text });
          }
        }
      }
    }
  }
  const sealed = new Map<string, number[]>();
  for (const { handle, field } of fields)
    sealed.set(toHex(handle), [...(sealed.get(toHex(handle)) ?? []), field]);
  const accounts = handles(1).length;
  database.close();
  return { accounts, texts, sealed };
}

describe('the whole database and every key of the partner', () => {
  it('read of a population what is granted for it to some role, where a strong kind matches, and nothing else', async () => {
    const current = await mapped(GRANT);
    const { accounts, texts, sealed } = readAll(current);
    expect(accounts).toBe(6);
    // Siemens is a prospect, Nestlé a customer. Which role a field is for is the service's to keep, not the seal's.
    const read = [...texts.values()].sort((x, y) => Object.keys(x).length - Object.keys(y).length);
    expect(read).toEqual([{ owner: 'Bea' }, { account_name: 'Nestle SA', type: 'Customer' }]);
    // What is not granted for an account's populations was never sealed.
    const numbers = new Set([...sealed.values()].map((fields) => fields.join(' ')));
    const of = (...fields: Field[]) => fields.map(fieldNumber).join(' ');
    expect(numbers).toEqual(new Set([of('owner'), of('account_name', 'type')]));
  });

  it('read what an honest service shows, but for the fields of another role', async () => {
    const current = await mapped(GRANT);
    const { texts } = readAll(current);
    const shown = await collect(askOverlap(current.a, current.partnership(current.a), {}));
    const fieldsOf = (record: string) => shown.find((row) => row.record === record)?.fields;
    expect([fieldsOf('a1'), fieldsOf('a2')]).toEqual([{ owner: 'Bea' }, { account_name: 'Nestle SA' }]);
    // A match by name, and one to review by a domain of several accounts, are shown and open nothing, here and there.
    expect(
      shown.filter((row) => row.fields.owner === undefined && row.fields.account_name === undefined),
    ).toHaveLength(shown.length - 2);
    expect(shown.length).toBeGreaterThan(2);
    expect(texts.size).toBe(2);
    for (const row of shown.filter(({ record }) => record === 'a4' || record === 'a5'))
      expect(texts.has(row.theirHandle)).toBe(false);
  });

  it('read nothing where only other kinds are strong', async () => {
    const { accounts, texts, sealed } = readAll(await mapped({ ...GRANT, strongKinds: ['lei', 'vat'] }));
    expect([accounts, texts.size, sealed.size]).toEqual([6, 0, 0]);
  });

  it('read nothing where no fields are granted, and nothing is sealed', async () => {
    const rules = ['customers', 'prospects'].map((population) => ({
      population,
      partnerPopulation: '*',
      roles: { sales: grantOf({ level: 'accounts', fields: ['owner'] }) },
    }));
    const { accounts, texts, sealed } = readAll(await mapped({ ...GRANT, rules }));
    expect([accounts, texts.size, sealed.size]).toEqual([6, 0, 0]);
  });

  it('read no sensitive field between competitors, whatever sales is granted', async () => {
    const sales = grantOf({ level: 'fields', fields: ['account_name', 'stage', 'note'] });
    const rules = [{ population: 'customers', partnerPopulation: '*', roles: { sales } }];
    const { sealed } = readAll(await mapped({ ...GRANT, competitors: true, rules }));
    expect(new Set([...sealed.values()].flat())).toEqual(new Set([fieldNumber('account_name')]));
  });
});

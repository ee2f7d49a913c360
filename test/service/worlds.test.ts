import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { identify } from '../../protocol/identifiers/index.ts';
import { askMatrix, askOverlap, askWhiteSpace } from '../../src/agent/answers.ts';
import { syncPartnership } from '../../src/agent/sync/sync.ts';
import { openDatabase } from '../../src/sqlite.ts';
import { collect } from '../support/files.ts';
import { grantBoth, type Row, twoOrganisations } from '../support/homes.ts';
import { admit, asMember, joinAs } from '../support/members.ts';

/**
 * Two worlds with the same leakage (threat-model.md, section "Leakage"): equally many accounts, identifiers of each kind,
 * the same populations, the same pairs, field texts in the same buckets. Every name, domain, record id and owner differs.
 */
const WORLDS: Record<'first' | 'second', { a: Row[]; b: Row[] }> = {
  first: {
    a: [
      ['crm-0001', 'Siemens', 'siemens.com', 'Customer', 'Anna Ahlgren'],
      ['crm-0002', 'Nestlé S.A.', 'nestle.com', 'Prospect', 'Bert Brandt'],
      ['crm-0003', 'Toyota Motor', 'toyota-global.com', 'Customer', 'Carl Carlsen'],
      ['crm-0004', 'Toyota Lexus', 'toyota-global.com', 'Prospect', 'Dora Dahl'],
      ['crm-0005', 'Volkswagen', 'volkswagen.de', 'Customer', 'Emil Ek'],
    ],
    b: [
      ['hub-0001', 'Siemens AG', 'siemens.com', 'Prospect', 'Fia Falk'],
      ['hub-0002', 'Nestle', 'nestle.com', 'Customer', 'Gun Gran'],
      ['hub-0003', 'Unilever', 'unilever.com', 'Customer', 'Hans Hall'],
    ],
  },
  second: {
    a: [
      ['rec-9101', 'Michelin', 'www.michelin.com', 'Customer', 'Zoe Zander'],
      ['rec-9102', 'Danone S.A.', 'danone.com', 'Prospect', 'Ylva York'],
      ['rec-9103', 'Honda Motor', 'honda-world.com', 'Customer', 'Xena Xu'],
      ['rec-9104', 'Honda Acura', 'honda-world.com', 'Prospect', 'Will West'],
      ['rec-9105', 'Stellantis', 'stellantis.nl', 'Customer', 'Vera Voss'],
    ],
    b: [
      ['key-7701', 'Michelin AG', 'michelin.com', 'Prospect', 'Ugo Ullman'],
      ['key-7702', 'Danone', 'danone.com', 'Customer', 'Tove Thor'],
      ['key-7703', 'Beiersdorf', 'beiersdorf.com', 'Customer', 'Sven Star'],
    ],
  },
};

/** Columns that hold random bytes, encryptions, signatures or times; all others must be equal in both worlds. */
const DECLARED: Readonly<Record<string, readonly string[]>> = {
  organisations: ['id', 'agent_key', 'certificate', 'valid_until_ms'],
  registration_codes: ['hash'],
  challenges: ['hash', 'organisation', 'expires_ms'],
  tokens: ['hash', 'organisation', 'expires_ms'],
  partnerships: [
    'id',
    'founder',
    'joiner',
    'commitment',
    'code_hash',
    'acceptance',
    'opening',
    'created_ms',
    'expires_ms',
    'founder_seen_ms',
    'joiner_seen_ms',
    'due_ms',
  ],
  rosters: [],
  // One seller, at the end; what a member is stands in the leakage as it is.
  members: ['id', 'organisation', 'code_hash', 'invited_ms', 'expires_ms', 'email', 'keys', 'joined_ms'],
  member_partners: [],
  login_attempts: [],
  login_users: ['id', 'email', 'created_at', 'updated_at'],
  login_accounts: ['id', 'account_id', 'user_id', 'password', 'created_at', 'updated_at'],
  login_sessions: ['id', 'expires_at', 'token', 'created_at', 'updated_at', 'user_id'],
  vault_wraps: ['member', 'wrap'],
  vault_heads: ['signed'],
  vault_rows: ['handle', 'sealed'],
  vault_names: ['sealed'],
  shown_names: ['handle', 'month'],
  sides: ['receipt'],
  epochs: ['founder_offer', 'joiner_offer', 'founder_signature', 'joiner_signature'],
  scopes: ['hash', 'signed', 'approved_ms', 'accepted_ms', 'revoked_ms'],
  scope_statements: ['signed', 'at_ms'],
  limits: [],
  scope_requests: [],
  requests: ['signed', 'refusal'],
  request_chunks: ['hash'],
  request_bodies: ['blinded', 'evaluation'],
  submissions: ['head', 'scope_hash', 'put_ms'],
  submission_chunks: ['hash'],
  accounts: ['handle'],
  tags: ['tag', 'handle'],
  boxes: ['tag', 'handle', 'box'],
  wraps: ['tag', 'handle', 'wrapped'],
  fields: ['handle', 'sealed'],
  names: ['handle', 'sealed'],
  snapshots: ['at_ms'],
  shown_pairs: ['viewer_handle', 'shown_handle', 'matches'],
  openings: ['viewer_handle', 'shown_handle', 'keys', 'fields'],
  tallies: [],
  // What a matching works with, and what is to be deleted.
  run: ['after'],
  matches: ['founder_handle', 'joiner_handle', 'tag'],
  pairs: ['founder_handle', 'joiner_handle'],
  tiers: [],
  crowded: ['tag'],
  garbage: [],
  // Has a row while an operator puts a moved partnership in.
  importing: [],
  ledger: ['at_ms', 'member'],
  ledger_cells: [],
  terms: ['signed'],
  health: ['since_ms'],
  ended: ['at_ms'],
};

type Cell = string | number | null | Uint8Array;
type Dump = Record<string, Record<string, Cell>[]>;

interface Run {
  /** One after every step of either side, so that what is there for a while is seen too. */
  readonly dumps: Dump[];
  /** Every byte that the service had on disk after any step. */
  readonly disk: Buffer[];
}

async function run(world: { a: Row[]; b: Row[] }): Promise<Run> {
  const pair = await twoOrganisations(world.a, world.b);
  try {
    await grantBoth(pair);
    const dumps: Dump[] = [];
    const disk: Buffer[] = [];
    const { id } = pair.partnership(pair.a);
    for (let round = 0; round < 5; round++) {
      for (const agent of [pair.a, pair.b]) {
        await syncPartnership(agent, id, pair.pool, { progress: () => undefined, waitUntilMs: null });
        dumps.push(dump(join(pair.folder, 'service')));
        disk.push(...files(join(pair.folder, 'service')).map((path) => readFileSync(path)));
      }
    }
    for (const agent of [pair.a, pair.b]) {
      const partnership = pair.partnership(agent);
      await askMatrix(agent, partnership);
      expect(await collect(askOverlap(agent, partnership, {}))).toHaveLength(2);
      await collect(askWhiteSpace(agent, partnership, {}));
    }
    // With a seller's second machine the service holds the own list too, sealed.
    const seller = await joinAs(pair, pair.a, 'sales');
    await admit(pair.a.home, seller);
    await pair.sync();
    const seen = await asMember(seller, async (viewer) => {
      const [partnership] = await viewer.asked(undefined);
      return partnership ? await collect(askOverlap(viewer, partnership, {})) : [];
    });
    expect(seen).toHaveLength(2);
    dumps.push(dump(join(pair.folder, 'service')));
    disk.push(...files(join(pair.folder, 'service')).map((path) => readFileSync(path)));
    return { dumps, disk };
  } finally {
    await pair.close();
  }
}

function files(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

function dump(folder: string): Dump {
  const tables: Dump = {};
  for (const path of files(folder).filter((file) => file.endsWith('.db'))) {
    const database = openDatabase(path);
    const names = database.all<{ name: string }>(
      `select name from sqlite_master where type = 'table' and name not like 'sqlite%' and name != 'schema_version' order by name`,
    );
    for (const { name } of names) tables[name] = database.all(`select * from "${name}"`);
    database.close();
  }
  return tables;
}

/** A row with the declared columns reduced to their type and length. */
function shape(table: string, row: Record<string, Cell>): string {
  const declared = DECLARED[table] ?? [];
  return JSON.stringify(
    Object.entries(row).map(([column, value]) => [
      column,
      declared.includes(column) ? shapeOf(value) : value instanceof Uint8Array ? [...value] : value,
    ]),
  );
}

function shapeOf(value: Cell): string {
  if (value instanceof Uint8Array) return `${value.length} bytes`;
  return typeof value === 'string' ? `${value.length} characters` : value === null ? 'null' : 'number';
}

/** Values of declared columns of 8 bytes and more. */
function randomValues(current: Run): Set<string> {
  const values = new Set<string>();
  for (const tables of current.dumps) {
    for (const [table, rows] of Object.entries(tables)) {
      for (const row of rows) {
        for (const column of DECLARED[table] ?? []) {
          const value = row[column];
          if (value instanceof Uint8Array && value.length >= 8)
            values.add(Buffer.from(value).toString('hex'));
        }
      }
    }
  }
  return values;
}

let first: Run;
let again: Run;
let second: Run;
beforeAll(async () => {
  first = await run(WORLDS.first);
  again = await run(WORLDS.first);
  second = await run(WORLDS.second);
}, 120_000);

describe('what the service holds in two worlds of equal leakage', () => {
  it('has equal tables, row counts, lengths and every column that is not declared random', () => {
    expect(second.dumps).toHaveLength(first.dumps.length);
    first.dumps.forEach((tables, step) => {
      const other = second.dumps[step] ?? {};
      expect(Object.keys(other)).toEqual(Object.keys(tables));
      for (const [table, rows] of Object.entries(tables)) {
        const shapes = (list: Record<string, Cell>[]) => list.map((row) => shape(table, row)).sort();
        expect(shapes(other[table] ?? []), `${table} after step ${step}`).toEqual(shapes(rows));
      }
    });
  });

  it('declares every table, and the tables that matter were not empty', () => {
    const seen = new Map<string, number>();
    for (const tables of first.dumps) {
      for (const [table, rows] of Object.entries(tables))
        seen.set(table, Math.max(seen.get(table) ?? 0, rows.length));
    }
    expect([...seen.keys()].sort()).toEqual(Object.keys(DECLARED).sort());
    for (const table of [
      'request_bodies',
      'tags',
      'boxes',
      'wraps',
      'fields',
      'names',
      'shown_pairs',
      'openings',
      'ledger',
      'shown_names',
      'vault_rows',
      'vault_names',
      'vault_wraps',
    ]) {
      expect(seen.get(table), table).toBeGreaterThan(0);
    }
  });

  it('shares no byte string between two runs of one world', () => {
    const before = randomValues(first);
    const after = randomValues(again);
    expect(before.size).toBeGreaterThan(100);
    expect([...after].filter((value) => before.has(value))).toEqual([]);
  });

  it('holds no name, domain, record id or owner, plain or hashed', () => {
    const found: string[] = [];
    for (const [world, current] of [
      [WORLDS.first, first],
      [WORLDS.second, second],
    ] as const) {
      const needles = [...world.a, ...world.b].flatMap(([id, name, domain, , owner]) => [
        id,
        name,
        domain,
        ...(owner ? [owner] : []),
        ...identify({ names: [name], domains: [domain] }).identifiers.map(({ value }) => value),
      ]);
      for (const needle of new Set(needles)) {
        for (const form of formsOf(needle)) {
          if (current.disk.some((content) => content.includes(form))) found.push(needle);
        }
      }
    }
    expect(found).toEqual([]);
    // The search itself finds what is there.
    expect(first.disk.some((content) => content.includes(Buffer.from('Organisation a')))).toBe(true);
  });
});

/** A text in the clear, in lower case, in UTF-16, and under the usual hashes, raw and as hexadecimal and base64. */
function formsOf(text: string): Buffer[] {
  const plain = [text, text.toLowerCase(), text.toUpperCase()];
  const hashes = plain.flatMap((form) =>
    ['md5', 'sha1', 'sha256', 'sha512'].map((name) => createHash(name).update(form).digest()),
  );
  return [
    ...plain.flatMap((form) => [Buffer.from(form), Buffer.from(form, 'utf16le')]),
    ...hashes.flatMap((hash) => [
      hash,
      Buffer.from(hash.toString('hex')),
      Buffer.from(hash.toString('base64')).subarray(0, 20),
    ]),
  ];
}

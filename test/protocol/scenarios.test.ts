import { createHash, createHmac, hkdfSync } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { openWith } from '../../protocol/age.ts';
import { toHex } from '../../protocol/bytes.ts';
import type { Side } from '../../protocol/ids.ts';
import { expand, isSigned, KINDS_ON_THE_WIRE, label, number, tuple } from '../support/by-spec.ts';
import { noble } from '../support/oracle.ts';
import { outcome } from '../support/refusals.ts';
import { hex } from '../support/results.ts';
import { trace } from '../support/scenario.ts';
import { lifeOf } from '../support/scope-life.ts';
import {
  LIFE,
  type LifeFile,
  type RefusalFile,
  type ScenarioFile,
  serialise,
  VAULT,
  vectorFiles,
} from '../support/vectors.ts';

const FOLDER = new URL('../../protocol/vectors/', import.meta.url);
const names = readdirSync(FOLDER).filter((file) => file.startsWith('scenario-'));
const LIFE_FILE = `scenario-${LIFE}.json`;
const VAULT_FILE = `scenario-${VAULT}.json`;
const read = (file: string): unknown => JSON.parse(readFileSync(new URL(file, FOLDER), 'utf8'));
const refused = names
  .filter((file) => file.startsWith('scenario-refused-'))
  .map((file) => read(file) as RefusalFile);
const scenarios = names
  .filter((file) => !file.startsWith('scenario-refused-') && file !== LIFE_FILE && file !== VAULT_FILE)
  .map((file) => read(file) as ScenarioFile);
const life = read(LIFE_FILE) as LifeFile;
const SIDES = ['founder', 'joiner'] as const;
test('the generator writes exactly the files that are there', () => {
  const files = vectorFiles();
  expect([...files.keys()].sort()).toEqual([...names].sort());
  for (const [name, content] of files) {
    expect(readFileSync(new URL(name, FOLDER), 'utf8') === serialise(content), name).toBe(true);
  }
});

describe.each(refused)('refused: $name', ({ operation, accepted, refused: changed, reason }) => {
  test('the honest input is accepted', () => {
    expect(outcome(operation, accepted)).toBeNull();
  });

  test(`the changed input is refused as ${reason}`, () => {
    expect(outcome(operation, changed)).toBe(reason);
  });
});

describe.each(scenarios)('$name', ({ input, values }) => {
  const partnership = hex(input.partnership);

  test('every value follows from the input', () => {
    expect(JSON.parse(JSON.stringify(trace(input)))).toEqual(values);
  });

  // What follows computes the same with node's cryptography and noble's RFC 9497, from the specification alone.
  test.each(SIDES)('%s: inputs, evaluations and outputs by another implementation', (side) => {
    const partner = values.parties[side === 'founder' ? 'joiner' : 'founder'];
    for (const [i, chunk] of values.requests[side].chunks.entries()) {
      const kind = Buffer.from([KINDS_ON_THE_WIRE.indexOf(chunk.kind) + 1]);
      const theirs = partner.voprf[chunk.kind];
      const own = values.parties[side].voprf[chunk.kind];
      if (!theirs || !own) throw new Error('a key is missing');
      const items = chunk.elements.map((element) => {
        const expected = tuple(
          label('input'),
          partnership,
          number(input.epoch),
          kind,
          Buffer.from(element.value),
        );
        expect(element.input).toBe(expected.toString('hex'));
        return {
          input: hex(element.input),
          blind: hex(element.blind),
          blinded: hex(element.blinded),
          evaluated: hex(element.evaluated),
        };
      });
      const outputs = noble.finalizeBatch(items, hex(theirs.publicKey), hex(chunk.proof));
      expect(outputs.map(toHex)).toEqual(chunk.elements.map((element) => element.partnerOutput));
      expect(items.map((item) => toHex(noble.evaluate(hex(own.secretKey), item.input)))).toEqual(
        chunk.elements.map((element) => element.ownOutput),
      );
      expect(chunk.elements.map((element) => element.blind)).toEqual(input[side].chunks[i]?.blinds);
      expect(chunk.hash).toBe(createHash('sha256').update(hex(chunk.bytes)).digest('hex'));
      expect(isSigned('evaluation', hex(chunk.signedEvaluation), partner.agentKey)).toBe(true);
    }
    expect(
      isSigned('evaluation request', hex(values.requests[side].signed), values.parties[side].agentKey),
    ).toBe(true);
  });

  test.each(SIDES)('%s: keys, tags and boxes by another implementation', (side) => {
    const elements = values.requests[side].chunks.flatMap((chunk) => chunk.elements);
    for (const [i, identifier] of values.identifiers[side].entries()) {
      const key = identifier.of === undefined ? evaluated(elements[i]) : derived(identifier, identifier.of);
      expect(identifier.key).toBe(toHex(key));
      expect(identifier.tag).toBe(expand(key, label('tag'), 16));
      for (const [n, direction] of SIDES.entries()) {
        const suffixed = (name: string) => Buffer.concat([label(name), Buffer.from([n])]);
        expect(identifier[direction].confirmKey).toBe(expand(key, suffixed('confirm'), 32));
        expect(identifier[direction].wrapKey).toBe(expand(key, suffixed('wrap'), 32));
      }
    }
    function evaluated(element: (typeof elements)[number] | undefined): Uint8Array {
      if (!element) throw new Error('an element is missing');
      const both = [element.ownOutput, element.partnerOutput];
      const material = hex((side === 'founder' ? both : both.reverse()).join(''));
      const info = tuple(label('key'), hex(values.epoch.hash));
      return new Uint8Array(hkdfSync('sha256', material, new Uint8Array(), info, 32));
    }

    function derived({ kind, value }: { readonly kind: string; readonly value: string }, of: string) {
      const name = values.identifiers[side].find((one) => one.kind === 'name' && one.value === of);
      const info = tuple(
        label('derived'),
        Buffer.from([KINDS_ON_THE_WIRE.indexOf(kind) + 1]),
        Buffer.from(value),
      );
      return hex(expand(hex(name?.key ?? ''), info, 32));
    }

    for (const row of values.rows[side]) {
      for (const { tag, boxes } of row.tags) {
        const confirm = values.identifiers[side].find((one) => one.tag === tag)?.[side].confirmKey ?? '';
        for (const { population, box } of boxes) {
          expect(box).toBe(boxOf(hex(confirm), side, hex(row.handle), population, input[side].submission));
        }
      }
    }
  });

  function boxOf(
    confirm: Uint8Array,
    side: Side,
    handle: Uint8Array,
    population: number,
    submission: number,
  ) {
    const at = [partnership, number(input.epoch), Buffer.from([side === 'founder' ? 0 : 1])];
    const message = tuple(label('box'), ...at, handle, Buffer.from([population]), number(submission));
    return createHmac('sha256', confirm).update(message).digest('hex').slice(0, 32);
  }

  test('the epoch record is both offers behind version, partnership and epoch, and both sides signed it', () => {
    const offers = SIDES.map((side) => hex(values.parties[side].offer));
    const record = Buffer.concat([Buffer.from([1]), partnership, number(input.epoch), tuple(...offers)]);
    expect(values.epoch.record).toBe(record.toString('hex'));
    expect(values.epoch.hash).toBe(createHash('sha256').update(record).digest('hex'));
    for (const side of SIDES) {
      const { agentKey, recordSignature, offer, scope } = values.parties[side];
      expect(isSigned('epoch record', hex(values.epoch.record + recordSignature), agentKey)).toBe(true);
      expect(isSigned('epoch offer', hex(offer), agentKey)).toBe(true);
      expect(isSigned('scope', hex(scope), agentKey)).toBe(true);
      expect(isSigned('submission', hex(values.submissions[side].head), agentKey)).toBe(true);
    }
  });

  test('pairs are those that share an identifier, and each side reads what the other wrote', () => {
    const shares = (a: number, b: number) =>
      input.founder.accounts[a]?.identifiers.filter((one) =>
        input.joiner.accounts[b]?.identifiers.some(
          (other) => other.kind === one.kind && other.value === one.value,
        ),
      ) ?? [];
    const expected = input.founder.accounts.flatMap((mine, a) =>
      input.joiner.accounts.flatMap((theirs, b) => {
        const shared = shares(a, b);
        if (shared.length === 0) return [];
        const opens = shared.some(({ wrapNonce }) => wrapNonce !== undefined);
        return [{ founder: mine.handle, joiner: theirs.handle, populations: mine.populations, opens }];
      }),
    );
    const found = values.result.pairs.map((pair) => ({
      founder: pair.founder,
      joiner: pair.joiner,
      populations: pair.joinerReads.populations,
      opens: Object.keys(pair.joinerReads.fields).length > 0,
    }));
    expect(found).toEqual(expected);
    for (const { reader, handle, name } of values.result.whiteSpace) {
      const writer = reader === 'founder' ? 'joiner' : 'founder';
      expect(name).toBe(input[writer].accounts.find((account) => account.handle === handle)?.name);
    }
  });

  test('the key of names opens for the partner’s recipient', async () => {
    for (const side of SIDES) {
      const { sealedNamesKey, namesKey } = input[side];
      const partner = input[side === 'founder' ? 'joiner' : 'founder'];
      if (sealedNamesKey === '') continue;
      const opened = await openWith(partner.recipientIdentity, hex(sealedNamesKey));
      expect(toHex(opened ?? new Uint8Array())).toBe(namesKey);
    }
  });
});

test('the scenarios say what they are there to show', () => {
  const by = (name: string) => {
    const found = scenarios.find((scenario) => scenario.name === name);
    if (!found) throw new Error(`${name} is missing`);
    return found.values.result;
  };
  expect(by('domain-match').pairs.map((pair) => [pair.founderReads.fields, pair.joinerReads.fields])).toEqual(
    [[{ owner: 'Ben' }, { owner: 'Ana' }]],
  );
  const namesakes = by('name-match-with-country').pairs;
  expect(namesakes.map((pair) => pair.matches.length)).toEqual([2, 1]);
  expect(namesakes.every((pair) => Object.keys(pair.founderReads.fields).length === 0)).toBe(true);
  expect(by('populations-and-boxes').pairs.map((pair) => pair.founderReads.populations)).toEqual([
    [0, 1, 2],
    [2],
  ]);
  expect(by('sealed-fields').pairs[0]?.joinerReads.fields).toEqual({
    account_name: 'Grüße & Söhne 株式会社',
    owner: '',
    industry: 'x'.repeat(31),
    city: 'é'.repeat(255),
  });
  expect(by('white-space-name').whiteSpace.map(({ reader, name }) => [reader, name])).toEqual([
    ['joiner', 'Ouvert Société Anonyme'],
    ['founder', 'Unnamed GmbH'],
  ]);
  expect(namesakes.map((pair) => pair.verdict?.tier)).toEqual(['confirmed', 'review']);
  expect(by('several-identifiers-and-chunks').pairs.map((pair) => pair.matches.length)).toEqual([3, 1, 1]);
  expect(by('tiers').pairs.map((pair) => [pair.verdict?.tier, ...(pair.verdict?.reasons ?? [])])).toEqual([
    ['confirmed', 'id'],
    ['review', 'ids_differ', 'domain'],
    ['confirmed', 'domain_and_name'],
    ['review', 'domain_of_several'],
    ['confirmed', 'name_and_city'],
    ['confirmed', 'name_and_site'],
    ['review', 'one_to_many', 'name_and_country'],
    ['review', 'one_to_many', 'name_and_country'],
  ]);
});

describe('a scope’s life', () => {
  const { input, values } = life;
  const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
  const NOBODY = '0'.repeat(32);

  test('every value follows from the input', () => {
    expect(JSON.parse(JSON.stringify(lifeOf(input)))).toEqual(values);
  });

  // By node's cryptography and the layout of wire.md.
  test.each(SIDES)('%s: rosters are linked, and signed by those they name before', (side) => {
    const { organisation, rootKey, people, rosters } = values.parties[side];
    let before = '00'.repeat(32);
    for (const [i, { bytes, hash, packed }] of rosters.entries()) {
      const from = input[side].rosters[i];
      if (!from) throw new Error('no such roster');
      const members = from.approvers
        .map((person) => `${input[side].people[person]?.member.slice(4)}${people[person]}`)
        .sort();
      const numbers = Buffer.alloc(11);
      numbers.writeBigUInt64BE(BigInt(from.issuedAt));
      numbers.set([from.quorum, from.drafterAlone ? 1 : 0, members.length], 8);
      const expected = `01${organisation.slice(4)}${number(i + 1).toString('hex')}${before}${numbers.toString('hex')}`;
      expect(bytes).toBe(expected + members.join(''));
      expect(hash).toBe(sha256(hex(bytes)));
      before = hash;
      const length = Buffer.alloc(2);
      length.writeUInt16BE(bytes.length / 2);
      expect(packed.startsWith(length.toString('hex') + bytes)).toBe(true);
      const signatures = packed.slice(4 + bytes.length);
      expect(signatures.length).toBe(160 * from.signers.length);
      for (const [at, signer] of from.signers.entries()) {
        const one = signatures.slice(160 * at, 160 * (at + 1));
        const who = signer === null ? NOBODY : input[side].people[signer]?.member.slice(4);
        expect(one.slice(0, 32)).toBe(who);
        const key = signer === null ? rootKey : people[signer];
        expect(isSigned('roster', hex(bytes + one.slice(32)), key ?? '')).toBe(true);
      }
    }
  });

  test('versions are their text, signed by their drafter, and link to those before', () => {
    for (const [i, { text, signed, hash }] of values.versions.entries()) {
      const { drafter, previous } = input.versions[i] ?? { drafter: null, previous: null };
      const { agentKey, people } = values.parties.founder;
      expect(Buffer.from(hex(signed)).subarray(0, -64).toString('utf8')).toBe(text);
      expect(isSigned('scope', hex(signed), (drafter === null ? agentKey : people[drafter]) ?? '')).toBe(
        true,
      );
      expect(hash).toBe(sha256(hex(signed)));
      const read = JSON.parse(text) as { previous: string | null; drafter: string | null };
      expect(read.previous).toBe(previous === null ? null : (values.versions[previous]?.hash ?? ''));
      expect(read.drafter).toBe(drafter === null ? null : (input.founder.people[drafter]?.member ?? ''));
    }
  });

  test('statements say what they are there to say, signed by whom they name', () => {
    const ACTS_ON_THE_WIRE = ['approve', 'accept', 'revoke', 'seen', 'deleted'];
    for (const [i, signed] of values.statements.entries()) {
      const from = input.statements[i];
      if (!from) throw new Error('no such statement');
      const party = values.parties[from.by];
      const person = from.person === null ? null : input[from.by].people[from.person];
      const at = Buffer.alloc(8);
      at.writeBigUInt64BE(BigInt(from.at));
      const message = [
        '01',
        `0${ACTS_ON_THE_WIRE.indexOf(from.act) + 1}`,
        input.partnership,
        party.organisation.slice(4),
        values.versions[from.version]?.hash,
        number(from.roster).toString('hex'),
        person ? person.member.slice(4) : NOBODY,
        at.toString('hex'),
      ].join('');
      expect(signed.slice(0, -128)).toBe(message);
      const key = from.person === null ? party.agentKey : party.people[from.person];
      expect(isSigned('scope statement', hex(signed), key ?? '')).toBe(true);
    }
  });

  test('versions stand where they should', () => {
    expect(values.looks.map(({ standings, inForce }) => [inForce, ...standings])).toEqual([
      [null, 'approved'],
      [1, 'in_force'],
      [1, 'in_force', 'proposed'],
      [1, 'in_force', 'approved'],
      [1, 'in_force', 'waits'],
      [2, 'superseded', 'in_force'],
      [2, 'superseded', 'in_force', 'proposed', 'approved'],
      [5, 'superseded', 'superseded', 'proposed', 'in_force'],
      [null, 'superseded', 'superseded', 'proposed', 'revoked'],
      [null, 'superseded', 'expired'],
    ]);
  });
});

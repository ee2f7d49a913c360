/** What a home takes of the papers that a service shows, what it does under them, and what is an alarm. */
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { toHex } from '../../protocol/bytes.ts';
import { signingPublicKey, systemRandom } from '../../protocol/hash.ts';
import { newPartnershipId, organisationId } from '../../protocol/ids.ts';
import type { Roster } from '../../protocol/roster.ts';
import { type Scope, scopeHash, signScope } from '../../protocol/scope.ts';
import { openAgent } from '../../src/agent/agent.ts';
import { askOverlap } from '../../src/agent/answers.ts';
import type { PartnershipView } from '../../src/agent/client.ts';
import { Problem } from '../../src/agent/problem.ts';
import { differences } from '../../src/agent/scopes/difference.ts';
import { termsOf } from '../../src/agent/scopes/draft.ts';
import { draftOf, grantOf, readDraft } from '../../src/agent/scopes/file.ts';
import {
  followScopes,
  followShownPapers,
  myScope,
  theirScope,
  versions,
} from '../../src/agent/scopes/following.ts';
import { grantScope, isStandard, revokeHere, revokeScope } from '../../src/agent/scopes/granting.ts';
import {
  followPapers,
  NO_PAPERS,
  type PapersAlarm,
  type Parties,
  type Pins,
  type ShownSide,
  scopeInForce,
  versionsOf,
} from '../../src/agent/scopes/papers.ts';
import { PRESETS, presetRules, presetTerms } from '../../src/agent/scopes/presets.ts';
import { describeReason } from '../../src/agent/scopes/reasons.ts';
import { describeScope } from '../../src/agent/scopes/sentences.ts';
import { simulate } from '../../src/agent/scopes/simulation.ts';
import { amountBand } from '../../src/agent/shareable.ts';
import { getPartnership, updatePartnership } from '../../src/agent/store/partnerships.ts';
import { putDecision } from '../../src/agent/store/reviews.ts';
import { syncPartnership } from '../../src/agent/sync/sync.ts';
import { collect } from '../support/files.ts';
import { EVERYTHING, grantBoth, type Pair, twoOrganisations } from '../support/homes.ts';
import {
  draftedScope,
  makePerson,
  type Person,
  rosterAfter,
  rosterWith,
  ruleOf,
  scopeWith,
  signedRoster,
  stated,
} from '../support/scopes.ts';

const NOW = Date.UTC(2026, 5, 1);
const root = { mine: systemRandom(32), theirs: systemRandom(32) };
const agent = { mine: systemRandom(32), theirs: systemRandom(32) };
const party = (whose: 'mine' | 'theirs') => ({
  organisation: organisationId(signingPublicKey(root[whose])),
  rootKey: signingPublicKey(root[whose]),
  agentKey: signingPublicKey(agent[whose]),
});
const parties: Parties = {
  partnership: newPartnershipId(systemRandom),
  mine: party('mine'),
  theirs: party('theirs'),
};
const between = {
  partnership: parties.partnership,
  grantor: parties.theirs.organisation,
  grantee: parties.mine.organisation,
};
const [ann, bob, cyd] = [makePerson(systemRandom), makePerson(systemRandom), makePerson(systemRandom)];

const rosterOne = rosterWith(parties.theirs.organisation, [ann, bob], { quorum: 2 });
const packedOne = signedRoster(rosterOne, root.theirs);
// Bob has left.
const rosterTwo = rosterAfter(rosterOne, [ann, cyd]);
const packedTwo = signedRoster(rosterTwo, root.theirs);

const NOTHING: ShownSide = { rosters: [], scopes: [] };
const START: Pins = { mine: NO_PAPERS, theirs: NO_PAPERS };

function version(number: number, previous: Uint8Array | null, by: Person, roster: Roster): Uint8Array {
  const scope = scopeWith({ number, previous: previous && toHex(scopeHash(previous)) }, between);
  return draftedScope(scope, by, roster.number);
}
const approval = (signed: Uint8Array, person: Person, roster: Roster) =>
  stated(
    'approve',
    { partnership: parties.partnership, organisation: parties.theirs.organisation, signed },
    { person, roster: roster.number },
  );
const acceptance = (signed: Uint8Array) =>
  stated(
    'accept',
    { partnership: parties.partnership, organisation: parties.mine.organisation, signed },
    agent.mine,
  );
const revocation = (signed: Uint8Array) =>
  stated(
    'revoke',
    { partnership: parties.partnership, organisation: parties.theirs.organisation, signed },
    agent.theirs,
  );

function follow(pins: Pins, theirs: ShownSide) {
  const followed = followPapers(pins, { mine: NOTHING, theirs }, parties);
  if (!followed.ok) throw new Error(`alarm: ${followed.alarm.what}`);
  return followed;
}
function alarmOf(pins: Pins, theirs: ShownSide): PapersAlarm['what'] | null {
  const followed = followPapers(pins, { mine: NOTHING, theirs }, parties);
  return followed.ok ? null : followed.alarm.what;
}
const inForce = (pins: Pins) => scopeInForce(pins, parties, 'theirs', NOW)?.papers.scope.number ?? null;

const one = version(1, null, ann, rosterOne);
const approved = { signed: one, statements: [approval(one, ann, rosterOne), approval(one, bob, rosterOne)] };
const accepted = { ...approved, statements: [...approved.statements, acceptance(one)] };
const shown = (...scopes: ShownSide['scopes']): ShownSide => ({ rosters: [packedOne], scopes });

describe('papers of a partner with a roster', () => {
  const pinned = follow(START, shown(accepted)).pins;

  it('are in force once approved by enough and accepted', () => {
    const before = follow(START, shown(approved)).pins;
    expect(inForce(before)).toBeNull();
    expect(versionsOf(before, parties, 'theirs', NOW).map(({ standing }) => standing)).toEqual(['approved']);
    expect(inForce(follow(before, shown(accepted)).pins)).toBe(1);
    expect(inForce(pinned)).toBe(1);
  });

  it('of an earlier roster are taken by a home that looks for the first time, and by no agent', () => {
    const two = version(2, one, ann, rosterTwo);
    const next = { signed: two, statements: [ann, cyd].map((person) => approval(two, person, rosterTwo)) };
    const both = { rosters: [packedOne, packedTwo], scopes: [accepted, next] };
    const first = followPapers(START, { mine: NOTHING, theirs: both }, parties, true);
    if (!first.ok) throw new Error(`alarm: ${first.alarm.what}`);
    expect([inForce(first.pins), first.late]).toEqual([1, []]);
    expect([inForce(follow(first.pins, both).pins), follow(first.pins, both).late]).toEqual([1, []]);

    const late = follow(START, both);
    expect([inForce(late.pins), late.late.map(({ number }) => number)]).toEqual([null, [1]]);
    // Shown again, what was not taken is no older version that came back.
    expect(inForce(follow(late.pins, both).pins)).toBeNull();
  });

  it('are an alarm where too few approved what is shown as approved', () => {
    for (const statements of [[], [approval(one, ann, rosterOne)], [approval(one, bob, rosterOne)]])
      expect(alarmOf(START, shown({ signed: one, statements: [...statements, acceptance(one)] }))).toBe(
        'unapproved',
      );
    const twice = [approval(one, ann, rosterOne), approval(one, ann, rosterOne)];
    expect(alarmOf(START, shown({ signed: one, statements: twice }))).toBe('unapproved');
  });

  it('are an alarm where the roster is not signed by the root key', () => {
    for (const by of [agent.theirs, ann.seed, systemRandom(32)]) {
      const forged = { rosters: [signedRoster(rosterOne, by)], scopes: [] };
      expect(alarmOf(START, forged)).toBe('roster_unsigned');
    }
    const strangers = rosterAfter(rosterOne, [makePerson(systemRandom), makePerson(systemRandom)]);
    const unsigned = { rosters: [packedOne, signedRoster(strangers, agent.theirs)], scopes: [accepted] };
    expect(alarmOf(pinned, unsigned)).toBe('roster_unsigned');
    const alone = { rosters: [packedOne, signedRoster(strangers, [ann])], scopes: [accepted] };
    expect(alarmOf(pinned, alone)).toBe('roster_unsigned');
    const quorum = { rosters: [packedOne, signedRoster(strangers, [ann, bob])], scopes: [accepted] };
    expect(alarmOf(pinned, quorum)).toBeNull();
  });

  it('are an alarm where a roster is hidden or another', () => {
    const two = follow(pinned, { rosters: [packedOne, packedTwo], scopes: [accepted] }).pins;
    expect(alarmOf(two, shown(accepted))).toBe('roster_hidden');
    expect(alarmOf(two, { rosters: [], scopes: [accepted] })).toBe('roster_hidden');
    const other = signedRoster(rosterAfter(rosterOne, [bob, cyd]), root.theirs);
    expect(alarmOf(two, { rosters: [packedOne, other], scopes: [accepted] })).toBe('other_roster');
  });

  it('are an alarm where they go back, are hidden, or are others of the same number', () => {
    const two = version(2, one, ann, rosterOne);
    const newer = {
      signed: two,
      statements: [approval(two, ann, rosterOne), approval(two, bob, rosterOne), acceptance(two)],
    };
    const after = follow(pinned, shown(newer)).pins;
    expect(inForce(after)).toBe(2);
    expect(alarmOf(after, shown(accepted))).toBe('older_scope');
    expect(alarmOf(after, shown())).toBe('scope_hidden');
    const other = draftedScope(
      scopeWith({ number: 2, previous: toHex(scopeHash(one)), minimumCount: 1 }, between),
      ann,
      1,
    );
    const statements = [approval(other, ann, rosterOne), approval(other, bob, rosterOne)];
    expect(alarmOf(after, shown({ signed: other, statements }))).toBe('other_scope');
    const unlinked = version(2, two, ann, rosterOne);
    const by = [approval(unlinked, ann, rosterOne), approval(unlinked, bob, rosterOne)];
    expect(alarmOf(pinned, shown(accepted, { signed: unlinked, statements: by }))).toBe('not_its_successor');
  });

  it('count for nothing where somebody who left signed them', () => {
    const both = [packedOne, packedTwo];
    const known = follow(pinned, { rosters: both, scopes: [accepted] }).pins;
    // Bob and Ann still have their keys; the service plays along.
    const two = version(2, one, bob, rosterOne);
    const late = {
      signed: two,
      statements: [approval(two, ann, rosterOne), approval(two, bob, rosterOne), acceptance(two)],
    };
    const followed = follow(known, { rosters: both, scopes: [accepted, late] });
    expect(inForce(followed.pins)).toBe(1);
    expect(followed.late).toContainEqual({ whose: 'theirs', number: 2, act: 'draft' });
    // Under the new roster his signature is not one at all.
    const three = version(2, one, ann, rosterTwo);
    const statements = [approval(three, ann, rosterTwo), approval(three, bob, rosterTwo)];
    expect(alarmOf(known, { rosters: both, scopes: [accepted, { signed: three, statements }] })).toBe(
      'bad_papers',
    );
    const whole = [approval(three, ann, rosterTwo), approval(three, cyd, rosterTwo), acceptance(three)];
    const next = follow(known, { rosters: both, scopes: [accepted, { signed: three, statements: whole }] });
    expect(inForce(next.pins)).toBe(2);
  });

  it('count for nothing where the agent’s key signed them, once a roster was seen', () => {
    const alone = signScope(scopeWith({ number: 2, previous: toHex(scopeHash(one)) }, between), agent.theirs);
    const followed = follow(pinned, shown(accepted, { signed: alone, statements: [acceptance(alone)] }));
    expect(inForce(followed.pins)).toBe(1);
    expect(followed.late).toEqual([{ whose: 'theirs', number: 2, act: 'draft' }]);
  });

  it('are an alarm where the service forgets that they were revoked', () => {
    const over = follow(
      pinned,
      shown({ ...accepted, statements: [...accepted.statements, revocation(one)] }),
    ).pins;
    expect(inForce(over)).toBeNull();
    expect(alarmOf(over, shown(accepted))).toBe('revocation_hidden');
  });

  it('are an alarm where they are of another partnership, or a byte was changed', () => {
    const other = { ...between, partnership: newPartnershipId(systemRandom) };
    const foreign = draftedScope(scopeWith({}, other), ann, 1);
    expect(alarmOf(START, shown({ signed: foreign, statements: [] }))).toBe('other_partnership');
    const changed = one.map((byte, i, all) => (i === all.length - 1 ? byte ^ 1 : byte));
    expect(alarmOf(START, shown({ signed: changed, statements: [] }))).toBe('bad_papers');
  });
});

describe('a company of one', () => {
  let pair: Pair;
  beforeAll(async () => {
    pair = await twoOrganisations(
      [
        ['a1', 'Siemens AG', 'siemens.com', 'Customer', 'Ann'],
        ['a2', 'Nestlé', 'nestle.com', 'Prospect', 'Abe'],
      ],
      [['b1', 'Siemens', 'siemens.com', 'Customer', 'Bea']],
    );
  });
  afterAll(() => pair.close());
  const options = { progress: () => undefined, waitUntilMs: null };
  const id = () => pair.partnership(pair.a).id;
  const sync = (of: Pair['a']) => syncPartnership(of, id(), pair.pool, options);
  const view = () => pair.a.client().partnership(id());

  it('grants in one step, and the partner’s next sync accepts and says so', async () => {
    const scope = await grantScope(pair.a, pair.partnership(pair.a), EVERYTHING);
    expect(scope).toMatchObject({ number: 1, roster: 0, drafter: null, retentionDays: 30, export: true });
    expect(myScope(pair.a, pair.partnership(pair.a))).toBeNull();
    const report = await sync(pair.a);
    expect(report.waiting).toBe('partner_verifies');
    const accepting = await sync(pair.b);
    expect(accepting.accepted.map(({ number }) => number)).toEqual([1]);
    expect(theirScope(pair.b, pair.partnership(pair.b))?.scope.number).toBe(1);
    await sync(pair.a);
    expect(myScope(pair.a, pair.partnership(pair.a))?.scope.number).toBe(1);
    expect((await sync(pair.b)).accepted).toEqual([]);
  });

  it('leaves a contract to a person', () => {
    expect(isStandard(scopeWith())).toBe(true);
    expect(isStandard(scopeWith({ agreement: { reference: 'NDA', sha256: '0'.repeat(64) } }))).toBe(false);
  });

  it('raises an alarm, and changes nothing, where the service shows another’s papers', async () => {
    const honest = await view();
    const before = pair.partnership(pair.b);
    const forged = signScope(
      scopeWith({ number: 2 }, { ...before, partnership: id() } as never),
      systemRandom(32),
    );
    const of = pair.partnership(pair.a).side;
    const scopes = { ...honest.scopes, [of]: [{ number: 2, signed: forged, statements: [] }] };
    const lying = { ...honest, scopes } as PartnershipView;
    expect(() => followScopes(pair.b, before, lying)).toThrow(Problem);
    expect(() => followScopes(pair.b, before, { ...honest, scopes: { founder: [], joiner: [] } })).toThrow(
      /hides the scope/,
    );
    expect(pair.partnership(pair.b).papers).toEqual(before.papers);
  });

  it('asks, submits and evaluates under what is in force, whatever the service says', async () => {
    await grantBoth(pair);
    await pair.sync();
    expect(await collect(askOverlap(pair.b, pair.partnership(pair.b), {}))).toHaveLength(1);
    const { lastSubmission } = pair.partnership(pair.a);
    expect(lastSubmission).not.toBeNull();
    // Kept here: revoked. The service was not told.
    revokeHere(pair.a, pair.partnership(pair.a));
    expect(myScope(pair.a, pair.partnership(pair.a))).toBeNull();
    const stale = await view();
    followShownPapers(pair.a, pair.partnership(pair.a), {
      mine: { rosters: [], scopes: stale.scopes[pair.partnership(pair.a).side] },
      theirs: { rosters: [], scopes: stale.scopes[pair.partnership(pair.b).side] },
    });
    expect(myScope(pair.a, pair.partnership(pair.a))).toBeNull();
    expect((await sync(pair.a)).waiting).toBe('you_grant');
    const told = (await view()).scopes[pair.partnership(pair.a).side];
    expect(told.at(-1)?.statements.length).toBeGreaterThan(1);
  });

  it('acknowledges a revocation, and deletes when the time to keep is over', async () => {
    putDecision(
      pair.b.store,
      id(),
      { myHandle: '00'.repeat(16), theirHandle: '11'.repeat(16) } as never,
      'confirmed',
    );
    const reviews = () => pair.b.store.database.all('select 1 from reviews');
    const receipt = (act: string) =>
      versions(pair.b, pair.partnership(pair.b), 'theirs')
        .at(-1)
        ?.papers.statements.some((statement) => statement.act === act);
    await sync(pair.b);
    expect(receipt('seen')).toBe(true);
    expect(receipt('deleted')).toBe(false);
    expect(reviews()).toHaveLength(1);
    const days = (count: number) => async () => {
      const later = await openAgent(pair.b.home, () => Date.now() + count * 86_400_000);
      try {
        await syncPartnership(later, id(), pair.pool, options).catch((error: unknown) => {
          // The partner's certificate is of today.
          if (!(error instanceof Problem)) throw error;
        });
      } finally {
        later.close();
      }
    };
    await days(29)();
    expect([receipt('deleted'), reviews().length]).toEqual([false, 1]);
    await days(31)();
    expect([receipt('deleted'), reviews().length]).toEqual([true, 0]);
    // The own list still stands under the own scope, so what serves it stays.
    expect(pair.b.store.database.all('select 1 from identifiers')).not.toHaveLength(0);
    await sync(pair.a);
    const [last] = versions(pair.a, pair.partnership(pair.a), 'mine').slice(-1);
    expect(last?.papers.statements.map(({ act }) => act)).toEqual(
      expect.arrayContaining(['seen', 'deleted']),
    );
  });

  it('numbers a new version behind the last, and ends nothing twice', async () => {
    const mine = versions(pair.a, pair.partnership(pair.a), 'mine').at(-1)?.papers.scope.number ?? 0;
    const scope = await grantScope(pair.a, pair.partnership(pair.a), EVERYTHING);
    expect(scope.number).toBe(mine + 1);
    await expect(revokeScope(pair.b, pair.partnership(pair.b))).resolves.toHaveLength(1);
    await expect(revokeScope(pair.b, pair.partnership(pair.b))).rejects.toMatchObject({
      code: 'nothing_granted',
    });
  });

  it('does not open papers of an older home', () => {
    const old = { ...pair.partnership(pair.a), papers: undefined };
    updatePartnership(pair.a.store, id(), () => old as never);
    expect(getPartnership(pair.a.store, id()).papers).toEqual({ mine: [], theirs: NO_PAPERS, past: [] });
  });
});

describe('what people read', () => {
  const customers = (change = {}) =>
    scopeWith({
      rules: [ruleOf('customers', '*', { level: 'fields', fields: ['owner', 'amount_band'], ...change })],
    });

  it('says every rule and term, without words of the machine', () => {
    for (const preset of PRESETS) {
      const rules = presetRules(preset, ['customers', 'open-opportunities']);
      const text = describeScope({ ...scopeWith(), ...presetTerms(preset), rules }, 'Borealis').join('\n');
      expect(text).not.toMatch(/epoch|handle|\btags?\b|\bcells?\b/i);
      expect(text).toMatch(/Borealis/);
      expect(JSON.stringify(rules)).not.toContain('"note"');
      expect(JSON.stringify(rules)).not.toContain('"amount"');
    }
    const text = describeScope(customers(), 'Borealis').join('\n');
    expect(text).toContain('owner and amount as a band (personal data, details of deals)');
    expect(text).toContain('deletes within 30 days');
  });

  it('says what two roles get where they differ', () => {
    const rules = presetRules('clean-team', ['customers']);
    const text = describeScope(scopeWith({ rules, competitors: true }), 'Borealis').join('\n');
    expect(text).toMatch(/Borealis’s sales people learn only numbers/);
    expect(text).toMatch(/Borealis’s clean team learn which accounts both have, with account name/);
  });

  it('tells more from less, and is silent where nothing changes', () => {
    expect(differences(customers(), customers(), 'Borealis')).toEqual([]);
    const more = differences(customers(), customers({ fields: ['owner', 'amount_band', 'note'] }), 'B');
    // What is the same for all who ask is said once.
    expect(more.map(({ direction }) => direction)).toEqual(['more']);
    expect(more[0]?.text).toMatch(/any list of theirs, B’s people: also .*free-text note/);
    const rules = presetRules('clean-team', ['customers']);
    const split = differences(customers(), scopeWith({ rules, populations: ['customers'] }), 'B');
    expect(split.map(({ text }) => /B’s ([a-z ]+):/.exec(text)?.[1])).toEqual(
      expect.arrayContaining(['sales people', 'clean team']),
    );
    const less = differences(customers(), { ...customers({ level: 'counts' }), retentionDays: 90 }, 'B');
    expect(less.map(({ direction }) => direction)).toEqual(expect.arrayContaining(['less', 'more']));
    expect(differences(null, customers(), 'B').every(({ direction }) => direction === 'more')).toBe(true);
  });

  it('says how many names a month white space shows, and which way the number goes', () => {
    const named = (namesPerMonth: number) => ({ ...customers({ whiteSpace: 'names' }), namesPerMonth });
    expect(describeScope(named(250), 'Borealis').join('\n')).toContain('at most 250 names a month');
    expect(describeScope(named(0), 'Borealis').join('\n')).toMatch(/no names, though a rule grants them/);
    expect(describeScope(customers(), 'Borealis').join('\n')).not.toMatch(/names a month/);
    fc.assert(
      fc.property(fc.nat(1_000_000), fc.nat(1_000_000), (one, other) => {
        fc.pre(one !== other);
        expect(differences(named(one), named(other), 'Borealis')).toEqual([
          {
            direction: other < one ? 'less' : 'more',
            text: `names of accounts they lack shown a month: ${other}, before ${one}`,
          },
        ]);
      }),
      { seed: 6 },
    );
  });

  it('grants a thousand names a month where names are granted and nobody says how many', () => {
    const usual = { accounts: 10, nowMs: NOW };
    const grant = (preset: (typeof PRESETS)[number]) => ({
      rules: presetRules(preset, ['customers']),
      populations: ['customers'],
    });
    const monthly = (preset: (typeof PRESETS)[number]) => [
      presetTerms(preset).namesPerMonth,
      termsOf(grant(preset), { ...usual, last: null }).namesPerMonth,
    ];
    expect(PRESETS.map(monthly)).toEqual([
      [0, 0],
      [0, 0],
      [1000, 1000],
      [0, 0],
    ]);
    const after = (last: Partial<Scope>) =>
      termsOf(grant('co-sell'), { ...usual, last: scopeWith(last) }).namesPerMonth;
    // As before where names were granted before; a version without names said nothing about their number.
    expect(after({ rules: grant('co-sell').rules, namesPerMonth: 20 })).toBe(20);
    expect(after({ rules: grant('overlap').rules, namesPerMonth: 0 })).toBe(1000);
    expect(termsOf({ ...grant('co-sell'), namesPerMonth: 0 }, { ...usual, last: null }).namesPerMonth).toBe(
      0,
    );
  });

  it('reads a draft back as it was written, and names the place of a mistake', () => {
    const terms = termsOf(
      { rules: presetRules('overlap', ['customers']), populations: ['customers'] },
      { last: null, accounts: 10, nowMs: NOW },
    );
    const text = JSON.stringify(draftOf(terms, ['borealis']));
    const read = readDraft(text, 'x.json');
    expect(termsOf(grantOf(read), { last: null, accounts: 10, nowMs: NOW })).toEqual(terms);
    expect(() => readDraft(text.replace('"accounts"', '"all"'), 'x.json')).toThrow(
      /x\.json: rules\.0\.roles/,
    );
    expect(() => readDraft('{', 'x.json')).toThrow(/not JSON/);
  });

  it('says which rule of which version of which side decided', () => {
    const scope = customers();
    const text = describeReason(
      { code: 'rule', side: 'theirs', scope: 1, rule: 0 },
      'Borealis',
      {
        mine: null,
        theirs: scope,
      },
      'sales',
    );
    expect(text).toMatch(/^rule 1 of version 1 of Borealis’s scope: Where Borealis’s customers meet/);
    expect(
      describeReason(
        { code: 'own_limit', side: 'mine', scope: null, rule: null },
        'B',
        {
          mine: null,
          theirs: null,
        },
        'sales',
      ),
    ).toMatch(/Your own organisation limits/);
  });

  it.each([
    ['12,000', 'EUR', 'EUR 10k–50k'],
    ['9999', '', '<10k'],
    ['€ 60.000,00', '', 'EUR 50k–250k'],
    ['USD 250000', '', 'USD 250k–1M'],
    ['1000000', 'chf', 'CHF >1M'],
    ['$5', '', '$ <10k'],
    ['soon', 'EUR', undefined],
  ])('an amount of %s %s is the band %s', (amount, currency, band) => {
    expect(amountBand(amount, currency)).toBe(band);
  });
});

describe('a simulation', () => {
  it('shows of the own list what a role would see, and nothing that the scope leaves out', async () => {
    const pair = await twoOrganisations(
      [
        ['a1', 'Siemens AG', 'siemens.com', 'Customer', 'Ann'],
        ['a2', 'Bosch', 'bosch.com', 'Customer', ''],
        ['a3', 'Nestlé', 'nestle.com', 'Prospect', 'Abe'],
        ['a4', 'Nobody', 'nobody.com', 'Former', 'Zoe'],
      ],
      [],
    );
    try {
      const [normaliser] = pair.a.normalisers.slice(-1);
      if (!normaliser) throw new Error('no normaliser');
      const grant = {
        level: 'fields',
        fields: ['account_name', 'owner'],
        whiteSpace: 'none',
        review: false,
      } as const;
      const scope = scopeWith({
        rules: [
          {
            population: 'customers',
            partnerPopulation: '*',
            roles: { sales: { ...grant, fields: ['account_name', 'owner'] } },
          },
          ruleOf('prospects', '*', { level: 'counts' }),
        ],
        minimumCount: 1,
      } satisfies Partial<Scope>);
      const [customers, prospects] = simulate(pair.a.store, normaliser, scope, 'sales');
      expect(customers).toMatchObject({
        accounts: 2,
        filled: { account_name: 2, owner: 1 },
        shownCount: null,
      });
      expect(customers?.examples).toContainEqual({ account_name: 'Siemens AG', owner: 'Ann' });
      expect(prospects).toMatchObject({ accounts: 1, shownCount: 1, examples: [], names: [] });
      // A row without anything is no example.
      const owners = { ...scope.rules[0], roles: { sales: { ...grant, fields: ['owner'] } } };
      const rules = [owners] as typeof scope.rules;
      const [owned] = simulate(pair.a.store, normaliser, { ...scope, rules }, 'sales');
      expect(owned?.examples).toEqual([{ owner: 'Ann' }]);
      const team = simulate(pair.a.store, normaliser, scope, 'clean-team');
      expect(team[0]).toMatchObject({ level: 'none', examples: [] });
      expect(JSON.stringify(simulate(pair.a.store, normaliser, scope, 'sales'))).not.toMatch(
        /Nobody|Zoe|Abe/,
      );
    } finally {
      await pair.close();
    }
  });
});

/** The whole life of a scope over two companies with people: roster, quorum, approval, acceptance, revocation. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openAgent } from '../../src/agent/agent.ts';
import { versions } from '../../src/agent/scopes/following.ts';
import { syncPartnership } from '../../src/agent/sync/sync.ts';
import { commonground, document, type Outcome } from '../support/cli.ts';
import { type Pair, twoOrganisations } from '../support/homes.ts';

const PASSWORD = 'nine green lamps 17';

let pair: Pair;
let folder: string;
const file = (name: string) => join(folder, name);
const run = (name: string, ...args: string[]) => commonground(file(name), args);
/** In the home that holds the keyring of one side. */
const keyring = (side: 'a' | 'b', ...args: string[]) => commonground(pair[side].home.directory, args);

async function done<Value = Record<string, unknown>>(outcome: Promise<Outcome>): Promise<Value> {
  const result = await outcome;
  expect(result.stderr + result.stdout).not.toMatch(/AGE-SECRET-KEY|cgs_|at file:|node:internal/);
  expect(result.code, result.stderr + result.stdout).toBe(0);
  return document<Value>(result);
}

async function text(outcome: Promise<Outcome>): Promise<string> {
  const result = await outcome;
  expect(result.code, result.stderr + result.stdout).toBe(0);
  const all = result.stdout + result.stderr;
  expect(all).not.toMatch(/epoch|handle|\btags?\b|\bcells?\b/i);
  return all;
}

/** What a refusal says; each has a next step. */
async function problem(outcome: Promise<Outcome>): Promise<[number | null, string]> {
  const result = await outcome;
  const { error } = document<{ error: { code: string; message: string; hint: string | null } }>(result);
  expect(error.hint, error.message).toBeTruthy();
  return [result.code, error.code];
}

async function makeLegal(side: 'a' | 'b', name: string): Promise<void> {
  const invitation = file(`${name}.invitation`);
  await done(keyring(side, 'member', 'invite', '--role', 'legal', '--out', invitation, '--json'));
  writeFileSync(file(`${name}.login`), `${name}@${side}.example\n${PASSWORD}\n`, { mode: 0o600 });
  const keys = ['--login-file', file(`${name}.login`), '--key-file', file(`${name}.key`)];
  await done(run(name, 'member', 'join', invitation, ...keys, '--json'));
}

const sync = async (side: 'a' | 'b') => {
  const result = await keyring(side, 'sync', '--json');
  expect([0, 5], result.stderr).toContain(result.code);
  return document<{ partners: { waiting: string | null }[] }>(result).partners[0]?.waiting;
};

beforeAll(async () => {
  pair = await twoOrganisations(
    [
      ['a1', 'Acme', 'acme.com'],
      ['a2', 'Globex', 'globex.com', 'Prospect'],
    ],
    [['b1', 'Acme Inc', 'acme.com']],
  );
  folder = mkdtempSync(join(tmpdir(), 'commonground-scope-'));
}, 120_000);
afterAll(async () => {
  await pair.close();
  rmSync(folder, { recursive: true, force: true });
});

describe('before anybody signs', () => {
  it('presets are explained, and drafts are files', async () => {
    expect(await text(keyring('a', 'scope', 'presets'))).toMatch(/clean-team: between competitors/);
    const { presets } = await done<{ presets: unknown[] }>(keyring('a', 'scope', 'presets', '--json'));
    expect(presets).toHaveLength(4);
    const out = file('overlap.json');
    const drafted = ['scope', 'draft', '--preset', 'overlap', '--to', 'b', '--out', out];
    expect(await text(keyring('a', ...drafted))).toMatch(/Where our customers meet any list of theirs/);
    expect(await problem(keyring('a', ...drafted, '--json'))).toEqual([2, 'exists']);
    expect(await problem(keyring('a', 'scope', 'draft', '--preset', 'all', '--json'))).toEqual([
      2,
      'bad_argument',
    ]);
    expect(await problem(keyring('a', 'scope', 'draft', '--json'))).toEqual([2, 'bad_argument']);
    await done(keyring('a', 'scope', 'defaults', '--set', out, '--json'));
    expect(await text(keyring('a', 'scope', 'defaults'))).toContain('kept in this home alone');
    const { draft } = await done<{ draft: { to: string[] } }>(
      keyring('a', 'scope', 'draft', '--to', 'b,c', '--json'),
    );
    expect(draft.to).toEqual(['b', 'c']);
  });

  it('a draft says how many names a month white space shows, and a person changes it', async () => {
    expect(await text(keyring('a', 'scope', 'presets'))).toContain('at most 1000 names a month');
    const out = file('names.json');
    const drafted = ['scope', 'draft', '--preset', 'co-sell', '--to', 'b', '--out', out];
    expect(await text(keyring('a', ...drafted))).toContain(
      'at most 1000 names a month, all of them together',
    );
    const draft = JSON.parse(readFileSync(out, 'utf8')) as { namesPerMonth: number };
    expect(draft.namesPerMonth).toBe(1000);
    writeFileSync(out, JSON.stringify({ ...draft, namesPerMonth: 1_000_001 }));
    expect(
      await problem(keyring('a', 'scope', 'simulate', '--role', 'sales', '--file', out, '--json')),
    ).toEqual([3, 'bad_input']);
    writeFileSync(out, JSON.stringify({ ...draft, namesPerMonth: 25 }));
    const seen = await text(keyring('a', 'scope', 'simulate', '--role', 'sales', '--file', out));
    expect(seen).toMatch(/names of accounts they lack, such as: Acme; at most 25 a month/);
  });

  it('what a role would see is tried on the own list', async () => {
    const seen = await text(
      keyring('a', 'scope', 'simulate', '--role', 'sales', '--file', file('overlap.json')),
    );
    expect(seen).toMatch(/our customers × any list of theirs, as their sales:\n {2}up to 1 accounts/);
    expect(seen).toContain('nothing left this machine');
    const { cells } = await done<{ cells: { accounts: number }[] }>(
      keyring('a', 'scope', 'simulate', '--role', 'clean-team', '--file', file('overlap.json'), '--json'),
    );
    expect(cells.map(({ accounts }) => accounts)).toEqual([1, 1]);
  });
});

describe('a slip in a draft', () => {
  const slip = async (change: object, ...args: string[]) => {
    const draft = JSON.parse(readFileSync(file('overlap.json'), 'utf8')) as object;
    writeFileSync(file('slip.json'), JSON.stringify({ ...draft, ...change }));
    const result = await keyring('a', 'scope', ...(args.length > 0 ? args : PROPOSE), file('slip.json'));
    return result.stderr;
  };
  const PROPOSE = ['propose', '--partner', 'b'];

  it('is told with its place, and nothing is asked', async () => {
    const rules = [{ population: 'custmers', partnerPopulation: '*', roles: {} }];
    expect(await slip({ rules })).toMatch(/rule 1 speaks of your list custmers, .*\n.*customers/);
    const populations = ['custmers'];
    const simulate = ['simulate', '--role', 'sales', '--file'];
    for (const args of [PROPOSE, simulate])
      expect(await slip({ rules, populations }, ...args)).toMatch(
        /no population custmers\n.*customers, pros/,
      );
    const validUntil = '2020-01-01T00:00:00Z';
    expect(await slip({ validUntil })).toContain(`would have ended already, on ${validUntil}`);
    const times = { validFrom: '2090-01-01T00:00:00Z', validUntil: '2089-01-01T00:00:00Z' };
    expect(await slip(times)).toContain('would end on 2089-01-01T00:00:00Z, before it begins on 2090');
    expect(await slip({ validUntil: '2090-02-30T00:00:00Z' })).toContain('validUntil: a time such as');
    expect(await slip({ purpose: 'two\nlines' })).toContain('purpose: one line');
    const grant = ['grant', '--partner', 'b', '--preset', 'counts', '--until', 'tomorrow'];
    expect((await keyring('a', 'scope', ...grant)).stderr).toContain('validUntil is “tomorrow”');
    const drafted = await keyring('a', 'scope', 'draft', '--preset', 'counts', '--population', 'custmers');
    expect(drafted.stderr).toContain('there is no population custmers');
  }, 180_000);

  it('in a list of the partner’s is warned of', async () => {
    const rule = ['--rule', 'customers:custmers:counts', '--dry-run'];
    const tried = await keyring('a', 'scope', 'grant', '--partner', 'b', ...rule);
    expect(tried.stderr).toContain('mind: Organisation b never named a list custmers (it has named none');
  });
});

describe('the life of a scope', () => {
  it('asks nobody to sign while there are members and no roster', async () => {
    await Promise.all([makeLegal('a', 'lea'), makeLegal('b', 'bea')]);
    await makeLegal('a', 'lou');
    expect(await text(keyring('a', 'scope', 'roster', 'show'))).toContain('nobody can sign scopes');
    const me = await done<{ fingerprint: string }>(run('lea', 'whoami', '--json'));
    expect(await text(keyring('a', 'member', 'list'))).toContain(me.fingerprint);
    // Without a roster nobody's signature counts, and nobody is asked for one.
    const tried = ['scope', 'simulate', '--role', 'sales', '--file', file('overlap.json')];
    expect((await run('lea', ...tried)).stderr).toMatch(
      /it has no keyring, so lists.*\n.*run this where `commonground init` was run/,
    );
    const unsigned = await run(
      'lea',
      'scope',
      'propose',
      file('overlap.json'),
      '--partner',
      'organisation-b',
    );
    expect(unsigned.stderr).toMatch(/no roster yet, so nobody’s signature counts\nc.*roster set/);
    // The partner's key is pinned at its first sight all the same.
    expect(unsigned.stderr).toContain('sees Organisation b for the first time');
    expect(unsigned.stderr).toMatch(/its fingerprint: [0-9a-f]{4} /);
    const early = await run(
      'lea',
      'scope',
      'roster',
      'set',
      '--approver',
      'lou@a.example',
      '--drafter-alone',
    );
    expect(early.stderr).toMatch(/no roster yet/);
    expect(early.stderr).not.toContain('compare each person');
  }, 180_000);

  it('begins with a roster: who approves, and how many it takes', async () => {
    const approvers = ['--approver', 'lea@a.example', '--approver', 'lou@a.example', '--quorum', '2'];
    expect(await problem(keyring('a', 'scope', 'roster', 'set', ...approvers, '--json'))).toEqual([
      2,
      'bad_argument',
    ]);
    const own = await done(keyring('a', 'scope', 'roster', 'set', ...approvers, '--yes', '--json'));
    expect(own).toEqual({ number: 1, published: true });
    const alone = ['--approver', 'bea@b.example', '--yes', '--json'];
    expect(await problem(keyring('b', 'scope', 'roster', 'set', ...alone))).toEqual([2, 'bad_argument']);
    await done(keyring('b', 'scope', 'roster', 'set', '--drafter-alone', ...alone));
    const shown = await text(keyring('a', 'scope', 'roster', 'show'));
    expect(shown).toMatch(/2 people approve: .*lea@a\.example.*\n?.*It takes 2 signatures/s);
  }, 180_000);

  it('the keyring’s home grants and accepts nothing any more', async () => {
    const grant = ['scope', 'grant', '--partner', 'b', '--preset', 'counts', '--json'];
    expect(await problem(keyring('a', ...grant))).toEqual([6, 'wrong_role']);
    const propose = ['scope', 'propose', file('overlap.json'), '--yes', '--json'];
    expect(await problem(keyring('a', ...propose))).toEqual([6, 'wrong_role']);
  });

  it('is drafted by one and approved by two, who are shown what they sign', async () => {
    const proposing = ['scope', 'propose', file('overlap.json'), '--partner', 'organisation-b'];
    const unasked = await run('lea', ...proposing, '--json');
    expect(document(unasked)).toMatchObject({ error: { code: 'bad_argument' } });
    const said = await text(run('lea', ...proposing, '--yes'));
    // Where the list is not seen, its names are to be compared.
    expect(said).toMatch(/mind: no scope of yours for Organisation b spoke of a list customers before/);
    expect(said).not.toContain('for the first time');
    expect(said).toContain(
      'Where our customers meet any list of theirs, Organisation b learns which accounts',
    );
    // The partner does not see what is only proposed.
    const before = await done<{ versions: { theirs: unknown[] } }>(run('bea', 'scope', 'show', '--json'));
    expect(before.versions.theirs).toEqual([]);
    const first = await done(run('lea', 'scope', 'approve', '--yes', '--json'));
    expect(first).toMatchObject({ number: 1, approvals: 1, quorum: 2, approved: false });
    // Said before anything is shown or asked.
    const again = await run('lea', 'scope', 'approve');
    expect(again.stderr).toMatch(/^commonground: you have approved version 1 /);
    expect(await text(run('lou', 'scope', 'show'))).toMatch(/version 1: proposed, waits for approval/);
    const second = await done(run('lou', 'scope', 'approve', '--yes', '--json'));
    expect(second).toMatchObject({ approvals: 2, approved: true });
    expect(await sync('a')).toBe('partner_verifies');
    expect(await problem(run('lou', 'scope', 'approve', '--yes', '--json'))).toEqual([2, 'bad_argument']);
  }, 180_000);

  it('is accepted by the other side’s people, not by its machine, and then in force', async () => {
    expect(await sync('b')).not.toBeNull();
    const shown = await done<{ versions: { theirs: { standing: string }[] } }>(
      run('bea', 'scope', 'show', '--json'),
    );
    expect(shown.versions.theirs.map(({ standing }) => standing)).toEqual(['approved']);
    const waits = await text(keyring('b', 'status'));
    expect(waits).toContain('your legal people have to accept version 1 of');
    const accepted = await text(run('bea', 'scope', 'accept', '--yes'));
    expect(accepted).toContain('Where Organisation a’s customers meet any list of yours');
    expect(accepted).toContain('deleted within 30 days after its end');
    const back = [
      'scope',
      'draft',
      '--preset',
      'counts',
      '--population',
      'customers',
      '--to',
      'organisation-a',
    ];
    await done(run('bea', ...back, '--out', file('back.json'), '--json'));
    await done(run('bea', 'scope', 'propose', file('back.json'), '--yes', '--json'));
    expect(await done(run('bea', 'scope', 'approve', '--yes', '--json'))).toMatchObject({ approved: true });
    await done(run('lou', 'scope', 'accept', '--yes', '--json'));
    for (const side of ['a', 'b', 'a', 'b', 'a', 'b', 'a', 'b'] as const) await sync(side);
    expect(await sync('a')).toBeNull();
    const { mine } = await done<{ mine: { number: number } }>(run('lea', 'scope', 'show', '--json'));
    expect(mine.number).toBe(1);
    const life = await text(run('lea', 'scope', 'show'));
    expect(life).toMatch(/drafted by you \(lea@a\.example\).*approved by l.*accepted by Organisation b/s);
  }, 180_000);

  it('a request is answered by the other side’s legal people', async () => {
    const asked = await done<{ request: string }>(
      run('bea', 'scope', 'request', '--reason', 'A joint campaign in May', '--json'),
    );
    expect(await text(run('lea', 'scope', 'requests'))).toContain('A joint campaign in May');
    const say = (to: string, ...rest: string[]) =>
      run('lea', 'scope', 'answer', to, 'granted', '--text', ...rest, '--json');
    expect((await say('0000', 'x')).stderr).toMatch(/organisation-b made no request 0000\n.*scope requests/);
    expect((await say(asked.request, 'two\nlines')).stderr).toContain('--text is not one line');
    const own = await run('bea', 'scope', 'answer', asked.request, 'granted', '--text', 'x');
    expect(own.stderr).toContain('is one of your own people');
    // The first characters do, and the same again changes nothing.
    for (let i = 0; i < 2; i++) await done(say(asked.request.slice(0, 6), 'version 2 follows'));
    expect((await say(asked.request, 'another')).stderr).toMatch(
      /was answered on 2.*: granted, “version 2 follows”\n.*scope propose/,
    );
    const { requests } = await done<{ requests: { answer: { answer: string } }[] }>(
      run('bea', 'scope', 'requests', '--json'),
    );
    expect(requests.map((one) => one.answer.answer)).toEqual(['granted']);
    const maybe = ['scope', 'answer', asked.request, 'maybe', '--text', 'x', '--json'];
    expect(await problem(run('lea', ...maybe))).toEqual([2, 'bad_argument']);
  });

  it('changes by a next version, whose differences are told in words', async () => {
    const draft = JSON.parse(readFileSync(file('overlap.json'), 'utf8')) as {
      rules: { roles: Record<string, { level: string; fields: string[] }> }[];
      retentionDays: number;
    };
    for (const grant of Object.values(draft.rules[0]?.roles ?? {})) {
      grant.level = 'fields';
      grant.fields = ['owner'];
    }
    draft.retentionDays = 14;
    writeFileSync(file('more.json'), JSON.stringify(draft));
    const words = await text(run('lea', 'scope', 'diff', '--file', file('more.json')));
    expect(words).toMatch(/\+ our customers × any list of theirs, Organisation b’s people: also owner/);
    const lines = words.split('\n').filter((line) => /^ {2}[-+~]/.test(line));
    expect(new Set(lines.map((line) => line.replace(/.*: /, ''))).size).toBe(lines.length);
    expect(words).toMatch(/- days that it may be kept after the end: 14, before 30/);
    const proposing = [
      'scope',
      'propose',
      file('more.json'),
      '--partner',
      'organisation-b',
      '--yes',
      '--json',
    ];
    const { proposed } = await done<{ proposed: { number: number }[] }>(run('lou', ...proposing));
    expect(proposed.map(({ number }) => number)).toEqual([2]);
    for (const name of ['lea', 'lou']) await done(run(name, 'scope', 'approve', '--yes', '--json'));
    await done(run('bea', 'scope', 'accept', '--yes', '--json'));
    const { versions: all } = await done<{
      versions: { whose: string; number: number; standing: string }[];
    }>(run('lea', 'scope', 'list', '--json'));
    expect(all.map(({ whose, number, standing }) => [whose, number, standing])).toEqual([
      ['mine', 1, 'superseded'],
      ['mine', 2, 'in_force'],
      ['theirs', 1, 'in_force'],
    ]);
  });

  it('what was replaced can still be read, and says who drafted it', async () => {
    const old = await text(run('lou', 'scope', 'show', '--number', '1'));
    expect(old).toMatch(/version 1: replaced by a newer version\n.*drafted by lea@a\.example on/);
    expect(old).toContain(
      'Where our customers meet any list of theirs, Organisation b learns which accounts',
    );
    expect(old).not.toContain('is granted nothing');
    expect(await problem(run('lou', 'scope', 'show', '--number', '7', '--json'))).toEqual([
      2,
      'bad_argument',
    ]);
  });

  it('an own limit holds for the own people', async () => {
    const limit = ['scope', 'limit', '--role', 'sales', '--to', 'counts', '--json'];
    await done(run('bea', ...limit));
    expect(await text(run('bea', 'scope', 'show'))).toContain('Your own limit for sales: at most counts');
    await done(run('bea', 'scope', 'limit', '--role', 'sales', '--none', '--json'));
  });

  it('ends by one signature, as a file too; the end is acknowledged, and what was kept is deleted', async () => {
    const taken = ['scope', 'revoke', '--partner', 'organisation-b', '--out', file('more.json'), '--json'];
    expect(await problem(run('lou', ...taken))).toEqual([2, 'exists']);
    const revoked = await done(
      run(
        'lou',
        'scope',
        'revoke',
        '--partner',
        'organisation-b',
        '--out',
        file('end.json'),
        '--yes',
        '--json',
      ),
    );
    expect(revoked).toMatchObject({ revoked: true, versions: [2], state: 'sent' });
    const sent = await text(run('lea', 'scope', 'show'));
    expect(sent).toMatch(/ended: revoked/);
    expect(sent).toContain('has not acknowledged it yet');
    expect(await text(keyring('b', 'scope', 'receive', file('end.json')))).toContain('has revoked version 2');
    await sync('b');
    expect(await text(run('lea', 'scope', 'show'))).toMatch(/knows of the end since/);
    const id = pair.partnership(pair.b).id;
    const later = await openAgent(pair.b.home, () => Date.now() + 15 * 86_400_000);
    const quiet = { progress: () => undefined, waitUntilMs: null };
    await syncPartnership(later, id, pair.pool, quiet);
    const [last] = versions(later, pair.partnership(pair.b), 'theirs').slice(-1);
    later.close();
    expect(last?.papers.statements.map(({ act }) => act)).toContain('deleted');
    expect(await text(run('lea', 'scope', 'show'))).toMatch(/Organisation b deleted what was kept of it on/);
    expect(
      await problem(run('lou', 'scope', 'revoke', '--partner', 'organisation-b', '--yes', '--json')),
    ).toEqual([6, 'nothing_granted']);
  });

  it('the next roster needs the quorum of the one before, or the root key', async () => {
    const roster = file('roster.txt');
    const wanted = ['--approver', 'lou@a.example', '--drafter-alone', '--yes', '--json'];
    const begun = await done(run('lou', 'scope', 'roster', 'set', ...wanted, '--out', roster));
    expect(begun).toEqual({ number: 2, published: false, file: roster });
    expect(await done(run('lea', 'scope', 'roster', 'sign', roster, '--yes', '--json'))).toEqual({
      number: 2,
      published: true,
    });
    const propose = ['scope', 'propose', file('more.json'), '--partner', 'organisation-b', '--yes', '--json'];
    expect(await problem(run('lea', ...propose))).toEqual([6, 'wrong_role']);
    await done(run('lou', ...propose));
    expect(await done(run('lou', 'scope', 'approve', '--yes', '--json'))).toMatchObject({ approved: true });
    expect(await text(run('bea', 'scope', 'show'))).toContain('whoever drafted may approve alone (roster 2)');
    // Of two of whom either suffices, the drafter's own approval changes nothing, and is not asked for.
    await done(run('lea', 'scope', 'show', '--json'));
    type Proposed = { proposed: { number: number }[] };
    const { proposed: left } = await done<Proposed>(run('lou', ...propose));
    const two = ['--approver', 'lou@a.example', '--approver', 'lea@a.example', '--yes', '--json'];
    expect(await done(run('lou', 'scope', 'roster', 'set', ...two))).toEqual({ number: 3, published: true });
    // Her machine hears of what was left when its roster is replaced already; its number is taken all the same.
    const { proposed: next } = await done<Proposed>(run('lea', ...propose));
    expect(next[0]?.number).toBe((left[0]?.number ?? 0) + 1);
    const alone = await run('lea', 'scope', 'approve');
    expect(alone.stderr).toMatch(/^commonground: you drafted version \d for .* does not approve alone/);
    expect(await done(run('lou', 'scope', 'approve', '--yes', '--json'))).toMatchObject({ approved: true });
  }, 180_000);
});

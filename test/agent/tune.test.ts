import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { readAliases, readExclusions, readStopWords } from '../../src/agent/quality/files.ts';
import { ownList } from '../../src/agent/quality/own.ts';
import { readSample, trySample } from '../../src/agent/quality/sample.ts';
import { type Tuning, tuner, UNTUNED } from '../../src/agent/quality/tuning.ts';
import { eachCompany } from '../../src/agent/store/companies.ts';
import { listVersion } from '../../src/agent/store/lists.ts';
import { getTuning, putTuning } from '../../src/agent/store/tuning.ts';
import { temporaryFile } from '../support/files.ts';
import { type OwnHome, ownHome } from '../support/own.ts';

const tuned = (part: Partial<Tuning>): Tuning => ({ ...UNTUNED, ...part });
const acme = { names: ['ACME Deutschland GmbH'], domains: ['acme.de'] };

describe('tuner', () => {
  test('an alias reaches every way to write the name, and adds behind what is there', () => {
    const { extend } = tuner(
      tuned({ aliases: [{ name: 'acme deutschland', names: ['Roadworks'], domains: ['road.works'] }] }),
    );
    expect(extend(acme)).toEqual({ ...acme, formerNames: ['Roadworks'], domains: ['acme.de', 'road.works'] });
    expect(extend({ names: ['Bolt'], formerNames: ['Acme Deutschland'], domains: [] })).toEqual({
      names: ['Bolt'],
      formerNames: ['Acme Deutschland', 'Roadworks'],
      domains: ['road.works'],
    });
    const other = { names: ['Acme Austria'], domains: [] };
    expect(extend(other)).toBe(other);
  });

  test('stop words add a form and never take one away', () => {
    const { extend } = tuner(tuned({ stopWords: ['Deutschland', 'middle east'] }));
    expect(extend(acme)).toEqual({ ...acme, formerNames: ['ACME GmbH'] });
    expect(extend({ names: ['Bolt (Middle East), Ltd.'], domains: [] }).formerNames).toEqual(['Bolt Ltd.']);
    for (const name of ['Deutschland', 'East Middle Bolt', 'Deutschlands Bolt', 'X Deutschland']) {
      expect(extend({ names: [name], domains: [] }).formerNames, name).toBeUndefined();
    }
  });

  test('an exclusion holds for every way to write a name or domain, former names and aliases included', () => {
    const { isExcluded, excludes } = tuner(
      tuned({ exclude: { records: ['0018d00000OrL5e'], domains: ['acme.de'], names: ['Bolt Inc'] } }),
    );
    expect(excludes).toBe(true);
    expect(isExcluded({ names: [], domains: ['https://www.ACME.de/x'] }, [])).toBe(true);
    expect(isExcluded({ names: ['BOLT'], domains: [] }, [])).toBe(true);
    expect(isExcluded({ names: ['Nut'], formerNames: ['Bolt, Inc.'], domains: [] }, [])).toBe(true);
    expect(isExcluded({ names: ['Nut'], domains: [] }, ['x', '0018d00000OrL5eAAF'])).toBe(true);
    expect(isExcluded({ names: ['Nut'], domains: ['acme.com'] }, ['0018d00000OrL5E'])).toBe(false);
    expect(tuner(UNTUNED).excludes).toBe(false);
  });
});

describe('the files', () => {
  const failure = async (work: () => unknown): Promise<{ code: string; message: string }> => {
    try {
      await work();
    } catch (error) {
      return error as { code: string; message: string };
    }
    throw new Error('it was read');
  };

  test('aliases', async () => {
    const good = temporaryFile(
      'Name;Alias;Domain\nGoogle;"Alphabet Inc|GOOG";abc.xyz\nIBM;International Business Machines;\n',
    );
    expect(await readAliases(good)).toEqual([
      { name: 'Google', names: ['Alphabet Inc', 'GOOG'], domains: ['abc.xyz'] },
      { name: 'IBM', names: ['International Business Machines'], domains: [] },
    ]);
    const bad = temporaryFile(
      'name,alias,domain\nA,,\n,B,\nC,D,https://linkedin.com/company/d\nE,F,f.com\nG\n',
    );
    const { code, message } = await failure(() => readAliases(bad));
    expect(code).toBe('bad_input');
    for (const part of ['line 2: ', 'line 3: ', 'line 4: ', 'line 6: ']) expect(message).toContain(part);
    expect(message).not.toContain('line 5');
    expect((await failure(() => readAliases(temporaryFile('a,b\n1,2\n')))).message).toContain('line 1');
  });

  test('exclusions', async () => {
    const good = temporaryFile(
      '# never\nwww.acme.de\nname: Bolt AG # a friend\n\nRecord: 0018d00000OrL5e\ndomain: nut.com\n',
    );
    expect(readExclusions(good)).toEqual({
      records: ['0018d00000OrL5e'],
      domains: ['acme.de', 'nut.com'],
      names: ['Bolt AG'],
    });
    const { message } = await failure(() =>
      readExclusions(temporaryFile('acme.de\nBolt AG\nname:\ngithub.com\n')),
    );
    for (const part of ['line 2: "Bolt AG"', 'line 3: ', 'line 4: ']) expect(message).toContain(part);
    expect((await failure(() => readExclusions('/nowhere/at/all'))).code).toBe('bad_input');
  });

  test('stop words', async () => {
    expect(readStopWords(temporaryFile('Deutschland\r\nMiddle East\nDeutschland\n'))).toEqual([
      'Deutschland',
      'Middle East',
    ]);
    expect((await failure(() => readStopWords(temporaryFile('Süd\n--\na,b\n')))).message).toMatch(
      /line 2: .*line 3: /,
    );
    expect((await failure(() => readStopWords(temporaryFile(Buffer.from([0xff, 0xfe, 0xff]))))).code).toBe(
      'bad_input',
    );
  });
});

describe('the own list', () => {
  let own: OwnHome;
  beforeEach(async () => {
    own = await ownHome();
  });
  afterEach(() => own.close());
  const identifiers = (): Record<string, string[]> =>
    Object.fromEntries(
      [...eachCompany(own.agent.store)].map((records) => [
        records[0]?.record.id ?? '',
        ownList(own.agent.store)
          .identity(records)
          .identifiers.map(({ kind, value }) => `${kind} ${value}`),
      ]),
    );

  test('a tuning is kept, makes the list be read again, and is cleared', () => {
    const before = listVersion(own.agent.store);
    const tuning = tuned({ stopWords: ['x'], level: 'site' });
    putTuning(own.agent.store, tuning);
    expect(getTuning(own.agent.store)).toEqual(tuning);
    expect(listVersion(own.agent.store)).toBe(before + 1);
    putTuning(own.agent.store, null);
    expect(getTuning(own.agent.store)).toEqual(UNTUNED);
  });

  test('nothing of a tuning stands in the store in the clear', () => {
    putTuning(own.agent.store, tuned({ stopWords: ['Zauberwort'] }));
    const [row] = own.agent.store.database.all<{ sealed: Uint8Array }>('select sealed from tuning');
    expect(Buffer.from(row?.sealed ?? []).includes('Zauberwort')).toBe(false);
  });

  test('at the level group the topmost parent adds its names and domains, and nothing is lost', async () => {
    await own.load(
      [
        'id,name,website,parent account,lei',
        '1,Alphabet,abc.xyz,,7LTWFZYICNSX8D621K86',
        '2,Googol,googol.com,1,',
        '3,Viewtube,viewtube.com,Googol LLC,',
        '4,Lonely,lonely.com,Faraway Holding,',
        '5,Orphan,orphan.com,0018d00000OrL5eAAF,',
        '6,Snake,snake.com,7,',
        '7,Tail,tail.com,6,',
      ].join('\n'),
    );
    const company = identifiers();
    expect(company['3']).not.toContain('domain abc.xyz');
    putTuning(own.agent.store, tuned({ level: 'group' }));
    const group = identifiers();
    for (const [id, values] of Object.entries(company))
      expect(new Set(group[id])).toEqual(new Set([...(group[id] ?? []), ...values]));
    for (const id of ['2', '3'])
      expect(group[id]).toEqual(expect.arrayContaining(['domain abc.xyz', 'name alphabet']));
    expect(group['3']).not.toContain('domain googol.com');
    expect(group['3']?.some((value) => value.startsWith('lei'))).toBe(false);
    expect(group['4']?.some((value) => value.startsWith('name farawa'))).toBe(true);
    expect(group['1']).toEqual(company['1']);
    expect(group['5']).toEqual(company['5']);
    expect(group['6']).toEqual(expect.arrayContaining(['domain tail.com']));
  });

  test('an excluded parent is not taken up', async () => {
    await own.load('id,name,website,parent account\n1,Secret,secret.com,\n2,Child,child.com,1\n');
    putTuning(
      own.agent.store,
      tuned({ level: 'group', exclude: { records: [], domains: ['secret.com'], names: [] } }),
    );
    expect(identifiers()['2']).not.toContain('domain secret.com');
    const list = ownList(own.agent.store);
    expect([...eachCompany(own.agent.store)].map((records) => list.isExcluded(records))).toEqual([
      true,
      false,
    ]);
  });
});

describe('a labelled sample', () => {
  const text =
    'a_name,a_domain,b_name,b_domain,label\n' +
    'Siemens AG,siemens.com,Siemens,www.siemens.com,1\n' +
    'Google,,Alphabet Inc,abc.xyz,1\n' +
    'ACME Deutschland,,Acme,acme.com,1\n' +
    'Delta,delta.com,Delta,deltafaucet.com,0\n' +
    'Bolt,,Nut,,0\n';

  test('scores what is found by tier, before and after', async () => {
    const pairs = await readSample(temporaryFile(text));
    expect(pairs).toHaveLength(5);
    const before = trySample(pairs, UNTUNED);
    expect(before.confirmed).toEqual({ found: 1, right: 1, recall: 1 / 3, precision: 1 });
    expect(before.mistakes.map(({ line, mistake }) => [line, mistake])).toContainEqual([3, 'missed']);
    const after = trySample(
      pairs,
      tuned({
        aliases: [{ name: 'google', names: ['Alphabet'], domains: ['abc.xyz'] }],
        stopWords: ['Deutschland'],
      }),
    );
    expect(after.confirmed).toMatchObject({ found: 2, right: 2 });
    expect(after.both.right).toBe(3);
    expect(after.mistakes).toContainEqual({ line: 4, mistake: 'missed', tier: 'review', by: 'name_alone' });
    const excluded = trySample(
      pairs,
      tuned({ exclude: { records: [], domains: ['siemens.com'], names: [] } }),
    );
    expect(excluded).toMatchObject({ excluded: 1, confirmed: { found: 0, recall: 0, precision: 1 } });
  });

  test.each([
    ['a_name,b_name\nA,A\n', 'line 1'],
    ['a_name,b_name,label\nA,A,1\nB,B,yes\n', 'line 3'],
    ['a_name,b_name,label\nA,A\n', 'line 2'],
    ['a_name,b_name,label\n', 'no pairs'],
  ])('%j is no sample', async (content, told) => {
    await expect(readSample(temporaryFile(content))).rejects.toMatchObject({
      code: 'bad_input',
      message: expect.stringContaining(told),
    });
  });
});

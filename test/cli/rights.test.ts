/** Who may run which command: every command for every role, and the home with the keyring, against the one table. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Command } from '@commander-js/extra-typings';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { ROLES, type Role } from '../../protocol/member.ts';
import { type Home, homeAt } from '../../src/agent/home.ts';
import { Problem } from '../../src/agent/problem.ts';
import { asksOf } from '../../src/cli/command.ts';
import { program } from '../../src/cli/program.ts';
import { requireRight } from '../../src/cli/rights.ts';
import { PERMISSIONS } from '../../src/wire/permissions.ts';

interface Leaf {
  readonly words: readonly string[];
  readonly command: Command;
}

function leavesOf(command: Command, words: readonly string[]): Leaf[] {
  if (command.commands.length === 0) return [{ words, command }];
  return command.commands.flatMap((child) => leavesOf(child as Command, [...words, child.name()]));
}

const LEAVES = leavesOf(program as Command, []);
const WHO = ['agent', ...ROLES] as const;
type Who = (typeof WHO)[number];

const PROFILE = {
  version: 1,
  organisation: `org_${'1'.repeat(32)}`,
  name: 'A',
  member: `mbr_${'2'.repeat(32)}`,
  email: 'a@a.example',
};

let folder: string;
let homes: Readonly<Record<Who, Home>>;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'commonground-rights-'));
  const made = (who: Who, file: 'memberFile' | 'keyringFile', content: object) => {
    const home = homeAt(mkdtempSync(join(folder, who)));
    writeFileSync(home[file], JSON.stringify(content));
    return home;
  };
  const of = (role: Role) => made(role, 'memberFile', { ...PROFILE, role });
  homes = {
    agent: made('agent', 'keyringFile', {}),
    admin: of('admin'),
    legal: of('legal'),
    sales: of('sales'),
    'clean-team': of('clean-team'),
    auditor: of('auditor'),
  };
});
afterEach(() => {
  vi.unstubAllGlobals();
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** What the table says; what is no route is the keyring's, or nobody's in particular. */
function mayBy({ command }: Leaf, who: Who): boolean {
  const asks = asksOf(command);
  if (asks === 'nothing') return true;
  if (asks === 'keyring') return who === 'agent';
  const callers = PERMISSIONS.get(asks ?? '')?.callers ?? [];
  return callers.includes('anonymous') || callers.includes(who);
}

function refusalOf(work: () => void): string | null {
  try {
    work();
    return null;
  } catch (error) {
    if (error instanceof Problem) return error.code;
    throw error;
  }
}

/** Runs a command with something for each argument and option that it demands. */
async function run({ words, command }: Leaf, home: Home): Promise<string | null> {
  const args = command.registeredArguments.flatMap(({ required, argChoices }) =>
    required ? [argChoices?.[0] ?? 'x'] : [],
  );
  const options = command.options.flatMap(({ mandatory, long, argChoices }) =>
    mandatory && long ? [long, argChoices?.[0] ?? '1'] : [],
  );
  try {
    await program.parseAsync([...words, ...args, ...options, '--home', home.directory], { from: 'user' });
    return null;
  } catch (error) {
    if (error instanceof Problem) return error.code;
    throw error;
  }
}

describe('every command', () => {
  it('says what it asks: a route of the table, the keyring, or nothing', () => {
    expect(LEAVES.length).toBeGreaterThan(50);
    for (const { words, command } of LEAVES) {
      const asks = asksOf(command);
      const isKnown = asks === 'keyring' || asks === 'nothing' || PERMISSIONS.has(asks ?? '');
      expect([words.join(' '), isKnown]).toEqual([words.join(' '), true]);
    }
    const local = LEAVES.filter(({ command }) => asksOf(command) === 'nothing');
    expect(local.map(({ words }) => words.join(' ')).sort()).toEqual([
      'completion',
      'init',
      'lock',
      'restore',
      'scope defaults',
      'scope draft',
      'scope presets',
      'unlock',
    ]);
  });

  it('is refused to each role exactly where the table does, before anything else', async () => {
    const calls = vi.fn(() => Promise.reject(new Error('asked the service')));
    vi.stubGlobal('fetch', calls);
    let refused = 0;
    for (const leaf of LEAVES) {
      for (const who of WHO) {
        const name = `${leaf.words.join(' ')} of ${who}`;
        const may = mayBy(leaf, who);
        const code = refusalOf(() => requireRight(homes[who], asksOf(leaf.command) ?? 'nothing'));
        expect([name, code === null]).toEqual([name, may]);
        if (may) continue;
        // The command itself, too, comes no further: neither keys nor session are in these homes.
        expect([name, await run(leaf, homes[who])]).toEqual([name, code]);
        expect(code).toBe(onlyKeyring(leaf) ? 'member_home' : 'wrong_role');
        refused++;
      }
    }
    expect(refused).toBeGreaterThan(150);
    expect(calls).not.toHaveBeenCalled();
  });

  it('tells by its help for whom it is', () => {
    for (const { words, command } of LEAVES) {
      let text = '';
      command.configureOutput({ writeOut: (part) => (text += part) }).outputHelp();
      expect([words.join(' '), text.split('\n').filter((line) => line.startsWith('For: '))]).toEqual([
        words.join(' '),
        [expect.stringMatching(/^For: [a-z]/)],
      ]);
      const [line = ''] = text.match(/^For: .*$/m) ?? [];
      for (const who of WHO) {
        const named =
          who === 'agent' ? /keyring|everybody/ : new RegExp(`\\b${who}\\b|every member|everybody`);
        expect([words.join(' '), who, named.test(line)]).toEqual([
          words.join(' '),
          who,
          mayBy({ words, command }, who),
        ]);
      }
    }
  });
});

function onlyKeyring(leaf: Leaf): boolean {
  return ROLES.every((role) => !mayBy(leaf, role));
}

describe('a refusal', () => {
  it('names the role of the home and the roles that may', () => {
    const asked = () => requireRight(homes.legal, 'POST /v1/partnerships/{partnership}/overlap');
    expect(asked).toThrow(
      'member of the role legal; this is for sales, clean-team, the home with the keyring',
    );
  });

  it('is left to the service where the home does not know its role yet', () => {
    const old = homeAt(mkdtempSync(join(folder, 'old')));
    writeFileSync(old.memberFile, JSON.stringify(PROFILE));
    expect(refusalOf(() => requireRight(old, 'GET /v1/members'))).toBeNull();
    expect(refusalOf(() => requireRight(old, 'keyring'))).toBe('member_home');
  });

  it('is none where there is no home: the command says so', () => {
    const nowhere = homeAt(join(folder, 'nowhere'));
    expect(refusalOf(() => requireRight(nowhere, 'GET /v1/members'))).toBeNull();
    expect(refusalOf(() => requireRight(nowhere, 'keyring'))).toBeNull();
  });
});

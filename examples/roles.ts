/**
 * The demo's second part, on homes that the first part left: Aurora gets people with homes of their own, Borealis grants
 * a scope between competitors, two roles ask the same question and are answered differently, and it is revoked.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** How the demo runs commands, and talks. */
export interface Stage {
  readonly folder: string;
  readonly run: (home: string, args: readonly string[]) => Promise<unknown>;
  readonly json: <Value>(home: string, args: readonly string[]) => Promise<Value>;
  readonly say: (text: string) => void;
}

/** Rows that each role was shown for the same question, and after the revocation. */
export interface RolesResult {
  readonly sales: number;
  readonly cleanTeam: number;
  readonly afterRevocation: number;
}

const QUESTION = ['overlap', '--mine', 'customers', '--theirs', 'customers', '--limit', '5'];
const PASSWORD = 'nine green lamps 17';

export async function rolesPart(stage: Stage): Promise<RolesResult> {
  const { run, json, say } = stage;
  say('\nAurora’s people get homes of their own: a seller, a clean team, a lawyer.');
  await joinAs(stage, 'sam', 'sales');
  await joinAs(stage, 'cleo', 'clean-team');
  await joinAs(stage, 'lea', 'legal');
  for (const name of ['sam', 'cleo']) {
    const { member, words } = await json<{ member: { id: string }; words: string }>(name, ['whoami']);
    await run('aurora', ['member', 'admit', member.id, '--words', words]);
  }
  say('\nFrom now on Lea signs for Aurora, and the keyring alone approves and accepts nothing:');
  await run('aurora', [
    'scope',
    'roster',
    'set',
    '--approver',
    'lea@aurora.example',
    '--drafter-alone',
    '--yes',
  ]);

  say('\nBorealis competes with Aurora: numbers for everybody, names and deals in bands for the clean team.');
  await run('borealis', ['scope', 'presets']);
  const draft = join(stage.folder, 'clean-team.json');
  await run('borealis', ['scope', 'draft', '--preset', 'clean-team', '--to', 'aurora', '--out', draft]);
  await run('borealis', ['scope', 'diff', '--partner', 'aurora', '--file', draft]);
  await run('borealis', ['scope', 'simulate', '--role', 'sales', '--file', draft]);
  await run('borealis', ['scope', 'simulate', '--role', 'clean-team', '--file', draft]);
  await run('borealis', ['scope', 'propose', draft, '--yes']);
  await run('lea', ['scope', 'accept', '--yes']);
  await Promise.all([run('borealis', ['sync', '--wait', '60']), run('aurora', ['sync', '--wait', '60'])]);
  // The second brings Aurora's people what the first one made.
  await run('aurora', ['sync', '--wait', '60']);

  say('\nThe same question, asked by two roles:');
  await run('sam', QUESTION);
  await run('cleo', QUESTION);
  await run('cleo', ['overlap', '--theirs', 'customers', '--limit', '1', '--why']);
  const rowsOf = async (name: string) => (await json<{ rows: unknown[] }>(name, QUESTION)).rows.length;
  const [sales, cleanTeam] = [await rowsOf('sam'), await rowsOf('cleo')];

  say('\nBorealis revokes it; the answers end at once, and Aurora’s machine acknowledges it.');
  await run('borealis', ['scope', 'revoke', '--partner', 'aurora', '--yes']);
  await run('cleo', QUESTION);
  const afterRevocation = await rowsOf('cleo');
  await run('aurora', ['sync']);
  await run('borealis', ['scope', 'show', '--partner', 'aurora']);
  return { sales, cleanTeam, afterRevocation };
}

async function joinAs({ folder, run }: Stage, name: string, role: string): Promise<void> {
  const file = (ending: string) => join(folder, `${name}.${ending}`);
  writeFileSync(file('login'), `${name}@aurora.example\n${PASSWORD}\n`, { mode: 0o600 });
  await run('aurora', ['member', 'invite', '--role', role, '--out', file('invitation')]);
  const keys = ['--login-file', file('login'), '--key-file', file('key')];
  await run(name, ['member', 'join', file('invitation'), ...keys]);
}

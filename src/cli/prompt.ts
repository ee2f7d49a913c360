/** Asking the person at the terminal. Secrets are asked here or read from files, never taken from arguments. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';
import { readSecretFile } from '../agent/home.ts';
import { Problem } from '../agent/problem.ts';

/** One line from the person; a problem where nobody can answer. */
export async function ask(
  question: string,
  options: { readonly hidden?: boolean; readonly instead: string },
): Promise<string> {
  if (!process.stdin.isTTY)
    throw new Problem(
      'bad_argument',
      `cannot ask for ${question}: standard input is no terminal`,
      options.instead,
    );
  process.stderr.write(`${question}: `);
  const output = options.hidden
    ? new Writable({ write: (_chunk, _encoding, done) => done() })
    : process.stderr;
  const reader = createInterface({ input: process.stdin, output, terminal: true });
  try {
    return await new Promise<string>((resolve, reject) => {
      reader.question('', resolve);
      reader.on('SIGINT', () => reject(new Problem('bad_argument', 'stopped', 'nothing was changed')));
    });
  } finally {
    reader.close();
    if (options.hidden) process.stderr.write('\n');
  }
}

const MIN_PASSPHRASE = 10;

/** A passphrase from a file, or asked for; a new one is asked for twice. */
export async function askPassphrase(file: string | undefined, isNew: boolean): Promise<string> {
  const instead = 'use --passphrase-file FILE, or --key-file FILE for unattended machines';
  const passphrase = file
    ? new TextDecoder().decode(readSecretFile(file)).replace(/\r?\n$/, '')
    : await ask('passphrase', { hidden: true, instead });
  if (!isNew) return passphrase;
  if (passphrase.length < MIN_PASSPHRASE) {
    throw new Problem(
      'bad_argument',
      `the passphrase is shorter than ${MIN_PASSPHRASE} characters`,
      'four or five random words are good',
    );
  }
  if (!file && (await ask('the same again', { hidden: true, instead })) !== passphrase) {
    throw new Problem('bad_argument', 'the two passphrases differ', 'nothing was created; try again');
  }
  return passphrase;
}

/** A text from a file or, for `-`, from standard input. */
export function readText(path: string): string {
  try {
    return readFileSync(path === '-' ? 0 : path, 'utf8');
  } catch {
    throw new Problem(
      'bad_input',
      `cannot read ${path === '-' ? 'standard input' : resolve(path)}`,
      'check the path and its permissions',
    );
  }
}

/** Asking the person at the terminal. Secrets are asked here or read from files, never taken from arguments. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';
import { readSecretFile } from '../agent/home.ts';
import { Problem } from '../agent/problem.ts';
import { email, passwordRefusal } from '../wire/login.ts';
import { note, printable } from './output.ts';

/** One line from the person; a problem where nobody can answer. */
export async function ask(
  question: string,
  options: { readonly hidden?: boolean; readonly instead: string },
): Promise<string> {
  if (!process.stdin.isTTY)
    throw new Problem(
      'bad_argument',
      `standard input is no terminal, so nobody can be asked: ${question}`,
      options.instead,
    );
  const output = options.hidden
    ? new Writable({ write: (_chunk, _encoding, done) => done() })
    : process.stderr;
  const reader = createInterface({ input: process.stdin, output, terminal: true });
  try {
    return await new Promise<string>((resolve, reject) => {
      // The terminal stopped echoing when the reader was made: what is typed at once must not be seen either.
      if (options.hidden) process.stderr.write(`${question}: `);
      reader.question(options.hidden ? '' : `${question}: `, resolve);
      reader.on('SIGINT', () => reject(new Problem('bad_argument', 'stopped', 'nothing was changed')));
    });
  } finally {
    reader.close();
    if (options.hidden) process.stderr.write('\n');
  }
}

/** What a member logs in with. */
export interface LoginInput {
  readonly email: string;
  readonly password: string;
}

const LOGIN_INSTEAD =
  'use --login-file FILE: the e-mail address on its first line, the password on its second';

/**
 * E-mail address and new password of who joins, asked for or from the two lines of a file. What the service would not
 * take is refused here: at the prompt it is asked for again, before anything is made.
 */
export async function askNewLogin(file: string | undefined): Promise<LoginInput> {
  if (file) {
    const login = readLogin(file);
    // What stands there may be the password: it is not shown.
    const isAddress = emailRefusal(login.email) === null;
    const refusal = isAddress ? newPasswordRefusal(login) : 'its first line is no e-mail address';
    if (refusal) throw new Problem('bad_input', `${file}: ${refusal}`, LOGIN_INSTEAD);
    return login;
  }
  const shown = { instead: LOGIN_INSTEAD };
  const address = await askUntil('your e-mail address', shown, emailRefusal);
  const hidden = { hidden: true, instead: LOGIN_INSTEAD };
  const password = await askUntil('a new password for the service, at least 12 characters', hidden, (typed) =>
    newPasswordRefusal({ email: address, password: typed }),
  );
  if ((await ask('the same again', hidden)) !== password) {
    throw new Problem('bad_argument', 'the two passwords differ', 'nothing was created; try again');
  }
  return { email: address.trim(), password };
}

/** Asks again until there is nothing to refuse. */
async function askUntil(
  question: string,
  options: Parameters<typeof ask>[1],
  refusalOf: (typed: string) => string | null,
): Promise<string> {
  for (;;) {
    const typed = await ask(question, options);
    const refusal = refusalOf(typed);
    if (refusal === null) return typed;
    note(refusal);
  }
}

function emailRefusal(typed: string): string | null {
  if (email.safeParse(typed.trim()).success) return null;
  return `${printable(typed) || 'nothing'} is no e-mail address; it is written as ann@aurora.example`;
}

function newPasswordRefusal({ email: address, password }: LoginInput): string | null {
  const refusal = passwordRefusal(password, address.trim().toLowerCase());
  return refusal && `this password is too easy to guess: ${refusal}; four or five random words are good`;
}

/** The password of a member, asked for or from the second line of a file. */
export async function askPassword(file: string | undefined): Promise<string> {
  if (file) return readLogin(file).password;
  return ask('password', { hidden: true, instead: LOGIN_INSTEAD });
}

function readLogin(file: string): LoginInput {
  const [address = '', password = '', ...rest] = new TextDecoder()
    .decode(readSecretFile(file))
    .split(/\r?\n/);
  if (address && password && rest.every((line) => line === '')) return { email: address.trim(), password };
  throw new Problem('bad_input', `${file} does not hold two lines`, LOGIN_INSTEAD);
}

const MIN_PASSPHRASE = 10;

/** A passphrase from a file, or asked for; a new one is asked for twice. */
export async function askPassphrase(
  file: string | undefined,
  isNew: boolean,
  what = 'passphrase',
): Promise<string> {
  const instead = 'use --passphrase-file FILE, or --key-file FILE for unattended machines';
  const refusalOf = (typed: string) =>
    isNew && typed.length < MIN_PASSPHRASE
      ? `the passphrase is shorter than ${MIN_PASSPHRASE} characters`
      : null;
  const passphrase = file
    ? new TextDecoder().decode(readSecretFile(file)).replace(/\r?\n$/, '')
    : await askUntil(what, { hidden: true, instead }, refusalOf);
  if (!isNew) return passphrase;
  const refusal = refusalOf(passphrase);
  if (refusal) throw new Problem('bad_argument', refusal, 'four or five random words are good');
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

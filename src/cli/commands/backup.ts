import { backup, restore } from '../../agent/backup.ts';
import { command, homeOf } from '../command.ts';
import { note, print, printJson } from '../output.ts';
import { askPassphrase } from '../prompt.ts';

/** `backup`: everything of the home but the root key, in one encrypted file. */
export function backupCommand() {
  return command(
    'backup',
    'keyring',
    'Save keys, lists and partnerships in one encrypted file. The root key is not in it: keep it offline.',
    'commonground backup aurora.backup\ncommonground backup aurora.backup --passphrase-file phrase.txt',
  )
    .argument('<file>', 'a new file')
    .option(
      '--passphrase-file <file>',
      'lock it by this passphrase (mode 600) instead of as the home is locked',
    )
    .action(async (file, options) => {
      const passphrase = options.passphraseFile ? await askPassphrase(options.passphraseFile, true) : null;
      const made = await backup(homeOf(options), file, passphrase, Date.now());
      if (options.json) return printJson({ file, ...made });
      print(`${file}: ${made.bytes} bytes`);
      if (made.opensWith === 'key file')
        note(`it opens with ${made.keyFile} alone: keep a copy of that file elsewhere`);
      else note(`it opens with the ${made.opensWith}`);
    });
}

/** `restore`: a home of a backup. */
export function restoreCommand() {
  return command(
    'restore',
    'nothing',
    'Make a home of a backup, in an empty folder. The old home must not work any more: one organisation has one active home.',
    'commonground restore aurora.backup --home ~/aurora\ncommonground restore aurora.backup --home ~/aurora --key-file aurora.key',
  )
    .argument('<file>', 'the backup')
    .option('--key-file <file>', 'the key file of the home; written anew where a backup passphrase opens it')
    .option('--passphrase-file <file>', 'read the passphrase from a file (mode 600)')
    .action(async (file, options) => {
      const home = homeOf(options);
      const { createdAt, keyFile } = await restore(file, home, {
        keyFile: options.keyFile ?? null,
        passphrase: () => askPassphrase(options.passphraseFile, false),
      });
      if (options.json) return printJson({ home: home.directory, createdAt, keyFile });
      print(`${home.directory} is as it was on ${createdAt}`);
      note(
        'stop the old home now if it still runs: its `sync --watch` or timer; two homes of one organisation contradict each other',
      );
      note(
        'next: `commonground sync` takes up what happened since; partners connected and lists imported since are missing',
      );
      if (keyFile === null) note('first `commonground unlock`, with the passphrase of the home');
    });
}

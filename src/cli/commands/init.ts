import { isDisplayName } from '../../../protocol/certificate.ts';
import { systemRandom } from '../../../protocol/hash.ts';
import { Client } from '../../agent/client.ts';
import { isInitialised, readConfiguration, withoutKeyring, writeConfiguration } from '../../agent/home.ts';
import {
  createKeyring,
  type Lock,
  lock,
  refuseInitialised,
  SESSION_HOURS,
  unlock,
} from '../../agent/keyring.ts';
import { fingerprint } from '../../agent/pinned.ts';
import { Problem } from '../../agent/problem.ts';
import { renewCertificate } from '../../agent/renewal.ts';
import { ServiceRefusal } from '../../agent/transport.ts';
import { command, homeOf, withAgent } from '../command.ts';
import { note, print, printJson } from '../output.ts';
import { ask, askPassphrase, readText } from '../prompt.ts';

/** `init`: root key, agent key and the home of this organisation. */
export function initCommand() {
  return command(
    'init',
    'nothing',
    'Make the keys of your organisation: a root key to take offline, and an agent key that works unattended. The keyring is opened by a passphrase (see `unlock`), or by --key-file on unattended machines.',
    'commonground init --name "Aurora Analytics"',
  )
    .requiredOption('--name <name>', 'what your organisation calls itself; partners see it')
    .option('--passphrase-file <file>', 'read the new passphrase from a file (mode 600)')
    .option('--key-file <file>', 'open the keyring by this new file instead of a passphrase')
    .action(async (options) => {
      if (!isDisplayName(options.name)) {
        throw new Problem(
          'bad_argument',
          'this name cannot be shown safely',
          'use one line of up to 200 bytes without control characters',
        );
      }
      if (options.keyFile && options.passphraseFile)
        throw new Problem('bad_argument', 'choose --key-file or --passphrase-file, not both');
      const home = homeOf(options);
      refuseInitialised(home);
      const by: Lock = options.keyFile
        ? { keyFile: options.keyFile }
        : { passphrase: await askPassphrase(options.passphraseFile, true) };
      const tools = { random: systemRandom, nowMs: Date.now() };
      const keyring = await createKeyring(home, { name: options.name, lock: by, service: null }, tools);
      if ('passphrase' in by) await unlock(home, by.passphrase, Date.now());
      const { organisation, rootKey, validUntil } = keyring.certificate;
      const result = {
        organisation,
        name: options.name,
        fingerprint: fingerprint(rootKey),
        home: home.directory,
        rootKeyFile: home.rootKeyFile,
        agentKeyValidUntil: new Date(validUntil * 1000).toISOString(),
      };
      if (options.json) return printJson(result);
      print(`organisation  ${options.name} (${organisation})`);
      print(`fingerprint   ${result.fingerprint}`);
      print(`home          ${home.directory}`);
      note(
        `move ${home.rootKeyFile} to offline media now and delete it here; it is needed only to renew the agent key and to sign who approves scopes (\`scope roster set\`)`,
      );
      note(
        'next: `commonground accounts import FILE`, then `commonground register` or `commonground partner accept`',
      );
    });
}

/** `register`: makes the organisation known to a service. */
export function registerCommand() {
  return command(
    'register',
    'keyring',
    'Register your organisation at a service, with a code of its operator. Accepting an invitation does this too, without one.',
    'commonground register --service https://commonground.example\ncommonground register --service https://commonground.example --code-file code.txt',
  )
    .requiredOption('--service <url>', 'address of the service')
    .option('--code-file <file>', 'read the one-time registration code from a file, or - for standard input')
    .action(async (options) =>
      withAgent(options, async (agent) => {
        const url = URL.canParse(options.service) ? options.service.replace(/\/+$/, '') : null;
        if (!url || !/^https?:/.test(url))
          throw new Problem('bad_argument', `${options.service} is not an http(s) address`);
        const configured = readConfiguration(agent.home).service;
        if (configured && configured !== url) {
          throw new Problem(
            'bad_argument',
            `this home is registered at ${configured}`,
            'use another --home for another service',
          );
        }
        const client = new Client(url, agent.keyring, Date.now);
        const service = await client.service();
        let code = options.codeFile ? readText(options.codeFile).trim() : undefined;
        if (code === undefined && service.registration === 'invitation') {
          code = (
            await ask('registration code of the operator', {
              hidden: true,
              instead: 'use --code-file FILE, or - for standard input',
            })
          ).trim();
        }
        await client.register(code ? { registrationCode: code } : {}).catch((error: unknown) => {
          if (!(error instanceof ServiceRefusal) || error.serviceCode !== 'registration_refused') throw error;
          throw new ServiceRefusal(
            error,
            error.serviceCode,
            code ? 'the registration code is wrong or used' : 'this service needs a registration code',
            'ask the operator for a new code; an organisation that a partner invites needs none',
          );
        });
        writeConfiguration(agent.home, { ...agent.configuration, service: url });
        const { organisation, name } = agent.keyring.certificate;
        if (options.json) return printJson({ organisation, name, service: url, operator: service.operator });
        print(`${name} is registered at ${url}, operated by ${service.operator.name}`);
      }),
    );
}

/** `renew`: a new term for the agent key. */
export function renewCommand() {
  return command(
    'renew',
    'keyring',
    'Extend the agent key by 90 days with the root key that you took offline.',
    'commonground renew --root-key /media/safe/root-key.age',
  )
    .requiredOption('--root-key <file>', 'the root key file that `init` made')
    .option('--passphrase-file <file>', 'read the passphrase from a file (mode 600)')
    .action(async (options) => {
      const home = homeOf(options);
      if (!isInitialised(home)) throw withoutKeyring(home);
      const configuration = readConfiguration(home);
      const passphrase = configuration.keyFile ? null : await askPassphrase(options.passphraseFile, false);
      const root = { file: options.rootKey, passphrase };
      const keyring = await renewCertificate(home, configuration, root, Date.now);
      const validUntil = new Date(keyring.certificate.validUntil * 1000).toISOString();
      if (options.json) return printJson({ agentKeyValidUntil: validUntil });
      print(`agent key valid until ${validUntil}`);
      note('take the root key offline again');
    });
}

/** `unlock`: opens the keyring for a session. */
export function unlockCommand() {
  return command(
    'unlock',
    'nothing',
    `Open the keyring for ${SESSION_HOURS} hours. Asks for the passphrase once.`,
    'commonground unlock',
  )
    .option('--passphrase-file <file>', 'read the passphrase from a file (mode 600)')
    .action(async (options) => {
      const { until } = await unlock(
        homeOf(options),
        await askPassphrase(options.passphraseFile, false),
        Date.now(),
      );
      if (options.json) return printJson({ until });
      note(`unlocked until ${until}; \`commonground lock\` ends it`);
    });
}

/** `lock`: ends the session. */
export function lockCommand() {
  return command('lock', 'nothing', 'End the session that `unlock` began.', 'commonground lock').action(
    (options) => {
      lock(homeOf(options));
      if (options.json) printJson({ locked: true });
      else note('locked');
    },
  );
}

/** The service on Node: for programs, and as the command `commonground-service`. */
import { systemRandom } from '../../protocol/hash.ts';
import { VERSION } from '../version.ts';
import { createAdminApp } from './admin.ts';
import { createApp } from './app.ts';
import { clearDue } from './clearing.ts';
import { HELP, readCommand } from './command.ts';
import { type Config, type ConfigInput, readConfig } from './config.ts';
import { cleanUp } from './directory/cleaning.ts';
import { hasOrganisations } from './directory/organisations.ts';
import type { Log } from './lines.ts';
import { type Listener, listen } from './listener.ts';
import { openLog } from './log.ts';
import { createMetrics, type Metrics } from './metrics.ts';
import { newRegistrationCode } from './operator.ts';
import { tokenBuckets } from './rate.ts';
import { type NodeStorage, openNodeStorage } from './storage/node.ts';
import { movePartnership } from './transfer/command.ts';

const CLEANING_MS = 60_000;

/** What is running. */
export interface Service {
  /** Where agents reach it, without a trailing slash. */
  readonly url: string;
  /** Where metrics are, if anywhere. */
  readonly adminUrl: string | null;
  /** Stops taking requests, waits for those under way and closes the databases. */
  close(): Promise<void>;
  /** A new one-time registration code. */
  registrationCode(): Promise<string>;
}

/** Starts the service. Throws where an option is wrong or a port is taken. */
export async function startService(options: ConfigInput = {}): Promise<Service> {
  const config = readConfig(options);
  if (!config.ok) throw new Error(config.detail ?? config.reason);
  const { data, threads, logLevel } = config.value;
  const log = openLog(logLevel);
  const storage = openNodeStorage(data, threads, (error) => log.error(error));
  try {
    return await start(config.value, storage, log);
  } catch (error) {
    await storage.close();
    throw error;
  }
}

async function start(config: Config, storage: NodeStorage, log: Log): Promise<Service> {
  const { directory } = storage;
  const { host, port, publicHost, adminHost, adminPort } = config;
  const { elements, records, rate, anonymousRate, passwordRate, requestSeconds } = config.limits;
  const ownHosts = new Set<string>();
  let isClosing = false;
  const isReady = async () => !isClosing && (await answers(storage, log));
  const metrics =
    adminPort === null
      ? null
      : createMetrics({ traffic: () => open.traffic(), openFiles: () => storage.openFiles() });
  const work = {
    directory,
    partnerships: metrics ? metrics.counted(storage.partnerships) : storage.partnerships,
    limits: { elements, records },
    now: Date.now,
  };
  const app = createApp({
    ...work,
    config: { version: VERSION, operator: config.operator, registration: config.registration },
    rates: tokenBuckets({ organisation: rate, anonymous: anonymousRate, passwords: passwordRate }, Date.now),
    isReady,
    isOwnHost: (name) => ownHosts.has(name),
    random: systemRandom,
    observe(seen) {
      log.request(seen);
      metrics?.request(seen);
    },
    report: (error, requestId) => log.error(error, requestId),
  });
  const open = await listen((request) => app.fetch(request), { host, port, requestSeconds });
  for (const own of [new URL(open.url).host, `localhost:${open.port}`, `127.0.0.1:${open.port}`]) {
    ownHosts.add(own);
  }
  if (publicHost) ownHosts.add(publicHost);
  const admin = metrics && (await listenBeside(open, metrics));
  let cleaned: Promise<void> | null = null;
  const clean = () => {
    // What takes longer than the time between two goes on where it is.
    cleaned ??= cleanUp(directory, Date.now())
      .then(() => clearDue(work, () => isClosing))
      .catch((error: unknown) => log.error(error))
      .finally(() => {
        cleaned = null;
      });
  };
  clean();
  const cleaning = setInterval(clean, CLEANING_MS);
  // What was left behind when the service ended last.
  storage.tendAll().catch((error: unknown) => log.error(error));

  async function listenBeside(first: Listener, counted: Metrics): Promise<Listener> {
    const adminApp = createAdminApp(counted, isReady);
    const options = { host: adminHost, port: adminPort ?? 0, requestSeconds };
    try {
      return await listen((request) => adminApp.fetch(request), options);
    } catch (error) {
      await first.close();
      throw error;
    }
  }

  return {
    url: open.url,
    adminUrl: admin?.url ?? null,
    registrationCode: () => newRegistrationCode(storage.directory, systemRandom),
    async close() {
      isClosing = true;
      clearInterval(cleaning);
      await open.close();
      await cleaned;
      await storage.close();
      await admin?.close();
    },
  };
}

async function answers(storage: NodeStorage, log: Log): Promise<boolean> {
  try {
    await storage.check();
    return true;
  } catch (error) {
    log.error(error);
    return false;
  }
}

/** The command; `args` are what stands behind its name. */
export async function main(args: readonly string[]): Promise<void> {
  try {
    await perform(args);
  } catch (error) {
    console.error(`commonground: ${error instanceof Error ? error.message : 'cannot start'}`);
    console.error('hint: commonground-service --help');
    process.exitCode = 2;
  }
}

async function perform(args: readonly string[]): Promise<void> {
  const command = readCommand(args, process.env);
  if (command.do === 'help') {
    console.log(HELP);
    return;
  }
  const read = readConfig(command.options);
  if (!read.ok) throw new Error(read.detail ?? read.reason);
  const config = read.value;
  if (command.do === 'export' || command.do === 'import') {
    const moved = await movePartnership({ ...command, data: config.data });
    console.error(`${moved.partnership}: ${moved.records} records, all compared`);
    return;
  }
  const log = openLog(config.logLevel);
  const storage = openNodeStorage(config.data, config.threads, (error) => log.error(error));
  if (command.do === 'registration-code') {
    console.log(await newRegistrationCode(storage.directory, systemRandom));
    await storage.close();
    return;
  }
  const service = await start(config, storage, log);
  for (const signal of ['SIGTERM', 'SIGINT']) {
    process.once(signal, () => {
      service.close().then(
        () => process.exit(0),
        () => process.exit(1),
      );
    });
  }
  log.info(`serving on ${service.url}, data in ${config.data}`);
  if (service.adminUrl) log.info(`metrics on ${service.adminUrl}/metrics`);
  if (config.registration === 'invitation' && !(await hasOrganisations(storage.directory))) {
    log.info('the registration code of the first organisation is on standard output');
    console.log(firstCode(await service.registrationCode(), config.publicHost, service.url));
  }
}

/** What the operator gives to the first company. The code ends its line. */
function firstCode(code: string, publicHost: string | null, url: string): string {
  const address = publicHost ? `https://${publicHost}` : url;
  return [
    `Registration code of the first company, serves once: ${code}`,
    `Give it to them; they run: commonground register --service ${address}`,
    'More codes: commonground-service registration-code, with the same --data. Invited companies need none.',
  ].join('\n');
}

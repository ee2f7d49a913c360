/** The service on Node: `npm start -- --help`. */
import { parseArgs } from 'node:util';
import { type ServerType, serve } from '@hono/node-server';
import { toBase64url } from '../../protocol/bytes.ts';
import { systemRandom } from '../../protocol/hash.ts';
import { createApp } from './app.ts';
import { type Config, type ConfigInput, readConfig } from './config.ts';
import { addRegistrationCode, hasOrganisations } from './directory/organisations.ts';
import { type NodeStorage, openNodeStorage } from './storage/node.ts';
import { VERSION } from './version.ts';

const HELP = `usage: npm start -- [OPTION...] [registration-code]

Runs the commonground service. With registration-code it prints a new one-time code for one organisation and ends.

  --port N                     port to listen on; 0 takes a free one (default 8787)
  --host ADDRESS               address to listen on (default 127.0.0.1)
  --public-host HOST[:PORT]    name under which agents reach it, if not the address it listens on
  --data DIR                   where its databases are (default ./.state/service)
  --operator NAME              who operates it, as agents are told (default "unnamed operator")
  --operator-organisation ID   the operator's own organisation id, if it is a party too
  --registration MODE          open, invitation (default) or closed
  --verbose                    a line a request on stderr
  --help                       this text

Each option can be given as an environment variable instead: COMMONGROUND_PORT, COMMONGROUND_OPERATOR_ORGANISATION, …

example: npm start -- --port 8787 --operator "Example Inc."`;

const REGISTRATION_CODE_BYTES = 16;
const GRACE_MS = 5000;

/** What is running. */
export interface Service {
  /** Where agents reach it, without a trailing slash. */
  readonly url: string;
  /** Stops taking requests, waits for those under way and closes the databases. */
  close(): Promise<void>;
  /** A new one-time registration code. */
  registrationCode(): Promise<string>;
}

/** Starts the service. Throws where an option is wrong or the port is taken. */
export async function startService(options: ConfigInput = {}): Promise<Service> {
  const config = readConfig(options);
  if (!config.ok) throw new Error(config.detail ?? config.reason);
  return await start(config.value, openNodeStorage(config.value.data));
}

async function start(config: Config, storage: NodeStorage): Promise<Service> {
  const ownHosts = new Set<string>();
  const app = createApp({
    directory: storage.directory,
    partnerships: storage.partnerships,
    config: { version: VERSION, operator: config.operator, registration: config.registration },
    isOwnHost: (host) => ownHosts.has(host),
    now: Date.now,
    random: systemRandom,
    report: (error) => console.error('commonground:', error),
  });
  const handle: Fetch = (request) => app.fetch(request);
  const fetch = config.verbose ? logged(handle) : handle;
  const server = serve({ fetch, port: config.port, hostname: config.host });
  await new Promise<void>((resolve, reject) => {
    server.once('listening', resolve);
    server.once('error', reject);
  });
  const address = server.address();
  const port = typeof address === 'object' && address ? address.port : config.port;
  const host = config.host.includes(':') ? `[${config.host}]` : config.host;
  for (const own of [host, 'localhost', '127.0.0.1']) ownHosts.add(`${own}:${port}`);
  if (config.publicHost) ownHosts.add(config.publicHost);
  return {
    url: `http://${host}:${port}`,
    registrationCode: () => newRegistrationCode(storage),
    async close() {
      await closeServer(server);
      storage.close();
    },
  };
}

/** Lets requests under way end; connections that still stand after the grace are cut. */
async function closeServer(server: ServerType): Promise<void> {
  await new Promise<void>((resolve) => {
    const grace = setTimeout(() => {
      if ('closeAllConnections' in server) server.closeAllConnections();
    }, GRACE_MS);
    server.close(() => {
      clearTimeout(grace);
      resolve();
    });
    if ('closeIdleConnections' in server) server.closeIdleConnections();
  });
}

async function newRegistrationCode(storage: NodeStorage): Promise<string> {
  const code = `cgr_${toBase64url(systemRandom(REGISTRATION_CODE_BYTES))}`;
  await addRegistrationCode(storage.directory, code);
  return code;
}

type Fetch = (request: Request) => Response | Promise<Response>;

/** A line a request: method, path without names or numbers, status and milliseconds. */
function logged(fetch: Fetch): Fetch {
  return async (request) => {
    const start = performance.now();
    const response = await fetch(request);
    const path = new URL(request.url).pathname.replace(/(org|prt)_[0-9a-f]+/g, '$1').replace(/\/\d+/g, '/n');
    const ms = Math.round(performance.now() - start);
    console.error(`${request.method} ${path} ${response.status} ${ms} ms`);
    return response;
  };
}

/** The options of the command line and, where it is silent, of the environment. */
function optionsOf(values: Readonly<Record<string, string | boolean | undefined>>): unknown {
  const given = (name: string): unknown =>
    values[name] ?? process.env[`COMMONGROUND_${name.toUpperCase().replaceAll('-', '_')}`];
  return {
    port: given('port'),
    host: given('host'),
    publicHost: given('public-host'),
    data: given('data'),
    operator: { name: given('operator'), organisation: given('operator-organisation') },
    registration: given('registration'),
    verbose: values.verbose,
  };
}

async function main(): Promise<void> {
  const text = { type: 'string' } as const;
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      port: text,
      host: text,
      'public-host': text,
      data: text,
      operator: text,
      'operator-organisation': text,
      registration: text,
      verbose: { type: 'boolean' },
      help: { type: 'boolean', short: 'h' },
    },
  });
  if (values.help) {
    console.log(HELP);
    return;
  }
  const [command, ...rest] = positionals;
  if (rest.length > 0 || (command !== undefined && command !== 'registration-code')) {
    throw new Error(`no such command: ${positionals.join(' ')}`);
  }
  const config = readConfig(optionsOf(values));
  if (!config.ok) throw new Error(config.detail ?? config.reason);
  const storage = openNodeStorage(config.value.data);
  if (command) {
    console.log(await newRegistrationCode(storage));
    storage.close();
    return;
  }
  const service = await start(config.value, storage);
  console.error(`commonground: serving on ${service.url}, data in ${config.value.data}`);
  if (config.value.registration === 'invitation' && !(await hasOrganisations(storage.directory))) {
    console.error('commonground: registration code of the first organisation (for once):');
    console.log(await service.registrationCode());
  }
  for (const signal of ['SIGTERM', 'SIGINT']) {
    process.once(signal, () => {
      service.close().then(
        () => process.exit(0),
        () => process.exit(1),
      );
    });
  }
}

if (import.meta.main) {
  main().catch((error: unknown) => {
    console.error(`commonground: ${error instanceof Error ? error.message : 'cannot start'}`);
    console.error('hint: npm start -- --help');
    process.exitCode = 2;
  });
}

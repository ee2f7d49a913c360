/** The command line of the service: what it can be told, by options and by the environment. */
import { type ParseArgsOptionsConfig, parseArgs } from 'node:util';

export const HELP = `usage: commonground-service [OPTION...] [registration-code | export ID | import FILE]

Runs the commonground service; its first start prints a registration code for the first organisation. With
registration-code it prints a new one-time code for one organisation and ends. Organisations that a partner invites need none. export writes a partnership
to standard output, import reads it from a file; both compare every record, and with --from or --to they reach a service on Workers.

  --port N                     port to listen on; 0 takes a free one (default 8787)
  --host ADDRESS               address to listen on (default 127.0.0.1)
  --public-host HOST[:PORT]    name under which agents reach it, if not the address it listens on
  --data DIR                   where its databases are (default ./.state/service)
  --operator NAME              who operates it, as agents are told (default "unnamed operator")
  --operator-organisation ID   the operator's own organisation id, if it is a party too
  --registration MODE          open, invitation (default) or closed
  --log-level LEVEL            silent, error, warn or info (default): JSON lines on stderr; a line a request at info
  --admin-port N               serves /metrics, /healthz and /readyz there too (default: not at all)
  --admin-host ADDRESS         address of the admin port (default 127.0.0.1)
  --threads N                  threads that match lists; 0 for none of their own (default: the cores, 2 to 8)
  --max-elements N             elements of one evaluation request (default 5000000)
  --max-records N              records of one submission (default 50000000)
  --rate N                     requests a second of one organisation (default 200); ten seconds' worth may come at once
  --anonymous-rate N           the same for log-ins, registrations and descriptions each, of all callers (default 200)
  --password-rate N            passwords a second that are looked at, of all callers (default 5)
  --request-timeout SECONDS    in which a whole request must have come in (default 60)
  --from URL, --to URL         for export and import: a service on Workers, instead of --data
  --operator-token-file FILE   its operator's token
  --help                       this text

Each option can be given as an environment variable instead: COMMONGROUND_PORT, COMMONGROUND_OPERATOR_ORGANISATION, …
/healthz answers while the process is up; /readyz answers 503 while its databases do not answer or it shuts down.

From the sources: npm start -- [OPTION...]

example: commonground-service --port 8787 --operator "Example Inc." --admin-port 8788`;

/** What was asked for. */
export type Command =
  | { readonly do: 'help' }
  /** Options as `readConfig` takes them, unchecked. */
  | { readonly do: 'serve' | 'registration-code'; readonly options: unknown }
  | {
      readonly do: 'export' | 'import';
      /** A partnership's id, or a file. */
      readonly what: string;
      /** Where, if not in the data folder of the options. */
      readonly url: string | null;
      readonly tokenFile: string | null;
      readonly options: unknown;
    };

const NAMES = [
  'port',
  'host',
  'public-host',
  'data',
  'operator',
  'operator-organisation',
  'registration',
  'log-level',
  'admin-port',
  'admin-host',
  'threads',
  'max-elements',
  'max-records',
  'rate',
  'anonymous-rate',
  'password-rate',
  'request-timeout',
] as const;

const OPTIONS: ParseArgsOptionsConfig = {
  ...Object.fromEntries(NAMES.map((name) => [name, { type: 'string' }] as const)),
  from: { type: 'string' },
  to: { type: 'string' },
  'operator-token-file': { type: 'string' },
  help: { type: 'boolean', short: 'h' },
};

/** Reads arguments and, where they are silent, the environment. Throws where there is no such option or command. */
export function readCommand(
  args: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): Command {
  const { values, positionals } = parseArgs({ args: [...args], allowPositionals: true, options: OPTIONS });
  if (values.help) return { do: 'help' };
  const [command, what, ...rest] = positionals;
  const moves = command === 'export' || command === 'import';
  const isKnown = command === undefined || command === 'registration-code' || moves;
  if (rest.length > 0 || !isKnown || moves !== (what !== undefined)) {
    throw new Error(`no such command: ${positionals.join(' ')}`);
  }
  const given = (name: (typeof NAMES)[number]): unknown =>
    values[name] ?? environment[`COMMONGROUND_${name.toUpperCase().replaceAll('-', '_')}`];
  const options = {
    port: given('port'),
    host: given('host'),
    publicHost: given('public-host'),
    data: given('data'),
    operator: { name: given('operator'), organisation: given('operator-organisation') },
    registration: given('registration'),
    logLevel: given('log-level') ?? 'info',
    adminPort: given('admin-port'),
    adminHost: given('admin-host'),
    threads: given('threads'),
    limits: {
      elements: given('max-elements'),
      records: given('max-records'),
      rate: given('rate'),
      anonymousRate: given('anonymous-rate'),
      passwordRate: given('password-rate'),
      requestSeconds: given('request-timeout'),
    },
  };
  if (moves && what !== undefined) {
    const url = values[command === 'export' ? 'from' : 'to'];
    const other = command === 'export' ? 'to' : 'from';
    if (values[other] !== undefined) throw new Error(`${command} has no --${other}`);
    const text = (value: unknown) => (typeof value === 'string' ? value : null);
    return { do: command, what, url: text(url), tokenFile: text(values['operator-token-file']), options };
  }
  return { do: command === 'registration-code' ? command : 'serve', options };
}

/** The service's configuration: checked and frozen. */
import { availableParallelism } from 'node:os';
import * as z from 'zod';
import { parseOrganisationId } from '../../protocol/ids.ts';
import { ok, type Result, refuse } from '../../protocol/result.ts';

const port = z.coerce.number().int().min(0).max(65_535);
const count = z.coerce.number().int().min(1).max(1_000_000_000);

const schema = z.strictObject({
  port: port.default(8787),
  host: z.string().min(1).default('127.0.0.1'),
  data: z.string().min(1).default('./.state/service'),
  /** Who runs the service, and the organisation that this is, where it is itself a party of partnerships. */
  operator: z
    .strictObject({
      name: z.string().min(1).max(200).default('unnamed operator'),
      organisation: z
        .string()
        .transform((text, issues) => {
          const id = parseOrganisationId(text);
          if (!id) issues.addIssue('is org_ and 32 hexadecimal digits');
          return id;
        })
        .nullable()
        .default(null),
    })
    .prefault({}),
  registration: z.enum(['open', 'invitation', 'closed']).default('invitation'),
  /** Host and port under which agents reach the service, where it is not the one it listens on. */
  publicHost: z.string().min(1).nullable().default(null),
  /** The least that is logged; the command's own default is info. */
  logLevel: z.enum(['silent', 'error', 'warn', 'info']).default('warn'),
  /** Where metrics are served, apart from the public port; null for nowhere. */
  adminPort: port.nullable().default(null),
  adminHost: z.string().min(1).default('127.0.0.1'),
  /** Threads that partnerships work in; with 0 they work in the thread that answers requests. */
  threads: z.coerce
    .number()
    .int()
    .min(0)
    .max(64)
    .default(Math.min(8, Math.max(2, availableParallelism()))),
  limits: z
    .strictObject({
      /** Elements of one evaluation request. */
      elements: count.default(5_000_000),
      /** Records of one submission: accounts, tags, boxes and all else together. */
      records: count.default(50_000_000),
      /** Requests a second of one organisation, after ten seconds' worth at once. */
      rate: count.default(200),
      /** The same for each class of requests that need no token, over all callers. */
      anonymousRate: count.default(200),
      /** Passwords a second that are looked at, over all callers. */
      passwordRate: count.default(5),
      /** Seconds in which a whole request must have come in; its headers have at most ten of them. */
      requestSeconds: z.coerce.number().positive().max(3600).default(60),
    })
    .prefault({}),
});

export type Config = Readonly<z.output<typeof schema>>;
export type ConfigInput = z.input<typeof schema>;

/** Checks the options; the detail of a refusal names every one that is wrong. */
export function readConfig(options: unknown): Result<Config, 'invalid'> {
  const parsed = schema.safeParse(options);
  return parsed.success
    ? ok(Object.freeze(parsed.data))
    : refuse('invalid', parsed.error.issues.map((issue) => describe(issue)).join('; '));
}

function describe(issue: z.core.$ZodIssue): string {
  return issue.code === 'unrecognized_keys'
    ? `unknown options: ${issue.keys.join(', ')}`
    : `${issue.path.join('.')}: ${issue.message}`;
}

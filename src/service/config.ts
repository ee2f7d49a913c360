/** The service's configuration: checked and frozen. */
import * as z from 'zod';
import { parseOrganisationId } from '../../protocol/ids.ts';
import { ok, type Result, refuse } from '../../protocol/result.ts';

const schema = z.strictObject({
  port: z.coerce.number().int().min(0).max(65_535).default(8787),
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
  verbose: z.boolean().default(false),
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

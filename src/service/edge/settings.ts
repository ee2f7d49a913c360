/** What the operator sets on Workers, as variables of wrangler.toml: checked as the options on Node are. */
import * as z from 'zod';
import { parseOrganisationId } from '../../../protocol/ids.ts';

const count = z.coerce.number().int().min(1).max(1_000_000_000);
const list = z.string().transform((text) =>
  text
    .split(',')
    .map((part) => part.trim())
    .filter(Boolean),
);

const schema = z.object({
  PUBLIC_HOST: list.default([]),
  OPERATOR: z.string().min(1).max(200).default('unnamed operator'),
  OPERATOR_ORGANISATION: z
    .string()
    .transform((text, issues) => {
      const id = text === '' ? null : parseOrganisationId(text);
      if (text !== '' && !id) issues.addIssue('is org_ and 32 hexadecimal digits');
      return id;
    })
    .default(null),
  JURISDICTIONS: list.default([]),
  REGISTRATION: z.enum(['open', 'invitation', 'closed']).default('invitation'),
  LOG_LEVEL: z.enum(['silent', 'error', 'warn', 'info']).default('info'),
  MAX_ELEMENTS: count.default(5_000_000),
  MAX_RECORDS: count.default(50_000_000),
  /** A secret; without it nothing of the operator's is served. */
  OPERATOR_TOKEN: z.string().min(32).optional(),
});

export type Settings = Readonly<z.output<typeof schema>>;

/** The settings of an environment. Throws where one is wrong, and names it. */
export function readSettings(environment: unknown): Settings {
  const parsed = schema.safeParse(environment);
  if (parsed.success) return Object.freeze(parsed.data);
  const wrong = parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
  throw new Error(`wrong settings: ${wrong.join('; ')}`);
}

/** True for a host with its port that is one of the names, each with its port or, as `name:*`, with any. */
export function isNamed(names: readonly string[], host: string): boolean {
  const anyPort = `${host.replace(/:\d+$/, '')}:*`;
  return names.includes(host) || names.includes(anyPort);
}

/** What only holders of the vault key read of a head. */
import * as z from 'zod';
import { COMPARED } from '../import/columns.ts';

const secrets = z.strictObject({
  /** age identity of the organisation: opens the names that partners seal to it. */
  ageIdentity: z.string(),
  /** The columns of each source of the own list, by what they mean. */
  columns: z.record(z.string(), z.partialRecord(z.enum(COMPARED), z.array(z.string()).readonly())),
});
export type Secrets = Readonly<z.infer<typeof secrets>>;

/** Reads the opened secrets; null where they are of another version. */
export function readSecrets(bytes: Uint8Array): Secrets | null {
  try {
    return secrets.parse(JSON.parse(new TextDecoder().decode(bytes)));
  } catch {
    return null;
  }
}

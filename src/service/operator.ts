/** What only the operator may, where there is no machine to log in to: by a token of its own, apart from the API. */
import { type Context, Hono } from 'hono';
import * as z from 'zod';
import { equal, toBase64url, utf8 } from '../../protocol/bytes.ts';
import { type Random, sha256 } from '../../protocol/hash.ts';
import { parsePartnershipId } from '../../protocol/ids.ts';
import { addRegistrationCode } from './directory/organisations.ts';
import type { Directory } from './storage/directory.ts';
import { KEYS, type PortableRow, type Table } from './transfer/tables.ts';
import type { Place } from './transfer/transfer.ts';

const REGISTRATION_CODE_BYTES = 16;

export interface OperatorDependencies {
  /** At least 32 characters. */
  readonly token: string;
  readonly directory: Directory;
  readonly place: Place;
  readonly random: Random;
  readonly report: (error: unknown) => void;
}

/** A new one-time registration code, which the directory knows by its hash. */
export async function newRegistrationCode(directory: Directory, random: Random): Promise<string> {
  const code = `cgr_${toBase64url(random(REGISTRATION_CODE_BYTES))}`;
  await addRegistrationCode(directory, code);
  return code;
}

const row = z.record(
  z.string(),
  z.union([z.string(), z.number(), z.null(), z.strictObject({ bytes: z.string() })]),
);
const table = z.enum(Object.keys(KEYS) as [Table, ...Table[]]);
const jurisdiction = z.string().nullable();
const body = z.strictObject({ jurisdiction });
const pageBody = z.strictObject({ jurisdiction, table, after: row.nullable() });
const putBody = z.strictObject({ jurisdiction, table, rows: z.array(row) });
const finishBody = z.strictObject({
  jurisdiction,
  rows: z.strictObject({
    organisations: z.array(row),
    partnerships: z.array(row),
    members: z.array(row),
    rosters: z.array(row),
    vault_wraps: z.array(row),
    member_partners: z.array(row),
    login_users: z.array(row),
    login_accounts: z.array(row),
  }),
});

/** Registration codes, and the records of partnerships out and in. */
export function createOperatorApp(dependencies: OperatorDependencies): Hono {
  const { token, directory, place, random } = dependencies;
  const app = new Hono();
  const expected = sha256(utf8(`Bearer ${token}`));
  app.use(async (context, next) => {
    // Hashes of equal length, so that the time tells nothing of the token.
    const given = sha256(utf8(context.req.header('authorization') ?? ''));
    return equal(given, expected) ? await next() : context.body(null, 404);
  });
  app.onError((error, context) => {
    dependencies.report(error);
    return context.json(
      { error: error instanceof z.ZodError ? 'the body does not fit' : error.message },
      409,
    );
  });
  app.post('/operator/registration-codes', async (context) =>
    answer(context, { code: await newRegistrationCode(directory, random) }, 201),
  );
  const base = '/operator/partnerships/:id';
  app.post(`${base}/directory`, async (context) => answer(context, await place.directory(idOf(context))));
  app.post(`${base}/page`, async (context) => {
    const { table: name, after, ...where } = pageBody.parse(await context.req.json());
    return answer(context, await place.page({ id: idOf(context), ...where }, name, after));
  });
  app.post(`${base}/begin`, async (context) => {
    await place.begin({ id: idOf(context), ...body.parse(await context.req.json()) });
    return answer(context, {});
  });
  app.post(`${base}/put`, async (context) => {
    const { table: name, rows, ...where } = putBody.parse(await context.req.json());
    await place.put({ id: idOf(context), ...where }, name, rows as PortableRow[]);
    return answer(context, {});
  });
  app.post(`${base}/finish`, async (context) => {
    const { rows, ...where } = finishBody.parse(await context.req.json());
    await place.finish({ id: idOf(context), ...where }, rows);
    return answer(context, {});
  });
  app.post(`${base}/abandon`, async (context) => {
    await place.abandon({ id: idOf(context), ...body.parse(await context.req.json()) });
    return answer(context, {});
  });
  return app;
}

function answer(context: Context, json: object, status: 200 | 201 = 200): Response {
  return context.json(json, status, { 'cache-control': 'no-store' });
}

function idOf(context: Context) {
  const id = parsePartnershipId(context.req.param('id') ?? '');
  if (!id) throw new Error('that is no partnership id');
  return id;
}

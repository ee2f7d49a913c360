/** The vault of a side: its own accounts, sealed for its own members, and the head that its agent signed for them. */
import { equal, fromHex } from '../../../protocol/bytes.ts';
import { HANDLE_BYTES, type Side, sideNumber } from '../../../protocol/ids.ts';
import { ok, type Result, refuse } from '../../../protocol/result.ts';
import { openHead } from '../../../protocol/vault/head.ts';
import { MAX_PIECES, unpackRows } from '../../../protocol/vault/upload.ts';
import type { ProblemCode } from '../problems.ts';
import { first, type PartnershipStore } from '../storage/partnership.ts';
import { wireText } from './block.ts';
import { messageContext, type OperationContext, problemOf, sideRow } from './context.ts';
import { discardRows } from './garbage.ts';

/** An own row as the vault has it. */
export interface VaultRow {
  /** Hexadecimal. */
  readonly handle: string;
  /** base64url. */
  readonly sealed: string;
}

export interface VaultRows {
  /** Number of the vault key that they are sealed under. */
  readonly key: number;
  readonly rows: readonly VaultRow[];
}

/** Puts rows in the place of those of the same handles; all of accounts in the active list, or none is put. */
export function putVaultRows(
  { store, caller }: OperationContext,
  input: { readonly number: number; readonly bytes: Uint8Array },
): Result<null, ProblemCode> {
  const side = sideNumber(caller);
  const rows = unpackRows(input.bytes);
  if (!rows || input.number < 1) return refuse('malformed');
  const { active_submission } = sideRow(store, caller);
  // Before anything is written: what is written before a refusal stays.
  const listed = 'select 1 from accounts where side = ? and generation = ? and handle = ?';
  const isListed = (handle: Uint8Array) => first(store, listed, side, active_submission ?? 0, handle);
  if (rows.some(({ handle, sealed }) => sealed && !isListed(handle)))
    return refuse('conflict', 'no such account in the active list');
  dropOtherKeys(store, caller, input.number);
  for (const { handle, sealed } of rows) {
    if (!sealed) {
      store.run('delete from vault_rows where side = ? and handle = ?', side, handle);
      continue;
    }
    store.run(
      `insert into vault_rows (side, key_number, handle, sealed) values (?, ?, ?, ?)
       on conflict (side, key_number, handle) do update set sealed = excluded.sealed`,
      side,
      input.number,
      handle,
      sealed,
    );
  }
  return ok(null);
}

/** Keeps one piece of the names that the caller's whole list knows. */
export function putVaultNames(
  { store, caller }: OperationContext,
  input: { readonly number: number; readonly index: number; readonly bytes: Uint8Array },
): Result<null, ProblemCode> {
  const { number, index, bytes } = input;
  if (number < 1 || index < 1 || index >= 2 * MAX_PIECES) return refuse('malformed');
  dropOtherKeys(store, caller, number);
  store.run(
    `insert into vault_names (side, key_number, idx, sealed) values (?, ?, ?, ?)
     on conflict (side, key_number, idx) do update set sealed = excluded.sealed`,
    sideNumber(caller),
    number,
    index,
    bytes,
  );
  return ok(null);
}

/** A vault has two keys at most: the one that the head names and the one that is being brought. What else stands goes. */
function dropOtherKeys(store: PartnershipStore, side: Side, number: number): void {
  const [low = 0, high = 0] = [headKey(store, side), number].sort((a, b) => a - b);
  // By ranges of the primary key, which cost nothing where nothing is in them.
  const ranges = [
    [0, low - 1],
    [low + 1, high - 1],
    [high + 1, Number.MAX_SAFE_INTEGER],
  ] as const;
  for (const [from, to] of ranges) dropKeys(store, side, from, to);
}

/** Gives up what is under keys with these numbers; the rows go in steps. */
function dropKeys(store: PartnershipStore, side: Side, from: number, to: number): void {
  const range = [sideNumber(side), from, to];
  store.run('delete from vault_names where side = ? and key_number between ? and ?', ...range);
  // Only the keys that there are, for others between these numbers may come.
  const within = 'from vault_rows where side = ? and key_number between ? and ?';
  const keys = first<{ low: number | null; high: number | null }>(
    store,
    `select (select min(key_number) ${within}) as low, (select max(key_number) ${within}) as high`,
    ...range,
    ...range,
  );
  if (keys?.low == null || keys.high === null) return;
  discardRows(store, side, { from: keys.low, to: keys.high }, ['vault_rows']);
}

/** Number of the key that the head names; 0 without one. */
function headKey(store: PartnershipStore, side: Side): number {
  const sql = 'select key_number from vault_heads where side = ?';
  return first<{ key_number: number }>(store, sql, sideNumber(side))?.key_number ?? 0;
}

export function getVaultNames(
  { store, caller }: OperationContext,
  input: { readonly number: number; readonly index: number },
): Result<Uint8Array, ProblemCode> {
  const sql = 'select sealed from vault_names where side = ? and key_number = ? and idx = ?';
  const row = first<{ sealed: Uint8Array }>(store, sql, sideNumber(caller), input.number, input.index);
  return row ? ok(row.sealed) : refuse('not_found');
}

/** Makes the caller's next head the one that members are shown; what is under another key than it names goes. */
export function putVaultHead(
  context: OperationContext,
  input: { readonly number: number; readonly head: Uint8Array },
): Result<null, ProblemCode> {
  const { store, caller, parties, partnership } = context;
  const side = sideNumber(caller);
  const inContext = messageContext(context, caller);
  if (!inContext) return refuse('epoch_incomplete');
  const opened = openHead(input.head, partnership, parties[caller].agentKey);
  if (!opened.ok) return refuse(problemOf(opened.reason));
  const { context: of, number, key, pieces } = opened.value;
  const fits = of.side === caller && of.epoch === inContext.epoch && equal(of.epochHash, inContext.epochHash);
  if (!fits || number !== input.number) return refuse('other_context');
  const last = first<{ number: number; signed: Uint8Array }>(
    store,
    'select number, signed from vault_heads where side = ?',
    side,
  );
  if (last && number <= last.number) {
    if (number < last.number) return refuse('wrong_number');
    return equal(last.signed, input.head) ? ok(null) : refuse('conflict');
  }
  store.run(
    `insert into vault_heads (side, number, key_number, signed) values (?, ?, ?, ?)
     on conflict (side) do update set number = excluded.number, key_number = excluded.key_number,
       signed = excluded.signed`,
    side,
    number,
    key.number,
    input.head,
  );
  dropKeys(store, caller, 0, key.number - 1);
  dropKeys(store, caller, key.number + 1, Number.MAX_SAFE_INTEGER);
  store.run(
    'delete from vault_names where side = ? and (key_number <> ? or idx < ? or idx >= ?)',
    side,
    key.number,
    pieces,
    2 * pieces,
  );
  return ok(null);
}

/** The head of the caller's vault, or null. */
export function vaultHead({ store, caller }: OperationContext): Uint8Array | null {
  const sql = 'select signed from vault_heads where side = ?';
  return first<{ signed: Uint8Array }>(store, sql, sideNumber(caller))?.signed ?? null;
}

/** The caller's own rows of these handles, in hexadecimal, as far as there are any. */
export function vaultRows({ store, caller }: OperationContext, handles: readonly string[]): VaultRows {
  const side = sideNumber(caller);
  const key = headKey(store, caller);
  const sql = 'select hex(sealed) as sealed from vault_rows where side = ? and key_number = ? and handle = ?';
  const rows = [...new Set(handles)].flatMap((handle) => {
    const bytes = fromHex(handle) ?? new Uint8Array(HANDLE_BYTES);
    const row = first<{ sealed: string }>(store, sql, side, key, bytes);
    return row ? [{ handle, sealed: wireText(row.sealed) }] : [];
  });
  return { key, rows };
}

/** Gives up a side's vault: its accounts are not shared any more. */
export function dropVault(store: PartnershipStore, side: Side): void {
  store.run('delete from vault_heads where side = ?', sideNumber(side));
  dropKeys(store, side, 0, Number.MAX_SAFE_INTEGER);
}

export function hasVault(store: PartnershipStore, side: Side): boolean {
  return ['vault_heads', 'vault_names', 'vault_rows'].some((table) =>
    first(store, `select 1 from ${table} where side = ? limit 1`, sideNumber(side)),
  );
}

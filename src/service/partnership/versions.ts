/** The versions of a side's scope as they are stored. */
import { type Side, sideNumber } from '../../../protocol/ids.ts';
import { isValidAt, type Scope } from '../../../protocol/scope.ts';
import { messageOf } from '../../../protocol/signed.ts';
import { first, type PartnershipStore } from '../storage/partnership.ts';

export interface StoredScope extends Content {
  readonly number: number;
  /** When the service took the last approval that was needed, an acceptance, a revocation. */
  readonly approved_ms: number | null;
  readonly accepted_ms: number | null;
  readonly revoked_ms: number | null;
}

/** What a version says, which never changes. */
interface Content {
  readonly hash: Uint8Array;
  readonly signed: Uint8Array;
  readonly scope: Scope;
}

type ScopeRow = Omit<StoredScope, keyof Content> & {
  /** Hexadecimal. */
  readonly hash_text: string;
};

/** All that is kept of a version, without its content and what was said of it. */
const COLUMNS = 'number, hex(hash) as hash_text, approved_ms, accepted_ms, revoked_ms';

/** The versions of a side's scope from this number on, newest first. */
export function versionsOf(store: PartnershipStore, side: Side, from: number): StoredScope[] {
  const sql = `select ${COLUMNS} from scopes where side = ? and number >= ? order by number desc`;
  return store.all<ScopeRow>(sql, sideNumber(side), from).map((row) => stored(store, side, row));
}

/** The version of a side's scope with this number. */
export function scopeOfNumber(store: PartnershipStore, side: Side, number: number): StoredScope | null {
  const sql = `select ${COLUMNS} from scopes where side = ? and number = ?`;
  const row = first<ScopeRow>(store, sql, sideNumber(side), number);
  return row ? stored(store, side, row) : null;
}

/** The version of a side's scope with this hash. */
export function scopeByHash(store: PartnershipStore, side: Side, hash: Uint8Array): StoredScope | null {
  const sql = `select ${COLUMNS} from scopes where side = ? and hash = ?`;
  const row = first<ScopeRow>(store, sql, sideNumber(side), hash);
  return row ? stored(store, side, row) : null;
}

/** The newest version of a side that was approved, accepted and whose time came: it stands in the place of all before. */
export function begunScope(store: PartnershipStore, side: Side, nowMs: number): StoredScope | null {
  const sql = `select ${COLUMNS} from scopes
    where side = ? and approved_ms is not null and accepted_ms is not null order by number desc limit 1 offset ?`;
  for (let offset = 0; ; offset++) {
    const row = first<ScopeRow>(store, sql, sideNumber(side), offset);
    const version = row ? stored(store, side, row) : null;
    if (!version || isValidAt({ ...version.scope, validUntil: null }, nowMs)) return version;
  }
}

/**
 * The scope of a side by which questions about its data are decided; null where the newest that has begun is revoked or
 * expired, for it does not bring back the one before. The same as `inForce` of protocol/standing.ts, on what was checked
 * when it was stored.
 */
export function scopeInForce(store: PartnershipStore, side: Side, nowMs: number): StoredScope | null {
  const begun = begunScope(store, side, nowMs);
  return begun && begun.revoked_ms === null && isValidAt(begun.scope, nowMs) ? begun : null;
}

function stored(store: PartnershipStore, side: Side, { hash_text, ...row }: ScopeRow): StoredScope {
  return { ...row, ...contentOf(store, side, row.number, hash_text) };
}

/** Contents by hash that were read from an open database: every question needs those of both scopes in force. */
const contents = new WeakMap<PartnershipStore, Map<string, Content>>();
const KEPT_CONTENTS = 20;

function contentOf(store: PartnershipStore, side: Side, number: number, hashText: string): Content {
  const kept = contents.get(store) ?? new Map<string, Content>();
  contents.set(store, kept);
  const known = kept.get(hashText);
  if (known) return known;
  const sql = 'select hash, signed from scopes where side = ? and number = ?';
  const row = first<Omit<Content, 'scope'>>(store, sql, sideNumber(side), number);
  // Its signature, form and canonicity were checked before it was stored.
  const message = row && messageOf(row.signed);
  if (!message) throw new Error('a stored scope cannot be read');
  const content = { ...row, scope: JSON.parse(new TextDecoder().decode(message)) as Scope };
  const [oldest] = kept.keys();
  if (kept.size >= KEPT_CONTENTS && oldest !== undefined) kept.delete(oldest);
  kept.set(hashText, content);
  return content;
}

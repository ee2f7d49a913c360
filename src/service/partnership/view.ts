/** What both sides see of the work between them: numbers and signed documents, no rows. */
import { type Side, sideNumber } from '../../../protocol/ids.ts';
import { VIEWER_ROLES } from '../../../protocol/member.ts';
import { ok, type Result } from '../../../protocol/result.ts';
import type { ProblemCode } from '../problems.ts';
import { first } from '../storage/partnership.ts';
import { currentSnapshot, EPOCH, epochRow, type OperationContext, sideRow, sides } from './context.ts';
import { type Health, healthOf } from './health.ts';
import { type Limits, limitsOf, NO_LIMITS } from './limits.ts';
import { currentScopes, type VersionView } from './scope.ts';
import { missingChunks } from './submission.ts';
import { termsOf } from './terms.ts';
import { vaultHead } from './vault.ts';

export interface RequestView {
  readonly number: number;
  readonly request: Uint8Array;
  /** Indexes of chunks that are not uploaded yet. */
  readonly missing: number[];
  /** Indexes of chunks that are evaluated. */
  readonly evaluated: number[];
  readonly refusal: Uint8Array | null;
}

type BySide<Value> = Record<Side, Value>;

export interface WorkView {
  readonly epoch: {
    readonly number: number;
    readonly offers: BySide<Uint8Array | null>;
    readonly signatures: BySide<Uint8Array | null>;
    /** Newest normaliser terms. */
    readonly terms: BySide<Uint8Array | null>;
  };
  /** The newest version of each side that has begun, and everything after it that the caller may see. */
  readonly scopes: BySide<readonly VersionView[]>;
  /** The organisation's own limits; to those whom they limit, that of their own role alone. */
  readonly limits: Limits;
  readonly requests: BySide<RequestView | null>;
  readonly lastRequest: BySide<number>;
  readonly submissions: {
    readonly mine: {
      readonly active: number | null;
      readonly pending: { readonly number: number; readonly missing: number[] } | null;
      /** Complete and being matched; answers are still given from the active one. */
      readonly matching: number | null;
      readonly lastNumber: number;
    };
    readonly theirs: { readonly active: number | null; readonly matching: number | null };
  };
  readonly snapshot: { readonly number: number; readonly atMs: number } | null;
  /** The signed head of the caller's own vault. */
  readonly vault: Uint8Array | null;
  /** What the partner's agent reported last. */
  readonly partnerHealth: Health | null;
}

export function view(context: OperationContext, _input: Record<never, never>): Result<WorkView, ProblemCode> {
  const { store } = context;
  const { mine, theirs } = sides(context);
  const epoch = epochRow(store);
  const my = sideRow(store, mine);
  const their = sideRow(store, theirs);
  const snapshot = currentSnapshot(store);
  return ok({
    epoch: {
      number: EPOCH,
      offers: { founder: epoch.founder_offer, joiner: epoch.joiner_offer },
      signatures: { founder: epoch.founder_signature, joiner: epoch.joiner_signature },
      terms: bySide((side) => termsOf(store, side)),
    },
    scopes: bySide((side) => currentScopes(context, side)),
    limits: shownLimits(context, mine),
    requests: bySide((side) => requestView(context, side)),
    lastRequest: bySide((side) => sideRow(store, side).last_request),
    submissions: {
      mine: {
        active: my.active_submission,
        pending:
          my.pending_submission === null
            ? null
            : { number: my.pending_submission, missing: missingChunks(store, mine, my.pending_submission) },
        matching: my.matching_submission,
        lastNumber: my.last_submission,
      },
      theirs: { active: their.active_submission, matching: their.matching_submission },
    },
    snapshot: snapshot && { number: snapshot.number, atMs: snapshot.at_ms },
    vault: vaultHead(context),
    partnerHealth: healthOf(store, theirs),
  });
}

/** Whoever asks questions is told what holds for the own role: an answer that it empties must be able to say so. */
function shownLimits({ store, asker }: OperationContext, mine: Side): Limits {
  const all = limitsOf(store, mine);
  const role = VIEWER_ROLES.find((viewer) => viewer === asker.role);
  return role ? { ...NO_LIMITS, [role]: all[role] } : all;
}

function requestView({ store }: OperationContext, side: Side): RequestView | null {
  const row = first<{ number: number; signed: Uint8Array; refusal: Uint8Array | null }>(
    store,
    'select number, signed, refusal from requests where side = ?',
    sideNumber(side),
  );
  if (!row) return null;
  const chunks = store.all<{ idx: number; missing: number; evaluated: number }>(
    `select c.idx, b.blinded is null as missing, b.evaluation is not null as evaluated
     from request_chunks c
     left join request_bodies b on b.side = c.side and b.number = c.number and b.idx = c.idx
     where c.side = ? and c.number = ? order by c.idx`,
    sideNumber(side),
    row.number,
  );
  return {
    number: row.number,
    request: row.signed,
    missing: chunks.filter((chunk) => chunk.missing).map((chunk) => chunk.idx),
    evaluated: chunks.filter((chunk) => chunk.evaluated).map((chunk) => chunk.idx),
    refusal: row.refusal,
  };
}

function bySide<Value>(make: (side: Side) => Value): BySide<Value> {
  return { founder: make('founder'), joiner: make('joiner') };
}

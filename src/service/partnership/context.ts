/** What every operation of a partnership works on, and the few reads that they share. */
import type { Context } from '../../../protocol/evaluation.ts';
import { sha256 } from '../../../protocol/hash.ts';
import { otherSide, type PartnershipId, type Side, sideNumber } from '../../../protocol/ids.ts';
import type { MemberId, Role } from '../../../protocol/member.ts';
import { recordBytes } from '../../../protocol/record.ts';
import type { Signers } from '../../../protocol/standing.ts';
import type { ProblemCode } from '../problems.ts';
import { first, type PartnershipStore } from '../storage/partnership.ts';

/** One side as the directory knows it, the agent key that of its current certificate. */
export interface Party extends Signers {
  /** True for a company of one. Where an operation looks at no rosters, neither these nor this is looked up. */
  readonly isSolo: boolean;
  /** Its members who were removed. What they signed before stays, and what comes first now does not count. */
  readonly removed: readonly MemberId[];
}

/** Who of the organisation asks: its program, or one of its people. */
export type Asker =
  | { readonly role: 'agent'; readonly member: null }
  | { readonly role: Role; readonly member: MemberId };

/** Who asks, when: what travels to wherever the partnership's database is. */
export interface Call {
  readonly partnership: PartnershipId;
  readonly parties: Readonly<Record<Side, Party>>;
  readonly caller: Side;
  readonly asker: Asker;
  readonly nowMs: number;
  readonly limits: ListLimits;
  /** What the directory knows to have happened here, which a database restored from a backup may have forgotten. */
  readonly known?: Known;
  /** Where the platform is to keep the partnership; null for anywhere. */
  readonly jurisdiction?: string | null;
}

export interface Known {
  /** What stands of each side's scopes, as `standing` of restored.ts has it; 0 for nothing. */
  readonly standing: Readonly<Record<Side, number>>;
  readonly isEnded: boolean;
}

/** How long a list may be, before anything of it is taken. */
export interface ListLimits {
  /** Elements of one evaluation request. */
  readonly elements: number;
  /** Records of one submission, of all types together. */
  readonly records: number;
}

export interface OperationContext extends Call {
  readonly store: PartnershipStore;
}

/** The only epoch so far; a new one is an issue of its own. */
export const EPOCH = 1;

export interface EpochRow {
  readonly founder_offer: Uint8Array | null;
  readonly joiner_offer: Uint8Array | null;
  readonly founder_signature: Uint8Array | null;
  readonly joiner_signature: Uint8Array | null;
}

export function epochRow(store: PartnershipStore): EpochRow {
  const nothing = {
    founder_offer: null,
    joiner_offer: null,
    founder_signature: null,
    joiner_signature: null,
  };
  return first<EpochRow>(store, 'select * from epochs where number = ?', EPOCH) ?? nothing;
}

/** The bytes both sides sign, once both have offered. */
export function epochRecord({ store, partnership }: OperationContext): Uint8Array | null {
  const { founder_offer, joiner_offer } = epochRow(store);
  return founder_offer && joiner_offer ? recordBytes(partnership, EPOCH, founder_offer, joiner_offer) : null;
}

/** The context of a side's messages; null until both sides signed the epoch's record. */
export function messageContext(context: OperationContext, side: Side): Context | null {
  const record = epochRecord(context);
  const { founder_signature, joiner_signature } = epochRow(context.store);
  if (!record || !founder_signature || !joiner_signature) return null;
  return { partnership: context.partnership, epoch: EPOCH, side, epochHash: sha256(record) };
}

export interface SideRow {
  readonly active_submission: number | null;
  readonly pending_submission: number | null;
  /** Complete, and to become the active one when it is matched. */
  readonly matching_submission: number | null;
  /** The last one that contradicted itself, and in what. */
  readonly refused_submission: number | null;
  readonly refusal: string | null;
  readonly last_submission: number;
  readonly last_request: number;
}

export function sideRow(store: PartnershipStore, side: Side): SideRow {
  const row = first<SideRow>(store, 'select * from sides where side = ?', sideNumber(side));
  if (!row) throw new Error('a partnership has two sides');
  return row;
}

export interface Snapshot {
  readonly number: number;
  readonly at_ms: number;
}

/** The snapshot that answers are given from; null unless both sides have an active submission. */
export function currentSnapshot(store: PartnershipStore): Snapshot | null {
  const active = first<{ n: number }>(
    store,
    'select count(*) as n from sides where active_submission is not null',
  );
  if (active?.n !== 2) return null;
  return first<Snapshot>(store, 'select number, at_ms from snapshots order by number desc limit 1') ?? null;
}

/** True once the partnership was ended, which stays. */
export function isEnded(store: PartnershipStore): boolean {
  return first(store, 'select 1 from ended') !== undefined;
}

/** The sides of a question: the caller's own and the one asked about. */
export function sides(context: Call): { readonly mine: Side; readonly theirs: Side } {
  return { mine: context.caller, theirs: otherSide(context.caller) };
}

/** The codes for what the protocol's decoders refuse. */
export function problemOf(
  reason: 'malformed' | 'bad_signature' | 'not_canonical' | 'other_context' | 'other_chunk',
): ProblemCode {
  return reason;
}

/** RFC 3339 in UTC. */
export function timeText(ms: number): string {
  return new Date(ms).toISOString();
}

/** What this side knows and has pinned of each partnership: one sealed document, moved only forwards. */
import type { OrganisationId, PartnershipId, Side } from '../../../protocol/ids.ts';
import { Problem } from '../problem.ts';
import { type KeptPapers, NO_PAPERS, type PinnedSide } from '../scopes/papers.ts';
import type { Store } from './store.ts';

/** Byte strings in this document are base64url. */
export interface Partnership {
  readonly id: PartnershipId;
  /** What the people here call the partner. */
  readonly alias: string;
  readonly side: Side;
  readonly commitment: string;
  /** This side's half of the transcript. */
  readonly certificate: string;
  readonly nonce: string;
  readonly acceptance: string | null;
  /** The four words of the transcript, once both halves are known. */
  readonly phrase: string | null;
  /** What the partner said it is; pinned, but not to be trusted before `verifiedAt`. */
  readonly partner: PinnedPartner | null;
  readonly verifiedAt: string | null;
  /** The invitation text, while nobody has accepted it; the founder's. */
  readonly invitation: string | null;
  /** Set when the people found that the phrases differ: nothing ever moves in this partnership again. */
  readonly deadSince: string | null;
  /** Set when either side ended the partnership: keys and everything blinded are deleted. */
  readonly ended: EndedState | null;
  readonly epoch: EpochState | null;
  /** Newest signed normaliser terms; the partner's are taken forwards only. */
  readonly terms: { readonly mine: string | null; readonly theirs: string | null };
  /** Versions of both sides' scopes with what was signed about them, and the partner's rosters; moved only forwards. */
  readonly papers: {
    readonly mine: readonly KeptPapers[];
    readonly theirs: PinnedSide;
    /** This side's versions that were replaced, for a service that was restored from a backup. */
    readonly past: readonly KeptPapers[];
  };
  readonly lastSubmission: { readonly number: number; readonly digest: string } | null;
  /** Prepared and not yet active. */
  readonly pendingSubmission: PendingSubmission | null;
  /** Signed request under way. */
  readonly request: { readonly number: number; readonly signed: string } | null;
  /** The highest numbers that this home took for its own requests and submissions; see `takeNumber`. */
  readonly numbers: Readonly<Record<'request' | 'submission', number>>;
  /** The partner's submission number that was seen last. */
  readonly seenSubmission: number;
  /** The newest vault head: that this home's agent signed or, in a member's home, that was seen. */
  readonly vault: VaultState | null;
  /** What the last sync or status waited for, and since when it has been that. */
  readonly waiting: { readonly for: string; readonly since: string } | null;
  /** The partner's own count of what it evaluated for this side, by kind. */
  readonly spent: Readonly<Record<string, number>>;
}

export interface VaultState {
  readonly number: number;
  readonly signed: string;
  /** What it was made of, for whoever made it; another value calls for another head. */
  readonly of: string;
}

export interface EndedState {
  readonly by: 'mine' | 'theirs';
  /** RFC 3339, by the clock of the side that ended it. */
  readonly at: string;
  /** The signed ending. */
  readonly signed: string;
  /** False while the service does not have this side's own ending. */
  readonly told: boolean;
}

export interface PinnedPartner {
  readonly organisation: OrganisationId;
  readonly name: string;
  readonly rootKey: string;
  readonly agentKey: string;
  readonly serial: number;
  readonly recipient: string;
}

export interface EpochState {
  readonly number: number;
  /** This side's VOPRF seed; never leaves. */
  readonly seed: string;
  readonly offer: string;
  /** The partner's signed offer, pinned when the record was signed. */
  readonly partnerOffer: string | null;
  /** Hash of the record that both signed; null before. */
  readonly hash: string | null;
}

export interface PendingSubmission {
  readonly number: number;
  readonly head: string;
  readonly list: string;
  readonly digest: string;
  readonly scope: string;
}

export function newPartnership(
  start: Pick<Partnership, 'id' | 'alias' | 'side' | 'commitment' | 'certificate' | 'nonce'>,
): Partnership {
  return {
    ...start,
    acceptance: null,
    phrase: null,
    partner: null,
    verifiedAt: null,
    invitation: null,
    deadSince: null,
    ended: null,
    epoch: null,
    terms: { mine: null, theirs: null },
    papers: { mine: [], theirs: NO_PAPERS, past: [] },
    lastSubmission: null,
    pendingSubmission: null,
    request: null,
    numbers: { request: 0, submission: 0 },
    seenSubmission: 0,
    vault: null,
    waiting: null,
    spent: {},
  };
}

export function addPartnership(store: Store, partnership: Partnership): void {
  store.database.run(
    'insert into partnerships (id, sealed) values (?, ?)',
    partnership.id,
    seal(store, partnership),
  );
}

/** Forgets a partnership that never began. */
export function removePartnership(store: Store, id: PartnershipId): void {
  store.database.run('delete from partnerships where id = ?', id);
}

export function getPartnership(store: Store, id: PartnershipId): Partnership {
  const row = store.database.get<{ sealed: Uint8Array }>('select sealed from partnerships where id = ?', id);
  if (!row) throw new Problem('unknown_partner', `no partnership ${id} in this home`);
  const partnership = store.vault.openJson<Partnership>(`partnership ${id}`, row.sealed);
  // A home of an earlier version took its numbers from the service alone, kept no invitation, and had scopes of a form
  // that grants nothing any more.
  return {
    ...partnership,
    papers: partnership.papers ?? { mine: [], theirs: NO_PAPERS, past: [] },
    numbers: partnership.numbers ?? { request: 0, submission: 0 },
    invitation: partnership.invitation ?? null,
    vault: partnership.vault ?? null,
  };
}

export function listPartnerships(store: Store): Partnership[] {
  return store.database
    .all<{ id: string }>('select id from partnerships order by id')
    .map((row) => getPartnership(store, row.id as PartnershipId));
}

/** The partnership of an alias, an id, or of the only partner where none is named. */
export function findPartnership(store: Store, name: string | undefined): Partnership {
  const all = listPartnerships(store);
  // The name of an ended partnership may have been given again.
  const live = all.filter(isLive);
  const known = live.map((partnership) => partnership.alias).join(', ') || 'none yet';
  if (name === undefined) {
    const [only] = live;
    if (only && live.length === 1) return only;
    throw new Problem('bad_argument', 'name the partner', `with --partner; partners here: ${known}`);
  }
  const found = [...live, ...all].find(({ alias, id }) => alias === name || id === name);
  if (!found) throw new Problem('unknown_partner', `no partner ${name}`, `partners here: ${known}`);
  return found;
}

/** False where nothing moves in the partnership any more; its short name is free again. */
export function isLive({ ended, deadSince }: Partnership): boolean {
  return !ended && !deadSince;
}

/** Throws where nothing moves in the partnership any more. */
export function refuseEnded(partnership: Partnership): void {
  if (isLive(partnership)) return;
  const { alias, ended, deadSince } = partnership;
  const what = deadSince
    ? `the words of ${alias} differed on ${deadSince}`
    : `the partnership with ${alias} was ended by ${ended?.by === 'mine' ? 'you' : alias} on ${ended?.at}`;
  throw new Problem('partnership_ended', what, startAnew(alias));
}

/** What to do where a partnership cannot go on; the short name of an ended one is free. */
export function startAnew(alias: string): string {
  return `start anew: \`commonground partner invite ${alias}\`, or \`commonground partner accept FILE --as ${alias}\` with a new invitation of theirs`;
}

/** Reads, changes and writes the document in one transaction. */
export function updatePartnership(
  store: Store,
  id: PartnershipId,
  change: (partnership: Partnership) => Partnership,
): Partnership {
  return store.database.transaction(() => {
    const changed = change(getPartnership(store, id));
    store.database.run('update partnerships set sealed = ? where id = ?', seal(store, changed), id);
    return changed;
  });
}

/** The highest number that a path of the service can hold. */
const MAX_NUMBER = 999_999_999;

/**
 * The next number of this side's requests or submissions, never one that was taken before: a service that was restored
 * from a backup shows less than this home knows, a home that was restored knows less than the service. Kept before
 * anything is made under it, so that nothing else can ever be signed under the same number.
 */
export function takeNumber(
  store: Store,
  id: PartnershipId,
  of: 'request' | 'submission',
  shown: number,
): number {
  const { numbers } = updatePartnership(store, id, (current) => {
    const number = Math.max(current.numbers[of], shown) + 1;
    if (number > MAX_NUMBER)
      throw new Problem(
        'service_alarm',
        `the service shows ${shown} as the number of your last ${of}, which cannot be`,
        'nothing was sent; call the operator of the service',
      );
    return { ...current, numbers: { ...current.numbers, [of]: number } };
  });
  return numbers[of];
}

function seal(store: Store, partnership: Partnership): Uint8Array {
  return store.vault.sealJson(`partnership ${partnership.id}`, partnership);
}
